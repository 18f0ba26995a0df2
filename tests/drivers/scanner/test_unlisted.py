"""What is plugged in and not read is named, with the reason and what to do about it."""

from __future__ import annotations

import os

import pytest

from drivers.scanner import parse_spec
from drivers.scanner.unlisted import Unlisted, list_unlisted, may_open
from tests.drivers.scanner.machine import KEYBOARD_DESCRIPTOR, KEYBOARD_KEYS, POS_DESCRIPTOR, Machine

MAKERS_OWN = bytes.fromhex("0600ff0901a101")
MOUSE = bytes.fromhex("05010902a101")
MAGNETIC = bytes.fromhex("058e0901a101")
SCALE = bytes.fromhex("058d0920a101")


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path)
    machine.node(machine.usb("1", serial="S1"), "tty", "ttyACM0")
    machine.node(machine.usb("2"), "input", "event7", capabilities__key=KEYBOARD_KEYS)
    machine.node(machine.usb("3"), "hidraw", "hidraw1", report_descriptor=POS_DESCRIPTOR)
    return machine


def listed(machine, *lines: str, **how: object) -> list[Unlisted]:
    specs = [parse_spec(line) for line in lines]
    return list(list_unlisted(specs, dev=machine.dev, sysfs=machine.sysfs, **how))


def codes(found: list[Unlisted]) -> list[tuple[str, str]]:
    return [(one.node.rpartition("/")[2], one.code) for one in found]


def test_what_the_configuration_does_not_name_is_listed_with_the_line_to_write(machine):
    found = listed(machine)
    assert codes(found) == [(node, "scanner.not_configured") for node in ("ttyACM0", "event7", "hidraw1")]
    assert [one.spec for one in found] == ["serial:usb-serial=S1", "keyboard:usb-path=2", "pos:usb-path=3"]
    assert all(one.spec in one.next_step.zh and one.spec in one.next_step.en for one in found)
    assert [one.needs_person for one in found] == [True, False, True], "a keyboard may be somebody's own"


def test_what_is_configured_is_not_listed_however_it_is_named(machine):
    path = machine.dev / "ttyACM0"
    link = machine.dev / "counter-left"
    machine.dev.mkdir()
    link.symlink_to(path)
    for line in (f"serial:{path}", f"serial:{link}", "serial:usb-serial=S1", "serial:usb-path=1"):
        assert codes(listed(machine, line, "keyboard:usb-path=2", "pos:usb-path=3", "camera:0")) == []
    assert codes(listed(machine, "keyboard:usb-path=2", "pos:usb-path=3", "pos:usb-path=1")) == [
        ("ttyACM0", "scanner.not_configured")
    ], "another kind of device in the same socket is another device"


def test_one_interface_of_a_scanner_that_has_several_is_enough(machine):
    gun = machine.usb("4")
    machine.node(gun, "input", "event9", capabilities__key=KEYBOARD_KEYS)
    machine.node(gun, "hidraw", "hidraw5", report_descriptor=POS_DESCRIPTOR)
    found = codes(listed(machine, "pos:usb-path=4"))
    assert not {"event9", "hidraw5"} & {node for node, _ in found}


def test_what_may_not_be_opened_names_the_group(machine):
    (serial, *_) = listed(machine, may_open=lambda node: "tty" not in node)
    assert serial.code == "scanner.no_permission"
    assert "?" in serial.words.zh, "the made-up node has no group"
    machine.dev.mkdir()
    (machine.dev / "ttyACM0").write_bytes(b"")
    (serial, *_) = listed(machine, may_open=lambda node: "tty" not in node)
    assert "?" not in serial.next_step.en
    assert "udev" in serial.next_step.en


def test_permission_is_asked_of_the_system(tmp_path):
    node = tmp_path / "node"
    node.write_bytes(b"")
    assert may_open(str(node))
    node.chmod(0)
    assert may_open(str(node)) is (os.geteuid() == 0)
    assert may_open(str(tmp_path / "gone"))


def test_a_scanner_in_a_mode_of_its_makers_is_unsupported_and_says_what_to_switch_to(machine):
    machine.node(machine.usb("5", product="Imager"), "hidraw", "hidraw7", report_descriptor=MAKERS_OWN)
    (found,) = [one for one in listed(machine) if one.code == "scanner.unsupported"]
    assert (found.label, found.spec, found.needs_person) == ("Honeywell Imager", None, True)
    assert "0xFF00" in found.words.en
    assert "HID-POS" in found.next_step.zh


def test_a_magnetic_reader_is_named_and_a_scale_or_mouse_is_not(machine):
    machine.node(machine.usb("5"), "hidraw", "hidraw7", report_descriptor=MAGNETIC)
    machine.node(machine.usb("6"), "hidraw", "hidraw8", report_descriptor=SCALE)
    mouse = machine.usb("7")
    machine.node(mouse, "hidraw", "hidraw9", report_descriptor=MOUSE)
    machine.node(mouse, "hidraw", "hidraw10", report_descriptor=MAKERS_OWN)
    machine.node(machine.usb("8"), "hidraw", "hidraw11", report_descriptor=b"")
    found = [one for one in listed(machine) if one.code == "scanner.unsupported"]
    assert [(one.node.rpartition("/")[2], one.needs_person) for one in found] == [("hidraw7", False)]


def test_a_supported_scanners_own_second_interface_is_no_stranger(machine):
    gun = machine.usb("5")
    machine.node(gun, "hidraw", "hidraw7", report_descriptor=MAKERS_OWN)
    machine.node(gun, "hidraw", "hidraw8", report_descriptor=KEYBOARD_DESCRIPTOR)
    machine.node(gun, "tty", "ttyACM3")
    assert "scanner.unsupported" not in {one.code for one in listed(machine)}


def test_a_machine_without_devices_lists_nothing(tmp_path):
    assert listed(Machine(tmp_path)) == []
