"""Where institutions and practitioners stand, as spans of time; which of them counts says `server.people.practice`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Table, bindparam, select

from server.store import bulk
from server.store.direct import Asked
from server.store.records import Records


class Standing(StrEnum):
    """Whether somebody may settle."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class StandingSpan:
    """Where an institution or a practitioner stands for a time."""

    subject: str
    """Code of the institution or the practitioner."""
    from_at: datetime
    standing: Standing
    to_at: datetime | None
    """The first moment after it; None until further notice."""
    reason: str
    decided_by: str
    decided_at: datetime


class StandingSpans:
    """One of the tables that hold spans."""

    def __init__(self, table: Table) -> None:
        self._records = Records(table, StandingSpan)
        of_subject = select(table).where(table.c.subject == bindparam("subject"))
        self.columns = self._records.columns
        """What to select, in the order in which `spans` takes it."""
        self._of_subject = Asked(of_subject.order_by(table.c.from_us, table.c.standing))

    def load(self, connection: Connection, subject: str) -> Sequence[StandingSpan]:
        """Return the spans of one subject in the order in which they begin."""
        return self._records.records(self._of_subject.rows(connection, {"subject": subject}))

    def spans(self, rows: Iterable[Iterable[object]]) -> Sequence[StandingSpan]:
        """Return what rows of `columns` stand for, in their order."""
        return self._records.records(rows)

    def load_all(self, connection: Connection, subjects: Collection[str]) -> Sequence[StandingSpan]:
        """Return the spans of many subjects, in no particular order."""
        subject = self._records.table.c.subject
        return self._records.records(bulk.fetch(connection, self._records.columns, subject, subjects))

    def put(self, connection: Connection, spans: Sequence[StandingSpan]) -> None:
        """Add spans, or change those of the same subject, beginning and standing."""
        bulk.insert_or_replace(connection, self._records.table, self._records.rows(spans))
