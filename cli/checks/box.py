"""The machine: Python, packages, libraries, clock, time zone, identity."""

from __future__ import annotations

import ctypes
import importlib.metadata
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cli.checks.finding import Finding, fault, fine, notice
from codes.words import Words

MACHINE_ID = Path("/etc/machine-id")
OLDEST_PYTHON = (3, 11)
_CHINA_S = 8 * 3600
_UNSYNCHRONISED = 5
"""`TIME_ERROR` of adjtimex(2)."""
_TIMEX_BYTES = 512
"""More than `struct timex` has on any system."""
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(?:\[(?P<extras>[\w,-]+)\])?[^;]*(?:;\s*(?P<when>.*))?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([\w-]+)['\"]")


def check_box(*, has_camera: bool) -> Iterator[Finding]:
    """Look at the machine."""
    yield _python(sys.version_info[:3])
    yield _packages({"edge", "web", "camera"} if has_camera else {"edge", "web"})
    if has_camera:
        yield _zbar()
    yield clock_finding(clock_state())
    yield _time_zone(time.localtime().tm_gmtoff)
    yield _machine_id(MACHINE_ID)


def clock_state() -> int | None:
    """Ask the kernel whether a time service disciplines the clock; None if it does not say. Changes nothing."""
    try:
        return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    except (OSError, AttributeError):
        return None


def clock_finding(state: int | None) -> Finding:
    """Return what the kernel said of its clock."""
    if state is None or state < 0:
        words = Words("无法得知时钟是否同步", "The system does not say whether its clock is synchronised")
        return notice("clock.unknown", words, Words("请人工核对时间。", "Compare the time by hand."))
    if state == _UNSYNCHRONISED:
        words = Words("系统时钟没有与时间服务器同步", "No time service keeps the clock of this machine")
        step = Words(
            "请打开时间同步：timedatectl set-ntp true，并确认能访问时间服务器。",
            "Switch it on: timedatectl set-ntp true; make sure that a time server can be reached.",
        )
        return notice("clock.not_synchronised", words, step)
    return fine("clock.synchronised", "系统时钟已同步", "The clock is synchronised")


def missing_packages(extras: set[str], has: Callable[[str], bool], requires: list[str]) -> list[str]:
    """Return which of the packages that some extras of ours bring are not installed."""
    found = (_REQUIREMENT.match(line) for line in requires)
    wanted = [one for one in found if one is not None and _is_wanted(one["when"] or "", extras)]
    return sorted({one["name"] for one in wanted if one["name"] != "yima" and not has(one["name"])})


def _is_wanted(when: str, extras: set[str]) -> bool:
    extra = _EXTRA.search(when)
    return extra is None or extra[1] in extras


def _python(version: tuple[int, ...]) -> Finding:
    shown = ".".join(map(str, version))
    if version >= OLDEST_PYTHON:
        return fine("python.version", f"Python {shown}", f"Python {shown}")
    words = Words(f"Python {shown} 过旧", f"Python {shown} is too old")
    return fault("python.too_old", words, Words("请安装 Python 3.11 或更新版本。", "Install Python 3.11 or newer."))


def _packages(extras: set[str]) -> Finding:
    def has(name: str) -> bool:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return False
        return True

    missing = missing_packages(extras, has, importlib.metadata.requires("yima") or [])
    ours = importlib.metadata.version("yima")
    if not missing:
        return fine("install.complete", f"一码 {ours}，组件齐全", f"Yima {ours}, nothing is missing")
    listed = ", ".join(missing)
    words = Words(f"缺少组件：{listed}", f"Packages are missing: {listed}")
    wanted = ",".join(sorted(extras - {"web"}))
    step = Words(
        f"请重新安装 yima[{wanted}]（见 docs/install.md）。", f"Install yima[{wanted}] again (docs/install.md)."
    )
    return fault("install.missing", words, step)


def _zbar() -> Finding:
    try:
        ctypes.CDLL("libzbar.so.0")
    except OSError:
        words = Words("没有 libzbar：模糊的条形码少一次识别机会", "libzbar is missing: poor bar codes get one try less")
        return notice(
            "install.no_zbar", words, Words("可安装系统包 libzbar0。", "Install the system package libzbar0.")
        )
    return fine("install.zbar", "libzbar 可用", "libzbar is there")


def _time_zone(offset_s: int) -> Finding:
    if offset_s == _CHINA_S:
        return fine("clock.zone", "时区为北京时间", "The time zone is that of Beijing")
    words = Words(
        "时区不是北京时间，命令行与日志的时间会不同", "The time zone is not Beijing's: logs show another time"
    )
    step = Words("请执行：timedatectl set-timezone Asia/Shanghai", "Run: timedatectl set-timezone Asia/Shanghai")
    return notice("clock.other_zone", words, step)


def _machine_id(path: Path) -> Finding:
    try:
        is_there = bool(path.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError):
        is_there = False
    if is_there:
        return fine("machine.id", "机器编号存在", "The machine has an id")
    words = Words(
        "没有机器编号：复制出来的数据目录只能按文件识别", "The machine has no id: a copied store is harder to tell"
    )
    step = Words("请执行：systemd-machine-id-setup", "Run: systemd-machine-id-setup")
    return notice("machine.no_id", words, step)
