"""A refused record has two ways out, and neither deletes it."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from edge.store import sql
from edge.store.dead_letters import (
    DamagedRecordError,
    NoDeadLetterError,
    SentAgain,
    SetAside,
    damaged_since,
    dead_letters,
    send_all_again,
    send_dead_letter_again,
    set_dead_letter_aside,
)
from edge.store.outbox import Outbox
from tests.edge.scene import EPOCH, NOON, TERMINAL
from wire.events import ShiftOpened
from wire.receipts import Receipt, Rejected


@pytest.fixture
def refused(connection: Connection, outbox: Outbox) -> list[str]:
    """Ids of three records that the centre refused."""
    ids = []
    for number in range(3):
        with connection.begin():
            ids.append(outbox.append(connection, ShiftOpened(f"s{number}"), operator="w", now=NOON).id)
    rejected = [Rejected(seq, id_, "event.invalid") for seq, id_ in enumerate(ids, 1)]
    outbox.apply_receipts([Receipt(1, TERMINAL, EPOCH, "c", NOON, "n" * 16, [], rejected)], NOON)
    return ids


def due(outbox: Outbox) -> list[int]:
    return [row.seq for row in outbox.pending(epoch=EPOCH, after_seq=0, up_to_seq=None, limit=9, now=NOON)]


def test_one_is_sent_again(connection: Connection, outbox: Outbox, refused: list[str]) -> None:
    with connection.begin():
        send_dead_letter_again(connection, refused[1])
    assert due(outbox) == [2]
    assert outbox.counts().dead == 2


def test_one_that_is_set_aside_is_kept_and_not_reported(
    connection: Connection, outbox: Outbox, refused: list[str]
) -> None:
    with connection.begin():
        set_dead_letter_aside(connection, refused[0], operator="zhao", reason="测试机数据", now=NOON)
        assert [letter.set_aside for letter in dead_letters(connection, 9) if letter.id == refused[0]] == [
            SetAside("zhao", "测试机数据", NOON)
        ]
        assert len(dead_letters(connection, 9)) == 3
    assert outbox.counts().dead == 2


def test_all_are_sent_again_but_those_set_aside(connection: Connection, outbox: Outbox, refused: list[str]) -> None:
    with connection.begin():
        set_dead_letter_aside(connection, refused[0], operator="zhao", reason="r", now=NOON)
        assert send_all_again(connection) == SentAgain(2, 0)
    assert due(outbox) == [2, 3]


def test_setting_aside_is_undone_by_sending(connection: Connection, outbox: Outbox, refused: list[str]) -> None:
    with connection.begin():
        set_dead_letter_aside(connection, refused[0], operator="zhao", reason="r", now=NOON)
        send_dead_letter_again(connection, refused[0])
    assert due(outbox) == [1]
    again = Receipt(1, TERMINAL, EPOCH, "c", NOON, "n" * 16, [], [Rejected(1, refused[0], "event.invalid")])
    outbox.apply_receipts([again], NOON)
    assert outbox.counts().dead == 3, "refused anew, it is reported anew"


@pytest.mark.req("T-10")
def test_a_damaged_record_is_never_sent(connection: Connection, outbox: Outbox, refused: list[str]) -> None:
    with connection.begin():
        sql.change(connection, "UPDATE outbox SET dead_code = 'store.row_damaged' WHERE id = ?", (refused[0],))
    with connection.begin(), pytest.raises(DamagedRecordError):
        send_dead_letter_again(connection, refused[0])
    with connection.begin():
        assert send_all_again(connection) == SentAgain(2, 0)
        set_dead_letter_aside(connection, refused[0], operator="zhao", reason="核对过", now=NOON)
    assert due(outbox) == [2, 3]


def test_what_was_not_refused_has_no_way_out(connection: Connection, outbox: Outbox, refused: list[str]) -> None:
    with connection.begin():
        waiting = outbox.append(connection, ShiftOpened("s9"), operator="w", now=NOON).id
        send_dead_letter_again(connection, waiting)
    with connection.begin(), pytest.raises(NoDeadLetterError):
        set_dead_letter_aside(connection, waiting, operator="z", reason="r", now=NOON)
    with connection.begin(), pytest.raises(NoDeadLetterError):
        send_dead_letter_again(connection, "nothing")
    with connection.begin(), pytest.raises(NoDeadLetterError):
        set_dead_letter_aside(connection, "nothing", operator="z", reason="r", now=NOON)
    assert refused


def test_record_that_was_damaged_since_it_was_refused_is_not_sent(
    connection: Connection, outbox: Outbox, refused: list[str]
) -> None:
    with connection.begin():
        (frozen,) = sql.one(connection, "SELECT bytes FROM outbox WHERE seq = 2")
        sql.change(connection, "UPDATE outbox SET bytes = ? WHERE seq = 2", (frozen.replace(b'"s1"', b'"s7"'),))
    with connection.begin():
        assert send_dead_letter_again(connection, refused[1]) == SentAgain(0, 1)
    assert refused[1] in str(damaged_since(refused[1]))
    assert "as it was refused" in damaged_since(refused[1]).next_step.en
    with connection.begin():
        assert [letter.code for letter in dead_letters(connection, 9) if letter.id == refused[1]] == [
            "store.row_damaged"
        ]
    with pytest.raises(DamagedRecordError, match=refused[1]), connection.begin():
        send_dead_letter_again(connection, refused[1])


def test_all_but_those_that_were_damaged_since_are_sent_and_both_are_counted(
    connection: Connection, outbox: Outbox, refused: list[str]
) -> None:
    with connection.begin():
        (frozen,) = sql.one(connection, "SELECT bytes FROM outbox WHERE seq = 2")
        sql.change(connection, "UPDATE outbox SET bytes = ? WHERE seq = 2", (frozen.replace(b'"s1"', b'"s7"'),))
    with connection.begin():
        assert send_all_again(connection) == SentAgain(2, 1)
        codes = [letter.code for letter in dead_letters(connection, 9)]
    assert due(outbox) == [1, 3]
    assert codes == ["store.row_damaged"]
    assert refused
