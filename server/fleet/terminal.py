"""A terminal as a person sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from server.store.terminals import TerminalRow
from server.store.times import micros, moment, moment_or_none
from wire.keys import PublicKey
from wire.presence import DeviceHealth, Health, PresenceState, decode_health
from wire.receipts import Trust

SILENT_AFTER = timedelta(seconds=100)
"""Three missed health reports: the broker says online, but nothing has been heard."""


CLOCK_OFF_MS = 5_000
"""A device clock further than this from ours is flagged."""


class Standing(StrEnum):
    """Whether a terminal is there."""

    ONLINE = "online"
    SILENT = "silent"
    """It counts as connected, but has not reported for too long."""
    STOPPED = "stopped"
    """Somebody stopped it."""
    LOST = "lost"
    """Its connection broke."""


@dataclass(frozen=True, slots=True)
class Life:
    """One life of a terminal's store, as far as the centre has it."""

    epoch: str
    newest: int
    """The highest number that arrived."""
    complete_to: int
    """Everything up to here arrived."""
    missing: Sequence[tuple[int, int]]
    """The first ranges that are missing below `newest`."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """One terminal of the registry."""

    id: str
    area: str
    label: str
    institution: str
    trust: Trust
    fingerprint: str
    """Of its public key, to be compared with what the terminal shows."""
    standing: Standing
    version: str
    epoch: str
    first_seen_at: datetime
    last_seen_at: datetime
    pending: int | None
    """Rows that wait in its outbox, as last reported."""
    oldest_pending_at: datetime | None
    dead_letters: int | None
    devices: Sequence[DeviceHealth]
    decided_by: str | None
    """Who approved or revoked it."""
    decided_at: datetime | None
    health: Health | None = None
    """The last report, whole; None before the first one."""
    reported_at: datetime | None = None
    """When that came, by the centre's clock."""

    @property
    def is_clock_off(self) -> bool:
        """Its clock was far from ours when it last measured (T-12)."""
        offset_ms = None if self.health is None else self.health.clock_offset_ms
        return offset_ms is not None and abs(offset_ms) > CLOCK_OFF_MS


_devices_decoder = msgspec.json.Decoder(list[DeviceHealth])


def terminal_of(row: TerminalRow, now: datetime) -> Terminal:
    """Return what a registry row says at `now`."""
    return Terminal(
        id=row.id,
        area=row.area,
        label=row.label,
        institution=row.institution,
        trust=Trust(row.trust),
        fingerprint=PublicKey(row.public_key).fingerprint,
        standing=_standing(row, now),
        version=row.version,
        epoch=row.epoch,
        first_seen_at=moment(row.first_seen_us),
        last_seen_at=moment(row.last_seen_us),
        pending=row.pending,
        oldest_pending_at=moment_or_none(row.oldest_pending_us),
        dead_letters=row.dead_letters,
        devices=_devices_decoder.decode(row.devices) if row.devices else [],
        decided_by=row.decided_by,
        decided_at=moment_or_none(row.decided_us),
        health=None if row.health is None else decode_health(row.health.encode()),
        reported_at=moment_or_none(row.health_us),
    )


def _standing(row: TerminalRow, now: datetime) -> Standing:
    if row.presence == PresenceState.ONLINE and micros(now - SILENT_AFTER) > row.last_seen_us:
        return Standing.SILENT
    return Standing(row.presence)
