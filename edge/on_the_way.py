"""A batch that was sent and has no receipt yet, and which receipts count.

A batch is sent again as it was, byte for byte: a centre that is slow has the first one still in its queue, and can
tell only of the very same frame that it need not open, prove and answer it once more.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime

RESEND_S = 5.0
"""A batch without an answer is sent again after this; each further time it waits twice as long."""
MOST_RESEND_S = 60.0
"""A slow centre is not helped by hearing the same thing ever again."""
_ENOUGH_TRIES = 8
"""Beyond, the wait does not grow any more."""


@dataclass(frozen=True, slots=True)
class FirstSent:
    """When a batch was sent for the first time."""

    at: datetime
    """Device clock."""
    at_s: float
    """Monotonic clock."""


@dataclass(slots=True)
class OnTheWay:
    """One batch, known by its nonce."""

    nonce: str
    frame: bytes
    """As it was sealed."""
    first_sent: FirstSent
    last_sent_s: float
    """Monotonic clock."""
    tries: int = 0
    """How often it was sent again without an answer."""

    @property
    def due_s(self) -> float:
        """When to send it again, on the monotonic clock."""
        return self.last_sent_s + min(RESEND_S * 2.0 ** min(self.tries, _ENOUGH_TRIES), MOST_RESEND_S)

    def note_sent_again(self, now_s: float) -> None:
        """Count one more try."""
        self.tries += 1
        self.last_sent_s = now_s


class Sent:
    """The batches that this process has sent lately: a receipt to any other is ignored."""

    def __init__(self, most: int) -> None:
        # Without the frames: a line that comes and goes leaves many batches behind that are never sent again.
        self._unanswered: OrderedDict[str, FirstSent] = OrderedDict()
        self._answered: deque[str] = deque(maxlen=most)
        self._most = most

    def note(self, batch: OnTheWay) -> None:
        """Remember what was sent, or sent again; forget what was sent longest ago if it is too much."""
        self._unanswered[batch.nonce] = batch.first_sent
        self._unanswered.move_to_end(batch.nonce)
        if len(self._unanswered) > self._most:
            self._unanswered.popitem(last=False)

    def is_unanswered(self, nonce: str) -> bool:
        """Tell whether a receipt to this batch counts: the first, for a later one may tell of what is over.

        If the first said `held` and a later one would have accepted, the rows are offered again after the hold.
        """
        return nonce in self._unanswered

    def was_answered(self, nonce: str) -> bool:
        """Tell whether this is one more receipt to a batch that has one: what is sent twice may be answered twice."""
        return nonce in self._answered

    def note_answered(self, nonce: str) -> FirstSent:
        """Let no further receipt to an unanswered batch count; tell when it was first sent."""
        self._answered.append(nonce)
        return self._unanswered.pop(nonce)
