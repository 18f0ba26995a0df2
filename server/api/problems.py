"""What the centre's errors mean in HTTP."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar, Final

from codes.errors import RejectedError, TransientError, YimaError
from codes.words import Words
from rules.catalogue import CatalogueError
from server.errors import ConflictError, ForbiddenError, LockedOutError, ServerError, SignInError, StoreRefusedError
from web import problem
from web.problem import Statuses


class InternalError(ServerError):
    """A fault of ours."""

    code: ClassVar[str] = "server.internal"
    next_step: ClassVar[Words] = Words("请把时间和操作告知管理员。", "Tell the administrator when it happened and how.")

    def __init__(self) -> None:
        super().__init__(Words("中心内部错误", "The centre failed"))


STATUSES: Final[Statuses] = (
    (SignInError, HTTPStatus.UNAUTHORIZED),
    (ForbiddenError, HTTPStatus.FORBIDDEN),
    (LockedOutError, HTTPStatus.TOO_MANY_REQUESTS),
    (ConflictError, HTTPStatus.CONFLICT),
    (RejectedError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (CatalogueError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (StoreRefusedError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (TransientError, HTTPStatus.SERVICE_UNAVAILABLE),
)


def status_of(error: YimaError) -> int:
    """Return the HTTP status that fits an error."""
    return problem.status_of(error, STATUSES)
