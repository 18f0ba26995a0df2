"""Is the history whole? Every event names the SM3 of the one before, and the numbers have no gap."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from edge.store import sql
from edge.store.salvage_proof import Place
from wire.errors import InvalidEventError
from wire.events import GENESIS, sm3_hex, thaw

# The id as bytes: a damaged one may be no text at all.
SELECT_HISTORY = "SELECT seq, CAST(id AS BLOB), bytes FROM outbox WHERE epoch = ? ORDER BY seq"
# What is damaged may be of another kind: it is no event then.
READ_EVENT = "SELECT bytes FROM outbox WHERE epoch = ? AND seq = ? AND typeof(bytes) = 'blob'"
SELECT_HEAD = "SELECT next_seq, last_hash FROM terminal_state WHERE epoch = ?"


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What a walk along the history of one epoch found."""

    events: int
    """Events that are still kept; delivered ones are deleted by age from the front."""
    first_seq: int | None
    broken_at: int | None
    """Number of the first event that does not follow; None if the history is whole."""


def event_at(tx: Connection, place: Place) -> bytes | None:
    """Return the bytes that stand at a place, None if there are none."""
    found = sql.first(tx, READ_EVENT, place)
    return found[0] if found is not None else None


def check_chain(connection: Connection, epoch: str) -> ChainCheck:
    """Walk along the kept history of `epoch`, to its very end."""
    with connection.begin():
        rows = sql.rows(connection, SELECT_HISTORY, (epoch,))
        head = sql.first(connection, SELECT_HEAD, (epoch,))
    first = rows[0][0] if rows else None
    # What stood before the first kept event is gone, so its word is taken for it, except at the very beginning.
    expected_hash = GENESIS if first == 1 else None
    expected_seq = first
    for seq, id_, frozen in rows:
        if not _follows(seq, id_, frozen, expected_seq, expected_hash):
            return ChainCheck(len(rows), first, seq)
        expected_hash, expected_seq = sm3_hex(frozen), seq + 1
    if rows and head is not None and head != (expected_seq, expected_hash):
        return ChainCheck(len(rows), first, rows[-1][0] + 1)
    return ChainCheck(len(rows), first, None)


def _follows(seq: int, id_: bytes, frozen: bytes, expected_seq: int | None, expected_hash: str | None) -> bool:
    try:
        event = thaw(frozen)
    except InvalidEventError:
        return False
    is_own = (event.seq, event.id.encode()) == (seq, id_)
    return is_own and seq == expected_seq and expected_hash in {None, event.prev}
