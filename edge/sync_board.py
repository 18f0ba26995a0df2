"""What is known of the way to the centre right now. Written by the carrier, read by status and screens."""

from __future__ import annotations

from datetime import datetime

from edge.store.outbox import Applied

NOT_APPROVED = frozenset({"terminal.pending", "terminal.revoked"})
"""Reasons by which the centre says that it does not take our records yet, or not any more."""


class SyncBoard:
    """Three facts. Each is one value, written whole, so that any thread may read it."""

    def __init__(self) -> None:
        self.is_up = False
        """The line to the broker is open."""
        self.is_approved: bool | None = None
        """Whether the centre takes our records; None before it has said anything."""
        self.last_receipt_at: datetime | None = None

    def note_receipt(self, applied: Applied, now: datetime) -> None:
        """Note what a receipt of the centre says about us."""
        self.last_receipt_at = now
        if applied.reasons & NOT_APPROVED:
            self.is_approved = False
        elif applied.delivered:
            self.is_approved = True
