from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from server.eprescription import dispensing
from server.eprescription.dispensing import NothingLeftError, Taken
from server.store import entitlements
from server.store.database import Store
from server.store.entitlements import Prescription, PrescriptionLine, PrescriptionState, Use

NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
USE = Use("S1", "P1", "E1", 1, Decimal("1.5"), NOW, None)


def prescribe(store: Store, count: str = "4") -> None:
    one = Prescription("E1", "PSN1", "D1", "H1", PrescriptionState.REVIEWED, NOW, NOW, "Y1", NOW, {"digest": "x"}, NOW)
    line = PrescriptionLine("E1", 1, "X", "甲", Decimal(count), Decimal(0), "盒", {"days": "7"})
    with store.writing() as connection:
        entitlements.add_prescription(connection, one, [line])


def dispensed(store: Store) -> Decimal:
    with store.reading() as connection:
        return entitlements.load_prescription_lines(connection, ["E1"])["E1"][0].dispensed


def test_no_more_is_taken_than_there_is_and_it_comes_back_once(store: Store) -> None:
    prescribe(store)
    with store.writing() as connection:
        assert entitlements.take(connection, USE)
        assert entitlements.take(connection, replace(USE, used_by="S2", count=Decimal("2.5")))
        assert not entitlements.take(connection, replace(USE, used_by="S3", count=Decimal("0.0001")))
    assert dispensed(store) == 4
    with store.writing() as connection:
        assert entitlements.give_back(connection, USE, NOW)
        assert not entitlements.give_back(connection, USE, NOW)
        assert [use.used_by for use in entitlements.load_uses(connection, ["E1"]) if use.given_back_at is None] == [
            "S2"
        ]
        assert entitlements.load_uses_by(connection, "S1", "P2") == []
    assert dispensed(store) == Decimal("2.5")


def test_many_at_once_take_what_there_is_and_no_more(store: Store) -> None:
    prescribe(store)

    def take(n: int) -> bool:
        try:
            with store.writing() as connection:
                at = NOW + timedelta(seconds=n)
                dispensing.take(connection, [Taken("E1", "X", Decimal(1))], f"S{n}", f"P{n}", at)
        except NothingLeftError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(8)))
    assert (sum(taken), dispensed(store)) == (4, 4)
    with store.reading() as connection:
        assert entitlements.load_prescriptions(connection, ["E1"])["E1"].state is PrescriptionState.USED


def test_what_is_on_record_comes_back_as_it_was(store: Store) -> None:
    prescribe(store)
    with store.writing() as connection:
        one = entitlements.load_prescriptions(connection, ["E1", "E2"])["E1"]
        changed = replace(one, state=PrescriptionState.WITHDRAWN, fields={"digest": "y"})
        entitlements.change_prescription(connection, changed)
        assert entitlements.lock_prescriptions(connection, ["E1"]) == {"E1": changed}
        assert entitlements.load_prescription_page(connection, limit=5, psn_no="PSN1") == [changed]
        assert entitlements.load_prescription_page(connection, after="E1", limit=5) == []
