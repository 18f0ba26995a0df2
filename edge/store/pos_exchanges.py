"""What went between the institution's software and the interface: one row an exchange, nothing of a person.

A row is written before a message leaves and completed when it is known what came of it, so that one which was cut off
is there as `sending`. What listening understood of an exchange is beside it, sealed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from codes.words import Words
from edge.clock import from_us, to_us
from edge.store import sql

PUT_AWAY_AT_ONCE = 1_000
SENDING = "sending"

BEGIN = """
INSERT INTO pos_exchange (at, infno, msgid, institution, stage, took_us, status, infcode, request_bytes, answer_bytes,
  request_digest, sent_digest, answer_digest, added, remarks)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
COMPLETE = """
UPDATE pos_exchange SET stage = ?, took_us = ?, status = ?, infcode = ?, answer_bytes = ?, answer_digest = ?,
  remarks = ?
WHERE id = (
  SELECT max(id) FROM pos_exchange WHERE stage = 'sending' AND msgid = ? AND request_digest = ? AND institution = ?
)
"""
SELECT_SINCE = """
SELECT at, infno, msgid, institution, stage, took_us, status, infcode, request_bytes, answer_bytes, request_digest,
  sent_digest, answer_digest, added, remarks
FROM pos_exchange WHERE at >= ? ORDER BY id
"""
COUNT_SINCE = "SELECT stage, count(*), coalesce(sum(added), 0) FROM pos_exchange WHERE at >= ? GROUP BY stage"
PUT_AWAY = "DELETE FROM pos_exchange WHERE id IN (SELECT id FROM pos_exchange WHERE at < ? LIMIT ?)"
PUT_HEARD = "INSERT INTO pos_heard (at, fact) VALUES (?, ?)"
SELECT_HEARD = "SELECT at, fact FROM pos_heard ORDER BY id"
PUT_AWAY_HEARD = "DELETE FROM pos_heard WHERE id IN (SELECT id FROM pos_heard WHERE at < ? LIMIT ?)"


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """One exchange."""

    at: datetime
    infno: str
    msgid: str
    institution: str
    stage: str
    took_us: int
    status: int
    infcode: str
    request_bytes: int
    answer_bytes: int
    request_digest: str
    sent_digest: str
    answer_digest: str
    added: int
    remarks: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class StageCount:
    """How many exchanges came so far, and how many codes were put into them."""

    stage: str
    count: int
    added: int


def note_exchange(tx: Connection, row: ExchangeRow) -> None:
    """Write an exchange down, or complete the one that is under way."""
    remarks = json.dumps([[one.zh, one.en] for one in row.remarks], ensure_ascii=False)
    if row.stage != SENDING:
        ended = (row.stage, row.took_us, row.status, row.infcode, row.answer_bytes, row.answer_digest, remarks)
        if sql.change(tx, COMPLETE, (*ended, row.msgid, row.request_digest, row.institution)):
            return
    values = (
        to_us(row.at), row.infno, row.msgid, row.institution, row.stage, row.took_us, row.status, row.infcode,
        row.request_bytes, row.answer_bytes, row.request_digest, row.sent_digest, row.answer_digest, row.added,
    )  # fmt: skip
    sql.change(tx, BEGIN, (*values, remarks))


def exchanges_since(tx: Connection, since: datetime) -> Iterator[ExchangeRow]:
    """Yield exchanges in their order."""
    for row in sql.rows(tx, SELECT_SINCE, (to_us(since),)):
        at, infno, msgid, institution, stage, took_us, status, infcode, *rest = row
        request_bytes, answer_bytes, asked, sent, answered, added, remarks = rest
        yield ExchangeRow(
            from_us(at), infno, msgid, institution, stage, took_us, status, infcode, request_bytes, answer_bytes,
            asked, sent, answered, added, tuple(Words(zh, en) for zh, en in json.loads(remarks)),
        )  # fmt: skip


def count_exchanges(tx: Connection, since: datetime) -> Sequence[StageCount]:
    """Return how many exchanges there were, by how far they came."""
    return [StageCount(*row) for row in sql.rows(tx, COUNT_SINCE, (to_us(since),))]


def put_heard(tx: Connection, at: datetime, fact: bytes) -> None:
    """Keep what listening understood of an exchange; sealed."""
    sql.change(tx, PUT_HEARD, (to_us(at), fact))


def heard_facts(tx: Connection) -> Iterator[tuple[datetime, bytes]]:
    """Yield what was understood, in its order; sealed."""
    for at, fact in sql.rows(tx, SELECT_HEARD):
        yield from_us(at), fact


def put_away_exchanges(tx: Connection, before: datetime) -> int:
    """Delete old rows of both kinds, a part at a time."""
    values = (to_us(before), PUT_AWAY_AT_ONCE)
    return sql.change(tx, PUT_AWAY, values) + sql.change(tx, PUT_AWAY_HEARD, values)
