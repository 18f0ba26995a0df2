"""A week of a POS through a terminal that listens: not a byte differs, and the report names what would be unpaid."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from cli.app import app
from edge.counter.counter import Request
from edge.pos.listening import Heard
from sim.pos_week import KINDS, PosWeek, Week
from tests.edge.pos.gateway import gateway
from tests.edge.pos.terminal import ProxyTerminal, proxying
from tests.edge.scene import FakeClock
from tests.edge.test_config import MINIMAL
from wire.fsi.values import BEIJING

MONDAY = datetime(2026, 11, 2, tzinfo=BEIJING)


@dataclass
class Went:
    """A week that went through."""

    week: Week
    config: Path
    sent: list[str] = field(default_factory=list)
    """Digests of what the POS sent, and of what came back to it."""
    rows: list[tuple[object, ...]] = field(default_factory=list)
    arrived: list[str] = field(default_factory=list)
    differed: int = 0
    kept: Heard | None = None
    """What the terminal itself reports while it runs."""


@pytest.fixture(scope="module")
def went(tmp_path_factory: pytest.TempPathFactory) -> Went:
    folder = tmp_path_factory.mktemp("week")
    week = PosWeek(Random(11), MONDAY, sales_a_day=4, share=85).week()
    config = folder / "edge.toml"
    config.write_text(f'{MINIMAL}\n[store]\nfolder = "{folder / "store"}"\n', encoding="utf-8")
    done, clock = Went(week, config), FakeClock(MONDAY)
    answers = iter(week.passed)
    settings = {"mode": "listen"}
    with gateway(answer=lambda _: next(answers).answer) as far:
        with proxying(folder / "store", far.url, pos=settings, clock=clock) as terminal:
            for one in week.passed:
                clock.wall = one.at
                _scan(terminal, one.scans)
                status, answer = terminal.post(one.request)
                done.differed += status != 200 or answer != one.answer
                done.sent.append(_digest(one.request))
            clock.wall += timedelta(days=2)
            done.kept = asyncio.run(terminal.pos.report().of(None))
            done.rows = terminal.rows("SELECT request_digest, sent_digest, answer_digest FROM pos_exchange ORDER BY id")
        done.arrived = [_digest(body) for body in far.bodies]
    return done


def _scan(terminal: ProxyTerminal, scans: tuple[str, ...]) -> None:
    """Let what was scanned for this sale lie at the desk; what lay there before has left with its customer."""
    if sorted(terminal.listed()) == sorted(scans):
        return
    if terminal.listed():
        terminal.do(lambda: terminal.shop.counter.close_sale(Request(None, "")))
    terminal.scan(*scans)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@pytest.mark.slow
def test_not_one_byte_differs_on_either_side(went: Went) -> None:
    assert went.differed == 0
    assert went.sent == went.arrived
    assert [row[0] for row in went.rows] == [row[1] for row in went.rows] == went.sent
    assert [row[2] for row in went.rows] == [_digest(one.answer) for one in went.week.passed]


@pytest.mark.slow
def test_the_report_names_every_planted_omission_with_its_yuan_and_its_cause(went: Went) -> None:
    result = CliRunner().invoke(app, ["pos", "report", "--json", "--config", str(went.config)])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    found = {one["sale"]: (one["cause"], Decimal(one["yuan"])) for one in told["sales"]}
    assert found == {one.key: (one.kind, one.amount) for one in went.week.planted}
    assert went.kept is not None
    assert {one.key: (one.cause, one.amount) for one in went.kept.unpaid.sales} == found, "on its page too"
    assert {one.kind for one in went.week.planted} == set(KINDS)
    assert told["watched"] == went.week.sales
    total = sum((one.amount for one in went.week.planted), Decimal(0))
    plain = CliRunner().invoke(app, ["pos", "report", "--config", str(went.config)]).stdout
    assert f"{len(found)} would have been unpaid, ¥{total}" in plain
    assert f"{len(found)} 笔将得不到支付，合计 ¥{total}" in plain


@pytest.mark.slow
def test_nobody_of_the_week_stands_in_the_store_in_clear(went: Went) -> None:
    store = went.config.parent / "store"
    content = b"".join(file.read_bytes() for file in store.iterdir() if file.suffix != ".key")
    assert not any(f"3502{number:08d}".encode() in content for number in range(1, went.week.sales + 1))
