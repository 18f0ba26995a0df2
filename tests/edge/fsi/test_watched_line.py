"""The line says how it is by what became of messages, and lets itself be tried again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from codes.words import Words
from edge.fsi.line import UnsendableError
from edge.fsi.watched_line import TRY_AGAIN_S, WatchedLine
from edge.health import LineHealth
from tests.edge.fsi.centre import DISTRICT, SENDER, SHOP, UNDO, asker
from tests.edge.scene import NOON, FakeClock
from wire.fsi.asking import Answer, Asked
from wire.rpc import NotSentError, OutcomeUnknownError

WHY = Words("因", "why")
YES = Answer("2103", True, "", "", "", "R", None, (), b"")


@dataclass
class Scripted:
    """A line to which happens what is next."""

    comes: list[Exception] = field(default_factory=list)
    keeps_answers: bool = True

    def ask(self, asked: Asked, within_s: float, *, password: str | None = None) -> Answer:
        if self.comes:
            raise self.comes.pop(0)
        return YES


def message() -> Asked:
    return asker().compose(SENDER, "2103", f"{SHOP}202611211200000700", UNDO, at=NOON, insured_district=DISTRICT)


def tried(line: WatchedLine) -> None:
    with suppress(NotSentError, OutcomeUnknownError):
        line.ask(message(), 1)


@pytest.mark.parametrize(
    ("error", "health"),
    [(NotSentError(WHY), LineHealth.NO_LINE), (OutcomeUnknownError(WHY), LineHealth.NO_ANSWER)],
)
def test_without_a_connection_it_is_known_by_its_messages(
    clock: FakeClock, error: Exception, health: LineHealth
) -> None:
    line = WatchedLine(Scripted([error]), clock)
    assert (line.health(), line.is_up()) == (LineHealth.UNTRIED, True)
    tried(line)
    assert (line.health(), line.is_up()) == (health, False)
    clock.advance(TRY_AGAIN_S)
    assert (line.health(), line.is_up()) == (health, True), "somebody has to try"
    tried(line)
    assert (line.health(), line.is_up(), line.last_answer_at) == (LineHealth.UP, True, clock.now())
    assert (line.answered, line.unanswered + line.not_sent) == (1, 1)


def test_with_a_connection_it_is_known_by_that_and_by_answers(clock: FakeClock) -> None:
    is_open = False
    line = WatchedLine(Scripted([NotSentError(WHY), OutcomeUnknownError(WHY)]), clock, is_connected=lambda: is_open)
    assert (line.health(), line.is_up()) == (LineHealth.NO_LINE, False)
    tried(line)
    clock.advance(TRY_AGAIN_S)
    assert not line.is_up(), "the connection says when it is back"
    is_open = True
    assert (line.health(), line.is_up()) == (LineHealth.UP, True)
    tried(line)
    assert (line.health(), line.is_up()) == (LineHealth.NO_ANSWER, False)
    clock.advance(TRY_AGAIN_S)
    assert line.is_up()


def test_who_can_be_reached_again_may_be_tried(clock: FakeClock) -> None:
    line = WatchedLine(Scripted([NotSentError(WHY), OutcomeUnknownError(WHY)]), clock)
    tried(line)
    line.note_reachable()
    assert line.is_up()
    tried(line)
    line.note_reachable()
    assert line.health() is LineHealth.NO_ANSWER, "that somebody listens says nothing of answers"


def test_a_missing_key_says_nothing_of_the_line(clock: FakeClock) -> None:
    line = WatchedLine(Scripted([UnsendableError(WHY)]), clock)
    tried(line)
    assert line.health() is LineHealth.UNTRIED
