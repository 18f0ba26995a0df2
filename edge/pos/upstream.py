"""Sends a message on as it came, and tells apart what was never sent from what was not answered.

Headers and bodies go both ways as they are, but for those headers that belong to one connection (RFC 9110, 7.6.1) and
`Host`, which names whom we ask; path and query go on to the letter. Nothing is decompressed, followed or tried again
here.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import unquote_to_bytes

import httpx

from codes.words import Words
from wire.rpc import NotSentError, OutcomeUnknownError

Headers = tuple[tuple[bytes, bytes], ...]
_OF_ONE_CONNECTION = frozenset(
    b"connection proxy-connection keep-alive te trailer transfer-encoding upgrade proxy-authenticate"
    b" proxy-authorization".split()
)
_BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
_OURS = frozenset({b"host", b"content-length"})
_ACCEPTED = b"accept-encoding"
_PRINTABLE = re.compile(rb"[!-~]+")
_BETWEEN_SEGMENTS = re.compile(rb"[/\\]")


@dataclass(frozen=True, slots=True)
class Post:
    """One HTTP request, as it goes on."""

    method: str
    target: bytes
    """Path and query, exactly as they came."""
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether HTTP calls it one."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class Upstream:
    """Where messages go: the centre, or a national gateway.

    Args:
        address: Its address; a path in it goes before the path of each message.
        timeout_s: How long an answer may take.
        transport: For tests without a network.
        verify: Whose certificates are believed.
    """

    def __init__(
        self, address: str, timeout_s: float, transport: httpx.AsyncBaseTransport | None = None, *,
        verify: ssl.SSLContext | bool = True,
    ) -> None:  # fmt: skip
        self._address = httpx.URL(address)
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 10.0)),
            transport=transport,
            trust_env=False,
            verify=verify,
        )
        # A POS that names no user agent is not given ours, and none is given the cookies of another.
        self._client.headers.clear()
        self._client.cookies = httpx.Cookies()
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def send(self, post: Post) -> Reply:
        """Send and return the answer.

        Raises:
            NotSentError: It never left.
            OutcomeUnknownError: It may have arrived.
        """
        raw_path = self._address.raw_path.partition(b"?")[0].rstrip(b"/") + post.target
        request = self._client.build_request(
            post.method, self._address.copy_with(raw_path=raw_path), headers=passed_on(post.headers), content=post.body,
            # The client would write some letters of a path anew.
            extensions={"target": raw_path} if _PRINTABLE.fullmatch(raw_path) else None,
        )  # fmt: skip
        try:
            answer = await self._client.send(request, stream=True)
            try:
                body = b"".join([chunk async for chunk in answer.aiter_raw()])
            finally:
                await answer.aclose()
        except _BEFORE_SENDING as exc:
            raise NotSentError(
                Words("无法连接医保接口，报文未发出", "The interface cannot be reached; nothing was sent")
            ) from exc
        except httpx.HTTPError as exc:
            raise OutcomeUnknownError(
                Words("报文已发出但未收到应答，结果未知", "It was sent and not answered; the outcome is unknown")
            ) from exc
        return Reply(answer.status_code, tuple(answer.headers.raw), body)


def passed_on(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers that go on, in their order, as they are spelt."""
    given = list(headers)
    named = {name.strip().lower() for key, value in given if key.lower() == b"connection" for name in value.split(b",")}
    gone = _OF_ONE_CONNECTION | _OURS | named
    return [(key, value) for key, value in given if key.lower() not in gone]


def with_headers(headers: Sequence[tuple[bytes, bytes]], others: dict[str, str]) -> Headers:
    """Return the headers with some of them said anew."""
    names = {name.lower().encode() for name in others}
    kept = [(key, value) for key, value in headers if key.lower() not in names]
    return (*kept, *((name.encode(), value.encode()) for name, value in others.items()))


def unpacked(headers: Headers) -> Headers:
    """Return the headers of a message whose answer is read here: it is not to come packed as only a POS can open it."""
    return tuple((key, b"identity" if key.lower() == _ACCEPTED else value) for key, value in headers)


def climbs(target: bytes) -> bool:
    """Tell whether a path goes up or stays (`..`, `.`), spelt out or hidden: each server has it lead elsewhere."""
    path = unquote_to_bytes(target.partition(b"?")[0])
    return any(segment.partition(b";")[0] in {b".", b".."} for segment in _BETWEEN_SEGMENTS.split(path))
