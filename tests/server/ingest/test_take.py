from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import text

from codes.words import Words
from server.errors import StoreContentionError, StoreUnavailableError
from server.ingest import Committed, Ingest
from server.store import events
from server.store.database import Store, open_store
from tests.server.fake_terminal import (
    NONCE,
    NOW,
    FakeTerminal,
    code_of,
    dispensed,
    new_key,
    received,
    returned,
    scanned,
)
from tests.server.ingest import looking
from tests.server.ingest.conftest import Centre
from wire.receipts import Trust

CODE = code_of(1)


def test_a_batch_is_stored_verbatim_and_confirmed_by_ranges(centre: Centre, terminal: FakeTerminal) -> None:
    frozen = [terminal.say(scanned(CODE)), terminal.say(dispensed(CODE)), terminal.say(scanned(None))]

    (receipt,) = centre.take(terminal.frame(*frozen))

    assert (receipt.terminal, receipt.epoch, receipt.centre) == ("T-001", "e1", centre.store.epoch)
    assert (receipt.at, receipt.nonce) == (NOW, NONCE)
    assert receipt.accepted == [(1, 3)]
    assert receipt.rejected == receipt.held == []
    assert looking.stored_bytes(centre.store) == set(frozen)
    assert looking.states(centre.store) == {CODE: "sold"}
    assert looking.alarms_of(centre.store) == []


def test_frames_of_many_terminals_are_one_transaction(store: Store) -> None:
    committed: list[Committed] = []
    ingest = Ingest(store, new_key(), announce=committed.append)
    terminals = [FakeTerminal(name=f"T-{number}", institution=f"P{number}").registered(store) for number in range(5)]

    replies = ingest.take_many([one.frame(one.say(dispensed(code_of(i)))) for i, one in enumerate(terminals)], NOW)

    assert len(replies) == 5
    assert len(committed) == 1
    assert [event.terminal for event in committed[0].events] == [one.name for one in terminals]
    assert len(looking.states(store)) == 5


def test_the_institution_is_the_registrys(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(terminal.say(dispensed(CODE))))

    assert looking.ledger(centre.store)[CODE][2] == terminal.institution


@pytest.mark.req("T-05")
def test_a_batch_that_comes_again_is_confirmed_again_and_changes_nothing(
    centre: Centre, terminal: FakeTerminal
) -> None:
    frame = terminal.frame(terminal.say(scanned(CODE)), terminal.say(dispensed(CODE)))
    (first,) = centre.take(frame)
    before = looking.ledger(centre.store)

    again = centre.take(frame, frame)

    assert again == [first, first]
    assert looking.ledger(centre.store) == before
    assert looking.count(centre.store, "event") == 2
    assert (centre.ingest.tally.events, centre.ingest.tally.repeated) == (2, 4)


@pytest.mark.req("T-04")
def test_a_receipt_that_is_lost_is_given_again(centre: Centre, terminal: FakeTerminal) -> None:
    """The centre dies between its commit and its reply; another process answers the resend."""
    frame = terminal.frame(terminal.say(scanned(CODE)), terminal.say(dispensed(CODE)))
    (lost,) = centre.take(frame)

    successor = Centre(centre.store)
    (receipt,) = successor.take(frame)

    assert receipt == lost
    assert looking.states(centre.store) == {CODE: "sold"}
    assert looking.count(centre.store, "evidence") == 1


@pytest.mark.req("T-04")
def test_without_a_commit_there_is_no_receipt_and_nothing_remains(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The centre dies before its commit."""
    frame = terminal.frame(terminal.say(dispensed(CODE)))

    def die(*_: object) -> None:
        raise StoreUnavailableError(Words("断电", "the power is cut"))

    monkeypatch.setattr(events, "save_streams", die)
    with pytest.raises(StoreUnavailableError):
        centre.take(frame)
    monkeypatch.undo()

    assert looking.count(centre.store, "event") == 0
    assert centre.take(frame)[0].accepted == [(1, 1)]
    assert looking.states(centre.store) == {CODE: "sold"}


def test_contention_is_tried_again_and_then_left_to_the_sender(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = terminal.frame(terminal.say(dispensed(CODE)))
    save = events.save_streams
    failures = 3

    def sometimes(*given: object) -> None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise StoreContentionError(Words("撞车", "another worker"))
        save(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(events, "save_streams", sometimes)
    assert centre.take(frame)[0].accepted == [(1, 1)]
    failures = 100
    with pytest.raises(StoreContentionError):
        centre.take(terminal.frame(terminal.say(dispensed(code_of(2)))))
    assert looking.states(centre.store) == {CODE: "sold"}


@pytest.mark.parametrize("trust", [Trust.PENDING, Trust.REVOKED])
def test_a_terminal_that_is_not_approved_is_held_and_nothing_is_stored(store: Store, trust: Trust) -> None:
    centre = Centre(store)
    terminal = FakeTerminal().registered(store, trust)
    frame = terminal.frame(terminal.say(dispensed(CODE)), terminal.say(dispensed(code_of(2))))

    (receipt,) = centre.take(frame)

    assert receipt.trust is trust
    assert receipt.accepted == receipt.rejected == []
    assert [(held.seq, held.code) for held in receipt.held] == [(1, f"terminal.{trust}"), (2, f"terminal.{trust}")]
    assert all(held.until > NOW for held in receipt.held)
    assert looking.count(store, "event") == looking.count(store, "ledger") == 0
    with store.writing() as connection:
        connection.execute(text("UPDATE terminal SET trust = 'approved'"))
    assert centre.take(frame)[0].accepted == [(1, 2)]


@pytest.mark.parametrize("trust", Trust)
def test_a_batch_without_events_is_told_how_its_terminal_stands(store: Store, trust: Trust) -> None:
    terminal = FakeTerminal().registered(store, trust)
    (receipt,) = Centre(store).take(terminal.frame())
    assert (receipt.trust, receipt.accepted, receipt.rejected, receipt.held) == (trust, [], [], [])
    assert looking.count(store, "stream") == 0


def test_two_institutions_that_sell_one_pack_are_a_conflict_and_both_sales_stand(store: Store) -> None:
    centre = Centre(store)
    here = FakeTerminal(name="T-1", institution="P1").registered(store)
    there = FakeTerminal(name="T-2", institution="P2").registered(store)

    receipts = centre.take(here.frame(here.say(dispensed(CODE))), there.frame(there.say(dispensed(CODE))))

    assert [receipt.accepted for receipt in receipts] == [[(1, 1)], [(1, 1)]]
    assert looking.states(store) == {CODE: "conflict"}


def test_a_life_of_a_pack_is_followed_over_many_calls(centre: Centre, terminal: FakeTerminal) -> None:
    seen = []
    for fact in (
        received(CODE),
        scanned(CODE),
        dispensed(CODE, sale="S1"),
        returned(CODE, sale="S1"),
        scanned(CODE, sale="S2"),
        dispensed(CODE, sale="S2"),
        dispensed(CODE, sale="S3"),
    ):
        centre.take(terminal.frame(terminal.say(fact)))
        row = looking.ledger(centre.store)[CODE]
        seen.append((row[1], bool(row[7])))

    assert seen == [
        ("in_stock", False),
        ("in_stock", True),
        ("sold", False),
        ("returned", False),
        ("returned", True),
        ("sold", False),
        ("conflict", False),
    ]


def test_a_pack_that_is_sold_without_end_is_counted_and_still_follows_the_rule(
    centre: Centre, terminal: FakeTerminal
) -> None:
    sales = [terminal.say(dispensed(CODE, sale=f"S{number}")) for number in range(40)]
    for sale in sales[:-1]:
        centre.take(terminal.frame(sale))
    row = looking.ledger(centre.store)[CODE]
    assert (row[1], row[17]) == ("conflict", 38)

    # Another line of a sale that is known: only the whole history can tell what it comes to.
    centre.take(terminal.frame(sales[-1], terminal.say(dispensed(CODE, sale="S3", line=2))))

    assert looking.ledger(centre.store)[CODE][17] == 40
    assert looking.count(centre.store, "evidence") == 41


def test_one_line_may_hold_many_packs_and_name_one_twice(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(terminal.say(dispensed(CODE, code_of(2), CODE))))

    assert looking.states(centre.store) == {CODE: "sold", code_of(2): "sold"}
    assert looking.count(centre.store, "evidence") == 2


def test_a_call_without_frames_is_fine(centre: Centre) -> None:
    assert centre.take() == []


def in_parallel(*jobs: Callable[[], object]) -> None:
    failures: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        try:
            job()
        except BaseException as exc:  # noqa: BLE001 - handed to the test below
            failures.append(exc)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


@pytest.mark.req("T-02")
def test_two_workers_that_take_the_same_events_at_once_store_them_once(store: Store, store_url: str) -> None:
    terminal = FakeTerminal().registered(store)
    frames = [
        terminal.frame(*[terminal.say(dispensed(code_of(batch * 10 + n))) for n in range(10)]) for batch in range(20)
    ]
    stores = [open_store(store_url, new_epoch=lambda: "unused") for _ in range(2)]
    workers = [Centre(one) for one in stores]
    receipts: list[list[object]] = [[], []]

    def work(place: int) -> None:
        for frame in frames:
            receipts[place] += workers[place].take(frame)

    in_parallel(lambda: work(0), lambda: work(1))

    assert receipts[0] == receipts[1]
    assert looking.count(store, "event") == 200
    assert looking.count(store, "evidence") == 200
    assert set(looking.states(store).values()) == {"sold"}
    assert looking.alarms_of(store) == []
    assert sum(worker.ingest.tally.events for worker in workers) == 200
    for one in stores:
        one.close()


@pytest.mark.req("T-02")
def test_two_workers_that_meet_on_the_same_codes_lose_no_evidence(store: Store, store_url: str) -> None:
    """Each pack is received by one terminal and sold by the other, at the same time, in opposite orders."""
    stock = FakeTerminal(name="T-1", institution="P1").registered(store)
    counter = FakeTerminal(name="T-2", institution="P1").registered(store)
    codes = [code_of(number) for number in range(100)]
    received_first = [stock.frame(stock.say(received(code))) for code in codes]
    counter.hlc = stock.hlc + 1_000
    sold_after = [counter.frame(counter.say(dispensed(code))) for code in reversed(codes)]
    stores = [open_store(store_url, new_epoch=lambda: "unused") for _ in range(2)]
    workers = [Centre(one) for one in stores]

    def work(place: int, frames: list[tuple[str, bytes]]) -> None:
        for start in range(0, len(frames), 5):
            assert len(workers[place].take(*frames[start : start + 5])) == 5

    in_parallel(lambda: work(0, received_first), lambda: work(1, sold_after))

    assert looking.states(store) == dict.fromkeys(codes, "sold")
    assert looking.count(store, "evidence") == 200
    for one in stores:
        one.close()
