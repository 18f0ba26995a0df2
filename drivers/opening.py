"""Opening device nodes: what the system's errors mean, and input that is older than the opening."""

from __future__ import annotations

import errno
import grp
import os
import stat
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from codes.words import Words
from drivers.errors import (
    DeviceBusyError,
    DeviceLostError,
    DeviceMissingError,
    DevicePermissionError,
    DeviceUnsupportedError,
    DriverError,
)

_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.ENODEV})
_HELD = frozenset({errno.EBUSY, errno.EAGAIN})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
_CHUNK = 65536


@contextmanager
def translated(device: str, path: str) -> Iterator[None]:
    """Turn the system's error on opening or setting up `path` into one of ours."""
    try:
        yield
    except OSError as exc:
        raise driver_error(device, path, exc) from exc


@contextmanager
def port_faults() -> Iterator[None]:
    """Turn what setting up a serial port raises besides into an error of the system: no such speed, a lost line."""
    try:
        yield
    except (ValueError, OverflowError) as exc:
        raise OSError(errno.EINVAL, str(exc)) from exc
    except termios.error as exc:
        raise OSError(*exc.args) from exc


def driver_error(device: str, path: str, error: OSError) -> DriverError:
    """Say what an error of the system means for this device."""
    if error.errno in _ABSENT:
        return DeviceMissingError(device, path)
    if error.errno in _FORBIDDEN:
        return DevicePermissionError(device, path, group_of(path))
    if error.errno in _HELD:
        return DeviceBusyError(device, path)
    if error.errno == errno.EIO:
        return DeviceLostError(device, path)
    return DeviceUnsupportedError(
        device,
        Words(
            f"{device}：{path} 不能按配置的方式使用（{error}）。",
            f"{device}: {path} cannot be used as configured ({error}).",
        ),
    )


@contextmanager
def opened_node(device: str, path: str, claim: Callable[[int], object]) -> Iterator[tuple[int, bool]]:
    """Open a device node, or a named pipe that stands for one; tell which. Closes it at the end.

    `claim` sets a real node up: it makes the calls that only this kind of device answers. A node forgets its unread
    input when it is closed, but a pipe keeps it as long as someone writes: what a reader before us left in a pipe is
    thrown away, because the end of a scan that it began to read must not pass for a scan.
    """
    with translated(device, path):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        with translated(device, path):
            is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
            if is_pipe:
                _drain(descriptor)
            else:
                claim(descriptor)
        yield descriptor, is_pipe
    finally:
        os.close(descriptor)


def _drain(descriptor: int) -> None:
    while _has_input(descriptor):
        pass


def _has_input(descriptor: int) -> bool:
    try:
        return bool(os.read(descriptor, _CHUNK))
    except BlockingIOError:
        return False


def group_of(path: str) -> str:
    """Return the name of the group that owns a node; its number where it has no name."""
    try:
        group = Path(path).stat().st_gid
    except OSError:
        return "?"
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)
