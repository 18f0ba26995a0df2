"""The `when` and `lines` tables of a rule file: for whom, and for which lines, a rule holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from rules.benefits.case import CHARGE_CLASSES, INSTITUTION_KINDS, LEVELS, Referral
from rules.benefits.facts import FOREVER, ORDINARY, Condition, Place
from rules.benefits.reading import Table
from rules.benefits.rule_set import LineTest

CLAIMS = {
    "civil_servant": "is_civil_servant",
    "enterprise": "has_enterprise_supplement",
    "has_assistance": "has_assistance",
    "registered": "is_registered",
    "continued": "is_continued",
}
"""Key of a `when` table that is true or false, and the fact it asks for."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the rules of a file may refer to."""

    identities: Collection[str] = ()
    portions: Collection[str] = ()
    amounts: Mapping[str, Decimal] = field(default_factory=dict)


def read_when(rule: Table, names: Names) -> Condition:
    """Return the condition of a rule; a rule without `when` holds for everybody."""
    when = rule.table("when")
    known: dict[str, Collection[str] | None] = {
        "insutype": None,
        "med_type": None,
        "disease": None,
        "level": LEVELS,
        "institution": INSTITUTION_KINDS,
        "place": [place.value for place in Place],
        "referral": [referral.value for referral in Referral],
        "assistance": names.identities,
        "portion": {ORDINARY, *names.portions},
    }
    among = tuple((key, frozenset(when.texts(key, allowed))) for key, allowed in known.items() if when.has(key))
    condition = Condition(
        among=among,
        claims=tuple((fact, when.flag(key)) for key, fact in CLAIMS.items() if when.has(key)),
        psn_types=when.texts("psn_type"),
        age_at_least=when.count("age_at_least", 0),
        age_below=when.count("age_below", FOREVER, least=1),
        stay_at_least=when.count("stay_at_least", 1, least=1),
    )
    if condition.age_below <= condition.age_at_least:
        when.fault("age_below", "不大于 age_at_least", "is not above age_at_least")
    return condition


def read_line_test(rule: Table) -> LineTest:
    """Return which lines a rule means; without `lines`, all."""
    lines = rule.table("lines")
    return LineTest(
        is_dual_channel=lines.flag("dual_channel") if lines.has("dual_channel") else None,
        is_negotiated=lines.flag("negotiated") if lines.has("negotiated") else None,
        classes=frozenset(lines.texts("class", CHARGE_CLASSES)),
        kinds=frozenset(lines.texts("kind")),
        items=frozenset(lines.texts("item")),
    )
