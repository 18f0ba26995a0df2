"""What the set-up learned of each scanner (`drivers.scanner.profile`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
import structlog
from sqlalchemy import Connection

from drivers.scanner.profile import Profile
from edge.clock import from_us, to_us
from edge.store import sql
from wire.errors import UNDECODABLE

SAVE_PROFILE = """
INSERT INTO scanner_profile (device, learned, gs_ok, tested_at) VALUES (?, ?, ?, ?)
ON CONFLICT (device) DO UPDATE SET
    learned = excluded.learned, gs_ok = excluded.gs_ok, tested_at = excluded.tested_at
"""
FIND_GS = "SELECT gs_ok FROM scanner_profile WHERE device = ?"
ALL_PROFILES = "SELECT device, learned, tested_at FROM scanner_profile ORDER BY device"

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """A profile and when it was made."""

    profile: Profile
    tested_at: datetime


def save_profile(tx: Connection, profile: Profile, now: datetime) -> None:
    """Keep what was learned of a scanner, in place of what was known."""
    gs_ok = None if profile.gs_ok is None else int(profile.gs_ok)
    sql.change(tx, SAVE_PROFILE, (profile.device, msgspec.json.encode(profile).decode(), gs_ok, to_us(now)))


def find_gs_ok(tx: Connection, device: str) -> bool | None:
    """Return whether group separators of this scanner arrive; None if the set-up has not shown it."""
    found = sql.first(tx, FIND_GS, (device,))
    return None if found is None or found[0] is None else bool(found[0])


def all_profiles(tx: Connection) -> Mapping[str, StoredProfile]:
    """Return every profile by its device, without those that another version wrote and this one cannot read."""
    profiles = {}
    for device, learned, tested_at in sql.rows(tx, ALL_PROFILES):
        try:
            profile = msgspec.json.decode(learned, type=Profile)
        except UNDECODABLE as exc:
            _logger.warning("scanner_profile.unreadable", device=device, reason=str(exc))
            continue
        profiles[device] = StoredProfile(profile, from_us(tested_at))
    return profiles
