"""The words in which the life of one pack is told: what is said of it, and what it comes to.

Terminals are offline for days and messages arrive in any order, twice, or from two channels at once. So the state of
a code is never updated; it is *derived*, every time, from the whole history (`rules.pack_fold`). This module holds the
vocabulary of both: acts, facts and their evidence, states, conflicts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from codes.words import Words


class State(StrEnum):
    """Where a pack stands."""

    UNSEEN = "unseen"
    """Nothing but scans is known."""
    IN_STOCK = "in_stock"
    RESERVED = "reserved"
    """Set aside for a sale that is open; only `PackLife.state_at` tells, because it depends on the time."""
    SOLD = "sold"
    SPLIT = "split"
    """Opened; `PackLife.rest` units are left. An opened pack never becomes whole stock again."""
    RETURNED = "returned"
    QUARANTINED = "quarantined"
    TRANSFERRED = "transferred"
    """Sent to another institution, not received there yet."""
    DESTROYED = "destroyed"
    RECALLED = "recalled"
    EXPIRED = "expired"
    CONFLICT = "conflict"
    """Two facts cannot both be true, for example sold twice."""


class Act(StrEnum):
    """What a piece of evidence says was done."""

    SCANNED = "scanned"
    RECEIVED = "received"
    DISPENSED = "dispensed"
    SPLIT_DISPENSED = "split_dispensed"
    RETURNED = "returned"
    TRANSFERRED = "transferred"
    QUARANTINED = "quarantined"
    RELEASED = "released"
    """Taken out of quarantine, back into stock."""
    IMPLANTED = "implanted"
    DESTROYED = "destroyed"
    RECALLED = "recalled"
    EXPIRED = "expired"
    STOCKTAKEN = "stocktaken"
    """Counted on the shelf. It tells who has a pack of which nothing else is known, and contradicts nothing: the day
    of a stock-taking is known, its hour is not."""


SALES = frozenset({Act.DISPENSED, Act.SPLIT_DISPENSED, Act.IMPLANTED})
"""The acts that hand a pack, or a part of it, to a patient."""

BARS = {Act.RECALLED: State.RECALLED, Act.EXPIRED: State.EXPIRED}
"""The acts after which a pack may not be sold any more, wherever it is and whatever happens to it later."""


NO_LINE = 0
"""Line of evidence whose message knows the sale but no line of it: it speaks of the sale's line, whichever it is."""

SIZE_UNKNOWN = 0
"""Units of a whole pack, where the message counts units and nobody here knows how many the pack holds."""


class Order(NamedTuple):
    """Place in the history of all terminals; the same wherever it is computed."""

    hlc: int
    terminal: str
    epoch: str
    seq: int


class FactKey(NamedTuple):
    """What makes two pieces of evidence the same fact (for one code)."""

    act: Act
    institution: str
    document: str
    """Sale, delivery or other document number of that institution."""
    line: int
    """`NO_LINE` if the message names none (`rules.pack_facts`)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One message that says something was done to a pack."""

    source: str
    """Identity of the message: an event id, or the number of an interface record. A message that names its sale by two
    numbers is two pieces of evidence with one source."""
    key: FactKey
    order: Order
    units: int | None = None
    """Units taken, for `SPLIT_DISPENSED`; units that came back, for `RETURNED`, if not all of them did."""
    units_per_pack: int | None = None
    """Units in a whole pack, for `SPLIT_DISPENSED`; `SIZE_UNKNOWN` if nobody here knows."""
    reserved_until: datetime | None = None
    """For `SCANNED`: until when the pack is set aside."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A fact that cannot follow the ones before it."""

    code: str
    """Stable reason, such as `pack.sold_twice`."""
    words: Words
    fact: FactKey
    against: FactKey | None
    """The fact that it contradicts, if there is one."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A pack set aside for an open sale."""

    institution: str
    sale: str
    until: datetime


@dataclass(frozen=True, slots=True)
class PackLife:
    """What the history of one code comes to."""

    state: State = State.UNSEEN
    """Without reservations, which depend on the time: see `state_at`."""
    holder: str | None = None
    """Institution that has or had the pack last; a recall or a quarantine moves no pack."""
    settled_by: FactKey | None = None
    """The fact that led to `state`."""
    rest: int | None = None
    """Units left of an opened pack."""
    barred: State | None = None
    """`RECALLED` or `EXPIRED`, whichever came first, even while the pack is sold: it comes back as that."""
    reservation: Reservation | None = None
    conflicts: tuple[Conflict, ...] = ()
    facts: tuple[FactKey, ...] = field(default=())
    """All merged facts in order, scans included."""

    def state_at(self, now: datetime) -> State:
        """Return the state at `now`: `RESERVED` while a reservation lasts on a pack that can be sold."""
        held = self.reservation is not None and self.reservation.until > now
        return State.RESERVED if held and self.state in SELLABLE else self.state


SELLABLE = frozenset({State.UNSEEN, State.IN_STOCK, State.RETURNED})
