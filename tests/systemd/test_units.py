"""The units are as closed as they say, and a program that ends comes back at a pace that hurts nobody."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = ROOT / "systemd"
UNITS = sorted(HERE.glob("*.service"))
NAMES = [unit.stem for unit in UNITS]
EXPOSURE_TENTHS = 30
SERIAL_OF_THE_USB = {"ttyUSB", "ttyACM", "ttyXR*"}
SERIAL_OF_THE_BOARD = {"ttyAMA", "ttymxc", *(f"/dev/char/4:{64 + number}" for number in range(32))}
DEVICES = {
    "yima-edge": {"hidraw", "input", "video4linux", *SERIAL_OF_THE_USB, *SERIAL_OF_THE_BOARD},
    "yima-centre": set(),
    "yima-broker": set(),
}
"""What each may open, and nothing else."""


def tool(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin:/bin")
    if found is None:
        pytest.skip(f"no {name} here (Debian package systemd): run `make system-packages`")
    return found


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def values(unit: Path, option: str) -> list[str]:
    return re.findall(rf"^{option}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


def value(unit: Path, option: str) -> str:
    (found,) = values(unit, option)
    return found


def test_there_is_a_unit_for_each_program() -> None:
    assert NAMES == ["yima-broker", "yima-centre", "yima-edge"]
    assert len({value(unit, "User") for unit in UNITS}) == len(UNITS)


@pytest.mark.req("T-48")
def test_exposure_is_low() -> None:
    analyze = tool("systemd-analyze")
    scored = run(analyze, "security", "--offline=yes", f"--threshold={EXPOSURE_TENTHS}", "--no-pager", *map(str, UNITS))
    assert scored.returncode == 0, scored.stdout + scored.stderr
    scores = re.findall(r"exposure level for (\S+)\.service: ([0-9.]+)", scored.stdout)
    assert sorted(name for name, _ in scores) == NAMES
    assert all(float(score) <= EXPOSURE_TENTHS / 10 for _, score in scores)


@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_systemd_understands_every_line(unit: Path, tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    program = tmp_path / "yima"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    # The program is not installed here; everything else is as it is.
    text = unit.read_text(encoding="utf-8").replace("/opt/yima/current/bin/yima", str(program))
    copy = tmp_path / unit.name
    copy.write_text(text, encoding="utf-8")
    checked = run(analyze, "verify", "--man=no", "--generators=no", "--recursive-errors=no", copy)
    ours = [line for line in checked.stderr.splitlines() if unit.stem in line]
    assert (checked.returncode, ours) == (0, [])


@pytest.mark.req("T-48")
@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_unit_keeps_what_is_promised(unit: Path) -> None:
    for option, wanted in {
        "ProtectSystem": "strict",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "DevicePolicy": "closed",
        "Type": "notify",
        "NotifyAccess": "main",
        "MemoryDenyWriteExecute": "yes",
    }.items():
        assert value(unit, option) == wanted, option
    allowed = {entry.removesuffix(" rw").removeprefix("char-") for entry in values(unit, "DeviceAllow")}
    assert allowed == DEVICES[unit.stem]
    assert int(value(unit, "WatchdogSec")) >= 30


@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_restarts_never_use_up_their_limit(unit: Path) -> None:
    """A full disk or a database that is down must not leave the unit dead for good; a loop must not spin."""
    assert value(unit, "Restart") == "always"
    pause_s, limit = int(value(unit, "RestartSec")), int(value(unit, "StartLimitBurst"))
    assert pause_s * limit > int(value(unit, "StartLimitIntervalSec"))
    assert pause_s >= 2
    assert not values(unit, "RestartPreventExitStatus"), "the exit code does not tell a full disk from a wrong option"


@pytest.mark.req("T-10")
def test_a_terminal_that_salvages_its_store_is_never_killed_for_taking_long() -> None:
    assert value(HERE / "yima-edge.service", "TimeoutStartSec") == "infinity"


def test_no_first_password_stays_in_the_journal() -> None:
    """The programs print it on their standard output, once; their log is on standard error."""
    for unit in UNITS:
        assert value(unit, "StandardOutput") == "null"
        assert value(unit, "StandardError") == "journal"


def test_accounts_and_folders_can_be_made(tmp_path: Path) -> None:
    sysusers, tmpfiles = tool("systemd-sysusers"), tool("systemd-tmpfiles")
    if os.geteuid() != 0:
        dry = run(sysusers, "--dry-run", HERE / "yima.sysusers")
        assert (dry.returncode, dry.stderr.count("Failed")) == (0, 0), dry.stderr
        pytest.skip("not root: accounts were tried dry, folders not at all")
    (tmp_path / "etc" / "yima").mkdir(parents=True)
    config = tmp_path / "etc" / "yima" / "edge.toml"
    config.write_text("", encoding="utf-8")
    for command in ((sysusers, HERE / "yima.sysusers"), (tmpfiles, "--create", HERE / "yima.tmpfiles")):
        done = run(command[0], f"--root={tmp_path}", *command[1:])
        assert done.returncode == 0, done.stderr
    users = {line.split(":")[0]: line.split(":") for line in (tmp_path / "etc" / "passwd").read_text().splitlines()}
    assert {value(unit, "User") for unit in UNITS} <= set(users)
    groups = {line.split(":")[0]: line.split(":")[3] for line in (tmp_path / "etc" / "group").read_text().splitlines()}
    assert groups["yima"] == groups["dialout"] == "yima-edge"
    assert "input" not in groups, "whoever is in that group reads every keyboard"
    assert config.stat().st_gid == int(users["yima-edge"][3])
    for secrets in ("edge-secrets", "centre-secrets"):
        assert (tmp_path / "etc" / "yima" / secrets).stat().st_mode & 0o777 == 0o700
        assert any(secrets in credential for unit in UNITS for credential in values(unit, "LoadCredential"))


RULES = [line for line in (HERE / "70-yima.rules").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
WORD = re.compile(r'[A-Z]+(\{[^}]+\})?(==|!=|\+=|=)"[^"]*"')


def test_rules_have_the_form_of_rules() -> None:
    for line in RULES:
        assert all(WORD.fullmatch(word) for word in line.split(", ")), line
    wanted = {label for line in RULES for label in re.findall(r'GOTO="(\w+)"', line)}
    assert wanted == {label for line in RULES for label in re.findall(r'LABEL="(\w+)"', line)}


def test_udev_understands_the_rules() -> None:
    udevadm = tool("udevadm")
    if "verify" not in run(udevadm, "--help").stdout:
        pytest.skip("this udevadm cannot verify rules: systemd 254 and later can")
    assert run(udevadm, "verify", "--no-style", "--resolve-names=never", HERE / "70-yima.rules").returncode == 0


@pytest.mark.req("T-48")
def test_only_keyboards_of_scanner_makers_are_taken() -> None:
    gate = RULES.index('ENV{YIMA_SCANNER}!="1", GOTO="yima_end"')
    camera = RULES.index('LABEL="yima_camera"')
    given = [number for number, line in enumerate(RULES) if 'GROUP="yima"' in line]
    assert all(gate < number < camera or number > camera for number in given)
    assert [line for line in RULES[:gate] if "YIMA_SCANNER" in line and "idVendor" in line] == [RULES[gate - 1]]
    assert 'SUBSYSTEM=="video4linux", GOTO="yima_camera"' in RULES[:gate]
    assert all('MODE="0660"' in RULES[number] for number in given)


def test_manual_says_what_the_units_do() -> None:
    manual = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    columns = ["yima-edge", "yima-centre", "yima-broker"]
    for row, option in {
        "starts again after any end, in": "RestartSec",
        "is killed and started again without a sign of life for": "WatchdogSec",
        "stops within (killed after)": "TimeoutStopSec",
    }.items():
        (line,) = [line for line in manual.splitlines() if line.startswith(f"| {row} |")]
        for name, cell in zip(columns, line.split("|")[2:5], strict=True):
            assert f"{value(HERE / f'{name}.service', option)} s" in cell, (row, name)


def test_the_manual_names_the_serial_ports_that_the_terminal_may_open() -> None:
    manual = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tty\w+)\*?`", manual[manual.index("### Devices") :].split(". `70", maxsplit=1)[0]))
    numbered = {"ttyS0", "ttyS31"}
    kinds = {kind.rstrip("*") for kind in SERIAL_OF_THE_USB | SERIAL_OF_THE_BOARD if kind.startswith("tty")}
    assert named == kinds | numbered
