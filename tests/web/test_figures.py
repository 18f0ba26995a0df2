"""How values are written on a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from web.figures import age, amount, code_groups, local_time, utc_iso
from web.i18n import load_messages

NOW = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
MESSAGES = load_messages()


def test_long_digits_stand_in_groups_of_four_without_blanks() -> None:
    grouped = str(code_groups("86000110000000000001"))
    assert grouped.count('class="y-four"') == 5
    assert " " not in grouped.replace("<span class", "<span_class")


def test_udi_keeps_its_brackets_and_is_escaped() -> None:
    grouped = str(code_groups("(01)06901234567892(21)<A>1"))
    assert grouped.startswith("<span>(01)</span>")
    assert "&lt;A&gt;" in grouped


@pytest.mark.parametrize(
    ("yuan", "written"),
    [(Decimal(0), "¥0.00"), (Decimal("1234567.5"), "¥1,234,567.50"), (Decimal("9.8"), "¥9.80"), (None, "—")],
)
def test_money_has_two_decimals_or_a_dash(yuan: Decimal | None, written: str) -> None:
    assert amount(yuan) == written


def test_times_are_shown_as_in_china_and_marked_in_utc() -> None:
    assert local_time(NOW) == "2026-11-21 09:30:00"
    assert local_time(NOW, has_seconds=False) == "2026-11-21 09:30"
    assert local_time(None) == "—"
    assert local_time(datetime.max.replace(tzinfo=UTC)) == "9999-12-31 23:59:59"
    assert utc_iso(NOW) == "2026-11-21T01:30:00+00:00"


@pytest.mark.parametrize(
    ("ago", "zh", "en"),
    [
        (timedelta(seconds=-3), "刚刚", "just now"),
        (timedelta(seconds=59), "59 秒前", "59 seconds ago"),
        (timedelta(minutes=1), "1 分钟前", "1 minute ago"),
        (timedelta(hours=23, minutes=59), "23 小时前", "23 hours ago"),
        (timedelta(days=1), "1 天前", "1 day ago"),
    ],
)
def test_age_is_in_words(ago: timedelta, zh: str, en: str) -> None:
    assert age(MESSAGES["zh"], NOW - ago, NOW) == zh
    assert age(MESSAGES["en"], NOW - ago, NOW) == en


def test_age_of_nothing_is_never() -> None:
    assert age(MESSAGES["zh"], None, NOW) == "从未"
