"""No flood of alarms hides that something was forged, altered or tampered with, and no flood fills the disk."""

from __future__ import annotations

import pytest

from codes.words import Words
from server.fleet import Fleet
from server.ingest import affairs
from server.store import alarms
from server.store.alarms import MOST_PER_TERMINAL, Alarm, AlarmKey, raise_alarms
from server.store.database import Store
from server.store.times import micros
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, new_key, scanned
from tests.server.ingest import looking
from tests.server.ingest.conftest import Centre
from wire.events import TamperSeen


def ring(store: Store, *keys: tuple[str, str]) -> None:
    made = [Alarm(AlarmKey("T-001", code, subject), Words(f"{code} {subject}", subject)) for code, subject in keys]
    with store.writing() as connection:
        raise_alarms(connection, made, micros(NOW))


def times_of(store: Store) -> dict[tuple[str, str], int]:
    with store.reading() as connection:
        found = alarms.load_alarms(connection, terminal="T-001", after=0, limit=10_000)
    return {(one.code, one.subject): one.times for one in found}


def test_forgery_and_tampering_are_shown_when_every_place_is_taken_by_alarms_that_were_made_up(store: Store) -> None:
    centre, terminal = Centre(store), FakeTerminal().registered(store)
    fleet = Fleet(store)
    for _ in range(3):
        fleet.note_presence(*FakeTerminal(key=new_key()).presence(), NOW)
    made_up = [f"made_up_{number}" for number in range(MOST_PER_TERMINAL + 9)]
    # Words that only begin like one of ours are made up, too.
    made_up += [f"scanner_swapped_{number}" for number in range(9)]
    centre.take(terminal.frame(*(terminal.say(TamperSeen(what, "-")) for what in made_up)))
    assert times_of(store)["alarms.too_many", ""] == 18

    forger = FakeTerminal(key=new_key())
    topic, altered = terminal.frame(terminal.say(scanned(code_of(1))))
    altered = altered[:-1] + bytes([altered[-1] ^ 1])
    forged = [forger.frame(forger.say(scanned(code_of(1)))), (topic, altered)]
    centre.take(*forged, *forged)
    for what in affairs._TAMPERED:
        centre.take(terminal.frame(terminal.say(TamperSeen(what, "-"))))

    found = times_of(store)
    assert {f"terminal.{what}" for what in affairs._TAMPERED} <= {code for code, _ in found}
    assert (found["wire.unknown_key", ""], found["wire.forged", ""], found["terminal.key_changed", ""]) == (2, 2, 3)
    assert len(found) == MOST_PER_TERMINAL + len(affairs._TAMPERED) + 4


@pytest.mark.parametrize("code", ["wire.forged", "chain.fork", "terminal.scanner_swapped", "terminal.key_changed"])
def test_what_is_never_crowded_out_is_bounded_by_itself(
    code: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarms, "MOST_LIVES", 3)
    for number in range(20):
        ring(store, (code, f"made-up-{number}"))
    ring(store, (code, "made-up-1"), *((code, f"at-once-{number}") for number in range(20)))

    found = times_of(store)

    assert found == {(code, f"made-up-{number}"): 1 + (number == 1) for number in range(3)} | {(code, ""): 37}
    (rest,) = [one for one in looking.alarms_of(store) if not one.subject]
    assert rest.words.en == "at-once-19"
    # Neither takes a place from another.
    ring(store, ("chain.broken", "e1"), ("terminal.made_up", "e1"))
    assert {("chain.broken", "e1"), ("terminal.made_up", "e1")} <= times_of(store).keys()
