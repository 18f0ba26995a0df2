"""Errors that a browser or an HTTP client sees from both servers. A refused request knows its HTTP status."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from codes.errors import RejectedError, YimaError
from codes.words import Words


class WebError(YimaError):
    """Something that the screens and interfaces of both servers share went wrong."""

    code: ClassVar[str] = "web.error"


class RequestRefusedError(WebError, RejectedError):
    """A request cannot be met as it is."""

    code: ClassVar[str] = "web.refused"
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST


class InvalidRequestError(RequestRefusedError):
    """A parameter or the body does not fit."""

    code: ClassVar[str] = "request.invalid"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    next_step: ClassVar[Words] = Words(
        "请按 /openapi.json 中的接口说明修改请求。", "Correct the request; /openapi.json describes the interface."
    )


class NotFoundError(RequestRefusedError):
    """What is named does not exist."""

    code: ClassVar[str] = "request.not_found"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    next_step: ClassVar[Words] = Words("请核对地址、名称或编号。", "Check the address, the name or the number.")


class HttpError(WebError):
    """What the web framework refuses by itself, such as a wrong method."""

    code: ClassVar[str] = "web.http"
    next_step: ClassVar[Words] = Words(
        "请核对地址与方法，见 /openapi.json。", "Check address and method; see /openapi.json."
    )

    def __init__(self, status: int, words: Words) -> None:
        super().__init__(words)
        self.status = status


class HostRefusedError(RequestRefusedError):
    """The request names a host that this server does not answer for (DNS rebinding looks like this)."""

    code: ClassVar[str] = "web.host_refused"
    status: ClassVar[HTTPStatus] = HTTPStatus.FORBIDDEN
    next_step: ClassVar[Words] = Words(
        "请使用配置中登记的地址访问，或由管理员在 allowed_hosts 中加入该名称。",
        "Use an address from the configuration, or have the administrator add this name to allowed_hosts.",
    )


class CrossOriginError(RequestRefusedError):
    """A page of another site tried to change something here."""

    code: ClassVar[str] = "web.cross_origin"
    status: ClassVar[HTTPStatus] = HTTPStatus.FORBIDDEN
    next_step: ClassVar[Words] = Words(
        "请在本系统的页面内操作；程序对接请勿发送 Origin 请求头。",
        "Work from this system's own pages; programs send no Origin header.",
    )


class BodyTooLargeError(RequestRefusedError):
    """The request body is larger than the server takes."""

    code: ClassVar[str] = "web.body_too_large"
    status: ClassVar[HTTPStatus] = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    next_step: ClassVar[Words] = Words("请拆分后再提交。", "Send it in smaller parts.")
