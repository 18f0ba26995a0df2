"""What the vouchers page asks of the store does not grow with what was ever told."""

from __future__ import annotations

from pathlib import Path

from server.store.tallies import Months
from server.store.visit_steps import add_visit_steps
from server.visits.report import load_report, load_steps
from tests.server.fsi.counter import file_store
from tests.server.fsi.test_plans import no_table_is_read_through
from tests.server.store.test_visit_steps import MORNING, step


def test_steps_are_kept_and_shown_by_indexes_and_by_what_was_not_added_up_yet(
    migrated_file: Path, tmp_path: Path
) -> None:
    with file_store(migrated_file, tmp_path) as store, no_table_is_read_through(store, at_least=8) as found:
        for chosen in (Months("2026-01", "2026-12"), Months("2026-03", "2026-03", "H1")):
            with store.writing() as connection:
                add_visit_steps(connection, [step("01101"), step("01201", minutes=3)])
            with store.reading() as connection:
                load_report(connection, chosen, MORNING)
                load_steps(connection, chosen, MORNING)
    assert {one.partition(":")[0] for one in found} == {"tally_change"}
