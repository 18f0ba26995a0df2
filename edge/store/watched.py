"""What the terminal remembers of its surroundings, so that a change is seen even if it was made while it was off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql

READ_RUN = "SELECT home, boot_id, alive_at, has_ended FROM last_run"
BEGIN_RUN = "INSERT OR REPLACE INTO last_run (only_row, home, boot_id, alive_at) VALUES (1, ?, ?, ?)"
NOTE_ALIVE = "UPDATE last_run SET alive_at = ?"
END_RUN = "UPDATE last_run SET alive_at = ?, has_ended = 1"
ALL_OCCUPANTS = "SELECT socket, usb_id, usb_serial, label FROM scanner_socket"
SAVE_OCCUPANT = "INSERT OR REPLACE INTO scanner_socket (socket, usb_id, usb_serial, label) VALUES (?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the terminal."""

    home: str
    """Where the store lived (`edge.store.life.home_of`)."""
    boot_id: str
    """Which start of the machine it was; empty if the system did not say."""
    alive_at: datetime
    """When this was last noted, by the device's clock."""
    has_ended: bool = False
    """It was stopped as it should be."""


@dataclass(frozen=True, slots=True)
class Occupant:
    """A device in a USB socket."""

    socket: str
    """The socket, by a name that a restart keeps."""
    usb_id: str
    """Vendor and product, such as 0c2e:0b61."""
    usb_serial: str
    """Empty if the device has no serial number."""
    label: str
    """What it calls itself."""


def last_run(tx: Connection) -> Run | None:
    """Return the run before; None if there was none."""
    found = sql.first(tx, READ_RUN)
    return None if found is None else Run(found[0], found[1], from_us(found[2]), bool(found[3]))


def begin_run(tx: Connection, run: Run) -> None:
    """Note that a run begins, in place of the one before."""
    sql.change(tx, BEGIN_RUN, (run.home, run.boot_id, to_us(run.alive_at)))


def note_alive(tx: Connection, now: datetime) -> None:
    """Note that the run goes on."""
    sql.change(tx, NOTE_ALIVE, (to_us(now),))


def end_run(tx: Connection, now: datetime) -> None:
    """Note that the run was stopped as it should be."""
    sql.change(tx, END_RUN, (to_us(now),))


def occupants(tx: Connection) -> dict[str, Occupant]:
    """Return the devices that were last seen, by socket."""
    return {row[0]: Occupant(*row) for row in sql.rows(tx, ALL_OCCUPANTS)}


def save_occupant(tx: Connection, occupant: Occupant) -> None:
    """Keep which device stands in a socket, in place of the one before."""
    sql.change(tx, SAVE_OCCUPANT, (occupant.socket, occupant.usb_id, occupant.usb_serial, occupant.label))
