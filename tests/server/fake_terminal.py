"""A terminal as the centre meets it: real keys, real events, real frames; only the counter behind it is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.store import terminals
from server.store.database import Store
from server.store.terminals import TerminalRow
from server.store.times import micros
from wire import presence, receipts
from wire.envelope import open_sealed, seal
from wire.events import (
    GENESIS,
    Dispensed,
    Event,
    Fact,
    PackInLine,
    Received,
    SaleReturned,
    Scanned,
    freeze,
    sm3_hex,
    version_of,
)
from wire.ids import uuid7
from wire.keys import PublicKey, SigningKey
from wire.presence import Presence, PresenceState
from wire.receipts import Batch, Receipt, Trust
from wire.topics import Channel, TerminalTopics

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
NONCE = "0123456789abcdef"
READING = "018bcfe5-6800-7b3a-a7ef-f356bc289f83"


def new_key() -> SigningKey:
    return SigningKey(Ed25519PrivateKey.generate())


def code_of(number: int, prefix: str = "8600011") -> str:
    return f"{prefix}{number:013d}"


def scanned(code: str | None, *, sale: str = "S1", reserved_s: int | None = 900) -> Scanned:
    until = None if reserved_s is None else NOW + timedelta(seconds=reserved_s)
    return Scanned(
        sale=sale,
        reading="trace",
        device="serial:counter-left",
        verdict="added",
        code=code,
        product="D0001",
        reserved_until=until,
    )


def dispensed(*codes: str, sale: str = "S1", line: int = 1) -> Dispensed:
    packs = [PackInLine(code, READING) for code in codes]
    return Dispensed(sale=sale, line=line, product="D0001", packs=packs, price=None, paid_by="self_pay")


def returned(*codes: str, sale: str = "S1", line: int = 1) -> SaleReturned:
    return SaleReturned(sale=sale, line=line, packs=[PackInLine(code, READING) for code in codes], reason="退货")


def received(*codes: str, delivery: str = "R1", line: int = 1) -> Received:
    packs = [PackInLine(code, READING) for code in codes]
    return Received(delivery=delivery, line=line, product="D0001", packs=packs)


@dataclass(slots=True)
class FakeTerminal:
    """One life of a terminal's store."""

    name: str = "T-001"
    area: str = "350200"
    epoch: str = "e1"
    institution: str = "P35020000001"
    key: SigningKey = field(default_factory=new_key)
    seq: int = 0
    prev: str = GENESIS
    hlc: int = field(default_factory=lambda: micros(NOW))

    @property
    def topics(self) -> TerminalTopics:
        return TerminalTopics(self.area, self.name)

    def event(self, fact: Fact, *, hlc: int | None = None) -> Event:
        """Return the next event without taking its number."""
        moment = self.hlc + 1 if hlc is None else hlc
        seed = f"{self.name}/{self.epoch}/{self.seq + 1}/{moment}/{self.prev}"
        random = bytes.fromhex(sm3_hex(seed.encode()))[:10]
        return Event(
            v=version_of(fact),
            id=str(uuid7(moment // 1_000, random)),
            terminal=self.name,
            epoch=self.epoch,
            seq=self.seq + 1,
            hlc=moment,
            occurred_at=NOW,
            clock_offset_ms=None,
            operator="li",
            prev=self.prev,
            fact=fact,
        )

    def say(self, fact: Fact, *, hlc: int | None = None) -> bytes:
        """Add a fact to the chain and return its bytes."""
        event = self.event(fact, hlc=hlc)
        frozen = freeze(event)
        self.seq, self.hlc, self.prev = event.seq, max(self.hlc, event.hlc), sm3_hex(frozen)
        return frozen

    def skip(self, frozen: bytes) -> bytes:
        """Take bytes that are no event of ours into the chain, as a broken terminal would."""
        self.seq, self.prev = self.seq + 1, sm3_hex(frozen)
        return frozen

    def body(self, frozen: Sequence[bytes], **changes: object) -> bytes:
        batch = Batch(
            v=1,
            terminal=self.name,
            epoch=self.epoch,
            sent_at=NOW,
            nonce=NONCE,
            events=[msgspec.Raw(one) for one in frozen],
        )
        return receipts.encode(msgspec.structs.replace(batch, **changes))

    def frame(self, *frozen: bytes, **changes: object) -> tuple[str, bytes]:
        """Return topic and frame of a batch."""
        return self.sealed(self.body(frozen, **changes))

    def sealed(self, body: bytes, channel: Channel = Channel.EVENTS) -> tuple[str, bytes]:
        topic = self.topics.on(channel)
        return topic, seal(body, topic, self.key)

    def presence(
        self, state: PresenceState = PresenceState.ONLINE, *, session: str = "s1", at: datetime = NOW
    ) -> tuple[str, bytes]:
        said = Presence(
            v=1,
            terminal=self.name,
            session=session,
            state=state,
            at=at,
            epoch=self.epoch,
            public_key=self.key.public.raw.hex(),
            institution=self.institution,
            label="一号柜台",
            version="0.1.0",
        )
        return self.sealed(presence.encode(said), Channel.PRESENCE)

    def registered(self, store: Store, trust: Trust = Trust.APPROVED) -> FakeTerminal:
        """Put it into the centre's registry."""
        row = TerminalRow(
            id=self.name,
            area=self.area,
            public_key=self.key.public.raw,
            trust=trust.value,
            institution=self.institution,
            label="一号柜台",
            first_seen_us=micros(NOW),
            decided_by=None,
            decided_us=None,
            version="0.1.0",
            epoch=self.epoch,
            session="s1",
            session_us=micros(NOW),
            presence="online",
            presence_us=micros(NOW),
            last_seen_us=micros(NOW),
            health_us=None,
            pending=None,
            dead_letters=None,
            oldest_pending_us=None,
            devices=None,
        )
        with store.writing() as connection:
            terminals.add_terminal(connection, row)
        return self


def opened(reply_topic: str, reply_frame: bytes, centre: PublicKey) -> Receipt:
    """Return the receipt that a terminal reads, its signature checked."""
    body = open_sealed(reply_frame, reply_topic, lambda key_id: centre if key_id == centre.key_id else None).body
    return receipts.decode_receipt(body)
