from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from server.store import visits
from server.store.database import Store
from server.store.visits import Diagnosis, VisitKind, VisitState
from tests.server.store.settlement_rows import NOON, fee_line, furnish, later, visit


def test_a_visit_is_kept_and_changed(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
        done = visit(state=VisitState.SETTLED, ends_at=later(hours=1), fields={"甲": {"乙": ["1"]}})
        visits.change_visit(connection, done)
        assert visits.load_visit(connection, "M1") == done
        assert visits.load_visit(connection, "M9") is None


def test_visits_of_a_person_come_in_order_by_kind_and_time(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
        stays = [visit(f"M{n}", kind=VisitKind.INPATIENT, begins_at=later(days=n), number="Z1") for n in (3, 2)]
        for one in stays:
            visits.add_visit(connection, one)
        every = visits.load_visits_of(connection, "P1", begins=NOON, ends=later(days=3))
        stayed = visits.load_visits_of(connection, "P1", begins=NOON, ends=later(days=4), kinds=[VisitKind.INPATIENT])
        named = visits.find_visits(connection, "I1", "Z1")
    assert [one.mdtrt_id for one in every] == ["M1", "M2"]
    assert [one.mdtrt_id for one in stayed] == ["M2", "M3"]
    assert {one.mdtrt_id for one in named} == {"M2", "M3"}


def test_diagnoses_are_replaced_moment_by_moment(store: Store) -> None:
    admitted = Diagnosis("M1", "admission", 1, "1", "I10", "高血压", True, "D1", {"vali_flag": "1"})
    left = replace(admitted, moment="discharge")
    with store.writing() as connection:
        furnish(connection)
        visits.replace_diagnoses(connection, "M1", "admission", [admitted, replace(admitted, n=2)])
        visits.replace_diagnoses(connection, "M1", "discharge", [left])
        visits.replace_diagnoses(connection, "M1", "admission", [admitted])
        assert visits.load_diagnoses(connection, "M1") == [admitted, left]


def test_lines_whose_serial_is_taken_are_not_added_and_settled_ones_not_removed(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
        assert visits.add_lines(connection, [fee_line("1"), fee_line("2", batch="b")]) == 2
        assert visits.add_lines(connection, [fee_line("2", batch="c"), fee_line("3", batch="b")]) == 1
        assert visits.load_lines(connection, "M1", "b") == [fee_line("2", batch="b"), fee_line("3", batch="b")]
        visits.put_lines(connection, [fee_line("3", price_limit=Decimal("1.500000"))])

        assert visits.settle_lines(connection, "M1", ["1", "2"], "S1") == 2
        assert visits.settle_lines(connection, "M1", ["2"], "S2") == 0
        assert visits.remove_lines(connection, "M1", ["1", "3"]) == 1
        assert visits.remove_lines(connection, "M1") == 0
        assert visits.free_lines(connection, "M1", "S1") == 2
        assert visits.remove_lines(connection, "M1") == 2
        assert visits.load_lines(connection, "M1") == []


def test_what_somebody_had_of_an_item_is_what_was_settled(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
        dated = [fee_line(str(n), charged_at=later(days=n)) for n in range(4)]
        visits.add_lines(connection, [*dated, fee_line("9", item="other")])
        visits.settle_lines(connection, "M1", ["1", "2", "3", "9"], "S1")
        had = visits.count_charged(connection, "P1", "XA01", begins=NOON, ends=later(days=3))
        nothing = visits.count_charged(connection, "P2", "XA01", begins=NOON, ends=later(days=3))
    assert (had, nothing) == (Decimal("5.0000"), Decimal("0.0000"))
