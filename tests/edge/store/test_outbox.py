"""The outbox: nothing leaves it but by a receipt, and its history has no gap."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from edge.clock import to_us
from edge.store import sql
from edge.store.chain import ChainCheck, check_chain
from edge.store.dead_letters import dead_letters
from edge.store.outbox import (
    COUNT_DEAD,
    COUNT_DELIVERED,
    COUNT_PENDING,
    KEEP_DELIVERED,
    LATEST_DELIVERY,
    MAX_HOLD,
    SELECT_DUE,
    SELECT_EPOCHS,
    Applied,
    Outbox,
    OutboxCounts,
    Recorded,
    count_delivered,
    read_counts,
)
from edge.store.terminal import ensure_state, read_state
from rules.scan_judgement import Mode
from tests.edge.new_store import opened_or_new
from tests.edge.scene import EPOCH, NOON, TERMINAL, seeded_bytes
from wire.events import GENESIS, ShiftOpened, sm3_hex, thaw
from wire.receipts import Held, Receipt, Rejected

CENTRE = "centre-1"


def record(connection: Connection, outbox: Outbox, count: int = 1, now: datetime = NOON) -> list[Recorded]:
    recorded = []
    for number in range(count):
        with connection.begin():
            recorded.append(outbox.append(connection, ShiftOpened(f"s{number}"), operator="w", now=now))
    return recorded


def apply(outbox: Outbox, answer: Receipt, now: datetime) -> Applied:
    [applied] = outbox.apply_receipts([answer], now)
    return applied


def receipt(
    accepted: list[tuple[int, int]] | None = None,
    rejected: list[Rejected] | None = None,
    held: list[Held] | None = None,
    at: datetime = NOON,
    epoch: str = EPOCH,
) -> Receipt:
    return Receipt(
        v=1,
        terminal=TERMINAL,
        epoch=epoch,
        centre=CENTRE,
        at=at,
        nonce="n" * 16,
        accepted=accepted or [],
        rejected=rejected or [],
        held=held or [],
    )


def due(outbox: Outbox, now: datetime = NOON, epoch: str = EPOCH) -> list[int]:
    rows = outbox.pending(epoch=epoch, after_seq=0, up_to_seq=None, limit=1_000, now=now)
    return [row.seq for row in rows]


# -- append --------------------------------------------------------------------------------------------------------


def test_receipts_that_came_together_are_applied_together(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox, 4)
    answers = [receipt([(1, 2)]), receipt([(2, 3)]), receipt([(9, 9)])]
    assert outbox.apply_receipts(answers, NOON) == [Applied(2, 0, 0, 0), Applied(1, 0, 0, 0), Applied(0, 0, 0, 1)]
    assert outbox.counts().pending == 1


def test_events_are_numbered_without_gap_and_chained(connection: Connection, outbox: Outbox) -> None:
    recorded = record(connection, outbox, 3)
    events = [thaw(one.bytes) for one in recorded]
    assert [event.seq for event in events] == [1, 2, 3]
    assert [event.prev for event in events] == [GENESIS, sm3_hex(recorded[0].bytes), sm3_hex(recorded[1].bytes)]
    assert {event.terminal for event in events} == {TERMINAL}
    assert {event.operator for event in events} == {"w"}
    assert [event.id for event in events] == [one.id for one in recorded]
    assert outbox.newest() == (EPOCH, 3)
    assert check_chain(connection, EPOCH) == ChainCheck(3, 1, None)


def test_rolled_back_event_leaves_no_trace(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox)
    with connection.begin() as transaction:
        outbox.append(connection, ShiftOpened("never"), operator=None, now=NOON)
        transaction.rollback()
    (after,) = record(connection, outbox)
    assert after.seq == 2
    assert check_chain(connection, EPOCH).broken_at is None


def test_work_within_a_transaction_is_kept_whole_or_not_at_all(connection: Connection, outbox: Outbox) -> None:
    def half(tx: Connection) -> None:
        outbox.append(tx, ShiftOpened("never"), operator=None, now=NOON)
        raise LookupError

    with pytest.raises(LookupError):
        outbox.within(half)
    assert outbox.within(read_counts).pending == 0
    seq = outbox.within(lambda tx: outbox.append(tx, ShiftOpened("s"), operator=None, now=NOON).seq)
    assert (seq, outbox.within(read_counts).pending) == (1, 1)


@pytest.mark.req("T-12")
def test_logical_clock_goes_on_when_the_device_clock_is_set_back(connection: Connection, outbox: Outbox) -> None:
    (before,) = record(connection, outbox)
    (back, again) = record(connection, outbox, 2, NOON - timedelta(days=1))
    assert [before.hlc, back.hlc, again.hlc] == [to_us(NOON), to_us(NOON) + 1, to_us(NOON) + 2]
    assert thaw(back.bytes).occurred_at == NOON - timedelta(days=1)


@pytest.mark.req("T-12")
def test_measured_offset_corrects_the_logical_clock_and_travels(connection: Connection, outbox: Outbox) -> None:
    (plain,) = record(connection, outbox)
    outbox.note_clock_offset(90_000)
    (corrected,) = record(connection, outbox)
    assert thaw(plain.bytes).clock_offset_ms is None
    assert thaw(corrected.bytes).clock_offset_ms == 90_000
    assert corrected.hlc == to_us(NOON + timedelta(seconds=90))
    assert thaw(corrected.bytes).occurred_at == NOON


# -- pending -------------------------------------------------------------------------------------------------------


def test_pending_is_ascending_and_bounded(connection: Connection, outbox: Outbox) -> None:
    recorded = record(connection, outbox, 6)
    rows = outbox.pending(epoch=EPOCH, after_seq=1, up_to_seq=5, limit=3, now=NOON)
    assert [(row.seq, row.id, row.bytes) for row in rows] == [(one.seq, one.id, one.bytes) for one in recorded[1:4]]
    assert [row.epoch for row in rows] == [EPOCH] * 3
    assert [row.seq for row in outbox.pending(epoch=EPOCH, after_seq=3, up_to_seq=5, limit=9, now=NOON)] == [4, 5]


def test_older_epochs_stay_pending_beside_the_current_one(connection: Connection, outbox: Outbox) -> None:
    (old,) = record(connection, outbox)
    with connection.begin():
        connection.exec_driver_sql("UPDATE outbox SET epoch = 'epoch-0', created_at = created_at - 1")
        connection.exec_driver_sql("UPDATE terminal_state SET next_seq = 1, last_hash = ?", (GENESIS,))
    record(connection, outbox)
    assert outbox.epochs_with_pending() == ["epoch-0", EPOCH]
    assert apply(outbox, receipt([(1, 1)], epoch="epoch-0"), NOON).delivered == 1
    assert outbox.epochs_with_pending() == [EPOCH]
    assert due(outbox) == [1]
    assert old.seq == 1


@pytest.mark.parametrize("statement", [SELECT_DUE, SELECT_EPOCHS, COUNT_PENDING])
def test_what_is_pending_is_found_without_reading_what_is_delivered(connection: Connection, statement: str) -> None:
    with connection.begin():
        values = (1,) * statement.count("?")
        plan = [step[3] for step in sql.rows(connection, "EXPLAIN QUERY PLAN " + statement, values)]
    assert plan[0].endswith("INDEX outbox_pending") or "INDEX outbox_pending (" in plan[0]
    assert statement is SELECT_DUE or "COVERING" in plan[0]


@pytest.mark.parametrize(
    ("statement", "index"),
    [(COUNT_DEAD, "outbox_dead"), (COUNT_DELIVERED, "outbox_delivered"), (LATEST_DELIVERY, "outbox_delivered")],
)
def test_other_states_are_counted_in_their_own_index(connection: Connection, statement: str, index: str) -> None:
    with connection.begin():
        plan = sql.rows(connection, "EXPLAIN QUERY PLAN " + statement)[0][3]
    assert f"USING COVERING INDEX {index}" in plan


def test_a_month_of_delivered_rows_makes_the_pulse_no_dearer(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox, 12)
    apply(outbox, receipt([(1, 10)]), NOON)
    before = steps_of(connection, read_counts)
    with connection.begin():
        sql.change(connection, DELIVER_MANY, (EPOCH, 5_000))
    assert steps_of(connection, read_counts) == before
    assert steps_of(connection, lambda tx: sql.one(tx, LATEST_DELIVERY)) < 100
    assert steps_of(connection, count_delivered) > 5_000, "the measure measures"


DELIVER_MANY = """
WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 1000 + ?2)
INSERT INTO outbox (epoch, seq, id, kind, hlc, created_at, state, delivered_at, bytes)
SELECT ?1, i, 'id' || i, 'scanned', i, i, 'delivered', i, x'00' FROM n
"""


def steps_of(connection: Connection, work: Callable[[Connection], object]) -> int:
    """Return how many steps SQLite's machine takes for `work`."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    driver = connection.connection.driver_connection
    assert driver is not None
    with connection.begin():
        driver.set_progress_handler(count, 1)
        work(connection)
        driver.set_progress_handler(None, 1)
    return steps


def test_statement_outside_a_transaction_is_a_bug(connection: Connection) -> None:
    with pytest.raises(sql.NoTransactionError):
        sql.rows(connection, SELECT_EPOCHS)


# -- receipts ------------------------------------------------------------------------------------------------------


def test_accepted_ranges_are_delivered(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox, 6)
    assert apply(outbox, receipt([(1, 2), (5, 6)]), NOON) == Applied(4, 0, 0, 0)
    assert due(outbox) == [3, 4]


@pytest.mark.req("T-05")
def test_repeated_receipt_changes_nothing(connection: Connection, outbox: Outbox) -> None:
    one, two, three = record(connection, outbox, 3)
    answer = receipt(
        [(one.seq, one.seq)],
        [Rejected(two.seq, two.id, "event.invalid")],
        [Held(three.seq, three.id, NOON + timedelta(seconds=30), "terminal.pending")],
    )
    assert apply(outbox, answer, NOON) == Applied(1, 1, 1, 0)
    counts = outbox.counts()
    assert apply(outbox, answer, NOON) == Applied(0, 0, 1, 0)
    assert outbox.counts() == counts == OutboxCounts(1, 1, 1, NOON)


def test_rejected_row_is_kept_as_a_dead_letter(connection: Connection, outbox: Outbox) -> None:
    (one,) = record(connection, outbox)
    apply(outbox, receipt(rejected=[Rejected(1, one.id, "event.invalid")]), NOON)
    with connection.begin():
        (letter,) = dead_letters(connection, 10)
    assert (letter.epoch, letter.seq, letter.id, letter.kind) == (EPOCH, 1, one.id, "shift_opened")
    assert (letter.created_at, letter.code, letter.bytes) == (NOON, "event.invalid", one.bytes)
    assert due(outbox) == []
    assert outbox.counts().dead == 1


def test_dead_letter_that_the_centre_took_after_all_is_delivered(connection: Connection, outbox: Outbox) -> None:
    (one,) = record(connection, outbox)
    refusal = receipt(rejected=[Rejected(1, one.id, "event.invalid")])
    apply(outbox, refusal, NOON)
    assert apply(outbox, receipt([(1, 1)]), NOON).delivered == 1
    assert apply(outbox, refusal, NOON).dead == 0
    assert outbox.counts() == OutboxCounts(0, 0, 0, None)


def test_held_row_waits_as_long_as_the_centre_says_on_any_clock(connection: Connection, outbox: Outbox) -> None:
    (one,) = record(connection, outbox)
    centre_now = NOON + timedelta(days=3)
    wait = timedelta(seconds=30)
    apply(outbox, receipt(held=[Held(1, one.id, centre_now + wait, "x")], at=centre_now), NOON)
    assert due(outbox) == []
    assert due(outbox, NOON + wait - timedelta(seconds=1)) == []
    assert due(outbox, NOON + wait) == [1]
    assert outbox.counts().held == 1


@pytest.mark.req("T-12")
@pytest.mark.parametrize("until", [timedelta(days=-1), timedelta(days=400)])
def test_hold_is_bounded_whatever_the_receipt_says(connection: Connection, outbox: Outbox, until: timedelta) -> None:
    (one,) = record(connection, outbox)
    apply(outbox, receipt(held=[Held(1, one.id, NOON + until, "x")]), NOON)
    assert due(outbox, NOON + MAX_HOLD) == [1]


@pytest.mark.req("T-12")
def test_hold_does_not_outlive_a_clock_that_is_set_back(connection: Connection, outbox: Outbox) -> None:
    (one,) = record(connection, outbox)
    apply(outbox, receipt(held=[Held(1, one.id, NOON + timedelta(minutes=5), "x")]), NOON)
    assert due(outbox, NOON - timedelta(days=1)) == [1]


@pytest.mark.parametrize(
    "answer",
    [
        receipt([(2, 4)]),
        receipt([(7, 9)], epoch="another"),
        receipt(rejected=[Rejected(1, "not-its-id", "x"), Rejected(9, "x", "x"), Rejected(2**70, "x", "x")]),
        receipt(held=[Held(1, "not-its-id", NOON, "x"), Held(9, "x", NOON, "x"), Held(2**70, "x", NOON, "x")]),
    ],
)
def test_receipt_for_rows_that_are_not_ours_is_counted_and_changes_nothing(
    connection: Connection, outbox: Outbox, answer: Receipt
) -> None:
    record(connection, outbox)
    applied = apply(outbox, answer, NOON)
    assert (applied.delivered, applied.dead, applied.held, applied.unknown) == (0, 0, 0, 3)
    assert due(outbox) == [1]


def test_absurd_range_is_bounded(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox, 2)
    assert apply(outbox, receipt([(1, 2**70), (9, 3)]), NOON) == Applied(2, 0, 0, 2**70 - 2)


# -- age -----------------------------------------------------------------------------------------------------------


def test_delivered_rows_are_purged_by_age_and_nothing_else_is(connection: Connection, outbox: Outbox) -> None:
    _, two, three, *_ = record(connection, outbox, 5)
    apply(outbox, receipt([(1, 1)], at=NOON), NOON)
    apply(outbox, receipt(rejected=[Rejected(2, two.id, "x")], held=[Held(3, three.id, NOON, "x")]), NOON)
    later = NOON + KEEP_DELIVERED + timedelta(days=1)
    apply(outbox, receipt([(4, 4)], at=later), later)
    assert outbox.purge_delivered(later) == 1
    assert outbox.purge_delivered(later) == 0
    assert outbox.counts() == OutboxCounts(2, 1, 1, NOON)
    assert check_chain(connection, EPOCH).first_seq == 2
    assert check_chain(connection, EPOCH).broken_at is None


@pytest.mark.req("T-12")
def test_clock_that_jumps_ahead_purges_nothing(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox)
    assert outbox.purge_delivered(NOON + timedelta(days=400)) == 0
    apply(outbox, receipt([(1, 1)]), NOON + timedelta(days=400))
    assert outbox.purge_delivered(NOON + timedelta(days=400)) == 0
    with connection.begin():
        assert count_delivered(connection) == 1


def test_purge_keeps_what_the_caller_wants_to_keep(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox, 2)
    apply(outbox, receipt([(1, 1)], at=NOON), NOON)
    apply(outbox, receipt([(2, 2)], at=NOON + timedelta(days=90)), NOON)
    assert outbox.purge_delivered(NOON - timedelta(days=1)) == 0
    assert outbox.purge_delivered(NOON + timedelta(days=1)) == 1


# -- any interleaving ----------------------------------------------------------------------------------------------

SEQS = st.integers(1, 12)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 3)),
        st.tuples(st.just("accept"), st.tuples(SEQS, st.integers(0, 4))),
        st.tuples(st.just("reject"), SEQS),
        st.tuples(st.just("hold"), st.tuples(SEQS, st.integers(1, 90))),
        st.tuples(st.just("repeat"), st.integers(0, 20)),
        st.tuples(st.just("wait"), st.integers(1, 120)),
    ),
    max_size=25,
)


class Model:
    """What must be true of the outbox, kept in plain sets."""

    def __init__(self) -> None:
        self.ids: dict[int, str] = {}
        self.delivered: set[int] = set()
        self.dead: set[int] = set()
        self.held: dict[int, datetime] = {}

    def due(self, now: datetime) -> list[int]:
        open_seqs = self.ids.keys() - self.delivered - self.dead
        return sorted(seq for seq in open_seqs if self.held.get(seq, now) <= now)

    def apply(self, answer: Receipt, now: datetime) -> None:
        for first, last in answer.accepted:
            taken = self.ids.keys() & set(range(first, last + 1))
            self.delivered |= taken
            self.dead -= taken
        for refused in answer.rejected:
            if self.ids.get(refused.seq) == refused.id and refused.seq not in self.delivered:
                self.dead.add(refused.seq)
        for put_off in answer.held:
            if self.ids.get(put_off.seq) == put_off.id and put_off.seq not in self.delivered | self.dead:
                self.held[put_off.seq] = now + (put_off.until - answer.at)


def make_receipt(what: str, detail: object, model: Model, now: datetime) -> Receipt:
    if what == "accept":
        first, more = detail  # type: ignore[misc]
        return receipt([(first, first + more)], at=now)
    if what == "reject":
        return receipt(rejected=[Rejected(detail, model.ids.get(detail, "unknown"), "x")], at=now)
    seq, seconds = detail  # type: ignore[misc]
    return receipt(held=[Held(seq, model.ids.get(seq, "unknown"), now + timedelta(seconds=seconds), "x")], at=now)


@pytest.mark.req("T-05")
@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_no_interleaving_loses_a_row_or_sends_one_too_many(steps: list[tuple[str, object]]) -> None:
    with TemporaryDirectory() as folder, opened_or_new(Path(folder)) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        outbox, model, now = Outbox(connection, random=seeded_bytes()), Model(), NOON
        sent: list[Receipt] = []
        for what, detail in steps:
            if what == "append":
                model.ids |= {one.seq: one.id for one in record(connection, outbox, detail, now)}
            elif what == "wait":
                now += timedelta(seconds=detail)
            elif what != "repeat":
                sent.append(make_receipt(what, detail, model, now))
                apply(outbox, sent[-1], now)
                model.apply(sent[-1], now)
            elif sent:
                again = sent[detail % len(sent)]
                apply(outbox, again, now)
                model.apply(again, now)
            assert due(outbox, now) == model.due(now)
        counts = outbox.counts()
        with connection.begin():
            delivered = count_delivered(connection)
        assert (delivered, counts.dead) == (len(model.delivered), len(model.dead))
        assert counts.pending == len(model.ids) - delivered - counts.dead
        assert check_chain(connection, EPOCH).broken_at is None
        assert check_chain(connection, EPOCH).events == len(model.ids)


# -- the chain notices ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "broken_at"),
    [
        ("DELETE FROM outbox WHERE seq = 2", 3),
        ("DELETE FROM outbox WHERE seq = 3", 4),
        ("DELETE FROM outbox WHERE seq = 4", 4),
        ("UPDATE outbox SET bytes = CAST(replace(bytes, 's1', 's9') AS BLOB) WHERE seq = 2", 3),
        ("UPDATE outbox SET bytes = X'7B' WHERE seq = 2", 2),
        ("UPDATE outbox SET id = 'x' WHERE seq = 2", 2),
        ("UPDATE outbox SET bytes = CAST(replace(bytes, 's3', 's9') AS BLOB) WHERE seq = 4", 5),
    ],
)
def test_chain_names_the_first_event_that_does_not_follow(
    connection: Connection, outbox: Outbox, damage: str, broken_at: int
) -> None:
    record(connection, outbox, 4)
    with connection.begin():
        connection.exec_driver_sql(damage)
    assert check_chain(connection, EPOCH).broken_at == broken_at


def test_empty_history_is_whole(connection: Connection) -> None:
    assert check_chain(connection, EPOCH) == ChainCheck(0, None, None)
    with connection.begin():
        assert read_state(connection).next_seq == 1
