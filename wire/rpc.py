"""A message of the national interface and its answer over MQTT: one answer, or the truth that none is known.

A terminal publishes the message, sealed with its key, on its own `…/fsi`, and names its own `…/answer` and a
correlation; the centre answers there, sealed with its key. Both seals are over topic and correlation as well
(`sealed_for`), so that the answer to another question cannot be passed off as the answer to this one.

Nothing here is kept: the messages travel at QoS 0, and while no answer comes the same bytes are sent again. The
centre knows them by `msgid` and does the deed once. If no answer comes in time, nobody can tell whether it was done:
`OutcomeUnknownError` says so, and is never to be read as "no".
"""

from __future__ import annotations

import math
import random
import secrets
import threading
import time
from collections.abc import Callable
from typing import ClassVar, Protocol

import structlog

from codes.errors import TransientError
from codes.words import Words
from wire.envelope import open_sealed, seal
from wire.errors import WireError
from wire.exchange import Exchange, HearExchange
from wire.keys import PublicKey, SigningKey
from wire.link import Link, LinkListener, LinkSettings, Session, SessionFactory
from wire.link_loss import LinkLoss
from wire.topics import Channel, TerminalTopics

CORRELATION_BYTES = 16
ASK_AGAIN_S = 1.0
"""After this the same bytes are sent again; the wait doubles each time."""
ASK_AGAIN_MOST_S = 5.0
_LINK_STOP_S = 2.0
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class NotSentError(WireError, TransientError):
    """The message never left: nothing was done, and it may be sent later as it is."""

    code: ClassVar[str] = "fsi.not_sent"
    next_step: ClassVar[Words] = Words(
        "请检查网络与消息代理，恢复后重试；本次没有发生任何业务。",
        "Check the network and the broker and try again; nothing was done.",
    )


class OutcomeUnknownError(WireError, TransientError):
    """The message left and no answer came: it may have been done or not."""

    code: ClassVar[str] = "fsi.outcome_unknown"
    next_step: ClassVar[Words] = Words(
        "请用同一报文（同一 msgid）重发或查询；仍无结果时用 2601 冲正。未查清之前不要重新结算。",
        "Send the same message (same msgid) again or query; if that does not help, reverse it with 2601. "
        "Do not settle anew before that.",
    )


class CallerLink(Protocol):
    """What the caller asks of the link (`wire.link.Link`)."""

    @property
    def is_up(self) -> bool:
        """The session is open."""

    def start(self) -> None:
        """Begin to connect."""

    def stop(self, *, timeout_s: float) -> None:
        """End the session."""

    def exchange(self, topic: str, frame: bytes, exchange: Exchange) -> bool:
        """Hand a question to the broker; False means that it cannot be now."""


class NewCallerLink(Protocol):
    """Makes the link; it does not connect yet."""

    def __call__(
        self,
        settings: LinkSettings,
        listener: LinkListener,
        new_session: SessionFactory,
        /,
        *,
        rng: random.Random,
        on_exchange: HearExchange,
    ) -> CallerLink:
        """Return the link that tells of answers by `on_exchange`."""


def sealed_for(topic: str, correlation: bytes) -> str:
    r"""Return what the seal of a question or an answer names as its topic.

    >>> sealed_for("yima/1/350200/07/T-001/fsi", b"\x01\xff")
    'yima/1/350200/07/T-001/fsi#01ff'
    """
    return f"{topic}#{correlation.hex()}"


class FsiCaller:
    """Asks the centre, over a connection of its own. Any number of threads may call at once."""

    def __init__(
        self,
        settings: LinkSettings,
        topics: TerminalTopics,
        key: SigningKey,
        centre: PublicKey,
        *,
        rng: random.Random,
        new_link: NewCallerLink = Link,
        new_correlation: Callable[[], bytes] = lambda: secrets.token_bytes(CORRELATION_BYTES),
        monotonic: Callable[[], float] = time.monotonic,
        on_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._topic, self._answer_topic = topics.on(Channel.FSI), topics.on(Channel.ANSWER)
        self._key, self._centre = key, centre
        self._new_correlation, self._monotonic, self._on_up = new_correlation, monotonic, on_up
        self._news = threading.Condition()
        self._answers: dict[bytes, bytes | None] = {}
        """By correlation: what somebody waits for, and what came."""
        self._ups = 0
        self._is_stopped = False
        self.strays = 0
        """Messages that answer nothing that is asked, or prove nothing."""
        session = Session((self._answer_topic,))
        self._link = new_link(settings, self, lambda: session, rng=rng, on_exchange=self.hear)

    @property
    def is_up(self) -> bool:
        """The connection is open."""
        return self._link.is_up

    def start(self) -> None:
        """Begin to connect."""
        self._link.start()

    def stop(self) -> None:
        """End the connection; who still waits is told at once that the outcome is not known."""
        with self._news:
            self._is_stopped = True
            self._news.notify_all()
        self._link.stop(timeout_s=_LINK_STOP_S)

    def call(self, body: bytes, timeout_s: float) -> bytes:
        """Send the message `body` and return the bytes of its answer.

        Raises:
            NotSentError: It never left; nothing was done.
            OutcomeUnknownError: It left, and no answer came within `timeout_s`.
        """
        correlation = self._new_correlation()
        frame = seal(body, sealed_for(self._topic, correlation), self._key)
        with self._news:
            self._answers[correlation] = None
        try:
            return self._ask_until_answered(frame, correlation, self._monotonic() + timeout_s)
        finally:
            with self._news:
                del self._answers[correlation]

    def _ask_until_answered(self, frame: bytes, correlation: bytes, deadline: float) -> bytes:
        has_left, pause = False, ASK_AGAIN_S
        while (left := deadline - self._monotonic()) > 0 and not self._is_stopped:
            ups = self._ups
            question = Exchange(correlation, self._answer_topic, expires_s=math.ceil(left))
            has_left = self._link.exchange(self._topic, frame, question) or has_left
            answer = self._await(correlation, ups, min(left, pause))
            if answer is not None:
                return answer
            pause = min(2 * pause, ASK_AGAIN_MOST_S)
        if has_left:
            raise OutcomeUnknownError(Words("中心没有及时应答，结果未知", "No answer in time: the outcome is unknown"))
        raise NotSentError(Words("与中心没有连接，报文未发出", "There is no connection to the centre; nothing left"))

    def _await(self, correlation: bytes, ups: int, timeout_s: float) -> bytes | None:
        """Wait for the answer, or until the connection has come back, so that it is worth asking again."""
        with self._news:
            self._news.wait_for(
                lambda: self._answers[correlation] is not None or self._ups != ups or self._is_stopped, timeout_s
            )
            return self._answers[correlation]

    # -- on the link's thread --------------------------------------------------------------------------------------

    def hear(self, topic: str, frame: bytes, exchange: Exchange) -> None:
        """Take an answer that somebody waits for, if the centre has sealed it for that very question."""
        with self._news:
            is_asked = exchange.correlation in self._answers
        if not is_asked or topic != self._answer_topic:
            self.strays += 1
            return
        centre = self._centre
        try:
            opened = open_sealed(
                frame,
                sealed_for(topic, exchange.correlation),
                lambda key_id: centre if key_id == centre.key_id else None,
            )
        except WireError as exc:
            self.strays += 1
            _logger.warning("rpc.answer_refused", code=exc.code, reason=exc.words.en)
            return
        with self._news:
            if exchange.correlation in self._answers:
                self._answers[exchange.correlation] = opened.body
                self._news.notify_all()

    def link_up(self) -> None:
        """Wake whoever waits, to ask again."""
        with self._news:
            self._ups += 1
            self._news.notify_all()
        self._on_up()

    def link_down(self, loss: LinkLoss) -> None:
        """Say why there is no connection."""
        _logger.info("rpc.link_down", cause=loss.cause, reason=loss.detail)

    def message(self, topic: str, frame: bytes) -> None:
        """Count what comes in no exchange; this link has none."""
        del topic, frame
        self.strays += 1
