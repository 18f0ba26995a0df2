"""What stands in front of both web servers: host check, cross-site check, body limit, headers, cookie flags.

The servers answer on loopback by default, and any page in any tab of the same machine can send requests there. So
the name in `Host` must be one of ours (against DNS rebinding), and a request that changes something must not come
from another site (`Sec-Fetch-Site`, else `Origin`). Requests with an `Authorization` header are exempt: a foreign
page cannot set one without a CORS permission, and none is ever given.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codes.words import Words
from web.errors import BodyTooLargeError, CrossOriginError, HostRefusedError, RequestRefusedError
from web.problem import problem_response

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
DEFAULT_BODY_LIMIT = 32 * 1024 * 1024
"""Enough for a catalogue of 200,000 products; everything else is small."""

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'; object-src 'none'"
)
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    # Not `no-referrer`: with that, browsers send `Origin: null` for our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})


class SecurityMiddleware:
    """ASGI middleware that refuses what does not belong and marks every answer.

    Args:
        app: What answers requests that are let through.
        allowed_hosts: Names besides the loopback ones under which this server is reached, without port.
        body_limit: Largest request body in bytes.
        advice: What a program should do whose request is taken for another site's; None for the general advice.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        allowed_hosts: Collection[str] = (),
        body_limit: int = DEFAULT_BODY_LIMIT,
        advice: Words | None = None,
    ) -> None:
        self._app = app
        self._hosts = LOOPBACK_NAMES | {host.lower() for host in allowed_hosts}
        self._body_limit = body_limit
        self._advice = advice

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)
        marked = _marking(send)
        if refused is None:
            await self._app(scope, self._limited(receive), marked)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refused.code})
        else:
            await problem_response(refused.status, refused)(scope, receive, marked)

    def _refusal(self, scope: Scope) -> RequestRefusedError | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _host_name(host) not in self._hosts:
            return HostRefusedError(Words(f"不接受的主机名 {host!r}", f"This server does not answer for {host!r}"))
        is_unsafe = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        if is_unsafe and "authorization" not in headers and not _is_same_site(headers):
            words = Words("请求来自其他网站", "The request comes from another site")
            return CrossOriginError(words, next_step=self._advice)
        declared = headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > self._body_limit:
            return self._too_large()
        return None

    def _limited(self, receive: Receive) -> Receive:
        """Count what really arrives: a chunked body declares no length."""
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._body_limit:
                error = self._too_large()
                raise HTTPException(error.status, error.code) from error
            return message

        return counted

    def _too_large(self) -> BodyTooLargeError:
        limit = self._body_limit
        return BodyTooLargeError(Words(f"请求超过 {limit} 字节", f"The request is larger than {limit} bytes"))


def _host_name(host: str) -> str:
    """Return the name in a `Host` header, lower case, without port and brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_same_site(headers: Headers) -> bool:
    """Tell whether a request comes from our own pages, or from a program that is no browser."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _OWN_SITES
    origin = headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _marking(send: Send) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return marked


def set_session_cookie(response: Response, name: str, token: str, *, max_age_s: int, is_tls: bool) -> None:
    """Give the browser its session: unreadable for scripts, not sent by other sites' forms."""
    response.set_cookie(name, token, max_age=max_age_s, path="/", httponly=True, samesite="lax", secure=is_tls)


def clear_session_cookie(response: Response, name: str, *, is_tls: bool) -> None:
    """Take the session away again."""
    response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=is_tls)
