"""On which day of a stay a person's facts must hold: a stay lasts, and what held at its begin may have ended since.

Whoever was referred, admitted and stays a day longer than the referral was made out for is still referred. A record of
treatment elsewhere may be made up for until the settlement. An insurance pays what arises while it is in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rules.benefits.reading import Table


class Holds(StrEnum):
    """When something has to hold for a stay."""

    BEGIN = "begin"
    """On the day of the admission."""
    END = "end"
    """On the last day of what is settled."""
    ANY = "any"
    """On any day from the one to the other."""


class Covers(StrEnum):
    """What of a stay an insurance pays."""

    BEGIN = "begin"
    """All of it, if it was in force on the day of the admission."""
    END = "end"
    """What arose while it was in force."""


@dataclass(frozen=True, slots=True)
class StayFacts:
    """What one version of the rules says of it."""

    referral: Holds = Holds.BEGIN
    record: Holds = Holds.ANY
    """Of treatment out of the area."""
    insurance: Covers = Covers.END


def read_stay_facts(table: Table) -> StayFacts:
    """Return what a file says; what it does not say is as usual."""
    usual = StayFacts()
    return StayFacts(
        referral=table.choice("referral", Holds, usual.referral),
        record=table.choice("record", Holds, usual.record),
        insurance=table.choice("insurance", Covers, usual.insurance),
    )


def days_of(holds: Holds, first: date, last: date) -> tuple[date, date]:
    """Return from when to when something must hold on some day.

    >>> days_of(Holds.BEGIN, date(2026, 8, 28), date(2026, 9, 1))
    (datetime.date(2026, 8, 28), datetime.date(2026, 8, 28))
    """
    return (last if holds is Holds.END else first, first if holds is Holds.BEGIN else last)
