"""Which key sealed what is personal in this store: a mark of the key, so that another one is found out at once."""

from __future__ import annotations

from sqlalchemy import Connection, select

from server.store import bulk
from server.store.tables import centre

_MARK = "sealing_key"


def load_sealing_mark(connection: Connection) -> str | None:
    """Return the mark of the key that seals here; None if nothing was ever sealed."""
    return connection.scalar(select(centre.c.value).where(centre.c.name == _MARK))


def keep_sealing_mark(connection: Connection, mark: str) -> str:
    """Keep the mark of a key unless there is one; return the one that is kept."""
    bulk.insert_missing(connection, centre, [(_MARK, mark)])
    return load_sealing_mark(connection) or mark
