"""Steps of which the hospital's system is not told for long are a trouble."""

from __future__ import annotations

from datetime import timedelta

import pytest

from edge.health import VisitsStatus
from edge.visits.troubles import visit_troubles
from tests.edge.scene import NOON


@pytest.mark.parametrize(
    ("status", "codes"),
    [
        (VisitsStatus(), []),
        (VisitsStatus(3, NOON - timedelta(minutes=10)), []),
        (VisitsStatus(3, NOON - timedelta(minutes=12, seconds=30)), ["visit_step.not_told"]),
    ],
)
def test_waiting_longer_than_ten_minutes_needs_a_person(status: VisitsStatus, codes: list[str]) -> None:
    found = list(visit_troubles(status, NOON))
    assert [one.code for one in found] == codes
    assert all("3" in one.words.zh and "12 minutes" in one.words.en and one.is_alarm for one in found)
