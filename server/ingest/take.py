"""Take frames, commit what they bring in one transaction, and only then answer.

The order is the promise: prove and sort (no database) → one transaction {known? · store · chain · ledger · alarms} →
COMMIT → seal receipts. A receipt therefore says "in the ledger, on the disk". An event is known by its place in the
terminal's chain and the SM3 of its bytes, its id among them: what comes again, in other batches or in another order, is
confirmed again and changes nothing.

One bad frame harms no other: it is counted, logged once, and leaves an alarm where it shows intent.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from server.errors import StoreContentionError, StoreRefusedError
from server.ingest.opening import Delivery, MisaddressedError, NoiseError, open_delivery
from server.ingest.tally import Tally
from server.ingest.work import (
    StreamKey,
    Work,
    close_lost,
    forked_numbers,
    is_newer,
    known_places,
    link_up,
    streams_named,
)
from server.store import alarms, events, terminals, visit_steps
from server.store.alarms import Alarm, AlarmKey
from server.store.database import Store
from server.store.terminals import TrustedRow
from server.store.times import micros
from server.trace import ledger
from wire.backoff import Backoff
from wire.envelope import seal
from wire.errors import ForgedMessageError, NewerMessageError, OversizedMessageError, UnknownKeyError, WireError
from wire.events import Event
from wire.keys import SigningKey
from wire.receipts import BATCH_VERSION, Receipt, Rejected, Trust, encode, ranges
from wire.topics import Channel, named_in

ATTEMPTS = 5
"""Tries when another worker is in the way, before the frames are left to be sent again."""
_ASIDE = Backoff(first_s=0.01, most_s=0.1)
"""Two that met would meet again if both came back at once; the other is done within milliseconds."""

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """A sealed receipt and where it goes."""

    topic: str
    frame: bytes


@dataclass(frozen=True, slots=True)
class Committed:
    """What one call of `Ingest.take_many` has made true."""

    events: Sequence[Event]
    """Those that are new."""
    alarms: Sequence[Alarm]
    forked: Mapping[StreamKey, AbstractSet[int]] = field(default_factory=dict)
    """Numbers that came and stand for more than one event, by terminal and epoch."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """A frame that proves nothing or says nothing."""

    topic: str
    why: WireError
    alarm: Alarm | None
    """What a person should know of it."""


_COUNTERS: tuple[tuple[type[WireError], str], ...] = (
    (MisaddressedError, "misaddressed"),
    (UnknownKeyError, "unknown_key"),
    (ForgedMessageError, "forged"),
    (NewerMessageError, "newer"),
    (OversizedMessageError, "oversized"),
    (WireError, "corrupt"),
)
"""Where `Tally` counts a frame that says nothing; the first that fits."""


class Ingest:
    """Takes batches of events from terminals. One instance per worker; workers may share a store.

    Args:
        store: Where facts are kept.
        key: Signs receipts.
        hold: How long a terminal waits that is not approved.
        announce: Told after each commit what is new; it must not block and not raise.
        sleep: Waits a moment after another worker was in the way.
    """

    def __init__(
        self,
        store: Store,
        key: SigningKey,
        *,
        hold: timedelta = timedelta(seconds=30),
        announce: Callable[[Committed], None] = lambda _committed: None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._store = store
        self._key = key
        self._hold = hold
        self._announce = announce
        self._sleep = sleep
        self._rng = random.Random()  # noqa: S311 - back-off
        self.tally = Tally()

    def take_many(self, frames: Sequence[tuple[str, bytes]], now: datetime) -> list[Reply]:
        """Commit what `frames` (topic, bytes) bring, all in one transaction, and return the receipts.

        Raises:
            TransientError: The store does not answer. Nothing was committed; the terminals send again.
        """
        self.tally.frames += len(frames)
        return self._take(frames, now)

    def _take(self, frames: Sequence[tuple[str, bytes]], now: datetime) -> list[Reply]:
        try:
            return self._take_together(frames, now)
        except StoreRefusedError as exc:
            if len(frames) > 1:
                # One of them holds what the store cannot keep: the others must not wait for it.
                return [reply for frame in frames for reply in self._take([frame], now)]
            self.tally.failed += 1
            _logger.error("ingest.frame_failed", topic=frames[0][0], code=exc.code, reason=exc.words.en)
            return []

    def _take_together(self, frames: Sequence[tuple[str, bytes]], now: datetime) -> list[Reply]:
        deliveries, refused = self._open_all(frames, now)
        committed = self._commit(deliveries, [one.alarm for one in refused if one.alarm], now)
        self._count(deliveries, refused, committed)
        self._announce(committed)
        return [self._reply(delivery, committed.forked, now) for delivery in deliveries]

    # -- prove and sort --------------------------------------------------------------------------------------------

    def _open_all(self, frames: Sequence[tuple[str, bytes]], now: datetime) -> tuple[list[Delivery], list[_Refused]]:
        # The name in a topic is good enough to look up a key; the signature is checked with that key.
        with self._store.reading() as connection:
            registry = terminals.load_trusted(connection, {named_in(topic) for topic, _ in frames})
        deliveries: list[Delivery] = []
        refused: list[_Refused] = []
        for topic, frame in frames:
            try:
                deliveries.append(open_delivery(topic, frame, registry, now, self._hold))
            except WireError as exc:
                refused.append(_Refused(topic, exc, _alarm_of(exc, registry.get(named_in(topic)))))
        return deliveries, refused

    # -- commit ----------------------------------------------------------------------------------------------------

    def _commit(self, deliveries: Sequence[Delivery], raised: Sequence[Alarm], now: datetime) -> Committed:
        bringing = [one for one in deliveries if one.arrivals or one.refusals or is_newer(one)]
        if not bringing and not raised:
            return Committed((), ())
        for failures in range(ATTEMPTS - 1):
            try:
                return self._write(bringing, raised, micros(now))
            except StoreContentionError:
                self._sleep(_ASIDE.wait_s(failures, self._rng))
        return self._write(bringing, raised, micros(now))

    def _write(self, deliveries: Sequence[Delivery], raised: Sequence[Alarm], now_us: int) -> Committed:
        with self._store.writing() as connection:
            streams = events.open_streams(connection, streams_named(deliveries))
            taken = [one for one in deliveries if one.stream in streams]
            work = Work(streams, known_places(connection, streams, taken), now_us, alarms=list(raised))
            for delivery in deliveries:
                if delivery.stream in streams:
                    work.plan(delivery)
                else:
                    work.put_off(delivery)
            events.add_events(connection, work.rows)
            events.add_rejected(connection, work.rejected)
            work.alarms += link_up(connection, work.streams, work.links)
            work.alarms += close_lost(connection, work.streams, work.lost, now_us)
            ledger.apply(connection, work.facts, work.scans, now_us)
            visit_steps.add_visit_steps(connection, work.steps)
            alarms.raise_alarms(connection, work.alarms, now_us)
        forked = {key: numbers for key, places in work.known.items() if (numbers := forked_numbers(places))}
        return Committed(work.fresh, work.alarms, forked)

    # -- answer ----------------------------------------------------------------------------------------------------

    def _count(self, deliveries: Sequence[Delivery], refused: Sequence[_Refused], committed: Committed) -> None:
        tally = self.tally
        for one in refused:
            counter = next(name for kind, name in _COUNTERS if isinstance(one.why, kind))
            if getattr(tally, counter) == 0:
                _logger.warning("ingest.frame_refused", topic=one.topic[:200], code=one.why.code, why=one.why.words.en)
            setattr(tally, counter, getattr(tally, counter) + 1)
        tally.events += len(committed.events)
        tally.repeated += sum(len(delivery.arrivals) for delivery in deliveries) - len(committed.events)
        tally.held += sum(len(delivery.held) for delivery in deliveries)
        for refusal in (refusal for delivery in deliveries for refusal in delivery.refusals):
            if refusal.seq is None:
                tally.unreadable += 1
            else:
                tally.rejected += 1

    def _reply(self, delivery: Delivery, forked: Mapping[StreamKey, AbstractSet[int]], now: datetime) -> Reply:
        batch, twice = delivery.batch, forked.get(delivery.stream, frozenset())
        receipt = Receipt(
            v=BATCH_VERSION,
            terminal=batch.terminal,
            epoch=batch.epoch,
            centre=self._store.epoch,
            at=now,
            nonce=batch.nonce,
            accepted=ranges(arrival.event.seq for arrival in delivery.arrivals),
            rejected=[Rejected(one.seq, one.event_id, one.code) for one in delivery.refusals if one.seq is not None],
            held=delivery.held,
            trust=Trust(delivery.terminal.trust),
            is_forked=bool(twice) and any(arrival.event.seq in twice for arrival in delivery.arrivals),
        )
        topic = delivery.topics.on(Channel.RECEIPT)
        return Reply(topic, seal(encode(receipt), topic, self._key))


def _alarm_of(why: WireError, terminal: TrustedRow | None) -> Alarm | None:
    """Return what a person should know: what was done in the name of a registered terminal, not noise on the line."""
    if terminal is None or isinstance(why, NoiseError):
        return None
    if isinstance(why, UnknownKeyError) and terminal.trust == Trust.REVOKED:
        # It was rebuilt, most likely, and its first records overtook its birth.
        return None
    return Alarm(AlarmKey(terminal.id, why.code, ""), why.words)
