"""What is known of one settlement at the place that asked for it: the table, and nothing beside the table.

The centre settles; a counter knows only what it was told. Between asking and being told lies *unknown*, a state of its
own: it ends by an answer to the same message, by being told that nothing is there, or by a reversal (2601). Nothing is
settled again before that, and a process that died in between wakes up in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words


class Standing(StrEnum):
    """Where a settlement stands."""

    NONE = "none"
    """None was asked for, or what was asked for came to nothing."""
    ASKED = "asked"
    UNKNOWN = "unknown"
    """It was asked for, and no answer came."""
    SETTLED = "settled"
    UNDOING = "undoing"
    """Its cancellation was asked for."""
    UNDOING_UNKNOWN = "undoing_unknown"
    """... and no answer came."""
    UNDONE = "undone"
    """It was cancelled; the goods that stay are settled anew, as another one."""


class News(StrEnum):
    """What may happen to it."""

    ASKED = "asked"
    """The message was written down and may leave from now on."""
    AGREED = "agreed"
    """The answer is yes, whether to the first sending or to a later one."""
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    """The message provably never left."""
    UNANSWERED = "unanswered"
    """No answer in time, one that cannot be read, or this process died before it came."""
    ABSENT = "absent"
    """Asked later, the centre knows nothing of it."""
    REVERSED = "reversed"
    """2601 was agreed to: whatever there was is gone."""
    UNDO = "undo"
    """Its cancellation was written down and may leave from now on."""


_S, _N = Standing, News
TABLE: Mapping[tuple[Standing, News], Standing] = MappingProxyType(
    {
        (_S.NONE, _N.ASKED): _S.ASKED,
        (_S.ASKED, _N.AGREED): _S.SETTLED,
        (_S.ASKED, _N.REFUSED): _S.NONE,
        (_S.ASKED, _N.NOT_SENT): _S.NONE,
        (_S.ASKED, _N.UNANSWERED): _S.UNKNOWN,
        (_S.UNKNOWN, _N.AGREED): _S.SETTLED,
        (_S.UNKNOWN, _N.REFUSED): _S.NONE,
        (_S.UNKNOWN, _N.ABSENT): _S.NONE,
        (_S.UNKNOWN, _N.REVERSED): _S.NONE,
        (_S.UNKNOWN, _N.UNANSWERED): _S.UNKNOWN,
        (_S.SETTLED, _N.UNDO): _S.UNDOING,
        (_S.UNDOING, _N.AGREED): _S.UNDONE,
        (_S.UNDOING, _N.REFUSED): _S.SETTLED,
        (_S.UNDOING, _N.NOT_SENT): _S.SETTLED,
        (_S.UNDOING, _N.UNANSWERED): _S.UNDOING_UNKNOWN,
        (_S.UNDOING_UNKNOWN, _N.AGREED): _S.UNDONE,
        (_S.UNDOING_UNKNOWN, _N.REFUSED): _S.SETTLED,
        (_S.UNDOING_UNKNOWN, _N.ABSENT): _S.SETTLED,
        (_S.UNDOING_UNKNOWN, _N.REVERSED): _S.SETTLED,
        (_S.UNDOING_UNKNOWN, _N.UNANSWERED): _S.UNDOING_UNKNOWN,
        (_S.UNDONE, _N.REVERSED): _S.SETTLED,
    }
)
"""Every way from one standing to the next. `REVERSED` undoes the message that is open, so a reversed cancellation
leaves the settlement standing; so does one that was agreed to and is taken back all the same."""

_TOLD: Mapping[Standing, Words] = MappingProxyType(
    {
        _S.NONE: Words("尚未结算", "nothing is settled"),
        _S.ASKED: Words("正在结算", "it is being settled"),
        _S.UNKNOWN: Words("结算结果未知，正在查询", "the outcome of the settlement is unknown and being asked for"),
        _S.SETTLED: Words("已结算", "it is settled"),
        _S.UNDOING: Words("正在撤销", "it is being cancelled"),
        _S.UNDOING_UNKNOWN: Words(
            "撤销结果未知，正在查询", "the outcome of the cancellation is unknown and being asked for"
        ),
        _S.UNDONE: Words("已撤销", "it is cancelled"),
    }
)


class NotNowError(RejectedError):
    """This cannot happen to a settlement that stands so."""

    code: ClassVar[str] = "settlement.not_now"
    next_step: ClassVar[Words] = Words(
        "请先等待查询结果；结果未明之前不要重新结算。",
        "Wait for what is being asked for; do not settle anew before that.",
    )

    def __init__(self, standing: Standing, news: News) -> None:
        told = _TOLD[standing]
        super().__init__(Words(f"{told.zh}，不能执行该操作", f"Not now: {told.en}"))
        self.standing = standing
        self.news = news


def after(standing: Standing, news: News) -> Standing:
    """Return where a settlement stands after the news.

    Raises:
        NotNowError: It cannot happen now.
    """
    to = TABLE.get((standing, news))
    if to is None:
        raise NotNowError(standing, news)
    return to


def told(standing: Standing) -> Words:
    """Return how to say where it stands."""
    return _TOLD[standing]


def is_open_question(standing: Standing) -> bool:
    """Say whether somebody has to ask on: after a restart, these are taken up first."""
    return standing in {Standing.ASKED, Standing.UNKNOWN, Standing.UNDOING, Standing.UNDOING_UNKNOWN}
