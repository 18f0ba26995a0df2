"""The audit trail: each change with who made it, in the transaction that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, insert, select

from server.store.tables import audit


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One change."""

    n: int
    at_us: int
    who: str
    action: str
    """Stable, dotted, for example `terminal.approve`."""
    subject: str
    detail: dict[str, object]


def record(
    connection: Connection,
    *,
    at_us: int,
    who: str,
    action: str,
    subject: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Keep who did what to whom. Never put a secret into `detail`."""
    encoded = msgspec.json.encode(dict(detail or {})).decode()
    connection.execute(insert(audit).values(at_us=at_us, who=who, action=action, subject=subject, detail=encoded))


def load_audit(connection: Connection, *, after: int, limit: int) -> Sequence[AuditRecord]:
    """Return records with a number above `after`, oldest first."""
    asked = select(audit).where(audit.c.n > after).order_by(audit.c.n).limit(limit)
    return [
        AuditRecord(row.n, row.at_us, row.who, row.action, row.subject, msgspec.json.decode(row.detail))
        for row in connection.execute(asked)
    ]
