"""One MQTT session that comes back by itself and never pretends.

Three rules, each learnt the hard way by others:

* Nothing is published while the link is down. paho would queue it in memory and lose it, or send it twice; the
  outbox is the only queue. `Link.publish` says `False` instead.
* Nagle's algorithm is off: with it, a request and its answer take 86 ms instead of 1.5.
* Every connection attempt has a client of its own, so that nothing of the last session is sent in the next, and the
  waits between attempts grow with full jitter, so that ten thousand terminals do not return at once.

A link with `on_exchange` also asks and answers, by MQTT 5's request and response (`wire.exchange`).

Callbacks run on the link's thread and must not block; no lock of ours is ever held across a call into paho.
"""

from __future__ import annotations

import random
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from wire.backoff import Backoff
from wire.exchange import Exchange, HearExchange, exchange_of, properties_of
from wire.link_loss import Cause, LinkLoss, Tussle, detail_of, loss_by_error, loss_by_reason

MAX_IN_FLIGHT = 100
"""Publishes that wait for the broker's acknowledgement; paho slows down beyond."""

HANDSHAKE_S = 15.0
"""How long a broker may take to open the session and confirm the subscriptions."""
_LOOP_S = 1.0
_FAREWELL_S = 1.0
"""How long a farewell waits for its place among what is not acknowledged, and then for its own acknowledgement."""
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Where the broker is and how to come back to it."""

    client_id: str
    host: str = "127.0.0.1"
    port: int = 1883
    keepalive_s: int = 20
    connect_timeout_s: float = 5.0
    backoff_first_s: float = 0.2
    """Upper bound of the first wait; it doubles with each failure. For whoever is the only one of a kind, such as the
    centre; a terminal among many waits longer (`wire.backoff.AMONG_MANY_S`)."""
    backoff_most_s: float = 30.0
    ca_file: str | None = None
    """PEM of the broker's authority; without it the connection is plain, which is for loopback only."""
    certificate_file: str | None = None
    key_file: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Retained:
    """A message the broker keeps, or sends when we vanish."""

    topic: str
    frame: bytes


class LinkListener(Protocol):
    """Who is told. All calls come from the link's thread."""

    def link_up(self) -> None:
        """The session is open and the subscriptions are confirmed."""

    def link_down(self, loss: LinkLoss) -> None:
        """The session ended or could not be opened."""

    def message(self, topic: str, frame: bytes) -> None:
        """A message arrived on a subscribed topic."""


@dataclass(frozen=True, slots=True)
class Session:
    """What is said at every connect."""

    subscriptions: tuple[str, ...]
    will: Retained | None = None
    greeting: Retained | None = None
    """Published, retained, as soon as the session is open."""


SessionFactory = Callable[[], Session]
"""Called before each attempt: a birth and a will carry the session's own id and time."""


class Link:
    """A connection to the broker that is kept up until `stop`."""

    def __init__(
        self,
        settings: LinkSettings,
        listener: LinkListener,
        new_session: SessionFactory,
        *,
        rng: random.Random,
        on_fatal: Callable[[], None] = lambda: None,
        on_exchange: HearExchange | None = None,
    ) -> None:
        self._settings = settings
        self._on_fatal = on_fatal
        self._on_exchange = on_exchange
        self._listener = listener
        self._new_session = new_session
        self._rng = rng
        self._stopping = threading.Event()
        self._client: Client | None = None
        self._is_up = False
        self._loss: LinkLoss | None = None
        self._up_since_s = 0.0
        self._tussle = Tussle()
        self._thread = threading.Thread(target=self._keep_up, name="link", daemon=True)

    @property
    def is_up(self) -> bool:
        """The session is open. May change at any moment; `publish` is the test that counts."""
        return self._is_up

    def start(self) -> None:
        """Begin to connect, in a thread of its own."""
        self._thread.start()

    def stop(self, farewell: Retained | None = None, *, timeout_s: float = 3.0) -> None:
        """End the session in good order: say `farewell`, disconnect (so that no will is sent), join the thread."""
        # First of all: if the session breaks while the farewell waits, no new one may say that we are there.
        self._stopping.set()
        client = self._client
        is_told = True
        # Also while the session is just coming up: its greeting may be out already.
        if farewell is not None and client is not None and client.is_connected():
            said = _publish_on(client, farewell.topic, farewell.frame, retain=True, wait_s=_FAREWELL_S)
            is_told = said is not None
            if said is not None and self._thread is not threading.current_thread():
                # A broker that acknowledges to a closed socket takes that for a death, although a disconnect follows.
                said.wait_for_publish(_FAREWELL_S)
        client = self._client
        if client is not None and is_told:
            # Unacknowledged or not: whoever hears the disconnect has heard the farewell before it.
            client.disconnect()
        elif client is not None:
            # The broker acknowledges nothing: let the will say what the farewell could not.
            _hang_up(client)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def publish(self, topic: str, frame: bytes) -> bool:
        """Hand `frame` to the broker at QoS 1.

        Returns:
            False if the link is down or too much waits for acknowledgement: keep the row, try later. True means only
            that it left; whether it is safe is said by a receipt.
        """
        client = self._client
        return client is not None and self._is_up and _publish_on(client, topic, frame, retain=False) is not None

    def exchange(self, topic: str, frame: bytes, exchange: Exchange) -> bool:
        """Hand a question or an answer to the broker, at QoS 0: who misses an answer asks again.

        Returns:
            False if the link is down or too much waits to leave.
        """
        client = self._client
        if client is None or not self._is_up:
            return False
        properties = properties_of(exchange)
        return _publish_on(client, topic, frame, retain=False, qos=0, properties=properties) is not None

    # -- the link's own thread ------------------------------------------------------------------------------------

    def _keep_up(self) -> None:
        backoff = Backoff(self._settings.backoff_first_s, self._settings.backoff_most_s)
        failures = 0
        try:
            while not self._stopping.is_set():
                failures = 0 if self._run_session() else failures + 1
                self._stopping.wait(backoff.wait_s(failures, self._rng))
        finally:
            self._is_up = False
            if not self._stopping.is_set():
                # Whoever owns the link must know: nothing goes out any more, and nobody tries again.
                self._on_fatal()

    def _run_session(self) -> bool:
        """Connect and serve until the session ends. Returns whether to come back at once."""
        session = self._new_session()
        try:
            client = self._make_client(session)
        except (OSError, ValueError) as exc:
            # Certificates that were there at the start may be gone or changed by now.
            cause = Cause.TLS if isinstance(exc, OSError) else Cause.FAILED
            self._listener.link_down(LinkLoss(cause, detail_of(exc)))
            return False
        try:
            client.connect(self._settings.host, self._settings.port, self._settings.keepalive_s, clean_start=True)
        except (OSError, ValueError) as exc:
            self._listener.link_down(loss_by_error(exc))
            return False
        return self._serve(client)

    def _serve(self, client: Client) -> bool:
        """Serve until the session ends. Returns whether it was ever open and is still ours."""
        self._loss = None
        self._client = client
        if self._stopping.is_set():
            # Stopped while it was connecting: then nobody could tell it.
            client.disconnect()
        was_up = False
        patience_ends = time.monotonic() + HANDSHAKE_S
        while client.loop(timeout=_LOOP_S) is MQTTErrorCode.MQTT_ERR_SUCCESS:
            was_up = was_up or self._is_up
            if not was_up and time.monotonic() > patience_ends:
                # It took the connection and says nothing: a broker that hangs, or none at all.
                self._loss = LinkLoss(Cause.CLOSED, f"no session within {HANDSHAKE_S:g} s")
                client.disconnect()
                break
        was_up = was_up or self._is_up
        self._client = None
        self._is_up = False
        ended = LinkLoss(Cause.ENDED, "session ended") if was_up else LinkLoss(Cause.CLOSED, "closed without a reason")
        loss = self._tussle.judged(self._loss or ended, time.monotonic() - self._up_since_s)
        self._listener.link_down(loss)
        # Two clients of one id would push each other out without end, so they come back ever more slowly.
        return was_up and loss.cause not in {Cause.TAKEN_OVER, Cause.UNSTEADY}

    def _make_client(self, session: Session) -> Client:
        client = _configured(self._settings)
        if self._on_exchange is not None:
            # Several threads answer, and paho would let each write to the socket in the middle of another's packet.
            client.on_socket_register_write = _leave_writing_to_the_link
        if session.will is not None:
            client.will_set(session.will.topic, session.will.frame, qos=1, retain=True)
        client.on_message = self._on_message

        def on_connect(
            client: Client, _userdata: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
        ) -> None:
            if reason.is_failure:
                self._loss = loss_by_reason(reason)
                client.disconnect()
                return
            if session.subscriptions:
                client.subscribe([(topic, 1) for topic in session.subscriptions])
            else:
                self._come_up(client, session)

        def on_subscribe(
            client: Client, _userdata: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
        ) -> None:
            # One subscription request is made per session, so this is its answer.
            if any(reason.is_failure for reason in reasons):
                _logger.error("link.subscription_refused", topics=session.subscriptions)
                self._loss = LinkLoss(Cause.LOGIN, "subscription refused")
                client.disconnect()
            else:
                self._come_up(client, session)

        client.on_connect = on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = on_subscribe
        return client

    def _come_up(self, client: Client, session: Session) -> None:
        if self._stopping.is_set():
            # The farewell has been said already: a greeting now would undo it.
            client.disconnect()
            return
        if session.greeting is not None:
            _publish_on(client, session.greeting.topic, session.greeting.frame, retain=True)
        self._up_since_s = time.monotonic()
        self._is_up = True
        self._listener.link_up()

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            _logger.info("link.disconnected", reason=str(reason))
            if flags.is_disconnect_packet_from_server:
                self._loss = self._loss or loss_by_reason(reason)

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        if self._on_exchange is None:
            self._listener.message(message.topic, bytes(message.payload))
        else:
            self._on_exchange(message.topic, bytes(message.payload), exchange_of(message.properties))


def _publish_on(
    client: Client,
    topic: str,
    frame: bytes,
    *,
    retain: bool,
    qos: int = 1,
    properties: Properties | None = None,
    wait_s: float = 0.0,
) -> MQTTMessageInfo | None:
    """Return what tells of the acknowledgement, at QoS 0 of having left; None if it cannot be sent now."""
    slots: threading.Semaphore = client.user_data_get()
    # Taken before the call, because the acknowledgement may come before paho returns from it.
    if not slots.acquire(timeout=wait_s):
        return None
    sent = client.publish(topic, frame, qos=qos, retain=retain, properties=properties)
    if sent.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS:
        slots.release()
        return None
    return sent


def _hang_up(client: Client) -> None:
    sock = client.socket()
    # paho also speaks over other things than sockets; we never let it.
    if isinstance(sock, socket.socket):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _on_publish(
    _client: Client, slots: threading.Semaphore, _mid: int, _reason: ReasonCode, _properties: Properties | None
) -> None:
    slots.release()


def _configured(settings: LinkSettings) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, client_id=settings.client_id, protocol=MQTTProtocolVersion.MQTTv5)
    # Counted in the client itself: what a former session still waited for must not narrow this one.
    client.user_data_set(threading.Semaphore(MAX_IN_FLIGHT))
    client.on_publish = _on_publish
    client.connect_timeout = settings.connect_timeout_s
    client.max_inflight_messages_set(MAX_IN_FLIGHT)
    client.on_socket_open = _without_delay
    if settings.username is not None:
        client.username_pw_set(settings.username, settings.password)
    if settings.ca_file is not None:
        client.tls_set(
            settings.ca_file,
            settings.certificate_file,
            settings.key_file,
            keyfile_password=_refuse_to_decrypt,  # type: ignore[arg-type] # handed on to ssl, which takes a callable
        )
    return client


def _without_delay(_client: Client, _userdata: object, sock: Any) -> None:
    """Send small messages at once: Nagle plus delayed acknowledgements would cost 40 ms each way."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _leave_writing_to_the_link(_client: Client, _userdata: object, _sock: object) -> None:
    """Let only the link's own thread write: paho wakes it, and writes by itself only where nobody listens here."""


def _refuse_to_decrypt() -> NoReturn:
    """Fail instead of letting OpenSSL ask for a passphrase on the terminal, and wait."""
    raise ssl.SSLError(ssl.SSL_ERROR_SSL, "the key is encrypted")
