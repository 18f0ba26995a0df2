"""How the terminal feels: plain values, gathered by `edge.status`, shown by the API and reported to the centre.

Being without a line is no fault of the terminal: it goes on working, and its health stays good (T-66).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from codes.words import Words
from drivers.scanner.unlisted import Unlisted
from edge.store.catalogue import CatalogueImport
from edge.store.quota import QuotaState

CLOCK_OFF_MS = 5_000
"""A device clock further than this from the centre's is flagged (T-12)."""


class DeviceState(StrEnum):
    """Where a device stands."""

    OPENING = "opening"
    """Being opened, or waiting to be tried again."""
    READY = "ready"
    SILENT = "silent"
    """Plugged in and read, yet nothing comes where something should have (`edge.charge`)."""
    LOST = "lost"
    """Not there, or not to be had: tried again by itself."""
    FAILED = "failed"
    """A person has to look at it; tried again, but rarely."""


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """One device of the terminal."""

    device: str
    """As the configuration names it."""
    state: DeviceState
    scans: int
    """What it read and the counter recorded, or will in a moment."""
    restarts: int
    """How often it had to be opened again."""
    problem: str | None = None
    """Stable code of what is wrong now."""
    words: Words | None = None
    next_step: Words | None = None
    gs_ok: bool | None = None
    """The scanner set-up has shown that group separators arrive, or that they do not; None if nobody has looked."""
    set_up_at: datetime | None = None
    """When the set-up was last gone through."""
    set_up_findings: tuple[str, ...] = ()
    """Stable codes of what it found."""
    refused: int = 0
    """What it read and the counter did not record, because the store was full or it stumbled; each was said aloud."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about the terminal that lasts until it passes or a person acts."""

    code: str
    """Stable, dotted."""
    words: Words
    next_step: Words
    is_alarm: bool = True
    """False for what may pass by itself or stops nothing."""
    device: str | None = None
    """The device that it is about, if that works apart from this."""


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """The way to the centre."""

    is_up: bool
    """The line to the broker is open."""
    pending: int
    held: int
    dead: int
    delivered: int | None
    """Delivered and still kept; None in what is told live, because a month of rows is not counted every second."""
    oldest_pending_at: datetime | None
    last_receipt_at: datetime | None
    """When the centre last said that it has something."""
    is_enabled: bool = True
    """The terminal is meant to have a line. Without one it is switched off, not offline."""
    problem: Trouble | None = None
    """Why nothing goes up, or why the centre cannot be believed. Gone when it does, and with the next good receipt."""


class LampState(StrEnum):
    """What a lamp shows."""

    OK = "ok"
    NOTICE = "notice"
    """It works, and a person should know something."""
    DOWN = "down"
    """It does not work now. No fault of the terminal by itself (T-66)."""
    OFF = "off"
    """It is not meant to work, or not yet."""


@dataclass(frozen=True, slots=True)
class Lamp:
    """One of the two ways out of the shop, of which either may be down alone."""

    state: LampState
    code: str
    """Stable, dotted."""
    words: Words


_UNKNOWN: Final = Lamp(LampState.OFF, "lamp.unknown", Words("尚不清楚", "not known yet"))
NO_SETTLEMENT: Final = Lamp(
    LampState.OFF,
    "settlement.not_configured",
    Words(
        "医保结算未接入，本机只办理自费销售",
        "Insured settlement is not connected; this terminal sells to self-paying customers only",
    ),
)
"""Where the configuration has no national interface."""


@dataclass(frozen=True, slots=True)
class Lamps:
    """The two ways out."""

    sync: Lamp = _UNKNOWN
    """Records to the centre, receipts back."""
    settlement: Lamp = NO_SETTLEMENT
    """Insured settlement with the national interface."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The box the terminal runs on. None where the system does not say."""

    disk_free_bytes: int | None = None
    """On the disk of the data folder, for the account of the terminal."""
    disk_total_bytes: int | None = None
    pss_bytes: int | None = None
    """Memory of the terminal and its children, shared pages counted in part."""
    rss_bytes: int | None = None
    memory_available_bytes: int | None = None
    """Of the whole box."""
    temperature_c: float | None = None
    """The hottest sensor."""
    load: float | None = None
    """Mean number of running tasks over one minute."""
    cores: int | None = None


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """One certificate of the configuration."""

    use: str
    """The option that names it, such as `link.certificate_file`."""
    expires_at: datetime | None
    """None if it cannot be read any more."""


@dataclass(frozen=True, slots=True)
class ConfigRevision:
    """Which configuration is in use, and which one is in the file."""

    applied: str
    """Digest of the file as it was when the terminal started."""
    wanted: str | None
    """Digest of the file as it is now; None if it cannot be read."""


@dataclass(frozen=True, slots=True)
class QuotaStatus:
    """How full the store is (T-08)."""

    state: QuotaState
    used_percent: int
    """Of the room that there is; 100 if there is none."""
    used_bytes: int
    capacity_bytes: int
    """What the configuration grants, or what the disk has, whichever is less."""


@dataclass(frozen=True, slots=True)
class SitePeer:
    """Another terminal of this site."""

    terminal: str
    is_heard: bool
    """What it sold is known up to now."""
    heard_at: datetime | None
    """When it was last heard, by the device's clock."""
    problem: str | None = None
    """Stable code of why it is not heard now."""
    words: Words | None = None
    next_step: Words | None = None
    is_missing: bool = False
    """It was not heard for more than an hour."""


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """The terminals of this site that tell each other what they sold."""

    peers: tuple[SitePeer, ...] = ()
    """None if the terminal works by itself."""
    problem: Trouble | None = None
    """Why the others cannot ask this one."""


class LineHealth(StrEnum):
    """How the way to the national interface is."""

    UP = "up"
    """The connection is open, or the last message was answered."""
    UNTRIED = "untried"
    """Nothing was asked yet, and no connection is kept."""
    NO_LINE = "no_line"
    """There is no connection."""
    NO_ANSWER = "no_answer"
    """The last message was not answered."""


@dataclass(frozen=True, slots=True)
class VisitsStatus:
    """Steps of visits of which the hospital's system has to be told."""

    untold: int = 0
    oldest_untold_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class InterfaceStatus:
    """The national interface, where the terminal settles with the insurance."""

    way: str
    """`mqtt` or `http`."""
    line: LineHealth
    is_up: bool
    """An insured settlement may be tried now."""
    last_answer_at: datetime | None
    """When something was last answered since the start, yes or no."""
    open: int
    """Messages whose outcome is not known, those that are just being asked included."""
    oldest_open_at: datetime | None
    stuck: tuple[str, ...]
    """Of these, the ids (`msgid`) of those of which the terminal cannot find out by itself."""
    signed_in: bool
    """The operator of the open shift is signed in to it (9001)."""
    problem: Trouble | None = None
    """Why the operator is not, where that is demanded."""
    answered: int = 0
    """Messages since the start, by what became of them."""
    unanswered: int = 0
    not_sent: int = 0


@dataclass(frozen=True, slots=True)
class TerminalStatus:
    """Everything a screen or a technician wants to know at a glance."""

    terminal: str
    label: str
    institution: str
    area: str
    versions: dict[str, str]
    epoch: str
    """The life of the store."""
    fingerprint: str
    """Of the terminal's key, to be compared with the console by eye."""
    public_key: str
    is_approved: bool | None
    """Whether the centre takes our records; None before it has said anything."""
    sync: SyncStatus
    devices: tuple[DeviceStatus, ...]
    clock_offset_ms: int | None
    is_clock_off: bool
    catalogue: CatalogueImport | None
    catalogue_problem: Trouble | None
    """The file of the configuration was refused, or lines of it were left out."""
    operator: str | None
    credentials_seen: int
    started_at: datetime
    lamps: Lamps = Lamps()
    machine: Machine = Machine()
    certificates: tuple[CertificateStatus, ...] = ()
    config: ConfigRevision | None = None
    """None if the terminal was not started from a file."""
    models: dict[str, str] = field(default_factory=dict)
    """SHA-256 by name of each learned model in use."""
    troubles: tuple[Trouble, ...] = ()
    """Everything a person should know, alarms first."""
    unlisted_devices: tuple[Unlisted, ...] = ()
    """What is plugged in and looks like a scanner or reader, but is not read, each with the reason."""
    quota: QuotaStatus | None = None
    """How full the store is; None before the first look."""
    site: SiteStatus = SiteStatus()
    interface: InterfaceStatus | None = None
    """None where the terminal does not settle with the insurance."""
    visits: VisitsStatus = VisitsStatus()

    @property
    def is_well(self) -> bool:
        """Nothing here needs a person. A line that is down does not (T-66)."""
        return not any(trouble.is_alarm for trouble in self.troubles)


def is_clock_off(offset_ms: int | None) -> bool:
    """Tell whether the device clock is far from the centre's."""
    return offset_ms is not None and abs(offset_ms) > CLOCK_OFF_MS
