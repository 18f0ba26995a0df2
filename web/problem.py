"""Every error as an HTTP answer: `application/problem+json` (RFC 9457) with our code, both languages, the next step.

Both servers install the same handlers. What differs between them is a table: which of their errors means which HTTP
status. An error that carries a `status` of its own needs no line there. What nobody thought of is logged with its
trace and answered without its insides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, Protocol, runtime_checkable

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from codes.errors import YimaError
from codes.words import Words
from web.errors import HttpError, InvalidRequestError, NotFoundError
from web.faults import place_of, words_of
from web.problem_body import Problem, ProblemWords

PROBLEM_TYPE: Final = "application/problem+json"

Statuses = Sequence[tuple[type[YimaError], HTTPStatus]]
"""What an error of a class means in HTTP; the first class that fits decides."""

_REFUSALS: Final[Mapping[int, Words]] = {
    HTTPStatus.BAD_REQUEST: Words("请求内容无法解析", "The request cannot be understood"),
    HTTPStatus.METHOD_NOT_ALLOWED: Words("该地址不支持这种请求方法", "This address does not take that method"),
}
"""What the web framework says by itself, in our words."""

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


PROBLEMS: Final[dict[int | str, dict[str, object]]] = {
    "default": {
        "model": Problem,
        "description": "Refused or failed",
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
"""For the OpenAPI document: every endpoint may answer with a problem."""


@runtime_checkable
class KnowsStatus(Protocol):
    """An error that says by itself what it means in HTTP."""

    status: int


@runtime_checkable
class KnowsWait(Protocol):
    """An error that says after how long it is worth another try."""

    retry_after_s: int


def status_of(error: YimaError, statuses: Statuses) -> int:
    """Return the HTTP status that fits an error: its own, else that of its class, else 500."""
    if isinstance(error, KnowsStatus):
        return error.status
    return next((status for kind, status in statuses if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def problem_response(status: int, error: YimaError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return `error` as an answer with HTTP status `status`."""
    body = Problem(
        status=status,
        code=error.code,
        zh=error.words.zh,
        en=error.words.en,
        next=ProblemWords(zh=error.next_step.zh, en=error.next_step.en),
    )
    return JSONResponse(body.model_dump(), status_code=status, headers=headers, media_type=PROBLEM_TYPE)


def invalid_request(refused: RequestValidationError) -> InvalidRequestError:
    """Return what is wrong with a request, field by field."""
    faults = [(place_of(fault), words_of(fault)) for fault in refused.errors()]
    zh = "；".join(f"{place.zh}：{words.zh}" for place, words in faults)
    en = "; ".join(f"{place.en} {words.en}" for place, words in faults)
    return InvalidRequestError(Words(f"请求内容有误：{zh}", f"The request is not valid: {en}"))


def install_problems(app: FastAPI, statuses: Statuses, *, unexpected: YimaError, challenge: str | None = None) -> None:
    """Let `app` answer every error in one form.

    Args:
        app: The application.
        statuses: What its errors mean in HTTP.
        unexpected: What it says of an error that nobody thought of.
        challenge: How a program signs in, for the header `WWW-Authenticate`; None if only browsers do.
    """

    def on_own(_request: Request, error: Exception) -> Response:
        assert isinstance(error, YimaError)  # noqa: S101 - registered for this class
        return _own_problem(error, status_of(error, statuses), challenge)

    def on_http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
        if isinstance(error.__cause__, YimaError):
            return _own_problem(error.__cause__, status_of(error.__cause__, statuses), challenge)
        return problem_response(error.status_code, _framework_error(error.status_code), error.headers)

    def on_fault(request: Request, error: Exception) -> Response:
        _logger.error("api.fault", path=request.url.path, exc_info=error)
        return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, unexpected)

    app.add_exception_handler(YimaError, on_own)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_fault)


def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    told = invalid_request(error)
    return problem_response(told.status, told)


def _own_problem(error: YimaError, status: int, challenge: str | None) -> Response:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _logger.error("api.failed", code=error.code, reason=error.words.en)
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED and challenge is not None:
        headers["www-authenticate"] = challenge
    if isinstance(error, KnowsWait):
        headers["retry-after"] = str(error.retry_after_s)
    return problem_response(status, error, headers)


def _framework_error(status: int) -> YimaError:
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundError(Words("没有这个地址", "There is nothing at this address"))
    words = _REFUSALS.get(status, Words(f"请求未被接受（HTTP {status}）", f"Refused with HTTP {status}"))
    return HttpError(status, words)
