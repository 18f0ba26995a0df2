"""Tells the hospital's system of the steps that it has not answered, in the order of each visit."""

from __future__ import annotations

import structlog

from codes.errors import YimaError
from edge.clock import Clock
from edge.store.lane import Reading
from edge.store.visit_steps import due_steps
from edge.supervisor import Sleep
from edge.visits.desk import VisitDesk
from edge.visits.hospital import Outcome

LOOK_S = 1.0
_AT_ONCE = 20

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class CatchingUp:
    """Runs beside the counter."""

    def __init__(self, desk: VisitDesk, read: Reading, clock: Clock, sleep: Sleep) -> None:
        self._desk, self._read, self._clock, self._sleep = desk, read, clock, sleep

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self.look()
            await self._sleep(LOOK_S)

    async def look(self) -> int:
        """Tell what is due now; return how many steps the hospital's system took or refused."""
        ended = 0
        for row in await self._read(lambda tx: due_steps(tx, self._clock.now(), _AT_ONCE)):
            try:
                answered = await self._desk.tell(row)
            except YimaError as exc:
                # It stays due, is counted, and is named: a sealed holder that does not open needs a person.
                _logger.warning("visit.not_told", step=row.id, code=exc.code)
                continue
            if answered.outcome is Outcome.REFUSED:
                # The person went on long ago: somebody at the hospital may want to know.
                _logger.warning("visit.refused_late", id=row.id, step=row.step.value, answer=answered.code)
            ended += answered.outcome is not Outcome.LATER
        return ended
