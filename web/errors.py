"""Errors that a browser or an HTTP client sees from both servers. Each knows its HTTP status."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from codes.errors import YimaError
from codes.words import Words


class WebError(YimaError):
    """A request was refused before it reached the part that would answer it."""

    code: ClassVar[str] = "web.error"
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST


class HostRefusedError(WebError):
    """The request names a host that this server does not answer for (DNS rebinding looks like this)."""

    code: ClassVar[str] = "web.host_refused"
    status: ClassVar[HTTPStatus] = HTTPStatus.FORBIDDEN
    next_step: ClassVar[Words] = Words(
        "请使用配置中登记的地址访问，或由管理员在 allowed_hosts 中加入该名称。",
        "Use an address from the configuration, or have the administrator add this name to allowed_hosts.",
    )


class CrossOriginError(WebError):
    """A page of another site tried to change something here."""

    code: ClassVar[str] = "web.cross_origin"
    status: ClassVar[HTTPStatus] = HTTPStatus.FORBIDDEN
    next_step: ClassVar[Words] = Words(
        "请在本系统的页面内操作；程序对接请使用访问令牌。",
        "Work from this system's own pages; programs use an access token.",
    )


class BodyTooLargeError(WebError):
    """The request body is larger than the server takes."""

    code: ClassVar[str] = "web.body_too_large"
    status: ClassVar[HTTPStatus] = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    next_step: ClassVar[Words] = Words("请拆分后再提交。", "Send it in smaller parts.")
