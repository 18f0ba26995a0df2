"""What one terminal can make the centre keep is bounded, and workers never wait for each other in a circle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from codes.errors import YimaError
from codes.words import Words
from server.ingest import Ingest
from server.ingest.work import TOO_MANY_LIVES
from server.store import alarms, bulk, events
from server.store.alarms import Alarm, AlarmKey, raise_alarms
from server.store.database import Store, open_store
from server.store.times import micros
from tests.server.conftest import EPOCH
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, dispensed, new_key, scanned
from tests.server.ingest import looking
from tests.server.ingest.conftest import Centre
from wire.events import EventsLost

LIVES = 3


def life(terminal: FakeTerminal, epoch: str) -> FakeTerminal:
    return FakeTerminal(name=terminal.name, key=terminal.key, epoch=epoch)


@pytest.fixture
def _few_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_LIVES", LIVES)


@pytest.mark.usefixtures("_few_lives")
def test_lives_beyond_the_bound_wait_at_the_terminal_and_one_alarm_says_so(
    centre: Centre, terminal: FakeTerminal
) -> None:
    lives = [life(terminal, f"e{number}") for number in range(1, LIVES + 3)]
    sound = FakeTerminal(name="T-002").registered(centre.store)
    receipts = centre.take(*(one.frame(one.say(scanned(code_of(1)))) for one in (*lives, sound)))
    assert [receipt.accepted for receipt in receipts] == [[(1, 1)]] * LIVES + [[], []] + [[(1, 1)]]
    assert {(held.seq, held.code) for receipt in receipts for held in receipt.held} == {(1, TOO_MANY_LIVES)}
    assert all(held.until > NOW for receipt in receipts for held in receipt.held)
    assert looking.count(centre.store, "stream") == LIVES + 1
    assert [(one.code, one.terminal) for one in looking.alarms_of(centre.store)] == [("chain.too_many_lives", "T-001")]
    # The lives that were taken go on.
    (receipt,) = centre.take(lives[0].frame(lives[0].say(scanned(code_of(2)))))
    assert receipt.accepted == [(2, 2)]


@pytest.mark.usefixtures("_few_lives")
def test_lives_that_are_only_spoken_of_count_as_well(centre: Centre, terminal: FakeTerminal) -> None:
    said = [terminal.say(EventsLost(epoch=f"made-up-{number}", spans=[(1, 9)])) for number in range(20)]
    (receipt,) = centre.take(terminal.frame(*said))
    assert receipt.accepted == [(1, 20)]
    assert looking.count(centre.store, "stream") == LIVES
    assert "chain.too_many_lives" in looking.alarm_codes(centre.store)


def test_alarms_of_one_terminal_beyond_the_bound_become_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarms, "MOST_PER_TERMINAL", 4)

    def ring(terminal: str, *subjects: int) -> None:
        words = [(number, Words(f"第 {number} 个", f"number {number}")) for number in subjects]
        with store.writing() as connection:
            made = [Alarm(AlarmKey(terminal, "terminal.made_up", str(number)), said) for number, said in words]
            raise_alarms(connection, made, micros(NOW))

    ring("T-1", *range(3))
    ring("T-1", *range(2, 30))
    ring("T-2", 1)
    ring("", *range(9))
    ring("T-1", 0)
    found = looking.alarms_of(store)
    of_one = [one for one in found if one.terminal == "T-1"]
    assert len(of_one) == 4 + 1
    (rest,) = [one for one in of_one if one.code == "alarms.too_many"]
    assert rest.times == 26
    assert "terminal.made_up: number 29" in rest.words.en
    assert of_one[0].times == 2
    assert sum(one.terminal == "T-2" for one in found) == 1
    assert sum(not one.terminal for one in found) == 9


def test_alarms_about_its_records_are_kept_however_many_others_there_are(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarms, "MOST_PER_TERMINAL", 2)
    codes = ["terminal.a", "terminal.b", "terminal.c", "chain.broken", "store.copied", "event.invalid", "terminal.d"]
    with store.writing() as connection:
        made = [Alarm(AlarmKey("T-1", code, "e1"), Words(code, code)) for code in codes]
        raise_alarms(connection, made, micros(NOW))
    kept = {one.code: one.words.en for one in looking.alarms_of(store)}
    assert kept.keys() == {*codes[:2], *codes[3:6], "alarms.too_many"}
    assert kept["chain.broken"] == "chain.broken"
    assert "terminal.d" in kept["alarms.too_many"]


def test_two_workers_with_the_same_terminals_and_codes_never_wait_for_each_other(
    migrated_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every round both bring new lives, old lives, new codes, old codes and alarms of the same terminals, turned round.

    One attempt is all they have: a deadlock, which PostgreSQL breaks after a second, would be an error here. What one
    worker may still meet is a code that the other has just added, which it says at once.
    """
    store = open_store(migrated_database(), new_epoch=lambda: EPOCH)
    monkeypatch.setattr("server.ingest.take.ATTEMPTS", 4)
    key = new_key()
    for number in range(4):
        FakeTerminal(name=f"T-{number}", key=key).registered(store)
    failed: list[BaseException] = []
    start = threading.Barrier(2)

    def work(worker: int) -> None:
        ingest = Ingest(store, key)
        try:
            for step in range(6):
                start.wait(timeout=20)
                frames = []
                for number in range(4):
                    # The same lives for both, with events of their own: every chain breaks and forks, which rings.
                    one = FakeTerminal(name=f"T-{number}", key=key, epoch=f"e{step % 5}", hlc=micros(NOW) + step)
                    codes = [code_of(step * 10 + place) for place in range(12)]
                    turned = codes if worker else codes[::-1]
                    frames.append(one.frame(*(one.say(dispensed(code, sale=f"W{worker}-{step}")) for code in turned)))
                ingest.take_many(frames if worker else frames[::-1], NOW)
        except BaseException as exc:  # noqa: BLE001 - shown by the test
            failed.append(exc)
            start.abort()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(timeout=30)
    with store.reading() as connection:
        deadlocks = connection.exec_driver_sql(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).scalar()
    store.close()
    assert failed == []
    assert deadlocks == 0


def test_who_makes_a_new_life_holds_nothing_that_another_waits_for(
    migrated_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking and making, another life of the same terminal appears, and a third worker wants that one too."""
    store = open_store(migrated_database(), new_epoch=lambda: EPOCH)
    with store.writing() as connection:
        events.open_streams(connection, {("T-2", "e1")})
    has_looked, may_go_on = threading.Event(), threading.Event()
    insert_missing, failed = bulk.insert_missing, list[YimaError]()

    def paused(*args: Any) -> None:
        if threading.current_thread().name == "maker":
            has_looked.set()
            may_go_on.wait(timeout=30)
        insert_missing(*args)

    def opening(*names: tuple[str, str]) -> None:
        try:
            with store.writing() as connection:
                events.open_streams(connection, names)
        except YimaError as exc:
            failed.append(exc)

    monkeypatch.setattr(bulk, "insert_missing", paused)
    maker = threading.Thread(target=opening, args=(("T-1", "e1"), ("T-2", "e1")), name="maker")
    third = threading.Thread(target=opening, args=(("T-1", "e2"), ("T-2", "e1")))
    maker.start()
    assert has_looked.wait(timeout=30)
    opening(("T-1", "e2"))
    third.start()
    third.join(timeout=20)
    waits = third.is_alive()
    may_go_on.set()
    maker.join(timeout=30)
    third.join(timeout=30)
    store.close()
    assert (waits, failed) == (False, [])
