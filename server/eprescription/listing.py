"""Every e-prescription with what is left of it, for whoever runs the centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from server.store import entitlements
from server.store.database import Store
from server.store.entitlements import Prescription, PrescriptionLine, Use

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class ListedPrescription:
    """A prescription, its drugs, and what was dispensed and not given back."""

    prescription: Prescription
    lines: Sequence[PrescriptionLine]
    uses: Sequence[Use]


def list_prescriptions(store: Store, *, psn_no: str = "") -> Sequence[ListedPrescription]:
    """Return every prescription in the order of the numbers, of one person if so asked."""
    found: list[ListedPrescription] = []
    last = ""
    with store.reading() as connection:
        while page := entitlements.load_prescription_page(connection, after=last, limit=_PAGE, psn_no=psn_no):
            last = page[-1].number
            numbers = [one.number for one in page]
            lines = entitlements.load_prescription_lines(connection, numbers)
            uses = [use for use in entitlements.load_uses(connection, numbers) if use.given_back_at is None]
            found += [
                ListedPrescription(one, lines[one.number], [use for use in uses if use.number == one.number])
                for one in page
            ]
    return found
