"""One settlement for somebody who inspects it: what explains it, and what stands around it.

It is found by whatever is at hand: its id, the id of the visit or of the message that made it, or a trace code of it. A
person is shown masked, and that somebody looked is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from codes.words import Words
from server.people.insured import opened
from server.people.masking import masked_name, masked_number
from server.people.sealing import SealBrokenError, Sealer
from server.settlement.explaining import Explanation, explain
from server.settlement.naming import words_of_total
from server.store import audit, institutions, insurance_catalogue, insured, settlements
from server.store.database import Connection
from server.store.institutions import Institution
from server.store.settlement_lists import load_settlements_of_message, load_year_before
from server.store.settlements import SettledCode, Settlement
from server.store.times import micros

LOOKED: Final = "settlement.look"
"""What stands in the audit trail of whoever looked at one."""
_NOTHING: Final = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Masked:
    """A person, so that nobody is told who it is."""

    number: str
    name: str
    """Empty where the name cannot be opened here."""


@dataclass(frozen=True, slots=True)
class YearTotal:
    """How a settlement moved one total of the person's year."""

    key: str
    words: Words
    before: Decimal
    moved: Decimal

    @property
    def after(self) -> Decimal:
        """Return what the total was then."""
        return self.before + self.moved


@dataclass(frozen=True, slots=True)
class Inspected:
    """A settlement, and what stands around it."""

    explanation: Explanation
    person: Masked
    institution: Institution | None
    totals: tuple[YearTotal, ...]
    names: Mapping[str, str]
    """What the items were called in the lists of that day, by code."""
    codes: Mapping[str, Sequence[SettledCode]]
    """Trace codes by line."""
    counterpart: Settlement | None
    """What it cancels, or what cancelled it."""


def find_settlements(connection: Connection, asked: str) -> Sequence[Settlement]:
    """Return the settlements that may be meant, in the order in which they were made; none if nothing fits."""
    one = settlements.load_settlement(connection, asked)
    if one is not None:
        return [one]
    of_visit = settlements.load_settlements_of_visit(connection, asked)
    if of_visit:
        return of_visit
    of_message = load_settlements_of_message(connection, asked)
    if of_message:
        return of_message
    named = (
        settlements.load_settlement(connection, code.setl_id) for code in settlements.find_codes(connection, asked)
    )
    return sorted((found for found in named if found is not None), key=lambda found: found.settled_at)


def inspect(connection: Connection, setl_id: str, sealer: Sealer | None) -> Inspected:
    """Return a settlement with what stands around it.

    Raises:
        UnknownSettlementError: There is none of that id.
    """
    found = explain(connection, setl_id)
    record = found.record
    items = insurance_catalogue.load_items_on(connection, {line.item for line in found.lines}, record.day)
    codes: dict[str, list[SettledCode]] = {}
    for code in settlements.load_codes(connection, record.cancels or setl_id):
        codes.setdefault(code.feedetl_sn, []).append(code)
    return Inspected(
        found,
        masked_person(connection, record.psn_no, sealer),
        institutions.load_institution(connection, record.institution),
        _totals(connection, found),
        {code: item.name for code, item in items.items()},
        codes,
        settlements.load_settlement(connection, record.cancels) if record.cancels else found.negative,
    )


def masked_person(connection: Connection, psn_no: str, sealer: Sealer | None) -> Masked:
    """Return a person masked; without the key of this centre there is no name."""
    number, person = masked_number(psn_no), insured.load_person(connection, psn_no)
    if person is None or sealer is None:
        return Masked(number, "")
    try:
        return Masked(number, masked_name(opened(person, sealer).name))
    except SealBrokenError:
        return Masked(number, "")


def note_look(connection: Connection, setl_id: str, *, by: str, now: datetime) -> None:
    """Keep that somebody looked at a settlement."""
    audit.record(connection, at_us=micros(now), who=by, action=LOOKED, subject=setl_id)


def _totals(connection: Connection, found: Explanation) -> tuple[YearTotal, ...]:
    record = found.record
    before = load_year_before(
        connection, record.psn_no, record.year, settled_at=record.settled_at, setl_id=record.setl_id
    )
    titles = found.titles
    return tuple(
        YearTotal(key, words_of_total(key, titles), before.get(key, _NOTHING), moved)
        for key, moved in found.increments.items()
    )
