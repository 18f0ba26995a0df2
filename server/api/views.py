"""What the API answers with. Stable: fields are added, never renamed or removed within /api/v1."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from codes.pack import ProductSystem
from rules.catalogue import Product
from rules.pack_life import Act, FactKey, State
from rules.scan_judgement import PackLevel
from server.fleet import Standing
from server.people.roles import Permission, Role
from server.store.alarms import AlarmRecord
from server.store.terminals import Trust
from server.store.times import moment
from server.trace.standing import ConflictNote

MOST_CONFLICTS: Final = 10_000
"""Codes in conflict that are counted: the glance must stay quick, and beyond it nobody needs the number."""


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)


class WordsView(_View):
    """A sentence in both languages."""

    zh: str
    en: str


class PersonView(_View):
    """Who is signed in."""

    name: str
    role: Role
    permissions: list[Permission]


class SessionView(PersonView):
    """A sign-in that has just succeeded; the cookie carries it."""

    expires_at: datetime


class RoleView(_View):
    """A role and what it allows."""

    role: Role
    permissions: list[Permission]


class AccountView(_View):
    """An account."""

    name: str
    role: Role
    is_active: bool
    locked_until: datetime | None
    created_at: datetime


class NewPasswordView(_View):
    """A password that is shown this once."""

    name: str
    password: str


class TokenView(_View):
    """A token, without its secret."""

    id: str
    label: str
    account: str
    role: Role
    created_by: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewTokenView(_View):
    """A token's secret, shown this once."""

    id: str
    secret: str


class DeviceView(_View):
    """One device of a terminal, as it last reported."""

    device: str
    state: str
    scans: int
    restarts: int
    problem: str | None


class TerminalView(_View):
    """A terminal of the registry."""

    id: str
    area: str
    label: str
    institution: str
    trust: Trust
    fingerprint: str
    """Of its public key: compare it with what the terminal shows before approving."""
    standing: Standing
    version: str
    epoch: str
    first_seen_at: datetime
    last_seen_at: datetime
    pending: int | None
    """Backlog: rows in its outbox without a receipt, as last reported."""
    oldest_pending_at: datetime | None
    dead_letters: int | None
    devices: list[DeviceView]
    decided_by: str | None
    decided_at: datetime | None


class LifeView(_View):
    """One life of a terminal's store, as far as the centre has it."""

    epoch: str
    newest: int
    complete_to: int
    missing: list[tuple[int, int]]
    """The first ranges of numbers that never arrived below `newest`."""


class TerminalDetailView(TerminalView):
    """A terminal with what the centre has of it."""

    lives: list[LifeView]


class RejectedView(_View):
    """An event that could not be taken; its bytes are kept."""

    epoch: str
    seq: int | None
    id: str
    code: str
    zh: str
    en: str
    received_at: datetime
    text: str
    """The bytes as text; what is no UTF-8 is replaced."""


class FactView(_View):
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


class ConflictView(_View):
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


class EvidenceView(_View):
    """One message that says so."""

    event: str
    terminal: str
    epoch: str
    seq: int
    hlc: int
    operator: str | None
    occurred_at: datetime | None
    received_at: datetime | None


class TimelineView(_View):
    """One fact with all its evidence, or one scan."""

    fact: FactView
    evidence: list[EvidenceView]
    conflict: ConflictView | None


class ProductView(_View):
    """A product of the catalogue."""

    id: str
    name: str
    spec: str
    maker: str
    insurance_class: str
    price: Decimal
    unit: str
    units_per_pack: int
    is_device: bool
    is_invented: bool

    @classmethod
    def of(cls, product: Product | None) -> ProductView | None:
        return None if product is None else cls.model_validate(product)


class CodeView(_View):
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


class LedgerView(_View):
    """One code of the ledger."""

    code: str
    state: State
    holder: str | None
    facts: list[StatedView]
    """What was done to the pack, scans apart, each fact once."""
    conflict_count: int
    changed_at: datetime


class LedgerPage(_View):
    """A part of the ledger, in the order of codes."""

    items: list[LedgerView]
    next: str | None
    """Give it as `after` to go on; null at the end."""


class ConflictedView(_View):
    """A code about which two facts cannot both be true."""

    code: str
    product: ProductView | None
    conflict_count: int
    conflicts: list[ConflictView]
    """The first of them."""
    institutions: list[str]
    """Those whose facts contradict each other, as far as `conflicts` names them."""
    changed_at: datetime


class ConflictedPage(_View):
    """A part of the codes in conflict, those that changed last first."""

    items: list[ConflictedView]
    next: str | None
    """Give it as `before` to go on; null at the end."""


class EventView(_View):
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


class EventPage(_View):
    """A part of the events, in the order of terminals' stores and numbers."""

    items: list[EventView]
    next: str | None


class MatchView(_View):
    """What a code stands for."""

    system: ProductSystem
    key: str
    level: PackLevel
    quantity: int
    """Smallest packs inside."""
    product: ProductView


class MoveView(_View):
    """A code that stood for one product and stands for another."""

    system: ProductSystem
    key: str
    before: str
    after: str


class LineProblemView(_View):
    """Why a line of a catalogue file cannot be used."""

    line: int
    column: str
    code: str
    words: WordsView


class ImportView(_View):
    """What importing a catalogue file does, or did."""

    added: list[str]
    changed: list[str]
    unchanged: int
    moved: list[MoveView]
    problems: list[LineProblemView]
    revision: int
    is_committed: bool


class AlarmView(_View):
    """Something a person should look at."""

    n: int
    terminal: str
    code: str
    subject: str
    zh: str
    en: str
    first_at: datetime
    last_at: datetime
    times: int

    @classmethod
    def of(cls, record: AlarmRecord) -> AlarmView:
        return AlarmView(
            n=record.n,
            terminal=record.terminal,
            code=record.code,
            subject=record.subject,
            zh=record.words.zh,
            en=record.words.en,
            first_at=moment(record.first_us),
            last_at=moment(record.last_us),
            times=record.times,
        )


class AlarmPage(_View):
    """A part of the alarms, the one that rang last first."""

    items: list[AlarmView]
    next: str | None
    """Give it as `before` to go on; null at the end."""
    total: int


class AuditView(_View):
    """One change and who made it."""

    n: int
    at: datetime
    who: str
    action: str
    subject: str
    detail: dict[str, Any]


class StatusView(_View):
    """The centre at a glance."""

    version: str
    epoch: str
    """Life of the store."""
    public_key: str
    """Hexadecimal; terminals check receipts with it."""
    fingerprint: str
    started_at: datetime
    is_connected: bool
    """The broker can be reached."""
    terminals: dict[Trust, int]
    products: int
    catalogue_revision: int
    conflicts: int
    """Codes in conflict; counting ends at `MOST_CONFLICTS`, 10,000."""
    tally: dict[str, int]
    """Since the start of this process; `docs/centre.md` explains each count."""


class HealthView(_View):
    """Whether the centre works."""

    is_ok: bool
