"""Which lists the centre has, and how new they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.lists.importing import RECORDS
from server.lists.kinds import KINDS, Holds, ListKind
from server.store import insurance_catalogue, list_rows
from server.store.database import Store
from server.store.insurance_catalogue import Version


@dataclass(frozen=True, slots=True)
class ShownList:
    """One list that has rows."""

    kind: ListKind
    rows: int
    newest: Version | None
    versions: int


def shown_lists(store: Store) -> Sequence[ShownList]:
    """Return the lists that have rows."""
    found = []
    with store.reading_steadily() as connection:
        versions = insurance_catalogue.load_versions(connection)
        for kind in KINDS.values():
            of_kind = [one for one in versions if one.list == kind.number]
            if kind.holds is Holds.ITEMS:
                rows = list_rows.count_items(connection, kind.number, since=-1)
            else:
                rows = list_rows.count_rows(connection, RECORDS[kind.holds])
            if rows:
                found.append(ShownList(kind, rows, of_kind[-1] if of_kind else None, len(of_kind)))
    return found
