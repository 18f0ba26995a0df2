"""Dead letters and the way out of them.

A record that the centre refused for good stays here with its reason. Two things can be done about it, and neither
deletes anything: send it again (the centre was upgraded, or its rule was wrong), or set it aside, by name and with a
reason, so that it is no longer reported.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from edge.clock import from_us, to_us
from edge.errors import EdgeError
from edge.store import sql
from edge.store.asked import IS_PARKED, ROW_DAMAGED, prove
from edge.store.salvage_proof import Place

SELECT_DEAD = """
SELECT o.epoch, o.seq, o.id, o.kind, o.created_at, o.dead_code, o.bytes, s.operator, s.reason, s.at
FROM outbox AS o LEFT JOIN set_aside AS s ON s.epoch = o.epoch AND s.seq = o.seq
WHERE o.state = 'dead' ORDER BY o.created_at DESC, o.epoch, o.seq LIMIT ?
"""
SELECT_ONE = "SELECT epoch, seq, state FROM outbox WHERE state IN ('dead', 'pending') AND id = ?"
SEND_DEAD_AGAIN = f"""
UPDATE outbox SET state = 'pending', dead_code = NULL
WHERE state = 'dead' AND dead_code <> '{ROW_DAMAGED}' AND epoch = ? AND seq = ?
"""  # noqa: S608 - the code is ours
SELECT_ALL = f"""
SELECT epoch, seq FROM outbox WHERE state = 'dead' AND dead_code <> '{ROW_DAMAGED}'
  AND NOT EXISTS (SELECT 1 FROM set_aside AS s WHERE s.epoch = outbox.epoch AND s.seq = outbox.seq)
"""  # noqa: S608 - the code is ours
SET_ASIDE = "INSERT OR REPLACE INTO set_aside (epoch, seq, operator, reason, at) VALUES (?, ?, ?, ?, ?)"
TAKE_BACK = "DELETE FROM set_aside WHERE epoch = ? AND seq = ?"


_AS_REFUSED = Words(
    "中心保留着当时拒收的原文；请核对当天的销售，并用 set-aside 搁置。",
    "The centre keeps it as it was refused; check the sales of that day, then set it aside.",
)


class NoDeadLetterError(EdgeError, RejectedError):
    """No record with that id was refused by the centre."""

    code: ClassVar[str] = "outbox.no_dead_letter"
    next_step: ClassVar[Words] = Words(
        "请用 `yima outbox list` 查看被拒的记录。", "See the refused records with `yima outbox list`."
    )


class DamagedRecordError(EdgeError, RejectedError):
    """A record whose bytes are not what was frozen: sent, it would be a lie."""

    code: ClassVar[str] = "outbox.damaged_record"
    next_step: ClassVar[Words] = Words(
        "该记录已向中心申报丢失；请核对当天的销售，并用 set-aside 搁置。",
        "The centre knows that it is lost; check the sales of that day, then set it aside.",
    )


@dataclass(frozen=True, slots=True)
class SetAside:
    """Somebody looked at a dead letter and will not send it again."""

    operator: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SentAgain:
    """What became of refused records that were to be sent again."""

    sent: int
    damaged: int
    """Those that were damaged since they were refused: they stay, with that for a reason."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that the centre refused for good: kept, and shown to a person."""

    epoch: str
    seq: int
    id: str
    kind: str
    created_at: datetime
    code: str
    """The centre's reason, such as `event.invalid`."""
    bytes: bytes
    set_aside: SetAside | None


def dead_letters(tx: Connection, limit: int) -> list[DeadLetter]:
    """Return what the centre refused for good, newest first."""
    return [
        DeadLetter(
            epoch,
            seq,
            id_,
            kind,
            from_us(created_at),
            code,
            frozen,
            None if at is None else SetAside(operator, reason, from_us(at)),
        )
        for epoch, seq, id_, kind, created_at, code, frozen, operator, reason, at in sql.rows(tx, SELECT_DEAD, (limit,))
    ]


def send_dead_letter_again(tx: Connection, event: str) -> SentAgain:
    """Send a refused record again, whether or not it was set aside. One that is to be sent already stays so.

    Whoever finds it damaged refuses it with `damaged_since` once that is committed, so that the store knows it too.

    Raises:
        NoDeadLetterError: There is none with that id.
        DamagedRecordError: Its bytes are not what was recorded, as the store knew before.
    """
    place = _place(tx, event, among={"dead", "pending"})
    if _is_damaged(tx, place):
        raise DamagedRecordError(_words_of_damage(event))
    if not _is_sent_again(tx, place) and _is_damaged(tx, place):
        return SentAgain(0, 1)
    sql.change(tx, TAKE_BACK, place)
    return SentAgain(1, 0)


def damaged_since(event: str) -> DamagedRecordError:
    """Return the refusal of a record that was damaged after the centre had refused it."""
    return DamagedRecordError(_words_of_damage(event), next_step=_AS_REFUSED)


def send_all_again(tx: Connection) -> SentAgain:
    """Send every refused record again but those set aside or damaged."""
    places = sql.rows(tx, SELECT_ALL)
    sent = sum(_is_sent_again(tx, place) for place in places)
    return SentAgain(sent, len(places) - sent)


def _is_damaged(tx: Connection, place: Place) -> bool:
    return sql.first(tx, IS_PARKED, place) is not None


def _words_of_damage(event: str) -> Words:
    return Words(f"记录 {event} 已损坏，不能上传", f"Record {event} is damaged and is not sent")


def _is_sent_again(tx: Connection, place: Place) -> bool:
    """Make a refused record pending, unless it is not what was refused any more; tell whether that was done."""
    epoch, seq = place
    prove(tx, epoch, (seq, seq))
    return sql.change(tx, SEND_DEAD_AGAIN, place) > 0


def set_dead_letter_aside(tx: Connection, event: str, *, operator: str, reason: str, now: datetime) -> None:
    """Keep a refused record, but do not report it any more.

    Raises:
        NoDeadLetterError: There is none with that id.
    """
    sql.change(tx, SET_ASIDE, (*_place(tx, event), operator, reason, to_us(now)))


def _place(tx: Connection, event: str, among: Collection[str] = ("dead",)) -> tuple[str, int]:
    found = sql.first(tx, SELECT_ONE, (event,))
    if found is None or found[2] not in among:
        raise NoDeadLetterError(Words(f"没有编号为 {event} 的被拒记录", f"No refused record has the id {event}"))
    return found[0], found[1]
