"""Which categories of treatment (`med_type`) may be stated, and what one that goes by a disease counts as without it.

A category is stated by whoever asks for the money. So by itself it never opens a better rule: what is for people who
are registered for a disease is settled as an ordinary visit for all others, and what is for approved drugs is reached
by the approval alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from rules.benefits.reading import CODE, Table

PHARMACY: Final = "pharmacy"
OUTPATIENT: Final = "outpatient"


@dataclass(frozen=True, slots=True)
class Stated:
    """What may be stated where no stay is settled; of a stay, the book's `stays`."""

    pharmacy: frozenset[str] = frozenset({"41", "14", "9901"})
    outpatient: frozenset[str] = frozenset({"11", "12", "13", "14", "51", "9901"})
    by_disease: frozenset[str] = frozenset({"14", "9901"})
    """They need a disease, and its registration."""
    unregistered: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What they count as without one, by `PHARMACY` and `OUTPATIENT`; empty: they are left as they are stated."""

    def counts_as(self, med_type: str, institution: str, *, is_registered: bool) -> str:
        """Return the category by which a visit is settled."""
        if is_registered or med_type not in self.by_disease:
            return med_type
        return self.unregistered.get(PHARMACY if institution == PHARMACY else OUTPATIENT, med_type)


def read_stated(table: Table, stays: Sequence[str]) -> Stated:
    """Return what a file says; what it does not say is as usual."""
    usual = Stated()

    def codes(key: str, otherwise: frozenset[str]) -> frozenset[str]:
        return frozenset(table.texts(key)) if table.has(key) else otherwise

    others = table.table("unregistered")
    stated = Stated(
        pharmacy=codes("pharmacy", usual.pharmacy),
        outpatient=codes("outpatient", usual.outpatient),
        by_disease=codes("by_disease", usual.by_disease),
        unregistered={key: others.text(key, form=CODE) for key in (PHARMACY, OUTPATIENT) if others.has(key)},
    )
    for key, said in ((PHARMACY, stated.pharmacy), (OUTPATIENT, stated.outpatient)):
        for one in sorted(said & frozenset(stays)):
            table.fault(key, f"{one} 是住院类别（stays）", f"{one} is a stay (stays)")
    for key, instead in stated.unregistered.items():
        if instead in stated.by_disease:
            others.fault(key, f"{instead} 本身按病种结算", f"{instead} itself goes by a disease")
    return stated
