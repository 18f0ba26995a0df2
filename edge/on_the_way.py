"""A batch that was sent and has no receipt yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

RESEND_S = 5.0
"""A batch without an answer is sent again after this; each further time it waits twice as long."""
MOST_RESEND_S = 60.0
"""A slow centre is not helped by hearing the same thing ever again."""
_ENOUGH_TRIES = 8
"""Beyond, the wait does not grow any more."""


@dataclass(slots=True)
class OnTheWay:
    """One batch, known by its nonce."""

    nonce: str
    epoch: str
    first: int
    last: int
    sent_at: datetime
    """Device clock."""
    sent_s: float
    """Monotonic clock."""
    is_live: bool
    """Of rows that were recorded while the line was up."""
    tries: int
    """How often its rows were sent before without an answer, in this session."""

    @property
    def is_due_s(self) -> float:
        """When to send it again, on the monotonic clock."""
        return self.sent_s + min(RESEND_S * 2.0 ** min(self.tries, _ENOUGH_TRIES), MOST_RESEND_S)
