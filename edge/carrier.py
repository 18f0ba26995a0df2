"""The terminal on the line: birth and last will, health every half minute, and the uplink that drains the outbox.

The link runs in a thread of its own and only ever hands things over; everything is done on the event loop.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

import msgspec
import structlog

from codes.errors import TransientError, YimaError
from codes.words import Words
from edge.alerts import Alert, alert_json
from edge.clock import Clock
from edge.config import LinkSection
from edge.errors import EdgeError
from edge.health import TerminalStatus
from edge.reporting import Reporting
from edge.store.lane import InStore, Reading
from edge.store.outbox import Outbox, read_stock
from edge.supervisor import failure_of
from edge.sync_board import SyncBoard
from edge.uplink import Answer, Uplink
from rules.scan_judgement import Tone
from web.live import LiveBus
from web.tls import try_broker_files
from wire.backoff import AMONG_MANY_S
from wire.envelope import seal
from wire.keys import PublicKey, SigningKey
from wire.link import Link, LinkSettings, Retained, Session
from wire.link_loss import Cause, LinkLoss
from wire.presence import PRESENCE_VERSION, Health, Presence, PresenceState, encode
from wire.topics import Channel, TerminalTopics

STOP_S = 1.5
"""How long saying goodbye may take; a terminal stops within three seconds."""
OFFSET_STEP_MS = 100
"""A clock offset is written down when it has moved by this much: a receipt a second need not be a commit a second."""
SLOW_ROUND_TRIP_S = 5.0
"""An answer that took longer says little about the centre's clock."""

_NONCE_BYTES = 16
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


_FORKED: Final = Alert(
    "store.forked",
    Tone.ALARM,
    Words(
        "本机数据库另有副本在用，记录已分开保存，未结账的清单已撤销",
        "A copy of this store is in use elsewhere; records are kept apart from now on, the open list was set aside",
    ),
    Words(
        "请刷新页面并重新扫描未结账的药盒；请管理员停用另一台机器上的副本。",
        "Reload the page and scan the boxes of the open list again; an administrator stops the other copy.",
    ),
)


class LinkEndedError(EdgeError, TransientError):
    """The thread that keeps the line up has ended although nobody stopped it."""

    code: ClassVar[str] = "link.ended"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the terminal says it is."""

    topics: TerminalTopics
    institution: str
    label: str
    epoch: str
    version: str
    key: SigningKey
    centre_key: PublicKey


class Carrier:
    """Carries the outbox to the centre while there is a line, and says how the terminal is."""

    def __init__(
        self,
        *,
        identity: Identity,
        settings: LinkSettings,
        outbox: Outbox,
        in_store: InStore,
        read: Reading,
        glance: Callable[[], Awaitable[TerminalStatus]],
        board: SyncBoard,
        bus: LiveBus,
        clock: Clock,
    ) -> None:
        self._identity = identity
        self._outbox = outbox
        self._in_store = in_store
        self._board = board
        self._bus = bus
        self._clock = clock
        self._session = ""
        self._birth: Retained | None = None
        self._epoch = identity.epoch
        self._centre: str | None = None
        self._offset_ms: int | None = None
        self._broker = f"{settings.host}:{settings.port}"
        self._said_cause: Cause | None = None
        self._link_ended = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._notes: set[asyncio.Future[Exception | None]] = set()
        self._link = Link(settings, self, self._new_session, rng=secrets.SystemRandom(), on_fatal=self._note_link_ended)
        self._uplink = Uplink(
            outbox=outbox,
            in_store=in_store,
            link=self,
            topics=identity.topics,
            key=identity.key,
            centre_key=identity.centre_key,
            clock=clock,
            new_nonce=partial(secrets.token_hex, _NONCE_BYTES),
            on_answer=self._note_answer,
            on_refused=board.note_refused_receipt,
        )
        self._reporting = Reporting(
            glance=glance,
            stock=lambda: read(read_stock),
            session=lambda: self._session,
            send=self._send_health,
            clock=clock,
        )

    def rows_added(self) -> None:
        """Say that a row was committed; from any thread."""
        self._uplink.rows_added()

    def counted(self) -> dict[str, int]:
        """Return what the uplink has counted."""
        uplink, board = self._uplink, self._board
        return {
            "receipts": board.receipts,
            "receipts_refused": uplink.refused_receipts,
            "receipts_strange": uplink.strange_receipts,
            "batches_resent": uplink.resent,
            "requests_ignored": uplink.ignored_asks,
        }

    async def run(self) -> None:
        """Carry until cancelled, then say that the terminal was stopped.

        Raises:
            ExceptionGroup: A part has failed, such as the link's thread; whoever runs this starts it again.
        """
        farewell = None
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._uplink.run(), name="uplink")
                self._link.start()
                group.create_task(self._reporting.run(), name="health")
                group.create_task(self._watch_link(), name="link")
        except asyncio.CancelledError:
            # Somebody wanted it. A failure says nothing: we are back in a moment.
            farewell = self._presence(PresenceState.STOPPED, self._clock.now())
            raise
        finally:
            await asyncio.to_thread(self._link.stop, farewell, timeout_s=STOP_S)
            self._board.is_up = False

    # -- told by the link, in its thread ---------------------------------------------------------------------------

    def link_up(self) -> None:
        """Note that the line is open."""
        if not self._board.is_up:
            _logger.info("link.up")
        self._said_cause = None
        self._board.line_up()
        self._uplink.link_changed(is_up=True)
        self._on_loop(self._reporting.report_now)

    def link_down(self, loss: LinkLoss) -> None:
        """Note that the line is closed; said once for each cause, not at every attempt."""
        if loss.cause is not self._said_cause:
            _logger.warning("link.down", cause=loss.cause, reason=loss.detail, broker=self._broker)
        self._said_cause = loss.cause
        self._board.line_down(loss)
        self._uplink.link_changed(is_up=False)

    def message(self, topic: str, frame: bytes) -> None:
        """Hand a receipt or a request of the centre to the uplink."""
        if topic == self._identity.topics.on(Channel.ASK):
            self._uplink.ask_arrived(frame)
        else:
            self._uplink.receipt_arrived(frame)

    def _note_link_ended(self) -> None:
        self.link_down(LinkLoss(Cause.FAILED, "the link's thread has ended"))
        self._on_loop(self._link_ended.set)

    def _on_loop(self, call: Callable[[], object]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    async def _watch_link(self) -> None:
        await self._link_ended.wait()
        raise LinkEndedError(Words("上传线程意外结束", "The link's thread has ended unasked"))

    # -- told by the uplink ----------------------------------------------------------------------------------------

    def publish(self, topic: str, frame: bytes) -> bool:
        """Hand a batch to the line; from then on the centre owes an answer."""
        is_sent = self._link.publish(topic, frame)
        if is_sent:
            self._board.note_sent()
        return is_sent

    # -- what is said ----------------------------------------------------------------------------------------------

    def _new_session(self) -> Session:
        """Begin a new life on the line: its birth and its last will carry the same new id."""
        self._session = secrets.token_hex(8)
        now = self._clock.now()
        self._birth = self._presence(PresenceState.ONLINE, now)
        return Session(
            subscriptions=tuple(map(self._identity.topics.on, (Channel.RECEIPT, Channel.ASK))),
            will=self._presence(PresenceState.LOST, now),
            greeting=self._birth,
        )

    def _presence(self, state: PresenceState, at: datetime) -> Retained:
        identity = self._identity
        presence = Presence(
            v=PRESENCE_VERSION,
            terminal=identity.topics.terminal,
            session=self._session,
            state=state,
            at=at,
            epoch=self._epoch,
            public_key=identity.key.public.raw.hex(),
            institution=identity.institution,
            label=identity.label,
            version=identity.version,
        )
        return self._sealed(Channel.PRESENCE, presence)

    def _send_health(self, health: Health) -> None:
        if self._birth is not None and not self._board.is_approved:
            # Who was revoked may apply anew with another key, but a birth from before the revocation does not count.
            self._link.publish(self._birth.topic, self._birth.frame)
        self._uplink.report_sent(health.at)
        report = self._sealed(Channel.HEALTH, health)
        self._link.publish(report.topic, report.frame)

    def _sealed(self, channel: Channel, message: Presence | Health) -> Retained:
        topic = self._identity.topics.on(channel)
        return Retained(topic, seal(encode(message), topic, self._identity.key))

    # -- what is answered ------------------------------------------------------------------------------------------

    def _note_answer(self, answer: Answer) -> None:
        receipt = answer.receipt
        self._board.note_receipt(answer.receipt.trust, self._clock.now())
        taken = {"epoch": receipt.epoch, "accepted": receipt.accepted}
        self._bus.publish("receipt", msgspec.json.encode(taken).decode())
        if receipt.is_forked and receipt.epoch == self._epoch:
            self._soon(self._leave_fork(receipt.epoch))
        if receipt.centre != self._centre:
            self._soon(self._note_centre(receipt.centre))
        self._note_offset(answer)

    def _note_offset(self, answer: Answer) -> None:
        offset = answer.offset_ms
        if answer.round_trip_s > SLOW_ROUND_TRIP_S:
            return
        if self._offset_ms is not None and abs(offset - self._offset_ms) < OFFSET_STEP_MS:
            return
        self._soon(self._keep_offset(offset))

    async def _keep_offset(self, offset_ms: int) -> None:
        await self._in_store(lambda: self._outbox.note_clock_offset(offset_ms))
        self._offset_ms = offset_ms

    async def _leave_fork(self, epoch: str) -> None:
        """Begin a new life: somewhere there is another copy of this store, and both number their events alike."""
        begun = await self._in_store(lambda: self._outbox.leave_epoch(epoch, "forked", self._clock.now()))
        if begun != self._epoch:
            self._epoch = begun
            _logger.error("store.forked", former=epoch, epoch=begun)
            self._bus.publish("alert", alert_json(_FORKED))
            self._uplink.backlog_added()

    async def _note_centre(self, centre: str) -> None:
        """Keep which life of the centre's store answers. A new one was restored: tell it what is kept here."""
        before = await self._in_store(lambda: self._outbox.note_centre(centre))
        self._centre = centre
        if before is not None:
            _logger.warning("centre.restored", former=before, epoch=centre)
            self._uplink.backlog_added()
            self._reporting.report_now()

    def _soon(self, work: Awaitable[object]) -> None:
        # A task that nobody holds may be collected before it has run.
        note = asyncio.ensure_future(failure_of(work))
        self._notes.add(note)
        note.add_done_callback(self._note_done)

    def _note_done(self, note: asyncio.Future[Exception | None]) -> None:
        self._notes.discard(note)
        failure = None if note.cancelled() else note.result()
        if failure is not None:
            # The disk refused: the next receipt says the same again.
            is_ours = isinstance(failure, YimaError)
            _logger.error("carrier.note_failed", reason=str(failure), exc_info=None if is_ours else failure)


def link_settings(terminal: str, link: LinkSection) -> LinkSettings:
    """Return how to reach the broker, with the secret from its file.

    Raises:
        CertificateError: Authority, certificate or key cannot be used.
        SecretFileError: Password or key cannot be read, or others may read it.
    """
    if link.is_enabled:
        try_broker_files(link)
    return LinkSettings(
        client_id=terminal,
        host=link.host,
        port=link.port,
        keepalive_s=link.keepalive_s,
        backoff_first_s=AMONG_MANY_S,
        backoff_most_s=link.backoff_most_s,
        ca_file=_path(link.ca_file),
        certificate_file=_path(link.certificate_file),
        key_file=_path(link.key_file),
        username=link.username,
        password=link.load_password(),
    )


def _path(file: Path | None) -> str | None:
    return None if file is None else str(file)
