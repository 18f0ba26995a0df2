"""`yima outbox`: what a terminal still has to deliver, and the ways out for what it cannot."""

from __future__ import annotations

import getpass
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from cli.advice import DEFAULT_CONFIG
from cli.group import command_group
from cli.mistakes import UsageMistakeError
from cli.outbox_screen import show_remarks, state_of, told_on_screen
from cli.paper import screen_width, wrapped
from codes.os_words import words_of_os_error, words_of_unwritten
from codes.words import Words
from edge.clock import SystemClock
from edge.config import load_config
from edge.store.damaged import damaged_files
from edge.store.database import database_path, visited_store
from edge.store.dead_letters import (
    DeadLetter,
    damaged_since,
    dead_letters,
    send_all_again,
    send_dead_letter_again,
    set_dead_letter_aside,
)
from edge.store.handover import ExportFileError, NoStoreError, NothingBegunError, begun
from edge.store.handover_adopt import adopt_events
from edge.store.handover_export import export_events
from edge.store.handover_look import Estate, opened_estate
from edge.store.life import acknowledge_damage
from edge.store.outbox import read_counts
from web.logs import configure_logs
from wire.on_disk import sync

outbox_app = command_group("待上传的记录 / What a terminal has to deliver")

Config = Annotated[
    Path | None,
    typer.Option("--config", help="终端的配置文件 / The terminal's file", show_default=str(DEFAULT_CONFIG)),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        help="数据目录，代替 --config，如另一台机器的硬盘 / A data folder in its place, such as another machine's disk",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")]
_MOST_LISTED = 500
_MOST_SHOWN = 20
_INCOMPLETE = 1
"""Exit code: exported, but not all that was there."""
_DOING = {"checking": "核对 / checking", "taking": "接收 / taking"}
_NEW_NAME = Words(
    "请给出尚不存在、所在目录可写的文件名。", "Name a file that is not there yet, in a folder that can be written."
)
_THE_EXPORT = Words(
    "请给出 yima outbox export 写出的文件；从 U 盘读不出时请重新复制。",
    "Name the file that `yima outbox export` wrote; copy it again if a stick does not give it.",
)
_BEGAN = Words(
    "这些记录与本机原来属于同一纪元，本机已另起新纪元，编号不会重复；未结的清单已作废，请重新扫码。",
    "They were of the epoch that this store was in: it has begun a new one, so that no number is given out twice. A "
    "list that was open is set aside: scan it again.",
)
_OWNER_ONLY = 0o600


@outbox_app.command("list")
def list_outbox(config: Config = None, folder: Folder = None, as_json: AsJson = False) -> None:
    """列出待上传与被拒的记录 / What waits, what was refused.

    只读，坏机器的硬盘也可 / Reads only, also the disk of a dead box.
    """
    with _looked_at(config, folder) as estate, estate.connection.begin():
        counts, letters = read_counts(estate.connection), dead_letters(estate.connection, _MOST_LISTED)
    if as_json:
        refused = [_letter(letter) for letter in letters]
        oldest = None if counts.oldest_pending_at is None else counts.oldest_pending_at.isoformat()
        waits = {"pending": counts.pending, "held": counts.held, "oldest_pending_at": oldest}
        told = {**waits, "dead": counts.dead, "refused": refused, **state_of(estate)}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    since = (
        ""
        if counts.oldest_pending_at is None
        else f"，最早 / oldest {counts.oldest_pending_at.astimezone():%m-%d %H:%M}"
    )
    typer.echo(f"待上传 / waiting {counts.pending}，其中缓收 / put off {counts.held}{since}")
    if letters:
        table = Table("编号 / id", "类型 / kind", "时间 / at", "原因 / reason", "处理 / state")
        for letter in letters:
            state = "" if letter.set_aside is None else f"{letter.set_aside.operator}：{letter.set_aside.reason}"
            table.add_row(letter.id, letter.kind, f"{letter.created_at.astimezone():%m-%d %H:%M}", letter.code, state)
        Console().print(table)
    else:
        typer.echo("没有被拒的记录 / nothing was refused")
    show_remarks(estate.remarks)


@outbox_app.command()
def send(
    event: Annotated[str | None, typer.Argument(help="记录编号 / Id of the record", show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="全部被拒的记录 / Every refused record")] = False,
    config: Config = None,
    folder: Folder = None,
) -> None:
    """重新上传被拒的记录 / Send refused records again.

    例如中心升级之后 / As after an upgrade of the centre.
    """
    if (event is None) is not every:
        raise UsageMistakeError(Words("请给出记录编号，或 --all", "Give the id of a record, or --all"))
    with _store(config, folder) as connection, connection.begin():
        done = send_all_again(connection) if event is None else send_dead_letter_again(connection, event)
    if event is not None and done.damaged:
        raise damaged_since(event)
    typer.echo(f"{done.sent} 条将重新上传 / {done.sent} will be sent again")
    if done.damaged:
        typer.echo(f"{done.damaged} 条已损坏，不能上传 / {done.damaged} are damaged and are not sent")


@outbox_app.command("set-aside")
def set_aside(
    event: Annotated[str, typer.Argument(help="记录编号 / Id of the record")],
    reason: Annotated[str, typer.Option(help="原因 / Why")],
    config: Config = None,
    folder: Folder = None,
) -> None:
    """搁置被拒的记录 / Set a refused record aside.

    记录仍保留，但不再提醒；可用 send 撤销 / It is kept, but reported no more; `send` undoes it.
    """
    if not reason.strip():
        raise UsageMistakeError(Words("--reason 不能为空", "--reason must say something"))
    with _store(config, folder) as connection, connection.begin():
        set_dead_letter_aside(
            connection, event, operator=getpass.getuser(), reason=reason.strip(), now=SystemClock().now()
        )
    typer.echo("已搁置 / set aside")


@outbox_app.command()
def export(
    file: Annotated[Path, typer.Argument(help="导出文件，不得已存在 / The export, must not exist yet")],
    config: Config = None,
    folder: Folder = None,
    delivered: Annotated[bool, typer.Option("--delivered", help="也导出已上传的记录 / Delivered records too")] = False,
    as_json: AsJson = False,
) -> None:
    """导出未上传的记录 / Export what was not delivered.

    供接替的机器接收；不含密钥，不改动原盘；有读不出的记录时退出码为 1 / For the machine that takes over; no keys are in
    it, and the disk is not changed. Exit code 1 if something could not be read.
    """
    with _looked_at(config, folder) as estate, estate.connection.begin(), told_on_screen(quiet=as_json) as tell:
        begun(estate.connection)
        with _new_file(file) as out:
            done = export_events(
                estate.connection,
                out,
                now=SystemClock().now(),
                with_delivered=delivered,
                wrong=estate.wrong,
                told=lambda count: tell("导出 / exporting", count, 0),
            )
    is_complete = estate.is_whole and not done.left_out
    left_out = [{"epoch": epoch, "seq": seq} for epoch, seq in done.left_out]
    if as_json:
        told = {"file": str(file), "events": done.events, "terminal": done.terminal, "epoch": done.epoch}
        more = {"is_complete": is_complete, "left_out": left_out, **state_of(estate)}
        typer.echo(json.dumps({**told, **more}, ensure_ascii=False))
    else:
        typer.echo(f"已导出终端 {done.terminal} 的 {done.events} 条记录到 {file} / exported {done.events} records")
        if left_out:
            shown = "、".join(str(one["seq"]) for one in left_out[:_MOST_SHOWN])
            typer.echo(f"{len(left_out)} 条已损坏，未导出 / are damaged and were left out：{shown}")
        show_remarks(estate.remarks)
    if not is_complete:
        raise typer.Exit(_INCOMPLETE)


@outbox_app.command()
def adopt(
    file: Annotated[Path, typer.Argument(help="导出文件 / The export")],
    config: Config = None,
    folder: Folder = None,
    set_aside: Annotated[bool, typer.Option("--set-aside", help="作废未结的清单 / Set an open list aside")] = False,
    as_json: AsJson = False,
) -> None:
    """接收旧机器的导出文件 / Take over an export.

    其中的记录作为本机的历史上传；中断后再执行一次即可 / Its records are sent as a former life of this terminal. If it
    is cut off, do it again.
    """
    with _store(config, folder) as connection, told_on_screen(quiet=as_json) as tell:
        try:
            with file.open("rb") as source:
                done = adopt_events(
                    connection,
                    source,
                    name=file.name[:200],
                    now=SystemClock().now(),
                    random=secrets.token_bytes,
                    may_set_aside=set_aside,
                    told=lambda what, count, total: tell(_DOING[what], count, total),
                )
        except OSError as exc:
            why = words_of_os_error(exc)
            words = Words(f"无法读取 {file}：{why.zh}", f"Cannot read {file}: {why.en}")
            raise ExportFileError(words, next_step=_THE_EXPORT) from exc
    if as_json:
        typer.echo(json.dumps(asdict(done)))
        return
    typer.echo(
        f"接收 {done.taken} 条，已有 {done.known} 条；终端会自动上传 / "
        f"took {done.taken}, {done.known} were here already; the terminal sends them by itself"
    )
    if done.began is not None:
        for line in (_BEGAN.zh, _BEGAN.en):
            typer.echo("\n".join(wrapped(line, width=screen_width())))


@outbox_app.command()
def damaged(
    acknowledge: Annotated[bool, typer.Option("--acknowledge", help="已查看，不再提醒 / Seen; tell no more")] = False,
    config: Config = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """列出损坏后留存的文件 / List the files kept of damaged stores.

    文件不会被删除；确认后，终端随即不再提醒 / Nothing is deleted; once acknowledged, the terminal tells of it no more.
    """
    config, place = _named(config, folder)
    # Listed also where there is no store that could be opened, as when its salvage was cut off.
    kept = damaged_files(place)
    seen = 0
    if acknowledge:
        with _store(config, folder) as connection, connection.begin():
            seen = acknowledge_damage(connection, getpass.getuser(), SystemClock().now())
    elif not kept:
        with _never_begun(config):
            _refuse_no_store(place)
    if as_json:
        listed = [{"folder": str(one.folder), "files": one.files, "bytes": one.size_bytes} for one in kept]
        typer.echo(json.dumps({"damaged": listed, "acknowledged": seen}, ensure_ascii=False))
        return
    for one in kept:
        typer.echo(f"{one.folder}：{one.files} 个文件 / files，{one.size_bytes} 字节 / bytes")
    if not kept:
        typer.echo("没有留存的损坏文件 / no files of damaged stores are kept")
    if acknowledge:
        typer.echo(f"已确认 {seen} 次 / acknowledged {seen}")


@contextmanager
def _store(config: Path | None, folder: Path | None) -> Iterator[Connection]:
    config, place = _named(config, folder)
    with _never_begun(config):
        # Looking must not make an empty store.
        _refuse_no_store(place)
        with visited_store(place) as connection:
            yield connection


def _refuse_no_store(place: Path) -> None:
    if not database_path(place).exists():
        raise NoStoreError(Words(f"{place} 中没有终端的数据库", f"There is no store of a terminal in {place}"))


@contextmanager
def _looked_at(config: Path | None, folder: Path | None) -> Iterator[Estate]:
    config, place = _named(config, folder)
    with _never_begun(config), opened_estate(place, SystemClock().now()) as estate:
        yield estate


def _named(config: Path | None, folder: Path | None) -> tuple[Path | None, Path]:
    """Return the configuration that says where the data is, None if the folder itself was named; and the folder."""
    if config is not None and folder is not None:
        raise UsageMistakeError(Words("--config 与 --folder 只能给一个", "Give --config or --folder, not both"))
    # What a salvage notes on its way is told by the answer itself.
    configure_logs("CRITICAL")
    if folder is not None:
        return None, folder
    config = config or DEFAULT_CONFIG
    return config, load_config(config).store.folder


@contextmanager
def _never_begun(config: Path | None) -> Iterator[None]:
    """Send whoever named a configuration to start its terminal, and whoever named a folder to the right one."""
    try:
        yield
    except NothingBegunError as exc:
        if config is not None:
            raise
        raise NothingBegunError(exc.words, next_step=NoStoreError.next_step) from exc
    except NoStoreError as exc:
        # A store that was lost has a next step of its own.
        if config is None or exc.next_step is not NoStoreError.next_step:
            raise
        raise NoStoreError(exc.words, next_step=NothingBegunError.next_step) from exc


@contextmanager
def _new_file(file: Path) -> Iterator[IO[bytes]]:
    """Give a file that was not there; what is not finished is not left behind."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except OSError as exc:
        raise _cannot_write(file, exc) from exc
    with ExitStack() as unless_finished:
        unless_finished.callback(file.unlink, missing_ok=True)
        try:
            with os.fdopen(descriptor, "wb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            sync(file.absolute().parent)
        except OSError as exc:
            raise _cannot_write(file, exc) from exc
        unless_finished.pop_all()


def _cannot_write(file: Path, exc: OSError) -> ExportFileError:
    why = words_of_unwritten(exc)
    return ExportFileError(Words(f"无法写入 {file}：{why.zh}", f"Cannot write {file}: {why.en}"), next_step=_NEW_NAME)


def _letter(letter: DeadLetter) -> dict[str, object]:
    aside = letter.set_aside
    return {
        "id": letter.id,
        "epoch": letter.epoch,
        "seq": letter.seq,
        "kind": letter.kind,
        "created_at": letter.created_at.isoformat(),
        "code": letter.code,
        "set_aside": None if aside is None else {**asdict(aside), "at": aside.at.isoformat()},
    }
