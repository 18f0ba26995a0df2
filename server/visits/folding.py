"""Add up, now and then, what was counted since: only so do pages that show tallies stay quick.

Nothing depends on when it happens. Little is taken at a time, so that nobody who settles waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from codes.errors import YimaError
from server.store import tallies
from server.store.database import Store
from server.store.times import micros
from server.store.visit_counting import hour_of
from server.visits.report import GIVEN_UP_AFTER

EVERY_S: Final = 30.0
_AT_A_TIME: Final = 1_000
_BETWEEN_S: Final = 0.02
"""After a restore there is much to add up: whoever settles comes first."""
_LONG_AGO: Final = GIVEN_UP_AFTER + timedelta(days=2)
"""Clocks of several centres on one store may differ, and somebody set one back."""
_STOP_PATIENCE_S: Final = 5.0
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def fold(store: Store, now: datetime, is_enough: Callable[[], bool] = lambda: False) -> None:
    """Add up everything, or until it is enough.

    Raises:
        ServerError: The store does not answer, or somebody was in the way; the rest waits for the next time.
    """
    long_ago, taken = hour_of(micros(now - _LONG_AGO)), _AT_A_TIME
    while taken >= _AT_A_TIME and not is_enough():
        with store.writing() as connection:
            taken = tallies.fold(connection, long_ago=long_ago, most=_AT_A_TIME)


class TallyKeeper:
    """Has a thread that adds up every half minute."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tallies", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was not added up is counted all the same."""
        self._is_stopping.set()
        self._thread.join(_STOP_PATIENCE_S)

    def _run(self) -> None:
        has_failed = False
        while not self._is_stopping.wait(EVERY_S):
            try:
                fold(self._store, self._now(), lambda: self._is_stopping.wait(_BETWEEN_S))
            except YimaError as exc:
                if not has_failed:
                    _logger.warning("tallies.not_added_up", code=exc.code, reason=exc.words.en)
                has_failed = True
            else:
                has_failed = False
