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
from server.store.alarms import AlarmRecord
from server.store.terminals import Trust
from server.store.times import moment
from server.trace.standing import ConflictNote

MOST_CONFLICTS: Final = 10_000
"""Codes in conflict that are counted: the glance must stay quick, and beyond it nobody needs the number."""


class View(BaseModel):
    """What an answer is made of; it reads the fields of our own records."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)


class WordsView(View):
    """A sentence in both languages."""

    zh: str
    en: str


class DeviceView(View):
    """One device of a terminal, as it last reported."""

    device: str
    state: str
    scans: int
    restarts: int
    problem: str | None
    gs_ok: bool | None = None
    """The scanner set-up has shown that group separators arrive, or not; null if nobody has looked."""


class LampView(View):
    """One of the two ways out of the shop."""

    state: str
    """`ok`, `notice`, `down`, `off`."""
    code: str
    zh: str
    en: str


class TroubleView(View):
    """Something that a person should know of a terminal."""

    code: str
    zh: str
    en: str
    next_zh: str
    next_en: str
    is_alarm: bool


class MachineView(View):
    """The box a terminal runs on; null where it does not say."""

    disk_free_bytes: int | None
    disk_total_bytes: int | None
    pss_bytes: int | None
    """Memory of the terminal and its children."""
    memory_available_bytes: int | None
    temperature_c: float | None
    load: float | None
    cores: int | None


class CertificateView(View):
    """A certificate of a terminal's configuration."""

    use: str
    expires_at: datetime | None


class HealthReportView(View):
    """What a terminal last said of itself. Reports of older versions leave parts out."""

    held: int
    sync: LampView | None
    settlement: LampView | None
    troubles: list[TroubleView]
    """Alarms first."""
    clock_offset_ms: int | None
    """Centre clock minus device clock."""
    machine: MachineView | None
    certificates: list[CertificateView]
    config_applied: str | None
    """Digest of the configuration in use."""
    config_wanted: str | None
    """Digest of its file; another one takes effect at the next start."""
    models: dict[str, str]
    started_at: datetime | None
    quota_state: str | None
    """How full its store is: `ok`, `notice`, `low`, `alarm`, `full`."""
    quota_percent: int | None


class TerminalView(View):
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
    is_clock_off: bool
    """Its clock is more than five seconds from ours."""
    reported_at: datetime | None
    """When the last report came, by the centre's clock."""
    health: HealthReportView | None
    """Null before the first report."""


class LifeView(View):
    """One life of a terminal's store, as far as the centre has it."""

    epoch: str
    newest: int
    complete_to: int
    missing: list[tuple[int, int]]
    """The first ranges of numbers that never arrived below `newest`."""


class TerminalDetailView(TerminalView):
    """A terminal with what the centre has of it."""

    lives: list[LifeView]


class RejectedView(View):
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


class EvidenceView(View):
    """One message that says so."""

    event: str
    terminal: str
    epoch: str
    seq: int
    hlc: int
    operator: str | None
    occurred_at: datetime | None
    received_at: datetime | None


class TimelineView(View):
    """One fact with all its evidence, or one scan."""

    fact: FactView
    evidence: list[EvidenceView]
    conflict: ConflictView | None


class ProductView(View):
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


class MatchView(View):
    """What a code stands for."""

    system: ProductSystem
    key: str
    level: PackLevel
    quantity: int
    """Smallest packs inside."""
    product: ProductView


class MoveView(View):
    """A code that stood for one product and stands for another."""

    system: ProductSystem
    key: str
    before: str
    after: str


class LineProblemView(View):
    """Why a line of a catalogue file cannot be used."""

    line: int
    column: str
    code: str
    words: WordsView


class ImportView(View):
    """What importing a catalogue file does, or did."""

    taken: int
    """Lines that can be used."""
    left_out: int
    """Lines that cannot; `problems` says why."""
    added: list[str]
    changed: list[str]
    unchanged: int
    moved: list[MoveView]
    problems: list[LineProblemView]
    revision: int
    is_committed: bool


class AlarmView(View):
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


class AlarmPage(View):
    """A part of the alarms, the one that rang last first."""

    items: list[AlarmView]
    next: str | None
    """Give it as `before` to go on; null at the end."""
    total: int


class StatusView(View):
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


class HealthView(View):
    """Whether the centre works."""

    is_ok: bool
