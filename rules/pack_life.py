"""The life of one pack: a pure fold over everything that was ever said about its code.

Terminals are offline for days and messages arrive in any order, twice, or from two channels at once. So the state of
a code is never updated; it is *derived*, every time, from the whole history:

1. Evidence with the same fact key says the same thing and merges (the `dispensed` event, the settlement node and the
   stock-sale row of one sale line are three pieces of evidence of one fact).
2. Facts are ordered by (hlc, terminal, epoch, seq); a return comes after the sale that it undoes, whatever the clocks
   said.
3. Each fact moves the state along `MOVES`. A fact that cannot follow is a *conflict*: it stays in the history, is
   named with its reason, and nobody's sale is undone.

What the fold does not do: decide who may be paid. That is a claim, first come, first served, made at settlement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
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
    """Opened; `PackLife.rest` units are left."""
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


@dataclass(frozen=True, slots=True)
class Evidence:
    """One message that says something was done to a pack."""

    source: str
    """Identity of the message: an event id, or the number of an interface record."""
    key: FactKey
    order: Order
    units: int | None = None
    """Units taken, for `SPLIT_DISPENSED`."""
    units_per_pack: int | None = None
    """Units in a whole pack, for `SPLIT_DISPENSED`."""
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
    """Institution that has or had the pack last."""
    settled_by: FactKey | None = None
    """The fact that led to `state`."""
    rest: int | None = None
    """Units left of an opened pack."""
    reservation: Reservation | None = None
    conflicts: tuple[Conflict, ...] = ()
    facts: tuple[FactKey, ...] = field(default=())
    """All merged facts in order, scans included."""

    def state_at(self, now: datetime) -> State:
        """Return the state at `now`: `RESERVED` while a reservation lasts on a pack that can be sold."""
        held = self.reservation is not None and self.reservation.until > now
        return State.RESERVED if held and self.state in SELLABLE else self.state


SELLABLE = frozenset({State.UNSEEN, State.IN_STOCK, State.RETURNED})

MOVES: dict[tuple[State, Act], State] = (
    {
        # Received: the first thing we hear, or after a transfer. A second receipt elsewhere is the resale we look for.
        (State.UNSEEN, Act.RECEIVED): State.IN_STOCK,
        (State.TRANSFERRED, Act.RECEIVED): State.IN_STOCK,
        (State.RETURNED, Act.RECEIVED): State.IN_STOCK,
        # Sold whole.
        (State.UNSEEN, Act.DISPENSED): State.SOLD,
        (State.IN_STOCK, Act.DISPENSED): State.SOLD,
        (State.RETURNED, Act.DISPENSED): State.SOLD,
        (State.UNSEEN, Act.IMPLANTED): State.SOLD,
        (State.IN_STOCK, Act.IMPLANTED): State.SOLD,
        # Sold in parts.
        (State.UNSEEN, Act.SPLIT_DISPENSED): State.SPLIT,
        (State.IN_STOCK, Act.SPLIT_DISPENSED): State.SPLIT,
        (State.RETURNED, Act.SPLIT_DISPENSED): State.SPLIT,
        (State.SPLIT, Act.SPLIT_DISPENSED): State.SPLIT,
        # Came back.
        (State.SOLD, Act.RETURNED): State.RETURNED,
        (State.SPLIT, Act.RETURNED): State.RETURNED,
        # Moved.
        (State.UNSEEN, Act.TRANSFERRED): State.TRANSFERRED,
        (State.IN_STOCK, Act.TRANSFERRED): State.TRANSFERRED,
        (State.RETURNED, Act.TRANSFERRED): State.TRANSFERRED,
        (State.QUARANTINED, Act.RELEASED): State.IN_STOCK,
    }
    | {
        # Taken out of trade, from any state in which the pack still exists unsold.
        (state, act): after
        for state in (State.UNSEEN, State.IN_STOCK, State.RETURNED, State.TRANSFERRED, State.QUARANTINED, State.SPLIT)
        for act, after in (
            (Act.QUARANTINED, State.QUARANTINED),
            (Act.RECALLED, State.RECALLED),
            (Act.EXPIRED, State.EXPIRED),
            (Act.DESTROYED, State.DESTROYED),
        )
    }
    | {(state, Act.DESTROYED): State.DESTROYED for state in (State.RECALLED, State.EXPIRED)}
)
"""Every step that can be true. What is not here is a conflict, except for `HARMLESS`."""

HARMLESS = frozenset(
    {
        # A recall or an expiry date reaches packs that are gone: news for the patient, no contradiction.
        (State.SOLD, Act.RECALLED),
        (State.SOLD, Act.EXPIRED),
        (State.DESTROYED, Act.RECALLED),
        (State.DESTROYED, Act.EXPIRED),
        (State.RECALLED, Act.EXPIRED),
        (State.EXPIRED, Act.RECALLED),
        (State.RECALLED, Act.QUARANTINED),
        (State.EXPIRED, Act.QUARANTINED),
    }
)

_SALES = frozenset({Act.DISPENSED, Act.SPLIT_DISPENSED, Act.IMPLANTED})

_WHY: dict[tuple[State, Act], tuple[str, Words]] = {
    (State.SOLD, Act.DISPENSED): ("pack.sold_twice", Words("同一追溯码售出两次", "The same code was sold twice")),
    (State.SOLD, Act.SPLIT_DISPENSED): (
        "pack.split_after_sale",
        Words("整盒售出后又拆零", "Sold whole, then in parts"),
    ),
    (State.SPLIT, Act.DISPENSED): ("pack.whole_after_split", Words("拆零后又整盒售出", "Opened, then sold whole")),
    (State.SOLD, Act.RECEIVED): ("pack.received_after_sale", Words("售出后又入库", "Sold, then received into stock")),
    (State.IN_STOCK, Act.RECEIVED): ("pack.received_twice", Words("重复入库", "Received twice")),
    (State.RECALLED, Act.DISPENSED): ("pack.sold_recalled", Words("召回后仍售出", "Sold after its recall")),
    (State.EXPIRED, Act.DISPENSED): ("pack.sold_expired", Words("过期后仍售出", "Sold after it expired")),
    (State.QUARANTINED, Act.DISPENSED): ("pack.sold_quarantined", Words("隔离中售出", "Sold out of quarantine")),
    (State.DESTROYED, Act.DISPENSED): ("pack.sold_destroyed", Words("销毁后售出", "Sold after it was destroyed")),
    (State.TRANSFERRED, Act.DISPENSED): (
        "pack.sold_in_transfer",
        Words("调拨途中售出", "Sold while on the way to another institution"),
    ),
    (State.UNSEEN, Act.RETURNED): ("pack.returned_unsold", Words("无销售记录的退货", "Returned without a sale")),
    (State.IN_STOCK, Act.RETURNED): ("pack.returned_unsold", Words("无销售记录的退货", "Returned without a sale")),
    (State.RETURNED, Act.RETURNED): ("pack.returned_twice", Words("重复退货", "Returned twice")),
}


@dataclass(frozen=True, slots=True)
class _Fact:
    """Evidence merged under one key: the earliest piece speaks, the rest confirm."""

    key: FactKey
    order: Order
    said: Evidence


def fold(evidence: Iterable[Evidence]) -> PackLife:
    """Return what the history of one code comes to.

    The result is the same for any order of `evidence`, any repetition, and any split of one fact over several pieces.
    """
    life = PackLife()
    for fact in _in_order(_merge(evidence)):
        life = _step(life, fact)
    return life


def _merge(evidence: Iterable[Evidence]) -> dict[FactKey, _Fact]:
    facts: dict[FactKey, _Fact] = {}
    for piece in evidence:
        known = facts.get(piece.key)
        if known is None or _precedence(piece) < _precedence(known.said):
            facts[piece.key] = _Fact(piece.key, piece.order, piece)
    return facts


def _precedence(piece: Evidence) -> tuple[Order, str, int, int, str]:
    """Order all pieces totally, so that the one which speaks for a fact never depends on arrival."""
    until = piece.reserved_until.isoformat() if piece.reserved_until else ""
    return piece.order, piece.source, piece.units or 0, piece.units_per_pack or 0, until


def _in_order(facts: dict[FactKey, _Fact]) -> list[_Fact]:
    sales: dict[tuple[str, str], Order] = {}
    for key, fact in facts.items():
        if key.act in _SALES:
            named = (key.institution, key.document)
            sales[named] = min(fact.order, sales.get(named, fact.order))

    def place(fact: _Fact) -> tuple[Order, bool, FactKey]:
        is_return = fact.key.act is Act.RETURNED
        undone = sales.get((fact.key.institution, fact.key.document)) if is_return else None
        return (max(fact.order, undone) if undone else fact.order), is_return, fact.key

    return sorted(facts.values(), key=place)


def _step(life: PackLife, fact: _Fact) -> PackLife:
    life = replace(life, facts=(*life.facts, fact.key))
    act = fact.key.act
    if act is Act.SCANNED:
        return _reserve(life, fact)
    if life.state is State.CONFLICT:
        # What follows a contradiction cannot be judged; only more sales make it worse.
        return _contradict(life, fact) if act in _SALES else life
    if (life.state, act) in HARMLESS:
        return life
    after = MOVES.get((life.state, act))
    if after is None or _belongs_elsewhere(life, fact.key):
        return _contradict(life, fact)
    if after is State.SPLIT:
        return _split(life, fact)
    return replace(life, state=after, holder=fact.key.institution, settled_by=fact.key, rest=None, reservation=None)


def _belongs_elsewhere(life: PackLife, key: FactKey) -> bool:
    """A return must undo the sale that stands, and a returned pack is sold again only where it was returned."""
    if key.act is Act.RETURNED:
        return life.settled_by is not None and not _undoes(key, life.settled_by)
    return life.state is State.RETURNED and key.act in _SALES and key.institution != life.holder


def _undoes(back: FactKey, sale: FactKey) -> bool:
    return (back.institution, back.document) == (sale.institution, sale.document)


def _reserve(life: PackLife, fact: _Fact) -> PackLife:
    until = fact.said.reserved_until
    if until is None or life.state not in SELLABLE:
        return life
    return replace(life, reservation=Reservation(fact.key.institution, fact.key.document, until))


def _split(life: PackLife, fact: _Fact) -> PackLife:
    before = life.rest if life.state is State.SPLIT else fact.said.units_per_pack
    if before is None or fact.said.units is None or fact.said.units > before:
        return _contradict(life, fact)
    return replace(
        life,
        state=State.SPLIT,
        holder=fact.key.institution,
        settled_by=fact.key,
        rest=before - fact.said.units,
        reservation=None,
    )


def _contradict(life: PackLife, fact: _Fact) -> PackLife:
    # Once in conflict, the state that was contradicted first still explains the later sales.
    state = State.SOLD if life.state is State.CONFLICT else life.state
    default = ("pack.impossible", Words(f"{state} 之后不可能 {fact.key.act}", f"{fact.key.act} cannot follow {state}"))
    if fact.key.act is Act.SPLIT_DISPENSED and state is State.SPLIT:
        default = ("pack.split_exceeds", Words("拆零数量超过余量", "More units were sold than the pack has left"))
    code, words = _WHY.get((state, fact.key.act), default)
    conflict = Conflict(code, words, fact.key, life.settled_by)
    return replace(life, state=State.CONFLICT, conflicts=(*life.conflicts, conflict), reservation=None)
