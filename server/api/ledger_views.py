"""What the API answers about codes: the ledger, the life of one code, what contradicts what, the events behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rules.pack_life import Act, FactKey, State
from server.api.catalogue_views import ProductView
from server.api.views import View
from server.trace.history import Testimony
from server.trace.standing import ConflictNote


class FactView(View):
    """What was done, where, and in which document."""

    act: Act
    institution: str
    document: str
    line: int

    @classmethod
    def of(cls, key: FactKey) -> FactView:
        return FactView(act=key.act, institution=key.institution, document=key.document, line=key.line)


class StatedView(FactView):
    """What was done to a pack, and what product the institution took it for."""

    product: str | None


class ConflictView(View):
    """A fact that cannot follow the ones before it."""

    code: str
    zh: str
    en: str
    fact: FactView
    against: FactView | None

    @classmethod
    def of(cls, note: ConflictNote) -> ConflictView:
        against = FactView.of(note.against) if note.against else None
        return ConflictView(code=note.code, zh=note.zh, en=note.en, fact=FactView.of(note.fact), against=against)


class TimelineView(View):
    """One fact with all its evidence, or one scan."""

    fact: FactView
    evidence: Sequence[Testimony]
    conflict: ConflictView | None


class CodeView(View):
    """Everything that is known of a code."""

    code: str
    is_known: bool
    """False if nothing was ever heard of it."""
    state: State
    holder: str | None
    settled_by: FactView | None
    rest: int | None
    barred: State | None
    """`recalled` or `expired`, even while the pack is sold."""
    reserved_until: datetime | None
    facts: list[StatedView]
    """What was done to the pack, scans apart, each fact once."""
    conflicts: list[ConflictView]
    conflict_count: int
    timeline: list[TimelineView]
    is_complete: bool
    """False if there is more than the timeline shows."""
    product: ProductView | None


class LedgerView(View):
    """One code of the ledger."""

    code: str
    state: State
    holder: str | None
    facts: list[StatedView]
    """What was done to the pack, scans apart, each fact once."""
    conflict_count: int
    changed_at: datetime


class LedgerPage(View):
    """A part of the ledger, in the order of codes."""

    items: list[LedgerView]
    next: str | None
    """Give it as `after` to go on; null at the end."""


class ConflictedView(View):
    """A code about which two facts cannot both be true."""

    code: str
    product: ProductView | None
    conflict_count: int
    conflicts: list[ConflictView]
    """The first of them."""
    institutions: list[str]
    """Those whose facts contradict each other, as far as `conflicts` names them."""
    changed_at: datetime


class ConflictedPage(View):
    """A part of the codes in conflict, those that changed last first."""

    items: list[ConflictedView]
    next: str | None
    """Give it as `before` to go on; null at the end."""


class EventView(View):
    """One event as stored."""

    id: str
    terminal: str
    epoch: str
    seq: int
    kind: str
    received_at: datetime
    hash: str
    """SM3 of the frozen bytes."""
    event: dict[str, Any]


class EventPage(View):
    """A part of the events, in the order of terminals' stores and numbers."""

    items: list[EventView]
    next: str | None
