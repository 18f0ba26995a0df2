from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.business_day import bounds, business_day, calendar_days, touched_days

XIAMEN = timezone(timedelta(hours=8))
MONDAY = date(2026, 3, 9)


@pytest.mark.parametrize(
    ("hour", "begins_h", "day"),
    [(0, 0, 10), (23, 0, 10), (0, 4, 9), (3, 4, 9), (4, 4, 10), (23, 23, 10), (22, 23, 9)],
)
def test_sales_after_midnight_are_of_the_evening_until_the_hour_comes(hour: int, begins_h: int, day: int) -> None:
    moment = datetime(2026, 3, 10, hour, 30 if hour != begins_h else 0, tzinfo=XIAMEN)
    assert business_day(moment, begins_h, XIAMEN) == date(2026, 3, day)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 23))
def test_each_moment_is_within_its_own_day_and_no_other(moment: datetime, begins_h: int) -> None:
    if not datetime(2, 1, 1, tzinfo=UTC) < moment < datetime(9998, 1, 1, tzinfo=UTC):
        return
    begin, end = bounds(business_day(moment, begins_h, XIAMEN), begins_h, XIAMEN)
    assert begin <= moment < end


@pytest.mark.parametrize(
    ("begins_h", "now", "last"),
    [
        (0, datetime(2026, 3, 9, 22, tzinfo=XIAMEN), 9),
        (0, datetime(2026, 3, 12, 9, tzinfo=XIAMEN), 9),
        (4, datetime(2026, 3, 9, 23, tzinfo=XIAMEN), 9),
        (4, datetime(2026, 3, 10, 2, tzinfo=XIAMEN), 10),
        (4, datetime(2026, 3, 15, 2, tzinfo=XIAMEN), 10),
    ],
)
def test_a_day_touches_the_calendar_days_that_have_begun(begins_h: int, now: datetime, last: int) -> None:
    assert touched_days(MONDAY, begins_h, now, XIAMEN) == (MONDAY, date(2026, 3, last))


def test_calendar_days_are_whole() -> None:
    begin, end = calendar_days(MONDAY, MONDAY + timedelta(days=1), XIAMEN)
    assert (begin.isoformat(), end.isoformat()) == ("2026-03-09T00:00:00+08:00", "2026-03-11T00:00:00+08:00")
