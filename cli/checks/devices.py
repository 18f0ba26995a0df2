"""Scanners and cameras: are they there, and may the account open them?"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from cli.checks.finding import Finding, fault, fault_of, finding_of, fine, notice
from cli.state_words import DEVICE_STATES
from codes.errors import YimaError
from codes.words import Words
from drivers.errors import DeviceMissingError, DevicePermissionError
from drivers.scanner import parse_spec
from drivers.scanner.discovery import find_node
from drivers.scanner.spec import CameraSpec, ScannerSpec
from drivers.scanner.unlisted import Unlisted, list_unlisted
from edge.health import DeviceState, DeviceStatus, TerminalStatus
from edge.setup_findings import setup_troubles, with_profile
from edge.store.scanner_profiles import StoredProfile

PATIENCE_S = 3.0
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


def check_devices(
    lines: Sequence[str], running: TerminalStatus | None, learned: Mapping[str, StoredProfile]
) -> Iterator[Finding]:
    """Look at every scanner that was asked for, and at what is plugged in besides.

    Args:
        lines: The scanners of the configuration and of the command line.
        running: What the running terminal says; None if none runs.
        learned: What set-ups have learned, by device.
    """
    states = {} if running is None else {one.device: one for one in running.devices}
    if not lines and not states:
        words = Words("没有配置扫码设备", "No scanner is configured")
        step = Words(
            "运行 `yima scanner list` 查看已连接的设备，写入 scanners；也可用键盘式扫码枪直接扫入页面。",
            "`yima scanner list` shows what is connected; write it as scanners. One that types works as it is.",
        )
        yield notice("scanner.none", words, step)
    specs: list[ScannerSpec] = []
    for line in lines:
        try:
            spec = parse_spec(line)
        except YimaError as exc:
            yield fault_of(exc)
            continue
        if spec.device in {one.device for one in specs}:
            yield _twice(spec.device)
            continue
        specs.append(spec)
        yield _found(spec) if running is None else _asked(spec, states.pop(spec.device, None))
    # What the terminal was started with besides: `yima edge run --scanner`.
    yield from map(_said, states.values())
    if running is None:
        yield from _badly_set(specs, learned)
        yield from _strangers(list_unlisted(specs))
    else:
        yield from _strangers(running.unlisted_devices)


def _twice(device: str) -> Finding:
    words = Words(f"扫码设备 {device} 写了两次", f"The scanner {device} is named twice")
    return fault("scanner.named_twice", words, Words("请删去其中一行。", "Take one of the two lines away."))


def _asked(spec: ScannerSpec, said: DeviceStatus | None) -> Finding:
    if said is not None:
        return _said(said)
    words = Words(
        f"运行中的终端没有使用 {spec.device}：启动时还没有它",
        f"The running terminal does not read {spec.device}: it was started without it",
    )
    step = Words("请在空闲时重启终端。", "Restart the terminal when it is idle.")
    return notice("scanner.not_in_use", words, step)


def _badly_set(specs: Iterable[ScannerSpec], learned: Mapping[str, StoredProfile]) -> Iterator[Finding]:
    """Yield what set-ups have found; where a terminal runs, it says so itself."""
    for spec in specs:
        closed = DeviceStatus(spec.device, DeviceState.OPENING, 0, 0)
        yield from map(finding_of, setup_troubles([with_profile(closed, learned.get(spec.device))]))


def _strangers(unlisted: Iterable[Unlisted]) -> Iterator[Finding]:
    for one in unlisted:
        if one.needs_person:
            name = one.label or one.node
            yield notice(one.code, Words(f"{name}：{one.words.zh}", f"{name}: {one.words.en}"), one.next_step)


def _said(device: DeviceStatus) -> Finding:
    """Return what the running terminal says: it holds the device, so nobody else can try it."""
    state = DEVICE_STATES[device.state]
    if device.problem is None or device.words is None or device.next_step is None:
        return fine(
            "scanner.ready",
            f"{device.device}：{state.zh}，扫码 {device.scans} 次",
            f"{device.device}: {state.en}, {device.scans} scans",
        )
    make = fault if device.state in {DeviceState.LOST, DeviceState.FAILED} else notice
    return make(device.problem, device.words, device.next_step)


def _found(spec: ScannerSpec) -> Finding:
    if isinstance(spec, CameraSpec) and "://" in spec.source:
        return _answers(spec)
    node = _node(spec)
    if node is None or not node.exists():
        words = Words(f"找不到设备 {spec.device}", f"{spec.device} is not there")
        return fault(DeviceMissingError.code, words, DeviceMissingError.next_step)
    if not os.access(node, os.R_OK | os.W_OK):
        words = Words(f"当前账户无权使用 {spec.device}（{node}）", f"This account may not open {spec.device} ({node})")
        return fault(DevicePermissionError.code, words, DevicePermissionError.next_step)
    return fine("scanner.found", f"{spec.device} 已连接，可以打开", f"{spec.device} is there and may be opened")


def _node(spec: ScannerSpec) -> Path | None:
    if isinstance(spec, CameraSpec):
        return Path(f"/dev/video{spec.source}") if spec.source.isdecimal() else Path(spec.source)
    try:
        return Path(find_node(spec.kind, spec.address, spec.device))
    except YimaError:
        return None


def _answers(spec: CameraSpec) -> Finding:
    try:
        parts = urlsplit(spec.source)
        place = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
        socket.create_connection(place, timeout=PATIENCE_S).close()
    except (OSError, ValueError):
        words = Words(f"摄像头 {spec.device} 没有应答", f"The camera {spec.device} does not answer")
        step = Words("请检查摄像头电源、网线与地址。", "Check the camera's power, cable and address.")
        return fault("scanner.no_answer", words, step)
    return fine("scanner.answers", f"摄像头 {spec.device} 有应答", f"The camera {spec.device} answers")
