"""The port of the e-prescription centre: our store and the simulated twin keep the same promises."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import pytest

from codes.errors import RejectedError
from server.eprescription.stored import StoredPrescriptions, random_number
from server.people.practice import PracticeError
from server.people.sealing import Sealer
from server.store.database import Store, open_store
from sim.eprescription import SimulatedPrescriptions
from tests.server.fsi.counter import LI, PLAIN, WANG
from tests.server.fsi.entitled import DOCTOR, OTHER_DOCTOR, PHARMACIST, RX, SECOND, open_entitled
from tests.server.fsi.office import HOSPITAL, NOON, PHARMACY
from wire.eprescription import Dispensed, Draft, HospitalSide, PharmacySide, PrescribedDrug, Stage


class Both(HospitalSide, PharmacySide, Protocol):
    """Both sides."""


DRUG = PrescribedDrug(RX, "甲", Decimal(5), "盒", {"days": "7"})
DRAFT = Draft(LI, DOCTOR, HOSPITAL, NOON + timedelta(days=3), (DRUG, replace(DRUG, item=PLAIN, count=Decimal(1))))


@pytest.fixture(params=["stored", "simulated"])
def centre(request: pytest.FixtureRequest, migrated_file: Path, tmp_path: Path) -> Iterator[Both]:
    """Each of the two."""
    if request.param == "simulated":
        yield SimulatedPrescriptions()
        return
    shutil.copy(migrated_file, tmp_path / "one.db")
    with closing(open_store(f"sqlite:///{tmp_path}/one.db", new_epoch=lambda: "epoch-1")) as store:
        open_entitled(store)
        with store.writing() as connection:
            yield StoredPrescriptions(connection, Sealer(bytes(range(32))))


def issued(centre: Both) -> str:
    number = centre.upload(DRAFT, NOON)
    centre.sign(number, DRAFT.digest, "signature", NOON)
    return centre.decode(centre.issue(number, NOON))


def reviewed(centre: Both) -> str:
    number = issued(centre)
    centre.review(number, PHARMACIST, PHARMACY, NOON, is_good=True)
    return number


def given(document: str = "S1", where: str = PHARMACY, **counts: str) -> Dispensed:
    return Dispensed(document, where, {RX if item == "rx" else PLAIN: Decimal(n) for item, n in counts.items()})


def left(centre: Both, number: str) -> list[Decimal]:
    return [one.left for one in centre.query(number).drugs]


def refused(centre: Both, deed: str, *args: object, **more: object) -> str:
    with pytest.raises(RejectedError) as caught:
        getattr(centre, deed)(*args, **more)
    return caught.value.code


def test_from_the_doctor_to_the_counter(centre: Both) -> None:
    number = reviewed(centre)
    found = centre.fetch(number, LI)
    assert (found.stage, found.reviewed_by, found.drugs[0].drug) == (Stage.REVIEWED, PHARMACIST, DRUG)
    centre.dispense(number, given(rx="2"), NOON)
    centre.dispense(number, given(rx="2"), NOON)
    assert left(centre, number) == [3, 1]
    centre.dispense(number, given("S2", SECOND, rx="3", plain="1"), NOON)
    assert (left(centre, number), centre.query(number).stage) == ([0, 0], Stage.USED)
    assert centre.take_back("S1", PHARMACY, NOON)
    assert not centre.take_back("S1", PHARMACY, NOON)
    assert (left(centre, number), centre.query(number).stage) == ([2, 0], Stage.REVIEWED)


def test_what_is_asked_too_early_too_late_or_of_others_is_refused(centre: Both) -> None:
    number = centre.upload(DRAFT, NOON)
    assert refused(centre, "issue", number, NOON) == "eprescription.stage"
    assert refused(centre, "sign", number, "another", "s", NOON) == "eprescription.digest"
    centre.sign(number, DRAFT.digest, "s", NOON)
    assert refused(centre, "sign", number, DRAFT.digest, "s", NOON) == "eprescription.stage"
    assert refused(centre, "review", number, PHARMACIST, PHARMACY, NOON, is_good=True) == "eprescription.stage"
    assert centre.issue(number, NOON) == centre.issue(number, NOON)
    assert refused(centre, "dispense", number, given(rx="1"), NOON) == "eprescription.stage"
    late = NOON + timedelta(days=3)
    assert refused(centre, "review", number, PHARMACIST, PHARMACY, late, is_good=True) == "eprescription.expired"
    centre.review(number, PHARMACIST, PHARMACY, NOON, is_good=True)
    centre.review(number, PHARMACIST, PHARMACY, NOON, is_good=True)
    assert refused(centre, "review", number, PHARMACIST, PHARMACY, NOON, is_good=False) == "eprescription.stage"
    assert refused(centre, "dispense", number, given(rx="1"), late) == "eprescription.expired"
    assert refused(centre, "dispense", number, given(rx="6"), NOON) == "eprescription.left"
    centre.dispense(number, given(rx="1"), NOON)
    assert refused(centre, "dispense", number, given(rx="2"), NOON) == "eprescription.document_reused"
    assert refused(centre, "withdraw", number, HOSPITAL, NOON) == "eprescription.stage"


def test_nobody_gets_at_what_is_not_theirs(centre: Both) -> None:
    number = issued(centre)
    assert refused(centre, "fetch", number, WANG) == "eprescription.unknown"
    assert refused(centre, "withdraw", number, SECOND, NOON) == "eprescription.unknown"
    assert refused(centre, "decode", f"{number}.0") == "eprescription.unknown"
    assert refused(centre, "query", "nothing") == "eprescription.unknown"
    assert refused(centre, "sign", "nothing", "", "", NOON) == "eprescription.unknown"


def test_one_that_was_refused_or_withdrawn_is_not_dispensed(centre: Both) -> None:
    one, other = issued(centre), issued(centre)
    centre.review(one, PHARMACIST, PHARMACY, NOON, is_good=False)
    centre.withdraw(other, HOSPITAL, NOON)
    centre.withdraw(other, HOSPITAL, NOON)
    for number in (one, other):
        assert refused(centre, "dispense", number, given(rx="1"), NOON) == "eprescription.stage"
    assert refused(centre, "issue", other, NOON) == "eprescription.stage"


@pytest.mark.parametrize(
    "changed",
    [
        {"drugs": ()},
        {"drugs": (replace(DRUG, count=Decimal(0)),)},
        {"drugs": (replace(DRUG, item=""),)},
        {"valid_to": NOON},
    ],
)
def test_what_cannot_be_prescribed_is_refused(changed: dict[str, object]) -> None:
    assert refused(SimulatedPrescriptions(), "upload", replace(DRAFT, **changed), NOON) == "eprescription.draft"  # type: ignore[arg-type]


def test_both_databases_serve_it(store: Store) -> None:
    open_entitled(store)
    with store.writing() as connection:
        test_from_the_doctor_to_the_counter(StoredPrescriptions(connection, Sealer(bytes(range(32)))))


def test_the_store_knows_who_may_prescribe_and_review(store: Store) -> None:
    open_entitled(store)
    with store.writing() as connection:
        centre = StoredPrescriptions(connection, Sealer(bytes(range(32))))
        assert refused(centre, "upload", replace(DRAFT, psn_no="nobody"), NOON) == "eprescription.draft"
        assert refused(centre, "upload", replace(DRAFT, valid_to=NOON), NOON) == "eprescription.draft"
        with pytest.raises(PracticeError):
            centre.upload(replace(DRAFT, institution=SECOND), NOON)
        number = issued(centre)
        with pytest.raises(PracticeError):
            centre.review(number, OTHER_DOCTOR, PHARMACY, NOON, is_good=True)
        assert len(random_number(NOON)) <= 30
