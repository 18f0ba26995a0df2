"""The terminal as a service: is it installed, does it run, does it answer, and what does it say of itself?"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

from cli.absence import absence_of
from cli.checks.finding import Finding, fault, fault_of, finding_of, fine, notice
from cli.terminal_status import SignInWantedError, StatusRefusedError, fetch_status
from codes.words import Words
from edge.config import EdgeConfig
from edge.health import LampState, TerminalStatus

UNIT = "yima-edge.service"
PATIENCE_S = 5.0
_ASKED = "LoadState,ActiveState,SubState,Result,NRestarts"
_MANY_RESTARTS = 5
_START = Words(
    "请启动：sudo systemctl start yima-edge，或 yima edge run --config …",
    "Start it: sudo systemctl start yima-edge, or yima edge run --config …",
)


class Asked:
    """What the terminal answered when it was asked how it is."""

    def __init__(self, config: EdgeConfig) -> None:
        self.status: TerminalStatus | None = None
        self.refusal: StatusRefusedError | None = None
        try:
            self.status = fetch_status(config)
        except StatusRefusedError as exc:
            self.refusal = exc


def check_service(config: EdgeConfig, asked: Asked) -> Iterator[Finding]:
    """Look at the service and at what the terminal says of itself, devices apart."""
    unit = ask_systemd()
    if unit is not None:
        yield unit_finding(unit)
    status = asked.status
    if asked.refusal is not None:
        yield _hidden(asked.refusal) if isinstance(asked.refusal, SignInWantedError) else fault_of(asked.refusal)
        return
    if status is None:
        absence = absence_of(config, _START)
        yield notice(absence.code, absence.words, absence.next_step)
        return
    yield fine("edge.running", f"终端 {status.terminal} 正在运行", f"The terminal {status.terminal} runs")
    lamp = status.lamps.sync
    if lamp.state is LampState.OK:
        yield fine(lamp.code, lamp.words.zh, lamp.words.en)
    of_devices = {device.problem for device in status.devices}
    yield from (finding_of(trouble) for trouble in status.troubles if trouble.code not in of_devices)


def ask_systemd() -> dict[str, str] | None:
    """Return what systemd says of our unit; None if it does not know it, or is not there."""
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return None
    command = [systemctl, "show", UNIT, f"--property={_ASKED}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)  # noqa: S603 - our own words
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    return said if said.get("LoadState") == "loaded" else None


def unit_finding(said: dict[str, str]) -> Finding:
    """Return what the state of the unit means."""
    state, restarts = said.get("ActiveState", ""), said.get("NRestarts", "0")
    if state != "active":
        words = Words(
            f"服务 {UNIT} 未在运行（{state}，{said.get('Result', '')}）",
            f"{UNIT} is {state} ({said.get('Result', '')})",
        )
        step = Words(f"请查看原因：journalctl -u {UNIT} -n 50", f"See why: journalctl -u {UNIT} -n 50")
        return fault("service.not_active", words, step)
    if restarts.isdecimal() and int(restarts) >= _MANY_RESTARTS:
        words = Words(f"服务已自动重启 {restarts} 次", f"The service was restarted {restarts} times")
        step = Words(f"请查看原因：journalctl -u {UNIT} -n 200", f"See why: journalctl -u {UNIT} -n 200")
        return notice("service.restarts", words, step)
    return fine("service.active", f"服务 {UNIT} 正在运行", f"{UNIT} is active")


def _hidden(refusal: StatusRefusedError) -> Finding:
    words = Words(
        "终端正在运行；它对外开放，当前账户不能直接查看状态",
        "The terminal runs; it is reached from outside and does not tell this account how it is",
    )
    return notice("edge.sign_in", words, refusal.next_step)
