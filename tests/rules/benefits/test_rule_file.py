"""A rule file that is wrong is refused with file, rule and key; all faults at once."""

from __future__ import annotations

import pytest

from rules.benefits import BookError, BookFault
from rules.benefits.days_late import DaysLate
from rules.benefits.errors import SHOWN
from rules.benefits.rule_file import read_rules
from rules.benefits.stay_facts import Covers, Holds, StayFacts
from tests.rules.benefits.scene import BASIC, HEAD, TITLE

RATE = "[[layer.rate]]\nrate = 0.5\n"
BANDS = "[[layer.rate]]\nbands = "
GOOD = BASIC + RATE
DEDUCTIBLE = GOOD + "[[layer.deductible]]\n"


def faults(text: str) -> list[BookFault]:
    with pytest.raises(BookError) as caught:
        read_rules(text, "town/2026.toml")
    assert all(fault.file == "town/2026.toml" and fault.words.zh and fault.words.en for fault in caught.value.faults)
    return list(caught.value.faults)


def test_a_good_file_is_read() -> None:
    assert read_rules(HEAD + GOOD, "town.toml").layers[0].id == "basic"


def test_how_late_something_may_be_is_read_and_else_is_as_usual() -> None:
    said = read_rules(HEAD + "days_late = { pharmacy = 0, reversal = 1 }\n" + GOOD, "town.toml").days_late
    assert (said.pharmacy, said.reversal, said.inpatient) == (0, 1, DaysLate().inpatient)
    assert read_rules(HEAD + GOOD, "town.toml").days_late == DaysLate()


def test_when_the_facts_of_a_stay_must_hold_is_read_and_else_is_as_usual() -> None:
    said = read_rules(HEAD + "stay_facts = { referral = 'any', insurance = 'begin' }\n" + GOOD, "town.toml").stay_facts
    assert (said.referral, said.record, said.insurance) == (Holds.ANY, StayFacts().record, Covers.BEGIN)
    assert read_rules(HEAD + GOOD, "town.toml").stay_facts == StayFacts()


@pytest.mark.parametrize(
    ("body", "rule", "key"),
    [
        ("stay_facts = { referral = 'middle' }\n" + GOOD, "", "stay_facts.referral"),
        ("stay_facts = { insurance = 'any' }\n" + GOOD, "", "stay_facts.insurance"),
        ("stay_facts = { refferal = 'any' }\n" + GOOD, "", "stay_facts.refferal"),
        ("days_late = { pharmacy = -1 }\n" + GOOD, "", "days_late.pharmacy"),
        ("days_late = { pharmcy = 1 }\n" + GOOD, "", "days_late.pharmcy"),
        # keys that are unknown, missing or of the wrong kind
        ("colour = 1\n" + GOOD, "", "colour"),
        (BASIC + "caps = []\n" + RATE, "basic", "caps"),
        (BASIC + "[[layer.rate]]\nrate = 0.5\nwhen = { levle = ['3'] }\n", "basic", "rate[1].when.levle"),
        (BASIC.replace("hifp_pay", "hifp"), "basic", "fund"),
        (BASIC.replace('fund = "hifp_pay"\n', ""), "basic", "fund"),
        (BASIC.replace('id = "basic"\n', ""), "layer[1]", "id"),
        (BASIC.replace('"basic"', '"a b"'), "a b", "id"),
        (BASIC.replace('"basic"', "7"), "layer[1]", "id"),
        (BASIC.replace('zh = "规则", ', ""), "basic", "title.zh"),
        (BASIC.replace("规则", "则" * 61), "basic", "title.zh"),
        (BASIC.replace("规则", " "), "basic", "title.zh"),
        (BASIC.replace(TITLE, "title = 'x'\n"), "basic", "title"),
        (BASIC, "basic", "rate"),
        (BASIC + "rate = 0.5\n", "basic", "rate"),
        (BASIC + "base = 'left'\n" + RATE, "basic", "base"),
        (BASIC + "laid = 'sideways'\n" + RATE, "basic", "laid"),
        (BASIC + "over = 'month'\n" + RATE, "basic", "over"),
        (BASIC + "when = { level = ['4'] }\n" + RATE, "basic", "when.level"),
        (BASIC + "when = { place = ['abroad'] }\n" + RATE, "basic", "when.place"),
        (BASIC + "when = { referral = ['maybe'] }\n" + RATE, "basic", "when.referral"),
        (BASIC + "when = { institution = ['shop'] }\n" + RATE, "basic", "when.institution"),
        (BASIC + "when = { assistance = ['099'] }\n" + RATE, "basic", "when.assistance"),
        (BASIC + "when = { portion = ['dual'] }\n" + RATE, "basic", "when.portion"),
        (BASIC + "when = { insutype = '310' }\n" + RATE, "basic", "when.insutype"),
        (BASIC + "when = { insutype = [] }\n" + RATE, "basic", "when.insutype"),
        (BASIC + "when = { insutype = [310] }\n" + RATE, "basic", "when.insutype"),
        (BASIC + "when = { civil_servant = 1 }\n" + RATE, "basic", "when.civil_servant"),
        (BASIC + "when = { age_at_least = -1 }\n" + RATE, "basic", "when.age_at_least"),
        (BASIC + "when = { age_at_least = 1.5 }\n" + RATE, "basic", "when.age_at_least"),
        (BASIC + "when = { age_at_least = true }\n" + RATE, "basic", "when.age_at_least"),
        (BASIC + "when = { age_at_least = 60, age_below = 60 }\n" + RATE, "basic", "when.age_below"),
        (BASIC + "when = { stay_at_least = 0 }\n" + RATE, "basic", "when.stay_at_least"),
        (BASIC + "when = 3\n" + RATE, "basic", "when"),
        # numbers
        (BASIC + "[[layer.rate]]\nrate = 1.01\n", "basic", "rate[1].rate"),
        (BASIC + "[[layer.rate]]\nrate = -0.1\n", "basic", "rate[1].rate"),
        (BASIC + "[[layer.rate]]\nrate = nan\n", "basic", "rate[1].rate"),
        (BASIC + "[[layer.rate]]\nrate = true\n", "basic", "rate[1].rate"),
        (BASIC + "[[layer.rate]]\nrate = '0.5'\n", "basic", "rate[1].rate"),
        (GOOD + "per_year_of_age = 0.2\n", "basic", "rate[1].per_year_of_age"),
        (GOOD + "[[layer.cap]]\namount = 1.001\n", "basic", "cap[1].amount"),
        (GOOD + "[[layer.cap]]\namount = -1\n", "basic", "cap[1].amount"),
        (GOOD + "[[layer.cap]]\namount = inf\n", "basic", "cap[1].amount"),
        (GOOD + "[[layer.cap]]\n", "basic", "cap[1].amount"),
        (GOOD + "[[layer.cap]]\namount = 1\nper = 'week'\n", "basic", "cap[1].per"),
        # rates and bands
        (BASIC + "[[layer.rate]]\n", "basic", "rate[1].rate"),
        (BASIC + "[[layer.rate]]\nrate = 0.5\nbands = [{ rate = 0.5 }]\n", "basic", "rate[1].rate"),
        (BASIC + BANDS + "[{ rate = 0.5 }, { rate = 0.6 }]\n", "basic", "rate[1].bands[2]"),
        (BASIC + BANDS + "[{ to = 5, rate = 0.5 }, { from = 4, rate = 0.6 }]\n", "basic", "rate[1].bands[2].from"),
        (BASIC + BANDS + "[{ to = 0, rate = 0.5 }]\n", "basic", "rate[1].bands[1].to"),
        (BASIC + BANDS + "[{ from = 5, to = 5, rate = 0.5 }]\n", "basic", "rate[1].bands[1].to"),
        (BASIC + BANDS + "[{ to = 5 }]\n", "basic", "rate[1].bands[1].rate"),
        # deductibles
        (DEDUCTIBLE, "basic", "deductible[1].amount"),
        (DEDUCTIBLE + "amount = 5\nshare = 0.5\nof = 'wage'\n", "basic", "deductible[1].amount"),
        (DEDUCTIBLE + "share = 0.5\nof = 'wage'\n", "basic", "deductible[1].of"),
        (DEDUCTIBLE + "share = 0.5\n", "basic", "deductible[1].of"),
        (DEDUCTIBLE + "amount = 5\nof = 'wage'\n", "basic", "deductible[1].of"),
        (DEDUCTIBLE + "amount = 5\nper = 'month'\n", "basic", "deductible[1].per"),
        (DEDUCTIBLE + "amount = 5\nper = 'year'\nmost_in_year = 9\n", "basic", "deductible[1].most_in_year"),
        (DEDUCTIBLE + "amount = 5\nstay_factors = [1]\nless_per_stay = 1\n", "basic", "deductible[1].less_per_stay"),
        (DEDUCTIBLE + "amount = 5\nstay_factors = [1, 1.5]\n", "basic", "deductible[1].stay_factors[2]"),
        (DEDUCTIBLE + "amount = 5\nstay_factors = 1\n", "basic", "deductible[1].stay_factors"),
        # diseases
        (GOOD + "[layer.diseases]\nmerge = 'sum'\n", "basic", "diseases.kind"),
        (GOOD + "[layer.diseases]\n[[layer.diseases.kind]]\n" + TITLE, "basic", "diseases.kind[1].codes"),
        (
            GOOD + "[layer.diseases]\nfurther_share = 0.5\n[[layer.diseases.kind]]\ncodes = ['M1']\n" + TITLE,
            "basic",
            "diseases.further_share",
        ),
        (
            GOOD + "[layer.diseases]\n" + 2 * ("[[layer.diseases.kind]]\ncodes = ['M1']\n" + TITLE),
            "basic",
            "diseases.kind",
        ),
        # the other tables
        ("[[layer]]\nid = 'more'\nfund = 'maf_pay'\n" + TITLE + RATE + GOOD, "", "layer"),
        ("[[pays_first]]\nid = 'f'\n" + TITLE + GOOD, "f", "instead"),
        ("[[pays_first]]\nid = 'f'\ninstead = 1\nfurther = 1\n" + TITLE + GOOD, "f", "instead"),
        ("[[pays_first]]\nid = 'f'\ninstead = 1\nlines = { class = ['04'] }\n" + TITLE + GOOD, "f", "lines.class"),
        ("[[portion]]\nid = 'ordinary'\n" + TITLE + GOOD, "ordinary", "id"),
        ("[[portion]]\nid = 'p'\nas = { level = '9' }\n" + TITLE + GOOD, "p", "as.level"),
        ("[[portion]]\nid = 'p'\nas = { med_type = 11 }\n" + TITLE + GOOD, "p", "as.med_type"),
        ("[[package]]\nid = 'p'\n" + TITLE + GOOD, "p", "price"),
        ("[[adjust]]\nid = 'a'\nfunds = ['acct_pay']\n" + TITLE + GOOD, "a", "funds"),
        ("[[adjust]]\nid = 'a'\npoints = 2\n" + TITLE + GOOD, "a", "points"),
        ("[[account]]\nid = 'a'\nown = ['everything']\n" + TITLE + GOOD, "a", "own"),
        ("[[identity]]\ncode = '0 1'\n" + TITLE + GOOD, "0 1", "code"),
        ("[identity]\n" + GOOD, "", "identity"),
        ("[[account]]\nid = 'basic'\n" + TITLE + GOOD, "", "id"),
        ("[amounts]\nwage = -1\n" + GOOD, "", "amounts.wage"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_rule_and_key(body: str, rule: str, key: str) -> None:
    assert (rule, key) in [(fault.rule, fault.key) for fault in faults(HEAD + body)]


@pytest.mark.parametrize(
    ("was", "now", "key"),
    [
        ('area = "town"\n', "", "area"),
        ('version = "1"\n', "", "version"),
        ("from = 2026-01-01\n", "", "from"),
        ("from = 2026-01-01\n", "from = 'today'\n", "from"),
        ("from = 2026-01-01\n", "from = 2026-01-01T00:00:00\n", "from"),
        ("from = 2026-01-01\n", "from = 2026-01-01\nto = 2025-12-31\n", "to"),
        ("from = 2026-01-01\n", "from = 2026-01-01\ncrossing = 'middle'\n", "crossing"),
        ("from = 2026-01-01\n", "from = 2026-01-01\nstays = []\n", "stays"),
    ],
)
def test_a_fault_of_the_head_is_named_by_key(was: str, now: str, key: str) -> None:
    assert [(fault.rule, fault.key) for fault in faults(HEAD.replace(was, now) + GOOD)] == [("", key)]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("points = -0.1", "points"),
        ("rate_factor = 0.9", "rate_factor"),
        ("deductible_factor = 1.1", "deductible_factor"),
        ("cap_factor = 0.9", "cap_factor"),
    ],
)
@pytest.mark.parametrize("when", ["assistance = ['011']", "has_assistance = true"])
def test_an_adjustment_may_not_make_the_poor_pay_more(when: str, change: str, key: str) -> None:
    identity = "[[identity]]\ncode = '011'\n" + TITLE
    adjust = f"[[adjust]]\nid = 'poor'\n{TITLE}when = {{ {when} }}\n{change}\n"
    assert [(fault.rule, fault.key) for fault in faults(HEAD + identity + adjust + GOOD)] == [("poor", key)]
    others = adjust.replace(when, "has_assistance = false")
    assert read_rules(HEAD + identity + others + GOOD, "x").adjustments[0].id == "poor"


MORE = "[[layer]]\nid = 'more'\nfund = 'maf_pay'\n" + TITLE


@pytest.mark.parametrize(
    ("basic", "more", "key"),
    [
        ("", "group = 'basic'\n", "group"),
        ("[[layer.deductible]]\namount = 5\n", "[[layer.deductible]]\namount = 5\npool = 'basic'\n", "deductible.pool"),
        (
            "[[layer.cap]]\namount = 5\ncounts = 'scope'\npool = 'p'\n",
            "[[layer.cap]]\namount = 5\ncounts = 'scope'\npool = 'p'\n",
            "cap.pool",
        ),
        (
            "[[layer.cap]]\namount = 5\ncounts = 'scope'\npool = 'p'\n",
            "[layer.diseases]\ncounts = 'scope'\npool = 'p'\n[[layer.diseases.kind]]\ncodes = ['M1']\n" + TITLE,
            "diseases.pool",
        ),
    ],
)
def test_slots_share_no_account_of_money_but_caps_on_what_is_paid(basic: str, more: str, key: str) -> None:
    (fault,) = faults(HEAD + BASIC + basic + RATE + MORE + more + RATE)
    assert (fault.rule, fault.key) == ("more", key)
    assert "basic" in fault.words.en
    shared = "[[layer.cap]]\namount = 5\npool = 'p'\n"
    assert len(read_rules(HEAD + BASIC + shared + RATE + MORE + shared + RATE, "x").slots) == 2
    same_slot = MORE.replace("'maf_pay'\n", "'maf_pay'\nslot = 'basic'\n")
    assert len(read_rules(HEAD + BASIC + basic + RATE + same_slot + more + RATE, "x").slots) == 1


def test_a_key_that_is_nearly_right_is_pointed_out() -> None:
    (fault,) = faults(HEAD + BASIC + "when = { levle = ['3'] }\n" + RATE)
    assert "level" in fault.words.zh
    assert "level" in fault.words.en


def test_what_is_no_toml_is_refused_with_its_place() -> None:
    (fault,) = faults("area = \n")
    assert "line 1" in fault.words.en


def test_all_faults_are_kept_and_the_words_name_the_first_of_them() -> None:
    caps = "[[layer.cap]]\namount = -1\n" * (SHOWN + 3)
    with pytest.raises(BookError) as caught:
        read_rules(HEAD + GOOD + caps, "town/2026.toml")
    assert len(caught.value.faults) == SHOWN + 3
    assert "另有 3 处" in caught.value.words.zh
    assert "and 3 more" in caught.value.words.en
    assert "town/2026.toml：规则 basic，键 cap[1].amount：" in caught.value.words.zh
    assert "town/2026.toml: rule basic, key cap[1].amount: -1 must be" in caught.value.words.en


def test_long_values_are_cut_in_the_words() -> None:
    (fault,) = faults(HEAD + BASIC.replace("hifp_pay", "x" * 500) + RATE)
    assert len(fault.words.en) < 250
