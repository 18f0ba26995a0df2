"""9001 is told the MAC and the IP of the way out."""

from __future__ import annotations

import re
from pathlib import Path

from edge.fsi.here import find_here


def interface(network: Path, name: str, mac: str, state: str, *, is_hardware: bool = True) -> None:
    folder = network / name
    folder.mkdir(parents=True)
    (folder / "address").write_text(mac + "\n")
    (folder / "operstate").write_text(state + "\n")
    if is_hardware:
        (folder / "device").mkdir()


def test_of_the_interface_that_is_up_and_is_hardware(tmp_path: Path) -> None:
    interface(tmp_path, "docker0", "02:42:00:00:00:01", "up", is_hardware=False)
    interface(tmp_path, "eth0", "aa:bb:cc:00:00:01", "down")
    interface(tmp_path, "eth1", "aa:bb:cc:00:00:02", "up")
    interface(tmp_path, "lo", "00:00:00:00:00:00", "unknown")
    assert find_here(network=tmp_path).mac == "AA-BB-CC-00-00-02"


def test_there_is_always_one(tmp_path: Path) -> None:
    here = find_here("127.0.0.1", network=tmp_path / "none")
    assert re.fullmatch("[0-9A-F]{2}(-[0-9A-F]{2}){5}", here.mac)
    assert here.ip == "127.0.0.1"
    assert find_here("a.name.of.nobody.invalid", network=tmp_path).ip
