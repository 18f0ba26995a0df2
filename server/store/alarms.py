"""Alarms: what a person should look at. The same alarm again is counted, not repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVarTuple

from sqlalchemy import Connection, Row, Select, func, select, tuple_, update

from codes.words import Words
from server.store import bulk
from server.store.events import MOST_LIVES
from server.store.tables import alarm

OF_THE_CENTRE = ""
"""Where the name of a terminal stands in an alarm about the centre itself; of those there are few."""
MOST_PER_TERMINAL = 200
"""Different alarms of one terminal: no person reads more, and somebody who makes them up must not fill the store."""
NEVER_CROWDED_OUT = ("batch.", "chain.", "event.", "store.", "wire.")
"""Beginnings of the codes of what was altered, forged or lost: what somebody makes up takes no place of theirs. Nothing
that a terminal says goes into these codes, so that there are few."""
OF_TAMPERING = frozenset(
    {
        "terminal.clock_set_back",
        "terminal.key_changed",
        "terminal.network_pulled",
        "terminal.power_lost",
        "terminal.scanner_swapped",
    }
)
"""Codes that are not crowded out either. They stand here in full: other codes beginning with `terminal.` end in a word
that a terminal has chosen."""
_KEY = (alarm.c.terminal, alarm.c.code, alarm.c.subject)
_Cells = TypeVarTuple("_Cells")


class AlarmKey(NamedTuple):
    """What makes two alarms the same."""

    terminal: str
    code: str
    subject: str
    """The epoch that it is about; empty where it is about none in particular."""


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

    Of one terminal no more than `MOST_PER_TERMINAL` different ones are kept; one alarm says so and what came last.
    Those that are never crowded out have places of their own: of each code as many as a terminal may have lives, and
    one without a subject for the rest.
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
    kept = Counter(map(_place, known))
    within: list[Alarm] = []
    for one in alarms:
        key, place = one.key, _place(one.key)
        if key in known or key.terminal == OF_THE_CENTRE:
            within.append(one)
        elif kept[place] < place.most:
            known.add(key)
            kept[place] += 1
            within.append(one)
        else:
            within.append(_of_the_rest(one) if place.code else _too_many(one))
    return within


class _Place(NamedTuple):
    """What alarms share a bound."""

    terminal: str
    code: str
    """Empty for all that can be crowded out."""

    @property
    def most(self) -> int:
        return MOST_LIVES if self.code else MOST_PER_TERMINAL


def _place(key: AlarmKey) -> _Place:
    has_its_own = key.code.startswith(NEVER_CROWDED_OUT) or key.code in OF_TAMPERING
    return _Place(key.terminal, key.code if has_its_own else "")


def _of_the_rest(one: Alarm) -> Alarm:
    return Alarm(one.key._replace(subject=""), one.words)


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
