"""A line that knows how it is: whether something answers there, since when not, and when it is worth trying again.

What is said of the line never stops a message that somebody sends; it tells the screen whether to try one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from edge.clock import Clock
from edge.fsi.line import FsiLine, UnsendableError
from edge.health import LineHealth
from wire.fsi.asking import Answer, Asked
from wire.rpc import NotSentError, OutcomeUnknownError

TRY_AGAIN_S = 15.0
"""So long after a message without an answer another one may be tried: nobody else would notice that it is back."""


@dataclass(frozen=True, slots=True)
class _Failure:
    health: LineHealth
    at_s: float


class WatchedLine:
    """Any line, and how it is. From any thread."""

    def __init__(self, line: FsiLine, clock: Clock, *, is_connected: Callable[[], bool] | None = None) -> None:
        """Take the line.

        Args:
            line: Carries the messages.
            clock: The device's clock.
            is_connected: Says whether the connection is open, where one is kept.
        """
        self._line, self._clock, self._is_connected = line, clock, is_connected
        self._failure: _Failure | None = None
        self.last_answer_at: datetime | None = None
        self.answered = self.unanswered = self.not_sent = 0
        """Messages since the start, by what became of them."""

    @property
    def keeps_answers(self) -> bool:
        """Whether the other side answers a message that is sent again with what it answered first."""
        return self._line.keeps_answers

    def ask(self, asked: Asked, within_s: float, *, password: str | None = None) -> Answer:
        """Send a message and return its answer, as every line."""
        try:
            answer = self._line.ask(asked, within_s, password=password)
        except UnsendableError:
            # It says nothing of the line.
            raise
        except NotSentError:
            self.not_sent += 1
            self._failure = _Failure(LineHealth.NO_LINE, self._clock.monotonic_s())
            raise
        except OutcomeUnknownError:
            self.unanswered += 1
            self._failure = _Failure(LineHealth.NO_ANSWER, self._clock.monotonic_s())
            raise
        self.answered += 1
        self._failure, self.last_answer_at = None, self._clock.now()
        return answer

    def health(self) -> LineHealth:
        """Return how the line is."""
        if self._is_connected is not None and not self._is_connected():
            return LineHealth.NO_LINE
        failure = self._failure
        if failure is not None and (failure.health is not LineHealth.NO_LINE or self._is_connected is None):
            return failure.health
        is_known = self._is_connected is not None or self.last_answer_at is not None
        return LineHealth.UP if is_known else LineHealth.UNTRIED

    def is_up(self) -> bool:
        """Say whether a message may be tried now."""
        match self.health():
            case LineHealth.UP | LineHealth.UNTRIED:
                return True
            case LineHealth.NO_LINE if self._is_connected is not None:
                return False
            case _:
                failure = self._failure
                return failure is None or self._clock.monotonic_s() - failure.at_s >= TRY_AGAIN_S

    def note_reachable(self) -> None:
        """Take it that there is a connection again, where none could be made."""
        if self._failure is not None and self._failure.health is LineHealth.NO_LINE:
            self._failure = None
