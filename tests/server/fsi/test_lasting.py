"""What a terminal may ask as often as it likes is what the centre only reads, makes a file of, or signs in by."""

from __future__ import annotations

from server.fsi.dispatch import HANDLERS
from wire.fsi.lasting import READS, REVERSIBLE, may_be_asked_anew
from wire.fsi.tables import transactions


def test_reads_are_those_that_the_centre_only_reads() -> None:
    assert {infno for infno, deed in HANDLERS.items() if not deed.is_writing} == READS


def test_everything_else_is_asked_once_but_for_files_sign_ins_and_comparisons() -> None:
    anew = {infno for infno in HANDLERS if may_be_asked_anew(infno)}
    assert {infno for infno in anew - READS if not infno.startswith("13")} == {
        "9001", "9002", "9101", "3201", "3202",
    }  # fmt: skip
    assert not any(may_be_asked_anew(infno) for infno in REVERSIBLE)


def test_what_can_be_taken_back_is_in_the_interface() -> None:
    assert set(transactions()) >= REVERSIBLE
