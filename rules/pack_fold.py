"""The life of one pack: a pure fold over everything that was ever said about its code.

1. Evidence of the same fact merges (`rules.pack_facts`): the `dispensed` event, the settlement node and the stock-sale
   row of one sale line are three pieces of evidence of one fact.
2. Facts are ordered by (hlc, terminal, epoch, seq); a return comes after the sale that it undoes, whatever the clocks
   said.
3. Each fact moves the pack along `MOVES`. A fact that cannot follow is a *conflict*: it stays in the history, is
   named with its reason, and nobody's sale is undone. A fact that arrives late heals what only its absence made
   impossible, because all is derived anew.

Six rules go beyond the table:

* **A bar stays.** A recall or an expiry holds for good, wherever the pack is. A sold pack stays sold, but returned it
  is `RECALLED` or `EXPIRED` and not stock. Only selling contradicts a bar; moving, quarantining, destroying do not.
* **Only the holder** sells a pack, opens it or sends it on. What one institution received, another can have only after
  a transfer and a receipt.
* **Received again** by the institution that has the pack in stock, it confirms what is known: a box that was scanned
  into two deliveries is one box in stock, as before.
* **An opened pack never becomes whole stock again.** Returned units go back into the box and it stays `SPLIT`, even if
  all of them are back; released from quarantine it is `SPLIT` as before.
* **Each return undoes one sale**, named by institution and document. Of an opened pack any sale can be undone, not
  only the last one, and in parts.
* **A stock-taking contradicts nothing**, because its hour is not known. It tells who has a pack of which nothing else
  is known.

What the fold does not do: decide who may be paid. That is a claim, first come, first served, made at settlement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rules.pack_facts import Document, Fact, document_of, merge
from rules.pack_life import (
    BARS,
    SALES,
    SELLABLE,
    SIZE_UNKNOWN,
    Act,
    Conflict,
    Evidence,
    FactKey,
    Order,
    PackLife,
    Reservation,
    State,
)
from rules.pack_moves import (
    ELSEWHERE,
    IN_HAND,
    MOVES,
    RETURNED_MORE,
    RETURNED_TWICE,
    RETURNED_UNSOLD,
    SOLD_BARRED,
    SPLIT_EXCEEDS,
    SPLIT_UNCOUNTED,
    UNSOLD,
    Why,
    why_impossible,
)


def fold(evidence: Iterable[Evidence]) -> PackLife:
    """Return what the history of one code comes to.

    The result is the same for any order of `evidence`, any repetition, and any split of one fact over several pieces.
    """
    pack = _Pack()
    facts = _in_order(merge(evidence))
    for fact in facts:
        pack.take(fact)
    return pack.life(tuple(fact.key for fact in facts))


def _in_order(facts: Sequence[Fact]) -> list[Fact]:
    sales: dict[Document, Order] = {}
    lines: dict[tuple[Document, int], Order] = {}
    for fact in facts:
        if fact.key.act in SALES:
            document = document_of(fact.key)
            sales[document] = min(fact.order, sales.get(document, fact.order))
            lines[document, fact.key.line] = min(fact.order, lines.get((document, fact.key.line), fact.order))

    def place(fact: Fact) -> tuple[Order, bool, FactKey]:
        if fact.key.act is not Act.RETURNED:
            return fact.order, False, fact.key
        document = document_of(fact.key)
        undone = lines.get((document, fact.key.line)) or sales.get(document)
        return (max(fact.order, undone) if undone else fact.order), True, fact.key

    return sorted(facts, key=place)


_KEPT_IN_QUARANTINE = frozenset({State.SPLIT, State.TRANSFERRED})
"""What a pack is again when it is released: opened, or still on its way. Any other is stock."""


@dataclass(slots=True)
class _Pack:
    """One pack while its facts are gone through, one after the other; it never leaves this module."""

    state: State = State.UNSEEN
    """As if there were no recalls and expiries."""
    holder: str | None = None
    settled_by: FactKey | None = None
    """The fact that led to `state`."""
    rest: int | None = None
    barred_by: FactKey | None = None
    """The first recall or expiry."""
    quarantined_as: State | None = None
    reservation: Reservation | None = None
    units_out: dict[Document, dict[int, int]] = field(default_factory=dict)
    """Units of each split sale by line, as far as they have not come back."""
    conflicts: list[Conflict] = field(default_factory=list)

    def life(self, facts: tuple[FactKey, ...]) -> PackLife:
        """Freeze what the facts came to."""
        barred = self._barred()
        is_held_back = barred is not None and self.state in UNSOLD
        return PackLife(
            state=barred if barred and is_held_back else self.state,
            holder=self.holder,
            settled_by=self.barred_by if is_held_back else self.settled_by,
            rest=self.rest,
            barred=barred,
            reservation=self.reservation,
            conflicts=tuple(self.conflicts),
            facts=facts,
        )

    def take(self, fact: Fact) -> None:
        """Go on by one fact."""
        act = fact.key.act
        if act is Act.SCANNED:
            self._reserve(fact)
        elif act in BARS:
            self.barred_by = self.barred_by or fact.key
            self.reservation = None
        elif act is Act.STOCKTAKEN:
            self._count(fact)
        elif self.state is State.CONFLICT:
            # What follows a contradiction cannot be judged; only more sales make it worse.
            if act in SALES:
                self._contradict(fact, why_impossible(State.SOLD, act))
        elif act is Act.RETURNED and self.units_out:
            self._take_units_back(fact)
        else:
            self._move(fact)

    def _barred(self) -> State | None:
        return BARS[self.barred_by.act] if self.barred_by else None

    def _reserve(self, fact: Fact) -> None:
        until = fact.said.reserved_until
        if until is not None and self.state in SELLABLE and self.barred_by is None:
            self.reservation = Reservation(fact.key.institution, fact.key.document, until)

    def _count(self, fact: Fact) -> None:
        if self.state is State.UNSEEN:
            self._settle(fact.key, State.IN_STOCK)

    def _move(self, fact: Fact) -> None:
        key = fact.key
        after = MOVES.get((self.state, key.act))
        if after is None:
            self._contradict(fact, why_impossible(self.state, key.act))
        elif self._is_refused(fact) or self._confirms(key):
            return
        elif after is State.SPLIT:
            self._take_units(fact)
        elif key.act is Act.RELEASED:
            self._settle(key, self.quarantined_as if self.quarantined_as in _KEPT_IN_QUARANTINE else after)
        else:
            self._settle(key, after)

    def _is_refused(self, fact: Fact) -> bool:
        """Name what stands against a step that the table allows, if anything does."""
        key, barred = fact.key, self._barred()
        if barred and key.act in SALES:
            self._contradict(fact, SOLD_BARRED[barred], self.barred_by)
        elif self._is_elsewhere(key):
            self._contradict(fact, ELSEWHERE[key.act])
        elif key.act is Act.RETURNED and self.settled_by and document_of(key) != document_of(self.settled_by):
            self._contradict(fact, RETURNED_UNSOLD)
        else:
            return False
        return True

    def _is_elsewhere(self, key: FactKey) -> bool:
        """Say whether another institution does what only the holder can; a sent pack may be received by any."""
        is_others = self.holder is not None and key.institution != self.holder
        return is_others and key.act in ELSEWHERE and self.state is not State.TRANSFERRED

    def _confirms(self, key: FactKey) -> bool:
        return key.act is Act.RECEIVED and self.state is State.IN_STOCK and key.institution == self.holder

    def _take_units(self, fact: Fact) -> None:
        units, size = fact.said.units, fact.said.units_per_pack
        if units is None or units < 1 or (size is None and self.rest is None):
            self._contradict(fact, SPLIT_UNCOUNTED)
            return
        left = self.rest
        if left is None and size != SIZE_UNKNOWN:
            # Of a box whose size was not known when it was opened.
            left = (size or 0) - sum(sum(lines.values()) for lines in self.units_out.values())
        if left is not None and units > left:
            self._contradict(fact, SPLIT_EXCEEDS)
            return
        self.rest = None if left is None else left - units
        self.units_out.setdefault(document_of(fact.key), {})[fact.key.line] = units
        self._settle(fact.key, State.SPLIT)

    def _take_units_back(self, fact: Fact) -> None:
        """Put units of one split sale back into the box: of the line, or of all if it has no such line."""
        lines = self.units_out.get(document_of(fact.key))
        if not lines:
            self._contradict(fact, RETURNED_UNSOLD if lines is None else RETURNED_TWICE)
            return
        there = sorted({fact.key.line} & lines.keys() or lines.keys())
        out = sum(lines[line] for line in there)
        back = out if fact.said.units is None else fact.said.units
        if not 0 < back <= out:
            self._contradict(fact, RETURNED_MORE if back > 0 else SPLIT_UNCOUNTED)
            return
        if self.rest is not None:  # A destroyed box takes nothing back.
            self.rest += back
        for line in there:
            taken = min(back, lines[line])
            back, lines[line] = back - taken, lines[line] - taken
            if not lines[line]:
                del lines[line]
        if self.state is State.SPLIT:
            self._settle(fact.key, State.SPLIT)

    def _settle(self, key: FactKey, after: State) -> None:
        if after is State.DESTROYED:
            self.rest = None
        if after is State.QUARANTINED and self.state is not State.QUARANTINED:
            self.quarantined_as = self.state
        self.state, self.settled_by, self.reservation = after, key, None
        if key.act in IN_HAND:
            self.holder = key.institution

    def _contradict(self, fact: Fact, why: Why, against: FactKey | None = None) -> None:
        code, words = why
        self.conflicts.append(Conflict(code, words, fact.key, against or self.settled_by))
        self.state, self.reservation = State.CONFLICT, None
