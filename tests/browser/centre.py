"""A real centre with a small fleet and a morning of facts, made of real frames, and its console in front."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from fastapi import FastAPI

from rules.catalogue import parse_catalogue
from server.api.application import create_app
from server.centre import Centre, build_centre
from server.config import CentreConfig, ServerConfig, StoreConfig
from server.console import mount_console
from server.people.roles import COMMAND_LINE, Role
from tests.server.fake_terminal import FakeTerminal, code_of, dispensed, received, scanned
from wire import presence
from wire.presence import DeviceHealth, Health, PresenceState
from wire.topics import Channel

ROOT = Path(__file__).parents[2]
PASSWORD = "browser-test-1"
SOLD_TWICE = code_of(1)
SOLD = code_of(2)
IN_STOCK = code_of(3)
UNKNOWN = code_of(99)


@dataclass
class ConsoleStage:
    """A centre and what may be done to it."""

    centre: Centre
    app: FastAPI
    east: FakeTerminal
    west: FakeTerminal

    def deliver(self, terminal: FakeTerminal, *frozen: bytes) -> None:
        """Let the centre take one batch."""
        self.centre.ingest.take_many([terminal.frame(*frozen)], self.centre.now())


@contextmanager
def staged_console(folder: Path, *, is_empty: bool = False) -> Iterator[ConsoleStage]:
    """Make a centre in `folder`, with nothing in it or with a fleet and facts."""
    config = ServerConfig(
        centre=CentreConfig(key_file=folder / "centre.key"), store=StoreConfig(url=f"sqlite:///{folder / 'centre.db'}")
    )
    centre = build_centre(config)
    now = datetime.now(UTC)
    for name, role in (("admin", Role.ADMIN), ("inspector", Role.INSPECTOR)):
        centre.accounts.add(name, role, by=COMMAND_LINE, now=now, password=PASSWORD)
    app = create_app(centre, is_connected=lambda: True, hears_terminals=lambda: True)
    mount_console(app, centre)
    east = FakeTerminal(name="T-0101", institution="P35020300101", epoch="019aa3f0-5c00-7000-8000-00000000e001")
    west = FakeTerminal(name="T-0201", institution="P35020300201", epoch="019aa3f0-5c00-7000-8000-00000000e002")
    stage = ConsoleStage(centre, app, east, west)
    try:
        if not is_empty:
            _play_morning(stage, now)
        yield stage
    finally:
        centre.close()


def _play_morning(stage: ConsoleStage, now: datetime) -> None:
    centre = stage.centre
    file = parse_catalogue((ROOT / "config" / "seed" / "catalogue.csv").read_bytes())
    centre.matching.import_file(file, by=COMMAND_LINE, now=now)
    _announce(centre, stage.east, "云麓药店 1 号柜台", now)
    _announce(centre, stage.west, "北岭药店 2 号柜台", now)
    _announce(centre, FakeTerminal(name="T-0301", institution="P35020300301"), "青渚医院药房", now, is_approved=False)
    gone = FakeTerminal(name="T-0401", institution="P35020300401")
    _announce(centre, gone, "明夏药店 1 号柜台", now)
    then = now - timedelta(hours=2)
    centre.fleet.note_health(*_health(gone, now, pending=214, oldest=then), then)
    centre.fleet.note_presence(*gone.presence(PresenceState.LOST, at=now), then)
    stranger = FakeTerminal(name=stage.west.name, institution="P35020300201")
    centre.fleet.note_presence(*stranger.presence(at=now), now)
    east, west = stage.east, stage.west
    stage.deliver(east, *(east.say(received(code_of(number))) for number in range(1, 4)))
    stage.deliver(east, east.say(scanned(SOLD_TWICE)), east.say(scanned(SOLD)))
    stage.deliver(east, east.say(dispensed(SOLD_TWICE, SOLD)))
    west.hlc = east.hlc + 3_600_000_000
    stage.deliver(west, west.say(scanned(SOLD_TWICE, sale="S9")), west.say(dispensed(SOLD_TWICE, sale="S9")))


def _announce(centre: Centre, terminal: FakeTerminal, label: str, now: datetime, *, is_approved: bool = True) -> None:
    said = presence.Presence(
        v=1,
        terminal=terminal.name,
        session="s1",
        state=PresenceState.ONLINE,
        at=now,
        epoch=terminal.epoch,
        public_key=terminal.key.public.raw.hex(),
        institution=terminal.institution,
        label=label,
        version="0.1.0",
    )
    centre.fleet.note_presence(*terminal.sealed(presence.encode(said), Channel.PRESENCE), now)
    if is_approved:
        centre.fleet.approve(terminal.name, by=COMMAND_LINE, now=now)
    centre.fleet.note_health(*_health(terminal, now), now)


def _health(
    terminal: FakeTerminal, at: datetime, pending: int = 0, oldest: datetime | None = None
) -> tuple[str, bytes]:
    report = Health(
        v=1,
        terminal=terminal.name,
        session="s1",
        at=at,
        pending=pending,
        dead_letters=0,
        oldest_pending_at=oldest,
        devices=[DeviceHealth("serial:left", "ready", 12, 0), DeviceHealth("keyboard:right", "ready", 3, 1)],
    )
    return terminal.sealed(msgspec.json.encode(report), Channel.HEALTH)
