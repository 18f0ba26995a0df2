"""Subsidised premiums: the highest amount once, from dated data of one place."""

from __future__ import annotations

from decimal import Decimal
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.payment.subsidy import Subsidies, UnknownIdentityError, kind_key
from rules.payment.subsidy_file import SubsidyFileError, load_subsidies

D = Decimal
TABLE = Subsidies({"特困": D(400), "低保": D(320), "低保边缘": D(200), "监测人口": D(200)})
FILE = """
title = { zh = "某地", en = "A place" }
places = ["Somewhere", "某地"]
first_day = 2024-01-01
last_day = 2025-12-31
premium = 400.50
[[kinds]]
names = ["特困", "孤儿"]
subsidy = "full"
[[kinds]]
names = ["低保"]
subsidy = 320
"""


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("监测对象", "监测人口"),
        ("监测", "监测人口"),
        ("低保户", "低保"),
        ("低保边缘家庭", "低保边缘"),
        ("Orphan ", "orphan"),
    ],
)
def test_spellings_of_one_kind_are_one(written, kind):
    assert kind_key(written) == kind_key(kind)


def test_a_longer_name_is_another_kind():
    assert kind_key("低保边缘") != kind_key("低保")
    assert kind_key("户") == "户"


def test_several_kinds_get_the_highest_amount_once():
    assert TABLE.highest(["监测", "低保户"], D(400)) == 320
    assert TABLE.highest(["特困"], D(380)) == 380
    assert TABLE.highest([], D(380)) == 0


def test_an_unknown_kind_is_named_with_those_that_are_known():
    with pytest.raises(UnknownIdentityError) as refused:
        TABLE.of("优抚")
    assert "优抚" in refused.value.words.zh
    assert "低保边缘" in refused.value.words.en
    assert "无" in UnknownIdentityError("优抚", ()).words.zh


@given(st.lists(st.sampled_from(sorted(TABLE.amounts)), min_size=1), st.decimals(min_value=0, max_value=500, places=2))
def test_nobody_gets_more_than_the_premium_or_less_than_any_kind_of_theirs(kinds, premium):
    gets = TABLE.highest(kinds, premium)

    assert 0 <= gets <= premium
    assert all(gets >= min(TABLE.of(kind), premium) for kind in kinds)


def test_a_file_holds_the_amounts_of_a_place_and_a_time():
    year = load_subsidies(FILE)

    assert year.subsidies.of("孤儿") == year.premium == D("400.50")
    assert year.subsidies.of("低保") == 320
    assert year.covers("somewhere ", D("400.5"), ())
    assert year.covers("某地", D("400.5"), (2019, 2025))
    assert not year.covers("某地", D("400.5"), (2026,))
    assert not year.covers("某地", D(400), ())
    assert not year.covers("elsewhere", D("400.5"), ())


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("premium = 400.50", "premium = true"),
        ("premium = 400.50", "premium = -1"),
        ("premium = 400.50", "premium = nan"),
        ("premium = 400.50", ""),
        ("last_day = 2025-12-31", "last_day = 2023-12-31"),
        ("last_day = 2025-12-31", 'last_day = "2025"'),
        ("last_day = 2025-12-31", "last_day = 2025-12-31T00:00:00"),
        ('places = ["Somewhere", "某地"]', "places = []"),
        ('places = ["Somewhere", "某地"]', "places = [1]"),
        ('title = { zh = "某地", en = "A place" }', 'title = { zh = "某地" }'),
        ('title = { zh = "某地", en = "A place" }', 'title = "某地"'),
        ("subsidy = 320", "subsidy = 401"),
        ("subsidy = 320", "subsidy = 320\nrate = 0.5"),
        ('names = ["低保"]', 'names = ["孤儿人员"]'),
        ("premium = 400.50", "premium = 400.50\nextra = 1"),
        ("premium = 400.50", "premium = = 1"),
    ],
)
def test_a_file_that_is_wrong_is_refused_naming_what(said, instead):
    assert said in FILE
    with pytest.raises(SubsidyFileError) as refused:
        load_subsidies(FILE.replace(said, instead))
    assert refused.value.words.zh
    assert refused.value.words.en


def test_a_kind_that_is_no_table_is_refused():
    with pytest.raises(SubsidyFileError):
        load_subsidies(FILE.partition("[[kinds]]")[0] + "kinds = [1]")


def test_the_files_that_we_ship_can_be_used():
    folder = files("config") / "subsidies"
    years = [load_subsidies(one.read_text(encoding="utf-8")) for one in folder.iterdir()]

    assert any(year.covers("Huaibei", D(380), (2024,)) for year in years)
