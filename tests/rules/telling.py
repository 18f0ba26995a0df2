"""Evidence in one line, for tests of a pack's life."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rules.pack_fold import fold
from rules.pack_life import Act, Evidence, FactKey, Order, State


def said(
    act: Act,
    at: int,
    *,
    institution: str = "P1",
    document: str = "s1",
    line: int = 1,
    terminal: str = "t1",
    source: str | None = None,
    units: int | None = None,
    of: int | None = None,
    until: datetime | None = None,
) -> Evidence:
    """Return one message: `act` was done at logical time `at`."""
    return Evidence(
        source=source or f"{terminal}-{at}",
        key=FactKey(act, institution, document, line),
        order=Order(at, terminal, "e1", at),
        units=units,
        units_per_pack=of,
        reserved_until=until,
    )


def state_of(*evidence: Evidence) -> State:
    """Return the state that the messages come to."""
    return fold(evidence).state


def reasons(evidence: Iterable[Evidence]) -> list[str]:
    """Return the code of each conflict."""
    return [conflict.code for conflict in fold(evidence).conflicts]
