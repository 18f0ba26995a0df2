"""The e-prescription centre on our own store: the port of `wire.eprescription`, in the caller's transaction.

What a pharmacy dispenses to somebody who pays alone comes through here; what an insurance settlement dispenses is taken
by the settlement itself. Both take from the same lines, so that no quantity goes out twice.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from codes.words import Words
from server.eprescription import dispensing
from server.eprescription.dispensing import NothingLeftError, Taken
from server.people.practice import check_practitioner
from server.people.sealing import Sealer
from server.store import entitlements as store
from server.store import insured
from server.store.database import Connection
from server.store.entitlements import Prescription as Kept
from server.store.entitlements import PrescriptionLine, PrescriptionState
from server.store.practitioners import PractitionerKind
from wire.eprescription import (
    DigestDiffersError,
    Dispensable,
    Dispensed,
    DocumentReusedError,
    Draft,
    ExpiredError,
    InvalidDraftError,
    NotEnoughLeftError,
    PrescribedDrug,
    Prescription,
    Stage,
    UnknownPrescriptionError,
    WrongStageError,
    drugs_at_fault,
)
from wire.fsi.values import BEIJING

_PROOF_LENGTH: Final = 24
_PROVED: Final = "e_prescription"
_ISSUED = frozenset({PrescriptionState.ISSUED, PrescriptionState.REVIEWED, PrescriptionState.REFUSED})


def random_number(at: datetime) -> str:
    """Return a number that nobody can guess and that fits into `rxno`."""
    return f"RX{at.astimezone(BEIJING):%Y%m%d}{secrets.token_hex(8).upper()}"


@dataclass(frozen=True, slots=True)
class StoredPrescriptions:
    """Both sides of the port."""

    connection: Connection
    """In a transaction; the caller ends it."""
    sealer: Sealer
    """Makes tokens that can be checked without being kept."""
    new_number: Callable[[datetime], str] = random_number

    def upload(self, draft: Draft, at: datetime) -> str:
        """Look a prescription through and return its number.

        Raises:
            InvalidDraftError: It cannot be prescribed like this.
            PracticeError: The doctor may not practise there now.
        """
        fault = drugs_at_fault(draft.drugs)
        if fault is None and draft.valid_to <= at:
            fault = Words("有效期已过", "it would have expired already")
        if fault is None and insured.load_person(self.connection, draft.psn_no) is None:
            fault = Words(f"没有人员 {draft.psn_no}", f"there is no person {draft.psn_no}")
        if fault is not None:
            raise InvalidDraftError(Words(f"处方不能开具：{fault.zh}", f"It cannot be prescribed: {fault.en}"))
        check_practitioner(self.connection, draft.doctor, draft.institution, at, PractitionerKind.DOCTOR)
        number = self.new_number(at)
        one = Kept(
            number,
            draft.psn_no,
            draft.doctor,
            draft.institution,
            PrescriptionState.UPLOADED,
            at,
            draft.valid_to,
            None,
            None,
            {"digest": draft.digest},
            at,
        )
        lines = [
            PrescriptionLine(number, n, drug.item, drug.name, drug.count, Decimal(0), drug.unit, dict(drug.use))
            for n, drug in enumerate(draft.drugs, 1)
        ]
        store.add_prescription(self.connection, one, lines)
        return number

    def sign(self, number: str, digest: str, signature: str, at: datetime) -> None:
        """Keep the doctor's signature."""
        one = self._locked(number)
        if one.state is not PrescriptionState.UPLOADED:
            raise _wrong_stage(one)
        if digest != one.fields.get("digest"):
            raise DigestDiffersError(Words("签名的内容与上传的不同", "What was signed is not what was uploaded"))
        fields = {**one.fields, "signature": signature}
        self._change(replace(one, state=PrescriptionState.SIGNED, fields=fields, changed_at=at))

    def issue(self, number: str, at: datetime) -> str:
        """Give it to the patient, and return the token; to issue it again gives the same token."""
        one = self._locked(number)
        if one.state is PrescriptionState.SIGNED:
            check_practitioner(self.connection, one.doctor, one.institution, at, PractitionerKind.DOCTOR)
            self._change(replace(one, state=PrescriptionState.ISSUED, issued_at=at, changed_at=at))
        elif one.state not in _ISSUED:
            raise _wrong_stage(one)
        return f"{number}.{self._proof(number)}"

    def withdraw(self, number: str, institution: str, at: datetime) -> None:
        """Take it back."""
        one = self._locked(number)
        if one.institution != institution:
            raise _unknown(number)
        if one.state is PrescriptionState.WITHDRAWN:
            return
        lines = store.load_prescription_lines(self.connection, [number])[number]
        if one.state is PrescriptionState.USED or any(line.dispensed for line in lines):
            raise _wrong_stage(one)
        self._change(replace(one, state=PrescriptionState.WITHDRAWN, changed_at=at))

    def query(self, number: str) -> Prescription:
        """Return it as it is now."""
        one = store.load_prescriptions(self.connection, [number]).get(number)
        if one is None:
            raise _unknown(number)
        return as_told(one, store.load_prescription_lines(self.connection, [number])[number])

    def decode(self, token: str) -> str:
        """Return the number that a token stands for."""
        number, _, proof = token.rpartition(".")
        if not number or not hmac.compare_digest(proof.encode(), self._proof(number).encode()):
            raise _unknown(token)
        return self.query(number).number

    def fetch(self, number: str, psn_no: str) -> Prescription:
        """Return a person's prescription."""
        found = self.query(number)
        if found.psn_no != psn_no:
            raise _unknown(number)
        return found

    def review(self, number: str, pharmacist: str, institution: str, at: datetime, *, is_good: bool) -> None:
        """Say what the pharmacist found.

        Raises:
            PracticeError: The pharmacist may not practise there now.
        """
        one, wanted = self._locked(number), PrescriptionState.REVIEWED if is_good else PrescriptionState.REFUSED
        if one.state is wanted and one.reviewed_by == pharmacist:
            return
        if one.state is not PrescriptionState.ISSUED:
            raise _wrong_stage(one)
        _check_valid(one, at)
        check_practitioner(self.connection, pharmacist, institution, at, PractitionerKind.PHARMACIST)
        self._change(replace(one, state=wanted, reviewed_by=pharmacist, reviewed_at=at, changed_at=at))

    def dispense(self, number: str, dispensed: Dispensed, at: datetime) -> None:
        """Take what was given out."""
        one = self._locked(number)
        before = [
            use
            for use in store.load_uses_by(self.connection, dispensed.document, dispensed.institution)
            if use.given_back_at is None
        ]
        if before:
            self._check_same(number, dispensed, {(use.number, use.n): use.count for use in before})
            return
        if one.state is not PrescriptionState.REVIEWED:
            raise _wrong_stage(one)
        _check_valid(one, at)
        wanted = [Taken(number, item, count) for item, count in dispensed.counts.items()]
        try:
            dispensing.take(self.connection, wanted, dispensed.document, dispensed.institution, at)
        except NothingLeftError as exc:
            raise NotEnoughLeftError(exc.words) from exc

    def take_back(self, document: str, institution: str, at: datetime) -> bool:
        """Put back what a document gave out."""
        return dispensing.give_back(self.connection, document, institution, at) > 0

    def _check_same(self, number: str, dispensed: Dispensed, before: Mapping[tuple[str, int], Decimal]) -> None:
        lines = store.load_prescription_lines(self.connection, [number])[number]
        items = {(number, line.n): line.item for line in lines}
        known: dict[str, Decimal] = {}
        for place, count in before.items():
            item = items.get(place, "")
            known[item] = known.get(item, Decimal(0)) + count
        if known != dict(dispensed.counts):
            raise DocumentReusedError(
                Words(
                    f"单据 {dispensed.document} 已用于另一次配药", f"The document {dispensed.document} was used before"
                )
            )

    def _locked(self, number: str) -> Kept:
        found = store.lock_prescriptions(self.connection, [number]).get(number)
        if found is None:
            raise _unknown(number)
        return found

    def _change(self, one: Kept) -> None:
        store.change_prescription(self.connection, one)

    def _proof(self, number: str) -> str:
        return self.sealer.digest(_PROVED, number).hex()[:_PROOF_LENGTH]


def as_told(one: Kept, lines: list[PrescriptionLine]) -> Prescription:
    """Return a prescription as the port tells it."""
    return Prescription(
        one.number,
        one.psn_no,
        one.doctor,
        one.institution,
        Stage(one.state.value),
        one.valid_to_at,
        tuple(
            Dispensable(
                line.n,
                PrescribedDrug(
                    line.item, line.name, line.count, line.unit, {name: str(said) for name, said in line.fields.items()}
                ),
                line.left,
            )
            for line in lines
        ),
        one.reviewed_by or "",
    )


def _check_valid(one: Kept, at: datetime) -> None:
    if one.valid_to_at <= at:
        raise ExpiredError(Words(f"电子处方 {one.number} 已过有效期", f"The e-prescription {one.number} has expired"))


def _unknown(named: str) -> UnknownPrescriptionError:
    return UnknownPrescriptionError(Words(f"没有电子处方 {named}", f"There is no e-prescription {named}"))


def _wrong_stage(one: Kept) -> WrongStageError:
    return WrongStageError(
        Words(
            f"电子处方 {one.number} 的状态为 {one.state.value}，不能这样做",
            f"The e-prescription {one.number} is {one.state.value}; this cannot be done to it",
        )
    )
