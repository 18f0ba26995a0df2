"""What the terminal's errors mean in HTTP. Errors of the counter and of sign-in carry their status themselves."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar, Final

from codes.errors import RejectedError, TransientError
from codes.words import Words
from edge.errors import EdgeError
from web.problem import Statuses


class UnexpectedError(EdgeError):
    """Something failed that nobody thought of."""

    code: ClassVar[str] = "edge.unexpected"
    next_step: ClassVar[Words] = Words(
        "请重试；再次出现请把日志发给厂商。", "Try again; send the log to the vendor if it recurs."
    )

    def __init__(self) -> None:
        super().__init__(Words("终端内部出错", "Something failed inside the terminal"))


STATUSES: Final[Statuses] = (
    (RejectedError, HTTPStatus.CONFLICT),
    (TransientError, HTTPStatus.SERVICE_UNAVAILABLE),
)
