"""What the counter may know when a scan comes in, and what it may answer: the words of the decision table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from codes.reading import Flag, Kind, Reading


class Mode(StrEnum):
    """What the counter is doing."""

    DISPENSE = "dispense"
    RECEIVE = "receive"


class PackLevel(StrEnum):
    """Pack level that the product's identifier stands for (小码, 中码, 大码)."""

    UNIT = "unit"
    """Smallest sales pack."""
    INNER = "inner"
    CARTON = "carton"


class Verdict(StrEnum):
    """What the counter does with the scan."""

    ADDED = "added"
    UNMATCHED = "unmatched"
    """On the list, without a product."""
    ALREADY_IN_SALE = "already_in_sale"
    SOLD_HERE = "sold_here"
    """Sold at this terminal and not come back."""
    SOLD_AT_SITE = "sold_at_site"
    """Sold at another terminal of this site and not come back."""
    SOLD_ELSEWHERE = "sold_elsewhere"
    """Sold at another institution, as the centre has answered."""
    QUARANTINED = "quarantined"
    """It came back from a patient and lies apart until somebody answers for it."""
    EXPIRED = "expired"
    """Scanned to be sold, and the last day on which it is good is over."""
    RECEIVED_HERE = "received_here"
    """Scanned to be received, but received at this terminal already and still there."""
    CARTON = "carton"
    WRONG_CODE_TYPE = "wrong_code_type"
    NOT_INDIVIDUAL = "not_individual"
    PLACEHOLDER = "placeholder"
    CREDENTIAL = "credential"
    UNREADABLE = "unreadable"
    SIGN_IN_FIRST = "sign_in_first"
    """Nobody is signed in: whatever it is, it is on no list."""


class Tone(StrEnum):
    """How loudly the counter says it."""

    OK = "ok"
    NOTICE = "notice"
    """One low tone: something is missing, work goes on."""
    ALARM = "alarm"
    """Two low tones and a red row: the pack must not be handed out."""


class Listed(StrEnum):
    """Whether the pack is on a list of this counter."""

    NO = "no"
    JUST_NOW = "just_now"
    """Scanned a moment ago, and on the list since: a trembling hand, not a second box."""
    BEFORE = "before"
    BEING_PAID = "being_paid"
    """On the sale that is being paid, while scans go to the next one."""
    NEXT = "next"
    """On the next list, scanned during a payment that was given up."""
    HELD = "held"
    """On a list that was put aside."""
    HELD_AT_SITE = "held_at_site"
    """On a list that was put aside at another terminal of this site."""


class Size(StrEnum):
    """How large a pack the code stands for, and whether the library knows its product."""

    UNKNOWN = "unknown"
    """The library does not know the product, and the code itself says nothing."""
    GROUPED = "grouped"
    """The library does not know it; the packaging indicator of the GTIN says that it holds several packs."""
    UNIT = "unit"
    INNER = "inner"
    CARTON = "carton"


@dataclass(frozen=True, slots=True)
class SoldBefore:
    """An earlier sale of the pack that has not come back."""

    terminal: str
    sale: str
    at: datetime
    """Shop time."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known when a scan is judged."""

    mode: Mode
    reading: Reading
    pack: str | None
    """Key of the single pack (`codes.pack.pack_key`), if the code has one."""
    level: PackLevel | None
    """From the matching library; None if the product is not known."""
    listed: Listed = Listed.NO
    held_on: str | None = None
    """Number of the list that was put aside and has the pack."""
    held_at: str = ""
    """The other terminal of this site at which it lies; empty: at this one."""
    sold_here: SoldBefore | None = None
    sold_at_site: SoldBefore | None = None
    """What another terminal of this site has told."""
    is_sold_elsewhere: bool | None = None
    """The centre's answer; None if it was not asked or did not answer: then nothing is said about it."""
    came_back_at: datetime | None = None
    """Since when it lies apart at this terminal (shop time); None if it does not."""
    received_at: datetime | None = None
    """When this terminal received the pack (shop time); None if it did not, or if a sale of it came back since."""
    expired_on: date | None = None
    """The last day on which it was good, where that is over; None: it is good, or nothing is known."""
    is_paying: bool = False
    """The open sale is being paid: what is scanned belongs to the next one."""
    is_signed_in: bool = True


@dataclass(frozen=True, slots=True)
class ScanFacts:
    """The same, each fact with one of a few values: the columns of the decision table."""

    kind: Kind
    signed_in: bool
    placeholder: bool
    individual: bool
    mode: Mode
    size: Size
    listed: Listed
    sold_here: bool
    sold_at_site: bool
    sold_elsewhere: bool
    apart: bool
    received_here: bool
    expired: bool
    paying: bool


_GROUPING_INDICATORS = frozenset("12345678")
"""First digit of a GTIN-14 that names a group of trade items; 0 is the item itself, 9 an item of variable measure."""


def facts_of(seen: Circumstances) -> ScanFacts:
    """Return the facts by which the table decides."""
    return ScanFacts(
        kind=seen.reading.kind,
        signed_in=seen.is_signed_in,
        placeholder=Flag.PLACEHOLDER in seen.reading.flags,
        individual=seen.pack is not None,
        mode=seen.mode,
        size=_size_of(seen),
        listed=seen.listed,
        sold_here=seen.sold_here is not None,
        sold_at_site=seen.sold_at_site is not None,
        sold_elsewhere=bool(seen.is_sold_elsewhere),
        apart=seen.came_back_at is not None,
        received_here=seen.received_at is not None,
        expired=seen.expired_on is not None,
        paying=seen.is_paying,
    )


def _size_of(seen: Circumstances) -> Size:
    """Return what the library says; where it knows nothing, what a GTIN says by itself (C-05)."""
    if seen.level is not None:
        return Size(seen.level.value)
    gtin = seen.reading.fields.get("gtin") if seen.reading.kind is Kind.GS1 else None
    is_grouped = isinstance(gtin, str) and gtin[:1] in _GROUPING_INDICATORS
    return Size.GROUPED if is_grouped else Size.UNKNOWN
