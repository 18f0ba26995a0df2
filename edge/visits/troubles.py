"""What a person should know of telling the hospital's system. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from codes.words import Words
from edge.health import Trouble, VisitsStatus

LONG: Final = timedelta(minutes=10)
"""A system that restarts is back by then; longer needs a person."""
_NEXT: Final = Words(
    "请检查医院系统、网络与配置 [visits] 的地址和令牌；恢复后按顺序自动补报，无需重新用码。",
    "Check the hospital's system, the network, and address and token in [visits]; it is told by itself then, in order.",
)


def visit_troubles(status: VisitsStatus, now: datetime) -> Iterator[Trouble]:
    """Yield that steps have been waiting for long."""
    if status.oldest_untold_at is None or now - status.oldest_untold_at <= LONG:
        return
    minutes = int((now - status.oldest_untold_at) / timedelta(minutes=1))
    words = Words(
        f"{status.untold} 个就诊环节尚未通知医院系统，最久 {minutes} 分钟",
        f"The hospital's system was not told of {status.untold} steps of visits, of the oldest for {minutes} minutes",
    )
    yield Trouble("visit_step.not_told", words, _NEXT)
