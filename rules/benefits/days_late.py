"""For how long a sale may still be settled, and a settlement be struck out, counted in days.

A sale counts in the year of its day, under the rules and lists of that day. Without an end to this, whoever sends it
late could choose the year.
"""

from __future__ import annotations

from dataclasses import dataclass

from rules.benefits.reading import Table


@dataclass(frozen=True, slots=True)
class DaysLate:
    """Days that may pass; with 0 only the day itself is in time."""

    pharmacy: int = 3
    """From a pharmacy's sale to its settlement."""
    outpatient: int = 30
    """From a fee of an outpatient to its settlement; and from a fee to the admission with which it is settled."""
    inpatient: int = 180
    """From the discharge to the settlement."""
    suspended: int = 180
    """From a hospital's suspension to what is charged and settled of stays that were admitted before; 0 for none."""
    reversal: int = 7
    """From a settlement or a cancellation to the message that strikes it out, since its answer never came."""


def read_days_late(table: Table) -> DaysLate:
    """Return what a file says; what it does not say is as usual."""
    usual = DaysLate()
    return DaysLate(
        pharmacy=table.count("pharmacy", usual.pharmacy),
        outpatient=table.count("outpatient", usual.outpatient),
        inpatient=table.count("inpatient", usual.inpatient),
        suspended=table.count("suspended", usual.suspended),
        reversal=table.count("reversal", usual.reversal),
    )
