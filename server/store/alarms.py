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

OF_THE_CENTRE = ""
"""Where the name of a terminal stands in an alarm about the centre itself; of those there are few."""
MOST_PER_TERMINAL = 200
"""Different alarms of one terminal: no person reads more, and somebody who makes them up must not fill the store."""
NEVER_CROWDED_OUT = ("batch.", "chain.", "event.", "store.")
"""Of what was altered, forged or lost, each alarm is kept. Their subjects are lives, of which a terminal has no more
than `MOST_LIVES`; nothing that a terminal says goes into their codes."""
_KEY = (alarm.c.terminal, alarm.c.code, alarm.c.subject)
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
    """Keep alarms; one that is known already is counted up and says what was said last.

    Of one terminal no more than `MOST_PER_TERMINAL` different ones are kept, those of its records apart: one alarm says
    so and what came last.
    """
    alarms = _within_bounds(connection, alarms)
    newest = {one.key: one.words for one in alarms}
    times = Counter(one.key for one in alarms)
    keys = sorted(newest)
    bulk.insert_missing(connection, alarm, [(*key, "", "", now_us, now_us, 0) for key in keys])
    for key in keys:
        same = (alarm.c.terminal == key.terminal, alarm.c.code == key.code, alarm.c.subject == key.subject)
        words = newest[key]
        again = {"times": alarm.c.times + times[key], "zh": words.zh, "en": words.en, "last_us": now_us}
        connection.execute(update(alarm).where(*same).values(again))


def _within_bounds(connection: Connection, alarms: Sequence[Alarm]) -> Sequence[Alarm]:
    """Return the alarms with those of a terminal that has too many put together into one."""
    terminals = {one.key.terminal for one in alarms} - {OF_THE_CENTRE}
    known = {AlarmKey._make(row) for row in bulk.fetch(connection, _KEY, alarm.c.terminal, terminals)}
    kept = Counter(key.terminal for key in known if _is_bounded(key))
    within: list[Alarm] = []
    for one in alarms:
        key = one.key
        if key not in known and _is_bounded(key):
            if kept[key.terminal] >= MOST_PER_TERMINAL:
                within.append(_too_many(one))
                continue
            known.add(key)
            kept[key.terminal] += 1
        within.append(one)
    return within


def _is_bounded(key: AlarmKey) -> bool:
    return key.terminal != OF_THE_CENTRE and not key.code.startswith(NEVER_CROWDED_OUT)


def _too_many(one: Alarm) -> Alarm:
    zh = f"该终端的报警已达 {MOST_PER_TERMINAL} 种，其余不再分列；最近一条 {one.key.code}：{one.words.zh}"
    en = f"{MOST_PER_TERMINAL} different alarms of this terminal are kept; the last of the rest, {one.key.code}: "
    return Alarm(AlarmKey(one.key.terminal, "alarms.too_many", ""), Words(zh, en + one.words.en))


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
