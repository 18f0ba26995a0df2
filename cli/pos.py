"""`yima pos`: what the proxy between the institution's software and the interface has seen, and what is open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from cli.advice import DEFAULT_CONFIG
from cli.group import command_group
from cli.listing import show_blocks
from cli.mistakes import UsageMistakeError
from cli.pos_open import owed_blocks, question_block
from codes.errors import RejectedError
from codes.words import Words
from edge.clock import SystemClock
from edge.config import EdgeConfig, load_config
from edge.errors import EdgeError
from edge.fsi_opening import area_of
from edge.pos import unpaid_report
from edge.pos.desk import CatalogueGoods
from edge.pos.kept_report import put_together, read_facts
from edge.sealing import KEY_FILE, Sealer, load_or_create_sealer
from edge.store.database import visited_store
from edge.store.pos_codes import OwedRow, owed_codes, release_codes
from edge.store.pos_exchanges import ExchangeRow, exchanges_since
from edge.store.pos_questions import (
    QuestionRow,
    QuestionState,
    close_question,
    note_told,
    open_questions,
    untold_questions,
)

pos_app = command_group("收银软件的代理：旁听报告，未决报文 / The proxy of the POS: its report, what is open")

Config = Annotated[Path, typer.Option("--config", help="配置文件 / Configuration file")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")]
_MOST_SHOWN = 200


class NoSuchQuestionError(EdgeError, RejectedError):
    """No open message has this number."""

    code = "pos.no_such_question"
    next_step = Words("“yima pos open”列出未决报文。", "`yima pos open` lists what is open.")


@pos_app.command()
def report(
    config: Config = DEFAULT_CONFIG,
    days: Annotated[
        int | None, typer.Option(help="只看最近几天（含今天） / Only so many days", min=1, max=400, show_default=False)
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="输出 CSV / Print CSV")] = False,
    as_json: AsJson = False,
) -> None:
    """旁听报告：哪些销售本来得不到支付 / What would have been unpaid.

    来自 mode = "listen" 期间的往来，终端运行与否均可 / From what was heard, with or without a running terminal.
    """
    if csv and as_json:
        raise UsageMistakeError(Words("--csv 与 --json 只能选一个", "--csv and --json exclude each other"))
    settings = load_config(config)
    with visited_store(settings.store.folder) as connection:
        with connection.begin():
            facts = read_facts(connection, _sealer(settings))
        heard = put_together(facts, area_of(settings.fsi), CatalogueGoods(connection), SystemClock().now(), days)
    write = unpaid_report.as_csv if csv else unpaid_report.as_json if as_json else unpaid_report.as_text
    typer.echo(write(heard), nl=False)


@pos_app.command("open")
def list_open(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """未决报文、未取的结果、未上传的追溯码 / What is open, and what to do.

    退出码：0 没有，1 有 / Exit code: 0 nothing, 1 something.
    """
    with _reading(config) as connection:
        questions = [*open_questions(connection), *untold_questions(connection)]
        owed = owed_codes(connection)
    if as_json:
        told = {"messages": [_question(one) for one in questions], "codes": [_owed(one) for one in owed]}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        area = area_of(load_config(config).fsi)
        asked = (question_block(one, area, _time(one.at)) for one in questions)
        show_blocks([*asked, *owed_blocks(owed, area, {one: _time(one.at) for one in owed})])
        if not questions and not owed:
            typer.echo("没有未决的报文 / nothing is open")
    if questions or owed:
        raise typer.Exit(1)


@pos_app.command()
def close(
    msgid: Annotated[str, typer.Argument(help="报文 ID / Id of the message")],
    reason: Annotated[str, typer.Option(help="在中心核对的结果 / What the centre has told", prompt="原因 / reason")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """了结一条已在中心核对过的报文 / End what a person has looked up.

    不发送任何报文；其追溯码如未绑定结算则退回柜台 / Sends nothing; its codes lie at the desk again.
    """
    now = SystemClock().now()
    with visited_store(load_config(config).store.folder) as connection, connection.begin():
        kept = [*open_questions(connection), *untold_questions(connection)]
        found = next((one for one in kept if one.msgid == msgid), None)
        if found is None:
            raise NoSuchQuestionError(Words(f"没有未决报文 {msgid}", f"No open message has the id {msgid}"))
        if found.state is QuestionState.OPEN:
            close_question(connection, (found.institution, msgid), QuestionState.PUT_ASIDE, None, now)
            release_codes(connection, found.institution, msgid)
        else:
            note_told(connection, found.institution, msgid, now)
    typer.echo(f"已了结 / ended  {found.infno}  {msgid}  {reason}")


@pos_app.command()
def journal(
    config: Config = DEFAULT_CONFIG,
    days: Annotated[int, typer.Option(help="最近几天 / So many days", min=1, max=400)] = 1,
    as_json: AsJson = False,
) -> None:
    """往来记录，不含个人信息 / What went by, nothing of a person."""
    since = SystemClock().now() - timedelta(days=days)
    with _reading(config) as connection:
        rows = list(exchanges_since(connection, since))
    if as_json:
        typer.echo(json.dumps([_exchange(one) for one in rows], ensure_ascii=False))
        return
    for one in rows[-_MOST_SHOWN:]:
        remark = f"  {one.remarks[0].zh} / {one.remarks[0].en}" if one.remarks else ""
        typer.echo(f"{_time(one.at)}  {one.infno or '-':6}  {one.stage:12}  {one.msgid}{remark}")
    typer.echo(f"共 {len(rows)} 条 / {len(rows)} in all")


@contextmanager
def _reading(config: Path) -> Iterator[Connection]:
    with visited_store(load_config(config).store.folder) as connection, connection.begin():
        yield connection


def _sealer(settings: EdgeConfig) -> Sealer:
    return load_or_create_sealer(settings.store.folder / KEY_FILE)


def _question(row: QuestionRow) -> dict[str, object]:
    return {
        "msgid": row.msgid,
        "infno": row.infno,
        "institution": row.institution,
        "at": row.at.isoformat(),
        "state": row.state,
        "is_doubtful": row.is_doubtful,
        "is_unread": row.is_unread,
    }


def _owed(row: OwedRow) -> dict[str, object]:
    return {
        "code": row.code,
        "setl_id": row.setl_id,
        "item": row.item,
        "line": row.serial,
        "state": row.state,
        "lacks": row.lacks.split(),
        "at": row.at.isoformat(),
    }


def _exchange(row: ExchangeRow) -> dict[str, object]:
    return {
        "at": row.at.isoformat(),
        "infno": row.infno,
        "msgid": row.msgid,
        "stage": row.stage,
        "took_s": row.took_us / 1_000_000,
        "status": row.status,
        "infcode": row.infcode,
        "request_bytes": row.request_bytes,
        "answer_bytes": row.answer_bytes,
        "request_sha256": row.request_digest,
        "sent_sha256": row.sent_digest,
        "answer_sha256": row.answer_digest,
        "codes_put_in": row.added,
        "remarks": [{"zh": one.zh, "en": one.en} for one in row.remarks],
    }


def _time(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
