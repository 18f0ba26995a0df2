"""A figure says whether what is promised holds, of its value or of its share of the floor."""

from __future__ import annotations

import pytest

from tests.bench.figure import Target, at_least, at_most, figure, of_floor_at_least, of_floor_at_most


@pytest.mark.parametrize(
    ("target", "value", "text", "is_met"),
    [
        (at_most(20), 20.0, "≤ 20 ms", True),
        (at_most(20), 20.1, "≤ 20 ms", False),
        (at_least(15_000), 15_000, "≥ 15,000 ms", True),
        (at_least(15_000), 14_999, "≥ 15,000 ms", False),
        (of_floor_at_most(1.5), 15.0, "≤ 1.5 × floor", True),
        (of_floor_at_most(1.5), 15.1, "≤ 1.5 × floor", False),
        (of_floor_at_least(0.5), 5.0, "≥ 0.5 × floor", True),
        (of_floor_at_least(0.5), 4.9, "≥ 0.5 × floor", False),
    ],
)
def test_a_promise_is_judged_by_what_was_measured_not_by_what_is_shown(
    target: Target, value: float, text: str, is_met: bool
) -> None:
    one = figure("P-00", "a thing", value, "ms", floor=10.0, target=target)
    assert (one["target"], one["is_met"]) == (text, is_met)


def test_a_share_of_a_floor_that_was_not_measured_is_not_met() -> None:
    assert figure("P-00", "a thing", 1.0, "ms", target=of_floor_at_least(0.5))["is_met"] is False


def test_a_figure_without_a_promise_is_neither_met_nor_missed() -> None:
    one = figure("P-00", "a thing", 1_234.5678, "ms", floor=3.0)
    assert (one["target"], one["is_met"], one["value"], one["ratio"]) == (None, None, 1235, 411.5)
