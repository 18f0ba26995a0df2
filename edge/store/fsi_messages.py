"""Messages to the national interface: kept from before they leave until their outcome is known, and their numbers.

A row is closed once: whoever closes it is told so, and nobody else is. What it asked is erased in the same statement.
Nothing here says what an outcome means; `edge.fsi.journal` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql

_SECOND_US = timedelta(seconds=1) // timedelta(microseconds=1)
PUT_AWAY_AT_ONCE = 1_000

FIND_NUMBER = "SELECT last_at, given FROM fsi_number WHERE institution = ?"
KEEP_NUMBER = """
INSERT INTO fsi_number (institution, last_at, given) VALUES (?, ?, ?)
ON CONFLICT (institution) DO UPDATE SET last_at = excluded.last_at, given = excluded.given
"""
IS_TAKEN = "SELECT 1 FROM fsi_message WHERE msgid = ?"
IS_TILLS = "SELECT 1 FROM fsi_message WHERE msgid = ? AND kind IN ('till.settle', 'till.undertaking')"
PUT_MESSAGE = """
INSERT INTO fsi_message (msgid, infno, kind, purpose, state, asked, composed_at, reverses)
VALUES (?, ?, ?, ?, 'composed', ?, ?, ?)
"""
CLOSE_MESSAGE = """
UPDATE fsi_message SET state = ?1, asked = NULL, answered_at = ?2, refusal_code = ?4, refmsgid = ?5, answer = ?6,
  sent_at = iif(?3, coalesce(sent_at, composed_at), sent_at), tries = tries + ?3, is_doubtful = 0
WHERE msgid = ?7 AND state IN ('composed', 'unknown')
"""
BECAME_UNKNOWN = "UPDATE fsi_message SET state = 'unknown' WHERE msgid = ? AND state = 'composed'"
NOTE_TRY = "UPDATE fsi_message SET sent_at = ?, tries = tries + 1 WHERE msgid = ? AND state IN ('composed', 'unknown')"
CLOSE_REVERSALS = """
UPDATE fsi_message SET state = 'answered', asked = NULL, answered_at = ?
WHERE reverses = ? AND state IN ('composed', 'unknown')
"""
COLUMNS = "msgid, infno, kind, purpose, state, asked, composed_at, tries, reverses, is_doubtful"
SELECT_OPEN = f"SELECT {COLUMNS} FROM fsi_message WHERE state IN ('composed', 'unknown') ORDER BY composed_at, msgid"  # noqa: S608 - ours
COUNT_OPEN = "SELECT count(*), min(composed_at) FROM fsi_message WHERE state IN ('composed', 'unknown')"
DOUBT_OPEN = "UPDATE fsi_message SET is_doubtful = 1 WHERE state IN ('composed', 'unknown')"
FIND_CLOSED = "SELECT infno, state, refusal_code, refmsgid, answer, answered_at FROM fsi_message WHERE msgid = ?"
PUT_AWAY = """
DELETE FROM fsi_message WHERE msgid IN (
  SELECT msgid FROM fsi_message WHERE state NOT IN ('composed', 'unknown') AND composed_at < ? LIMIT ?
)
"""


class MessageState(StrEnum):
    """Where a message stands."""

    COMPOSED = "composed"
    """Written down; it may have left."""
    ANSWERED = "answered"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """It left, or may have left, and no answer is known."""
    REVERSED = "reversed"
    NOT_SENT = "not_sent"
    """It provably never left."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message that is about to leave."""

    msgid: str
    infno: str
    kind: str
    purpose: str
    asked: bytes
    """Sealed."""
    composed_at: datetime
    reverses: str | None = None
    """The message that this one takes back."""


@dataclass(frozen=True, slots=True)
class OpenMessage:
    """A message whose outcome is not known."""

    msgid: str
    infno: str
    kind: str
    purpose: str
    state: MessageState
    asked: bytes | None
    """Sealed."""
    composed_at: datetime
    tries: int
    reverses: str | None
    """The message that this one takes back."""
    is_doubtful: bool
    """The store was damaged or copied: it may have been closed elsewhere."""


@dataclass(frozen=True, slots=True)
class Closing:
    """How a message ended."""

    state: MessageState
    at: datetime
    has_left: bool
    refusal_code: str | None = None
    refmsgid: str | None = None
    answer: bytes | None = None
    """Sealed."""


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """What is kept of a message."""

    infno: str
    state: MessageState
    refusal_code: str | None
    refmsgid: str | None
    answer: bytes | None
    """Sealed."""
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenCount:
    """How many outcomes are not known, and since when."""

    count: int
    oldest: datetime | None


def next_number(tx: Connection, institution: str, now: datetime, per_second: int) -> tuple[datetime, int]:
    """Return the second and the count within it of the next message; no pair is given out twice.

    A second that is full, or a clock that was set back, never stops a sale: the next number is of the second after the
    last one that was used.
    """
    this_us = to_us(now) // _SECOND_US * _SECOND_US
    last_us, given = sql.first(tx, FIND_NUMBER, (institution,)) or (-1, 0)
    if this_us > last_us:
        last_us, given = this_us, 0
    elif given >= per_second:
        last_us, given = last_us + _SECOND_US, 0
    sql.change(tx, KEEP_NUMBER, (institution, last_us, given + 1))
    return from_us(last_us), given


def is_taken(tx: Connection, msgid: str) -> bool:
    """Say whether a message has this number."""
    return sql.first(tx, IS_TAKEN, (msgid,)) is not None


def is_tills(tx: Connection, msgid: str) -> bool:
    """Say whether the till of this terminal sent a message: what the POS sends through it is none of the till's."""
    return sql.first(tx, IS_TILLS, (msgid,)) is not None


def put_message(tx: Connection, new: NewMessage) -> None:
    """Write down a message that is about to leave."""
    values = (new.msgid, new.infno, new.kind, new.purpose, new.asked, to_us(new.composed_at), new.reverses)
    sql.change(tx, PUT_MESSAGE, values)


def close_message(tx: Connection, msgid: str, closing: Closing) -> bool:
    """Write down how a message ended and erase what it asked; False if it had ended already."""
    ended = (closing.state, to_us(closing.at), int(closing.has_left))
    values = (*ended, closing.refusal_code, closing.refmsgid, closing.answer, msgid)
    return sql.change(tx, CLOSE_MESSAGE, values) > 0


def close_reversals(tx: Connection, msgid: str, now: datetime) -> None:
    """Close what was to take a message back: it is settled what became of that."""
    sql.change(tx, CLOSE_REVERSALS, (to_us(now), msgid))


def note_try(tx: Connection, msgid: str, now: datetime) -> None:
    """Write down that a message was sent and not answered."""
    sql.change(tx, NOTE_TRY, (to_us(now), msgid))


def became_unknown(tx: Connection, msgid: str) -> bool:
    """Write down that nobody knows what became of a message; False if that was so already, or it ended."""
    return sql.change(tx, BECAME_UNKNOWN, (msgid,)) > 0


def doubt_open(tx: Connection) -> None:
    """Note of what is open that it may have been closed: in what a salvage could not read, or at another box."""
    sql.change(tx, DOUBT_OPEN)


def open_messages(tx: Connection) -> Sequence[OpenMessage]:
    """Return every message whose outcome is not known, oldest first."""
    return [
        OpenMessage(
            msgid, infno, kind, purpose, MessageState(state), asked, from_us(composed_at), tries, reverses, bool(doubt)
        )
        for msgid, infno, kind, purpose, state, asked, composed_at, tries, reverses, doubt in sql.rows(tx, SELECT_OPEN)
    ]


def count_open(tx: Connection) -> OpenCount:
    """Return how many outcomes are not known."""
    count, oldest = sql.one(tx, COUNT_OPEN)
    return OpenCount(count, None if oldest is None else from_us(oldest))


def find_message(tx: Connection, msgid: str) -> KeptMessage | None:
    """Return what is kept of a message; None if nothing is."""
    found = sql.first(tx, FIND_CLOSED, (msgid,))
    if found is None:
        return None
    infno, state, code, refmsgid, answer, at = found
    return KeptMessage(infno, MessageState(state), code, refmsgid, answer, None if at is None else from_us(at))


def put_away_messages(tx: Connection, before: datetime) -> int:
    """Delete old messages that ended, a part at a time; one whose outcome is not known is never touched."""
    return sql.change(tx, PUT_AWAY, (to_us(before), PUT_AWAY_AT_ONCE))
