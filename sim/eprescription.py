"""A simulated e-prescription centre: the port of `wire.eprescription` in memory, for demos and tests without a store.

It keeps the promises of the port and knows nobody: any doctor may prescribe and any pharmacist review.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from codes.words import Words
from wire.eprescription import (
    DigestDiffersError,
    Dispensable,
    Dispensed,
    DocumentReusedError,
    Draft,
    ExpiredError,
    InvalidDraftError,
    NotEnoughLeftError,
    Prescription,
    Stage,
    UnknownPrescriptionError,
    WrongStageError,
    drugs_at_fault,
)

_WORDS = Words("模拟处方中心拒绝", "The simulated centre refuses")


@dataclass
class SimulatedPrescriptions:
    """Both sides of the port."""

    _found: dict[str, Prescription] = field(default_factory=dict)
    _digests: dict[str, str] = field(default_factory=dict)
    _dispensed: dict[tuple[str, str], tuple[str, Mapping[str, Decimal]]] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def upload(self, draft: Draft, at: datetime) -> str:
        """Keep a draft."""
        if drugs_at_fault(draft.drugs) is not None or draft.valid_to <= at:
            raise InvalidDraftError(_WORDS)
        number = f"SIM{next(self._numbers):06}"
        drugs = tuple(Dispensable(n, drug, drug.count) for n, drug in enumerate(draft.drugs, 1))
        self._found[number] = Prescription(
            number, draft.psn_no, draft.doctor, draft.institution, Stage.UPLOADED, draft.valid_to, drugs, ""
        )
        self._digests[number] = draft.digest
        return number

    def sign(self, number: str, digest: str, signature: str, at: datetime) -> None:
        """Sign it."""
        del signature, at
        one = self._at(number, Stage.UPLOADED)
        if digest != self._digests[number]:
            raise DigestDiffersError(_WORDS)
        self._found[number] = replace(one, stage=Stage.SIGNED)

    def issue(self, number: str, at: datetime) -> str:
        """Issue it."""
        del at
        one = self._at(number, Stage.SIGNED, Stage.ISSUED, Stage.REVIEWED, Stage.REFUSED)
        if one.stage is Stage.SIGNED:
            self._found[number] = replace(one, stage=Stage.ISSUED)
        return f"token-{number}"

    def withdraw(self, number: str, institution: str, at: datetime) -> None:
        """Withdraw it."""
        del at
        one = self.query(number)
        if one.institution != institution:
            raise UnknownPrescriptionError(_WORDS)
        if one.stage is Stage.USED or any(drug.left != drug.drug.count for drug in one.drugs):
            raise WrongStageError(_WORDS)
        self._found[number] = replace(one, stage=Stage.WITHDRAWN)

    def query(self, number: str) -> Prescription:
        """Return it."""
        if number not in self._found:
            raise UnknownPrescriptionError(_WORDS)
        return self._found[number]

    def decode(self, token: str) -> str:
        """Return the number of a token."""
        if not token.startswith("token-"):
            raise UnknownPrescriptionError(_WORDS)
        return self.query(token.removeprefix("token-")).number

    def fetch(self, number: str, psn_no: str) -> Prescription:
        """Return a person's."""
        one = self.query(number)
        if one.psn_no != psn_no:
            raise UnknownPrescriptionError(_WORDS)
        return one

    def review(self, number: str, pharmacist: str, institution: str, at: datetime, *, is_good: bool) -> None:
        """Review it."""
        del institution
        one, wanted = self.query(number), Stage.REVIEWED if is_good else Stage.REFUSED
        if (one.stage, one.reviewed_by) == (wanted, pharmacist):
            return
        self._at(number, Stage.ISSUED)
        _check_valid(one, at)
        self._found[number] = replace(one, stage=wanted, reviewed_by=pharmacist)

    def dispense(self, number: str, dispensed: Dispensed, at: datetime) -> None:
        """Dispense on it."""
        one, place = self.query(number), (dispensed.document, dispensed.institution)
        said = (number, dict(dispensed.counts))
        if place in self._dispensed:
            if self._dispensed[place] != said:
                raise DocumentReusedError(_WORDS)
            return
        self._at(number, Stage.REVIEWED)
        _check_valid(one, at)
        self._found[number] = _moved(one, {item: -count for item, count in dispensed.counts.items()})
        self._dispensed[place] = said

    def take_back(self, document: str, institution: str, at: datetime) -> bool:
        """Put it back."""
        del at
        number, counts = self._dispensed.pop((document, institution), ("", {}))
        if number:
            self._found[number] = _moved(self.query(number), counts)
        return bool(number)

    def _at(self, number: str, *stages: Stage) -> Prescription:
        one = self.query(number)
        if one.stage not in stages:
            raise WrongStageError(_WORDS)
        return one


def _check_valid(one: Prescription, at: datetime) -> None:
    if one.valid_to <= at:
        raise ExpiredError(_WORDS)


def _moved(one: Prescription, counts: Mapping[str, Decimal]) -> Prescription:
    """Return a prescription of which more or less is left, and what that makes of it."""
    drugs = list(one.drugs)
    for item, count in counts.items():
        places = [n for n, each in enumerate(drugs) if each.drug.item == item]
        for place in places:
            each = drugs[place]
            moved = max(-each.left, min(count, each.drug.count - each.left))
            drugs[place] = replace(each, left=each.left + moved)
            count -= moved  # noqa: PLW2901 - what is still to be moved
        if count:
            raise NotEnoughLeftError(_WORDS)
    stage = Stage.USED if all(each.left == 0 for each in drugs) else Stage.REVIEWED
    return replace(one, drugs=tuple(drugs), stage=stage)
