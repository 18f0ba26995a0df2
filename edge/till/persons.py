"""Who was identified for which sale: in memory alone, for ten minutes, within the shift, until the sale ends."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.holder import Holder, masked_number
from edge.clock import Clock
from edge.till.asked import AskedSettlement, Insurance, Person
from edge.till.views import InsuranceShown, LineCut, PersonShown


@dataclass(slots=True, repr=False)
class Bound:
    """A person, and what was tried for them. Never printed."""

    person: Person
    shift: str
    until_s: float
    """On the monotonic clock."""
    holder: Holder | None = None
    """As the voucher terminal told them, to be shown the result there."""
    cuts: tuple[LineCut, ...] = ()
    """How the insurance saw the lines, at the last trial."""
    tried: AskedSettlement | None = None
    """As the last trial asked it; a settlement asks nothing else."""
    needs_factor: bool = False
    factor: str = ""
    """What confirmed a large amount: `face`, `card`, `operator …`."""


class Persons:
    """Remembers people. Used in the event loop and in the store's thread; each call is one look or one change."""

    def __init__(self, clock: Clock, remembers_s: float) -> None:
        self._clock, self._remembers_s = clock, remembers_s
        self._bound: dict[str, Bound] = {}

    def bind(self, sale: str, shift: str, person: Person, holder: Holder | None = None) -> Bound:
        """Remember whose insurance pays for a sale."""
        bound = Bound(person, shift, self._clock.monotonic_s() + self._remembers_s, holder)
        self._bound[sale] = bound
        return bound

    def of(self, sale: str, shift: str | None) -> Bound | None:
        """Return who was identified for a sale in this shift; whoever is remembered too long is forgotten."""
        self.forget_old()
        for number, one in list(self._bound.items()):
            if one.shift != shift:
                self._bound.pop(number, None)
        return self._bound.get(sale)

    def forget_old(self) -> None:
        """Forget whoever is remembered too long."""
        now_s = self._clock.monotonic_s()
        for number, one in list(self._bound.items()):
            if one.until_s <= now_s:
                self._bound.pop(number, None)

    def forget(self, sale: str) -> None:
        """Forget who was identified for a sale."""
        self._bound.pop(sale, None)

    def forget_all(self) -> None:
        """Forget everybody: somebody signed out."""
        self._bound.clear()


def person_by(holder: Holder) -> Person:
    """Return what a credential says, before anybody was asked about it."""
    return Person(
        number="",
        name=holder.name,
        credential=holder.cert_type.value,
        credential_no=holder.cert_number,
        insurances=(),
        card_serial=holder.card_serial,
        certificate_kind=holder.id_kind,
        certificate_no=holder.id_number,
    )


def is_same_person(person: Person, holder: Holder) -> bool:
    """Say whether a credential belongs to somebody."""
    return bool(holder.id_number) and holder.id_number == person.certificate_no


def show_person(sale: str, person: Person) -> PersonShown:
    """Return a person as a screen may show them."""
    number = person.certificate_no or person.credential_no
    return PersonShown(
        sale,
        person.name[:1] + "*" * max(len(person.name) - 1, 0),
        masked_number(number),
        person.credential,
        tuple(InsuranceShown(one.kind, one.district, one.balance) for one in person.insurances),
        person.insurances[0].kind if person.insurances else "",
    )


def insurance_of(person: Person, kind: str) -> Insurance | None:
    """Return the insurance that pays: the one that was chosen, or the first."""
    if not kind:
        return person.insurances[0] if person.insurances else None
    return next((one for one in person.insurances if one.kind == kind), None)
