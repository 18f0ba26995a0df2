"""`yima edge status`: how a terminal is in a few lines, and whether its chain of records is whole."""

from __future__ import annotations

from datetime import datetime

import typer
from pydantic import TypeAdapter

from cli.edge_options import AsJson, Config
from cli.listing import Block, show_blocks
from cli.state_words import DEVICE_STATES
from cli.terminal_status import StatusRefusedError, fetch_status
from edge.config import EdgeConfig, load_config
from edge.health import DeviceStatus, SyncStatus, TerminalStatus
from edge.link_trouble import REVOKED
from edge.store.catalogue import CatalogueImport
from edge.store.chain import check_chain
from edge.store.database import database_path, visited_store
from edge.store.errors import SalvageRunsError
from edge.store.terminal import find_state

_BROKEN = 1


def status(
    config: Config,
    as_json: AsJson = False,
) -> None:
    """显示终端状态，检查记录链 / Show how the terminal is and check its chain.

    记录链有断裂则退出码为 1 / Exit code 1 if the chain is broken.
    """
    settings = load_config(config)
    # A refusal is said last: the chain can be checked all the same.
    refused = _show_status(settings, as_json=as_json)
    broken_at = _check_chain(settings, quiet=as_json)
    if broken_at is not None:
        raise typer.Exit(_BROKEN)
    if refused is not None:
        raise refused


def _show_status(settings: EdgeConfig, *, as_json: bool) -> StatusRefusedError | None:
    """Show how the terminal is, or return why it did not say."""
    try:
        running = fetch_status(settings)
    except StatusRefusedError as exc:
        return exc
    if as_json:
        typer.echo("null" if running is None else TypeAdapter(TerminalStatus).dump_json(running).decode())
    elif running is None:
        typer.echo("终端未运行 / The terminal is not running")
    else:
        show_blocks([_status_block(running)])
    return None


def _status_block(running: TerminalStatus) -> Block:
    sync = running.sync
    oldest = "" if sync.oldest_pending_at is None else f"，最早 / oldest {_shown(sync.oldest_pending_at)}"
    return (
        ("终端 / terminal", f"{running.terminal}  {running.label}"),
        ("操作员 / operator", running.operator or "—"),
        ("连线 / line", _line(sync)),
        ("批准 / approval", _approval(running)),
        ("指纹 / fingerprint", running.fingerprint),
        ("待上传 / pending", f"{sync.pending}{oldest}"),
        ("被拒 / refused", str(sync.dead)),
        ("商品目录 / catalogue", _catalogue(running.catalogue)),
        *((device.device, _device(device)) for device in running.devices),
    )


def _approval(running: TerminalStatus) -> str:
    if running.sync.problem == REVOKED:
        return "已吊销 / revoked"
    words = {True: "已批准 / approved", False: "待批准 / waiting for approval", None: "中心尚未应答 / no answer yet"}
    return words[running.is_approved]


def _line(sync: SyncStatus) -> str:
    if not sync.is_enabled:
        return "已关闭 / switched off"
    line = "已连接 / up" if sync.is_up else "未连接 / down"
    return line if sync.problem is None else f"{line}  {sync.problem.words}  [{sync.problem.code}]"


def _catalogue(used: CatalogueImport | None) -> str:
    if used is None:
        return "未导入 / none"
    left_out = f"，未采用 {used.problems} 行 / {used.problems} lines left out" if used.problems else ""
    return f"{used.source}  {_shown(used.imported_at)}  {used.products} 种 / products{left_out}"


def _device(device: DeviceStatus) -> str:
    problem = f"  {device.problem}" if device.problem else ""
    return f"{DEVICE_STATES[device.state]}  {device.scans} 次 / scans{problem}"


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _check_chain(settings: EdgeConfig, *, quiet: bool) -> int | None:
    if not database_path(settings.store.folder).exists():
        return None
    try:
        with visited_store(settings.store.folder) as connection:
            state = find_state(connection)
            if state is None:
                return None
            check = check_chain(connection, state.epoch)
    except SalvageRunsError as exc:
        if not quiet:
            typer.echo(f"记录链未检查：{exc.words.zh} / chain not checked: {exc.words.en}")
        return None
    if not quiet:
        zh = "完整" if check.broken_at is None else f"在第 {check.broken_at} 号处断裂"
        en = "whole" if check.broken_at is None else f"broken at number {check.broken_at}"
        typer.echo(f"记录链 {check.events} 条，{zh} / chain of {check.events} records: {en}")
    return check.broken_at
