"""Which messages say the same thing: sales with two numbers, and messages that know no line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.pack_fold import fold
from rules.pack_life import NO_LINE, SIZE_UNKNOWN, Act, Evidence, FactKey, State
from tests.rules.telling import reasons, said


def row(at: int, *documents: str, act: Act = Act.DISPENSED, institution: str = "P1") -> list[Evidence]:
    """Return what one row of the interface says: no line, and the sale by each of its numbers."""
    return [
        said(act, at, document=one, line=NO_LINE, terminal="", source=f"{institution}-{at}", institution=institution)
        for one in documents
    ]


def test_a_row_without_a_line_is_the_line_that_another_message_names() -> None:
    life = fold([*row(5, "s1"), said(Act.DISPENSED, 6, line=3)])
    assert life.facts == (FactKey(Act.DISPENSED, "P1", "s1", 3),)
    assert (life.state, life.conflicts) == (State.SOLD, ())


def test_of_several_lines_the_lowest_is_meant() -> None:
    evidence = [
        said(Act.SPLIT_DISPENSED, 2, line=2, units=1, of=9),
        said(Act.SPLIT_DISPENSED, 3, line=1, units=1, of=9),
    ]
    life = fold([*row(1, "s1", act=Act.SPLIT_DISPENSED), *evidence])
    assert sorted(key.line for key in life.facts) == [1, 2]


def test_the_size_of_an_opened_pack_is_told_by_whoever_knows_it() -> None:
    settlement = said(Act.SPLIT_DISPENSED, 1, line=NO_LINE, units=3, of=SIZE_UNKNOWN)
    rows = [said(Act.SPLIT_DISPENSED, at, line=NO_LINE, units=3, of=size) for at, size in ((2, 12), (3, 10))]
    assert fold([settlement]).rest is None
    assert fold([*rows, settlement]).rest == 9


def test_a_row_alone_is_a_fact_of_its_own() -> None:
    assert fold(row(1, "s1")).facts == (FactKey(Act.DISPENSED, "P1", "s1", NO_LINE),)


def test_a_message_that_names_two_numbers_ties_them() -> None:
    terminal, settlement = said(Act.DISPENSED, 1, document="R1"), said(Act.DISPENSED, 2, document="C1", line=NO_LINE)
    assert reasons([terminal, settlement]) == ["pack.sold_twice"]
    life = fold([terminal, settlement, *row(3, "R1", "C1")])
    assert (life.facts, life.conflicts) == ((FactKey(Act.DISPENSED, "P1", "R1", 1),), ())


def test_a_sale_goes_by_the_number_that_was_told_first_and_of_one_message_by_the_shortest() -> None:
    assert fold(row(1, "20260310000000000000000000001", "C-1")).facts[0].document == "C-1"
    assert fold([*row(2, "C-1", "R-1"), said(Act.DISPENSED, 1, document="R-1")]).facts[0].document == "R-1"


def test_ties_hold_over_several_messages() -> None:
    life = fold([*row(4, "A", "B"), *row(3, "C", "D"), *row(2, "B", "C")])
    assert life.facts == (FactKey(Act.DISPENSED, "P1", "B", NO_LINE),)


def test_a_return_finds_its_sale_under_any_of_its_numbers() -> None:
    evidence = [said(Act.DISPENSED, 1, document="R1"), *row(2, "R1", "C1")]
    life = fold([*evidence, *row(3, "C1", act=Act.RETURNED)])
    assert (life.state, life.conflicts) == (State.RETURNED, ())
    assert life.facts[1] == FactKey(Act.RETURNED, "P1", "R1", NO_LINE)
    again = said(Act.RETURNED, 4, document="R1", line=1)
    assert fold([*evidence, *row(3, "C1", act=Act.RETURNED), again]).conflicts == ()


def test_the_numbers_of_one_institution_tie_nothing_at_another() -> None:
    evidence = [*row(1, "A", "B"), *row(2, "A", institution="P2")]
    assert reasons(evidence) == ["pack.sold_twice"]


@pytest.mark.parametrize("cancelled_at", [2, 4, 6])
@pytest.mark.parametrize("parts", [(2,), (2, 3)])
def test_returns_in_parts_tell_what_a_cancelled_sale_only_sums_up(cancelled_at: int, parts: tuple[int, ...]) -> None:
    opened = said(Act.SPLIT_DISPENSED, 1, line=NO_LINE, units=5, of=12)
    cancelling = row(cancelled_at, "s1", act=Act.RETURNED)
    back = [said(Act.RETURNED, 3 + 2 * n, line=1 << 32 | n, units=units) for n, units in enumerate(parts)]
    life = fold([opened, *cancelling, *back])
    assert (life.conflicts, life.rest) == ((), 7 + sum(parts))


def test_deliveries_are_named_once() -> None:
    received = [said(Act.RECEIVED, 1, document=one, source="d", line=NO_LINE) for one in ("A", "B")]
    assert {key.document for key in fold([*received, *row(2, "A", "B")]).facts if key.act is Act.RECEIVED} == {"A", "B"}


SALES = st.tuples(
    st.sampled_from([Act.DISPENSED, Act.RETURNED, Act.SPLIT_DISPENSED]),
    st.integers(1, 6),
    st.lists(st.sampled_from("ABCD"), min_size=1, max_size=2, unique=True),
    st.sampled_from(["P1", "P1", "P2"]),
    st.sampled_from([NO_LINE, NO_LINE, 1, 2]),
)


@pytest.mark.req("T-05")
@given(st.lists(SALES, max_size=7, unique_by=lambda sale: sale[1]), st.data())
def test_ties_do_not_depend_on_arrival(sales: list[tuple[Act, int, list[str], str, int]], data: st.DataObject) -> None:
    evidence = [
        said(act, at, document=one, line=line, institution=institution, source=f"m{at}", units=1, of=4)
        for act, at, documents, institution, line in sales
        for one in documents
    ]
    shuffled = data.draw(st.permutations(evidence))
    assert fold(shuffled) == fold(evidence)
