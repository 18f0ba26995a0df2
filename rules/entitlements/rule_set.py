"""One version of the rules of entitlement, as its file says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from codes.words import Words
from rules.entitlements.purchase import Drug


class Need(StrEnum):
    """What a sale can be asked for."""

    PRESCRIPTION = "prescription"
    """The number of a prescription."""
    ELECTRONIC = "electronic"
    """The number of an e-prescription."""
    DOCTOR = "doctor"
    PHARMACIST = "pharmacist"
    """Whoever reviewed the prescription."""
    CERTIFICATE = "certificate"
    """Something that shows who buys."""
    DAYS = "days"
    """Days of supply."""


class Scope(StrEnum):
    """What a quantity is counted over."""

    ITEM = "item"
    """Each drug for itself."""
    LIST = "list"
    """All drugs that the rule is about, together."""


class Unapproved(StrEnum):
    """What becomes of a dual-channel drug for which nobody approved anything."""

    REFUSE = "refuse"
    ORDINARY = "ordinary"
    """It is settled as any other purchase at a pharmacy."""


class Rest(StrEnum):
    """Where what is left of an e-prescription may be had."""

    ANYWHERE = "anywhere"
    SAME_PHARMACY = "same_pharmacy"
    NOWHERE = "nowhere"
    """The first sale uses it up."""


@dataclass(frozen=True, slots=True)
class Which:
    """Which drugs a rule is about. What is not given does not count; of codes, beginnings and names one is enough."""

    items: frozenset[str] = frozenset()
    begins: tuple[str, ...] = ()
    """Beginnings of codes."""
    holds: tuple[str, ...] = ()
    """Parts of names."""
    is_prescription: bool | None = None
    is_negotiated: bool | None = None

    def fits(self, drug: Drug) -> bool:
        """Tell whether a drug is meant."""
        if self.is_prescription not in {None, drug.is_prescription}:
            return False
        if self.is_negotiated not in {None, drug.is_negotiated}:
            return False
        if not (self.items or self.begins or self.holds):
            return True
        return (
            drug.item in self.items
            or drug.item.startswith(self.begins)
            or any(part in drug.name for part in self.holds)
        )


@dataclass(frozen=True, slots=True)
class Window:
    """How much within how many days, the day of the sale being the last."""

    count: Decimal
    days: int


@dataclass(frozen=True, slots=True)
class DrugRule:
    """What some drugs ask of a sale."""

    id: str
    title: Words
    which: Which
    institutions: frozenset[str]
    """Kinds of institutions; empty for every one."""
    needs: tuple[Need, ...] = ()
    certificates: tuple[str, ...] = ()
    """Kinds of credentials that show who buys."""
    at_once: Decimal | None = None
    windows: tuple[Window, ...] = ()
    per: Scope = Scope.LIST
    most_days: Decimal | None = None
    """Days of supply of one sale."""
    most_days_in_hand: Decimal | None = None
    """The same together with what is left of earlier sales."""
    look_back: int = 0
    """Days whose sales count for what is left."""

    @property
    def remembers(self) -> int:
        """Days whose sales the rule asks for, that of the sale included."""
        spans = [window.days for window in self.windows]
        return max([*spans, self.look_back if self.most_days_in_hand is not None else 0])

    def is_for(self, institution_kind: str, drug: Drug) -> bool:
        """Tell whether the rule is about a drug that is sold there."""
        return (not self.institutions or institution_kind in self.institutions) and self.which.fits(drug)


@dataclass(frozen=True, slots=True)
class DualChannel:
    """Drugs that hospital and pharmacy may both give at the hospital's ratio, on an approval."""

    id: str
    title: Words
    which: Which
    unapproved: Unapproved


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One version of the rules."""

    version: str
    title: Words
    file: str
    begins: date
    ends: date | None
    """The last day; None until the next version."""
    drugs: tuple[DrugRule, ...]
    dual_channel: tuple[DualChannel, ...]
    rest: Rest

    def dual_channel_of(self, drug: Drug) -> DualChannel | None:
        """Return the list that a drug is on; the first of several."""
        return next((one for one in self.dual_channel if one.which.fits(drug)), None)

    def remembers(self, institution_kind: str, drugs: Iterable[Drug]) -> int:
        """Return for how many days back sales have to be known for these drugs."""
        wanted: Sequence[Drug] = tuple(drugs)
        fitting = (rule for rule in self.drugs if any(rule.is_for(institution_kind, drug) for drug in wanted))
        return max((rule.remembers for rule in fitting), default=0)
