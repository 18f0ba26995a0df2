from __future__ import annotations

import asyncio
import json

import pytest

from codes.words import Words
from rules.catalogue import parse_catalogue
from server.errors import StoreUnavailableError
from server.ingest import Committed
from server.live import MOST_SCANS, LiveNews
from server.matching import Matching
from server.people.roles import COMMAND_LINE
from server.store.alarms import Alarm, AlarmKey
from server.store.database import Store
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, dispensed, scanned
from web.live import LiveBus, LiveEvent

HEADER = "产品编号,通用名,规格,生产企业,医保类别,单价,单位,拆零数\n".encode()
LINE = "D0001,阿莫西林胶囊,0.25g,东屿,甲,9.80,盒,24\n".encode()


@pytest.fixture
def bus() -> LiveBus:
    return LiveBus()


def replayed(bus: LiveBus) -> list[tuple[str, dict[str, object]]]:
    with bus._lock:
        return [(live.event, json.loads(live.data)) for live in bus._ring]


def test_scans_alarms_and_changed_terminals_are_told(store: Store, bus: LiveBus) -> None:
    terminal = FakeTerminal()
    news = LiveNews(bus, Matching(store))
    events = [terminal.event(scanned(code_of(1))), terminal.event(dispensed(code_of(1)))]
    alarm = Alarm(AlarmKey("T-001", "chain.fork", "e1"), Words("分叉", "A fork"))

    news.committed(Committed(events, [alarm]))
    news.terminal_changed("T-001")

    told = replayed(bus)
    assert [event for event, _ in told] == ["scan", "alert", "totals", "device"]
    scan = told[0][1]
    assert (scan["terminal"], scan["code"], scan["verdict"], scan["operator"]) == ("T-001", code_of(1), "added", "li")
    assert told[1][1] == {"terminal": "T-001", "code": "chain.fork", "zh": "分叉", "en": "A fork"}
    assert told[2][1] == {"events": 2}


def test_scans_that_are_shown_again_later_have_their_names(store: Store, bus: LiveBus) -> None:
    matching = Matching(store)
    matching.import_file(parse_catalogue(HEADER + LINE), by=COMMAND_LINE, now=NOW)

    async def seen_after_the_fact() -> list[LiveEvent]:
        LiveNews(bus, matching).committed(Committed([FakeTerminal().event(scanned(code_of(1)))], []))
        following = bus.follow(0)
        heard = [await anext(following) for _ in range(2)]
        await following.aclose()
        return heard

    heard = asyncio.run(seen_after_the_fact())

    assert [(one.event, json.loads(one.data).get("name")) for one in heard] == [
        ("ping", None),
        ("scan", "阿莫西林胶囊"),
    ]


def test_a_backlog_shows_its_newest_scans_only(store: Store, bus: LiveBus) -> None:
    terminal = FakeTerminal()
    events = []
    for number in range(100):
        events.append(terminal.event(scanned(code_of(number))))
        terminal.seq += 1

    LiveNews(bus, Matching(store)).committed(Committed(events, []))

    told = replayed(bus)
    assert [data["code"] for name, data in told if name == "scan"] == [code_of(n) for n in range(100 - MOST_SCANS, 100)]
    assert told[-1] == ("totals", {"events": 100})


def test_a_database_that_is_gone_costs_the_names_and_nothing_else(bus: LiveBus) -> None:
    class Gone:
        def products(self, _ids: list[str]) -> None:
            raise StoreUnavailableError(Words("断开", "gone"))

    LiveNews(bus, Gone()).committed(Committed([FakeTerminal().event(scanned(code_of(1)))], []))  # type: ignore[arg-type]

    assert [name for name, _ in replayed(bus)] == ["scan", "totals"]
