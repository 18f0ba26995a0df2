"""Devices are found by what they are and where they are plugged in, not by the order they were found in."""

from __future__ import annotations

import pytest

from drivers.errors import DeviceAmbiguousError, DeviceMissingError
from drivers.scanner.discovery import Attached, is_same_scanner, list_attached, occupant_of
from drivers.scanner.spec import MatchBy, ScannerKind
from drivers.scanner.spec_line import parse_spec
from tests.drivers.scanner.machine import (
    KEYBOARD_DESCRIPTOR,
    KEYBOARD_KEYS,
    POS_DESCRIPTOR,
    POWER_BUTTON_KEYS,
    Machine,
)


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path)
    gun = machine.usb("1.2", serial="19351B0A4C")
    machine.node(gun, "tty", "ttyACM0")
    typist = machine.usb("1.3")
    machine.node(typist, "input", "event7", capabilities__key=KEYBOARD_KEYS)
    machine.node(typist, "input", "event8", capabilities__key=POWER_BUTTON_KEYS)
    pos = machine.usb("2", serial="P1")
    machine.node(pos, "hidraw", "hidraw0", report_descriptor=KEYBOARD_DESCRIPTOR)
    machine.node(pos, "hidraw", "hidraw1", report_descriptor=POS_DESCRIPTOR)
    board = machine.sysfs / "devices/platform/serial8250"
    machine.node(board, "tty", "ttyS0")
    return machine


def test_the_list_holds_what_could_be_a_usb_scanner(machine):
    made_by, model, hub = "Honeywell Scanner", "0c2e:0b61", "pci0/USB2"
    assert list_attached(dev=machine.dev, sysfs=machine.sysfs) == (
        Attached(ScannerKind.SERIAL, str(machine.dev / "ttyACM0"), made_by, "19351B0A4C", "1.2", model, f"{hub}/1.2"),
        Attached(ScannerKind.KEYBOARD, str(machine.dev / "input/event7"), made_by, "", "1.3", model, f"{hub}/1.3"),
        Attached(ScannerKind.POS, str(machine.dev / "hidraw1"), made_by, "P1", "2", model, f"{hub}/2"),
    )


def test_sockets_of_two_root_hubs_of_one_controller_have_names_of_their_own(tmp_path):
    names = []
    for usb_3 in ("3.00", "3.10"):
        machine = Machine(tmp_path / usb_3)
        machine.node(machine.usb("4", bus=1), "tty", "ttyACM0")
        machine.node(machine.usb("4", bus=2, version=usb_3), "tty", "ttyUSB0")
        names.append([attached.usb_socket for attached in list_attached(dev=machine.dev, sysfs=machine.sysfs)])
    assert names == [["pci0/USB2/4", "pci0/USB3/4"]] * 2, "a newer kernel may know the same hub by a higher number"


def test_the_list_suggests_the_line_that_finds_the_device_again(machine):
    lines = [attached.suggestion for attached in list_attached(dev=machine.dev, sysfs=machine.sysfs)]
    assert lines == ["serial:usb-serial=19351B0A4C", "keyboard:usb-path=1.3", "pos:usb-serial=P1"]


def test_a_device_is_found_by_serial_number_or_socket(machine):
    found = machine.find(ScannerKind.SERIAL, MatchBy.USB_SERIAL, "19351B0A4C")
    assert found == str(machine.dev / "ttyACM0")
    assert machine.find(ScannerKind.SERIAL, MatchBy.USB_PATH, "1.2") == found
    assert machine.find(ScannerKind.KEYBOARD, MatchBy.USB_PATH, "1.3") == str(machine.dev / "input/event7")
    assert machine.find(ScannerKind.POS, MatchBy.USB_SERIAL, "P1") == str(machine.dev / "hidraw1")


@pytest.mark.req("T-60")
def test_a_device_plugged_in_again_under_another_node_is_found(machine):
    (machine.sysfs / "class/tty/ttyACM0").unlink()
    with pytest.raises(DeviceMissingError):
        machine.find(ScannerKind.SERIAL, MatchBy.USB_SERIAL, "19351B0A4C")
    machine.node(machine.usb("4", serial="19351B0A4C"), "tty", "ttyACM5")
    found = machine.find(ScannerKind.SERIAL, MatchBy.USB_SERIAL, "19351B0A4C")
    assert found == str(machine.dev / "ttyACM5")


def test_two_devices_that_fit_are_refused_and_both_named(machine):
    machine.node(machine.usb("3", serial="19351B0A4C"), "tty", "ttyACM1")
    with pytest.raises(DeviceAmbiguousError) as refused:
        machine.find(ScannerKind.SERIAL, MatchBy.USB_SERIAL, "19351B0A4C")
    assert refused.value.found == (str(machine.dev / "ttyACM0"), str(machine.dev / "ttyACM1"))
    assert "ttyACM1" in refused.value.words.zh


def test_the_kind_counts_too(machine):
    with pytest.raises(DeviceMissingError):
        machine.find(ScannerKind.KEYBOARD, MatchBy.USB_PATH, "1.2")


def test_a_path_is_taken_as_it_is(machine):
    assert machine.find(ScannerKind.SERIAL, MatchBy.PATH, "/dev/serial/by-id/x") == "/dev/serial/by-id/x"


def test_a_machine_without_devices_has_an_empty_list(tmp_path):
    assert list_attached(dev=tmp_path, sysfs=tmp_path) == ()


def test_a_node_tells_which_device_stands_behind_it(machine, tmp_path):
    def occupant(path: str) -> str:
        return occupant_of(path, sysfs=machine.sysfs)

    assert occupant("/dev/ttyACM0") == "Honeywell Scanner 19351B0A4C"
    assert occupant("/dev/input/event7") == "Honeywell Scanner"
    assert occupant("/dev/ttyS0") == "", "no USB device"
    assert occupant("/dev/null") == ""
    link = tmp_path / "counter-left"
    link.symlink_to("/dev/ttyACM0")
    assert occupant(str(link)) == "Honeywell Scanner 19351B0A4C"


def test_a_device_that_tells_no_name_goes_by_its_numbers(machine):
    nameless = machine.sysfs / "devices/pci0/usb1/1-9"
    nameless.mkdir(parents=True)
    (nameless / "idVendor").write_text("1eab\n")
    (nameless / "idProduct").write_text("1d06\n")
    machine.node(nameless, "tty", "ttyACM9")
    assert occupant_of("/dev/ttyACM9", sysfs=machine.sysfs) == "USB 1eab:1d06"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("serial:usb-serial=19351B0A4C;name=left", "serial:usb-serial=19351B0A4C,115200", True),
        ("serial:usb-serial=19351B0A4C;name=left", "serial:usb-path=1.2", True),
        ("serial:usb-serial=19351B0A4C", "serial:DEV/ttyACM0", True),
        ("serial:DEV/by-id;name=left", "serial:DEV/ttyACM0;name=right", True),
        ("serial:usb-serial=19351B0A4C;name=left", "serial:DEV/ttyS0;name=left", False),
        ("serial:usb-serial=none", "serial:usb-path=1.2", False),
        ("keyboard:usb-path=1.3", "pos:usb-path=1.3", False),
        ("camera:0;name=eye", "camera:0", True),
        ("camera:0", "camera:1", False),
        ("camera:/dev/video0", "serial:/dev/video0", False),
    ],
)
def test_two_lines_mean_one_device_however_each_names_it(machine, one, other, is_same):
    machine.dev.mkdir()
    (machine.dev / "by-id").symlink_to(machine.dev / "ttyACM0")
    specs = [parse_spec(line.replace("DEV", str(machine.dev))) for line in (one, other)]
    assert is_same_scanner(*specs, dev=machine.dev, sysfs=machine.sysfs) is is_same
    assert is_same_scanner(*reversed(specs), dev=machine.dev, sysfs=machine.sysfs) is is_same
