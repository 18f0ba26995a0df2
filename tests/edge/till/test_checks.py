"""Everything that a sale lacks is named at once: what the terminal knows by itself, and what the centre says."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from edge.credentials import Way
from edge.till.asked import Prescription
from edge.till.basket import Ordered, Outside
from edge.till.checks import refused_lacks
from edge.till.errors import TrialMissingError
from edge.till.identifying import Typed
from edge.till.parts import Habits
from edge.till.selling import Wishes
from rules.settling import Standing
from tests.edge.till.stand import CHEN_ID, LI_TYPED, Stand, pack
from tests.server.conftest import NewStore
from tests.server.fsi.entitled import DOCTOR, PHARMACIST, open_entitled
from wire.fsi.asking import Answer

UNMATCHED = "81773220288616423835"
PLAIN_WISHES = Wishes()
RX_LINE = Ordered(Prescription("RX1", DOCTOR, "张医生"))


@pytest.fixture
def strict(standing_store: NewStore, tmp_path: Path) -> Iterator[Stand]:
    """A till at a centre that asks the real entitlements."""
    store = standing_store("sqlite")
    made = Stand(store, tmp_path / "till", centre=open_entitled(store))
    yield made
    made.close()


def lacks(
    stand: Stand, *codes: str, wishes: Wishes = PLAIN_WISHES, typed: Typed = LI_TYPED
) -> list[tuple[str, int | None]]:
    sale = stand.scan(*codes)
    stand.work(stand.till.identify(sale, Way.ID, typed))
    trial = stand.work(stand.till.trial(sale, wishes))
    assert (trial.amounts is None) == bool(trial.lacks)
    assert all(one.words.zh and one.words.en and one.next_step.zh and one.next_step.en for one in trial.lacks)
    return [(one.code, one.line) for one in trial.lacks]


def test_lines_that_are_no_lines_of_a_settlement_are_named_all_at_once(stand: Stand) -> None:
    found = lacks(stand, pack(1, 1), UNMATCHED, pack(4, 1), pack(5, 1), pack(3, 1))
    assert found == [
        ("till.product_unknown", 2),
        ("till.national_missing", 3),
        ("till.national_missing", 4),
        ("till.device_outside", 4),
        ("till.prescription_missing", 5),
        ("till.doctor_missing", 5),
        ("till.pharmacist_missing", None),
    ]


def test_nothing_is_settled_while_something_is_missing(stand: Stand) -> None:
    lacks(stand, pack(3, 1))
    sale = stand.shop.counter.show().id or ""
    with pytest.raises(TrialMissingError):
        stand.settle(sale)
    assert stand.rows(sale) == ()


@pytest.mark.parametrize(
    ("ordered", "pharmacist", "missing"),
    [
        (Ordered(), "", ["till.prescription_missing", "till.doctor_missing", "till.pharmacist_missing"]),
        (Ordered(Prescription("RX1")), "", ["till.doctor_missing", "till.pharmacist_missing"]),
        (RX_LINE, "", ["till.pharmacist_missing"]),
        (RX_LINE, PHARMACIST, []),
    ],
)
def test_prescription_drug_wants_prescription_doctor_and_review(
    strict: Stand, ordered: Ordered, pharmacist: str, missing: list[str]
) -> None:
    strict.called_prescription("D0007")
    wishes = Wishes(pharmacist=pharmacist, lines={1: ordered})
    assert [code for code, _ in lacks(strict, pack(7, 1), wishes=wishes)] == missing
    if not missing:
        assert strict.settle(strict.shop.counter.show().id or "").standing is Standing.SETTLED


def test_drug_sold_by_name_has_a_limit_in_one_sale(stand: Stand) -> None:
    wishes = Wishes(pharmacist="Y1", lines={1: Ordered(Prescription("RX1", "D1"))})
    found = lacks(stand, *(pack(3, number) for number in (1, 2, 3)), wishes=wishes)
    assert found == [("till.over_purchase", 1)]


@pytest.mark.parametrize(
    ("whole", "units", "shown"),
    [(2, {}, ""), (2, {3: 1}, "2.17"), (2, {3: 5, 4: 5}, "3.67"), (1, {2: 3, 3: 3}, ""), (0, {1: 5, 2: 5, 3: 5}, "2.5"),
     (0, {1: 4, 2: 4, 3: 4}, "")],
)  # fmt: skip
def test_units_of_opened_packs_count_with_the_whole_ones_of_a_drug_sold_by_name(
    stand: Stand, whole: int, units: dict[int, int], shown: str
) -> None:
    sale = stand.scan(*(pack(3, number) for number in range(1, whole + 1)), *(pack(3, number) for number in units))
    for number, count in units.items():
        stand.shop.counter.sell_in_part(pack(3, number), count)
    stand.work(stand.till.identify(sale, Way.ID, LI_TYPED))
    orders = {line: Ordered(Prescription("RX1", "D1")) for line in (1, 2, 3)}
    named = stand.work(stand.till.trial(sale, Wishes(pharmacist="Y1", lines=orders))).lacks
    lacks = [one for one in named if one.code == "till.over_purchase"]
    assert len(lacks) == (1 if shown else 0)
    assert all(f"本单合计 {shown} 盒" in one.words.zh and shown in one.words.en for one in lacks)


def test_classes_that_a_shop_keeps_out_are_named(standing_store: NewStore, tmp_path: Path) -> None:
    habits = Habits(outside=Outside(devices=False, classes=frozenset({"自费"})))
    stand = Stand(standing_store("sqlite"), tmp_path / "till", habits=habits)
    assert lacks(stand, pack(5, 1)) == [("till.national_missing", 1), ("till.class_outside", 1)]
    stand.close()


def test_what_the_catalogue_does_not_say_is_asked_of_the_centre_and_named_by_line(strict: Stand) -> None:
    """Nobody here knows that these are a prescription drug and one that is sold by name."""
    found = lacks(strict, pack(7, 1), pack(1, 1), *(pack(6, number) for number in (1, 2, 3)))
    assert found == [
        ("entitlement.prescription_missing", 1),
        ("entitlement.pharmacist_missing", 1),
        ("entitlement.over_purchase", 3),
    ]


def test_single_lack_of_the_centre_is_told_in_both_languages(strict: Stand) -> None:
    sale = strict.scan(*(pack(6, number) for number in (1, 2, 3)))
    strict.work(strict.till.identify(sale, Way.ID, LI_TYPED))
    (lack,) = strict.work(strict.till.trial(sale, Wishes())).lacks
    assert (lack.code, lack.line) == ("entitlement.over_purchase", 1)
    assert lack.words.zh.startswith("第 1 行：实名药")
    assert lack.words.en.startswith("Line 1: Sold by name")


def test_refusal_of_a_platform_that_names_no_code_is_passed_on() -> None:
    answer = Answer("2101", False, "", "该人员待遇冻结", "", "", None, (), b"")
    (lack,) = refused_lacks(answer)
    assert (lack.code, lack.line, lack.words.zh) == ("till.refused", None, "该人员待遇冻结")


@pytest.mark.parametrize("change", ["scan", "remove", "price"])
def test_trial_lasts_until_the_list_changes(stand: Stand, change: str) -> None:
    sale = stand.tried(pack(1, 1), pack(1, 2))
    match change:
        case "scan":
            stand.scan(pack(2, 1))
        case "remove":
            stand.shop.counter.remove(pack(1, 2))
        case _:
            stand.shop.counter.remove(pack(1, 2))
            stand.scan(pack(1, 3))
    with pytest.raises(TrialMissingError):
        stand.settle(sale)
    assert stand.tried_again(sale).standing is Standing.SETTLED


def test_trial_shows_how_the_insurance_sees_each_line(stand: Stand) -> None:
    sale = stand.scan(pack(1, 1), pack(2, 1), pack(2, 2))
    stand.work(stand.till.identify(sale, Way.ID, Typed(CHEN_ID)))
    trial = stand.work(stand.till.trial(sale, Wishes()))
    assert [(one.line, one.amount) for one in trial.lines] == [(1, Decimal("100.00")), (2, Decimal("19.61"))]
    assert all(one.amount == one.outside + one.above_limit + one.paid_first + one.within for one in trial.lines)
    assert trial.amounts is not None
    assert trial.amounts.fee == Decimal("119.61")
