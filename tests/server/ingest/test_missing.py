"""What does not come although it is asked for is asked for hourly, and a person is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs

from codes.words import Words
from server.errors import StoreRefusedError, StoreUnavailableError
from server.ingest.asking import Asking
from server.ingest.branches import Branches, Finding
from server.ingest.seeking import AGAIN, MOST_TRIES, PATIENCE, RETRY
from server.store import alarms
from server.store.alarms import Alarm, AlarmKey
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, scanned
from tests.server.ingest import looking
from tests.server.ingest.branching import Branch, asked, told_five, until_told
from tests.server.ingest.conftest import Centre
from wire.presence import KeptEpoch

pytestmark = pytest.mark.req("T-71")


def test_what_does_not_come_is_asked_for_hourly_and_a_person_is_told(centre: Centre, terminal: FakeTerminal) -> None:
    told_five(centre, terminal)
    asking, made_up = Asking(centre.store, centre.key), KeptEpoch("e1", 1, 5, "ab" * 32)
    asks, at = until_told(centre, asking, made_up)
    assert asks >= MOST_TRIES
    assert at - NOW >= PATIENCE
    (alarm,) = looking.alarms_of(centre.store)
    assert (alarm.code, alarm.subject, alarm.times) == ("chain.branch_missing", "e1", 1)
    assert "Under number 5 the terminal" in alarm.words.en

    assert not asked(centre, asking, made_up, now=at + AGAIN / 2)
    again, later = until_told(centre, asking, made_up, now=at + AGAIN)
    assert again >= MOST_TRIES
    assert later - at >= AGAIN + PATIENCE
    (alarm,) = looking.alarms_of(centre.store)
    assert alarm.times == 2


def test_it_is_asked_for_hourly_too_while_the_chain_grows(centre: Centre, terminal: FakeTerminal) -> None:
    trunk = [terminal.say(scanned(code_of(step))) for step in range(3)]
    told, mute = Branch(terminal, trunk, 4, "S-B"), Branch(terminal, trunk, 4, "S-A")
    centre.take(told.terminal.frame(*told.events))
    asking, asks = Asking(centre.store, centre.key), []
    for turn in range(40):
        now = NOW + turn * AGAIN / 10
        centre.take(mute.terminal.frame(mute.terminal.say(scanned(None))), now=now)
        asks.append(bool(asked(centre, asking, mute.kept(), now=now, times=0)))
    assert any(asks[:5])
    assert any(asks[15:25])
    assert any(asks[30:])
    assert not all(asks[5:15])


def test_nobody_is_told_while_the_terminal_has_time_to_answer(centre: Centre, terminal: FakeTerminal) -> None:
    """What is live goes first, and something of the branch keeps coming: that is how a restore heals."""
    trunk = [terminal.say(scanned(code_of(step))) for step in range(3)]
    told, untold = Branch(terminal, trunk, 20, "S-B"), Branch(terminal, trunk, 20, "S-A")
    centre.take(told.terminal.frame(*told.events))
    asking = Asking(centre.store, centre.key)
    for number, event in enumerate(untold.events[3:]):
        asked(centre, asking, untold.kept(), times=0, now=NOW + number * PATIENCE / 2)
        centre.take(untold.terminal.frame(event))
    assert "chain.branch_missing" not in looking.alarm_codes(centre.store)
    assert not asked(centre, asking, untold.kept(), times=0, now=NOW + 20 * PATIENCE)


def test_two_boxes_of_one_name_do_not_stop_each_others_count(centre: Centre, terminal: FakeTerminal) -> None:
    told_five(centre, terminal)
    healthy, made_up = KeptEpoch("e1", 1, 5, terminal.prev), KeptEpoch("e1", 1, 5, "ab" * 32)
    asks, _ = until_told(centre, Asking(centre.store, centre.key), healthy, made_up)
    assert asks < 2 * MOST_TRIES


def test_only_requests_that_left_count(centre: Centre, terminal: FakeTerminal) -> None:
    told_five(centre, terminal)
    asking, made_up = Asking(centre.store, centre.key), KeptEpoch("e1", 1, 5, "ab" * 32)
    for number in range(9):
        assert asked(centre, asking, made_up, now=NOW + number * RETRY, times=0, has_left=False)
    assert looking.alarms_of(centre.store) == []
    asks, _ = until_told(centre, asking, made_up, now=NOW + 9 * RETRY)
    assert asks >= MOST_TRIES


def test_an_alarm_that_could_not_be_written_is_written_later(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_five(centre, terminal)
    asking, made_up = Asking(centre.store, centre.key), KeptEpoch("e1", 1, 5, "ab" * 32)

    def fail(*_: object) -> None:
        raise StoreUnavailableError(Words("磁盘故障", "The disk fails"))

    with monkeypatch.context() as broken:
        broken.setattr(alarms, "raise_alarms", fail)
        with pytest.raises(StoreUnavailableError):
            until_told(centre, asking, made_up)
    assert not asked(centre, asking, made_up, now=NOW + AGAIN / 2)
    assert looking.alarm_codes(centre.store) == ["chain.branch_missing"]


def test_an_alarm_is_written_although_the_same_look_fails_later(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one life it is found that something never comes; of the next one the store cannot be read."""
    told_five(centre, terminal)
    asking, made_up = Asking(centre.store, centre.key), KeptEpoch("e1", 1, 5, "ab" * 32)
    follow = Branches.follow

    def fail_later(*args: Any, **options: Any) -> Finding:
        finding, found = follow(*args, **options), options["alarms"]
        if found:
            raise StoreUnavailableError(Words("磁盘故障", "The disk fails"))
        return finding

    with monkeypatch.context() as broken:
        broken.setattr(Branches, "follow", fail_later)
        with pytest.raises(StoreUnavailableError):
            until_told(centre, asking, made_up)
    assert looking.alarm_codes(centre.store) == []
    assert not asked(centre, asking, made_up, now=NOW + AGAIN / 2)
    assert looking.alarm_codes(centre.store) == ["chain.branch_missing"]


def test_an_alarm_that_the_store_refuses_is_dropped_and_stops_no_other(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_five(centre, terminal)
    asking, made_up = Asking(centre.store, centre.key), KeptEpoch("e1", 1, 5, "ab" * 32)
    follow, raised, raise_alarms = Branches.follow, list[Alarm](), alarms.raise_alarms
    bad, good = (Alarm(AlarmKey("T-001", code, "e1"), Words("坏", "bad")) for code in ("chain.bad", "chain.good"))

    def find_more(*args: Any, **options: Any) -> Finding:
        options["alarms"].extend([bad, good] if not raised else [])
        return follow(*args, **options)

    def refuse(connection: Connection, found: Sequence[Alarm], now_us: int) -> None:
        raised.extend(found)
        if bad in found:
            raise StoreRefusedError(Words("不能保存", "It cannot be kept"))
        raise_alarms(connection, found, now_us)

    monkeypatch.setattr(Branches, "follow", find_more)
    monkeypatch.setattr(alarms, "raise_alarms", refuse)
    with capture_logs() as logged:
        assert asked(centre, asking, made_up)
        assert asked(centre, asking, made_up, now=NOW + RETRY)
    assert looking.alarm_codes(centre.store) == ["chain.good"]
    assert [(one["event"], one["alarm"]) for one in logged] == [("asking.alarm_dropped", "chain.bad")]
    assert raised == [bad, good, bad, good]
