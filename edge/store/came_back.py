"""Whether a pack of a sale came back, at this terminal or at another one of its site, whatever became of it since."""

from __future__ import annotations

from sqlalchemy import Connection

from edge.store import sql

HERE = "SELECT 1 FROM quarantine WHERE code = ? AND sale = ?"
AT_SITE = """
SELECT terminal FROM site_apart WHERE code = ?1 AND sale = ?2
UNION SELECT terminal FROM site_back WHERE code = ?1 AND sale = ?2
ORDER BY terminal LIMIT 1
"""


def came_back_here(tx: Connection, code: str, sale: str) -> bool:
    """Say whether a pack of a sale came back here and was set apart, though it may have been released since."""
    return sql.first(tx, HERE, (code, sale)) is not None


def came_back_at_site(tx: Connection, code: str, sale: str) -> str | None:
    """Return the other terminal of the site at which a pack of a sale came back; None if none has told of it."""
    found = sql.first(tx, AT_SITE, (code, sale))
    return None if found is None else str(found[0])
