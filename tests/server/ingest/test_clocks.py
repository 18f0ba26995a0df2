"""A clock that leads is named, and orders nobody else's facts."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ingest.clocks import MOST_AHEAD, alarm_of_lead, ordered_at, reserved_to
from server.store.times import micros
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, dispensed, received, returned, scanned
from tests.server.ingest import looking
from tests.server.ingest.conftest import Centre

NOW_US = micros(NOW)
CODE = code_of(1)


@pytest.mark.parametrize("lead", [timedelta(days=3), timedelta(days=4_000), timedelta(days=2_900_000)])
def test_a_terminal_years_ahead_does_not_have_the_last_word_on_a_pack(
    centre: Centre, terminal: FakeTerminal, lead: timedelta
) -> None:
    other = FakeTerminal(name="T-002").registered(centre.store)
    ahead = terminal.say(dispensed(CODE, sale="S1"), hlc=NOW_US + lead // timedelta(microseconds=1))
    centre.take(terminal.frame(ahead))
    assert looking.states(centre.store) == {CODE: "sold"}

    # Half an hour later it comes back, and is taken into stock again, elsewhere.
    later = NOW + timedelta(minutes=30)
    for fact in (returned(CODE, sale="S1"), received(CODE)):
        centre.take(other.frame(other.say(fact, hlc=max(micros(later), other.hlc + 1))), now=later)

    assert looking.states(centre.store) == {CODE: "in_stock"}
    (alarm,) = looking.alarms_of(centre.store)
    assert (alarm.terminal, alarm.code, alarm.times) == ("T-001", "terminal.clock_ahead", 1)
    assert f"{lead // timedelta(seconds=1)} s" in alarm.words.en
    assert "2026-11-21 17:00:00" in alarm.words.zh
    assert looking.stored_bytes(centre.store) >= {ahead}


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


@given(st.lists(st.tuples(st.integers(0, 2**62), st.integers(0, 10**12)), min_size=2))
def test_the_order_within_a_terminal_stays(clocks: list[tuple[int, int]]) -> None:
    event = FakeTerminal().event(scanned(CODE))
    # Both only rise: the terminal's clock from event to event, the centre's from arrival to arrival.
    said = zip(sorted(hlc for hlc, _ in clocks), sorted(after for _, after in clocks), strict=True)
    placed = [ordered_at(msgspec.structs.replace(event, hlc=hlc), NOW_US + after) for hlc, after in said]
    assert placed == sorted(placed)


@given(st.integers(0, 2**62))
def test_a_clock_that_does_not_lead_is_taken_as_it_is(hlc: int) -> None:
    event = msgspec.structs.replace(FakeTerminal().event(scanned(CODE)), hlc=hlc)
    most = NOW_US + MOST_AHEAD // timedelta(microseconds=1)
    assert ordered_at(event, NOW_US) == min(hlc, most)


def test_a_scan_reserves_no_pack_for_years(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(terminal.say(scanned(CODE, reserved_s=10**9))))
    row = looking.ledger(centre.store)[CODE]
    assert NOW_US + 86_400 * 10**6 in row
    assert NOW_US + 10**15 not in row
    assert reserved_to(None, NOW_US) is None
    assert reserved_to(NOW_US + 1, NOW_US) == NOW_US + 1
