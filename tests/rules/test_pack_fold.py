"""The life of one pack: steps, conflicts, and independence of arrival."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.pack_fold import fold
from rules.pack_life import SALES, SIZE_UNKNOWN, Act, Evidence, FactKey, Order, PackLife, State
from tests.rules.telling import reasons, said, state_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def test_nothing_said_is_unseen() -> None:
    assert fold([]) == PackLife()


@pytest.mark.parametrize(
    ("acts", "state"),
    [
        ([Act.RECEIVED], State.IN_STOCK),
        ([Act.RECEIVED, Act.DISPENSED], State.SOLD),
        ([Act.DISPENSED], State.SOLD),
        ([Act.DISPENSED, Act.RETURNED], State.RETURNED),
        ([Act.RECEIVED, Act.TRANSFERRED], State.TRANSFERRED),
        ([Act.RECEIVED, Act.QUARANTINED], State.QUARANTINED),
        ([Act.RECEIVED, Act.QUARANTINED, Act.RELEASED], State.IN_STOCK),
        ([Act.RECEIVED, Act.RECALLED], State.RECALLED),
        ([Act.RECEIVED, Act.RECALLED, Act.DESTROYED], State.DESTROYED),
        ([Act.RECEIVED, Act.EXPIRED], State.EXPIRED),
        ([Act.IMPLANTED], State.SOLD),
        ([Act.DISPENSED, Act.RECALLED], State.SOLD),
        ([Act.STOCKTAKEN], State.IN_STOCK),
        ([Act.DISPENSED, Act.STOCKTAKEN], State.SOLD),
    ],
)
def test_a_life_without_contradiction(acts: list[Act], state: State) -> None:
    life = fold(said(act, at) for at, act in enumerate(acts, 1))
    assert life.state is state
    assert life.conflicts == ()
    assert [key.act for key in life.facts] == acts


@pytest.mark.parametrize(
    ("evidence", "code"),
    [
        ([said(Act.DISPENSED, 1), said(Act.DISPENSED, 2, document="s2")], "pack.sold_twice"),
        ([said(Act.DISPENSED, 1), said(Act.DISPENSED, 2, institution="P2")], "pack.sold_twice"),
        ([said(Act.DISPENSED, 1), said(Act.RECEIVED, 2, document="d9")], "pack.received_after_sale"),
        ([said(Act.RECEIVED, 1), said(Act.RECEIVED, 2, institution="P2")], "pack.received_elsewhere"),
        ([said(Act.RECALLED, 1), said(Act.DISPENSED, 2)], "pack.sold_recalled"),
        ([said(Act.DESTROYED, 1), said(Act.DISPENSED, 2)], "pack.sold_destroyed"),
        ([said(Act.RETURNED, 1, document="nowhere")], "pack.returned_unsold"),
        ([said(Act.DISPENSED, 1), said(Act.RETURNED, 2, document="other")], "pack.returned_unsold"),
        ([said(Act.DISPENSED, 1), said(Act.RETURNED, 2), said(Act.RETURNED, 3, line=2)], "pack.returned_twice"),
        ([said(Act.QUARANTINED, 1), said(Act.SPLIT_DISPENSED, 2, units=3, of=12)], "pack.sold_quarantined"),
        ([said(Act.TRANSFERRED, 1), said(Act.IMPLANTED, 2)], "pack.sold_in_transfer"),
        ([said(Act.SPLIT_DISPENSED, 1, units=3, of=12), said(Act.DISPENSED, 2)], "pack.whole_after_split"),
        ([said(Act.DISPENSED, 1), said(Act.SPLIT_DISPENSED, 2, units=3, of=12)], "pack.split_after_sale"),
        ([said(Act.SPLIT_DISPENSED, 1, units=13, of=12)], "pack.split_exceeds"),
        ([said(Act.SPLIT_DISPENSED, 1, units=3)], "pack.split_uncounted"),
        ([said(Act.SPLIT_DISPENSED, 1, of=12)], "pack.split_uncounted"),
        ([said(Act.SPLIT_DISPENSED, 1, units=0, of=12)], "pack.split_uncounted"),
        ([said(Act.RECEIVED, 1), said(Act.RELEASED, 2)], "pack.impossible"),
        (
            [said(Act.SPLIT_DISPENSED, 1, units=8, of=12), said(Act.SPLIT_DISPENSED, 2, document="s2", units=8, of=12)],
            "pack.split_exceeds",
        ),
        (
            [said(Act.SPLIT_DISPENSED, 1, units=8, of=0), said(Act.SPLIT_DISPENSED, 2, document="s2", units=8, of=12)],
            "pack.split_exceeds",
        ),
        ([said(Act.SPLIT_DISPENSED, 1, units=3, of=12), said(Act.RETURNED, 2, units=4)], "pack.returned_more"),
        ([said(Act.SPLIT_DISPENSED, 1, units=3, of=12), said(Act.RETURNED, 2, units=0)], "pack.split_uncounted"),
        ([said(Act.STOCKTAKEN, 1), said(Act.DISPENSED, 2, institution="P2")], "pack.sold_elsewhere"),
    ],
)
def test_a_contradiction_is_named_and_undoes_nothing(evidence: list[Evidence], code: str) -> None:
    life = fold(evidence)
    assert life.state is State.CONFLICT
    assert [conflict.code for conflict in life.conflicts] == [code]
    assert len(life.facts) == len(evidence)


@pytest.mark.req("C-06")
def test_split_packs_count_what_is_left() -> None:
    life = fold(
        [
            said(Act.SPLIT_DISPENSED, 1, units=5, of=12),
            said(Act.SPLIT_DISPENSED, 2, document="s2", units=7, of=12),
        ]
    )
    assert (life.state, life.rest) == (State.SPLIT, 0)


@pytest.mark.req("C-06")
def test_of_an_opened_box_of_unknown_size_units_are_counted_until_somebody_knows_it() -> None:
    first = said(Act.SPLIT_DISPENSED, 1, units=5, of=SIZE_UNKNOWN)
    second = said(Act.SPLIT_DISPENSED, 2, document="s2", units=3, of=SIZE_UNKNOWN)
    assert (fold([first, second]).state, fold([first, second]).rest) == (State.SPLIT, None)
    third = said(Act.SPLIT_DISPENSED, 3, document="s3", units=4, of=12)
    assert (fold([first, second, third]).state, fold([first, second, third]).rest) == (State.SPLIT, 0)


@pytest.mark.req("C-06")
def test_units_come_back_in_parts_and_never_more_than_went_out() -> None:
    sold = said(Act.SPLIT_DISPENSED, 1, units=5, of=12)
    back = [said(Act.RETURNED, at, line=9_000 + at, units=2) for at in (2, 3)]
    assert fold([sold, *back]).rest == 11
    assert reasons([sold, *back, said(Act.RETURNED, 4, line=9_004, units=2)]) == ["pack.returned_more"]
    assert fold([sold, *back, said(Act.RETURNED, 5)]).rest == 12
    assert reasons([sold, said(Act.RETURNED, 2), said(Act.RETURNED, 3, line=9_003, units=1)]) == ["pack.returned_twice"]
    gone = [said(Act.SPLIT_DISPENSED, 1, units=5, of=SIZE_UNKNOWN), said(Act.DESTROYED, 2), said(Act.RETURNED, 3)]
    assert (fold(gone[:1] + gone[2:]).state, fold(gone[:1] + gone[2:]).rest) == (State.SPLIT, None)
    assert (fold(gone).state, reasons(gone)) == (State.DESTROYED, [])


def test_three_pieces_of_evidence_for_one_sale_are_one_sale() -> None:
    life = fold(said(Act.DISPENSED, at, source=source) for at, source in [(5, "event"), (9, "2207"), (7, "3505")])
    assert life.state is State.SOLD
    assert life.facts == (FactKey(Act.DISPENSED, "P1", "s1", 1),)


def test_a_box_scanned_into_two_deliveries_is_one_box_in_stock() -> None:
    received = said(Act.RECEIVED, 1, document="d1")
    scan = said(Act.SCANNED, 2, until=NOON)
    again = said(Act.RECEIVED, 3, document="d2", terminal="t2")
    life = fold([received, scan, again])
    assert (life.state, life.holder, life.conflicts) == (State.IN_STOCK, "P1", ())
    assert (life.settled_by, life.reservation) == (received.key, fold([received, scan]).reservation)
    assert life.facts == (received.key, scan.key, again.key)
    assert state_of(received, again, said(Act.DISPENSED, 4)) is State.SOLD


def test_a_pack_released_from_afar_has_its_holder_by_a_receipt() -> None:
    afar = [said(Act.QUARANTINED, 1, institution="centre"), said(Act.RELEASED, 2, institution="centre")]
    life = fold([*afar, said(Act.RECEIVED, 3), said(Act.RECEIVED, 4, institution="P2")])
    assert (life.holder, [one.code for one in life.conflicts]) == ("P1", ["pack.received_elsewhere"])


def test_a_third_sale_is_a_second_conflict() -> None:
    sales = [said(Act.DISPENSED, at, document=f"s{at}") for at in (1, 2, 3)]
    assert reasons(sales) == ["pack.sold_twice", "pack.sold_twice"]


def test_sold_again_at_the_same_institution_after_a_return() -> None:
    assert state_of(said(Act.DISPENSED, 1), said(Act.RETURNED, 2), said(Act.DISPENSED, 3, document="s2")) is State.SOLD


def test_a_return_follows_its_sale_even_if_its_clock_was_behind() -> None:
    assert state_of(said(Act.DISPENSED, 100), said(Act.RETURNED, 90, terminal="t2")) is State.RETURNED


def test_when_it_was_sold_again_is_told_by_the_terminal_and_not_by_the_clock_of_the_pos() -> None:
    first, back, second = said(Act.DISPENSED, 1), said(Act.RETURNED, 5), said(Act.DISPENSED, 6, document="s2")
    told = said(Act.DISPENSED, 4, document="s2", terminal="", source="3505")
    assert reasons([first, back, told]) == ["pack.sold_twice"]
    life = fold([first, back, told, second])
    assert (life.state, life.conflicts) == (State.SOLD, ())


def test_a_reservation_lasts_until_it_expires_or_the_pack_is_sold() -> None:
    until = NOON + timedelta(minutes=15)
    scan = said(Act.SCANNED, 2, until=until)
    life = fold([said(Act.RECEIVED, 1, document="d1"), scan])
    assert life.state is State.IN_STOCK
    assert life.state_at(NOON) is State.RESERVED
    assert life.state_at(until) is State.IN_STOCK
    assert fold([scan, said(Act.DISPENSED, 3)]).state_at(NOON) is State.SOLD


def test_a_scan_without_expiry_or_of_a_sold_pack_reserves_nothing() -> None:
    assert fold([said(Act.SCANNED, 1)]).reservation is None
    late = said(Act.SCANNED, 2, document="s2", until=NOON)
    assert fold([said(Act.DISPENSED, 1), late]).reservation is None


STARTS: dict[State, list[Act]] = {
    State.UNSEEN: [],
    State.IN_STOCK: [Act.RECEIVED],
    State.SOLD: [Act.DISPENSED],
    State.SPLIT: [Act.SPLIT_DISPENSED],
    State.RETURNED: [Act.DISPENSED, Act.RETURNED],
    State.QUARANTINED: [Act.QUARANTINED],
    State.TRANSFERRED: [Act.TRANSFERRED],
    State.DESTROYED: [Act.DESTROYED],
    State.RECALLED: [Act.RECEIVED, Act.RECALLED],
    State.EXPIRED: [Act.RECEIVED, Act.EXPIRED],
}
"""A way into each state."""

BARS_AND_REMOVALS = {Act.RECALLED, Act.EXPIRED, Act.QUARANTINED, Act.DESTROYED}
POSSIBLE: dict[State, set[Act]] = {
    State.UNSEEN: set(Act) - {Act.SCANNED, Act.RETURNED, Act.RELEASED},
    State.IN_STOCK: BARS_AND_REMOVALS | SALES | {Act.RECEIVED, Act.TRANSFERRED},
    State.SOLD: {Act.RETURNED, Act.RECALLED, Act.EXPIRED},
    State.SPLIT: BARS_AND_REMOVALS | {Act.SPLIT_DISPENSED, Act.RETURNED},
    State.RETURNED: BARS_AND_REMOVALS | {Act.RECEIVED, Act.DISPENSED, Act.SPLIT_DISPENSED, Act.TRANSFERRED},
    State.QUARANTINED: BARS_AND_REMOVALS | {Act.RELEASED},
    State.TRANSFERRED: BARS_AND_REMOVALS | {Act.RECEIVED},
    State.DESTROYED: {Act.RECALLED, Act.EXPIRED},
    State.RECALLED: BARS_AND_REMOVALS | {Act.RECEIVED, Act.TRANSFERRED},
    State.EXPIRED: BARS_AND_REMOVALS | {Act.RECEIVED, Act.TRANSFERRED},
}
"""What can follow without a contradiction, at the same institution."""


@pytest.mark.parametrize("state", STARTS)
@pytest.mark.parametrize("act", [act for act in Act if act is not Act.SCANNED])
def test_every_act_in_every_state_is_possible_or_a_conflict_with_words(state: State, act: Act) -> None:
    before = [said(step, at, units=1, of=3) for at, step in enumerate(STARTS[state], 1)]
    assert state_of(*before) is state
    document = "s1" if act is Act.RETURNED else "later"
    # A line that the sale has, except where it was returned already.
    line = 2 if state is State.RETURNED else 1
    life = fold([*before, said(act, 50, document=document, line=line, units=1, of=2)])

    assert (life.state is State.CONFLICT) is (act not in POSSIBLE[state] | {Act.STOCKTAKEN})
    for conflict in life.conflicts:
        assert conflict.code.startswith("pack.")
        assert conflict.words.en
        assert not any(letter.isascii() and letter.isalpha() for letter in conflict.words.zh)


KINDS = st.one_of(
    st.sampled_from(list(Act)),
    # The acts between which the rules are: a sale, its return, a bar that arrives late, a pack that changes hands.
    st.sampled_from([Act.DISPENSED, Act.SPLIT_DISPENSED, Act.RETURNED, Act.RECEIVED, Act.TRANSFERRED, Act.RECALLED]),
)
EVIDENCE = st.builds(
    said,
    KINDS,
    st.integers(1, 8),
    institution=st.sampled_from(["P1", "P1", "P2"]),
    document=st.sampled_from(["s1", "s2"]),
    line=st.sampled_from([1, 1, 2]),
    terminal=st.sampled_from(["t1", "t2"]),
    units=st.sampled_from([None, 0, 1, 2, 5]),
    of=st.sampled_from([None, 6]),
    until=st.sampled_from([None, NOON, NOON + timedelta(hours=1)]),
)


@pytest.mark.req("T-05")
@given(st.lists(EVIDENCE, max_size=9), st.data())
def test_order_and_repetition_of_arrival_never_matter(evidence: list[Evidence], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(evidence), max_size=6)) if evidence else []
    shuffled = data.draw(st.permutations(evidence + again))
    assert fold(shuffled) == fold(evidence)


@pytest.mark.req("T-05")
@given(st.lists(EVIDENCE, min_size=1, max_size=6), st.data())
def test_more_evidence_of_known_facts_changes_nothing(evidence: list[Evidence], data: st.DataObject) -> None:
    """Later evidence of the same fact confirms it, however the fact is split over messages."""
    echoes = [
        Evidence(f"echo-{index}", piece.key, Order(piece.order.hlc + 1_000, "z", "e9", index))
        for index, piece in enumerate(data.draw(st.lists(st.sampled_from(evidence), max_size=6)))
    ]
    assert fold(evidence + echoes) == fold(evidence)
