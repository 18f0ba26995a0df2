"""The outbox: every fact the centre must hear, kept until the centre says that it has it.

An event is frozen, numbered and chained in the same transaction that makes it true (`append`). A row leaves `pending`
only by a receipt of the centre: delivered, or refused for good (a dead letter, kept and shown). It is never dropped
for age or room; delivered rows stay at least 30 days, so that a restored centre can ask again.

All methods run in the thread that owns the connection. `append` works inside the caller's transaction, the others
make their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from edge.clock import corrected_us, from_us, to_us
from edge.store import sql
from edge.store.asked import Kept, kept_epochs, make_pending, offer_forked_again
from edge.store.life import Why, begin_epoch, former_stores, note_centre
from edge.store.terminal import advance, read_state, set_clock_offset
from wire.events import MAX_SPANS, Event, EventsLost, Fact, Span, StoreRebuilt, freeze, sm3_hex, version_of
from wire.ids import HybridClock, uuid7
from wire.receipts import Ask, Receipt

KEEP_DELIVERED = timedelta(days=30)
"""How long a delivered row stays at least, by the centre's clock."""
MAX_HOLD = timedelta(hours=1)
"""No row waits longer than this before it is offered again, whatever a receipt or a jumping clock says."""

RandomBytes = Callable[[int], bytes]

_T = TypeVar("_T")

_RANDOM_BYTES = 10
_GREATEST = 2**63 - 1

INSERT_ROW = """
INSERT INTO outbox (epoch, seq, id, kind, hlc, created_at, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
SELECT_DUE = """
SELECT epoch, seq, id, bytes FROM outbox INDEXED BY outbox_pending
WHERE state = 'pending' AND epoch = ? AND seq > ? AND seq <= ?
  AND (held_until IS NULL OR held_until <= ? OR held_until > ?)
ORDER BY seq LIMIT ?
"""
SELECT_EPOCHS = "SELECT epoch FROM outbox WHERE state = 'pending' GROUP BY epoch ORDER BY min(created_at), epoch"
COUNT_RANGE = "SELECT count(*) FROM outbox WHERE epoch = ? AND seq BETWEEN ? AND ?"
DELIVER_RANGE = """
UPDATE outbox SET state = 'delivered', delivered_at = ?, held_until = NULL, dead_code = NULL
WHERE epoch = ? AND seq BETWEEN ? AND ? AND state <> 'delivered'
"""
BURY = """
UPDATE outbox SET state = 'dead', dead_code = ?, held_until = NULL
WHERE epoch = ? AND seq = ? AND id = ? AND state = 'pending'
"""
HOLD = "UPDATE outbox SET held_until = ? WHERE epoch = ? AND seq = ? AND id = ? AND state = 'pending'"
IS_KNOWN = "SELECT 1 FROM outbox WHERE epoch = ? AND seq = ? AND id = ?"
COUNT_PENDING = "SELECT count(*), count(held_until), min(created_at) FROM outbox WHERE state = 'pending'"
COUNT_DEAD = """
SELECT count(*) FROM outbox WHERE state = 'dead'
  AND NOT EXISTS (SELECT 1 FROM set_aside AS s WHERE s.epoch = outbox.epoch AND s.seq = outbox.seq)
"""
SELECT_RETURN_PENDING = """
SELECT 1 FROM outbox WHERE state = 'pending' AND kind = 'sale_returned' AND instr(bytes, CAST(? AS BLOB)) LIMIT 1
"""
COUNT_DELIVERED = "SELECT count(*) FROM outbox WHERE state = 'delivered'"
LATEST_DELIVERY = "SELECT max(delivered_at) FROM outbox WHERE state = 'delivered'"
# The account of a mending is written by the start that mends, not by the run before it.
LAST_CREATED_AT = """
SELECT created_at FROM outbox WHERE epoch = ? AND kind NOT IN ('store_rebuilt', 'events_lost') ORDER BY seq DESC LIMIT 1
"""
# The newest event of a life stays: it shows where its history ends.
PURGE = """
DELETE FROM outbox WHERE state = 'delivered' AND delivered_at < ?
  AND seq < (SELECT max(seq) FROM outbox AS newest WHERE newest.epoch = outbox.epoch)
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event that stands in the history once its transaction is committed."""

    epoch: str
    seq: int
    id: str
    hlc: int
    bytes: bytes
    """Frozen: what travels and what is hashed."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An event that waits for its receipt."""

    epoch: str
    seq: int
    id: str
    bytes: bytes


@dataclass(frozen=True, slots=True)
class Applied:
    """What a receipt changed. A repeated receipt changes nothing."""

    delivered: int
    dead: int
    held: int
    unknown: int
    """Numbers the receipt names that this store does not have: purged since, or never written here."""


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How much waits, and since when."""

    pending: int
    """Not yet delivered, including what the centre put off."""
    held: int
    """Of these, what the centre put off."""
    dead: int
    """Refused for good, and not set aside by anybody."""
    oldest_pending_at: datetime | None


@dataclass(frozen=True, slots=True)
class SentAgain:
    """What was done for a request of the centre in one transaction."""

    rows: int
    """To be sent, again or to tell what is lost."""
    rest: Ask | None
    """What is left to do; None if it is all done."""


class Outbox:
    """The outbox of one store, written by one connection."""

    def __init__(self, connection: Connection, *, random: RandomBytes) -> None:
        self._connection = connection
        self._random = random
        self._said_lost: set[tuple[str, Span]] = set()

    def append(self, tx: Connection, fact: Fact, *, operator: str | None, now: datetime) -> Recorded:
        """Freeze `fact` as the next event, inside the transaction `tx` that makes it true."""
        state = read_state(tx)
        event = Event(
            v=version_of(fact),
            id=str(uuid7(to_us(now) // 1_000, self._random(_RANDOM_BYTES))),
            terminal=state.terminal,
            epoch=state.epoch,
            seq=state.next_seq,
            hlc=HybridClock(state.hlc).tick(corrected_us(now, state.clock_offset_ms)),
            occurred_at=now,
            clock_offset_ms=state.clock_offset_ms,
            operator=operator,
            prev=state.last_hash,
            fact=fact,
        )
        frozen = freeze(event)
        kind = str(fact.__struct_config__.tag)
        sql.change(tx, INSERT_ROW, (event.epoch, event.seq, event.id, kind, event.hlc, to_us(now), frozen))
        advance(tx, next_seq=event.seq + 1, last_hash=sm3_hex(frozen), hlc=event.hlc)
        return Recorded(event.epoch, event.seq, event.id, event.hlc, frozen)

    def pending(
        self, *, epoch: str, after_seq: int, up_to_seq: int | None, limit: int, now: datetime
    ) -> list[OutboxRow]:
        """Return rows that are due, ascending by number; what the centre put off is left out until its time."""
        now_us = to_us(now)
        latest_hold = now_us + MAX_HOLD // timedelta(microseconds=1)
        asked = (epoch, after_seq, _GREATEST if up_to_seq is None else up_to_seq, now_us, latest_hold, limit)
        with self._connection.begin():
            return [OutboxRow(*row) for row in sql.rows(self._connection, SELECT_DUE, asked)]

    def newest(self) -> tuple[str, int]:
        """Return the current epoch and the number of its last event, 0 if there is none."""
        with self._connection.begin():
            state = read_state(self._connection)
        return state.epoch, state.next_seq - 1

    def epochs_with_pending(self) -> list[str]:
        """Return the epochs that have something to deliver, oldest first."""
        with self._connection.begin():
            return [epoch for (epoch,) in sql.rows(self._connection, SELECT_EPOCHS)]

    def apply_receipts(self, receipts: Sequence[Receipt], now: datetime) -> list[Applied]:
        """Mark what the centre has taken, refused or put off, all in one transaction; tell it receipt by receipt.

        Any order and any repetition end in the same state. Taken beats refused beats put off: the centre says "taken"
        only of what it has committed.
        """
        with self._connection.begin():
            return [self._apply(receipt, now) for receipt in receipts]

    def send_again(self, ask: Ask, now: datetime) -> SentAgain:
        """Make rows pending again that the centre lacks, and tell it which numbers will never come.

        What is asked for at a time may be a month of rows; ask for the rest until nothing is left.
        """
        with self._connection.begin():
            made = make_pending(self._connection, ask.wanted)
            fresh = {(one.epoch, span) for one in made.lost for span in one.spans} - self._said_lost
            lives = {epoch for epoch, _ in fresh}
            for epoch in lives:
                self.tell_lost(self._connection, epoch, sorted(span for life, span in fresh if life == epoch), now)
        # The centre asks again until the answer has come; one answer is enough.
        self._said_lost |= fresh
        rest = msgspec.structs.replace(ask, wanted=list(made.rest)) if made.rest else None
        return SentAgain(made.again + len(lives), rest)

    def tell_lost(self, tx: Connection, epoch: str, spans: Sequence[Span], now: datetime) -> None:
        """Tell the centre which numbers of a life will never come, in as many events as it takes."""
        for first in range(0, len(spans), MAX_SPANS):
            self.append(tx, EventsLost(epoch, list(spans[first : first + MAX_SPANS])), operator=None, now=now)

    def leave_epoch(self, epoch: str, why: Why, now: datetime) -> str:
        """Begin a new life of the store if it is still in `epoch`; return the life that it is in."""
        with self._connection.begin():
            present = read_state(self._connection).epoch
            return self.begin_epoch(self._connection, why, now) if present == epoch else present

    def begin_epoch(
        self, tx: Connection, why: Why, now: datetime, *, lost: Sequence[Span] = (), folder: str | None = None
    ) -> str:
        """Begin a new life inside the transaction `tx` and return its name.

        Its first event tells of the life before: why it ended, what of it is `lost`, where damaged files were put.
        """
        epoch = str(uuid7(to_us(now) // 1_000, self._random(_RANDOM_BYTES)))
        former = begin_epoch(tx, epoch, why, now=now, lost=lost, folder=folder)
        fact = StoreRebuilt(former.epoch or None, why, former.kept, list(former.lost))
        self.append(tx, fact, operator=None, now=now)
        return epoch

    def note_centre(self, centre: str) -> str | None:
        """Keep which life of the centre's store answers; return the one before if that was another."""
        with self._connection.begin():
            before = note_centre(self._connection, centre)
            if before is not None:
                offer_forked_again(self._connection)
            return before

    def counts(self) -> OutboxCounts:
        """Return how much waits, and since when."""
        with self._connection.begin():
            return read_counts(self._connection)

    def purge_delivered(self, before: datetime) -> int:
        """Delete rows delivered before `before`, but none younger than 30 days; return how many.

        Delivery is dated by the centre's clock, and so is age: 30 days before the latest delivery. A device clock that
        jumps ahead therefore deletes nothing.
        """
        with self._connection.begin():
            (latest,) = sql.one(self._connection, LATEST_DELIVERY)
            if latest is None:
                return 0
            limit = min(before, from_us(latest) - KEEP_DELIVERED)
            return sql.change(self._connection, PURGE, (to_us(limit),))

    def within(self, work: Callable[[Connection], _T]) -> _T:
        """Run work on the store in one transaction."""
        with self._connection.begin():
            return work(self._connection)

    def note_clock_offset(self, offset_ms: int) -> None:
        """Keep the latest measurement of centre clock minus device clock; the next events carry it."""
        with self._connection.begin():
            set_clock_offset(self._connection, offset_ms)

    def _apply(self, receipt: Receipt, now: datetime) -> Applied:
        delivered, unknown = self._deliver(receipt)
        dead, strange = self._bury(receipt)
        held, stranger = self._hold(receipt, now)
        return Applied(delivered, dead, held, unknown + strange + stranger)

    def _deliver(self, receipt: Receipt) -> tuple[int, int]:
        delivered = unknown = 0
        for first, last in receipt.accepted:
            span = (receipt.epoch, min(first, _GREATEST), min(last, _GREATEST))
            (known,) = sql.one(self._connection, COUNT_RANGE, span)
            delivered += sql.change(self._connection, DELIVER_RANGE, (to_us(receipt.at), *span))
            unknown += max(0, last - first + 1) - known
        return delivered, unknown

    def _bury(self, receipt: Receipt) -> tuple[int, int]:
        dead = unknown = 0
        for refused in receipt.rejected:
            place = (receipt.epoch, min(refused.seq, _GREATEST), refused.id)
            dead += sql.change(self._connection, BURY, (refused.code, *place))
            unknown += not self._is_known(place)
        return dead, unknown

    def _hold(self, receipt: Receipt, now: datetime) -> tuple[int, int]:
        held = unknown = 0
        for put_off in receipt.held:
            place = (receipt.epoch, min(put_off.seq, _GREATEST), put_off.id)
            # The centre speaks in its own time; how long to wait is the same on every clock.
            wait = min(max(put_off.until - receipt.at, timedelta()), MAX_HOLD)
            held += sql.change(self._connection, HOLD, (to_us(now + wait), *place))
            unknown += not self._is_known(place)
        return held, unknown

    def _is_known(self, place: tuple[str, int, str]) -> bool:
        return sql.first(self._connection, IS_KNOWN, place) is not None


def read_counts(tx: Connection) -> OutboxCounts:
    """Return how much waits, on any connection. Costs as much as what waits: delivered rows are not looked at."""
    pending, held, oldest = sql.one(tx, COUNT_PENDING)
    (dead,) = sql.one(tx, COUNT_DEAD)
    return OutboxCounts(pending, held, dead, None if oldest is None else from_us(oldest))


def read_stock(tx: Connection) -> tuple[OutboxCounts, list[Kept]]:
    """Return how much waits, and what is kept of each life of the store, on any connection."""
    return read_counts(tx), kept_epochs(tx)


def is_return_pending(tx: Connection, codes: Sequence[str], since: datetime) -> bool:
    """Say whether the centre has yet to hear that one of these packs came back; not if older rows wait as well."""
    oldest = read_counts(tx).oldest_pending_at
    if oldest is None or oldest < since:
        return False
    return any(sql.first(tx, SELECT_RETURN_PENDING, (code,)) is not None for code in codes)


def last_event_at(tx: Connection) -> datetime | None:
    """Return when the last event was written, by the device's clock of then; None if none is here any more.

    What a start wrote to tell of a store that it mended does not count, whichever life it is in.
    """
    for epoch in (read_state(tx).epoch, *(one.epoch for one in former_stores(tx))):
        found = sql.first(tx, LAST_CREATED_AT, (epoch,))
        if found is not None:
            return from_us(found[0])
    return None


def count_delivered(tx: Connection) -> int:
    """Return how many rows are delivered and still kept: a month of them, so not for every second."""
    return int(sql.one(tx, COUNT_DELIVERED)[0])
