"""What becomes of records in which the books differ."""

from __future__ import annotations

from decimal import Decimal

import pytest

from edge.store.day_ends import COUNTED_TWICE, Difference
from edge.till.reconciling import ONLY_HERE, without_washed

ONLY_THERE = "000103"


def difference(number: str, fee: str, result: str = ONLY_HERE) -> Difference:
    yuan = Decimal(fee)
    return Difference(result, number, "", yuan < 0, "", yuan, "")


@pytest.mark.parametrize(
    ("differences", "stays"),
    [
        ([difference("1", "50.40"), difference("1", "-50.40")], []),
        ([difference("1", "50.40"), difference("2", "-50.40")], [0, 1]),
        ([difference("1", "50.40"), difference("1", "-33.60")], [0, 1]),
        ([difference("1", "50.40"), difference("1", "-50.40", ONLY_THERE)], [0, 1]),
        ([difference("1", "50.40"), difference("1", "-50.40"), difference("1", "-50.40", COUNTED_TWICE)], [2]),
        ([difference("1", "-50.40")], [0]),
        ([difference("1", "50.40"), difference("2", "16.80"), difference("1", "-50.40")], [1]),
    ],
)
def test_a_settlement_that_is_lost_with_its_cancellation_keeps_no_day_open(
    differences: list[Difference], stays: list[int]
) -> None:
    assert without_washed(differences) == [differences[place] for place in stays]
