"""Dispensing on e-prescriptions, and what approvals cover."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.entitlements.approval import Approved, Claim, lacks_of_claim
from rules.entitlements.prescription import (
    Dispensing,
    OnFile,
    OnFileLine,
    Stage,
    Wanted,
    allot,
    lacks_of_dispensing,
)
from rules.entitlements.purchase import Drug, Earlier
from rules.entitlements.rule_set import Rest

NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
FOUND = OnFile(
    "E1",
    "P1",
    "D1",
    Stage.REVIEWED,
    NOW,
    NOW + timedelta(days=3),
    (OnFileLine(1, "X", Decimal(2)), OnFileLine(2, "Y", Decimal(1))),
)
HERE = Dispensing("P1", "A")
X = Wanted("1", Drug("X"), Decimal(2), NOW, "D1")


def codes(found: OnFile, *wanted: Wanted, where: Dispensing = HERE, rest: Rest = Rest.ANYWHERE) -> list[str]:
    lacks = lacks_of_dispensing(found, wanted, where, rest)
    return [f"{one.serial} {one.code.removeprefix('entitlement.prescription_')}" for one in lacks]


def test_what_fits_lacks_nothing() -> None:
    assert codes(FOUND, X, replace(X, serial="2", drug=Drug("Y"), count=Decimal(1), doctor="")) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"psn_no": "P2"}, "person"),
        ({"doctor": "D2"}, "doctor"),
        ({"stage": Stage.UNISSUED}, "unissued"),
        ({"stage": Stage.ISSUED}, "not_reviewed"),
        ({"stage": Stage.REFUSED}, "refused"),
        ({"stage": Stage.WITHDRAWN}, "withdrawn"),
        ({"stage": Stage.USED}, "used"),
        ({"stage": Stage.USED, "dispensed_at": ("B",)}, "used"),
        ({"issued_at": NOW + timedelta(seconds=1)}, "not_yet"),
        ({"valid_to": NOW}, "expired"),
        ({"lines": ()}, "item"),
        ({"lines": (OnFileLine(1, "X", Decimal(1)),)}, "quantity"),
    ],
)
def test_each_thing_in_the_way_is_named(changed: dict[str, object], code: str) -> None:
    assert codes(replace(FOUND, **changed), X) == [f"1 {code}"]  # type: ignore[arg-type]


def test_everything_is_named_at_once() -> None:
    bad = replace(FOUND, psn_no="P2", stage=Stage.ISSUED, valid_to=NOW, lines=())
    assert codes(bad, X) == ["1 person", "1 not_reviewed", "1 expired", "1 item"]


def test_an_expired_one_does_not_serve_what_is_only_told_as_of_before() -> None:
    ended = replace(FOUND, valid_to=NOW + timedelta(hours=1))
    for by, found in ((NOW + timedelta(minutes=59), []), (ended.valid_to, ["1 expired"]), (None, [])):
        assert codes(ended, replace(X, dispensed_by=by)) == found


def test_lines_of_one_sale_share_what_is_left() -> None:
    assert codes(FOUND, X, replace(X, serial="2")) == ["2 quantity"]


@pytest.mark.parametrize(
    ("rest", "at", "expected"),
    [
        (Rest.ANYWHERE, "B", []),
        (Rest.SAME_PHARMACY, "B", ["1 elsewhere"]),
        (Rest.SAME_PHARMACY, "A", []),
        (Rest.NOWHERE, "A", ["1 elsewhere"]),
    ],
)
def test_where_the_rest_may_be_had(rest: Rest, at: str, expected: list[str]) -> None:
    assert codes(replace(FOUND, dispensed_at=(at,)), X, rest=rest) == expected


QUANTITIES = st.integers(0, 20).map(lambda n: Decimal(n) / 2)


@given(st.lists(st.tuples(st.sampled_from("XY"), QUANTITIES), max_size=6), QUANTITIES)
def test_what_is_allotted_is_what_was_wanted_and_no_line_gives_more_than_it_has(
    lines: list[tuple[str, Decimal]], count: Decimal
) -> None:
    on_file = [OnFileLine(n, item, left) for n, (item, left) in enumerate(lines)]
    shares = allot(on_file, "X", count)
    there = sum(one.left for one in on_file if one.item == "X")
    assert (shares is None) is (count > there)
    for share in shares or ():
        assert on_file[share.n].item == "X"
        assert 0 < share.count <= on_file[share.n].left
    assert shares is None or sum(share.count for share in shares) == count


DAY = date(2026, 3, 10)
GOOD = Approved("D1", "A", DAY, DAY)
CLAIM = Claim("1", Drug("X", "药"), DAY, Decimal(2), "A", True, "D1", True)


def lacking(claim: Claim, *approvals: Approved) -> list[str]:
    return [one.code.removeprefix("entitlement.") for one in lacks_of_claim(claim, approvals)]


@pytest.mark.parametrize(
    ("claim", "approval", "expected"),
    [
        ({}, {}, []),
        ({}, {"ends": None}, []),
        ({"day": DAY + timedelta(days=1)}, {}, ["approval_expired"]),
        ({"day": DAY - timedelta(days=1)}, {}, ["approval_not_yet"]),
        ({}, {"is_withdrawn": True}, ["approval_withdrawn"]),
        ({"is_dual_channel_pharmacy": False}, {}, ["pharmacy_not_dual_channel"]),
        ({"pharmacy": "B"}, {}, ["approval_pharmacy"]),
        ({"pharmacy": "B"}, {"is_withdrawn": True}, ["approval_withdrawn", "approval_pharmacy"]),
        ({"doctor": "D2"}, {}, ["approval_doctor"]),
        ({"doctor": ""}, {}, ["approval_doctor"]),
        ({"doctor": "", "is_prescribed": False}, {}, ["approval_prescription", "approval_doctor"]),
        ({}, {"quantity": Decimal(2)}, []),
        ({}, {"quantity": Decimal("1.5")}, ["approval_quantity"]),
    ],
)
def test_an_approval_covers_what_it_names(
    claim: dict[str, object], approval: dict[str, object], expected: list[str]
) -> None:
    assert lacking(replace(CLAIM, **claim), replace(GOOD, **approval)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(("days_ago", "is_over"), [(0, True), (29, True), (30, False), (-1, False)])
def test_its_quantity_is_counted_within_its_days(days_ago: int, is_over: bool) -> None:
    claim = replace(CLAIM, earlier=(Earlier(Drug("X"), DAY - timedelta(days=days_ago), Decimal(1)),))
    found = lacking(claim, replace(GOOD, quantity=Decimal(2), window_days=30))
    assert found == (["approval_quantity"] if is_over else [])


def test_one_that_fits_is_enough_and_else_the_nearest_is_told() -> None:
    far = replace(GOOD, pharmacy="B", doctor="D2", is_withdrawn=True)
    assert lacking(CLAIM, far, GOOD) == []
    assert lacking(replace(CLAIM, doctor="D3"), far, GOOD) == ["approval_doctor"]
    assert lacking(CLAIM) == ["approval_missing"]
    named = lacks_of_claim(replace(CLAIM, pharmacy="C"), [GOOD, replace(GOOD, pharmacy="B")])
    assert "A、B" in named[0].words.zh
