"""No number is given out twice: not by two desks, not in a full second, not after the clock was set back."""

from __future__ import annotations

import multiprocessing
from datetime import timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import pytest
from sqlalchemy import Connection

from edge.fsi.numbering import Numbering, NumberRoomError
from edge.store import sql
from edge.store.database import opened_store
from edge.store.fsi_messages import NewMessage, put_message
from tests.edge.scene import NOON
from wire.fsi.message_ids import check_msgid

SHOP = "P35020300001"
JUMPS_S = (0, 0, 1, -3_600, -3_599, 86_400, -40_000_000, 0, 5)


def numbers(tx: Connection, desk: int, *, each: int = 30, institution: str = SHOP) -> list[str]:
    numbering = Numbering(desk)
    moments = (NOON + timedelta(seconds=jump) for jump in JUMPS_S)
    return [numbering.next_msgid(tx, institution, moment) for moment in moments for _ in range(each)]


def give_out(folder: Path, desk: int, tell: Pipe) -> None:
    with opened_store(folder) as connection:
        for _ in range(2):
            with connection.begin():
                tell.send(numbers(connection, desk))


def test_three_terminals_whose_clocks_jump_never_give_out_the_same(tmp_path: Path) -> None:
    ends = []
    for desk in (0, 1, 99):
        ours, theirs = multiprocessing.Pipe()
        child = multiprocessing.get_context("fork").Process(target=give_out, args=(tmp_path / str(desk), desk, theirs))
        child.start()
        ends.append((ours, child))
    given = [number for ours, child in ends for _ in range(2) for number in ours.recv()]
    for _, child in ends:
        child.join(10)
    assert len(set(given)) == len(given) == 3 * 2 * 30 * len(JUMPS_S)
    assert [check_msgid(number, SHOP) for number in given if check_msgid(number, SHOP)] == []


def test_second_that_is_full_goes_over_into_the_next(connection: Connection) -> None:
    with connection.begin():
        given = [Numbering(7).next_msgid(connection, SHOP, NOON) for _ in range(101)]
    assert (given[0][-6:], given[99][-6:], given[100][-6:]) == ("000700", "000799", "010700")


def test_store_that_forgot_how_far_it_had_come_gives_out_nothing_that_it_holds(connection: Connection) -> None:
    with connection.begin():
        number = Numbering(7).next_msgid(connection, SHOP, NOON)
        put_message(connection, NewMessage(number, "2102", "sale", "S1", b"", NOON))
        sql.change(connection, "DELETE FROM fsi_number")
        assert Numbering(7).next_msgid(connection, SHOP, NOON) != number


@pytest.mark.parametrize("institution", ["P1", "P35020300", "P350203000012", "P3502030000123"])
def test_codes_of_other_lengths_have_numbers_of_their_own_too(connection: Connection, institution: str) -> None:
    with connection.begin():
        given = [one for desk in (3, 4) for one in numbers(connection, desk, each=3, institution=institution)]
    assert len(set(given)) == len(given)
    assert {len(one) for one in given} == {30}
    assert [check_msgid(one, institution) for one in given if check_msgid(one, institution)] == []


@pytest.mark.parametrize("institution", ["", "P" * 15, "P" * 30])
def test_code_without_room_for_numbers_is_refused(connection: Connection, institution: str) -> None:
    with connection.begin(), pytest.raises(NumberRoomError):
        Numbering(0).next_msgid(connection, institution, NOON)


@pytest.mark.parametrize("desk", [-1, 100])
def test_desk_is_one_of_a_hundred(desk: int) -> None:
    with pytest.raises(NumberRoomError):
        Numbering(desk)
