"""Check characters against published values."""

from __future__ import annotations

import pytest

from codes.check import (
    HIBC_CHARACTERS,
    has_gmn_pair,
    has_luhn,
    has_mod10,
    is_digits,
    mod11_2_character,
    mod43_character,
)


@pytest.mark.parametrize(
    "code", ["6924561884074", "86900483000019", "036000291452", "96385074", "106141412345678908", "0000000000000"]
)
def test_mod10_accepts_published_codes_and_no_changed_digit(code):
    assert has_mod10(code)
    for place, digit in enumerate(code):
        changed = code[:place] + str((int(digit) + 1) % 10) + code[place + 1 :]
        assert not has_mod10(changed)


@pytest.mark.parametrize("code", ["83857930000879766660", "83003850000000131888", "81773220288616423835"])
def test_published_trace_codes_fail_mod10_which_is_why_nothing_asks_for_it(code):
    assert not has_mod10(code)


@pytest.mark.parametrize(
    ("body", "character"),
    [
        ("+E20831269/$$8020423286539", "+"),
        ("+E20831339/$$8020223283831", "T"),
        ("+A123BJC5D6E71", "G"),
        ("+A99912345/$$52001510X3/16D20111212/S77DE1G45", "-"),
    ],
)
def test_mod43_of_published_labels(body, character):
    assert mod43_character(body) == character


def test_mod43_can_be_a_space():
    assert len(HIBC_CHARACTERS) == 43
    assert mod43_character("+A123BJC5D6E71" + HIBC_CHARACTERS[(38 - 16) % 43]) == " "


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_mod11_2_of_published_identity_numbers(number):
    assert mod11_2_character(number[:17]) == number[17]


def test_model_number_pair():
    assert has_gmn_pair("1987654Ad4X4bL5ttr2310c2K")
    assert not has_gmn_pair("1987654Ad4X4bL5ttr2310c2L")


def test_luhn():
    assert has_luhn("79927398713")
    assert not has_luhn("79927398710")


@pytest.mark.parametrize("text", ["", "１２", "²", "٣", "1 2", "-1"])
def test_only_ascii_digits_are_digits(text):
    assert not is_digits(text)
