"""The doctor names a device beside the till that cannot be used, with the next step."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.checks.counter_devices import check_counter_devices
from cli.checks.finding import Finding, Level
from edge.config import EdgeConfig


def found(**tables: dict[str, object]) -> list[Finding]:
    terminal = {"id": "counter-1", "area": "350200", "institution": "P1"}
    return list(check_counter_devices(EdgeConfig(terminal=terminal, **tables)))


def test_a_terminal_without_such_devices_has_nothing_to_hear():
    assert found() == []


@pytest.mark.parametrize("device", ["voucher", "card"])
def test_a_library_is_loaded_or_named_with_what_it_lacks(tmp_path, device):
    kind = {"voucher": "national", "card": "heasec"}[device]
    missing, loaded, lacking = (
        found(**{device: {"kind": kind, "library": library, "preload": preload}})[0]
        for library, preload in (
            (tmp_path / "lib.so", ()),
            (Path("libc.so.6"), ()),
            (Path("libc.so.6"), ("libnowhere.so",)),
        )
    )
    assert (missing.code, missing.level) == ("vendor.no_such_file", Level.FAULT)
    assert str(tmp_path / "lib.so") in missing.words.zh
    assert (loaded.code, loaded.level) == ("device.library", Level.OK)
    assert (lacking.code, lacking.level) == ("vendor.needs", Level.FAULT)
    assert "libnowhere.so" in lacking.words.en
    assert "preload" in lacking.next_step.zh


def test_a_secret_that_others_may_read_and_a_twin_in_earnest_are_faults(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x", encoding="utf-8")
    secret.chmod(0o644)
    card = {"kind": "heasec", "library": Path("libc.so.6"), "start": {"PASSWORD": {"file": str(secret)}}}
    assert [one.code for one in found(card=card)] == ["device.library", "config.secret_file"]
    assert [one.level for one in found(voucher={"kind": "simulated", "folder": tmp_path})] == [Level.FAULT]


def test_a_node_that_is_missing_or_none_is_a_fault_with_its_own_next_step(tmp_path):
    pipe, file = tmp_path / "pipe", tmp_path / "file"
    os.mkfifo(pipe)
    file.touch()
    assert found(pinpad={"path": str(pipe)})[0].level is Level.OK
    assert found(pinpad={"path": str(file)})[0].code == "driver.unsupported"
    (gone,) = found(wedge={"kind": "uinput", "path": str(tmp_path / "gone")})
    assert (gone.code, "modprobe" in gone.next_step.en) == ("driver.no_such_device", True)
    (gadget,) = found(wedge={"kind": "hidg", "path": str(tmp_path / "gone")})
    assert "USB" in gadget.next_step.en


def test_a_port_that_is_made_here_needs_a_folder_and_a_free_name(tmp_path):
    taken = tmp_path / "taken"
    taken.touch()
    assert found(wedge={"kind": "pty", "path": str(tmp_path / "tty")})[0].level is Level.OK
    assert found(wedge={"kind": "pty", "path": str(taken)})[0].level is Level.FAULT
    assert found(wedge={"kind": "pty", "path": str(tmp_path / "no" / "tty")})[0].level is Level.FAULT


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_node_that_the_account_may_not_open_is_named_with_its_group(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o000)
    assert found(pinpad={"path": str(pipe)})[0].code == "driver.permission"
