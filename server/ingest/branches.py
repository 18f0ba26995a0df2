"""A branch of a life that the centre was never told: its numbers are taken, by the events of another branch.

It comes about where a store was copied, both went on, and the centre was restored to a backup from before: one branch
is told again, and for the other nothing seems to be missing. A report names the hash of the last event of each life.
From there each event names the one before, so that what is here can be followed back to the first that is not.
"""

from __future__ import annotations

from sqlalchemy import Connection

from server.store import events
from server.store.events import StreamRow
from wire.errors import WireError
from wire.events import Span, thaw
from wire.presence import KeptEpoch

WINDOW = 500
"""Numbers that are asked for at once, back from the first that is not here: branches are short."""
_MOST_FOLLOWED = 2_000


def missing_branch(connection: Connection, row: StreamRow, kept: KeptEpoch) -> Span | None:
    """Return numbers to ask for, although all are taken here; None if what the terminal keeps is here."""
    if kept.last_hash is None or kept.last > row.tip_seq:
        return None
    digest = bytes.fromhex(kept.last_hash)
    # Of a chain that was never wrong, its end vouches for the rest.
    if not row.is_broken and (kept.last, digest) == (row.tip_seq, row.tip_hash):
        return None
    seq = _followed_back(connection, row, kept)
    return None if seq is None else (max(kept.first, seq - WINDOW + 1), seq)


def _followed_back(connection: Connection, row: StreamRow, kept: KeptEpoch) -> int | None:
    """Return the last number whose event the terminal keeps and the centre has not; None if there is none."""
    seq, digest = kept.last, bytes.fromhex(kept.last_hash or "")
    lowest = max(kept.first, kept.last - _MOST_FOLLOWED + 1)
    while seq >= lowest:
        numbers = range(max(lowest, seq - WINDOW + 1), seq + 1)
        here = events.load_links(connection, row.id, numbers)
        while seq >= numbers.start:
            known = here.get(seq, {})
            if digest not in known:
                return seq if known else None
            if len(known) == 1 and not row.is_broken:
                return None
            frozen = known[digest]
            if frozen is None:
                return None
            try:
                digest = bytes.fromhex(thaw(frozen).prev)
            except WireError:
                return None
            seq -= 1
    return None
