"""Facts about a case, and conditions over them.

A rule of a book says for whom it holds by a `when` table; a `Condition` is that table, read once. A fact that it does
not name may be anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rules.benefits.case import Person, Visit

ORDINARY = "ordinary"
"""Name of the portion that holds the lines of no portion named in the book."""
FOREVER = 1_000
"""Above any age."""
SAME_AREA = 4
"""Digits of a district code that name the prefecture."""
SAME_PROVINCE = 2


class Place(StrEnum):
    """Where somebody was treated, seen from where he is insured."""

    LOCAL = "local"
    PROVINCE = "province"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a condition may ask for."""

    insutype: str
    psn_type: str
    age: int
    is_civil_servant: bool
    has_enterprise_supplement: bool
    assistance: str
    """Empty: none."""
    has_assistance: bool
    diseases: frozenset[str]
    med_type: str
    level: str
    institution: str
    place: str
    referral: str
    disease: str
    """Of the visit; empty: none."""
    is_registered: bool
    """Whether the visit's disease is among the person's registrations."""
    stay: int
    is_continued: bool
    portion: str = ORDINARY


@dataclass(frozen=True, slots=True)
class Condition:
    """A `when` table."""

    among: tuple[tuple[str, frozenset[str]], ...] = ()
    """Fact and the values that it may have."""
    claims: tuple[tuple[str, bool], ...] = ()
    psn_types: tuple[str, ...] = ()
    """What the person kind begins with; none: any."""
    age_at_least: int = 0
    age_below: int = FOREVER
    stay_at_least: int = 1

    def fits(self, facts: Facts) -> bool:
        """Tell whether the rule holds for these facts."""
        # Plain loops: a settlement asks this some forty times.
        for name, values in self.among:
            if getattr(facts, name) not in values:
                return False
        for name, claim in self.claims:
            if getattr(facts, name) is not claim:
                return False
        if self.psn_types and not facts.psn_type.startswith(self.psn_types):
            return False
        return self.age_at_least <= facts.age < self.age_below and facts.stay >= self.stay_at_least


ALWAYS = Condition()


def facts_of(person: Person, visit: Visit, districts: Sequence[str]) -> Facts:
    """Return the facts of a case, seen from an area that covers `districts` (prefixes of district codes)."""
    disease = visit.disease or ""
    return Facts(
        insutype=person.insutype,
        psn_type=person.psn_type,
        age=person.age,
        is_civil_servant=person.is_civil_servant,
        has_enterprise_supplement=person.has_enterprise_supplement,
        assistance=person.assistance or "",
        has_assistance=bool(person.assistance),
        diseases=person.diseases,
        med_type=visit.med_type,
        level=visit.level,
        institution=visit.institution_kind,
        place=place_of(person.insured_district, visit.district, districts),
        referral=visit.referral,
        disease=disease,
        is_registered=disease in person.diseases,
        stay=visit.stay_number,
        is_continued=visit.is_continued,
    )


def place_of(insured: str, treated: str, districts: Sequence[str]) -> Place:
    """Tell from the districts whether somebody was treated at home, in his province, or outside of it.

    At home is the whole pooling area; an area that names no districts is the prefecture.

    >>> place_of("350203", "350211", ["3502"])
    <Place.LOCAL: 'local'>
    >>> place_of("350203", "350100", ["3502"])
    <Place.PROVINCE: 'province'>
    >>> place_of("350203", "440100", ["3502"])
    <Place.OUTSIDE: 'outside'>
    """
    if not treated or treated == insured or treated.startswith(tuple(districts) or insured[:SAME_AREA]):
        return Place.LOCAL
    return Place.PROVINCE if treated[:SAME_PROVINCE] == insured[:SAME_PROVINCE] else Place.OUTSIDE
