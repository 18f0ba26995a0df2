"""From the outbox to the centre, and the receipts back.

The uplink is the only reader of the outbox. It keeps a window of batches on the way, sends what was scanned since the
line came back before the backlog, and forgets a batch only when a receipt of the centre names it; a batch without an
answer is sent again as it was. In a new session all that has no receipt is read from the outbox anew. The uplink holds
no fact of its own: killed at any moment, it loses nothing.

A receipt counts only if it answers a batch that this process sent. A store may have been copied: then two boxes number
different events alike, and what the centre has of the one says nothing about the other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
import structlog

from codes.errors import TransientError, YimaError
from edge.asks import Asks
from edge.on_the_way import FirstSent, OnTheWay, Sent
from edge.store.lane import InStore
from edge.store.outbox import Applied, OutboxRow
from edge.uplink_ports import UplinkClock, UplinkLink, UplinkOutbox
from wire.envelope import open_sealed, seal
from wire.keys import PublicKey, SigningKey
from wire.receipts import BATCH_VERSION, Batch, Receipt, Trust, decode_ask, decode_receipt, encode
from wire.topics import Channel, TerminalTopics

ROWS_PER_BATCH = 100
WINDOW = 20
"""Batches on the way without a receipt. With ten, terminal and centre wait for each other in turns: half the rate."""
MOST_RECEIPTS = 1_000
"""Receipts that may wait to be read. Beyond, the oldest is dropped: its rows are sent and answered again."""
MOST_REMEMBERED = 1_000
"""Batches whose receipts still count, answered late or never. A receipt to an older one is ignored: sent again."""
MOST_ASKS = 20
"""Requests of the centre that may wait to be read; it asks anew after every health report."""
QUESTION_S = 30.0
"""How long a terminal that has nothing to send waits before it asks again how it stands, unanswered or not approved."""
REASSURED_S = 300.0
"""How long it believes that the centre takes its records, with nothing to send."""
IDLE_CHECK_S = 1.0
"""How often an idle uplink looks for rows whose hold has ended."""

_Message = TypeVar("_Message")
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receipt brought, for the screens and for the clock."""

    receipt: Receipt
    applied: Applied
    round_trip_s: float
    """Since the batch was first sent: an upper bound, if it was sent again."""
    offset_ms: int
    """Centre clock minus device clock, taken at the middle of the round trip; off by half of it at most."""


@dataclass(slots=True)
class _Cursor:
    """How far each lane has been read since the line came up."""

    epoch: str = ""
    """The present life of the store: what is live belongs to it."""
    live_from: int = 1
    """Rows from this number on were recorded while the line was up: they go first."""
    live: int = 0
    backlog: dict[str, int] = field(default_factory=dict)
    """How far each epoch that had rows waiting has been read, oldest epoch first."""


class Uplink:
    """Drains the outbox of one terminal. Its task is `run`; all other methods may be called from any thread."""

    def __init__(
        self,
        *,
        outbox: UplinkOutbox,
        in_store: InStore,
        link: UplinkLink,
        topics: TerminalTopics,
        key: SigningKey,
        centre_key: PublicKey,
        clock: UplinkClock,
        new_nonce: Callable[[], str],
        on_answer: Callable[[Answer], None],
        on_refused: Callable[[YimaError], None] = lambda _: None,
    ) -> None:
        self._outbox = outbox
        self._in_store = in_store
        self._link = link
        self._topics = topics
        self._key = key
        self._centre_key = centre_key
        self._clock = clock
        self._new_nonce = new_nonce
        self._on_answer = on_answer
        self._on_refused = on_refused
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._receipts: deque[tuple[bytes, float]] = deque(maxlen=MOST_RECEIPTS)
        self._refused_codes: set[str] = set()
        self._is_up = False
        self._has_new_session = False
        self._question_due_s: float | None = None
        self._cursor = _Cursor()
        self._on_the_way: dict[str, OnTheWay] = {}
        self._sent = Sent(MOST_REMEMBERED)
        self._ask_frames: deque[bytes] = deque(maxlen=MOST_ASKS)
        self._asks = Asks(clock.monotonic_s)
        self._sent_again = 0
        self._hindrance: str | None = None
        self.refused_receipts = 0
        """Receipts that were damaged or forged: counted, logged once per reason, never acted on."""
        self.strange_receipts = 0
        """Receipts to batches that this process did not send, or not lately: ignored. No second ones."""
        self.resent = 0
        """Batches that were sent again for want of an answer. Counted, not logged: a day without a line has many."""

    @property
    def ignored_asks(self) -> int:
        """Requests of the centre that came too late, or answered no report of this session."""
        return self._asks.ignored

    # -- told by others, from any thread ---------------------------------------------------------------------------

    def rows_added(self) -> None:
        """Say that a row was committed."""
        self._from_any_thread(self._wake.set)

    def link_changed(self, *, is_up: bool) -> None:
        """Say that the line came up or went down."""
        self._from_any_thread(lambda: self._note_link(is_up=is_up))

    def receipt_arrived(self, frame: bytes) -> None:
        """Hand over what arrived on the receipt topic."""
        self._from_any_thread(lambda: self._note_receipt(frame))

    def ask_arrived(self, frame: bytes) -> None:
        """Hand over what arrived on the topic of requests."""
        self._from_any_thread(lambda: self._note_ask(frame))

    def report_sent(self, at: datetime) -> None:
        """Say that a health report of `at` goes out: the centre may ask for what it lacks of what the report names."""
        self._from_any_thread(lambda: self._asks.note_report(at))

    def backlog_added(self) -> None:
        """Say that older rows are to be sent, or that a new life of the store began: look from the first row again."""
        self._from_any_thread(self._note_backlog)

    def _from_any_thread(self, call: Callable[[], None]) -> None:
        loop = self._loop
        if loop is None:
            # The task has not begun, so there is no other thread to disturb; it finds what was said when it does.
            call()
        elif not loop.is_closed():
            loop.call_soon_threadsafe(call)

    def _note_link(self, *, is_up: bool) -> None:
        self._is_up = is_up
        if is_up:
            self._asks.begin_session()
        self._has_new_session = self._has_new_session or is_up
        # A line that is open says nothing of the centre: with nothing to send, ask.
        self._question_due_s = self._clock.monotonic_s() if is_up else None
        self._wake.set()

    def _note_receipt(self, frame: bytes) -> None:
        self._receipts.append((frame, self._clock.monotonic_s()))
        self._wake.set()

    def _note_ask(self, frame: bytes) -> None:
        self._ask_frames.append(frame)
        self._wake.set()

    def _note_backlog(self) -> None:
        self._has_new_session = True
        self._wake.set()

    # -- the task --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Drain until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            if not await self._turn():
                await self._rest()

    async def _turn(self) -> bool:
        """Take what has come and send what fits; tell whether there may be more to do at once."""
        has_sent = False
        try:
            await self._take_receipts()
            has_sent = self._is_up and await self._send_what_fits()
            # Last: what the centre lacks of old must not stop what is new, not even on a disk that takes nothing.
            await self._answer_asks()
        except TransientError as exc:
            # A full disk, say. What could not be kept is as if it had never come: its batch is sent and answered again.
            if exc.code != self._hindrance:
                _logger.error("uplink.hindered", code=exc.code, reason=exc.words.en)
            self._hindrance = exc.code
            return has_sent
        return has_sent or bool(self._receipts or self._ask_frames or self._asks.current)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(IDLE_CHECK_S):
                await self._wake.wait()
        except TimeoutError:
            # Nothing new: look again for rows whose hold has ended and for batches without an answer.
            return

    async def _send_what_fits(self) -> bool:
        """Send one batch if there is room and something to send."""
        if self._has_new_session:
            self._has_new_session = False
            self._on_the_way.clear()
            try:
                await self._start_over()
            except TransientError:
                self._has_new_session = True
                raise
        overdue = self._overdue()
        if overdue is not None:
            return self._resend(overdue)
        if len(self._on_the_way) >= WINDOW:
            return False
        if await self._send_live() or await self._send_backlog():
            return True
        self._ask_standing()
        return False

    def _ask_standing(self) -> None:
        """Ask by an empty batch how the centre stands to us, where no other batch will bring the answer."""
        due_s, now_s = self._question_due_s, self._clock.monotonic_s()
        if due_s is not None and due_s <= now_s and not self._on_the_way and self._publish(self._cursor.epoch, ()):
            self._question_due_s = now_s + QUESTION_S

    def _overdue(self) -> OnTheWay | None:
        now_s = self._clock.monotonic_s()
        return next((batch for batch in self._on_the_way.values() if batch.due_s <= now_s), None)

    def _resend(self, batch: OnTheWay) -> bool:
        """Send the same frame again. What of it was confirmed meanwhile, by another receipt, is confirmed once more."""
        if not self._link.publish(self._topics.on(Channel.EVENTS), batch.frame):
            return False
        batch.note_sent_again(self._clock.monotonic_s())
        self.resent += 1
        self._sent.note(batch)
        return True

    async def _send_live(self) -> bool:
        cursor = self._cursor
        rows = await self._read(cursor.epoch, cursor.live, None)
        if not self._send(cursor.epoch, rows):
            return False
        cursor.live = rows[-1].seq
        return True

    async def _send_backlog(self) -> bool:
        for epoch, after in list(self._cursor.backlog.items()):
            up_to = self._cursor.live_from - 1 if epoch == self._cursor.epoch else None
            rows = await self._read(epoch, after, up_to)
            if not rows:
                # What joins the current epoch from now on is live, and no other epoch grows.
                del self._cursor.backlog[epoch]
            elif self._send(epoch, rows):
                self._cursor.backlog[epoch] = rows[-1].seq
                return True
            else:
                return False
        if not self._on_the_way:
            # All was sent and answered, so whatever is due from now on was held: look from the first row again.
            await self._start_over()
        return False

    async def _start_over(self) -> None:
        epoch, newest = await self._in_store(self._outbox.newest)
        epochs = await self._in_store(self._outbox.epochs_with_pending)
        self._cursor = _Cursor(epoch, live_from=newest + 1, live=newest, backlog=dict.fromkeys(epochs, 0))

    async def _read(self, epoch: str, after: int, up_to: int | None) -> Sequence[OutboxRow]:
        now = self._clock.now()
        return await self._in_store(
            lambda: self._outbox.pending(epoch=epoch, after_seq=after, up_to_seq=up_to, limit=ROWS_PER_BATCH, now=now)
        )

    def _send(self, epoch: str, rows: Sequence[OutboxRow]) -> bool:
        sent = self._publish(epoch, rows) if rows else None
        if sent is not None:
            self._on_the_way[sent.nonce] = sent
        return sent is not None

    def _publish(self, epoch: str, rows: Sequence[OutboxRow]) -> OnTheWay | None:
        """Send one batch and remember it, or return None if the line takes nothing now."""
        sent_at, nonce = self._clock.now(), self._new_nonce()
        batch = Batch(
            v=BATCH_VERSION,
            terminal=self._topics.terminal,
            epoch=epoch,
            sent_at=sent_at,
            nonce=nonce,
            events=[msgspec.Raw(row.bytes) for row in rows],
        )
        topic = self._topics.on(Channel.EVENTS)
        frame = seal(encode(batch), topic, self._key)
        if not self._link.publish(topic, frame):
            return None
        sent_s = self._clock.monotonic_s()
        sent = OnTheWay(nonce, frame, FirstSent(sent_at, sent_s), sent_s)
        self._sent.note(sent)
        return sent

    # -- receipts --------------------------------------------------------------------------------------------------

    async def _take_receipts(self) -> None:
        """Apply all that have come, together: on a full line they share one commit."""
        opened: list[tuple[Receipt, float]] = []
        while self._receipts:
            frame, arrived_s = self._receipts.popleft()
            receipt = self._opened(Channel.RECEIPT, decode_receipt, frame)
            if receipt is None:
                continue
            if self._sent.is_unanswered(receipt.nonce):
                opened.append((receipt, arrived_s))
            elif not self._sent.was_answered(receipt.nonce):
                self.strange_receipts += 1
        if opened:
            now = self._clock.now()
            receipts = [receipt for receipt, _ in opened]
            self._asks.note_receipt(receipts[-1].at)
            applied = await self._in_store(lambda: self._outbox.apply_receipts(receipts, now))
            self._hindrance = None
            for (receipt, arrived_s), changed in zip(opened, applied, strict=True):
                self._settle(receipt, arrived_s, changed)

    async def _answer_asks(self) -> None:
        """Make some of what the centre lacks ready to be sent again. What waits or is on the way needs nothing.

        Live rows go between: they need not wait until a month is ready.
        """
        while self._ask_frames:
            asked = self._opened(Channel.ASK, decode_ask, self._ask_frames.popleft())
            if asked is not None:
                self._asks.take(asked)
        ask, now = self._asks.current, self._clock.now()
        if ask is None:
            return
        made = await self._in_store(lambda: self._outbox.send_again(ask, now))
        self._asks.current = made.rest
        self._sent_again += made.rows
        if made.rest is None and self._sent_again:
            _logger.info("uplink.sent_again", events=self._sent_again)
            self._sent_again = 0
            # They come before the places that the backlog has been read to.
            await self._start_over()

    def _opened(self, channel: Channel, decode: Callable[[bytes], _Message], frame: bytes) -> _Message | None:
        """Return a message of the centre, or None for what is not its own, or damaged: then rows stay as they are."""
        try:
            return decode(self._body(frame, channel))
        except YimaError as exc:
            self.refused_receipts += 1
            self._on_refused(exc)
            if exc.code not in self._refused_codes:
                self._refused_codes.add(exc.code)
                _logger.warning("uplink.receipt_refused", code=exc.code, reason=exc.words.en)
            return None

    def _body(self, frame: bytes, channel: Channel) -> bytes:
        def find_key(key_id: bytes) -> PublicKey | None:
            return self._centre_key if key_id == self._centre_key.key_id else None

        # The topic is part of what is signed, so a message for another terminal does not open here.
        return open_sealed(frame, self._topics.on(channel), find_key).body

    def _settle(self, receipt: Receipt, arrived_s: float, applied: Applied) -> None:
        if not self._sent.is_unanswered(receipt.nonce):
            # Two receipts in one turn: the frame was sent twice, or the broker repeats one.
            return
        first_sent = self._sent.note_answered(receipt.nonce)
        self._on_the_way.pop(receipt.nonce, None)
        quiet_s = REASSURED_S if receipt.trust is Trust.APPROVED else QUESTION_S
        self._question_due_s = self._clock.monotonic_s() + quiet_s
        # Which sending of a frame a receipt answers is not known, but it was written after the first for certain. From
        # the last, a trip could seem short and its offset sure; one that was sent twice is too long for any clock.
        round_trip_s = arrived_s - first_sent.at_s
        middle = first_sent.at + timedelta(seconds=round_trip_s / 2)
        offset_ms = round((receipt.at - middle).total_seconds() * 1000)
        self._on_answer(Answer(receipt, applied, round_trip_s, offset_ms))
