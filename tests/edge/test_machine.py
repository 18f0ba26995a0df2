"""Figures of the box, from files as the kernel writes them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from edge.certificates import expiry_of, read_certificates
from edge.config import EdgeConfig
from edge.config_revision import ConfigFile
from edge.machine import read_machine
from tests.web.certificates import written_pair


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_family_is_added_up_and_the_hottest_sensor_counts(tmp_path: Path) -> None:
    proc, sys = tmp_path / "proc", tmp_path / "sys"
    write(proc / "loadavg", "0.52 0.40 0.30 2/300 999\n")
    write(proc / "meminfo", "MemTotal:  4000000 kB\nMemAvailable:   1000 kB\n")
    for pid, children, pss in ((10, "11 ", 5_000), (11, "12", 300), (12, "", 20)):
        write(proc / f"{pid}/task/{pid}/children", children)
        write(proc / f"{pid}/smaps_rollup", f"Rss:  99 kB\nPss:   {pss} kB\nPss_Anon: 1 kB\n")
        write(proc / f"{pid}/status", "VmPeak:  9 kB\nVmRSS:\t 7 kB\n")
    for number, text in enumerate(("45000\n", "71500\n", "-273000\n", "nothing\n")):
        write(sys / f"class/thermal/thermal_zone{number}/temp", text)
    machine = read_machine(tmp_path, 10, proc=proc, sys=sys)
    assert (machine.pss_bytes, machine.rss_bytes) == (5_320 * 1024, 21 * 1024)
    assert (machine.memory_available_bytes, machine.load, machine.temperature_c) == (1000 * 1024, 0.52, 71.5)
    assert machine.disk_free_bytes is not None


def test_what_the_system_does_not_say_is_left_open(tmp_path: Path) -> None:
    machine = read_machine(tmp_path / "gone", 10, proc=tmp_path, sys=tmp_path)
    known = (machine.pss_bytes, machine.rss_bytes, machine.load, machine.temperature_c, machine.disk_free_bytes)
    assert set(known) == {None}


def test_this_process_has_a_size(tmp_path: Path) -> None:
    machine = read_machine(tmp_path, os.getpid())
    assert machine.rss_bytes is not None
    assert machine.rss_bytes > 10_000_000


def test_certificates_of_the_configuration_are_read_from_the_disk(tmp_path: Path) -> None:
    authority, key = written_pair(tmp_path, "ca")
    terminal = {"id": "c-1", "area": "350200", "institution": "P1"}
    link = {"ca_file": authority, "certificate_file": authority, "key_file": key}
    api = {"certificate_file": tmp_path / "none", "key_file": key}
    fsi = {"is_enabled": True, "way": "http", "url": "https://10.0.0.9/", **link}
    config = EdgeConfig(terminal=terminal, link=link, api=api, site={"file": tmp_path / "site.toml", **link}, fsi=fsi)
    found = {one.use: one.expires_at for one in read_certificates(config)}
    assert found["link.ca_file"] == found["link.certificate_file"] != None  # noqa: E711 - a chain of three
    assert (found["link.ca_file"] or datetime.now(UTC)) > datetime.now(UTC)
    assert found["api.certificate_file"] is None
    assert found["site.ca_file"] == found["site.certificate_file"] == found["link.ca_file"]
    assert found["fsi.ca_file"] == found["fsi.certificate_file"] == found["link.ca_file"]
    off = EdgeConfig(terminal=terminal, fsi={**fsi, "is_enabled": False}, link={**link, "is_enabled": False})
    assert read_certificates(off) == ()


def test_of_several_authorities_the_last_to_run_out_counts_of_a_chain_the_first(tmp_path: Path) -> None:
    first, second = (written_pair(tmp_path, name)[0].read_bytes() for name in ("one", "two"))
    both = tmp_path / "both.pem"
    both.write_bytes(first + second)
    ends = [expiry_of(tmp_path / f"{name}.pem", is_authority=False) for name in ("one", "two")]
    assert expiry_of(both, is_authority=False) == ends[0]
    assert expiry_of(both, is_authority=True) == max(end for end in ends if end is not None)


def test_changed_file_is_another_revision(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    path.write_text("a = 1\n")
    file = ConfigFile.seen(path)
    before = file.revision()
    assert before.applied == before.wanted != ""
    path.write_text("a = 2\n")
    assert file.revision().wanted not in {before.applied, None}
    path.unlink()
    assert file.revision().wanted is None
