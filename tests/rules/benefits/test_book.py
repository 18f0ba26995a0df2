"""Which version of which book holds for a visit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from rules.benefits import BookError, Line, NoRulesError, UnknownAreaError, load_book, load_books, settle
from rules.benefits.case import YearTotals
from tests.rules.benefits.scene import BASIC, TITLE, line, person, visit


def text(
    begins: str, ends: str = "", *, version: str = "", rate: str = "0.5", area: str = "town", more: str = ""
) -> str:
    to = f"to = {ends}\n" if ends else ""
    head = f"area = '{area}'\nversion = '{version or begins}'\nfrom = {begins}\n{to}{more}\n"
    return head + TITLE + BASIC + f"[[layer.rate]]\nrate = {rate}\n"


TWO = {"a": text("2025-01-01", rate="0.5"), "b": text("2026-01-01", "2026-12-31", rate="0.6")}


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2025, 1, 1), "2025-01-01"),
        (date(2025, 12, 31), "2025-01-01"),
        (date(2026, 1, 1), "2026-01-01"),
        (date(2026, 12, 31), "2026-01-01"),
    ],
)
def test_the_day_decides_which_version_holds(day: date, version: str) -> None:
    assert load_book(TWO).on(day).version == version


@pytest.mark.parametrize("day", [date(2024, 12, 31), date(2027, 1, 1)])
def test_a_day_without_rules_is_refused(day: date) -> None:
    with pytest.raises(NoRulesError) as caught:
        load_book(TWO).on(day)
    assert (caught.value.area, caught.value.day) == ("town", day)
    assert str(day) in caught.value.words.zh


def lines() -> list[Line]:
    return [line(100)]


@pytest.mark.parametrize(
    ("crossing", "rate", "year"),
    [("", "0.6", 2026), ("crossing = 'end'", "0.6", 2026), ("crossing = 'begin'", "0.5", 2025)],
)
def test_a_stay_across_the_turn_of_the_year_follows_its_last_day_or_its_first(
    crossing: str, rate: str, year: int
) -> None:
    book = load_book({"a": text("2025-01-01", rate="0.5"), "b": text("2026-01-01", rate="0.6", more=crossing)})
    stay = visit(begins=date(2025, 12, 20), ends=date(2026, 1, 5))
    settled = settle(book, person(), stay, lines(), YearTotals())
    assert (str(settled.hifp_pay), settled.year) == (f"{float(rate) * 100:.2f}", year)
    assert settled.year == book.year_of(stay) == settled.day.year
    inside = visit(begins=date(2026, 2, 1), ends=date(2026, 2, 5))
    assert book.for_visit(inside).day == date(2026, 2, 5 if crossing != "crossing = 'begin'" else 1)


def test_a_settlement_names_the_version_it_used() -> None:
    settled = settle(load_book(TWO), person(), visit(begins=date(2025, 6, 1)), lines(), YearTotals())
    assert settled.version == "2025-01-01"
    assert {rule.version for rule in settled.rules} == {"2025-01-01"}


@pytest.mark.parametrize(
    ("files", "key", "word"),
    [
        ({}, "", "no rule file"),
        ({"a": text("2026-01-01"), "b": text("2026-01-01", version="2")}, "from", "overlaps the time of a"),
        ({"a": text("2026-01-01", "2026-07-01"), "b": text("2026-07-01")}, "from", "overlaps the time of a"),
        ({"a": text("2025-01-01", version="1"), "b": text("2026-01-01", version="1")}, "version", "is that of a"),
        ({"a": text("2025-01-01"), "b": text("2026-01-01", area="village")}, "area", "differs from town"),
        ({"a": text("2025-01-01"), "b": "area ="}, "", "no valid TOML"),
    ],
)
def test_files_that_make_no_book_are_refused(files: Mapping[str, str], key: str, word: str) -> None:
    with pytest.raises(BookError) as caught:
        load_book(files)
    (fault,) = caught.value.faults
    assert fault.key == key
    assert word in fault.words.en
    assert word in str(caught.value)


def test_an_end_before_the_next_version_leaves_a_gap() -> None:
    book = load_book({"a": text("2025-01-01", "2025-06-30"), "b": text("2026-01-01")})
    with pytest.raises(NoRulesError):
        book.on(date(2025, 7, 1))


def test_the_district_of_insurance_decides_the_book() -> None:
    books = load_books(
        {
            "base": {"a": text("2025-01-01", area="base")},
            "province": {"a": text("2025-01-01", area="province", more="districts = ['35']")},
            "city": {"a": text("2025-01-01", area="city", more="districts = ['3502', '3503']")},
        }
    )
    for district, area in (("350203", "city"), ("350100", "province"), ("440100", "base"), ("", "base")):
        assert books.for_district(district).area == area
    assert books.of("city").area == "city"
    with pytest.raises(UnknownAreaError) as caught:
        books.of("village")
    assert caught.value.area == "village"
    assert "city" in caught.value.words.zh


def test_without_a_base_book_a_district_that_nobody_covers_has_no_rules() -> None:
    books = load_books({"city": {"a": text("2025-01-01", area="city", more="districts = ['3502']")}})
    with pytest.raises(UnknownAreaError):
        books.for_district("440100")


def test_the_faults_of_all_folders_are_told_at_once() -> None:
    with pytest.raises(BookError) as caught:
        load_books({"town": {"town/a": text("x")}, "city": {"city/a": text("2025-01-01")}, "gone": {}})
    assert [(fault.file, fault.key) for fault in caught.value.faults] == [
        ("town/a", ""),
        ("city/a", "area"),
        ("gone", ""),
    ]
