"""Where pages end: so that the next page begins after the last row that was given, whatever changed meanwhile.

The interface knows pages by number only. A number alone counts rows from the beginning, and a row that leaves those
asked for would let another one slip to the page before. The marks live as long as this process and are bounded; where
one is missing, rows are counted with those that were changed lately, so that some may be given twice, and none never.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from server.store.list_rows import Key

_MOST: Final = 20_000


class PageMarks:
    """The last key of each page that was given, by who asked for what."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._ends: OrderedDict[tuple[Hashable, int], Key] = OrderedDict()

    def find(self, query: Hashable, page: int) -> Key | None:
        """Return the key after which a page begins."""
        with self._lock:
            return self._ends.get((query, page - 1))

    def keep(self, query: Hashable, page: int, last: Key) -> None:
        """Remember the last key of a page."""
        with self._lock:
            self._ends[query, page] = last
            self._ends.move_to_end((query, page))
            while len(self._ends) > self._most:
                self._ends.popitem(last=False)
