"""`yima server insured lookups`: who looked up whom over the national interface, for an inspector."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated

import typer

from cli.centre import AsJsonLines, Config, opened_centre
from cli.listing import show_blocks
from cli.standings import From, To, midnight_said
from server.store import person_lookups
from server.store.person_lookups import Asked, Lookup
from wire.fsi.values import BEIJING

_ANSWERED = "已答复 / answered"


def show_lookups(  # noqa: PLR0917 - the options of the command
    config: Config,
    psn_no: Annotated[str, typer.Option("--person", help="人员编号 / Person", metavar="PSN_NO")] = "",
    institution: Annotated[str, typer.Option(help="机构编码 / Institution", metavar="CODE")] = "",
    operator: Annotated[str, typer.Option(help="经办人 opter / Operator")] = "",
    begins: From = None,
    ends: To = None,
    limit: Annotated[int, typer.Option(help="最多列出的条数，最新在前 / At most this many, newest first", min=1)] = 100,
    as_json: AsJsonLines = False,
) -> None:
    """列出谁查询过谁 / List who looked up whom.

    含 1101、试算与查询；结算等办理类交易另存于报文记录。
    By 1101, trials and queries; what settles or changes something stands in the log of messages.
    """
    asked = Asked(
        psn_no=psn_no,
        institution=institution,
        operator=operator,
        since=None if begins is None else midnight_said("--from", begins),
        until=None if ends is None else midnight_said("--to", ends) + timedelta(days=1),
    )
    with opened_centre(config) as store, store.reading() as connection:
        found = person_lookups.load_lookups(connection, asked, limit=limit)
    if as_json:
        for one in found:
            typer.echo(json.dumps(_record(one), ensure_ascii=False))
        return
    if not found:
        typer.echo("没有查询记录 / Nobody was looked up")
    show_blocks(_block(one) for one in found)


def _block(one: Lookup) -> tuple[tuple[str, str], ...]:
    return (
        ("时间 / time", f"{one.asked_at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"),
        ("人员 / person", one.psn_no or "—"),
        ("机构 / institution", one.institution),
        ("经办人 / operator", one.operator),
        ("调用方 / caller", one.caller),
        ("交易 / transaction", f"{one.infno}  {one.msgid}"),
        ("结果 / result", one.code or _ANSWERED),
    )


def _record(one: Lookup) -> dict[str, str]:
    return {
        "asked_at": one.asked_at.isoformat(),
        "psn_no": one.psn_no,
        "institution": one.institution,
        "operator": one.operator,
        "caller": one.caller,
        "infno": one.infno,
        "msgid": one.msgid,
        "code": one.code,
    }
