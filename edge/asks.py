"""What the centre asks for again: which of its requests still count, and what of them is left to do.

A request that was held up on the way, or that somebody plays back, must not make the terminal send thousands of rows
again. One counts only once, within two minutes, and if it answers a report of the present session. A centre of an
earlier release does not say which report it answers; its request counts unless the centre has been heard since to be
well beyond it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from wire.receipts import Ask

TIMELY_S = 120.0
"""How long after a report a request still answers it."""
TIMELY = timedelta(seconds=TIMELY_S)


class Asks:
    """The reports that may still be answered, and the request that is being answered."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._reports: dict[datetime, float] = {}
        self._heard_at: datetime | None = None
        self.current: Ask | None = None
        """What is left to do."""
        self.ignored = 0
        """Requests that came too late, or answered nothing."""

    def begin_session(self) -> None:
        """Forget the reports of the session before."""
        self._reports.clear()

    def note_report(self, at: datetime) -> None:
        """Note that a report was sent."""
        now_s = self._monotonic_s()
        self._reports = {one: sent_s for one, sent_s in self._reports.items() if now_s - sent_s <= TIMELY_S}
        self._reports[at] = now_s

    def note_receipt(self, at: datetime) -> None:
        """Note what the centre's clock said in an answer to something that we sent."""
        self._heard_at = at

    def take(self, ask: Ask) -> None:
        """Answer `ask` from now on, if it counts. It says all that is missing, so the one before is done with."""
        if self._counts(ask):
            self.current = ask
        else:
            self.ignored += 1

    def _counts(self, ask: Ask) -> bool:
        if ask.report_at is None:
            return self._heard_at is None or ask.at >= self._heard_at - TIMELY
        sent_s = self._reports.pop(ask.report_at, None)
        return sent_s is not None and self._monotonic_s() - sent_s <= TIMELY_S
