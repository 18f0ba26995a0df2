"""A message that changes something is written down before it leaves, and its outcome with what follows from it."""

from __future__ import annotations

import pytest

from edge.fsi.journal import Purpose, WrongDoorError
from edge.fsi.outcome import Agreed, NotSent, Refused, Unknown
from edge.store import sql
from edge.store.fsi_messages import MessageState, count_open, find_message, put_away_messages
from rules.settling import Standing
from tests.edge.fsi.centre import BUSY, GARBAGE, LOSE_ANSWER, LOSE_REQUEST, PERSON, SENDER, SIGN_IN, UNDO, Centre
from tests.edge.fsi.desk import KIND, Desk, at_desk, over_http, over_mqtt
from wire.fsi.asking import UnaskableError
from wire.rpc import OutcomeUnknownError


def test_agreement_is_written_down_with_what_follows_and_what_was_asked_is_erased(desk: Desk, centre: Centre) -> None:
    told = desk.settle()
    assert isinstance(told.outcome, Agreed)
    assert (centre.done, desk.standing()) == ([told.msgid], Standing.SETTLED)
    assert desk.rows() == [("2103", "answered", 1)]
    with desk.connection.begin():
        kept = find_message(desk.connection, told.msgid)
        answer = desk.journal.answer_to(desk.connection, told.msgid)
    assert kept is not None
    assert (kept.state, kept.refmsgid) == (MessageState.ANSWERED, "R1")
    assert answer is not None
    assert answer.clear == told.outcome.answer.clear


def test_refusal_leaves_nothing_and_says_why(desk: Desk, centre: Centre) -> None:
    centre.refuses = "settlement.too_late"
    told = desk.settle()
    assert isinstance(told.outcome, Refused)
    assert desk.rows() == [("2103", "refused", 1)]
    assert desk.standing() is Standing.NONE
    with desk.connection.begin():
        kept = find_message(desk.connection, told.msgid)
        answer = desk.journal.answer_to(desk.connection, told.msgid)
    assert kept is not None
    assert answer is not None
    assert (kept.refusal_code, answer.message) == ("settlement.too_late", told.outcome.answer.message)


@pytest.mark.parametrize("fault", [LOSE_REQUEST, LOSE_ANSWER, GARBAGE, BUSY])
def test_what_is_not_answered_is_unknown_and_never_no(desk: Desk, centre: Centre, fault: str) -> None:
    centre.script = [fault]
    assert isinstance(desk.settle().outcome, Unknown)
    assert desk.rows() == [("2103", "unknown", 0)]
    assert desk.standing() is Standing.UNKNOWN
    with desk.connection.begin():
        assert count_open(desk.connection).oldest == desk.clock.now()


@pytest.mark.parametrize("kind", ["http", "mqtt"])
def test_what_never_left_was_not_done(folder, centre, door, clock, kind) -> None:
    if kind == "http":
        door.close()
        line = over_http(door.url, clock)
    else:
        line = over_mqtt(centre, clock)
        line._caller._link.is_up = False
    with at_desk(folder, line, clock) as desk:
        assert isinstance(desk.settle().outcome, NotSent)
        assert (desk.rows(), desk.standing()) == ([("2103", "not_sent", 1)], Standing.NONE)
    assert centre.heard == []


def test_half_an_answer_is_unknown(folder, centre, door, clock) -> None:
    door.status = 503
    with at_desk(folder, over_http(door.url, clock), clock) as desk:
        assert isinstance(desk.settle().outcome, Unknown)
    assert len(centre.done) == 1


def test_answer_inside_a_refusal_of_http_is_an_answer(folder, centre, door, clock) -> None:
    door.status, centre.refuses = 401, "fsi.unproved"
    with at_desk(folder, over_http(door.url, clock), clock) as desk:
        assert isinstance(desk.settle().outcome, Refused)


def test_nothing_leaves_unless_it_is_written_down(desk: Desk, centre: Centre) -> None:
    def refuse(tx: object, msgid: str) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        desk.journal.ask(SENDER, "2103", UNDO, Purpose(KIND, "S1"), insured_district="350203", also=refuse)
    assert (centre.heard, desk.rows()) == ([], [])


def test_what_does_not_fit_its_table_is_named_and_takes_no_number(desk: Desk, centre: Centre) -> None:
    with pytest.raises(UnaskableError):
        desk.journal.ask(SENDER, "2103", {"data": {}}, Purpose(KIND, "S1"))
    assert (centre.heard, desk.rows()) == ([], [])


def test_what_only_reads_is_not_journaled_and_can_be_asked_again(desk: Desk, centre: Centre) -> None:
    centre.script = [LOSE_ANSWER]
    with pytest.raises(OutcomeUnknownError):
        desk.journal.read(SENDER, "9001", SIGN_IN, within_s=desk.within_s)
    assert desk.journal.read(SENDER, "9001", SIGN_IN, within_s=desk.within_s).is_success
    assert len({msgid for _, msgid in centre.heard}) == 2
    assert desk.rows() == []


def test_what_changes_something_has_one_door_and_somebody_who_is_told(desk: Desk) -> None:
    with pytest.raises(WrongDoorError):
        desk.journal.read(SENDER, "2103", UNDO)
    with pytest.raises(WrongDoorError):
        desk.journal.ask(SENDER, "2103", UNDO, Purpose("nobody", "S1"))


def test_answer_that_could_not_be_written_down_is_asked_for_again(desk: Desk, centre: Centre) -> None:
    def refuse(tx: object, told: object) -> None:
        raise OSError("no room")

    desk.journal.register(KIND, refuse)
    with pytest.raises(OSError, match="no room"):
        desk.settle()
    assert desk.rows() == [("2103", "composed", 0)]
    desk.journal.register(KIND, desk._hear)
    assert desk.resolver.look() == 0
    assert (len(centre.done), desk.standing()) == (1, Standing.SETTLED)


def test_persons_stand_in_no_file_in_clear(desk: Desk, centre: Centre, folder) -> None:
    centre.script = [LOSE_ANSWER]
    desk.settle()
    desk.settle("S2")
    found = [path for path in folder.iterdir() if path.is_file() and PERSON.encode() in path.read_bytes()]
    assert found == []


def test_old_messages_go_and_open_ones_never(desk: Desk, centre: Centre) -> None:
    centre.script = [LOSE_ANSWER]
    desk.settle()
    desk.settle("S2")
    desk.clock.advance(100)
    with desk.connection.begin():
        assert put_away_messages(desk.connection, desk.clock.now()) == 1
        assert sql.rows(desk.connection, "SELECT state FROM fsi_message") == [("unknown",)]


def test_message_that_is_kept_says_nothing_of_itself_in_a_log(desk: Desk) -> None:
    told = desk.settle()
    assert PERSON not in repr(told)
    assert "respond_time" not in repr(told.outcome)
