"""What can be seen of the box, from files as the kernel writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.scanner import parse_spec
from edge.senses import open_senses, read_boot_id, read_carriers, read_plugged
from edge.store.watched import Occupant
from edge.tamper import Interface
from tests.drivers.scanner.machine import KEYBOARD_KEYS, Machine


def interface(
    sys: Path, name: str, carrier: str | None, operstate: str = "unknown", *, is_virtual: bool = False
) -> None:
    folder = sys / "class/net" / name
    (folder if is_virtual else folder / "device").mkdir(parents=True)
    (folder / "operstate").write_text(f"{operstate}\n")
    if carrier is not None:
        (folder / "carrier").write_text(f"{carrier}\n")


@pytest.mark.req("T-68")
def test_interfaces_of_the_box_count_by_their_carrier_and_virtual_ones_never(tmp_path: Path) -> None:
    interface(tmp_path, "lo", "1", is_virtual=True)
    interface(tmp_path, "docker0", "1", "up", is_virtual=True)
    interface(tmp_path, "eth0", "1", "up")
    interface(tmp_path, "eth1", "0", "down")
    interface(tmp_path, "wlan0", None, "down")
    interface(tmp_path, "wwan0", None, "up")
    (tmp_path / "class/net/bonding_masters").write_text("bond0\n")
    assert read_carriers(tmp_path) == {Interface("eth0"), Interface("wwan0")}
    assert read_carriers(tmp_path / "nowhere") == frozenset()


@pytest.mark.req("T-68")
def test_radio_is_told_from_a_cable(tmp_path: Path) -> None:
    for name, sign in (("wlan0", "phy80211"), ("wlan1", "wireless")):
        interface(tmp_path, name, "1")
        (tmp_path / "class/net" / name / sign).mkdir()
    for name, kind in (
        ("eth0", ""),
        ("usb0", "DEVTYPE=gadget\n"),
        ("wlan2", "DEVTYPE=wlan\n"),
        ("wwan0", "DEVTYPE=wwan\n"),
    ):
        interface(tmp_path, name, "1")
        (tmp_path / "class/net" / name / "uevent").write_text(f"{kind}INTERFACE={name}\nIFINDEX=2\n")
    radios = {one.name for one in read_carriers(tmp_path) if one.is_radio}
    assert radios == {"wlan0", "wlan1", "wlan2", "wwan0"}


def test_start_of_the_machine_has_a_name_where_the_kernel_gives_one(tmp_path: Path) -> None:
    assert read_boot_id(tmp_path) == ""
    file = tmp_path / "sys/kernel/random/boot_id"
    file.parent.mkdir(parents=True)
    file.write_text("6b1c\n")
    assert read_boot_id(tmp_path) == "6b1c"


@pytest.mark.req("T-68")
def test_devices_are_told_with_their_socket_and_whether_they_are_configured(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    gun = machine.usb("1.2", serial="S1")
    machine.node(gun, "tty", "ttyACM0")
    machine.node(gun, "input", "event7", capabilities__key=KEYBOARD_KEYS)
    machine.node(machine.usb("3"), "tty", "ttyACM1")
    specs = [parse_spec("serial:usb-serial=S1")]
    label, model = "Honeywell Scanner", "0c2e:0b61"
    assert read_plugged(specs, dev=machine.dev, sys=machine.sysfs) == {
        Occupant("pci0/USB2/1.2", model, "S1", label): True,
        Occupant("pci0/USB2/3", model, "", label): False,
    }


def test_socket_keeps_its_name_when_buses_are_numbered_anew(tmp_path: Path) -> None:
    found = []
    for bus in (1, 2):
        machine = Machine(tmp_path / str(bus))
        machine.node(machine.usb("4", serial="S1", bus=bus), "tty", "ttyACM0")
        found.append(read_plugged([], dev=machine.dev, sys=machine.sysfs))
    assert found[0] == found[1]


def test_device_that_is_just_going_away_is_none(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    gun = machine.usb("1.2")
    machine.node(gun, "tty", "ttyACM0")
    for told in (gun / "devpath", gun.parent / "version"):
        text = told.read_text()
        told.unlink()
        assert read_plugged([], dev=machine.dev, sys=machine.sysfs) == {}
        told.write_text(text)
    assert len(read_plugged([], dev=machine.dev, sys=machine.sysfs)) == 1


def test_senses_of_this_machine_can_be_asked() -> None:
    senses = open_senses("here", [parse_spec("serial:/dev/none")])
    assert senses.home == "here"
    assert isinstance(senses.carriers(), frozenset)
    assert not any(senses.plugged().values())
