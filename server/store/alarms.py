"""Alarms: what a person should look at. The same alarm again is counted, not repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVarTuple

from sqlalchemy import Connection, Row, Select, func, select, tuple_, update

from codes.words import Words
from server.store import bulk
from server.store.tables import alarm

_Cells = TypeVarTuple("_Cells")


class AlarmKey(NamedTuple):
    """What makes two alarms the same."""

    terminal: str
    code: str
    subject: str
    """Epoch, fingerprint, or whatever the alarm is about."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that should not have happened."""

    key: AlarmKey
    words: Words


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    """An alarm as it is kept."""

    n: int
    terminal: str
    code: str
    subject: str
    words: Words
    """As it was said last."""
    first_us: int
    last_us: int
    times: int


def raise_alarms(connection: Connection, alarms: Sequence[Alarm], now_us: int) -> None:
    """Keep alarms; one that is known already is counted up and says what was said last."""
    newest = {one.key: one.words for one in alarms}
    times = Counter(one.key for one in alarms)
    keys = sorted(newest)
    bulk.insert_missing(connection, alarm, [(*key, "", "", now_us, now_us, 0) for key in keys])
    for key in keys:
        same = (alarm.c.terminal == key.terminal, alarm.c.code == key.code, alarm.c.subject == key.subject)
        words = newest[key]
        again = {"times": alarm.c.times + times[key], "zh": words.zh, "en": words.en, "last_us": now_us}
        connection.execute(update(alarm).where(*same).values(again))


def load_alarms(connection: Connection, *, terminal: str | None, after: int, limit: int) -> Sequence[AlarmRecord]:
    """Return alarms with a number above `after`, oldest first."""
    asked = select(alarm).where(alarm.c.n > after).order_by(alarm.c.n).limit(limit)
    return [_record(row) for row in connection.execute(_of(asked, terminal))]


def load_newest_alarms(
    connection: Connection, *, terminal: str | None, before: tuple[int, int] | None, limit: int
) -> Sequence[AlarmRecord]:
    """Return alarms, the one that rang last first, from a place (time of the last ring, number) on."""
    asked = select(alarm).order_by(alarm.c.last_us.desc(), alarm.c.n.desc()).limit(limit)
    if before is not None:
        asked = asked.where(tuple_(alarm.c.last_us, alarm.c.n) < tuple_(*before))
    return [_record(row) for row in connection.execute(_of(asked, terminal))]


def count_alarms(connection: Connection, terminal: str | None) -> int:
    """Return how many alarms there are, of one terminal or of all."""
    return connection.scalar(_of(select(func.count()).select_from(alarm), terminal)) or 0


def _of(asked: Select[*_Cells], terminal: str | None) -> Select[*_Cells]:
    return asked if terminal is None else asked.where(alarm.c.terminal == terminal)


def _record(row: Row[Any]) -> AlarmRecord:
    return AlarmRecord(
        row.n, row.terminal, row.code, row.subject, Words(row.zh, row.en), row.first_us, row.last_us, row.times
    )
