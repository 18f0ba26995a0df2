"""What is kept in order beside the counter: who is signed in to the interface, and a line that was lost.

What it does is also done at the first need; here it is done before somebody waits for it, and after a restart.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import structlog
from sqlalchemy import Connection

from codes.errors import YimaError
from drivers.aside import aside
from edge.fsi.sign_ins import Operator, SignIns
from edge.fsi.watched_line import WatchedLine
from edge.health import LineHealth
from edge.store.fsi_messages import count_open
from edge.store.lane import Reading
from edge.store.shifts import find_operator, open_shift_now

LOOK_S = 2.0
"""A shift that opens is signed in for before its first customer has his card out."""
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Scene(NamedTuple):
    """Who is at work, and how much is open."""

    operator: Operator | None
    """Of the open shift."""
    open: int
    """Messages whose outcome is not known."""


def see_scene(tx: Connection) -> Scene:
    """Return who is at work now."""
    shift = open_shift_now(tx)
    found = None if shift is None else find_operator(tx, shift.operator)
    operator = None if found is None else Operator(found.login, found.name)
    return Scene(operator, count_open(tx).count)


class Keeper:
    """Looks again and again.

    Args:
        sign_ins: Who is signed in.
        line: The way to the interface.
        read: Reads the store.
        on_line: Called when a line that was lost is found again.
        reach: Tries whether the other side can be reached, where no connection is kept; blocks.
    """

    def __init__(
        self, sign_ins: SignIns, line: WatchedLine, read: Reading, *, on_line: Callable[[], None],
        reach: Callable[[], bool] | None = None,
    ) -> None:  # fmt: skip
        self._sign_ins, self._line, self._read = sign_ins, line, read
        self._on_line, self._reach = on_line, reach
        self.operator: Operator | None = None
        """Of the open shift, as last seen."""

    async def run(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Look until cancelled.

        Raises:
            EdgeError: The store refused what was kept of the run before; whoever runs this starts it again.
        """
        await aside(self._sign_ins.load)
        while True:
            await self.look()
            await sleep(LOOK_S)

    async def look(self) -> None:
        """Do once what is due."""
        if self._reach is not None and self._line.health() is LineHealth.NO_LINE and await aside(self._reach):
            self._line.note_reachable()
            self._on_line()
        scene = await self._read(see_scene)
        operator = self.operator = scene.operator
        if operator is not None and self._line.is_up() and self._sign_ins.is_due(operator.login):
            await aside(lambda: self._signed_in(operator))
        number = None if operator is None else operator.number
        for other in self._sign_ins.operators():
            # What he asked is found out first; it may need his sign-in.
            if other != number and not scene.open:
                await aside(lambda: self._sign_ins.sign_out(other))  # noqa: B023 - awaited within the turn

    def _signed_in(self, operator: Operator) -> None:
        try:
            self._sign_ins.needed(operator)
        except YimaError as exc:
            _logger.warning("fsi.not_signed_in", code=exc.code, reason=exc.words.en)
