"""Business facts, terminal → centre: immutable, in order, chained.

An event is encoded once, at the terminal, inside the transaction that makes it true. From then on only its bytes
count: they travel verbatim, are stored verbatim, and the next event names their SM3 (GB/T 32905). The schema is
strict for a version that is known and silent about a newer one: newer events are held, never rejected.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal, get_args

import msgspec
from cryptography.hazmat.primitives import hashes
from msgspec import Meta, Struct

from codes.words import Words
from wire.errors import UNDECODABLE, InvalidEventError, NewerMessageError, UnsupportedVersionError

SCHEMA_VERSION = 2
"""2: a line may be paid by the insurance; packs are sold in part; steps of visits."""
OLDEST_READABLE_VERSION = 1
GENESIS = "0" * 64
"""What the first event of an epoch names as its predecessor."""

MAX_CODE_LENGTH = 100
"""The national interface carries trace codes of up to 100 characters (drug_trac_codg)."""

MAX_SPANS = 1_000
"""More holes than any accident leaves."""
MAX_FLAGS = 32
"""More than there are flags."""

Code = Annotated[str, Meta(min_length=1, max_length=MAX_CODE_LENGTH)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
EventUuid = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Utc = Annotated[datetime, Meta(tz=True)]
Seq = Annotated[int, Meta(ge=1, le=2**62)]
"""Number of an event within its epoch. No terminal counts further than the bound, and every store can keep it."""
Span = tuple[Seq, Seq]
"""First and last number, both included."""
Spans = Annotated[list[Span], Meta(max_length=MAX_SPANS)]
Tally = Annotated[int, Meta(ge=0, le=10**12)]
"""How many of something. No terminal counts further than the bound, and a store can add up those of all terminals."""
OffsetMs = Annotated[int, Meta(ge=-(2**53), le=2**53)]
"""Between two clocks; no two times that can be written are further apart."""

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


class _Fact(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", omit_defaults=True):
    """What happened. The tag is the kind; unknown fields are refused."""


class Scanned(_Fact, frozen=True, tag="scanned"):
    """A code was read at a counter. For the ledger this is a reservation with an expiry and nothing more."""

    sale: Name
    """The sale (or delivery) during which it was read."""
    reading: Name
    """`codes.reading.Kind` of the reading."""
    device: Annotated[str, Meta(max_length=200)]
    """The scanner that read it."""
    verdict: Name
    """What the counter made of it (`rules.scan_judgement.Verdict`)."""
    code: Code | None = None
    """The pack's key, only if the reading is a trace code or a UDI: nothing else leaves the terminal."""
    product: Name | None = None
    """The catalogue's product, if the code was matched."""
    reserved_until: Utc | None = None
    """Until when the pack is set aside for this sale."""
    flags: Annotated[tuple[Name, ...], Meta(max_length=MAX_FLAGS)] = ()
    """`codes.reading.Flag`s of the reading, such as `no_separator`; left out if nothing was noticed."""

    def __post_init__(self) -> None:
        refuse_nameless(self.reserved_until)


class PackInLine(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One pack of a line, and the reading that put it there."""

    code: Code
    reading: EventUuid
    """The `scanned` event of this pack."""
    units: Count | None = None
    """Smallest units that left of it, where it was sold in part; since version 2."""


class Dispensed(_Fact, frozen=True, tag="dispensed"):
    """A line of a sale was handed out: written when the sale closes, one per line."""

    sale: Name
    line: Count
    product: Name | None
    packs: Annotated[list[PackInLine], Meta(min_length=1, max_length=10_000)]
    price: Decimal | None
    """Unit price in yuan, not negative."""
    paid_by: Literal["self_pay", "insured"]
    """`insured` since version 2: what the insurance settled, be it that the person bears all of it."""

    def __post_init__(self) -> None:
        _refuse_no_price(self.price)


class SplitDispensed(_Fact, frozen=True, tag="split_dispensed"):
    """A line of opened packs: units of them were handed out (拆零). Since version 2."""

    sale: Name
    line: Count
    product: Name | None
    packs: Annotated[list[PackInLine], Meta(min_length=1, max_length=10_000)]
    """Each with its units."""
    units_per_pack: Count
    """Smallest units in a whole pack."""
    price: Decimal | None
    """Of one unit, in yuan, not negative."""
    paid_by: Literal["self_pay", "insured"]

    def __post_init__(self) -> None:
        _refuse_no_price(self.price)
        if any(pack.units is None for pack in self.packs):
            raise ValueError("a pack that was sold in part says how many units")


class SaleReturned(_Fact, frozen=True, tag="sale_returned"):
    """Packs of a closed sale came back."""

    sale: Name
    line: Count
    packs: Annotated[list[PackInLine], Meta(min_length=1, max_length=10_000)]
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class Received(_Fact, frozen=True, tag="received"):
    """Packs came into stock with a delivery."""

    delivery: Name
    line: Count
    product: Name | None
    packs: Annotated[list[PackInLine], Meta(min_length=1, max_length=10_000)]


class CodeUnmatched(_Fact, frozen=True, tag="code_unmatched"):
    """A trace code or UDI was read that the local catalogue does not know."""

    sale: Name
    code: Code
    looked_up: list[tuple[Name, Code]]
    """The (system, key) pairs that were tried, such as `trace_prefix 8385793`."""


class ShiftOpened(_Fact, frozen=True, tag="shift_opened"):
    """An operator signed in at the counter."""

    shift: Name


class ShiftClosed(_Fact, frozen=True, tag="shift_closed"):
    """The operator signed out."""

    shift: Name
    sales: Tally
    """Sales closed in this shift."""


class VisitStepped(_Fact, frozen=True, tag="visit_stepped"):
    """A step of a visit was done by a credential, or the hospital's system refused it. Nothing of the person."""

    visit: Name
    """The hospital's number of the visit."""
    step: Annotated[str, Meta(pattern=r"^[0-9]{5}$")]
    """businessType (`rules.visit_flow.VisitStep`)."""
    by: Literal["voucher", "face", "card", "id"]
    """What was shown: the code, the face, an insurance card, an identity card."""
    is_done: bool
    """False: the hospital's system refused it."""
    at: Utc
    """When the credential was shown, by the device's clock; the hospital's system may have answered much later."""
    item: Annotated[str, Meta(max_length=64)] = ""
    """What it was done for, such as the number of an examination."""


class TamperSeen(_Fact, frozen=True, tag="tamper_seen"):
    """Something about the terminal itself was changed from outside, or may have been."""

    what: Name
    """Stable word, such as `clock_set_back`."""
    detail: Annotated[str, Meta(max_length=500)]
    """Figures for a person; nothing personal."""


class StoreRebuilt(_Fact, frozen=True, tag="store_rebuilt"):
    """A new life of the terminal's store began because of an accident: the first event of its epoch."""

    former: Name | None
    """The life before; None if not even that could be read."""
    why: Literal["damaged", "copied", "forked"]
    kept: Tally
    """Events of former lives that are still at the terminal."""
    lost: Spans
    """Numbers of the former life that are known to be lost: not delivered, and not to be read any more."""

    def __post_init__(self) -> None:
        _refuse_reversed(self.lost)


class EventsLost(_Fact, frozen=True, tag="events_lost"):
    """Numbers that the centre asked for and that will never come. It closes them, with an alarm."""

    epoch: Name
    """The life whose numbers they are."""
    spans: Spans

    def __post_init__(self) -> None:
        _refuse_reversed(self.spans)


Fact = (
    Scanned
    | Dispensed
    | SplitDispensed
    | SaleReturned
    | Received
    | CodeUnmatched
    | ShiftOpened
    | ShiftClosed
    | VisitStepped
    | TamperSeen
    | StoreRebuilt
    | EventsLost
)

KINDS: tuple[str, ...] = tuple(str(kind.__struct_config__.tag) for kind in get_args(Fact))


class Event(Struct, frozen=True, forbid_unknown_fields=True):
    """One fact with its place in the terminal's history."""

    v: int
    """Schema version."""
    id: EventUuid
    terminal: Name
    epoch: Name
    """The life of the terminal's store; a rebuilt store starts a new one."""
    seq: Seq
    """Gapless within the epoch, from 1."""
    hlc: Annotated[int, Meta(ge=0, le=2**62)]
    """Hybrid logical clock, microseconds (`wire.ids.HybridClock`)."""
    occurred_at: Utc
    """The device's clock, UTC."""
    clock_offset_ms: OffsetMs | None
    """Centre clock minus device clock, as last measured; None before the first measurement."""
    operator: Name | None
    """Who did it; None for facts that no person did."""
    prev: Hash
    """SM3 of the bytes of the event before, `GENESIS` for the first."""
    fact: Fact


class EventHeader(Struct, frozen=True):
    """The part that every version has; unknown fields are allowed."""

    v: int
    id: str
    seq: int


def version_of(fact: Fact) -> int:
    """Return the oldest version that has a fact: a centre that knows no newer one goes on taking the others."""
    if isinstance(fact, VisitStepped | SplitDispensed):
        return 2
    is_insured = isinstance(fact, Dispensed) and fact.paid_by == "insured"
    packs = fact.packs if isinstance(fact, Dispensed | SaleReturned | Received) else []
    return 2 if is_insured or any(pack.units is not None for pack in packs) else 1


_encoder = msgspec.json.Encoder(decimal_format="string", uuid_format="canonical")
_event_decoder = msgspec.json.Decoder(Event)
_header_decoder = msgspec.json.Decoder(EventHeader)


def freeze(event: Event) -> bytes:
    """Return the event's bytes, the only form that travels, is stored and is hashed."""
    return _encoder.encode(event)


def thaw(frozen: bytes | msgspec.Raw) -> Event:
    """Return the event that the bytes hold.

    Raises:
        NewerMessageError: The event has a newer schema version: hold it.
        UnsupportedVersionError: The event has a version older than any we read.
        InvalidEventError: The bytes are no event of their version.
    """
    try:
        event = _event_decoder.decode(frozen)
    except UNDECODABLE as exc:
        header = thaw_header(frozen)
        _refuse_version(header.v)
        raise InvalidEventError(
            Words(
                f"第 {header.seq} 号记录不符合规范：{exc}",
                f"Event {header.seq} does not fit its schema: {exc}",
            )
        ) from exc
    _refuse_version(event.v)
    if event.v < version_of(event.fact):
        raise InvalidEventError(
            Words(
                f"第 {event.seq} 号记录的内容高于其版本 {event.v}",
                f"Event {event.seq} says what version {event.v} does not have",
            )
        )
    return event


def thaw_header(frozen: bytes | msgspec.Raw) -> EventHeader:
    """Return version, id and number of an event of any version.

    Raises:
        InvalidEventError: The bytes are no event of any version.
    """
    try:
        return _header_decoder.decode(frozen)
    except UNDECODABLE as exc:
        raise InvalidEventError(Words(f"不是有效的记录：{exc}", f"Not an event: {exc}")) from exc


def sm3_hex(message: bytes) -> str:
    """Return the SM3 digest (GB/T 32905-2016) of `message`, 64 hexadecimal digits."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(message)
    return digest.finalize().hex()


def refuse_nameless(time: datetime | None) -> None:
    """Raise `ValueError` if a time lies before the year 1 or after the year 9999 once it is told in UTC."""
    if time is not None and not _EARLIEST <= time <= _LATEST:
        raise ValueError(f"not a time of UTC: {time}")


def _refuse_no_price(price: Decimal | None) -> None:
    if price is not None and not (price.is_finite() and price >= 0):
        raise ValueError(f"price is not an amount of money: {price}")


def _refuse_reversed(spans: list[Span]) -> None:
    for first, last in spans:
        if first > last:
            raise ValueError(f"not a span of numbers: {first} to {last}")


def _refuse_version(version: int) -> None:
    if version > SCHEMA_VERSION:
        raise NewerMessageError(
            Words(
                f"记录版本 {version} 高于本机支持的 {SCHEMA_VERSION}",
                f"Event version {version} is newer than {SCHEMA_VERSION}",
            )
        )
    if version < OLDEST_READABLE_VERSION:
        raise UnsupportedVersionError(
            Words(f"记录版本 {version} 已不再支持", f"Event version {version} is no longer supported")
        )
