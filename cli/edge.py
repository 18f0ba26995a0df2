"""`yima edge`: run a terminal, and look after it."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from cli.catalogue import problem_records, show_left_out
from cli.edge_batches import batch_app
from cli.edge_certificate import certificate
from cli.edge_tokens import token_app
from cli.group import command_group
from cli.listing import Block, show_blocks
from cli.state_words import DEVICE_STATES
from cli.terminal_status import StatusRefusedError, fetch_status
from edge.app import Announcements, run_terminal
from edge.catalogue_file import import_catalogue
from edge.clock import SystemClock
from edge.config import EdgeConfig, load_config, warn_of_unknown_variables
from edge.config_revision import ConfigFile
from edge.health import DeviceStatus, SyncStatus, TerminalStatus
from edge.link_trouble import REVOKED
from edge.operators.accounts import NewPassword, add_account, disable_account, enable_account, renew_password
from edge.store.catalogue import CatalogueImport
from edge.store.chain import check_chain
from edge.store.database import KEY_FILE, database_path, visited_store
from edge.store.errors import SalvageRunsError
from edge.store.shifts import OperatorRow, all_operators
from edge.store.terminal import find_state
from web.logs import configure_logs
from wire.keys import load_or_create_key

edge_app = command_group("终端 / A terminal")
operator_app = command_group("操作员 / Operators")
catalogue_app = command_group("商品目录 / The matching library")
edge_app.add_typer(operator_app, name="operator")
edge_app.add_typer(catalogue_app, name="catalogue")
edge_app.add_typer(token_app, name="token")
edge_app.add_typer(batch_app, name="batch")
edge_app.command()(certificate)

Config = Annotated[Path, typer.Option("--config", help="配置文件 / Configuration file", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="从标准输入读取密码 / Read the password from standard input")
]
_BROKEN = 1


@edge_app.command()
def run(
    config: Config,
    scanner: Annotated[
        list[str] | None,
        typer.Option(help="追加扫码设备，如 serial:/dev/ttyACM0,9600 / One more scanner", show_default=False),
    ] = None,
) -> None:
    """运行终端，直到 Ctrl-C / Run the terminal until Ctrl-C."""
    file = ConfigFile.seen(config)
    settings = load_config(config)
    configure_logs(settings.log.level)
    warn_of_unknown_variables()
    announcements = Announcements(first_password=_show_password, ready=_show_address)
    asyncio.run(run_terminal(settings, scanner or (), announcements, clock=SystemClock(), config_file=file))


@edge_app.command()
def key(config: Config) -> None:
    """显示终端指纹与公钥，供中心核对 / Print fingerprint and public key."""
    folder = load_config(config).store.folder
    if not (folder / KEY_FILE).exists():
        # The store first, as at the first start: a key beside no store says that the store was lost.
        with visited_store(folder):
            pass
    public = load_or_create_key(folder / KEY_FILE).public
    typer.echo(f"指纹 / fingerprint  {public.fingerprint}")
    typer.echo(f"公钥 / public key   {public.raw.hex()}")


@edge_app.command()
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


@operator_app.command("add")
def add_operator(
    login: Annotated[str, typer.Argument(help="工号 / Login")],
    config: Config,
    name: Annotated[str, typer.Option(help="姓名，默认同工号 / Name, the login if left out")] = "",
    password_stdin: PasswordStdin = False,
) -> None:
    """添加操作员，密码只显示一次 / Add an operator; shows a password once."""
    chosen = _password_from_stdin() if password_stdin else None
    with visited_store(load_config(config).store.folder) as connection:
        added = add_account(connection, login, name or login, SystemClock().now(), chosen)
    _show_password(added, is_hidden=password_stdin)


@operator_app.command("password")
def new_operator_password(
    login: Annotated[str, typer.Argument(help="工号 / Login")],
    config: Config,
    password_stdin: PasswordStdin = False,
) -> None:
    """重设密码，并退出其已登录的页面 / Set a new password and sign out."""
    chosen = _password_from_stdin() if password_stdin else None
    with visited_store(load_config(config).store.folder) as connection:
        renewed = renew_password(connection, login, chosen)
    _show_password(renewed, is_hidden=password_stdin)


@operator_app.command("disable")
def disable_operator(login: Annotated[str, typer.Argument(help="工号 / Login")], config: Config) -> None:
    """停用操作员：退出其已登录的页面，不能再登录 / Disable an operator and sign out.

    以前的班次与销售不变；可用 enable 恢复 / Shifts and sales of before stay. `enable` undoes it.
    """
    with visited_store(load_config(config).store.folder) as connection:
        disable_account(connection, login, SystemClock().now())
    typer.echo(f"工号 {login} 已停用 / Operator {login} is disabled")


@operator_app.command("enable")
def enable_operator(login: Annotated[str, typer.Argument(help="工号 / Login")], config: Config) -> None:
    """恢复已停用的操作员，密码不变 / Let a disabled operator sign in again."""
    with visited_store(load_config(config).store.folder) as connection:
        enable_account(connection, login)
    typer.echo(f"工号 {login} 可以登录 / Operator {login} may sign in")


@operator_app.command("list")
def list_operators(config: Config) -> None:
    """列出操作员 / List the operators."""
    with visited_store(load_config(config).store.folder) as connection, connection.begin():
        operators = all_operators(connection)
    table = Table("工号 / login", "姓名 / name", "添加于 / added", "状态 / state")
    for operator in operators:
        table.add_row(operator.login, operator.name, f"{operator.created_at:%Y-%m-%d}", _operator_state(operator))
    Console().print(table)


@catalogue_app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV 文件，UTF-8 或 GB18030 / CSV, UTF-8 or GB18030")],
    config: Config,
    as_json: AsJson = False,
) -> None:
    """导入商品目录，替换原有内容 / Import a catalogue in place of the old one.

    有误的行不采用并逐行列出；终端运行时也可执行 / Wrong lines are left out and named. Works while the terminal runs.
    """
    configure_logs("critical")  # the answer names the lines itself
    with visited_store(load_config(config).store.folder) as connection:
        done = import_catalogue(connection, file, SystemClock().now())
    if as_json:
        counts = {"taken": done.products, "left_out": len(done.problems), "identifiers": done.identifiers}
        typer.echo(json.dumps({**counts, "problems": problem_records(done.problems)}, ensure_ascii=False))
        return
    typer.echo(f"商品 {done.products}，标识 {done.identifiers} / {done.products} products, {done.identifiers} codes")
    show_left_out(done.problems, taken=done.products)


def _operator_state(operator: OperatorRow) -> str:
    if operator.disabled_at is None:
        return "启用 / active"
    return f"{operator.disabled_at:%Y-%m-%d} 停用 / disabled"


def _show_password(new: NewPassword, *, is_hidden: bool = False) -> None:
    typer.echo(f"工号 / operator  {new.login}")
    if not is_hidden:
        typer.echo(f"密码 / password  {new.password}")
        typer.echo("密码只显示这一次，请立即记下 / Shown only now: write it down")


def _show_address(address: str) -> None:
    typer.echo(f"终端已就绪 / The terminal is ready: {address}")


def _password_from_stdin() -> str:
    return sys.stdin.readline().rstrip("\r\n")


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
