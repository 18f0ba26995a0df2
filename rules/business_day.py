"""Which day of business a moment belongs to: a night shift's sales after midnight are still of the evening's day.

The centre knows calendar days only. So a day of business is reconciled by the calendar days that it touches.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

_DAY = timedelta(days=1)


def business_day(moment: datetime, begins_h: int, zone: tzinfo) -> date:
    """Return the day of business to which a moment belongs.

    Args:
        moment: Aware.
        begins_h: The hour at which a day of business begins, 0 to 23, by the clock on the wall.
        zone: Of that clock.
    """
    return (moment.astimezone(zone) - timedelta(hours=begins_h)).date()


def bounds(day: date, begins_h: int, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the first moment of a day of business, and the first after it."""
    begin = datetime.combine(day, time(begins_h), zone)
    return begin, begin + _DAY


def calendar_days(first: date, last: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the first moment of the first calendar day, and the first after the last one."""
    return datetime.combine(first, time(), zone), datetime.combine(last, time(), zone) + _DAY


def touched_days(day: date, begins_h: int, now: datetime, zone: tzinfo) -> tuple[date, date]:
    """Return the first and the last calendar day that a day of business touches, none of them after now."""
    last = day + _DAY if begins_h else day
    return day, max(day, min(last, now.astimezone(zone).date()))
