"""What the centre lacks, and what is still here: the two sides of a gap.

The terminal names in each health report what it keeps; the centre asks for the numbers that it does not have. Rows
that were delivered before, or refused, are sent again. A number that is not here any more is answered with an event
that says so (`events_lost`), so that the gap is closed and somebody hears of it. A restored centre may ask for a
month: it is answered two hundred rows at a time, so that a scan never waits for all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from edge.store import sql
from edge.store.chain import event_at
from edge.store.life import known_ends
from edge.store.salvage_cells import MOST_NUMBER
from edge.store.salvage_proof import Descent, End, Place, is_near, row_of
from edge.store.terminal import read_state
from wire.events import Span, sm3_hex
from wire.receipts import Wanted, ranges

ROWS_AT_ONCE = 200
"""Rows that one transaction makes pending again, each of them proved: some milliseconds."""

ROW_DAMAGED = "store.row_damaged"
"""Why an event is a dead letter that nobody refused: its bytes are not what was frozen."""

NEXT_EPOCH = "SELECT epoch FROM outbox WHERE epoch > ? ORDER BY epoch LIMIT 1"
# Two look-ups: asked for together, SQLite would read every row of the life.
ENDS_OF_EPOCH = """
SELECT (SELECT min(seq) FROM outbox WHERE epoch = ?1), (SELECT max(seq) FROM outbox WHERE epoch = ?1)
"""
IS_PARKED = f"SELECT 1 FROM outbox WHERE epoch = ? AND seq = ? AND dead_code = '{ROW_DAMAGED}'"  # noqa: S608 - ours
SEND_AGAIN = f"""
UPDATE outbox SET state = 'pending', held_until = NULL, dead_code = NULL, delivered_at = NULL
WHERE epoch = ? AND seq BETWEEN ? AND ? AND state <> 'pending' AND dead_code IS NOT '{ROW_DAMAGED}'
"""  # noqa: S608 - the code is ours
# A damaged cell may hold anything, a text that is none too.
SELECT_AGAIN = f"""
SELECT seq, iif(typeof(bytes) = 'blob', bytes, x'') FROM outbox
WHERE epoch = ? AND seq BETWEEN ? AND ? AND state <> 'pending' AND dead_code IS NOT '{ROW_DAMAGED}'
ORDER BY seq DESC
"""  # noqa: S608 - the code is ours
RESTORE = """
UPDATE outbox SET id = ?1, kind = ?2, hlc = ?3, created_at = ?4
WHERE epoch = ?5 AND seq = ?6 AND (id, kind, hlc, created_at) IS NOT (?1, ?2, ?3, ?4)
"""
PARK = f"UPDATE outbox SET state = 'dead', dead_code = '{ROW_DAMAGED}', held_until = NULL WHERE epoch = ? AND seq = ?"  # noqa: S608 - ours
SELECT_FORKED = "SELECT epoch FROM former_store WHERE why = 'forked'"
SEND_DELIVERED_AGAIN = """
UPDATE outbox SET state = 'pending', held_until = NULL, delivered_at = NULL
WHERE epoch = ? AND seq BETWEEN ? AND ? AND state = 'delivered'
"""
SELECT_ROWS = "SELECT seq FROM outbox WHERE epoch = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
# What is damaged is as good as gone: it is never sent as if it were what was frozen.
SELECT_NUMBERS = f"""
SELECT seq FROM outbox WHERE epoch = ? AND seq BETWEEN ? AND ? AND dead_code IS NOT '{ROW_DAMAGED}'
"""  # noqa: S608 - the code is ours


@dataclass(frozen=True, slots=True)
class Kept:
    """What is here of one life of the store."""

    epoch: str
    first: int
    last: int
    """The last number that was given out in this life, as far as this store knows."""
    last_hash: str | None = None
    """SM3 of the event with that number; None if it is not here any more, or damaged."""


@dataclass(frozen=True, slots=True)
class Made:
    """What one transaction did for a request."""

    again: int
    """Rows that are to be sent again."""
    lost: Sequence[Wanted]
    """Numbers that are not here any more."""
    rest: Sequence[Wanted]
    """What is left to do."""


def kept_epochs(tx: Connection) -> list[Kept]:
    """Return every life of which something is here, in no order that means anything; costs three look-ups each."""
    state = read_state(tx)
    ends = known_ends(tx)
    found = [Kept(epoch, first, last, _hash_of(tx, (epoch, last), ends)) for epoch, first, last in _lives(tx)]
    newest = state.next_seq - 1
    others = [one for one in found if one.epoch != state.epoch]
    # The present life is named even if all of it was put away: what the centre lacks of it, it should ask for.
    first = next((one.first for one in found if one.epoch == state.epoch), newest)
    present = Kept(state.epoch, first, newest, _hash_of(tx, (state.epoch, newest), ends))
    return [*others, present] if newest else others


def make_pending(tx: Connection, wanted: Sequence[Wanted], *, most_rows: int = ROWS_AT_ONCE) -> Made:
    """Make rows pending again that the centre lacks, but not too many in one transaction.

    None was looked at since it was delivered or refused. One that is not what was frozen would be a second fact under
    its number, signed: it is parked, and lost.
    """
    spans = deque((one.epoch, span) for one in wanted for span in one.spans)
    again, lost, room = 0, [], most_rows
    while spans and room > 0:
        epoch, (first, asked_last) = spans.popleft()
        # Numbers beyond the last were never given out, and lives that are not here were not named by us.
        last = min(asked_last, _last(tx, epoch))
        if first > last:
            room -= 1
            continue
        rows = sql.rows(tx, SELECT_ROWS, (epoch, first, last, room))
        if len(rows) == room and rows[-1][0] < last:
            # It ends at a row, so that no gap is told in two pieces.
            spans.appendleft((epoch, (rows[-1][0] + 1, last)))
            last = rows[-1][0]
        # A look in vain costs something too.
        room -= max(1, len(rows))
        prove(tx, epoch, (first, last))
        again += sql.change(tx, SEND_AGAIN, (epoch, first, last))
        missing = _missing(tx, epoch, (first, last))
        if missing:
            lost.append(Wanted(epoch, missing))
    return Made(again, lost, [Wanted(epoch, [span]) for epoch, span in spans])


def offer_forked_again(tx: Connection) -> int:
    """Make all events of forked lives pending again; return how many.

    A centre that was restored asks for numbers. Of a life that forked it may have a number from the other branch, and
    then does not ask for ours. A centre is rarely restored, so it is done at once, each event proved.
    """
    again = 0
    for (epoch,) in sql.rows(tx, SELECT_FORKED):
        after = 0
        while rows := sql.rows(tx, SELECT_ROWS, (epoch, after + 1, MOST_NUMBER, ROWS_AT_ONCE)):
            first, after = rows[0][0], rows[-1][0]
            prove(tx, epoch, (first, after))
            again += sql.change(tx, SEND_DELIVERED_AGAIN, (epoch, first, after))
    return again


def prove(tx: Connection, epoch: str, span: Span) -> None:
    """Park the rows that are not what was frozen, and put the others right by what their events say.

    Those that wait are left alone.
    """
    descent = Descent(partial(event_at, tx), known_ends(tx))
    for seq, frozen in sql.rows(tx, SELECT_AGAIN, (epoch, *span)):
        event = descent.proved((epoch, seq), frozen)
        if event is not None:
            right = row_of(event, frozen)
            sql.change(tx, RESTORE, (right.id, right.kind, right.hlc, right.created_at, epoch, seq))
        elif not descent.names((epoch, seq), frozen):
            # What a newer program wrote, or what the centre refused as no event, may well be what was frozen.
            sql.change(tx, PARK, (epoch, seq))


def _lives(tx: Connection) -> Iterator[tuple[str, int, int]]:
    """Yield each life with its first and last number. It steps by the key: a month of rows is not read for it."""
    after = ""
    while (found := sql.first(tx, NEXT_EPOCH, (after,))) is not None:
        (after,) = found
        yield after, *sql.one(tx, ENDS_OF_EPOCH, (after,))


def _hash_of(tx: Connection, place: Place, ends: Mapping[str, End]) -> str | None:
    """Return the hash of a last event, None if it is not here, or not what was frozen.

    To the centre, damaged bytes would look like a branch that it was never told.
    """
    frozen = event_at(tx, place)
    if frozen is None or sql.first(tx, IS_PARKED, place) is not None:
        return None
    digest = sm3_hex(frozen)
    epoch, seq = place
    last, named = ends.get(epoch, (seq, digest))
    return digest if seq != last or is_near(digest, named) else None


def _last(tx: Connection, epoch: str) -> int:
    """Return the last number of a life that was given out, 0 if nothing is here of it."""
    state = read_state(tx)
    if epoch == state.epoch:
        return state.next_seq - 1
    return sql.one(tx, ENDS_OF_EPOCH, (epoch,))[1] or 0


def _missing(tx: Connection, epoch: str, span: Span) -> list[Span]:
    here = ranges(seq for (seq,) in sql.rows(tx, SELECT_NUMBERS, (epoch, *span)))
    missing, following = [], span[0]
    for first, last in here:
        if following < first:
            missing.append((following, first - 1))
        following = last + 1
    return [*missing, (following, span[1])] if following <= span[1] else missing
