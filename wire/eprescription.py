"""The port of the e-prescription centre: what hospitals and pharmacies ask of it, and what they get.

The national interface names the transactions (7101 to 7105 for hospitals, 7201 to 7206 for pharmacies) but the forms of
their fields are not known here, so the interface does not answer them; the verbs below are those of their names. A
prescription goes from uploaded over signed and issued to reviewed (or refused) and used, and can be withdrawn until
something was dispensed on it. Whoever adapts another centre to this port keeps these promises:

* what a doctor signs is what is dispensed: signing names the digest of what was uploaded;
* nothing is dispensed that no pharmacist reviewed, and no quantity twice, wherever and however often it is tried;
* to dispense again under the same document and with the same contents changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import ClassVar, Protocol

from codes.errors import RejectedError
from codes.words import Words


class Stage(StrEnum):
    """How far a prescription has come."""

    UPLOADED = "uploaded"
    SIGNED = "signed"
    ISSUED = "issued"
    REVIEWED = "reviewed"
    REFUSED = "refused"
    USED = "used"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class PrescribedDrug:
    """A drug that a doctor prescribes."""

    item: str
    """`med_list_codg`."""
    name: str
    count: Decimal
    unit: str
    use: Mapping[str, str]
    """How it is taken: dose, frequency, route, days."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a hospital uploads."""

    psn_no: str
    doctor: str
    institution: str
    valid_to: datetime
    drugs: tuple[PrescribedDrug, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over all of it, which the doctor signs."""
        drugs = [[one.item, one.name, f"{one.count:f}", one.unit, dict(one.use)] for one in self.drugs]
        whole = [self.psn_no, self.doctor, self.institution, self.valid_to.timestamp(), drugs]
        return sha256(json.dumps(whole, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Dispensable:
    """A drug of a prescription, and how much of it is left."""

    n: int
    drug: PrescribedDrug
    left: Decimal


@dataclass(frozen=True, slots=True)
class Prescription:
    """A prescription as it is known now."""

    number: str
    psn_no: str
    doctor: str
    institution: str
    stage: Stage
    valid_to: datetime
    drugs: tuple[Dispensable, ...]
    reviewed_by: str
    """Empty while nobody did."""


@dataclass(frozen=True, slots=True)
class Dispensed:
    """What a pharmacy gave out."""

    document: str
    """The pharmacy's own number of the sale."""
    institution: str
    counts: Mapping[str, Decimal]
    """By drug."""


class PrescriptionError(RejectedError):
    """The centre does not do it; the code says why, and is the same whoever stands behind the port."""

    code: ClassVar[str] = "eprescription.refused"
    next_step: ClassVar[Words] = Words("请按提示更正后重试。", "Correct what is named and try again.")


class UnknownPrescriptionError(PrescriptionError):
    """There is no such prescription, or the token is none."""

    code: ClassVar[str] = "eprescription.unknown"
    next_step: ClassVar[Words] = Words("请核对处方号或重新扫码。", "Check the number, or scan the code again.")


class InvalidDraftError(PrescriptionError):
    """What was uploaded cannot be prescribed."""

    code: ClassVar[str] = "eprescription.draft"


class WrongStageError(PrescriptionError):
    """The prescription has not come so far, or has come too far."""

    code: ClassVar[str] = "eprescription.stage"


class DigestDiffersError(PrescriptionError):
    """What was signed is not what was uploaded."""

    code: ClassVar[str] = "eprescription.digest"


class ExpiredError(PrescriptionError):
    """It is no longer valid."""

    code: ClassVar[str] = "eprescription.expired"


class NotEnoughLeftError(PrescriptionError):
    """Less is left than was asked for, or the drug is not on it."""

    code: ClassVar[str] = "eprescription.left"


class DocumentReusedError(PrescriptionError):
    """The same document came with other contents."""

    code: ClassVar[str] = "eprescription.document_reused"


class HospitalSide(Protocol):
    """What a hospital asks."""

    def upload(self, draft: Draft, at: datetime) -> str:
        """Look a prescription through and return its number (pre-check).

        Raises:
            InvalidDraftError: It cannot be prescribed like this.
        """
        ...

    def sign(self, number: str, digest: str, signature: str, at: datetime) -> None:
        """Keep the doctor's signature over what was uploaded.

        Raises:
            UnknownPrescriptionError: There is none.
            WrongStageError: It was signed or withdrawn.
            DigestDiffersError: Something else was signed.
        """
        ...

    def issue(self, number: str, at: datetime) -> str:
        """Give it to the patient, and return the token that the patient shows.

        Raises:
            UnknownPrescriptionError: There is none.
            WrongStageError: It was not signed.
        """
        ...

    def withdraw(self, number: str, institution: str, at: datetime) -> None:
        """Take it back; a second time changes nothing.

        Raises:
            UnknownPrescriptionError: There is none of this institution.
            WrongStageError: Something was dispensed on it.
        """
        ...

    def query(self, number: str) -> Prescription:
        """Return it as it is now.

        Raises:
            UnknownPrescriptionError: There is none.
        """
        ...


class PharmacySide(Protocol):
    """What a pharmacy asks."""

    def decode(self, token: str) -> str:
        """Return the number that a patient's token stands for.

        Raises:
            UnknownPrescriptionError: It stands for none.
        """
        ...

    def fetch(self, number: str, psn_no: str) -> Prescription:
        """Return a person's prescription.

        Raises:
            UnknownPrescriptionError: The person has none of that number.
        """
        ...

    def review(self, number: str, pharmacist: str, institution: str, at: datetime, *, is_good: bool) -> None:
        """Say what the pharmacist found; to say the same again changes nothing.

        Raises:
            UnknownPrescriptionError: There is none.
            WrongStageError: It was not issued, or somebody found otherwise.
            ExpiredError: It is no longer valid.
        """
        ...

    def dispense(self, number: str, dispensed: Dispensed, at: datetime) -> None:
        """Take what was given out (upload of the result).

        Raises:
            UnknownPrescriptionError: There is none.
            WrongStageError: It was not reviewed, or was withdrawn.
            ExpiredError: It is no longer valid.
            NotEnoughLeftError: Less is left.
            DocumentReusedError: The document came before with other contents.
        """
        ...

    def take_back(self, document: str, institution: str, at: datetime) -> bool:
        """Put back what a document gave out (withdrawal of the result); return whether there was something."""
        ...


def drugs_at_fault(drugs: Sequence[PrescribedDrug]) -> Words | None:
    """Return what is wrong with what is prescribed, as far as that can be seen in itself."""
    if not drugs:
        return Words("没有药品", "there is no drug")
    for one in drugs:
        if not one.item:
            return Words("药品缺编码", "a drug has no code")
        if one.count <= 0:
            return Words(f"{one.item} 的数量应大于 0", f"the count of {one.item} must be above 0")
    return None
