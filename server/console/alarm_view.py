"""The centre's alarms as the console shows them: those that rang last come first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from codes.words import Words
from server.store.alarms import AlarmRecord, load_alarms
from server.store.database import Store
from server.store.times import moment

MOST: Final = 5_000
"""Alarms that are read; the same alarm again is one record, so there are few."""


@dataclass(frozen=True, slots=True)
class AlarmShown:
    """One alarm."""

    terminal: str
    """Empty if it is about no terminal."""
    code: str
    subject: str
    words: Words
    first_at: datetime
    last_at: datetime
    times: int


def newest_alarms(store: Store, terminal: str | None) -> Sequence[AlarmShown]:
    """Return the alarms, of one terminal or of all, the one that rang last first."""
    with store.reading() as connection:
        found = load_alarms(connection, terminal=terminal, after=0, limit=MOST)
    return sorted((_shown(one) for one in found), key=lambda one: one.last_at, reverse=True)


def _shown(one: AlarmRecord) -> AlarmShown:
    return AlarmShown(
        one.terminal, one.code, one.subject, one.words, moment(one.first_us), moment(one.last_us), one.times
    )
