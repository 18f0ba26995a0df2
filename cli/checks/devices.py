"""Scanners and cameras: are they there, and may the account open them?"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from cli.checks.finding import Finding, fault, fault_of, fine, notice
from codes.errors import YimaError
from codes.words import Words
from drivers.errors import DeviceMissingError, DevicePermissionError
from drivers.scanner import parse_spec
from drivers.scanner.discovery import find_node, list_attached
from drivers.scanner.spec import CameraSpec, ScannerSpec
from edge.health import DeviceState, DeviceStatus

PATIENCE_S = 3.0
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


def check_devices(lines: tuple[str, ...], running: tuple[DeviceStatus, ...]) -> Iterator[Finding]:
    """Look at every configured device, and at what is plugged in besides.

    Args:
        lines: The scanners of the configuration.
        running: What the running terminal says of them; empty if none runs.
    """
    if not lines:
        words = Words("没有配置扫码设备", "No scanner is configured")
        step = Words(
            "运行 `yima scanner list` 查看已连接的设备，写入 scanners；也可用键盘式扫码枪直接扫入页面。",
            "`yima scanner list` shows what is connected; write it as scanners. One that types works as it is.",
        )
        yield notice("scanner.none", words, step)
    states, nodes = {one.device: one for one in running}, set()
    for line in lines:
        try:
            spec = parse_spec(line)
        except YimaError as exc:
            yield fault_of(exc)
            continue
        node = _node(spec)
        nodes.add(None if node is None else str(node.resolve()))
        yield _said(states[spec.device]) if spec.device in states else _found(spec, node)
    strangers = [one for one in list_attached() if str(Path(one.node).resolve()) not in nodes]
    for one in strangers:
        words = Words(
            f"{one.label or one.node} 已连接，但未配置", f"{one.label or one.node} is plugged in, but not configured"
        )
        step = Words(
            f"如需使用，在 scanners 中加入 {one.suggestion}", f"To use it, add {one.suggestion} below scanners."
        )
        yield notice("scanner.not_configured", words, step)


def _said(device: DeviceStatus) -> Finding:
    """Return what the running terminal says: it holds the device, so nobody else can try it."""
    if device.problem is None or device.words is None or device.next_step is None:
        return fine(
            "scanner.ready",
            f"{device.device}：{device.state}，扫码 {device.scans} 次",
            f"{device.device}: {device.state}, {device.scans} scans",
        )
    make = fault if device.state in {DeviceState.LOST, DeviceState.FAILED} else notice
    return make(device.problem, device.words, device.next_step)


def _found(spec: ScannerSpec, node: Path | None) -> Finding:
    if isinstance(spec, CameraSpec) and "://" in spec.source:
        return _answers(spec)
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
