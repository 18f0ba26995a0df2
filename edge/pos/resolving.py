"""Finds out what became of messages of the POS that were not answered: after a start, when the line is back, and on.

What is under way is left alone: its answer comes, or the time for it ends. Where the other side keeps its answers the
very same message is sent again, which does nothing a second time. Where it does not, 2601 takes the message back, if
the terminal can speak for the institution and nobody else may have heard the answer. What can neither be repeated nor
taken back stays open, and is listed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakValueDictionary

import structlog

from codes.errors import YimaError
from edge.pos.outcomes import Came
from edge.pos.passing import Passage
from edge.pos.ports import Question
from edge.supervisor import failure_of
from wire.fsi.lasting import REVERSAL, REVERSIBLE

LOOK_S = 1.0
FIRST_PAUSE_S = 2.0
MOST_PAUSE_S = 30.0
"""Together with one look this is less than the minute in which an outcome is known once the other side is back."""
STUCK_PAUSE_S = 600.0
_MOST_DOUBLINGS = 8
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Reverses(Protocol):
    """Takes a message back."""

    async def take_back(self, question: Question) -> bool:
        """Send 2601 and tell whether it was agreed to.

        Raises:
            YimaError: It could not be sent, or nobody knows.
        """
        ...

    def can_take_back(self, question: Question) -> bool:
        """Tell whether the terminal can speak for the institution in this."""
        ...


@dataclass(slots=True)
class _Patience:
    """When a question is taken up next."""

    due_s: float = 0.0
    failures: int = 0


class Resolver:
    """Takes up what is open.

    Args:
        passage: The way on.
        reverses: Takes back what cannot be repeated.
        monotonic: Seconds that never jump.
        keeps_answers: Whether the other side knows a message by its number and answers it again as it did first.
    """

    def __init__(
        self, passage: Passage, reverses: Reverses, monotonic: Callable[[], float], *, keeps_answers: bool
    ) -> None:
        self._passage = passage
        self._open = passage.around.open
        self._reverses = reverses
        self._monotonic = monotonic
        self._keeps_answers = keeps_answers
        self._patience: dict[tuple[str, str], _Patience] = {}
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self.stuck: frozenset[str] = frozenset()
        """Numbers of messages of which nothing can be found out here."""
        self.unread: frozenset[str] = frozenset()
        """Numbers of messages whose answer the software has, and which nobody here can read."""

    async def run(self) -> None:
        """Take up what is open, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> int:
        """Take up whatever is due; return how many stay open."""
        questions = await self._open.all()
        keys = {(one.institution, one.msgid) for one in questions}
        self._patience = {key: one for key, one in self._patience.items() if key in keys}
        self.stuck &= {msgid for _, msgid in keys}
        self.unread = frozenset(one.msgid for one in questions if one.is_unread)
        left = 0
        for one in questions:
            patience = self._patience.setdefault((one.institution, one.msgid), _Patience())
            if self._is_under_way(one):
                left += 1
                continue
            is_known = patience.due_s <= self._monotonic() and await self.resolve(one)
            if not is_known:
                left += 1
                if patience.due_s <= self._monotonic():
                    self._put_off(one, patience)
        return left

    @asynccontextmanager
    async def alone(self, institution: str, msgid: str) -> AsyncIterator[None]:
        """Keep everybody else from asking the same question meanwhile."""
        lock = self._locks.setdefault((institution, msgid), asyncio.Lock())
        async with lock:
            yield

    async def resolve(self, question: Question) -> bool:
        """Try once to find out what became of a message; tell whether it is known now."""
        async with self.alone(question.institution, question.msgid):
            # As it stands now: what was under way may have been answered since.
            still = await self._open.find(question.institution, question.msgid)
            if still is None:
                return True
            is_known = False

            async def once() -> None:
                nonlocal is_known
                is_known = await self._once(still)

            failure = await failure_of(once())
            if failure is not None:
                code = failure.code if isinstance(failure, YimaError) else type(failure).__name__
                _logger.warning("pos.not_resolved", msgid=question.msgid, code=code)
            return is_known

    async def _once(self, question: Question) -> bool:
        key = question.institution, question.msgid
        if self._keeps_answers or question.reply is not None:
            passed = await self._passage.again(question)
            if passed.came.is_known:
                await self._passage.found_out(question, passed)
                _logger.info("pos.resolved", msgid=question.msgid, infno=question.infno, came=passed.came)
                return True
            if passed.came is Came.OPEN:
                return False
        is_doubtful = question.is_doubtful or question.is_unread
        if question.infno not in REVERSIBLE or is_doubtful or not self._reverses.can_take_back(question):
            # Of a row of a store that was damaged or copied nobody knows whether it was answered elsewhere; of an
            # answer that was not read here, what the software made of it.
            if question.infno != REVERSAL or not self._keeps_answers:
                self.stuck |= {question.msgid}
            return False
        if not await self._reverses.take_back(question):
            self.stuck |= {question.msgid}
            return False
        await self._passage.around.scans.release(*key)
        await self._open.taken_back(*key)
        _logger.info("pos.resolved", msgid=question.msgid, infno=question.infno, came=Came.REVERSED)
        return True

    def _is_under_way(self, question: Question) -> bool:
        """Tell whether somebody asks this very question now, such as the software itself, for the first time."""
        lock = self._locks.get((question.institution, question.msgid))
        return lock is not None and lock.locked()

    def _put_off(self, question: Question, patience: _Patience) -> None:
        patience.failures += 1
        pause = min(MOST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(patience.failures - 1, _MOST_DOUBLINGS))
        patience.due_s = self._monotonic() + (STUCK_PAUSE_S if question.msgid in self.stuck else pause)
