"""What the API answers about terminals: how they are, what they report, what was refused of them, what rang."""

from __future__ import annotations

from datetime import datetime

from server.api.views import View
from server.fleet import Standing
from server.store.alarms import AlarmRecord
from server.store.times import moment
from wire.receipts import Trust


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
