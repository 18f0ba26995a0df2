"""A gap is healed from what is here, or named as lost; nothing between."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from edge.store import sql
from edge.store.asked import ROWS_AT_ONCE, Kept, kept_epochs, make_pending
from edge.store.life import former_stores
from edge.store.outbox import Outbox, SentAgain, read_stock
from edge.store.terminal import ensure_state, read_state
from rules.scan_judgement import Mode
from tests.edge.new_store import opened_or_new
from tests.edge.scene import EPOCH, NOON, TERMINAL, seeded_bytes
from wire.events import EventsLost, ShiftOpened, Span, sm3_hex, thaw
from wire.receipts import Ask, Receipt, Rejected, Wanted

pytestmark = pytest.mark.req("T-07")


def record(connection: Connection, outbox: Outbox, count: int) -> list[str]:
    ids = []
    for number in range(count):
        with connection.begin():
            ids.append(outbox.append(connection, ShiftOpened(f"s{number}"), operator="w", now=NOON).id)
    return ids


def receipt(accepted: list[Span], rejected: list[Rejected] | None = None) -> Receipt:
    return Receipt(1, TERMINAL, EPOCH, "c1", NOON, "n" * 16, accepted, rejected or [])


def ask(*wanted: Wanted) -> Ask:
    return Ask(1, TERMINAL, "c2", NOON, list(wanted))


def kept(connection: Connection) -> list[Kept]:
    with connection.begin():
        return read_stock(connection)[1]


def hash_of(connection: Connection, epoch: str, seq: int) -> str:
    with connection.begin():
        (frozen,) = sql.one(connection, "SELECT bytes FROM outbox WHERE epoch = ? AND seq = ?", (epoch, seq))
    return sm3_hex(frozen)


def due(outbox: Outbox) -> list[int]:
    return [row.seq for row in outbox.pending(epoch=EPOCH, after_seq=0, up_to_seq=None, limit=1_000, now=NOON)]


def drop(connection: Connection, *seqs: int) -> None:
    with connection.begin():
        for seq in seqs:
            sql.change(connection, "DELETE FROM outbox WHERE seq = ?", (seq,))


def test_what_was_delivered_or_refused_is_sent_again_when_the_centre_lacks_it(
    connection: Connection, outbox: Outbox
) -> None:
    ids = record(connection, outbox, 6)
    outbox.apply_receipts([receipt([(1, 4)], [Rejected(5, ids[4], "event.invalid")])], NOON)
    assert due(outbox) == [6]
    assert outbox.send_again(ask(Wanted(EPOCH, [(2, 3), (5, 6)])), NOON) == SentAgain(3, None)
    assert due(outbox) == [2, 3, 5, 6]


def test_what_waits_anyway_needs_nothing(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox, 3)
    assert outbox.send_again(ask(Wanted(EPOCH, [(1, 3)])), NOON).rows == 0
    assert due(outbox) == [1, 2, 3]


def test_numbers_that_are_gone_are_said_once(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox, 5)
    outbox.apply_receipts([receipt([(1, 5)])], NOON)
    drop(connection, 2, 3, 5)
    question = ask(Wanted(EPOCH, [(1, 5)]))
    assert outbox.send_again(question, NOON).rows == 3
    assert outbox.send_again(question, NOON).rows == 0
    (row,) = outbox.pending(epoch=EPOCH, after_seq=5, up_to_seq=None, limit=9, now=NOON)
    assert thaw(row.bytes).fact == EventsLost(EPOCH, [(2, 3), (5, 5)])


@pytest.mark.parametrize("bytes_", ["'{}'", "x'7b7d'", "CAST(bytes AS TEXT)", "x'c3ff28'"])
def test_row_that_holds_no_event_any_more_is_parked_and_said_to_be_lost(
    connection: Connection, outbox: Outbox, bytes_: str
) -> None:
    record(connection, outbox, 3)
    outbox.apply_receipts([receipt([(1, 3)])], NOON)
    with connection.begin():
        sql.change(connection, f"UPDATE outbox SET bytes = {bytes_} WHERE seq = 2")  # noqa: S608 - the test's own words
    assert outbox.send_again(ask(Wanted(EPOCH, [(1, 3)])), NOON).rows == 3
    assert due(outbox) == [1, 3, 4]
    (row,) = outbox.pending(epoch=EPOCH, after_seq=3, up_to_seq=None, limit=9, now=NOON)
    assert thaw(row.bytes).fact == EventsLost(EPOCH, [(2, 2)])


@pytest.mark.parametrize(
    ("column", "value"),
    [("id", "CAST(x'ff' AS TEXT)"), ("id", "'elsewhen'"), ("kind", "x'00ff'"), ("hlc", "-1"), ("created_at", "1e300")],
)
def test_row_whose_event_is_whole_is_put_right_and_sent(
    connection: Connection, outbox: Outbox, column: str, value: str
) -> None:
    record(connection, outbox, 3)
    with connection.begin():
        right = sql.rows(connection, "SELECT * FROM outbox")
    outbox.apply_receipts([receipt([(1, 3)])], NOON)
    with connection.begin():
        sql.change(connection, f"UPDATE outbox SET {column} = {value} WHERE seq = 2")  # noqa: S608 - the test's own words
    assert outbox.send_again(ask(Wanted(EPOCH, [(1, 3)])), NOON) == SentAgain(3, None)
    with connection.begin():
        assert sql.rows(connection, "SELECT * FROM outbox") == right


def spoil(connection: Connection, seq: int, one: bytes, other: bytes) -> None:
    """Change a digit in the bytes of an event, which stay an event."""
    with connection.begin():
        (frozen,) = sql.one(connection, "SELECT bytes FROM outbox WHERE epoch = ? AND seq = ?", (EPOCH, seq))
        spoiled = frozen.replace(one, other)
        assert spoiled != frozen
        assert thaw(spoiled).seq == seq
        sql.change(connection, "UPDATE outbox SET bytes = ? WHERE epoch = ? AND seq = ?", (spoiled, EPOCH, seq))


def test_event_that_this_program_cannot_read_is_sent_again_if_the_next_one_names_it(
    connection: Connection, outbox: Outbox
) -> None:
    record(connection, outbox, 3)
    outbox.apply_receipts([receipt([(1, 3)])], NOON)
    with connection.begin():
        (second,), (third,) = sql.rows(connection, "SELECT bytes FROM outbox WHERE seq > 1")
        newer = second.replace(b'{"v":1,', b'{"v":99,')
        third = third.replace(sm3_hex(second).encode(), sm3_hex(newer).encode())
        sql.change(connection, "UPDATE outbox SET bytes = ? WHERE seq = 2", (newer,))
        sql.change(connection, "UPDATE outbox SET bytes = ? WHERE seq = 3", (third,))
        sql.change(connection, "UPDATE terminal_state SET last_hash = ?", (sm3_hex(third),))
    assert outbox.send_again(ask(Wanted(EPOCH, [(1, 3)])), NOON) == SentAgain(3, None)


@pytest.mark.parametrize("seq", [2, 5, 6])
@pytest.mark.parametrize("most_rows", [1, 2, 500])
def test_event_that_is_another_valid_one_by_now_is_parked_and_never_sent(
    connection: Connection, outbox: Outbox, seq: int, most_rows: int
) -> None:
    ids = record(connection, outbox, 6)
    outbox.apply_receipts([receipt([(1, 4), (6, 6)], [Rejected(5, ids[4], "event.invalid")])], NOON)
    spoil(connection, seq, b'"shift":"s%d"' % (seq - 1), b'"shift":"s9"')
    lost, rest = [], [Wanted(EPOCH, [(1, 6)])]
    with connection.begin():
        while rest:
            made = make_pending(connection, rest, most_rows=most_rows)
            lost, rest = [*lost, *made.lost], list(made.rest)
        parked = sql.rows(connection, "SELECT seq, dead_code FROM outbox WHERE state = 'dead'")
    assert lost == [Wanted(EPOCH, [(seq, seq)])]
    assert parked == [(seq, "store.row_damaged")]
    assert due(outbox) == [number for number in range(1, 7) if number != seq]


def test_spoiled_last_event_is_no_other_branch(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox, 3)
    outbox.apply_receipts([receipt([(1, 3)])], NOON)
    spoil(connection, 3, b'"shift":"s2"', b'"shift":"s7"')
    assert kept(connection) == [Kept(EPOCH, 1, 3, None)]
    # Asked for all the same, it is lost, and what tells so follows on the event as it was.
    assert outbox.send_again(ask(Wanted(EPOCH, [(3, 3)])), NOON) == SentAgain(1, None)
    (row,) = outbox.pending(epoch=EPOCH, after_seq=0, up_to_seq=None, limit=9, now=NOON)
    assert thaw(row.bytes).fact == EventsLost(EPOCH, [(3, 3)])
    assert kept(connection) == [Kept(EPOCH, 1, 4, sm3_hex(row.bytes))]


def test_spoiled_last_event_of_a_former_life_is_no_other_branch_either(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox, 3)
    outbox.apply_receipts([receipt([(1, 3)])], NOON)
    with connection.begin():
        # Three digits of the hash were damaged before: the event itself says them.
        sql.change(connection, "UPDATE terminal_state SET last_hash = 'zzz' || substr(last_hash, 4)")
    outbox.leave_epoch(EPOCH, "damaged", NOON)
    assert kept(connection)[0] == Kept(EPOCH, 1, 3, hash_of(connection, EPOCH, 3))
    spoil(connection, 3, b'"shift":"s2"', b'"shift":"s7"')
    assert kept(connection)[0] == Kept(EPOCH, 1, 3, None)
    with connection.begin():
        assert make_pending(connection, [Wanted(EPOCH, [(1, 3)])]).lost == [Wanted(EPOCH, [(3, 3)])]
    assert due(outbox) == [1, 2]


def test_forked_life_is_offered_to_another_centre_but_for_what_was_damaged(
    connection: Connection, outbox: Outbox
) -> None:
    count = ROWS_AT_ONCE + 5
    record(connection, outbox, count)
    outbox.apply_receipts([receipt([(1, count)])], NOON)
    outbox.leave_epoch(EPOCH, "forked", NOON)
    for seq in (2, count):
        spoil(connection, seq, b'"shift":"s%d"' % (seq - 1), b'"shift":"other"')
    outbox.note_centre("c1")
    assert due(outbox) == []
    outbox.note_centre("c2")
    assert due(outbox) == [1, *range(3, count)]


def test_life_whose_end_nobody_kept_is_named_by_what_is_here(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox, 3)
    outbox.apply_receipts([receipt([(1, 3)])], NOON)
    outbox.leave_epoch(EPOCH, "copied", NOON)
    with connection.begin():
        sql.change(connection, "UPDATE former_store SET lost = '[[7,9]]'")
        assert [one.lost for one in former_stores(connection)] == [((7, 9),)]
    assert kept(connection)[0] == Kept(EPOCH, 1, 3, hash_of(connection, EPOCH, 3))
    assert outbox.send_again(ask(Wanted(EPOCH, [(1, 3)])), NOON) == SentAgain(3, None)


def test_numbers_never_given_out_are_not_called_lost(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox, 2)
    assert outbox.send_again(ask(Wanted(EPOCH, [(10**30, 10**31)])), NOON) == SentAgain(0, None)
    assert outbox.send_again(ask(Wanted(EPOCH, [(3, 900)]), Wanted("somewhere-else", [(1, 9)])), NOON).rows == 0
    assert due(outbox) == [1, 2]


def test_long_request_is_answered_in_pieces_and_no_gap_is_told_twice(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox, 12)
    outbox.apply_receipts([receipt([(1, 12)])], NOON)
    drop(connection, 4, 5, 6, 12)
    with connection.begin():
        made = make_pending(connection, [Wanted(EPOCH, [(1, 12)]), Wanted("elsewhere", [(1, 9)])], most_rows=3)
        assert (made.again, made.lost) == (3, [])
        made = make_pending(connection, made.rest, most_rows=5)
        assert (made.again, made.lost) == (5, [Wanted(EPOCH, [(4, 6)])])
        made = make_pending(connection, made.rest, most_rows=5)
        assert (made.again, made.lost, made.rest) == (0, [Wanted(EPOCH, [(12, 12)])], [])
    assert due(outbox) == [1, 2, 3, 7, 8, 9, 10, 11]


def test_request_for_a_month_is_answered_over_several_transactions(connection: Connection, outbox: Outbox) -> None:
    record(connection, outbox, ROWS_AT_ONCE + 10)
    outbox.apply_receipts([receipt([(1, ROWS_AT_ONCE + 10)])], NOON)
    first = outbox.send_again(ask(Wanted(EPOCH, [(1, 2**62)])), NOON)
    assert (first.rows, first.rest) == (ROWS_AT_ONCE, ask(Wanted(EPOCH, [(ROWS_AT_ONCE + 1, ROWS_AT_ONCE + 10)])))
    assert first.rest is not None
    assert outbox.send_again(first.rest, NOON) == SentAgain(10, None)


def test_every_life_is_named_even_if_all_of_it_was_put_away(connection: Connection, outbox: Outbox) -> None:
    assert kept(connection) == []
    record(connection, outbox, 3)
    drop(connection, 1)
    of_third = hash_of(connection, EPOCH, 3)
    assert kept(connection) == [Kept(EPOCH, 2, 3, of_third)]
    began = outbox.leave_epoch(EPOCH, "forked", NOON)
    assert kept(connection) == [Kept(EPOCH, 2, 3, of_third), Kept(began, 1, 1, hash_of(connection, began, 1))]
    drop(connection, 1, 2, 3)
    assert kept(connection) == [Kept(began, 1, 1)]


@settings(max_examples=60, deadline=None)
@given(
    gone=st.sets(st.integers(1, 20)),
    delivered=st.sets(st.integers(1, 20)),
    spans=st.lists(st.tuples(st.integers(1, 25), st.integers(1, 25)).map(sorted).map(tuple), max_size=4),
    most_rows=st.integers(1, 30),
)
def test_each_number_asked_for_is_sent_or_lost(
    gone: set[int], delivered: set[int], spans: list[Span], most_rows: int
) -> None:
    with TemporaryDirectory() as folder, opened_or_new(Path(folder)) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        outbox = Outbox(connection, random=seeded_bytes())
        record(connection, outbox, 20)
        outbox.apply_receipts([receipt([(seq, seq) for seq in delivered])], NOON)
        drop(connection, *gone)
        with connection.begin():
            again, lost, rest = 0, [], [Wanted(EPOCH, spans)]
            while rest:
                made = make_pending(connection, rest, most_rows=most_rows)
                again, lost, rest = again + made.again, [*lost, *made.lost], list(made.rest)
            assert read_state(connection).next_seq == 21
            assert kept_epochs(connection)[-1].last == 20
        asked = {seq for first, last in spans for seq in range(first, last + 1) if seq <= 20}
        said = {seq for one in lost for first, last in one.spans for seq in range(first, last + 1)}
        assert said == asked & gone
        assert set(due(outbox)) == (set(range(1, 21)) - delivered - gone) | (asked - gone)
        assert again == len((asked & delivered) - gone)
