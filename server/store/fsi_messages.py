"""Messages of the national interface and their answers, so that the same message gets the same answer.

A message is claimed, worked on and closed in one transaction. Of two workers that claim the same one, the second waits
until the first has committed and then finds what that one left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, bindparam, select, update

from server.store import bulk
from server.store.direct import Asked
from server.store.fsi_tables import fsi_message
from server.store.records import Records
from server.store.times import micros


class MessageState(StrEnum):
    """What became of a message."""

    OPEN = "open"
    """Claimed; never seen outside the transaction that works on it."""
    ANSWERED = "answered"
    REFUSED = "refused"
    """Nothing came of it; it may be tried again."""
    REVERSED = "reversed"
    """A 2601 took it back, or came before it."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message, and its answer."""

    institution: str
    msgid: str
    infno: str
    state: MessageState
    caller: str
    digest: bytes
    """SM3 of the body; empty if a reversal came instead of it."""
    body: bytes
    """As received, sealed."""
    answer: bytes
    """As sent, sealed; empty while it is open."""
    signed_text: bytes | None
    """Exactly what the signature covers, sealed; None if that is the body, or nothing."""
    key_id: str
    """Of the signature; empty without one."""
    refmsgid: str
    psn_no: str | None
    mdtrt_id: str | None
    """Of the visit that it made or changed."""
    setl_id: str | None
    """Of the settlement that it made."""
    reversed_by: str | None
    """`msgid` of the 2601."""
    received_at: datetime
    answered_at: datetime


_MESSAGES = Records(fsi_message, Message)
_BY_KEY = select(fsi_message).where(
    fsi_message.c.institution == bindparam("institution"), fsi_message.c.msgid == bindparam("msgid")
)
_FIND, _LOCK = Asked(_BY_KEY), Asked(_BY_KEY.with_for_update())
_NAMES = ("institution", "msgid")
_CHANGED = [column for column in _MESSAGES.columns if column.name not in _NAMES]
_CHANGE = Asked(
    update(fsi_message)
    .where(fsi_message.c.institution == bindparam("of_institution"), fsi_message.c.msgid == bindparam("of_msgid"))
    .values({column.name: bindparam(column.name, type_=column.type) for column in _CHANGED})
)


def claim_message(connection: Connection, message: Message) -> bool:
    """Keep a message unless its key is taken; return whether it was kept.

    On PostgreSQL this waits for whoever is about to take the same key.
    """
    return bulk.insert_missing(connection, fsi_message, [_MESSAGES.row(message)]) == 1


def load_message(connection: Connection, institution: str, msgid: str) -> Message | None:
    """Return one message."""
    return _one(connection, _FIND, institution, msgid)


def lock_message(connection: Connection, institution: str, msgid: str) -> Message | None:
    """Return one message, and keep other writers off it until the transaction ends."""
    return _one(connection, _LOCK, institution, msgid)


def change_message(connection: Connection, message: Message) -> None:
    """Set everything of a message that is there."""
    values = _MESSAGES.values(message)
    named = {f"of_{name}": values.pop(name) for name in _NAMES}
    _CHANGE.run(connection, values | named)


def find_messages_of(connection: Connection, setl_id: str) -> list[Message]:
    """Return the messages that were answered with a settlement, in the order in which they came."""
    found = fsi_message.c
    asked = select(*_MESSAGES.columns).where(found.setl_id == setl_id).order_by(found.received_us, found.msgid)
    return _MESSAGES.records(connection.execute(asked))


def load_message_page(
    connection: Connection, institution: str, *, begins: datetime, ends: datetime, after: str = "", limit: int
) -> list[Message]:
    """Return messages of an institution from `begins` until before `ends`, in the order of their ids."""
    found = fsi_message.c
    asked = select(*_MESSAGES.columns).where(
        found.institution == institution,
        found.received_us >= micros(begins),
        found.received_us < micros(ends),
        found.msgid > after,
    )
    return _MESSAGES.records(connection.execute(asked.order_by(found.msgid).limit(limit)))


def _one(connection: Connection, asked: Asked, institution: str, msgid: str) -> Message | None:
    row = asked.row(connection, {"institution": institution, "msgid": msgid})
    return None if row is None else _MESSAGES.record(row)
