"""Who a credential belongs to, read from the spellings in the field, and never printed."""

from __future__ import annotations

from datetime import date

import pytest

from drivers.holder import CertType, Holder, Sex, birth_date_of, sex_of


@pytest.mark.parametrize(
    ("text", "sex"),
    [("男", Sex.MALE), (" 女 ", Sex.FEMALE), ("1", Sex.MALE), ("2", Sex.FEMALE), ("", Sex.UNKNOWN), ("?", Sex.UNKNOWN)],
)
def test_sex_is_read_from_the_word_or_the_code(text, sex):
    assert sex_of(text) is sex


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("19700102", date(1970, 1, 2)),
        ("1970.01.02", date(1970, 1, 2)),
        ("1970-01-02", date(1970, 1, 2)),
        ("1970年01月02日", date(1970, 1, 2)),
        ("19701302", None),
        ("197001", None),
        ("", None),
        ("null", None),
    ],
)
def test_a_birth_date_is_read_however_it_is_separated(text, day):
    assert birth_date_of(text) == day


def test_only_the_first_character_of_a_name_is_shown():
    holder = Holder(CertType.VOUCHER, "token", "350203197001011236", "01", "欧阳安")
    assert holder.shown_name == "欧**"
    assert "token" not in repr(holder)
    assert "350203" not in repr(holder)
