"""An operator is signed in once a shift, and anew where that holds no more; nobody is kept from asking without need."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.fsi.outcome import Agreed, Refused
from edge.fsi.sign_ins import AGAIN_AFTER_S, FRESH_S, Operator, SignInRefusedError, SignIns
from edge.sealing import Sealer
from edge.store.fsi_sign_ins import kept_sign_ins
from rules.settling import Standing
from tests.edge.fsi.centre import BUSY, LOSE_REQUEST, SENDER, Centre, Door
from tests.edge.fsi.desk import PLACE, Desk, at_desk, over_http, over_mqtt
from tests.edge.scene import FakeClock

LI = Operator(SENDER.operator, SENDER.operator_name)
TO_MIDNIGHT_S = 12 * 3_600


@pytest.fixture
def desk(folder: Path, centre: Centre, clock: FakeClock):
    with at_desk(folder, over_mqtt(centre, clock), clock) as desk:
        yield desk


@pytest.fixture
def strict(folder: Path, centre: Centre, clock: FakeClock):
    """Return a desk at a centre where nothing goes without a sign-in."""
    centre.demands_sign_in = True
    with at_desk(folder, over_mqtt(centre, clock), clock, is_sign_in_demanded=True) as desk:
        yield desk


def signings(centre: Centre) -> int:
    return sum(infno == "9001" for infno, _ in centre.heard)


def test_one_sign_in_serves_the_day_and_survives_a_restart(desk: Desk, centre: Centre, clock: FakeClock) -> None:
    first = desk.sign_ins.needed(LI)
    assert first == centre.sign_ins[-1] == desk.sign_ins.needed(LI)
    again = SignIns(desk.journal, PLACE, desk.sealer, clock, is_demanded=False)
    again.load()
    assert (again.needed(LI), signings(centre)) == (first, 1)
    with desk.connection.begin():
        (row,) = kept_sign_ins(desk.connection)
    assert first.encode() not in row.sealed, "whoever copies the store cannot use it"


def test_a_new_day_in_beijing_needs_a_new_one(desk: Desk, centre: Centre, clock: FakeClock) -> None:
    first = desk.sign_ins.needed(LI)
    clock.advance(TO_MIDNIGHT_S)
    assert desk.sign_ins.current(LI.login) == ""
    assert desk.sign_ins.needed(LI) == centre.sign_ins[-1] != first


def test_a_store_whose_key_is_gone_signs_in_anew(desk: Desk, centre: Centre, clock: FakeClock) -> None:
    desk.sign_ins.needed(LI)
    other = SignIns(desk.journal, PLACE, Sealer(b"o" * 32), clock, is_demanded=False)
    other.load()
    assert other.current(LI.login) == ""
    assert other.needed(LI) == centre.sign_ins[-1]


@pytest.mark.parametrize("has_one", [True, False])
def test_what_is_refused_for_want_of_a_sign_in_is_sent_again_with_one(
    strict: Desk, centre: Centre, clock: FakeClock, has_one: bool
) -> None:
    sign_no = strict.sign_ins.needed(LI) if has_one else ""
    clock.advance(FRESH_S)
    centre.sign_ins.clear()
    told = strict.settle(sign_no=sign_no)
    assert isinstance(told.outcome, Agreed)
    asked = [msgid for infno, msgid in centre.heard if infno == "2103"]
    assert asked == [told.msgid, told.msgid], "the same message, not another one"
    assert (centre.done, strict.standing()) == ([told.msgid], Standing.SETTLED)
    assert strict.sign_ins.current(LI.login) == centre.sign_ins[-1]


def test_one_that_is_refused_as_soon_as_it_was_given_is_not_replaced_for_ever(strict: Desk, centre: Centre) -> None:
    sign_no = strict.sign_ins.needed(LI)
    centre.sign_ins.clear()
    told = strict.settle(sign_no=sign_no)
    assert isinstance(told.outcome, Refused)
    assert told.outcome.answer.code == "fsi.sign_in_needed"
    assert signings(centre) == 1


def test_what_was_left_open_is_found_out_although_its_sign_in_has_ended(
    strict: Desk, centre: Centre, clock: FakeClock
) -> None:
    sign_no = strict.sign_ins.needed(LI)
    clock.advance(FRESH_S)
    centre.script = [LOSE_REQUEST]
    strict.settle(sign_no=sign_no)
    centre.sign_ins.clear()
    assert strict.resolver.look() == 0
    assert strict.standing() is Standing.SETTLED
    assert len(centre.done) == 1


def test_a_platform_without_codes_is_understood_by_its_word(
    folder: Path, centre: Centre, door: Door, clock: FakeClock
) -> None:
    centre.demands_sign_in, centre.nameless = True, "操作员未签到"
    with at_desk(folder, over_http(door.url, clock, keeps_answers=False), clock) as desk:
        assert isinstance(desk.settle().outcome, Agreed)
    assert len(centre.done) == 1


def test_a_refused_sign_in_keeps_nobody_from_asking_where_none_is_demanded(
    desk: Desk, centre: Centre, clock: FakeClock
) -> None:
    centre.refuses_sign_in = "practice.practitioner_elsewhere"
    assert desk.sign_ins.needed(LI) == desk.sign_ins.needed(LI) == ""
    assert signings(centre) == 1, "not at each message"
    assert isinstance(desk.settle().outcome, Agreed)
    assert desk.sign_ins.refusals[LI.number].code == "fsi.sign_in_refused"
    centre.refuses_sign_in = ""
    clock.advance(AGAIN_AFTER_S)
    assert desk.sign_ins.needed(LI)
    assert desk.sign_ins.refusals == {}


def test_where_it_is_demanded_a_refusal_is_said_before_anything_is_asked(strict: Desk, centre: Centre) -> None:
    centre.refuses_sign_in = "practice.practitioner_elsewhere"
    with pytest.raises(SignInRefusedError, match="refused"):
        strict.sign_ins.needed(LI)


def test_without_an_answer_the_message_itself_says_so(strict: Desk, centre: Centre) -> None:
    centre.script = [BUSY]
    assert strict.sign_ins.needed(LI) == ""
    assert isinstance(strict.settle().outcome, Agreed), "the line is back, and it is signed in for"


def test_signing_out_ends_it_there_and_here_whatever_the_line_does(desk: Desk, centre: Centre) -> None:
    desk.sign_ins.needed(LI)
    desk.sign_ins.sign_out(LI.login)
    assert (centre.sign_ins, desk.sign_ins.operators()) == ([], ())
    desk.sign_ins.needed(LI)
    centre.script = [BUSY]
    desk.sign_ins.sign_out(LI.login)
    desk.sign_ins.sign_out(LI.login)
    assert desk.sign_ins.operators() == ()
    with desk.connection.begin():
        assert kept_sign_ins(desk.connection) == []


def test_a_long_login_is_cut_to_what_the_interface_takes(desk: Desk) -> None:
    long = Operator("a" * 32, "李")
    assert desk.sign_ins.needed(long)
    assert desk.sign_ins.sender(long).operator == "a" * 20
