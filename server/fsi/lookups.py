"""Who looked up whom: kept beside the answers of what only reads, without making each of them wait for the disk.

What changes something leaves its message, its person and its caller in the store. What tells of a person and changes
nothing (1101, trials, queries) leaves a line here: taken down before the answer goes out, also of a refusal, and
written to the store in bulk, within a second or when the centre stops. What a crash can lose is that second.

If the store takes nothing any more, lines wait up to a bound; beyond it nobody is told of anybody.
"""

from __future__ import annotations

import threading
from typing import Final

import structlog

from codes.errors import YimaError
from server.fsi.case import Case
from server.store import person_lookups
from server.store.database import Store
from server.store.person_lookups import Lookup

EVERY_S: Final = 1.0
MOST_WAITING: Final = 5_000
_STOP_PATIENCE_S: Final = 5.0
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class LookupBook:
    """Takes lines from any thread, and keeps them in bulk."""

    def __init__(self, store: Store, most_waiting: int = MOST_WAITING) -> None:
        self._store, self._most_waiting = store, most_waiting
        self._waiting: list[Lookup] = []
        self._taking = threading.Lock()
        self._keeping = threading.Lock()

    def note(self, case: Case, psn_no: str, code: str = "") -> None:
        """Take down that a message asked about a person.

        Raises:
            ServerError: Too many lines wait, and the store does not take them.
        """
        request = case.request
        line = Lookup(
            asked_at=case.proved.post.arrived_at,
            institution=request.institution,
            operator=request.operator,
            caller=case.proved.caller,
            infno=request.infno,
            msgid=request.msgid,
            psn_no=psn_no,
            code=code,
        )
        with self._taking:
            is_full = len(self._waiting) >= self._most_waiting
        if is_full:
            self.keep()
        with self._taking:
            self._waiting.append(line)

    def keep(self) -> int:
        """Write what waits; return how many lines.

        Raises:
            ServerError: The store does not take them; they go on waiting.
        """
        with self._keeping:
            with self._taking:
                lines = tuple(self._waiting)
            if lines:
                with self._store.writing() as connection:
                    person_lookups.add_lookups(connection, lines)
                with self._taking:
                    del self._waiting[: len(lines)]
        return len(lines)


class LookupKeeper:
    """Has a thread that empties a book every second, and once more in the end."""

    def __init__(self, book: LookupBook) -> None:
        self._book = book
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fsi-lookups", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, with everything kept that can be."""
        self._is_stopping.set()
        self._thread.join(_STOP_PATIENCE_S)

    def _run(self) -> None:
        has_failed = False
        while True:
            is_last = self._is_stopping.wait(EVERY_S)
            try:
                self._book.keep()
            except YimaError as exc:
                # Told once; the lines wait, and `note` refuses when there are too many of them.
                if not has_failed or is_last:
                    _logger.error("fsi.lookups_not_kept", code=exc.code, reason=exc.words.en)
                has_failed = True
            else:
                has_failed = False
            if is_last:
                return
