"""The decision table of returns: every cell, every boundary, every refusal with a name of its own."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from rules.decision import first_fit
from rules.return_judgement import (
    TABLE,
    WORDS,
    PackThere,
    ReturnFacts,
    ReturnVerdict,
    SaleThere,
    is_expired,
    is_in_time,
    judge_return,
    return_table,
)

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
EITHER = (False, True)


def told(facts: ReturnFacts) -> ReturnVerdict:
    """Return what shall happen, as one would tell it to a new colleague."""
    if facts.sale is not SaleThere.CLOSED:
        return {
            SaleThere.UNKNOWN: ReturnVerdict.SALE_UNKNOWN,
            SaleThere.AT_SITE: ReturnVerdict.SOLD_AT_SITE,
        }.get(facts.sale, ReturnVerdict.SALE_NOT_CLOSED)
    if facts.pack is not PackThere.SOLD:
        return ReturnVerdict.RETURNED_BEFORE if facts.pack is PackThere.RETURNED else ReturnVerdict.PACK_NOT_SOLD
    if facts.recalled:
        return ReturnVerdict.RECALLED
    if facts.expired:
        return ReturnVerdict.EXPIRED
    return ReturnVerdict.ALLOWED if facts.in_time else ReturnVerdict.TOO_LATE


@pytest.mark.req("T-24")
def test_every_cell_is_as_told_and_every_row_decides_some() -> None:
    decided: Counter[str] = Counter()
    for values in itertools.product(SaleThere, PackThere, EITHER, EITHER, EITHER):
        facts = ReturnFacts(*values)
        decided[first_fit(TABLE, facts).name] += 1
        assert judge_return(facts) is told(facts), facts
    assert set(decided) == {row.name for row in TABLE}
    assert sum(decided.values()) == 5 * 3 * 2 * 2 * 2
    assert decided["all is well"] == 1


@pytest.mark.req("T-24")
def test_every_refusal_says_why() -> None:
    assert set(WORDS) == set(ReturnVerdict) - {ReturnVerdict.ALLOWED}
    assert len({words.zh for words in WORDS.values()}) == len(WORDS)


@pytest.mark.req("T-24")
def test_the_limit_holds_to_the_last_moment() -> None:
    sold = NOON - timedelta(days=10)
    assert is_in_time(sold, NOON, 10)
    assert not is_in_time(sold - timedelta(microseconds=1), NOON, 10)
    assert is_in_time(NOON + timedelta(days=1), NOON, 10)
    assert is_in_time(NOON - timedelta(days=4_000), NOON, 0)


@pytest.mark.req("T-24")
def test_a_pack_is_good_through_its_last_day() -> None:
    today = date(2026, 11, 21)
    assert [is_expired(day, today) for day in (None, "2026-11-22", "2026-11-21", "2026-11-20")] == [
        False,
        False,
        False,
        True,
    ]


def test_the_manual_holds_the_table_as_it_is() -> None:
    assert return_table() in (Path(__file__).parents[2] / "docs" / "counter.md").read_text(encoding="utf-8")
