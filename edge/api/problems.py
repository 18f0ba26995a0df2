"""Every error of the interface as `application/problem+json`: a code, both languages, and the next step."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from codes.errors import YimaError
from codes.words import Words
from edge.errors import RejectedError, TransientError
from edge.operators.errors import SignInLockedError
from web.errors import WebError
from web.problem import problem_response

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class RequestError(YimaError):
    """The request itself cannot be understood."""

    code: ClassVar[str] = "request.invalid"
    next_step: ClassVar[Words] = Words(
        "请按 /openapi.json 中的接口说明修改请求。", "Correct the request; /openapi.json describes the interface."
    )


class NotFoundError(YimaError):
    """There is nothing at this address."""

    code: ClassVar[str] = "request.not_found"
    next_step: ClassVar[Words] = Words("请核对地址。", "Check the address.")


class UnexpectedError(YimaError):
    """Something failed that nobody thought of."""

    code: ClassVar[str] = "edge.unexpected"
    next_step: ClassVar[Words] = Words(
        "请重试；再次出现请把日志发给厂商。", "Try again; send the log to the vendor if it recurs."
    )


def install_problems(app: FastAPI) -> None:
    """Let `app` answer errors in one form."""
    app.add_exception_handler(YimaError, _own_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


def status_of(error: YimaError) -> HTTPStatus:
    """Return the HTTP status that fits an error."""
    if isinstance(error, (RejectedError, WebError)):
        return error.status
    return HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, TransientError) else HTTPStatus.INTERNAL_SERVER_ERROR


async def _own_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, YimaError)  # noqa: S101 - registered for this class
    headers = {"retry-after": str(error.retry_after_s)} if isinstance(error, SignInLockedError) else None
    return problem_response(status_of(error), error, headers)


async def _invalid_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    found = "; ".join(f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in error.errors())
    words = Words(f"请求内容有误：{found}", f"The request is not valid: {found}")
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, RequestError(words))


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    if isinstance(error.__cause__, YimaError):
        return problem_response(error.status_code, error.__cause__)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem_response(error.status_code, NotFoundError(Words("没有这个地址", "There is nothing here")))
    words = Words(f"请求无法处理：{error.detail}", f"The request cannot be handled: {error.detail}")
    return problem_response(error.status_code, RequestError(words), error.headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    _logger.error("api.unexpected", path=request.url.path, error=type(error).__name__)
    words = Words("终端内部出错", "Something failed inside the terminal")
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, UnexpectedError(words))
