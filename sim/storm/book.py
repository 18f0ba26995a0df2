"""What a simulated terminal has recorded, what of it is on the way, and what the centre has confirmed.

The events, the chain, the frames and the signatures are real; only the shop around them is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wire.envelope import open_sealed, seal
from wire.errors import WireError
from wire.events import GENESIS, Event, Scanned, freeze, sm3_hex, version_of
from wire.ids import uuid7
from wire.keys import PublicKey, SigningKey
from wire.presence import PRESENCE_VERSION, Health, KeptEpoch, Presence, PresenceState
from wire.presence import encode as encode_presence
from wire.receipts import BATCH_VERSION, Batch, decode_receipt
from wire.receipts import encode as encode_batch
from wire.topics import Channel, TerminalTopics

VERSION = "0.1.0"
INSTITUTION = "P35020000088"
_US = timedelta(microseconds=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_RESERVED = timedelta(minutes=15)
_PREFIX = "8600011"
MOST_RESEND_S = 60.0
"""As a terminal does: the longest wait before the same is sent again."""


@dataclass(frozen=True, slots=True)
class Record:
    """One event, as the centre must have it."""

    id: str
    terminal: str
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Confirmed:
    """An event that has its receipt."""

    recorded_s: float
    """Monotonic."""
    waited_s: float
    is_live: bool
    """The line was open when it was recorded."""


@dataclass(slots=True)
class _Waiting:
    frozen: bytes
    recorded_s: float
    is_live: bool


@dataclass(slots=True)
class _OnTheWay:
    """A batch, which is sent again as it was, byte for byte."""

    frame: bytes
    seqs: Sequence[int]
    last_sent_s: float
    tries: int = 0
    """How often it was sent again without an answer."""

    def is_due(self, now_s: float, resend_s: float) -> bool:
        """Tell whether it is unanswered for so long; each further time it waits twice as long."""
        return self.last_sent_s + min(resend_s * 2.0**self.tries, MOST_RESEND_S) <= now_s


@dataclass(slots=True)
class Book:
    """The history of one terminal."""

    topics: TerminalTopics
    number: int
    """Makes its packs its own."""
    key: SigningKey
    centre_key: PublicKey
    rng: Random
    epoch: str = "storm"
    records: list[Record] = field(default_factory=list)
    confirmed: list[Confirmed] = field(default_factory=list)
    resent: int = 0
    """Events that were sent again for want of a receipt."""
    refused: int = 0
    """Events that the centre refused or put off, and receipts that are damaged or answer nothing of ours."""
    session: str = ""
    _waiting: dict[int, _Waiting] = field(default_factory=dict)
    _unsent: list[int] = field(default_factory=list)
    _on_the_way: dict[str, _OnTheWay] = field(default_factory=dict)
    _nonces: set[str] = field(default_factory=set)
    _prev: str = GENESIS
    _hlc: int = 0

    @property
    def pending(self) -> int:
        """Events without a receipt."""
        return len(self._waiting)

    def record(self, now: datetime, now_s: float, *, is_live: bool) -> None:
        """Scan one more pack."""
        seq = len(self.records) + 1
        us = (now - _EPOCH) // _US
        self._hlc = max(self._hlc + 1, us)
        terminal = self.topics.terminal
        fact = Scanned(
            sale=f"{terminal}-{seq}",
            reading="trace",
            device="serial:counter",
            verdict="added",
            code=f"{_PREFIX}{self.number:07d}{seq:06d}",
            reserved_until=now + _RESERVED,
        )
        event = Event(
            v=version_of(fact),
            id=str(uuid7(us // 1_000, self.rng.randbytes(10))),
            terminal=terminal,
            epoch=self.epoch,
            seq=seq,
            hlc=self._hlc,
            occurred_at=now,
            clock_offset_ms=None,
            operator="storm",
            prev=self._prev,
            fact=fact,
        )
        frozen = freeze(event)
        self._prev = sm3_hex(frozen)
        self.records.append(Record(event.id, terminal, self.epoch, seq))
        self._waiting[seq] = _Waiting(frozen, now_s, is_live)
        self._unsent.append(seq)

    def begin_session(self) -> None:
        """Take a new name for the session."""
        self.session = self.rng.randbytes(8).hex()

    def forget_sent(self) -> None:
        """Whatever was on the way on the last line is to be sent on the new one, in new batches."""
        self._on_the_way.clear()
        self._unsent = list(self._waiting)

    def batch(self, now: datetime, now_s: float, resend_s: float) -> bytes | None:
        """Return the next frame to send now: one without an answer for `resend_s`, or the unsent; None if none is."""
        overdue = next((one for one in self._on_the_way.values() if one.is_due(now_s, resend_s)), None)
        if overdue is not None:
            overdue.tries += 1
            overdue.last_sent_s = now_s
            self.resent += len(overdue.seqs)
            return overdue.frame
        # A receipt to a batch of the last line may have come since.
        seqs, self._unsent = [seq for seq in self._unsent if seq in self._waiting], []
        return self._new_frame(seqs, now, now_s) if seqs else None

    def _new_frame(self, seqs: Sequence[int], now: datetime, now_s: float) -> bytes:
        nonce = self.rng.randbytes(8).hex()
        self._nonces.add(nonce)
        events = [msgspec.Raw(self._waiting[seq].frozen) for seq in seqs]
        body = encode_batch(Batch(BATCH_VERSION, self.topics.terminal, self.epoch, now, nonce, events))
        frame = self._sealed(body, Channel.EVENTS)
        self._on_the_way[nonce] = _OnTheWay(frame, seqs, now_s)
        return frame

    def take_receipt(self, frame: bytes, now_s: float) -> None:
        """Strike out what the centre has confirmed; count what is not the centre's, or answers nothing of ours."""
        try:
            receipt = decode_receipt(open_sealed(frame, self.topics.on(Channel.RECEIPT), self._key_of_centre).body)
        except WireError:
            self.refused += 1
            return
        if receipt.nonce not in self._nonces:
            self.refused += 1
            return
        self.refused += len(receipt.rejected) + len(receipt.held)
        for first, last in receipt.accepted:
            for seq in range(first, last + 1):
                waited = self._waiting.pop(seq, None)
                if waited is not None:
                    self.confirmed.append(Confirmed(waited.recorded_s, now_s - waited.recorded_s, waited.is_live))
        answered = self._on_the_way.get(receipt.nonce)
        # What the centre refuses or puts off is counted, and offered again after the wait.
        if answered is not None and not any(seq in self._waiting for seq in answered.seqs):
            del self._on_the_way[receipt.nonce]

    def presence(self, state: PresenceState, at: datetime) -> bytes:
        """Return the frame of a birth or of a will."""
        said = Presence(
            v=PRESENCE_VERSION,
            terminal=self.topics.terminal,
            session=self.session,
            state=state,
            at=at,
            epoch=self.epoch,
            public_key=self.key.public.raw.hex(),
            institution=INSTITUTION,
            label="storm",
            version=VERSION,
        )
        return self._sealed(encode_presence(said), Channel.PRESENCE)

    def health(self, at: datetime) -> bytes:
        """Return the frame of a health report."""
        said = Health(
            v=PRESENCE_VERSION,
            terminal=self.topics.terminal,
            session=self.session,
            at=at,
            pending=self.pending,
            dead_letters=0,
            oldest_pending_at=None,
            devices=[],
            kept=[KeptEpoch(self.epoch, 1, len(self.records), self._prev)] if self.records else [],
        )
        return self._sealed(encode_presence(said), Channel.HEALTH)

    def _sealed(self, body: bytes, channel: Channel) -> bytes:
        return seal(body, self.topics.on(channel), self.key)

    def _key_of_centre(self, key_id: bytes) -> PublicKey | None:
        return self.centre_key if key_id == self.centre_key.key_id else None


def new_book(number: int, area: str, centre_key: PublicKey, rng: Random) -> Book:
    """Return the empty book of a terminal with a key of its own."""
    key = SigningKey(Ed25519PrivateKey.generate())
    return Book(TerminalTopics(area, f"storm-{number:05d}"), number, key, centre_key, rng)
