"""A clock that leads is named; the ledger stays what the events say, whenever they arrive."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from server.ingest.clocks import alarm_of_lead
from server.store.times import micros, moment
from server.trace.history import find_history
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, dispensed, received, scanned
from tests.server.ingest import looking
from tests.server.ingest.conftest import Centre
from wire.events import Fact

NOW_US = micros(NOW)
CODE = code_of(1)


@pytest.mark.req("T-05")
@pytest.mark.parametrize("lead", [timedelta(hours=1), timedelta(days=3), timedelta(days=2_900_000)])
@pytest.mark.parametrize("told", [(0, 1), (1, 0)], ids=["in order", "live first"])
def test_what_a_terminal_ahead_of_time_did_stays_in_its_order(
    centre: Centre, terminal: FakeTerminal, lead: timedelta, told: tuple[int, int]
) -> None:
    ahead = NOW_US + lead // timedelta(microseconds=1)
    facts: tuple[Fact, ...] = (received(CODE), dispensed(CODE, sale="S1"))
    said = [terminal.say(fact, hlc=ahead + step) for step, fact in enumerate(facts)]
    for step, number in enumerate(told):
        centre.take(terminal.frame(said[number]), now=NOW + timedelta(minutes=30 * step))

    assert looking.states(centre.store) == {CODE: "sold"}
    (alarm,) = (one for one in looking.alarms_of(centre.store) if one.code == "terminal.clock_ahead")
    assert alarm.terminal == "T-001"
    assert "2026-11-21 17:" in alarm.words.zh
    assert looking.stored_bytes(centre.store) == set(said)


def test_seconds_are_named_and_minutes_are_still_believed(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(terminal.say(scanned(CODE), hlc=NOW_US + 5_000_000)))
    assert looking.alarms_of(centre.store) == []
    centre.take(terminal.frame(terminal.say(scanned(CODE), hlc=NOW_US + 5_000_001)))
    assert looking.alarm_codes(centre.store) == ["terminal.clock_ahead"]
    assert looking.ledger(centre.store)[CODE]


def test_a_batch_rings_once_and_names_the_furthest(terminal: FakeTerminal) -> None:
    events = [terminal.event(scanned(CODE), hlc=NOW_US + lead * 10**6) for lead in (7, 90, 30)]
    (alarm,) = alarm_of_lead(events, NOW_US)
    assert "90 s" in alarm.words.en
    assert alarm_of_lead([], NOW_US) == []


def test_a_scan_reserves_no_pack_for_years(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(terminal.say(scanned(CODE, reserved_s=10**9))))
    assert reserved_until(centre, moment(terminal.hlc)) == moment(terminal.hlc) + timedelta(days=1)
    assert reserved_until(centre, NOW + timedelta(days=2)) is None


def test_a_scan_from_years_ahead_reserves_nothing_yet(centre: Centre, terminal: FakeTerminal) -> None:
    years = timedelta(days=1_000)
    hlc = micros(NOW + years)
    centre.take(terminal.frame(terminal.say(scanned(CODE, reserved_s=int(years.total_seconds()) + 900), hlc=hlc)))
    assert reserved_until(centre, NOW) is None
    assert reserved_until(centre, NOW + years) == NOW + years + timedelta(seconds=900)


def reserved_until(centre: Centre, now: datetime) -> datetime | None:
    return find_history(centre.store, CODE, now).reserved_until
