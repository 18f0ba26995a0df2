"""`yima server terminal`: who may report to the centre. It is the fingerprint that is approved, not the name."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from cli.centre import CORRECT_IT, Advice, AsJsonLines, Config, opened_centre, written_out
from cli.group import command_group
from cli.listing import Block, show_blocks
from codes.errors import YimaError
from codes.words import Words
from server.fleet import Fleet
from server.fleet.registry import OtherKeyError
from server.fleet.terminal import Terminal
from server.opening import utc_now
from server.people.roles import COMMAND_LINE
from web.errors import InvalidRequestError, NotFoundError

terminal_app = command_group("终端设备 / Terminals")

_PAGE = 500


class FingerprintError(YimaError):
    """The key that the centre has is not the one that was compared."""

    code: ClassVar[str] = "fleet.fingerprint"
    next_step: ClassVar[Words] = Words(
        "请勿批准。请在终端上运行 `yima edge key --config edge.toml` 重新核对；"
        "若仍不一致，可能有设备冒名，请联系管理员。",
        "Do not approve it. Compare again with `yima edge key --config edge.toml` at the terminal; if they still "
        "differ, another device may use its name: tell the administrator.",
    )


Name = Annotated[str, typer.Argument(help="终端编号 / Terminal", metavar="TERMINAL")]


@terminal_app.command("list")
def list_terminals(config: Config, as_json: AsJsonLines = False) -> None:
    """列出终端及其密钥指纹 / List the terminals and their fingerprints."""
    with opened_centre(config) as store:
        found = list(_all(Fleet(store), utc_now()))
    if as_json:
        for one in found:
            typer.echo(json.dumps(_record(one), ensure_ascii=False))
        return
    if not found:
        typer.echo("还没有终端登记；终端首次连上消息代理后会出现在这里。")
        typer.echo("No terminal has announced itself yet; it appears here once it has reached the broker.")
    show_blocks(_block(one) for one in found)


@terminal_app.command("approve")
def approve_terminal(
    terminal: Name,
    config: Config,
    fingerprint: Annotated[
        str | None,
        typer.Option(help="终端上显示的指纹；一致才批准 / As the terminal shows it; approved only if equal"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="已核对，不再询问 / Compared already: do not ask")] = False,
    institution: Annotated[str | None, typer.Option(help="机构编码 / Institution", show_default=False)] = None,
) -> None:
    """核对指纹后批准终端 / Compare a terminal's fingerprint and approve it."""
    with opened_centre(config, _advice(terminal, config)) as store:
        fleet = Fleet(store)
        found, _ = fleet.find(terminal, utc_now())
        show_blocks([_block(found)])
        if fingerprint is not None:
            _compare(found, fingerprint)
        elif not yes:
            question = "与终端上 yima edge key 显示的指纹一致吗？ / Does the terminal show the same fingerprint?"
            typer.confirm(question, abort=True)
        # What was compared is what is approved, even if the terminal got another key while somebody looked.
        compared = found.fingerprint
        fleet.approve(terminal, by=COMMAND_LINE, now=utc_now(), institution=institution, fingerprint=compared)
    typer.echo("已批准 / approved")


@terminal_app.command("revoke")
def revoke_terminal(terminal: Name, config: Config) -> None:
    """吊销终端，其记录暂缓而不丢失 / Revoke a terminal; its records are held."""
    with opened_centre(config, _advice(terminal, config)) as store:
        Fleet(store).revoke(terminal, by=COMMAND_LINE, now=utc_now())
    typer.echo(f"终端 {terminal} 已吊销，其记录留在终端 / Terminal {terminal} is revoked, its records wait there")
    typer.echo(f"撤销 / undo: {written_out(f'terminal approve {shlex.quote(terminal)}', config)}")


def _advice(terminal: str, config: Path) -> Advice:
    every, again = (
        written_out("terminal list", config),
        written_out(f"terminal approve {shlex.quote(terminal)}", config),
    )
    return {
        InvalidRequestError.code: CORRECT_IT,
        NotFoundError.code: Words(
            f"终端连上消息代理后才会出现：请确认消息代理、中心和终端都已启动，再查看：{every}",
            f"A terminal appears once it has reached the broker: start broker, centre and terminal, then see: {every}",
        ),
        OtherKeyError.code: Words(f"请重新核对指纹：{again}", f"Compare the fingerprint once more: {again}"),
    }


def _compare(found: Terminal, told: str) -> None:
    if _digits(told) != _digits(found.fingerprint):
        words = Words(
            f"指纹不一致：中心登记的是 {found.fingerprint}，给出的是 {told}",
            f"The fingerprints differ: the centre has {found.fingerprint}, you gave {told}",
        )
        raise FingerprintError(words)


def _digits(fingerprint: str) -> str:
    """Return what counts of a fingerprint: people write it with and without hyphens, large and small."""
    return fingerprint.replace("-", "").replace(" ", "").upper()


def _all(fleet: Fleet, now: datetime) -> Iterator[Terminal]:
    last = ""
    while page := fleet.list(now, after=last, limit=_PAGE):
        yield from page
        last = page[-1].id


def _record(one: Terminal) -> dict[str, object]:
    return {
        "terminal": one.id,
        "label": one.label,
        "area": one.area,
        "institution": one.institution,
        "fingerprint": one.fingerprint,
        "trust": one.trust,
        "state": one.standing,
        "last_seen_at": one.last_seen_at.isoformat(),
    }


def _block(one: Terminal) -> Block:
    return (
        ("终端 / terminal", f"{one.id}  {one.label}"),
        ("机构 / institution", one.institution),
        ("指纹 / fingerprint", one.fingerprint),
        ("信任 / trust", one.trust),
        ("在线 / state", one.standing),
    )
