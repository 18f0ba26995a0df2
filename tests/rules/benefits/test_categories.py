"""What is stated pays no better by itself: only a registration or an approval opens a better rule."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from rules.benefits import BookError, StepKind, YearTotals, settle
from rules.benefits.book import Book
from rules.benefits.rule_set import RuleSet
from rules.benefits.shipped import shipped_books
from tests.identities.random_cases import random_cart, random_person, random_visit
from tests.rules.benefits.scene import BASIC, TITLE, book, line, pay, person, told, visit
from tests.rules.benefits.scene import HEAD as BARE

BOOKS = shipped_books()
VERSIONS = sorted((f"{area} {rules.version}", rules) for area, one in BOOKS.by_area.items() for rules in one.versions)
SHOP = visit(med_type="41", level="pharmacy", institution_kind="pharmacy")
CASES = 60
HEAD = BARE + 'stays = ["21"]\n'


@pytest.mark.parametrize("rules", [one for _, one in VERSIONS], ids=[name for name, _ in VERSIONS])
class TestShippedBooks:
    """What every shipped version keeps."""

    @pytest.mark.parametrize(("kind", "plain"), [("pharmacy", "41"), ("outpatient", "11")])
    def test_stating_another_category_never_pays_more_without_registration_or_approval(
        self, rules: RuleSet, kind: str, plain: str
    ) -> None:
        only, rng = Book(rules.area, (rules,)), random.Random(f"{rules.area} {rules.version} {kind}")
        stated = rules.stated.pharmacy if kind == "pharmacy" else rules.stated.outpatient
        assert plain in stated
        for _ in range(CASES):
            who = replace(random_person(rng), diseases=frozenset(), insured_district=rng.choice(("350203", "993501")))
            cart = random_cart(rng)
            where = replace(
                random_visit(rng, cart, 0),
                begins=rules.begins,
                ends=None,
                is_continued=False,
                med_type=plain,
                disease=rng.choice((None, "M03900", "M01600", "M00500")),
                dual_channel=frozenset(),
            )
            if kind == "pharmacy":
                where = replace(where, level="pharmacy", institution_kind="pharmacy")
            else:
                where = replace(where, institution_kind="hospital")
            usual = settle(only, who, where, cart, YearTotals())
            for other in sorted(stated - {plain}):
                said = settle(only, who, replace(where, med_type=other), cart, YearTotals())
                assert said.fund_pay_sumamt <= usual.fund_pay_sumamt, (other, who, where, cart)

    def test_a_layer_for_special_drugs_is_reached_by_approval_alone(self, rules: RuleSet) -> None:
        only = Book(rules.area, (rules,))
        for insutype in ("310", "390"):
            for where in (SHOP, visit(level="3")):
                stated = replace(where, med_type="15", begins=rules.begins)
                assert pay(only, 10_000, person(insutype=insutype), stated).fund_pay_sumamt == 0

    def test_every_stay_is_paid_for_all_who_are_insured(self, rules: RuleSet) -> None:
        only = Book(rules.area, (rules,))
        assert rules.stays == {"21", "22", "23", "24", "52"}
        for insutype in sorted(rules.insutypes):
            for stay in sorted(rules.stays):
                settled = pay(only, 50_000, person(insutype=insutype), visit(med_type=stay, begins=rules.begins))
                assert settled.fund_pay_sumamt > 0, stay
                assert settled.increments["stays"] == 1


def test_a_category_by_disease_counts_as_an_ordinary_one_for_whoever_is_not_registered() -> None:
    base = BOOKS.of("base")
    servant = person(is_civil_servant=True)
    stated = replace(SHOP, med_type="14", disease="M03900")
    unregistered = pay(base, 2000, servant, stated)
    assert unregistered.fund_pay_sumamt == pay(base, 2000, servant, SHOP).fund_pay_sumamt == Decimal("1105.00")
    assert told(unregistered, StepKind.CASE)[0]["counts_as"] == "41"
    assert "门诊慢特病（14）（病种未登记，按 定点药店购药（41） 计）" in unregistered.steps[0].sentence
    registered = pay(base, 2000, person(is_civil_servant=True, diseases=frozenset({"M03900"})), stated)
    assert [one.rule for one in registered.payments] == ["310-chronic", "civil-servants"]
    assert "counts_as" not in told(registered, StepKind.CASE)[0]


def test_a_book_that_does_not_say_so_leaves_categories_as_they_are_stated() -> None:
    layer = BASIC + 'when = { med_type = ["14", "21"] }\n[[layer.rate]]\nrate = 0.5\n'
    assert pay(book(layer), 100, where=visit(med_type="14")).hifp_pay == 50
    mapped = 'stated = { unregistered = { outpatient = "11" } }\n'
    assert pay(book(layer, HEAD + mapped), 100, where=visit(med_type="14")).hifp_pay == 0
    assert pay(book(layer, HEAD + mapped), 100, where=visit(med_type="21")).hifp_pay == 50


@pytest.mark.parametrize(
    ("head", "layers", "key"),
    [
        ('stays = ["21", "23"]', 'when = { med_type = ["21"] }', "stays"),
        ('stays = ["21"]', 'when = { med_type = ["11"] }', "stays"),
        ('stays = ["21"]\nstated = { pharmacy = ["41", "21"] }', "", "stated.pharmacy"),
        ('stays = ["21"]\nstated = { outpatient = ["21"] }', "", "stated.outpatient"),
        ('stays = ["21"]\nstated = { unregistered = { pharmacy = "14" } }', "", "stated.unregistered.pharmacy"),
        ('stays = ["21"]\nstated = { unregistered = { hospital = "11" } }', "", "stated.unregistered.hospital"),
        ('stays = ["21"]\nplausible = { line = -1 }', "", "plausible.line"),
    ],
)
def test_a_book_that_contradicts_itself_is_refused(head: str, layers: str, key: str) -> None:
    with pytest.raises(BookError) as refused:
        book(f"{BASIC}{layers}\n[[layer.rate]]\nrate = 0.5\n", HEAD.replace('stays = ["21"]', head))
    assert [fault.key for fault in refused.value.faults] == [key]


def test_each_kind_of_insurance_of_a_book_has_a_layer_for_each_stay() -> None:
    layer = '[[layer]]\nid = "{0}"\nfund = "hifp_pay"\n' + TITLE
    layer += 'when = {{ insutype = ["{0}"], med_type = {1} }}\n[[layer.rate]]\nrate = 0.5\n'
    text = layer.replace('{ zh = "规则", en = "Rule" }', '{{ zh = "规则", en = "Rule" }}')
    whole = text.format("310", '["21"]') + text.format("390", '["11"]')
    with pytest.raises(BookError) as refused:
        book(whole, HEAD)
    assert [(one.key, "390" in one.words.zh) for one in refused.value.faults] == [("stays", True)]
    assert settle(
        book(whole.replace('["11"]', '["11", "21"]'), HEAD),
        person(insutype="390"),
        visit(),
        [line(100)],
        YearTotals(),
    ).hifp_pay == Decimal(50)
