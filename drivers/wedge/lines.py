"""Wedges over a serial line, which send codes as a serial scanner does.

To a port that leads somewhere (a cable, or /dev/ttyGS* towards another machine), or to one that is made here: software
on this machine opens its link as it would a scanner's. What nobody has open takes nothing: a code that is read when
the software comes an hour later would be scanned into the wrong sale.
"""

from __future__ import annotations

import errno
import grp
import os
import select
import tty
from dataclasses import dataclass
from pathlib import Path

import serial

from drivers.opening import port_faults
from drivers.wedge.errors import WedgeStuckError
from drivers.wedge.node import NodeWedge, opened

_OURS_AND_THE_GROUPS = 0o660
_LINE_END = b"\r"


@dataclass(frozen=True, slots=True)
class LineSettings:
    """Where and how codes go out."""

    path: str
    """The port; for one that is made here, the link under which it is found."""
    name: str = ""
    suffix: bytes = b"\r"
    baud: int = 9600
    group: str = ""
    """Who besides our account may open a port that is made here; its software seldom runs as ours."""

    @property
    def device(self) -> str:
        return f"wedge:{self.name or self.path}"


def make_serial_wedge(settings: LineSettings) -> NodeWedge:
    """Return the way out over a port that is there."""

    def set_up(_: int) -> None:
        # Speed and frame belong to the port, so they outlive this second opening of it.
        with port_faults():
            serial.Serial(settings.path, settings.baud).close()

    return NodeWedge(
        settings.device,
        settings.path,
        opening=lambda: opened(settings.path, set_up),
        pieces=lambda code: [code + settings.suffix],
        release=[settings.suffix or _LINE_END],
        is_hung_up=_is_hung_up,
    )


def make_pty_wedge(settings: LineSettings) -> NodeWedge:
    """Return the way out over a port that is made here, as a pseudo-terminal."""
    link = Path(settings.path)
    master, port = -1, ""

    def opening() -> int:
        nonlocal master, port
        master, slave = os.openpty()
        port = os.ttyname(slave)
        try:
            os.set_blocking(master, False)
            tty.setraw(slave)
            if settings.group:
                os.fchown(slave, -1, _number_of(settings.group))
                os.fchmod(slave, _OURS_AND_THE_GROUPS)
            _refuse_file(link)
            made = link.with_name(f"{link.name}.new")
            made.unlink(missing_ok=True)
            made.symlink_to(port)
            made.replace(link)
        except BaseException:
            os.close(master)
            raise
        finally:
            os.close(slave)
        return master

    def closing() -> None:
        # Not one that somebody else has made there meanwhile.
        if link.is_symlink() and str(link.readlink()) == port:
            link.unlink()

    def pieces(code: bytes) -> list[bytes]:
        if _is_hung_up(master):
            raise WedgeStuckError(settings.device, 0, 1)
        return [code + settings.suffix]

    return NodeWedge(
        settings.device,
        settings.path,
        opening=opening,
        pieces=pieces,
        release=[settings.suffix or _LINE_END],
        closing=closing,
    )


def _refuse_file(link: Path) -> None:
    if link.exists() and not link.is_symlink():
        raise FileExistsError(errno.EEXIST, "there is a file of this name")


def _number_of(group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError as exc:
        raise OSError(errno.EINVAL, f"no group {group}") from exc


def _is_hung_up(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return any(events & (select.POLLHUP | select.POLLNVAL) for _, events in poll.poll(0))
