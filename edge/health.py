"""How the terminal feels: plain values, gathered by `edge.app`, shown by the API and reported to the centre.

Being without a line is no fault of the terminal: it goes on working, and its health stays good (T-66).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from codes.words import Words
from edge.store.catalogue import CatalogueImport

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


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about the terminal as a whole that lasts until a person acts."""

    code: str
    """Stable, dotted."""
    words: Words
    next_step: Words
    is_alarm: bool = True
    """False for what may pass by itself or stops nothing."""


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


def is_clock_off(offset_ms: int | None) -> bool:
    """Tell whether the device clock is far from the centre's."""
    return offset_ms is not None and abs(offset_ms) > CLOCK_OFF_MS
