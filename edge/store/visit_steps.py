"""Rows of the steps of visits: each once, and whether the hospital's system has been told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql
from rules.visit_flow import Done, VisitStep

_COLUMNS = "id, visit, step, item, by, person, at, operator, telling, holder, tries, answer"
PUT_STEP = """
INSERT INTO visit_step (id, visit, step, item, by, person, at, operator, telling, holder, due_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SELECT_OF_VISIT = f"SELECT {_COLUMNS} FROM visit_step WHERE visit = ? ORDER BY at, id"  # noqa: S608 - ours
# Of each visit only the first that is due: the hospital's system hears of the steps in their order.
SELECT_DUE = f"""
SELECT {_COLUMNS} FROM visit_step AS s WHERE telling = 'due' AND due_at <= ?
  AND NOT EXISTS (SELECT 1 FROM visit_step AS b WHERE b.visit = s.visit AND b.telling = 'due' AND b.at < s.at)
ORDER BY at LIMIT ?
"""  # noqa: S608 - ours
COUNT_DUE = "SELECT count(*), min(at) FROM visit_step WHERE telling = 'due'"
CLOSE = "UPDATE visit_step SET telling = ?, holder = NULL, answer = ? WHERE id = ? AND telling = 'due'"
PUT_OFF = "UPDATE visit_step SET tries = tries + 1, due_at = ?, answer = ? WHERE id = ? AND telling = 'due'"
PUT_AWAY = "DELETE FROM visit_step WHERE at < ? AND telling <> 'due'"


class Telling(StrEnum):
    """Whether the hospital's system knows of a step."""

    DUE = "due"
    TOLD = "told"
    REFUSED = "refused"
    """It said no: the step is as if it had not been done, and may be done again."""
    NONE = "none"
    """There is nobody to tell."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of a visit."""

    id: str
    visit: str
    step: VisitStep
    item: str
    by: str
    """voucher, face, card or id."""
    person: str
    """Digest: equal for one person at this terminal, and nothing else can be told from it."""
    at: datetime
    operator: str
    telling: Telling
    holder: bytes | None
    """Sealed; None once the hospital's system was told."""
    tries: int = 0
    answer: str | None = None
    """Why it is not told yet, or was refused."""

    @property
    def done(self) -> Done:
        """The step as the rules see it."""
        return Done(self.step, self.item)


def put_step(tx: Connection, row: StepRow, *, due_at: datetime) -> None:
    """Keep a step, of which the hospital's system is to be told from `due_at` on."""
    sql.change(
        tx,
        PUT_STEP,
        (
            row.id, row.visit, row.step, row.item, row.by, row.person, to_us(row.at), row.operator, row.telling,
            row.holder, to_us(due_at),
        ),
    )  # fmt: skip


def steps_of(tx: Connection, visit: str) -> list[StepRow]:
    """Return the steps of a visit in their order, those that were refused too."""
    return [_row(row) for row in sql.rows(tx, SELECT_OF_VISIT, (visit,))]


def due_steps(tx: Connection, now: datetime, most: int) -> list[StepRow]:
    """Return steps of which the hospital's system is to be told now, of each visit the first."""
    return [_row(row) for row in sql.rows(tx, SELECT_DUE, (to_us(now), most))]


def count_due(tx: Connection) -> tuple[int, datetime | None]:
    """Return how many steps are to be told, and since when the oldest waits."""
    count, oldest = sql.one(tx, COUNT_DUE)
    return count, None if oldest is None else from_us(oldest)


def close_step(tx: Connection, step: str, telling: Telling, answer: str | None) -> bool:
    """Note how the telling ended; tell whether it was open. The holder is erased."""
    return sql.change(tx, CLOSE, (telling, answer, step)) == 1


def put_off_step(tx: Connection, step: str, until: datetime, why: str) -> None:
    """Note that the hospital's system was not reached, and when it is tried again."""
    sql.change(tx, PUT_OFF, (to_us(until), why, step))


def put_steps_away(tx: Connection, before: datetime) -> int:
    """Delete old steps that are told; return how many."""
    return sql.change(tx, PUT_AWAY, (to_us(before),))


def _row(row: sql.Row) -> StepRow:
    id_, visit, step, item, by, person, at, operator, telling, holder, tries, answer = row
    return StepRow(
        id_, visit, VisitStep(step), item, by, person, from_us(at), operator, Telling(telling), holder, tries, answer
    )
