"""Messages of the national interface over MQTT 5: asked on a terminal's `…/fsi`, answered on its `…/answer`.

The connection is one of its own (`client_id`-fsi), beside those for events and for what terminals say of themselves,
so that neither a wave of births nor a backlog of batches delays a settlement. Its thread only queues; a few workers
prove who asks, have the message answered, and seal the answer.

What does not prove whose it is gets no answer at all. An answer goes to the terminal's own topic and nowhere else,
whatever topic the question names. A question that came too late for its asker is dropped: it is asked again.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Protocol

import structlog

from codes.errors import TransientError, YimaError
from codes.words import Words
from server.fsi.post import Post, Reply, Voice
from server.fsi.refusals import Refusal
from server.fsi.waiting_calls import Call, WaitingCalls
from server.store import terminals
from server.store.database import Store
from server.store.institutions import CallerKind
from server.store.terminals import TrustedRow
from wire.envelope import MAGIC, open_sealed, seal
from wire.errors import CorruptMessageError, UnknownKeyError
from wire.exchange import Exchange, HearExchange
from wire.keys import PublicKey, SigningKey
from wire.link import Link, LinkListener, LinkSettings, Session, SessionFactory
from wire.link_loss import Cause, LinkLoss
from wire.receipts import Trust
from wire.rpc import sealed_for
from wire.topics import Channel, every_terminal, parse_topic

LONGEST_WAIT_S = 60
"""A question that does not say how long somebody waits is dropped after this."""
SHORTEST_CORRELATION, LONGEST_CORRELATION = 8, 64
PUBLISH_PATIENCE_S = 2.0
STOP_PATIENCE_S = 5.0
_PUBLISH_RETRY_S = 0.005
_LINK_STOP_S = 1.0
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class AnswerTopicError(Refusal):
    """The question names a topic for its answer that is not its own terminal's."""

    code: ClassVar[str] = "fsi.answer_topic"
    next_step: ClassVar[Words] = Words(
        "请把应答主题（response topic）设为本终端自己的 …/answer。",
        "Set the response topic to this terminal's own …/answer.",
    )


class CorrelationError(Refusal):
    """The question has no correlation by which its answer could be told, or an odd one."""

    code: ClassVar[str] = "fsi.correlation"
    next_step: ClassVar[Words] = Words(
        f"请在 MQTT 5 属性 correlation data 中放入 {SHORTEST_CORRELATION} 至 {LONGEST_CORRELATION} 个随机字节。",
        f"Put {SHORTEST_CORRELATION} to {LONGEST_CORRELATION} random bytes into MQTT 5's correlation data.",
    )


class TerminalNotApprovedError(Refusal):
    """The terminal is known, and nobody has approved it, or it was revoked."""

    code: ClassVar[str] = "fsi.terminal_not_approved"
    next_step: ClassVar[Words] = Words(
        "请在控制台的“终端设备”中核对指纹并批准该终端。",
        "Compare the fingerprint under “Terminals” in the console and approve the terminal.",
    )


class Answers(Protocol):
    """What answers messages (`server.fsi.answering.Answering`)."""

    def answer(self, post: Post) -> Reply:
        """Return the answer, whatever came."""

    def refuse(self, error: YimaError, arrived_at: datetime) -> Reply:
        """Return the answer that says why nothing was read at all."""


class AnswerLink(Protocol):
    """What the line asks of the link (`wire.link.Link`)."""

    def start(self) -> None:
        """Begin to connect."""

    def stop(self, *, timeout_s: float) -> None:
        """End the session."""

    def exchange(self, topic: str, frame: bytes, exchange: Exchange) -> bool:
        """Hand an answer to the broker; False means that it cannot be now."""


class NewAnswerLink(Protocol):
    """Makes the link; it does not connect yet."""

    def __call__(
        self,
        settings: LinkSettings,
        listener: LinkListener,
        new_session: SessionFactory,
        /,
        *,
        rng: random.Random,
        on_fatal: Callable[[], None],
        on_exchange: HearExchange,
    ) -> AnswerLink:
        """Return the link that tells of questions by `on_exchange`."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question whose asker is proved."""

    body: bytes
    terminal: TrustedRow
    is_sealed: bool


class FsiLine:
    """Hears all terminals and keeps its workers busy until `stop`."""

    def __init__(
        self,
        *,
        answers: Answers,
        store: Store,
        key: SigningKey,
        settings: LinkSettings,
        now: Callable[[], datetime],
        on_fatal: Callable[[], None],
        workers: int,
        group: str | None = None,
        takes_unsealed: bool = False,
        new_link: NewAnswerLink = Link,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._answers, self._store, self._key, self._now = answers, store, key, now
        self._takes_unsealed = takes_unsealed
        self._monotonic, self._sleep = monotonic, sleep
        self._on_fatal = on_fatal
        self._calls = WaitingCalls()
        self._settings = replace(settings, client_id=f"{settings.client_id}-fsi")
        self._said_cause: Cause | None = None
        self.is_up = False
        self.dropped = 0
        """Questions that found no room, came too late, or whose answer could not leave."""
        self.refused = 0
        """Frames that did not prove whose they are."""
        session = Session((every_terminal(Channel.FSI, group=group),))
        self._link = new_link(
            self._settings,
            self,
            lambda: session,
            rng=random.Random(),  # noqa: S311 - back-off
            on_fatal=on_fatal,
            on_exchange=self.hear,
        )
        self._workers = [
            threading.Thread(target=self._work, name=f"fsi-{number}", daemon=True) for number in range(workers)
        ]

    @property
    def waiting(self) -> int:
        """Questions that no worker has taken yet."""
        return self._calls.waiting

    def start(self) -> None:
        """Begin to answer."""
        for worker in self._workers:
            worker.start()
        self._link.start()

    def stop(self) -> None:
        """Answer what is in work, forget what waits, and end the threads."""
        self._calls.close()
        deadline = self._monotonic() + STOP_PATIENCE_S
        for worker in self._workers:
            worker.join(timeout=max(0.0, deadline - self._monotonic()))
        self._link.stop(timeout_s=_LINK_STOP_S)

    # -- on the link's thread --------------------------------------------------------------------------------------

    def hear(self, topic: str, frame: bytes, exchange: Exchange) -> None:
        """Queue a question."""
        try:
            topics, channel = parse_topic(topic)
        except YimaError:
            self.refused += 1
            return
        if channel is not Channel.FSI or not frame:
            self.refused += 1
            return
        patience_s = LONGEST_WAIT_S if exchange.expires_s is None else min(exchange.expires_s, LONGEST_WAIT_S)
        if not self._calls.put(Call(topics, topic, frame, exchange, self._monotonic() + patience_s)):
            self.dropped += 1
            if self.dropped == 1:
                _logger.error("fsi.queue_full", client_id=self._settings.client_id)

    def link_up(self) -> None:
        """Tell that the connection is up."""
        self.is_up, self._said_cause = True, None
        _logger.info("fsi.link_up", client_id=self._settings.client_id)

    def link_down(self, loss: LinkLoss) -> None:
        """Tell that the connection is down, if it is not known for this reason."""
        self.is_up = False
        if loss.cause is not self._said_cause:
            broker = f"{self._settings.host}:{self._settings.port}"
            _logger.warning(
                "fsi.link_down",
                client_id=self._settings.client_id,
                cause=loss.cause,
                reason=loss.detail,
                broker=broker,
            )
        self._said_cause = loss.cause

    def message(self, topic: str, frame: bytes) -> None:
        """Count what comes outside an exchange; this link has only exchanges."""
        del topic, frame
        self.refused += 1

    # -- on the workers' threads -----------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while (call := self._calls.take()) is not None:
                try:
                    self._deal_with(call)
                except TransientError as exc:
                    # The database does not even tell whose key it is: the terminal asks again.
                    self.dropped += 1
                    _logger.error("fsi.not_answered", code=exc.code, reason=exc.words.en)
                finally:
                    self._calls.done(call)
        finally:
            if not self._calls.is_closed:
                # Whatever ended this thread must end the program too, rather than leave terminals without an answer.
                self._on_fatal()

    def _deal_with(self, call: Call) -> None:
        if self._monotonic() >= call.expires_at_s:
            self.dropped += 1
            return
        try:
            asked = self._proved(call)
        except YimaError as exc:
            if isinstance(exc, TransientError):
                raise
            self.refused += 1
            _logger.warning("fsi.unproved", terminal=call.topics.terminal, code=exc.code, reason=exc.words.en)
            return
        self._send(call, self._reply(call, asked), is_sealed=asked.is_sealed)

    def _proved(self, call: Call) -> _Asked:
        """Return the question and whose it is.

        Raises:
            WireError: It does not prove whose it is.
            StoreUnavailableError: The database does not answer.
        """
        name = call.topics.terminal
        with self._store.reading() as connection:
            row = terminals.load_trusted(connection, [name]).get(name)
        if row is None:
            raise UnknownKeyError(Words(f"未登记的终端 {name}", f"There is no terminal {name}"))
        if not call.frame.startswith(MAGIC):
            if self._takes_unsealed:
                return _Asked(call.frame, row, is_sealed=False)
            raise CorruptMessageError(Words("报文没有终端的签名封装", "The request has no seal of the terminal"))
        key = PublicKey(row.public_key)
        opened = open_sealed(
            call.frame,
            sealed_for(call.topic, call.exchange.correlation),
            lambda key_id: key if key_id == key.key_id else None,
        )
        return _Asked(opened.body, row, is_sealed=True)

    def _reply(self, call: Call, asked: _Asked) -> Reply:
        arrived_at = self._now()
        refusal = _refusal(call, asked.terminal)
        if refusal is not None:
            return self._answers.refuse(refusal, arrived_at)
        voice = Voice(CallerKind.TERMINAL, asked.terminal.id, asked.terminal.institution)
        return self._answers.answer(Post(asked.body, {}, voice, arrived_at))

    def _send(self, call: Call, reply: Reply, *, is_sealed: bool) -> None:
        topic, correlation = call.topics.on(Channel.ANSWER), call.exchange.correlation
        frame = seal(reply.body, sealed_for(topic, correlation), self._key) if is_sealed else reply.body
        deadline = self._monotonic() + PUBLISH_PATIENCE_S
        while not self._link.exchange(topic, frame, Exchange(correlation)):
            if not self.is_up or self._monotonic() > deadline:
                # The terminal asks again and gets the same answer.
                self.dropped += 1
                return
            self._sleep(_PUBLISH_RETRY_S)


def _refusal(call: Call, terminal: TrustedRow) -> Refusal | None:
    """Return why a proved question is not even read."""
    if terminal.trust != Trust.APPROVED:
        return TerminalNotApprovedError(Words("终端尚未批准或已吊销", "The terminal is not approved, or was revoked"))
    if call.exchange.answer_to not in {"", call.topics.on(Channel.ANSWER)}:
        return AnswerTopicError(
            Words("应答主题不是本终端的 …/answer", "The response topic is not this terminal's own …/answer")
        )
    if not SHORTEST_CORRELATION <= len(call.exchange.correlation) <= LONGEST_CORRELATION:
        return CorrelationError(Words("缺少或不合规的关联数据", "The correlation data are missing or of an odd length"))
    return None
