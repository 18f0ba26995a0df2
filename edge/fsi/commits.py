"""Transactions of the store, for a thread that waits for the interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from edge.store.lane import Lane

_T = TypeVar("_T")


class LaneCommits:
    """Runs work in the writing lane, each in a transaction of its own. Never to be called in the lane itself."""

    def __init__(self, lane: Lane, connection: Connection) -> None:
        self._lane, self._connection = lane, connection

    def __call__(self, work: Callable[[Connection], _T], /) -> _T:
        """Return what `work` returns, once it is committed.

        Raises:
            EdgeError: The disk refused.
        """

        def committed() -> _T:
            with self._connection.begin():
                return work(self._connection)

        return self._lane.wait_for(committed)
