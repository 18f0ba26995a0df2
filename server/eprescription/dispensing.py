"""Taking quantities of e-prescriptions, and putting them back: each is dispensed once, wherever that is.

Whoever takes locks the prescriptions first, in one order, and looks at them again: what a trial saw may be gone. All of
it runs in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words
from rules.entitlements.prescription import OnFileLine, allot
from server.errors import ServerError
from server.store import entitlements as store
from server.store.database import Connection
from server.store.entitlements import Prescription, PrescriptionState, Use

_OPEN = frozenset({PrescriptionState.REVIEWED, PrescriptionState.USED})
"""States in which something may have been dispensed."""


class NothingLeftError(ServerError, RejectedError):
    """Somebody else has dispensed it, or it may not be dispensed any more."""

    code: ClassVar[str] = "entitlement.prescription_used"
    next_step: ClassVar[Words] = Words(
        "该处方已在别处配药或失效；请重新查询处方后再结算。",
        "It was dispensed elsewhere or is no longer good: fetch the prescription again.",
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """What is to be taken of a prescription."""

    number: str
    item: str
    count: Decimal


def take(
    connection: Connection,
    wanted: Sequence[Taken],
    used_by: str,
    institution: str,
    at: datetime,
    *,
    is_last: bool = False,
) -> None:
    """Take quantities, all of them or (by the caller's rolling back) none.

    Args:
        connection: In the caller's transaction.
        wanted: What; several lines may name one prescription and one drug.
        used_by: The settlement, or the document of a sale that nobody insures.
        institution: That dispenses.
        at: When.
        is_last: Nothing may be dispensed on these prescriptions afterwards, even if something is left.

    Raises:
        NothingLeftError: A prescription is not reviewed, or has less left.
    """
    found = store.lock_prescriptions(connection, {one.number for one in wanted})
    shares: dict[tuple[str, int], Decimal] = {}
    for one in wanted:
        if found[one.number].state is not PrescriptionState.REVIEWED:
            raise _nothing_left(one.number)
        lines = store.load_prescription_lines(connection, [one.number])[one.number]
        left = [
            OnFileLine(line.n, line.item, line.left - shares.get((one.number, line.n), Decimal(0))) for line in lines
        ]
        allotted = allot(left, one.item, one.count)
        if allotted is None:
            raise _nothing_left(one.number)
        for share in allotted:
            place = (one.number, share.n)
            shares[place] = shares.get(place, Decimal(0)) + share.count
    for (number, n), count in shares.items():
        if not store.take(connection, Use(used_by, institution, number, n, count, at, None)):
            raise _nothing_left(number)
    _settle_states(connection, found, at, is_last=is_last)


def give_back(connection: Connection, used_by: str, institution: str | None, at: datetime) -> int:
    """Put back what was taken and stands; return of how many lines. A second time there is nothing to put back."""
    standing = [one for one in store.load_uses_by(connection, used_by, institution) if one.given_back_at is None]
    found = store.lock_prescriptions(connection, {one.number for one in standing})
    done = sum(store.give_back(connection, one, at) for one in standing)
    for one in found.values():
        if one.state is PrescriptionState.USED:
            store.change_prescription(connection, replace(one, state=PrescriptionState.REVIEWED, changed_at=at))
    return done


def take_again(connection: Connection, used_by: str, at: datetime, *, is_last: bool = False) -> None:
    """Take again what was put back.

    Raises:
        NothingLeftError: It was dispensed or withdrawn meanwhile.
    """
    gone = [one for one in store.load_uses_by(connection, used_by) if one.given_back_at is not None]
    found = store.lock_prescriptions(connection, {one.number for one in gone})
    for one in gone:
        if found[one.number].state not in _OPEN or not store.take(connection, replace(one, given_back_at=None)):
            raise _nothing_left(one.number)
    _settle_states(connection, found, at, is_last=is_last)


def _settle_states(connection: Connection, found: Mapping[str, Prescription], at: datetime, *, is_last: bool) -> None:
    """Say of prescriptions of which nothing is left that they are used."""
    lines = store.load_prescription_lines(connection, found)
    for number, one in found.items():
        if is_last or all(line.left <= 0 for line in lines[number]):
            store.change_prescription(connection, replace(one, state=PrescriptionState.USED, changed_at=at))


def _nothing_left(number: str) -> NothingLeftError:
    return NothingLeftError(
        Words(f"电子处方 {number} 已被使用或余量不足", f"The e-prescription {number} was used, or has less left")
    )
