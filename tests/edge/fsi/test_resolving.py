"""Every unknown outcome is found out: by the same message where answers are kept, else by taking it back."""

from __future__ import annotations

import json

import pytest

from edge.fsi.outcome import Agreed, Refused, Reversed
from edge.fsi.resolving import MOST_PAUSE_S, TRY_S
from edge.sealing import KEY_FILE, Sealer
from edge.store import sql
from rules.settling import Standing
from tests.edge.fsi.centre import BUSY, GARBAGE, LOSE_ANSWER, LOSE_REQUEST, NAMELESS, Centre, Door
from tests.edge.fsi.desk import Desk

FAULTS = (LOSE_REQUEST, LOSE_ANSWER, GARBAGE, BUSY)


def look(desk: Desk, turns: int = 1) -> int:
    """Take up what is open, each time when all of it is due."""
    for _ in range(turns):
        left = desk.resolver.look()
        desk.clock.advance(MOST_PAUSE_S)
    return left


@pytest.mark.parametrize("fault", FAULTS)
def test_same_message_again_brings_the_outcome_and_does_nothing_twice(desk: Desk, centre: Centre, fault: str) -> None:
    centre.script = [fault, fault]
    told = desk.settle()
    assert look(desk) == 1
    assert look(desk) == 0
    assert centre.done == [told.msgid]
    assert {msgid for _, msgid in centre.heard} == {told.msgid}
    assert (desk.standing(), desk.rows()) == (Standing.SETTLED, [("2103", "answered", 1)])
    assert isinstance(desk.heard[-1].outcome, Agreed)
    assert desk.resolver.look() == 0


def test_who_is_told_of_an_outcome_is_told_once(desk: Desk, centre: Centre) -> None:
    centre.script = [LOSE_ANSWER, LOSE_ANSWER, LOSE_ANSWER]
    desk.settle()
    look(desk, 4)
    with desk.connection.begin():
        assert sql.rows(desk.connection, "SELECT told FROM standing") == [(1,)]
    assert len(desk.heard) == 2


def test_refusal_of_the_business_says_that_nothing_was_done(desk: Desk, centre: Centre) -> None:
    centre.script, centre.refuses = [LOSE_REQUEST], "settlement.too_late"
    desk.settle()
    assert look(desk) == 0
    assert isinstance(desk.heard[-1].outcome, Refused)
    assert desk.standing() is Standing.NONE


@pytest.mark.parametrize("code", ["fsi.unproved", "fsi.terminal_not_approved", "fsi.signature_wrong"])
def test_who_is_kept_out_asks_again_and_takes_nothing_back(desk: Desk, centre: Centre, code: str) -> None:
    centre.script, centre.refuses = [LOSE_REQUEST], code
    desk.settle()
    assert look(desk, 3) == 1
    centre.refuses = ""
    assert look(desk) == 0
    assert (len(centre.done), centre.reversed, desk.standing()) == (1, [], Standing.SETTLED)


def test_number_of_another_message_is_never_taken_back(desk: Desk, centre: Centre) -> None:
    centre.script, centre.refuses = [LOSE_REQUEST], "fsi.msgid_reused"
    desk.settle()
    assert look(desk) == 0
    assert (centre.reversed, desk.standing()) == ([], Standing.NONE)


def test_refusal_that_says_nothing_is_followed_by_taking_it_back(desk: Desk, centre: Centre) -> None:
    centre.script = [LOSE_ANSWER, NAMELESS]
    told = desk.settle()
    assert look(desk) == 0
    assert (centre.standing, desk.standing()) == ([], Standing.NONE)
    assert centre.reversed == [told.msgid]
    assert desk.rows() == [("2103", "reversed", 1), ("2601", "answered", 1)]
    assert isinstance(desk.heard[-1].outcome, Reversed)


@pytest.mark.parametrize("fault", [LOSE_REQUEST, LOSE_ANSWER])
@pytest.mark.parametrize("of_reversal", [LOSE_REQUEST, LOSE_ANSWER, GARBAGE])
def test_where_no_answers_are_kept_a_message_leaves_once_and_is_taken_back(
    forgetful: Desk, centre: Centre, fault: str, of_reversal: str
) -> None:
    centre.script = [fault, of_reversal]
    told = forgetful.settle()
    look(forgetful)
    assert look(forgetful) == 0
    assert [msgid for infno, msgid in centre.heard if infno == "2103"] == [told.msgid]
    assert len({msgid for infno, msgid in centre.heard if infno == "2601"}) == 1
    assert (centre.standing, forgetful.standing()) == ([], Standing.NONE)
    asked = json.loads(centre.bodies[-1])
    assert asked["input"]["data"] == {"psn_no": "9900000001", "omsgid": told.msgid, "oinfno": "2103"}


def test_while_the_line_is_down_taking_back_waits_as_one_message(forgetful: Desk, centre: Centre, door: Door) -> None:
    centre.script = [LOSE_ANSWER]
    forgetful.settle()
    door.close()
    assert look(forgetful, 3) == 2
    assert forgetful.rows() == [("2103", "unknown", 0), ("2601", "unknown", 0)]


def test_once_taking_back_has_begun_the_message_itself_does_not_leave_again(desk: Desk, centre: Centre) -> None:
    centre.script = [LOSE_ANSWER, NAMELESS, LOSE_REQUEST]
    desk.settle()
    look(desk)
    before = len(centre.heard)
    assert look(desk) == 0
    assert [infno for infno, _ in centre.heard[before:]] == ["2601"]
    assert (centre.standing, desk.standing()) == ([], Standing.NONE)


def test_what_can_be_neither_repeated_nor_taken_back_stays_open_and_is_shown(forgetful: Desk, centre: Centre) -> None:
    centre.script = [LOSE_ANSWER]
    told = forgetful.settle()
    with forgetful.connection.begin():
        sql.change(forgetful.connection, "UPDATE fsi_message SET infno = '3505'")
    assert look(forgetful, 3) == 1
    assert forgetful.resolver.stuck == {told.msgid}
    assert (len(centre.heard), forgetful.standing()) == (1, Standing.UNKNOWN)


def test_row_that_a_salvage_took_over_is_repeated_but_never_taken_back(forgetful: Desk, centre: Centre) -> None:
    centre.script = [LOSE_ANSWER]
    told = forgetful.settle()
    with forgetful.connection.begin():
        sql.change(forgetful.connection, "UPDATE fsi_message SET is_doubtful = 1")
    assert look(forgetful, 2) == 1
    assert (forgetful.resolver.stuck, centre.reversed) == ({told.msgid}, [])


def test_message_of_a_kind_that_nobody_hears_of_is_left_alone(forgetful: Desk, centre: Centre) -> None:
    centre.script = [LOSE_ANSWER]
    told = forgetful.settle()
    with forgetful.connection.begin():
        sql.change(forgetful.connection, "UPDATE fsi_message SET kind = 'of another program'")
    assert look(forgetful, 2) == 1
    assert (forgetful.resolver.stuck, len(centre.heard)) == ({told.msgid}, 1)


def test_without_the_key_a_message_stays_open_and_the_others_go_on(desk: Desk, centre: Centre, folder) -> None:
    centre.script = [LOSE_ANSWER, LOSE_ANSWER]
    lost = desk.settle()
    with desk.connection.begin():
        other = Sealer(b"\x01" * 32).seal(b"{}", "elsewhere")
        sql.change(desk.connection, "UPDATE fsi_message SET asked = ?", (other,))
    desk.settle("S2")
    assert look(desk, 2) == 1
    assert (desk.resolver.stuck, desk.standing("S2")) == ({lost.msgid}, Standing.SETTLED)
    assert (folder / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_outcome_is_known_within_a_minute_after_the_other_side_is_back(desk: Desk, centre: Centre) -> None:
    centre.script = [LOSE_REQUEST] * 40
    desk.settle()
    for _ in range(30):
        desk.resolver.look()
        desk.clock.advance(10)
    centre.script = []
    since = desk.clock.seconds
    while desk.resolver.look():
        desk.clock.advance(10)
    assert desk.clock.seconds - since + TRY_S <= 60
