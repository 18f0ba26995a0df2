"""What somebody wants to buy, and what they bought before: all that the rules of entitlement ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from codes.words import Words


class Prescribed(StrEnum):
    """What stands behind a line."""

    NOT = "not"
    """No prescription is named."""
    ON_PAPER = "on_paper"
    """A number is named that no e-prescription has."""
    ELECTRONICALLY = "electronically"


@dataclass(frozen=True, slots=True)
class Drug:
    """What a rule can tell a drug by."""

    item: str
    """`med_list_codg`."""
    name: str = ""
    """As the lists have it; empty if they hold nothing."""
    is_prescription: bool = False
    is_negotiated: bool = False


@dataclass(frozen=True, slots=True)
class Bought:
    """A line of the purchase."""

    serial: str
    drug: Drug
    count: Decimal
    days: Decimal | None = None
    """Days of supply, if they are stated."""
    prescribed: Prescribed = Prescribed.NOT
    has_doctor: bool = False
    is_reviewed: bool = False
    """A pharmacist reviewed the prescription."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """Something that was bought before."""

    drug: Drug
    day: date
    count: Decimal
    days: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Purchase:
    """Everything that is bought at once."""

    day: date
    institution_kind: str
    """pharmacy or hospital."""
    certificate: str
    """Kind of what the person shows, `mdtrt_cert_type`; empty if nothing is shown now."""
    lines: tuple[Bought, ...]
    earlier: tuple[Earlier, ...] = ()


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that a line lacks to be sold."""

    serial: str
    """`feedetl_sn`."""
    code: str
    """Stable, dotted."""
    words: Words
    next_step: Words


def days_in_hand(earlier: Sequence[Earlier], day: date) -> Decimal:
    """Return for how many days, from `day` on, somebody still has of what was bought before.

    What was bought while some was left is taken after it, so that two boxes of thirty days bought together last sixty.

    >>> box = Earlier(Drug("X"), date(2026, 3, 1), Decimal(1), Decimal(30))
    >>> days_in_hand([box, box], date(2026, 3, 11))
    Decimal('50')
    """
    lasts_to = date.min
    for one in sorted((one for one in earlier if one.days), key=lambda one: one.day):
        begins = max(lasts_to, one.day)
        assert one.days is not None  # noqa: S101 - looked for above
        lasts_to = begins + timedelta(days=int(one.days.to_integral_value(ROUND_CEILING)))
    return Decimal(max((lasts_to - day).days, 0)) if lasts_to > date.min else Decimal(0)
