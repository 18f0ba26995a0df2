"""The example drop-in and rules for the devices beside the till: closed as they stand, and usable line by line."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.systemd.test_units import EXPOSURE_TENTHS, HERE, ROOT, run, tool

DROP_IN = ROOT / "config" / "yima-edge-devices.example.conf"
RULES = ROOT / "config" / "yima-devices.example.rules"
OPTION = re.compile(r"^#(\w+=.*)$", re.MULTILINE)
RULE = re.compile(r"^#([A-Z]+==.*)$", re.MULTILINE)


def test_nothing_is_open_until_somebody_takes_the_mark_from_a_line() -> None:
    for example in (DROP_IN, RULES):
        lines = example.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if line and not line.startswith("#")] in ([], ["[Service]"])
    opened = "\n".join(OPTION.findall(DROP_IN.read_text(encoding="utf-8")))
    for kind in (
        "char-usb_device",
        "/dev/uinput",
        "char-hidg",
        "char-ttyGS",
        "AF_NETLINK",
        "RuntimeDirectory=yima-edge",
    ):
        assert kind in opened
    assert len(RULE.findall(RULES.read_text(encoding="utf-8"))) == 4


def test_the_unit_with_every_line_of_it_is_understood_and_still_closed(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    program = tmp_path / "yima"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    unit = (HERE / "yima-edge.service").read_text(encoding="utf-8").replace("/opt/yima/current/bin/yima", str(program))
    opened = "\n".join(OPTION.findall(DROP_IN.read_text(encoding="utf-8")))
    copy = tmp_path / "yima-edge.service"
    copy.write_text(f"{unit}\n[Service]\n{opened}\n", encoding="utf-8")
    checked = run(analyze, "verify", "--man=no", "--generators=no", "--recursive-errors=no", copy)
    assert (checked.returncode, [line for line in checked.stderr.splitlines() if "yima-edge" in line]) == (0, [])
    scored = run(analyze, "security", "--offline=yes", f"--threshold={EXPOSURE_TENTHS}", "--no-pager", str(copy))
    assert scored.returncode == 0, scored.stdout


def test_udev_understands_every_rule(tmp_path: Path) -> None:
    udevadm = shutil.which("udevadm", path="/usr/bin:/bin:/usr/sbin:/sbin")
    rules = RULE.findall(RULES.read_text(encoding="utf-8"))
    for rule in rules:
        assert re.fullmatch(r'(?:(?:\w+|\w+\{\w+\})(?:==|=|\+=)"[^"]+"(?:, )?)+', rule), rule
    written = tmp_path / "72-yima-devices.rules"
    written.write_text("\n".join(rules) + "\n", encoding="utf-8")
    if udevadm is not None and "verify" in run(udevadm, "--help").stdout:
        assert run(udevadm, "verify", written).returncode == 0
