"""The system's errors, told as what the reader can do."""

from __future__ import annotations

import errno
import grp
import os
import termios

import pytest

from codes.errors import ConfigError, TransientError
from drivers.errors import (
    DeviceBusyError,
    DeviceLostError,
    DeviceMissingError,
    DevicePermissionError,
    DeviceUnsupportedError,
    DriverError,
)
from drivers.opening import driver_error, opened_node, port_faults, translated


@pytest.mark.parametrize(
    ("number", "kind", "is_worth_another_try"),
    [
        (errno.ENOENT, DeviceMissingError, True),
        (errno.ENODEV, DeviceMissingError, True),
        (errno.ENXIO, DeviceMissingError, True),
        (errno.EACCES, DevicePermissionError, True),
        (errno.EPERM, DevicePermissionError, True),
        (errno.EBUSY, DeviceBusyError, True),
        (errno.EAGAIN, DeviceBusyError, True),
        (errno.EIO, DeviceLostError, True),
        (errno.ENOTTY, DeviceUnsupportedError, False),
        (None, DeviceUnsupportedError, False),
    ],
)
def test_each_error_of_the_system_has_its_meaning(number, kind, is_worth_another_try):
    error = driver_error("serial:left", "/dev/null", OSError(number, "text of the system"))
    assert type(error) is kind
    assert isinstance(error, TransientError if is_worth_another_try else ConfigError)
    assert error.device == "serial:left"
    for language in ("zh", "en"):
        assert "serial:left" in error.words.of(language)
        assert "/dev/null" in error.words.of(language)
        assert error.next_step.of(language)


def test_missing_permission_names_the_group_that_has_it(tmp_path):
    port = tmp_path / "port"
    port.write_bytes(b"")
    error = driver_error("serial:left", str(port), PermissionError(errno.EACCES, "no"))
    assert isinstance(error, DevicePermissionError)
    assert error.group == grp.getgrgid(os.getgid()).gr_name
    assert error.group in error.words.zh
    assert "dialout" in error.next_step.zh


def test_a_group_without_a_name_is_named_by_number(tmp_path):
    port = tmp_path / "port"
    port.write_bytes(b"")
    try:
        os.chown(port, -1, 54321)
    except PermissionError:
        pytest.skip("only root may give a file to a group that nobody is in")
    error = driver_error("serial:left", str(port), PermissionError(errno.EACCES, "no"))
    assert isinstance(error, DevicePermissionError)
    assert error.group == "54321"


def test_a_node_that_vanished_meanwhile_has_no_group(tmp_path):
    error = driver_error("serial:left", str(tmp_path / "gone"), PermissionError(errno.EACCES, "no"))
    assert isinstance(error, DevicePermissionError)
    assert error.group == "?"


def test_errors_that_are_already_ours_pass_unchanged():
    with pytest.raises(DeviceLostError), translated("serial:left", "/dev/null"):
        raise DeviceLostError("serial:left", "/dev/null")


def test_a_node_that_cannot_be_claimed_is_closed_again(tmp_path):
    pipe_like = tmp_path / "node"
    pipe_like.write_bytes(b"")
    seen = []

    def claim(descriptor: int) -> None:
        seen.append(descriptor)
        raise OSError(errno.EBUSY, "grabbed by another")

    with pytest.raises(DeviceBusyError), opened_node("keyboard:left", str(pipe_like), claim):
        pass
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(seen[0])


@pytest.mark.parametrize("raised", [ValueError("no such speed"), OverflowError("too fast"), termios.error(5, "gone")])
def test_what_setting_up_a_port_raises_becomes_an_error_of_the_device(raised):
    with pytest.raises(DriverError) as caught, translated("pinpad:x", "/dev/x"), port_faults():
        raise raised
    assert isinstance(caught.value, DeviceLostError if isinstance(raised, termios.error) else DeviceUnsupportedError)
