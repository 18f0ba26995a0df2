"""What is told of a line that is down, taken over, or up without an answer."""

from __future__ import annotations

import pytest

from codes.words import Words
from edge.link_trouble import CANNOT_CONNECT, NO_ANSWER, REVOKED
from edge.sync_board import ANSWER_S, FORGED_RECEIPT, SyncBoard
from tests.edge.scene import NOON
from wire.errors import ForgedMessageError
from wire.link_loss import QUIET_S, Cause, LinkLoss
from wire.receipts import Trust

ALARMS = {Cause.TLS, Cause.LOGIN, Cause.TAKEN_OVER, Cause.UNSTEADY}


class Scene:
    """A board with a clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.board = SyncBoard(lambda: self.now_s)

    def code(self) -> str | None:
        trouble = self.board.trouble()
        return None if trouble is None else trouble.code

    def down(self, cause: Cause) -> None:
        self.board.line_down(LinkLoss(cause, "x"))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_before_the_first_attempt_there_is_nothing_to_tell(scene: Scene) -> None:
    assert (scene.board.is_up, scene.code()) == (False, None)


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.req("T-66")
def test_each_cause_is_told_until_the_line_is_up_and_only_some_are_alarms(scene: Scene, cause: Cause) -> None:
    scene.down(cause)
    trouble = scene.board.trouble()
    assert trouble is not None
    assert trouble.code == f"link.cannot_connect.{cause}"
    assert trouble.is_alarm is (cause in ALARMS)
    scene.board.line_up()
    scene.now_s += QUIET_S
    assert (scene.board.is_up, scene.code()) == (True, None)


@pytest.mark.parametrize("cause", [Cause.TAKEN_OVER, Cause.UNSTEADY])
def test_a_tussle_is_told_without_a_break_until_the_line_has_held(scene: Scene, cause: Cause) -> None:
    for _ in range(3):
        scene.down(cause)
        assert scene.board.trouble() == CANNOT_CONNECT[cause]
        scene.board.line_up()
        scene.now_s += QUIET_S - 1
        assert scene.board.trouble() == CANNOT_CONNECT[cause]
    scene.now_s += 1
    assert scene.code() is None


def test_silence_of_the_centre_is_told_after_a_minute_and_gone_with_a_receipt(scene: Scene) -> None:
    scene.board.line_up()
    scene.board.note_sent()
    scene.now_s += ANSWER_S - 1
    scene.board.note_sent()
    assert scene.code() is None
    scene.now_s += 1
    assert scene.board.trouble() == NO_ANSWER
    assert not NO_ANSWER.is_alarm
    scene.board.note_receipt(Trust.APPROVED, NOON)
    assert scene.code() is None
    scene.now_s += ANSWER_S
    assert scene.code() is None, "nothing was sent since"


def test_time_without_a_line_is_no_silence_of_the_centre(scene: Scene) -> None:
    scene.board.line_up()
    scene.board.note_sent()
    scene.down(Cause.ENDED)
    scene.now_s += 10 * ANSWER_S
    scene.board.line_up()
    assert scene.code() is None


def test_terminal_that_waits_for_its_approval_has_an_answer_and_no_trouble_with_the_line(scene: Scene) -> None:
    scene.board.line_up()
    scene.board.note_receipt(Trust.PENDING, NOON)
    assert (scene.board.is_approved, scene.code()) == (False, None)


def test_revoked_key_is_told_until_the_centre_takes_records_again(scene: Scene) -> None:
    scene.board.line_up()
    scene.board.note_receipt(Trust.REVOKED, NOON)
    assert (scene.board.is_approved, scene.board.trouble()) == (False, REVOKED)
    assert REVOKED.is_alarm
    scene.down(Cause.REFUSED)
    assert scene.code() == "link.cannot_connect.refused"
    scene.board.line_up()
    scene.board.note_receipt(Trust.PENDING, NOON)
    assert (scene.board.is_approved, scene.code()) == (False, None)
    scene.board.note_receipt(Trust.REVOKED, NOON)
    scene.board.note_receipt(Trust.APPROVED, NOON)
    assert (scene.board.is_approved, scene.code()) == (True, None)


def test_a_receipt_that_is_not_believed_comes_before_all_else(scene: Scene) -> None:
    scene.board.note_refused_receipt(ForgedMessageError(Words("坏", "bad")))
    scene.down(Cause.TLS)
    assert scene.board.trouble() == FORGED_RECEIPT
