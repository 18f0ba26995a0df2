"""Errors as HTTP answers: the class of an error decides the status, the error itself says the rest."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from codes.errors import YimaError
from codes.words import Words
from rules.catalogue import CatalogueError
from server.errors import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    LockedOutError,
    NotFoundError,
    RejectedError,
    ServerError,
    SignInError,
    StoreRefusedError,
    TransientError,
)
from web.errors import WebError
from web.problem import PROBLEM_TYPE, problem_response

_STATUS: tuple[tuple[type[YimaError], HTTPStatus], ...] = (
    (SignInError, HTTPStatus.UNAUTHORIZED),
    (ForbiddenError, HTTPStatus.FORBIDDEN),
    (LockedOutError, HTTPStatus.TOO_MANY_REQUESTS),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (ConflictError, HTTPStatus.CONFLICT),
    (RejectedError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (CatalogueError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (StoreRefusedError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (TransientError, HTTPStatus.SERVICE_UNAVAILABLE),
)
"""The first class that fits decides."""

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class ProblemWords(BaseModel):
    """A sentence in both languages."""

    zh: str
    en: str


class Problem(BaseModel):
    """What every error of the API looks like (`application/problem+json`)."""

    status: int
    code: str
    zh: str
    en: str
    next: ProblemWords


class InternalError(ServerError):
    """A fault of ours."""

    code: ClassVar[str] = "server.internal"
    next_step: ClassVar[Words] = Words("请把时间和操作告知管理员。", "Tell the administrator when it happened and how.")


class HttpError(ServerError):
    """What the web framework refuses by itself: no such page, wrong method."""

    code: ClassVar[str] = "web.http"
    next_step: ClassVar[Words] = Words(
        "请核对地址与方法，见 /openapi.json。", "Check address and method; see /openapi.json."
    )


PROBLEMS: dict[int | str, dict[str, object]] = {
    "default": {"model": Problem, "description": "Refused or failed", "content": {PROBLEM_TYPE: {}}}
}
"""For the OpenAPI document: every endpoint may answer with a problem."""


def status_of(error: YimaError) -> int:
    """Return the HTTP status that fits an error."""
    if isinstance(error, WebError):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem."""
    app.exception_handler(YimaError)(_on_yima_error)
    app.exception_handler(RequestValidationError)(_on_invalid_request)
    app.exception_handler(HTTPException)(_on_http_error)
    app.exception_handler(Exception)(_on_fault)


def _on_yima_error(_request: Request, exc: YimaError) -> Response:
    status = status_of(exc)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _logger.error("api.failed", code=exc.code, reason=exc.words.en)
    headers = {"www-authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return problem_response(status, exc, headers)


def _on_invalid_request(_request: Request, exc: RequestValidationError) -> Response:
    faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in exc.errors())
    error = InvalidRequestError(Words(f"请求有误：{faults}", f"The request is wrong: {faults}"))
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, error)


def _on_http_error(_request: Request, exc: HTTPException) -> Response:
    if isinstance(exc.__cause__, WebError):
        return problem_response(exc.status_code, exc.__cause__)
    phrase = HTTPStatus(exc.status_code).phrase
    error = HttpError(Words(f"请求未被接受：{exc.status_code} {phrase}", f"{exc.status_code} {phrase}"))
    return problem_response(exc.status_code, error, exc.headers)


def _on_fault(_request: Request, exc: Exception) -> Response:
    _logger.error("api.fault", exc_info=exc)
    error = InternalError(Words("中心内部错误", "The centre failed"))
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, error)
