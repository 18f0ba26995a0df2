"""How full the store may be, and what goes when it is: delivered events, oldest first, and never one that waits.

The room is what the configuration grants, or what the disk has, whichever is less. Below it nothing is ever lost to
make room: at the end of it the counter takes no new business until there is room again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar

from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from edge.errors import EdgeError
from edge.store import sql

RESERVE_BYTES = 64 * 1024 * 1024
"""Room on the disk that is not given out: the log of a large transaction needs it."""
STEADY = 0.03
"""A state is left only this far below its threshold, so that it does not flicker."""
EVICT_TO = 0.85
"""Down to this share delivered events go at 95 %, however young."""

READ_PAGES = "PRAGMA page_count"
READ_FREE_PAGES = "PRAGMA freelist_count"
READ_PAGE_BYTES = "PRAGMA page_size"
# Oldest first; the newest event of a life stays, because it shows where its history ends.
EVICT = """
DELETE FROM outbox WHERE (epoch, seq) IN (
  SELECT epoch, seq FROM outbox AS old WHERE state = 'delivered'
    AND seq < (SELECT max(seq) FROM outbox AS newest WHERE newest.epoch = old.epoch)
  ORDER BY delivered_at, epoch, seq LIMIT ?
)
"""
_EVICTED_AT_ONCE = 500
_MOST_TURNS = 10
"""So many times that in one transaction: a scan must not wait long. The next look goes on."""


class QuotaState(StrEnum):
    """How full the store is."""

    OK = "ok"
    NOTICE = "notice"
    """70 %."""
    LOW = "low"
    """85 %."""
    ALARM = "alarm"
    """95 %: delivered events younger than 30 days go."""
    FULL = "full"
    """No new business."""


THRESHOLDS = {QuotaState.FULL: 1.0, QuotaState.ALARM: 0.95, QuotaState.LOW: 0.85, QuotaState.NOTICE: 0.70}
"""From which share on, the fullest first."""


@dataclass(frozen=True, slots=True)
class Fill:
    """How much of the room is used."""

    used_bytes: int
    capacity_bytes: int

    @property
    def share(self) -> float:
        """Used part of the room; more than 1 if there is none at all."""
        return self.used_bytes / self.capacity_bytes if self.capacity_bytes > 0 else 2.0


class StoreFullError(EdgeError, RejectedError):
    """The store is as full as it may be."""

    code: ClassVar[str] = "store.quota_full"
    status: ClassVar[HTTPStatus] = HTTPStatus.INSUFFICIENT_STORAGE
    next_step: ClassVar[Words] = Words(
        "请恢复与中心的连接，让记录上传；或清理磁盘、调大 [store] quota_mb。腾出空间后自动恢复。",
        "Restore the line, so that records are delivered, or free disk space or raise [store] quota_mb. Work resumes "
        "by itself when there is room.",
    )

    def __init__(self) -> None:
        super().__init__(
            Words("存储已满，暂不受理新业务，刚才的操作未保存", "The store is full: what was just done is not recorded")
        )


class Quota:
    """The room of one store. All methods run in the thread that owns the connection."""

    def __init__(self, folder: Path, quota_bytes: int, *, reserve_bytes: int = RESERVE_BYTES) -> None:
        self._folder = folder
        self._quota_bytes = quota_bytes
        self._reserve_bytes = reserve_bytes
        self.state = QuotaState.OK
        self.fill = Fill(0, quota_bytes)
        self.evicted = 0
        """Delivered events that had to go before their time, since the start."""

    def look(self, tx: Connection) -> QuotaState:
        """Measure, and return the state."""
        page_bytes, pages, free = (sql.one(tx, ask)[0] for ask in (READ_PAGE_BYTES, READ_PAGES, READ_FREE_PAGES))
        disk = os.statvfs(self._folder)
        room = pages * page_bytes + disk.f_bavail * disk.f_frsize - self._reserve_bytes
        self.fill = Fill((pages - free) * page_bytes, min(self._quota_bytes, room))
        self.state = judge(self.fill.share, self.state)
        return self.state

    def refuse_if_full(self, tx: Connection) -> None:
        """Refuse new business while the store is full.

        Raises:
            StoreFullError: It is.
        """
        if self.look(tx) is QuotaState.FULL:
            raise StoreFullError

    def make_room(self, tx: Connection) -> int:
        """Let delivered events go if little room is left; return how many went. What waits is never touched."""
        if self.look(tx) not in {QuotaState.ALARM, QuotaState.FULL} or self.fill.capacity_bytes <= 0:
            # Without any room at all, because others filled the disk, letting them go would gain nothing.
            return 0
        gone = 0
        for _ in range(_MOST_TURNS):
            if self.fill.share <= EVICT_TO:
                break
            went = sql.change(tx, EVICT, (_EVICTED_AT_ONCE,))
            gone += went
            self.look(tx)
            if went == 0:
                break
        self.evicted += gone
        return gone


def judge(share: float, before: QuotaState) -> QuotaState:
    """Return the state for a share, keeping the one before until the share is clearly below it."""
    for state, threshold in THRESHOLDS.items():
        if share >= threshold or (_is_at_least(before, state) and share >= threshold - STEADY):
            return state
    return QuotaState.OK


def _is_at_least(state: QuotaState, other: QuotaState) -> bool:
    order = list(QuotaState)
    return order.index(state) >= order.index(other)
