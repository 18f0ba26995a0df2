"""What purchases lack: each rule on, below and above its limit, and properties over random purchases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.words import Words
from rules.entitlements.judging import judge
from rules.entitlements.purchase import Bought, Drug, Earlier, Prescribed, Purchase, days_in_hand
from rules.entitlements.rule_set import DrugRule, DualChannel, Need, Rest, RuleSet, Scope, Unapproved, Which, Window

DAY = date(2026, 3, 10)
TITLE = Words("规则", "Rule")
X, Y = Drug("X", "甲药", is_prescription=True), Drug("Y", "乙药")
ALL = Which(begins=("X", "Y"))


def rules(*drugs: DrugRule, dual: tuple[DualChannel, ...] = ()) -> RuleSet:
    return RuleSet("1", TITLE, "t", date(2020, 1, 1), None, drugs, dual, Rest.ANYWHERE)


def rule(**said: object) -> DrugRule:
    return DrugRule(**({"id": "r", "title": TITLE, "which": ALL, "institutions": frozenset({"pharmacy"})} | said))  # type: ignore[arg-type]


def line(drug: Drug = X, count: str = "1", serial: str = "1", **said: object) -> Bought:
    return Bought(serial, drug, Decimal(count), **said)  # type: ignore[arg-type]


def purchase(*lines: Bought, earlier: tuple[Earlier, ...] = (), **said: object) -> Purchase:
    return Purchase(
        **({"day": DAY, "institution_kind": "pharmacy", "certificate": "", "lines": lines} | said), earlier=earlier
    )  # type: ignore[arg-type]


def had(days_ago: int, count: str = "1", drug: Drug = X, days: str | None = None) -> Earlier:
    return Earlier(drug, DAY - timedelta(days=days_ago), Decimal(count), Decimal(days) if days else None)


def codes(found: RuleSet, bought: Purchase) -> list[tuple[str, str]]:
    return [(lack.serial, lack.code.removeprefix("entitlement.")) for lack in judge(found, bought)]


class TestNeeds:
    """What has to be there."""

    @pytest.mark.parametrize(
        ("need", "bare", "satisfied", "code"),
        [
            (Need.PRESCRIPTION, {}, {"prescribed": Prescribed.ON_PAPER}, "prescription_missing"),
            (Need.PRESCRIPTION, {}, {"prescribed": Prescribed.ELECTRONICALLY}, "prescription_missing"),
            (
                Need.ELECTRONIC,
                {"prescribed": Prescribed.ON_PAPER},
                {"prescribed": Prescribed.ELECTRONICALLY},
                "electronic_missing",
            ),
            (Need.DOCTOR, {}, {"has_doctor": True}, "doctor_missing"),
            (Need.PHARMACIST, {}, {"is_reviewed": True}, "pharmacist_missing"),
            (Need.DAYS, {}, {"days": Decimal(7)}, "days_missing"),
        ],
    )
    def test_of_a_line(self, need: Need, bare: dict[str, object], satisfied: dict[str, object], code: str) -> None:
        asking = rules(rule(needs=(need,)))
        assert codes(asking, purchase(line(**bare))) == [("1", code)]
        assert codes(asking, purchase(line(**satisfied))) == []

    def test_a_certificate_is_one_of_those_that_the_rule_names(self) -> None:
        asking = rules(rule(needs=(Need.CERTIFICATE,), certificates=("02", "99")))
        (lack,) = judge(asking, purchase(line(), certificate="01"))
        assert lack.code == "entitlement.certificate_missing"
        assert "居民身份证或99" in lack.words.zh
        assert codes(asking, purchase(line(), certificate="02")) == []

    def test_what_two_rules_ask_for_is_named_once_in_the_order_of_the_lines(self) -> None:
        asking = rules(rule(needs=(Need.PHARMACIST, Need.PRESCRIPTION)), rule(id="s", needs=(Need.PRESCRIPTION,)))
        bought = purchase(line(Y, serial="b"), line(X, serial="a"))
        one = [("b", "pharmacist_missing"), ("b", "prescription_missing")]
        assert codes(asking, bought) == [*one, ("a", one[0][1]), ("a", one[1][1])]

    def test_elsewhere_and_of_other_drugs_nothing_is_asked(self) -> None:
        asking = rules(rule(needs=(Need.PRESCRIPTION,), which=Which(items=frozenset({"X"}))))
        assert codes(asking, purchase(line(), institution_kind="hospital")) == []
        assert codes(asking, purchase(line(Y))) == []
        everywhere = rules(rule(needs=(Need.PRESCRIPTION,), institutions=frozenset()))
        assert codes(everywhere, purchase(line(), institution_kind="hospital")) == [("1", "prescription_missing")]


class TestWhich:
    """Which drugs a rule is about."""

    @pytest.mark.parametrize(
        ("which", "fits"),
        [
            (Which(items=frozenset({"X"})), (True, False)),
            (Which(begins=("Y",)), (False, True)),
            (Which(holds=("甲",)), (True, False)),
            (Which(items=frozenset({"Y"}), holds=("甲",)), (True, True)),
            (Which(is_prescription=True), (True, False)),
            (Which(is_prescription=False), (False, True)),
            (Which(is_negotiated=True), (False, False)),
            (Which(is_prescription=False, holds=("甲",)), (False, False)),
        ],
    )
    def test_by_code_beginning_name_and_flag(self, which: Which, fits: tuple[bool, bool]) -> None:
        assert (which.fits(X), which.fits(Y)) == fits

    def test_the_first_list_of_dual_channel_drugs_counts(self) -> None:
        lists = tuple(
            DualChannel(name, TITLE, which, Unapproved.REFUSE)
            for name, which in (("x", Which(items=frozenset({"X"}))), ("all", ALL))
        )
        found = rules(dual=lists)
        assert [one.id for drug in (X, Y) if (one := found.dual_channel_of(drug))] == ["x", "all"]
        assert found.dual_channel_of(Drug("Z")) is None


class TestQuantities:
    """How much may be had."""

    def test_at_once_the_line_that_passes_the_limit_is_named(self) -> None:
        asking = rules(rule(at_once=Decimal(2)))
        assert codes(asking, purchase(line(), line(Y, serial="2"))) == []
        assert codes(asking, purchase(line(), line(Y, "1.5", "2"), line(X, "1", "3"))) == [("2", "over_purchase")]

    def test_each_drug_may_be_counted_for_itself(self) -> None:
        asking = rules(rule(at_once=Decimal(2), per=Scope.ITEM))
        assert codes(asking, purchase(line(X, "2"), line(Y, "2", "2"))) == []
        assert codes(asking, purchase(line(X, "2"), line(Y, "3", "2"))) == [("2", "over_purchase")]

    @pytest.mark.parametrize(("days_ago", "is_over"), [(0, True), (6, True), (7, False), (-1, False)])
    def test_the_window_ends_with_the_day_of_the_sale(self, days_ago: int, is_over: bool) -> None:
        asking = rules(rule(windows=(Window(Decimal(3), 7),)))
        found = codes(asking, purchase(line(X, "2"), earlier=(had(days_ago, "2", Y),)))
        assert found == ([("1", "over_window")] if is_over else [])

    def test_limits_of_two_rules_are_two_lacks(self) -> None:
        asking = rules(rule(at_once=Decimal(2)), rule(id="s", at_once=Decimal(3)))
        assert len(judge(asking, purchase(line(X, "4")))) == 2

    @pytest.mark.parametrize(
        ("said", "earlier", "code"),
        [
            ({"most_days": Decimal(30)}, (), "over_days"),
            ({"most_days": Decimal(31)}, (), None),
            ({"most_days_in_hand": Decimal(41), "look_back": 90}, (had(20, days="30"),), None),
            ({"most_days_in_hand": Decimal(40), "look_back": 90}, (had(20, days="30"),), "over_days_in_hand"),
            ({"most_days_in_hand": Decimal(40), "look_back": 19}, (had(20, days="30"),), None),
            ({"most_days_in_hand": Decimal(40), "look_back": 90}, (had(20, days="30", drug=Y),), None),
        ],
    )
    def test_days_of_supply(self, said: dict[str, object], earlier: tuple[Earlier, ...], code: str | None) -> None:
        bought = purchase(line(days=Decimal(16)), line(serial="2", days=Decimal(15)), line(serial="3"), earlier=earlier)
        assert codes(rules(rule(**said)), bought) == ([("2", code)] if code else [])

    def test_where_no_days_are_stated_none_are_counted(self) -> None:
        assert codes(rules(rule(most_days=Decimal(1))), purchase(line())) == []

    def test_how_far_back_sales_must_be_known(self) -> None:
        found = rules(
            rule(windows=(Window(Decimal(1), 7), Window(Decimal(2), 30))),
            rule(id="s", which=Which(items=frozenset({"Y"})), most_days_in_hand=Decimal(9), look_back=90),
        )
        assert [found.remembers("pharmacy", [drug]) for drug in (X, Y)] == [30, 90]
        assert found.remembers("hospital", [X]) == 0


DRUGS = st.sampled_from([X, Y])
COUNTS = st.integers(1, 40).map(lambda n: Decimal(n) / 4)
EARLIER = st.builds(
    Earlier,
    DRUGS,
    st.integers(0, 60).map(lambda n: DAY - timedelta(days=n)),
    COUNTS,
    st.none() | st.integers(1, 40).map(Decimal),
)
LINES = st.lists(st.builds(Bought, st.just(""), DRUGS, COUNTS), min_size=1, max_size=5).map(
    lambda found: tuple(replace(one, serial=str(n)) for n, one in enumerate(found))
)


@given(LINES, st.lists(EARLIER, max_size=6), COUNTS, st.integers(1, 60))
def test_a_window_is_passed_exactly_if_what_was_had_and_what_is_bought_do(
    lines: tuple[Bought, ...], earlier: list[Earlier], limit: Decimal, days: int
) -> None:
    found = judge(rules(rule(windows=(Window(limit, days),))), purchase(*lines, earlier=tuple(earlier)))
    had_before = sum(one.count for one in earlier if (DAY - one.day).days < days)
    assert bool(found) is (had_before + sum(one.count for one in lines) > limit)


@given(LINES, st.lists(EARLIER, max_size=6), COUNTS)
def test_to_buy_less_never_lacks_more(lines: tuple[Bought, ...], earlier: list[Earlier], limit: Decimal) -> None:
    asking = rules(rule(at_once=limit, windows=(Window(limit, 30),), per=Scope.ITEM))
    whole = {lack.code for lack in judge(asking, purchase(*lines, earlier=tuple(earlier)))}
    less = {lack.code for lack in judge(asking, purchase(*lines[:-1], earlier=tuple(earlier)))} if lines[1:] else set()
    assert less <= whole


@given(st.lists(EARLIER, max_size=8))
def test_nobody_has_more_days_in_hand_than_were_bought(earlier: list[Earlier]) -> None:
    bought = sum((one.days for one in earlier if one.days), Decimal(0))
    now, tomorrow = days_in_hand(earlier, DAY), days_in_hand(earlier, DAY + timedelta(days=1))
    assert 0 <= now <= bought
    assert tomorrow == max(now - 1, Decimal(0))


def test_nothing_bought_is_nothing_in_hand() -> None:
    assert days_in_hand([], DAY) == 0
    assert days_in_hand([had(1)], DAY) == 0
