"""Time in the store: whole microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Return an aware time as it is stored."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(stored_us: int) -> datetime:
    """Return the time that is stored as `stored_us`, aware, UTC."""
    return _EPOCH + stored_us * _MICROSECOND


def moment_or_none(stored_us: int | None) -> datetime | None:
    """Return the time, or None where none is stored."""
    return None if stored_us is None else moment(stored_us)
