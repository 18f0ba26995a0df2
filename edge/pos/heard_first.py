"""What came back is told before it is told as sold again: a message of the software does not overtake the terminal.

Packs of a cancelled sale lie at the counter again, and the terminal says so to the centre by its own line. The next
message of the software about them goes by another, and might arrive first: the centre would take the packs for sold
twice until it hears. So the message waits for a moment, unless the terminal's line is down anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from codes.errors import YimaError
from edge.pos.ports import Scans

MOST_S = 1.5
"""The software waits for this; what has not been heard by then is heard later, and mends what the centre thinks."""
LOOK_S = 0.05
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def wait_until_heard(scans: Scans, codes: Sequence[str]) -> None:
    """Return once the centre has heard of all returns of these packs, or soon."""
    left_s = MOST_S
    try:
        while codes and left_s > 0 and await scans.is_return_unheard(codes):
            await asyncio.sleep(LOOK_S)
            left_s -= LOOK_S
    except YimaError as exc:
        # As ever: where our own store does not answer, the sale goes on.
        _logger.warning("pos.not_looked", code=exc.code)
