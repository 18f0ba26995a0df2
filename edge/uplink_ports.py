"""What the uplink asks of the parts around it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from edge.store.outbox import Applied, OutboxRow, SentAgain
from wire.receipts import Ask, Receipt


class UplinkClock(Protocol):
    """The two times the uplink needs."""

    def now(self) -> datetime:
        """Device clock, UTC."""

    def monotonic_s(self) -> float:
        """Seconds that never jump."""


class UplinkOutbox(Protocol):
    """What the uplink asks of the outbox (`edge.store.outbox.Outbox`); called in the store's thread."""

    def epochs_with_pending(self) -> Sequence[str]:
        """Epochs that still have rows to deliver, oldest first."""

    def newest(self) -> tuple[str, int]:
        """The current epoch and the number of its last row, 0 if there is none."""

    def pending(
        self, *, epoch: str, after_seq: int, up_to_seq: int | None, limit: int, now: datetime
    ) -> Sequence[OutboxRow]:
        """Rows that are due, in order of their number."""

    def apply_receipts(self, receipts: Sequence[Receipt], now: datetime) -> Sequence[Applied]:
        """Mark what the centre has taken, refused or put off."""

    def send_again(self, ask: Ask, now: datetime) -> SentAgain:
        """Make some of the rows pending again that the centre lacks; say what is left to do."""


class UplinkLink(Protocol):
    """What the uplink asks of the link (`wire.link.Link`)."""

    def publish(self, topic: str, frame: bytes) -> bool:
        """Hand a frame to the broker; False means keep it."""
