"""The rules beyond the table: bars stay, only the holder sells, an opened pack is never whole again."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rules.pack_fold import fold
from rules.pack_life import SALES, SELLABLE, Act, Evidence, State
from tests.rules.telling import reasons, said, state_of

BARRED = [(Act.RECALLED, State.RECALLED), (Act.EXPIRED, State.EXPIRED)]


def opened(at: int, document: str, units: int, *, line: int = 1, institution: str = "P1") -> Evidence:
    return said(Act.SPLIT_DISPENSED, at, document=document, line=line, units=units, of=12, institution=institution)


@pytest.mark.parametrize(("act", "state"), BARRED)
def test_a_pack_barred_after_its_sale_stays_sold_and_comes_back_barred(act: Act, state: State) -> None:
    sold = [said(Act.DISPENSED, 1), said(act, 2, institution="centre", document="notice")]
    life = fold(sold)
    assert (life.state, life.barred, life.conflicts) == (State.SOLD, state, ())

    for order in permutations([*sold, said(Act.RETURNED, 3)]):
        life = fold(order)
        assert (life.state, life.barred, life.conflicts) == (state, state, ())
        assert life.settled_by == sold[1].key
        assert life.holder == "P1"


@pytest.mark.parametrize(("act", "state"), BARRED)
def test_what_came_back_barred_cannot_be_sold_again(act: Act, state: State) -> None:
    evidence = [said(Act.DISPENSED, 1), said(act, 2), said(Act.RETURNED, 3), said(Act.DISPENSED, 4, document="s2")]
    assert reasons(evidence) == [f"pack.sold_{state}"]
    assert fold(evidence).conflicts[0].against == evidence[1].key


@pytest.mark.parametrize("sale", sorted(SALES))
@pytest.mark.parametrize(("act", "state"), BARRED)
def test_every_way_of_selling_a_barred_pack_has_its_name(sale: Act, act: Act, state: State) -> None:
    evidence = [said(Act.RECEIVED, 1), said(act, 2), said(sale, 3, units=1, of=12)]
    assert reasons(evidence) == [f"pack.sold_{state}"]


def test_a_barred_pack_may_be_received_sent_back_quarantined_and_destroyed() -> None:
    steps = [Act.RECALLED, Act.RECEIVED, Act.QUARANTINED, Act.RELEASED, Act.TRANSFERRED]
    for count in range(1, len(steps) + 1):
        assert state_of(*(said(act, at) for at, act in enumerate(steps[:count]))) is State.RECALLED
    assert state_of(*(said(act, at) for at, act in enumerate([*steps, Act.RECEIVED, Act.DESTROYED]))) is State.DESTROYED


def test_the_first_bar_speaks() -> None:
    life = fold([said(Act.RECEIVED, 1), said(Act.EXPIRED, 3), said(Act.RECALLED, 2)])
    assert (life.state, life.barred) == (State.RECALLED, State.RECALLED)
    assert fold([said(Act.DESTROYED, 1), said(Act.RECALLED, 2)]).state is State.DESTROYED


def test_a_recall_moves_no_pack() -> None:
    recalled = said(Act.RECALLED, 2, institution="centre")
    assert fold([said(Act.RECEIVED, 1), recalled]).holder == "P1"
    assert fold([recalled]).holder is None


def test_a_barred_pack_is_not_set_aside() -> None:
    life = fold([said(Act.RECEIVED, 1), said(Act.RECALLED, 2)])
    assert life.reservation is None


def test_an_opened_pack_takes_the_units_of_any_of_its_sales_back() -> None:
    sales = [opened(1, "s1", 5), opened(2, "s2", 3)]
    for document, rest in (("s1", 9), ("s2", 7)):
        back = said(Act.RETURNED, 3, document=document)
        for order in permutations([*sales, back]):
            life = fold(order)
            assert (life.state, life.rest, life.conflicts) == (State.SPLIT, rest, ())
            assert life.settled_by == back.key


def test_an_opened_pack_stays_opened_even_with_all_its_units_back() -> None:
    evidence = [opened(1, "s1", 5), opened(2, "s2", 7), said(Act.RETURNED, 3), said(Act.RETURNED, 4, document="s2")]
    life = fold(evidence)
    assert (life.state, life.rest, life.conflicts) == (State.SPLIT, 12, ())
    assert fold([*evidence, opened(5, "s3", 12)]).rest == 0
    assert reasons([*evidence, said(Act.DISPENSED, 5, document="s3")]) == ["pack.whole_after_split"]


def test_a_split_sale_is_returned_once() -> None:
    sold = [opened(1, "s1", 5), said(Act.RETURNED, 2)]
    assert reasons([*sold, said(Act.RETURNED, 3, line=2)]) == ["pack.returned_twice"]
    assert reasons([*sold, said(Act.RETURNED, 3, document="s9")]) == ["pack.returned_unsold"]
    assert reasons([*sold, said(Act.RETURNED, 3, institution="P2")]) == ["pack.returned_unsold"]


def test_lines_of_one_split_sale_come_back_one_by_one_or_together() -> None:
    sales = [opened(1, "s1", 5), opened(4, "s1", 3, line=2)]
    # The clock of the second return was behind its sale.
    one_by_one = [*sales, said(Act.RETURNED, 5, line=1), said(Act.RETURNED, 2, line=2, terminal="t2")]
    assert (fold(one_by_one).rest, fold(one_by_one).conflicts) == (12, ())
    assert fold(one_by_one[:3]).rest == 9
    assert fold([*sales, said(Act.RETURNED, 5, line=7)]).rest == 12


@pytest.mark.parametrize(("act", "state"), BARRED)
def test_units_come_back_into_a_barred_box(act: Act, state: State) -> None:
    barred = [opened(1, "s1", 5), opened(2, "s2", 3), said(act, 3)]
    assert (fold(barred).state, fold(barred).rest) == (state, 4)
    life = fold([*barred, said(Act.RETURNED, 4)])
    assert (life.state, life.rest, life.conflicts) == (state, 9, ())
    assert reasons([*barred, opened(4, "s3", 1)]) == [f"pack.sold_{state}"]


def test_units_come_back_into_quarantine_and_the_box_is_released_as_opened() -> None:
    held = [opened(1, "s1", 5), said(Act.QUARANTINED, 2), said(Act.RETURNED, 3)]
    assert (fold(held).state, fold(held).rest) == (State.QUARANTINED, 12)
    life = fold([*held, said(Act.RELEASED, 4)])
    assert (life.state, life.rest) == (State.SPLIT, 12)


def test_units_that_come_back_after_the_box_was_destroyed_change_nothing() -> None:
    life = fold([opened(1, "s1", 5), said(Act.DESTROYED, 2), said(Act.RETURNED, 3)])
    assert (life.state, life.rest, life.conflicts) == (State.DESTROYED, None, ())


def test_a_pack_released_on_its_way_is_still_on_its_way() -> None:
    sent = [said(Act.TRANSFERRED, 1), said(Act.QUARANTINED, 2), said(Act.QUARANTINED, 3, line=2), said(Act.RELEASED, 4)]
    assert state_of(*sent) is State.TRANSFERRED
    assert fold([*sent, said(Act.RECEIVED, 5, institution="P2")]).holder == "P2"


@pytest.mark.parametrize("sale", sorted(SALES))
def test_a_pack_sold_where_it_was_never_received_is_a_conflict(sale: Act) -> None:
    received = said(Act.RECEIVED, 1, document="d1")
    sold = said(sale, 2, institution="P2", units=1, of=12)
    life = fold([received, sold])
    assert [(one.code, one.fact, one.against) for one in life.conflicts] == [
        ("pack.sold_elsewhere", sold.key, received.key)
    ]
    assert life.conflicts[0].words.zh == "未经调拨，在另一机构售出"


@pytest.mark.parametrize("sale", sorted(SALES))
def test_a_transfer_and_a_receipt_that_arrive_late_heal_a_sale_elsewhere(sale: Act) -> None:
    received, sold = said(Act.RECEIVED, 1, document="d1"), said(sale, 9, institution="P2", units=1, of=12)
    sent, arrived = said(Act.TRANSFERRED, 2), said(Act.RECEIVED, 3, institution="P2", document="d2")
    assert reasons([received, sold]) == ["pack.sold_elsewhere"]
    assert reasons([received, sold, sent]) == ["pack.sold_in_transfer"]
    assert reasons([received, sold, arrived]) == ["pack.received_elsewhere", *reasons([said(Act.DISPENSED, 1), sold])]
    life = fold([received, sold, sent, arrived])
    assert (life.holder, life.conflicts) == ("P2", ())


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (said(Act.DISPENSED, 3, institution="P2"), "pack.sold_elsewhere"),
        (said(Act.RECEIVED, 3, institution="P2"), "pack.received_elsewhere"),
        (said(Act.TRANSFERRED, 3, institution="P2"), "pack.sent_elsewhere"),
    ],
)
def test_a_returned_pack_changes_hands_only_by_a_transfer(step: Evidence, code: str) -> None:
    assert reasons([said(Act.DISPENSED, 1), said(Act.RETURNED, 2), step]) == [code]


def test_an_opened_pack_is_sold_on_only_where_it_was_opened() -> None:
    assert reasons([opened(1, "s1", 5), opened(2, "s1", 3, institution="P2")]) == ["pack.sold_elsewhere"]


def test_what_is_said_from_afar_makes_nobody_the_holder() -> None:
    afar = [said(Act.QUARANTINED, 1, institution="centre"), said(Act.RELEASED, 2, institution="centre")]
    life = fold([*afar, said(Act.DISPENSED, 3)])
    assert (life.state, life.holder, life.conflicts) == (State.SOLD, "P1", ())


STEPS = st.builds(
    lambda act, document, line, units: (act, document, line, units),
    st.one_of(
        st.sampled_from([Act.SPLIT_DISPENSED, Act.RETURNED, Act.DISPENSED, Act.RECEIVED]),
        st.sampled_from([act for act in Act if act is not Act.SCANNED]),
    ),
    st.sampled_from(["s1", "s2", "s3"]),
    st.sampled_from([1, 1, 2]),
    st.integers(1, 5),
)


@given(st.lists(STEPS, max_size=10))
def test_nothing_barred_can_be_sold_and_nothing_opened_is_whole_again(steps: list[tuple[Act, str, int, int]]) -> None:
    evidence = [
        said(act, at, document=document, line=line, units=units, of=6)
        for at, (act, document, line, units) in enumerate(steps)
    ]
    life = fold(evidence)
    acts = {key.act for key in life.facts}
    if acts & {Act.RECALLED, Act.EXPIRED}:
        assert life.state not in SELLABLE
        assert life.barred is not None
    assume(not life.conflicts)
    if Act.SPLIT_DISPENSED in acts:
        assert life.state not in SELLABLE | {State.SOLD, State.TRANSFERRED}
        assert life.rest is None if life.state is State.DESTROYED else 0 <= (life.rest or 0) <= 6


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=8))
def test_no_unit_is_lost_between_sales_and_returns(sales: list[tuple[int, bool]]) -> None:
    """What is not with patients is in the box."""
    out, evidence = 0, []
    for at, (units, comes_back) in enumerate(sales):
        evidence.append(said(Act.SPLIT_DISPENSED, at, document=f"s{at}", units=units, of=40))
        if comes_back:
            evidence.append(said(Act.RETURNED, 100 - at, document=f"s{at}"))
        else:
            out += units
    life = fold(evidence)
    assert (life.state, life.rest, life.conflicts) == (State.SPLIT, 40 - out, ())
