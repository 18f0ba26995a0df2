"""Messages of the institution's software of which nobody knows whether they were done, until somebody does.

A row is there before its message leaves. An answer that comes at once takes it away; one that was found out later stays
for the software that asks again. What was asked and what was answered is sealed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql

PUT = """
INSERT INTO pos_question (institution, msgid, infno, at, request_digest, state, asked, sale)
VALUES (?, ?, ?, ?, ?, 'open', ?, ?)
ON CONFLICT (institution, msgid) DO UPDATE SET infno = excluded.infno, at = excluded.at,
  request_digest = excluded.request_digest, state = 'open', asked = excluded.asked, answer = NULL, closed_at = NULL,
  told_at = NULL, is_doubtful = 0, is_unread = 0, sale = excluded.sale, setl_id = ''
WHERE state <> 'open'
"""
FIND = """
SELECT institution, msgid, infno, at, request_digest, state, asked, answer, closed_at, told_at, is_doubtful, is_unread,
  sale
FROM pos_question
"""
FIND_ONE = f"{FIND} WHERE institution = ? AND msgid = ?"
SELECT_OPEN = f"{FIND} WHERE state = 'open' ORDER BY at, msgid"
SELECT_UNTOLD = f"{FIND} WHERE state IN ('answered', 'reversed') AND told_at IS NULL ORDER BY at, msgid"
FORGET = "DELETE FROM pos_question WHERE institution = ? AND msgid = ?"
CLOSE = """
UPDATE pos_question SET state = ?, asked = NULL, answer = ?, closed_at = ?, setl_id = ?
WHERE institution = ? AND msgid = ? AND state = 'open'
"""
NOTE_ANSWER = "UPDATE pos_question SET answer = ? WHERE institution = ? AND msgid = ? AND state = 'open'"
NOTE_UNREAD = "UPDATE pos_question SET is_unread = 1 WHERE institution = ? AND msgid = ? AND state = 'open'"
TELL = "UPDATE pos_question SET told_at = ? WHERE institution = ? AND msgid = ? AND told_at IS NULL"
FIND_DONE = """
SELECT msgid FROM pos_question
WHERE sale = ? AND institution = ? AND setl_id <> '' AND told_at IS NULL AND state = 'answered'
"""
TAKE_BACK = """
UPDATE pos_question SET state = 'reversed', answer = NULL, setl_id = '' WHERE institution = ? AND msgid = ?
AND state = 'answered'
"""
CANCEL = "UPDATE pos_question SET told_at = ? WHERE institution = ? AND setl_id = ? AND told_at IS NULL"
COUNT_OPEN = "SELECT count(*), min(at) FROM pos_question WHERE state = 'open'"
DOUBT = "UPDATE pos_question SET is_doubtful = 1 WHERE state = 'open'"
PUT_AWAY = "DELETE FROM pos_question WHERE state <> 'open' AND closed_at < ?"


class QuestionState(StrEnum):
    """Where a question stands."""

    OPEN = "open"
    ANSWERED = "answered"
    """It was found out later; the answer is kept."""
    REVERSED = "reversed"
    """2601 has taken it back."""
    PUT_ASIDE = "put_aside"
    """A person has looked it up and says that it needs no more care."""


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """One question."""

    institution: str
    msgid: str
    infno: str
    at: datetime
    request_digest: str
    state: QuestionState
    asked: bytes | None
    """Sealed; None once it is known."""
    answer: bytes | None
    """Sealed. Of an open question: what follows from it is still to be written down."""
    closed_at: datetime | None = None
    told_at: datetime | None = None
    """When the software heard what had come of it."""
    is_doubtful: bool = False
    is_unread: bool = False
    """The software has an answer that could not be read here."""
    sale: str = ""
    """Equal for another message about the same sale; nothing about it to whoever has not the terminal's key."""


@dataclass(frozen=True, slots=True)
class OpenQuestions:
    """How many are open, and since when."""

    count: int
    oldest: datetime | None


def put_question(tx: Connection, row: QuestionRow) -> None:
    """Write a question down before its message leaves; one that is open already stays as it is."""
    sql.change(tx, PUT, (row.institution, row.msgid, row.infno, to_us(row.at), row.request_digest, row.asked, row.sale))


def find_question(tx: Connection, institution: str, msgid: str) -> QuestionRow | None:
    """Return what is kept of a message."""
    found = sql.first(tx, FIND_ONE, (institution, msgid))
    return None if found is None else _row(found)


def open_questions(tx: Connection) -> Sequence[QuestionRow]:
    """Return what is open, the oldest first."""
    return [_row(one) for one in sql.rows(tx, SELECT_OPEN)]


def untold_questions(tx: Connection) -> Sequence[QuestionRow]:
    """Return what was found out, and what nobody has asked for since."""
    return [_row(one) for one in sql.rows(tx, SELECT_UNTOLD)]


def forget_question(tx: Connection, institution: str, msgid: str) -> None:
    """The answer went straight to whoever asked, or nothing ever left."""
    sql.change(tx, FORGET, (institution, msgid))


def note_answer(tx: Connection, of: tuple[str, str], answer: bytes) -> None:
    """Keep the answer to an open question whose consequences are still to be written down."""
    sql.change(tx, NOTE_ANSWER, (answer, *of))


def note_unread(tx: Connection, of: tuple[str, str]) -> None:
    """Note of an open question that the software has an answer to it which could not be read here."""
    sql.change(tx, NOTE_UNREAD, of)


def close_question(
    tx: Connection, of: tuple[str, str], state: QuestionState, answer: bytes | None, now: datetime, *, setl_id: str = ""
) -> bool:
    """Write down what was found out of an institution's message and erase what was asked; False if it was not open.

    Args:
        tx: Of the store.
        of: Institution and number of the message.
        state: Where it stands now.
        answer: For the software, sealed.
        now: The time.
        setl_id: Of the settlement that it made, if it made one.
    """
    return sql.change(tx, CLOSE, (state, answer, to_us(now), setl_id, *of)) > 0


def find_done(tx: Connection, institution: str, sale: str) -> str | None:
    """Return the number of a message that settled this sale, as was found out, and of which the software knows not."""
    found = sql.first(tx, FIND_DONE, (sale, institution))
    return None if found is None else str(found[0])


def note_taken_back(tx: Connection, of: tuple[str, str]) -> None:
    """Note of a message that was found to be done that the software has taken it back since."""
    sql.change(tx, TAKE_BACK, of)


def note_cancelled(tx: Connection, institution: str, setl_id: str, now: datetime) -> None:
    """Note that a settlement that was found out does not stand any more: its sale may be settled anew."""
    sql.change(tx, CANCEL, (to_us(now), institution, setl_id))


def note_told(tx: Connection, institution: str, msgid: str, now: datetime) -> None:
    """Note that the software has heard of it."""
    sql.change(tx, TELL, (to_us(now), institution, msgid))


def count_open_questions(tx: Connection) -> OpenQuestions:
    """Return how many are open."""
    count, oldest = sql.one(tx, COUNT_OPEN)
    return OpenQuestions(count, None if oldest is None else from_us(oldest))


def doubt_questions(tx: Connection) -> None:
    """Note of what is open that it may have been closed: in what a salvage could not read, or at another box."""
    sql.change(tx, DOUBT)


def put_away_questions(tx: Connection, before: datetime) -> int:
    """Delete what was found out long ago; what is open is never touched."""
    return sql.change(tx, PUT_AWAY, (to_us(before),))


def _row(cells: sql.Row) -> QuestionRow:
    institution, msgid, infno, at, digest, state, asked, answer, closed_at, told_at, is_doubtful, is_unread, sale = (
        cells
    )
    closed = None if closed_at is None else from_us(closed_at)
    told = None if told_at is None else from_us(told_at)
    return QuestionRow(
        institution, msgid, infno, from_us(at), digest, QuestionState(state), asked, answer, closed, told,
        bool(is_doubtful), bool(is_unread), sale,
    )  # fmt: skip
