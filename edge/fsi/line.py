"""The one way out to the interface: an answer, or the truth that nothing left, or that nobody knows.

Both lines block and are called from a thread that may wait. They keep nothing and repeat nothing by themselves, but
for what `wire.rpc` sends again within one question.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from types import MappingProxyType
from typing import ClassVar, Protocol

import httpx

from codes.words import Words
from edge.clock import Clock
from wire.errors import WireError
from wire.fsi.areas import Area
from wire.fsi.asking import Answer, Asked, Asker
from wire.fsi.signing import Outgoing, Protection, Secrets, SigningError, protection_of
from wire.rpc import NotSentError, OutcomeUnknownError

MOST_ANSWER_BYTES = 64 * 1024 * 1024
_CONNECT_S = 5.0
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_PASSWORD, _NONE = "card_password", "none"
_NOT_LOOKED_AT = frozenset({"fsi.busy", "fsi.internal", "fsi.replayed", "store.unavailable", "people.seal_broken"})
"""Refusals that do not say whether it was done: the same message is to be sent again."""
_NEVER_LEFT = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError,
    httpx.LocalProtocolError, httpx.InvalidURL,
)  # fmt: skip
"""Refused, no such host, no TLS, or no request at all."""


class UnsendableError(NotSentError):
    """It cannot be signed or hidden here, now or later: a key is missing, or the person's password."""

    code: ClassVar[str] = "fsi.unsendable"
    next_step: ClassVar[Words] = Words(
        "请补齐密钥或请参保人重新输入密码；本次没有发生任何业务。",
        "Put the missing key in place, or let the person type the password again; nothing was done.",
    )


class FsiLine(Protocol):
    """Carries messages to the interface."""

    @property
    def keeps_answers(self) -> bool:
        """Whether the other side knows a message by its msgid: sent again, it is not done again, only answered."""
        ...

    def ask(self, asked: Asked, within_s: float, *, password: str | None = None) -> Answer:
        """Send a message and return its answer.

        Raises:
            NotSentError: It provably never left.
            OutcomeUnknownError: It left, or may have left, and no answer that can be read came in time.
        """
        ...


class Caller(Protocol):
    """What carries a message over MQTT (`wire.rpc.FsiCaller`)."""

    def call(self, body: bytes, timeout_s: float) -> bytes:
        """Return the answer to `body`.

        Raises:
            NotSentError: It never left.
            OutcomeUnknownError: It left, and no answer came.
        """
        ...


class MqttLine:
    """Over MQTT to our centre, which keeps every answer."""

    keeps_answers = True

    def __init__(self, caller: Caller, area: Area, secrets: Secrets, clock: Clock) -> None:
        self._asker = Asker(area, _inside_the_seal(area), secrets)
        self._caller, self._clock = caller, clock

    def ask(self, asked: Asked, within_s: float, *, password: str | None = None) -> Answer:
        """Send a message and return its answer, as every line."""
        outgoing = _outgoing(self._asker, asked, self._clock, password)
        return _answer_in(self._asker, asked, self._caller.call(outgoing.body, within_s), self._clock)


class HttpLine:
    """Over HTTP, to our centre or to a gateway of the national platform. Each message has a connection of its own.

    A connection that is kept may be closed by the other side in the moment of sending: then nobody could tell whether
    anything was done.
    """

    def __init__(
        self,
        url: str,
        asker: Asker,
        clock: Clock,
        *,
        keeps_answers: bool,
        headers: Mapping[str, str] = _NO_HEADERS,
        tls: ssl.SSLContext | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url, self._asker, self._clock, self._keeps = url, asker, clock, keeps_answers
        self._headers, self._monotonic = headers, monotonic
        # No proxy of the environment, no redirect: a settlement goes where the configuration says, or nowhere.
        self._client = httpx.Client(
            verify=True if tls is None else tls, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    @property
    def keeps_answers(self) -> bool:
        """Whether the other side answers a message that is sent again with what it answered first."""
        return self._keeps

    def close(self) -> None:
        """Let go of what the client holds."""
        self._client.close()

    def ask(self, asked: Asked, within_s: float, *, password: str | None = None) -> Answer:
        """Send a message and return its answer, as every line."""
        outgoing = _outgoing(self._asker, asked, self._clock, password)
        status, body = self._posted(outgoing, within_s)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _unknown(Words(f"对方应答 HTTP {status}", f"The other side answered HTTP {status}"))
        return _answer_in(self._asker, asked, body, self._clock)

    def _posted(self, outgoing: Outgoing, within_s: float) -> tuple[int, bytes]:
        deadline = self._monotonic() + within_s
        timeout = httpx.Timeout(within_s, connect=min(_CONNECT_S, within_s))
        try:
            with self._client.stream(
                "POST", self._url, content=outgoing.body, headers={**self._headers, **outgoing.headers}, timeout=timeout
            ) as response:
                return response.status_code, b"".join(self._pieces(response, deadline))
        except _NEVER_LEFT as exc:
            raise NotSentError(Words(f"无法连接接口：{exc}", f"The interface cannot be reached: {exc}")) from exc
        except (httpx.HTTPError, httpx.StreamError) as exc:
            raise _unknown(
                Words(
                    f"应答中断或超时（{type(exc).__name__}）", f"The answer broke off or is late ({type(exc).__name__})"
                )
            ) from exc

    def _pieces(self, response: httpx.Response, deadline: float) -> Iterator[bytes]:
        """Yield the answer. One that trickles is late as well: every piece begins a time-out anew."""
        size = 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > MOST_ANSWER_BYTES or self._monotonic() > deadline:
                raise _unknown(Words("应答过长或过慢", "The answer is too long or too slow"))
            yield piece


def _inside_the_seal(area: Area) -> Protection:
    """Return what is left of an area's protection where the frame's seal stands for signature, headers and form."""
    signer = _PASSWORD if _PASSWORD in area.signer.split("+") else _NONE
    return protection_of(replace(area, signer=signer, encryptor=_NONE, transport="plain"))


def _outgoing(asker: Asker, asked: Asked, clock: Clock, password: str | None) -> Outgoing:
    try:
        return asker.outgoing(asked, clock.now(), password=password)
    except SigningError as exc:
        raise UnsendableError(exc.words) from exc


def _answer_in(asker: Asker, asked: Asked, body: bytes, clock: Clock) -> Answer:
    try:
        answer = asker.read(asked, body, clock.now())
    except WireError as exc:
        raise _unknown(exc.words) from exc
    if not answer.is_success and answer.code in _NOT_LOOKED_AT:
        raise _unknown(Words(f"对方暂不能办理：{answer.message}", f"Not now: {answer.message}"))
    return answer


def _unknown(why: Words) -> OutcomeUnknownError:
    return OutcomeUnknownError(Words(f"{why.zh}；结果未知", f"{why.en}; the outcome is unknown"))
