"""What a storm claims: nothing lost, all back in time, and that a counter hardly notices."""

from __future__ import annotations

from typing import Any

import pytest

from tests.storm.__main__ import failures

pytestmark = pytest.mark.req("T-14")


def played(*, live: float = 0.2, scans: int = 150, **other: float) -> dict[str, Any]:
    return {
        "cause": "network",
        "live_in_storm": {"p95": live, "count": scans},
        "lost": 0,
        "doubled": 0,
        "strange": 0,
        "refused": 0,
        "all_connected": 30.0,
    } | other


@pytest.mark.parametrize(
    ("figures", "claims"),
    [
        (played(live=10.0), []),
        (played(live=10.1), ["live p95 at most 10 s"]),
        (played(live=0.0, scans=0), ["at least 50 live scans"]),
        (played(lost=1), ["nothing lost"]),
        (played(doubled=1, strange=1, refused=1), ["nothing doubled", "nothing strange", "nothing refused"]),
        (played(all_connected=60.1), ["all connected within 60 s"]),
    ],
)
def test_what_does_not_hold_is_named(figures: dict[str, Any], claims: list[str]) -> None:
    assert failures(figures) == [f"network: {claim}" for claim in claims]
