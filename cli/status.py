"""`yima status`: how this terminal is, once or every second, for a person or for a program."""

from __future__ import annotations

import json
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import TypeAdapter

from cli.absence import NOT_RUNNING, absence_of
from cli.advice import DEFAULT_CONFIG, advice_for
from cli.asking import Asking, asking_of
from cli.complaint import CANNOT, show_complaint
from cli.doctor import Config
from cli.paper import padded, size_of, wrapped
from cli.state_words import DEVICE_STATES, QUOTA_STATES
from cli.terminal_status import StatusRefusedError
from codes.words import Words
from edge.clock import SHOP_TIME
from edge.health import DeviceStatus, InterfaceStatus, Lamp, LampState, Machine, SitePeer, TerminalStatus, Trouble

_NEEDS_A_PERSON = 1
_EVERY_S = 1.0
_CLEAR = "\x1b[H\x1b[2J"
_QUIT = frozenset({b"q", b"Q", b"\x03", b"\x04", b"\x1b", b""})
_LABEL = 28
_ASK_DOCTOR = Words(
    "请运行 `yima doctor`：它会告诉原因和下一步。", "Run `yima doctor`: it tells the cause and the next step."
)
_COLOURS = {
    LampState.OK: typer.colors.GREEN,
    LampState.NOTICE: typer.colors.YELLOW,
    LampState.DOWN: typer.colors.YELLOW,
    LampState.OFF: typer.colors.BRIGHT_BLACK,
}
_LAMPS = {LampState.OK: "●", LampState.NOTICE: "◐", LampState.DOWN: "○", LampState.OFF: "–"}


def status(
    config: Config = DEFAULT_CONFIG,
    watch: Annotated[bool, typer.Option("--watch", help="每秒刷新，q 退出 / Every second; q ends")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")] = False,
) -> None:
    """显示这台终端的状态 / Show how this terminal is.

    退出码：0 正常（断网、有提示也算），1 需要处理，2 未运行或得不到状态

    Exit code: 0 well, also without a line or with notices; 1 needs a person, also if the file is broken while the
    terminal runs; 2 it does not run, or does not say how it is.
    """
    asked = asking_of(config)
    seen = _watch(asked, as_json=as_json) if watch else _once(asked, as_json=as_json)
    if seen is None:
        raise typer.Exit(CANNOT)
    if not seen.is_well:
        raise typer.Exit(_NEEDS_A_PERSON)


def record_of(seen: TerminalStatus | None) -> str:
    """Return a status as one line for programs; `null` if the terminal does not run."""
    if seen is None:
        return "null"
    told = TypeAdapter(TerminalStatus).dump_python(seen, mode="json")
    return json.dumps({"is_well": seen.is_well, **told}, ensure_ascii=False)


def _waiting(seen: TerminalStatus, now: datetime) -> Iterator[str]:
    sync, visits = seen.sync, seen.visits
    yield from _line("待上传 / pending", f"{sync.pending}{_since(sync.oldest_pending_at, now)}")
    yield from _line("暂缓、被拒 / held, refused", f"{sync.held}, {sync.dead}")
    if visits.untold:
        yield from _line("待通知医院 / steps to tell", f"{visits.untold}{_since(visits.oldest_untold_at, now)}")


def page_of(seen: TerminalStatus, now: datetime) -> Iterator[str]:
    """Yield a status as lines of at most eighty columns."""
    state = "正常 / well" if seen.is_well else "需要处理 / needs a person"
    for line in wrapped(f"{seen.label or seen.terminal}  {seen.terminal}  {state}", "  ", first=""):
        yield typer.style(line, bold=True)
    yield from _lamp("同步 / sync", seen.lamps.sync)
    yield from _lamp("结算 / settlement", seen.lamps.settlement)
    if seen.interface is not None:
        yield from _interface(seen.interface, now)
    yield from _waiting(seen, now)
    for number, device in enumerate(seen.devices):
        label = padded("" if number else "设备 / devices", _LABEL)
        yield from wrapped(_device(device), " " * _LABEL, first=label)
    for number, peer in enumerate(seen.site.peers):
        label = padded("" if number else "本店终端 / this site", _LABEL)
        yield from wrapped(_peer(peer), " " * _LABEL, first=label)
    yield from _box(seen.machine)
    if seen.quota is not None:
        yield from _line("库容 / store used", f"{seen.quota.used_percent} %  {QUOTA_STATES[seen.quota.state]}")
    if seen.clock_offset_ms is not None:
        yield from _line("时钟 / clock", f"{seen.clock_offset_ms / 1000:+.1f} s")
    for one in seen.certificates:
        ends = "?" if one.expires_at is None else f"{one.expires_at:%Y-%m-%d}"
        yield from _line("证书 / certificate", f"{ends}  {one.use}")
    if seen.config is not None:
        same = "" if seen.config.wanted == seen.config.applied else f" → {seen.config.wanted or '?'}"
        yield from _line("配置 / config", f"{seen.config.applied}{same}")
    yield from _line("版本、指纹 / version, key", f"{seen.versions.get('yima', '?')}, {seen.fingerprint}")
    for trouble in seen.troubles:
        yield ""
        yield from _trouble(trouble)


def _once(asked: Asking, *, as_json: bool) -> TerminalStatus | None:
    seen = asked.status()
    if seen is None and not as_json:
        show_complaint(absence_of(asked.settings, advice_for(asked.config, _ASK_DOCTOR)))
    else:
        _show(seen, as_json=as_json)
    return seen


def _watch(asked: Asking, *, as_json: bool) -> TerminalStatus | None:
    """Show the state every second until somebody has had enough; return the last."""
    is_screen = sys.stdout.isatty() and not as_json
    with pressed_keys() as is_enough:
        while True:
            seen, silence = None, NOT_RUNNING
            try:
                seen = asked.status()
            except StatusRefusedError as exc:
                # It starts, it mends its store, somebody else has the port: all of that may pass while one looks on.
                silence = exc.words
            if is_screen:
                typer.echo(_CLEAR, nl=False)
            _show(seen, silence, as_json=as_json)
            if not as_json:
                typer.echo("q 退出 / q ends" if is_screen else "")
            sys.stdout.flush()
            if is_enough(_EVERY_S):
                return seen


def _show(seen: TerminalStatus | None, silence: Words = NOT_RUNNING, *, as_json: bool) -> None:
    if as_json:
        typer.echo(record_of(seen))
        return
    lines = wrapped(str(silence)) if seen is None else page_of(seen, datetime.now(UTC))
    for line in lines:
        typer.echo(line)


@contextmanager
def pressed_keys() -> Iterator[Callable[[float], bool]]:
    """Give a question that waits so many seconds and tells whether somebody pressed q, or Ctrl-C.

    Where there is no keyboard, time goes by until the reader of the pipe is gone or the process is ended.
    """
    if not sys.stdin.isatty():
        yield _waited
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield lambda wait_s: _was_quit_pressed(descriptor, wait_s)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _waited(wait_s: float) -> bool:
    try:
        time.sleep(wait_s)
    except KeyboardInterrupt:
        return True
    return False


def _was_quit_pressed(descriptor: int, wait_s: float) -> bool:
    try:
        ready, _, _ = select.select([descriptor], [], [], wait_s)
    except KeyboardInterrupt:
        return True
    return bool(ready) and os.read(descriptor, 1) in _QUIT


def _lamp(label: str, lamp: Lamp) -> Iterator[str]:
    mark = typer.style(_LAMPS[lamp.state], fg=_COLOURS[lamp.state])
    zh, *more = wrapped(lamp.words.zh, " " * (_LABEL + 2), first=" " * (_LABEL + 2))
    yield f"{padded(label, _LABEL)}{mark} {zh.lstrip()}"
    yield from more
    yield from wrapped(lamp.words.en, " " * (_LABEL + 2))


def _box(machine: Machine) -> Iterator[str]:
    if machine.disk_free_bytes is not None and machine.disk_total_bytes is not None:
        free, total = size_of(machine.disk_free_bytes), size_of(machine.disk_total_bytes)
        yield from _line("磁盘可用 / disk free", f"{free}，共 / of {total}")
    if machine.pss_bytes is not None:
        yield from _line("内存 / memory", size_of(machine.pss_bytes))
    if machine.temperature_c is not None:
        yield from _line("温度 / temperature", f"{machine.temperature_c:.0f} °C")
    if machine.load is not None:
        yield from _line("负载 / load", f"{machine.load:.1f} / {machine.cores or '?'}")


def _device(device: DeviceStatus) -> str:
    scans = f"{DEVICE_STATES[device.state]}，{device.scans} 次 / scans"
    refused = f"  未保存 / not recorded {device.refused}" if device.refused else ""
    return f"{device.device}  {scans}{refused}{f'  {device.problem}' if device.problem else ''}"


def _peer(peer: SitePeer) -> str:
    heard = "?" if peer.heard_at is None else f"{peer.heard_at.astimezone():%m-%d %H:%M}"
    return f"{peer.terminal}  {'●' if peer.is_heard else '○'} {heard}{f'  {peer.problem}' if peer.problem else ''}"


def _trouble(trouble: Trouble) -> Iterator[str]:
    mark, colour = ("✗", typer.colors.RED) if trouble.is_alarm else ("!", typer.colors.YELLOW)
    zh, *more = wrapped(f"{trouble.words.zh}  [{trouble.code}]", "  ", first="  ")
    yield f"{typer.style(mark, fg=colour)} {zh[2:]}"
    yield from more
    yield from wrapped(trouble.words.en, "  ")
    yield from wrapped(trouble.next_step.zh, "    ", first="  → ")
    yield from wrapped(trouble.next_step.en, "    ")


def _line(label: str, value: str) -> Iterator[str]:
    yield from wrapped(value, " " * _LABEL, first=padded(label, _LABEL))


def _interface(seen: InterfaceStatus, now: datetime) -> Iterator[str]:
    yield from _line("结果未知 / outcomes open", f"{seen.open}{_since(seen.oldest_open_at, now)}")
    sign_in = "已签到 / signed in" if seen.signed_in else "未签到 / not signed in"
    last = "–" if seen.last_answer_at is None else f"{seen.last_answer_at.astimezone(SHOP_TIME):%H:%M:%S}"
    yield from _line("医保接口 / interface", f"{seen.way}  {sign_in}  应答 / answered {last}")


def _since(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return ""
    minutes = max(0, int((now - moment).total_seconds() // 60))
    hours, rest = divmod(minutes, 60)
    return f"  最早 / oldest {hours} h {rest} min"
