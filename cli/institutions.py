"""`yima server institution`: who may settle, and who speaks for them."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cli.centre import AsJson, AsJsonLines, Config, opened_centre
from cli.group import command_group
from cli.list_import import DryRun, File, read_list, show_counts, show_faults
from cli.listing import show_blocks
from cli.mistakes import UsageMistakeError
from cli.standings import Code, From, Reason, StandingOf, To, advice_of, span_of, standing_record, standing_words
from codes.words import Words
from server.opening import utc_now
from server.people.list_file import ListFaultsError
from server.people.practice_register import Practice
from server.people.roles import COMMAND_LINE
from server.store.institutions import Caller, CallerKind

institution_app = command_group("定点医药机构 / Designated institutions")

Token = Annotated[str | None, typer.Option(help="令牌编号 / Id of an API token", show_default=False)]
Terminal = Annotated[str | None, typer.Option(help="终端编号 / Terminal", show_default=False)]


@institution_app.command("import")
def import_institutions(file: File, config: Config, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """导入定点机构，要么全部要么不导入 / Import institutions, all of them or nothing."""
    content = read_list(file)
    with opened_centre(config) as store:
        try:
            counts = Practice(store).import_institutions(content, by=COMMAND_LINE, now=utc_now(), is_trial=dry_run)
        except ListFaultsError as exc:
            raise show_faults(exc, as_json=as_json) from exc
    show_counts(counts, is_trial=dry_run, as_json=as_json)


@institution_app.command("list")
def list_institutions(config: Config, as_json: AsJsonLines = False) -> None:
    """列出定点机构、状态和调用方 / List institutions, standing and callers."""
    with opened_centre(config) as store:
        found = Practice(store).institutions(utc_now())
    if as_json:
        for one in found:
            record = {
                "code": one.institution.code,
                "name": one.institution.name,
                "kind": one.institution.kind.value,
                "level": one.institution.level,
                "district": one.institution.district,
                "is_dual_channel": one.institution.is_dual_channel,
                "standing": standing_record(one.span),
                "callers": [{"kind": caller.kind.value, "caller": caller.caller} for caller in one.callers],
            }
            typer.echo(json.dumps(record, ensure_ascii=False))
        return
    if not found:
        typer.echo("还没有定点机构；用 yima server institution import 导入 / There is none yet: import a list")
    show_blocks(
        (
            ("机构 / institution", f"{one.institution.code}  {one.institution.name}"),
            ("类型 / kind", f"{one.institution.kind.value} {one.institution.level} {one.institution.district}"),
            ("状态 / standing", standing_words(one.span, "无协议 / no agreement")),
            ("调用方 / callers", "，".join(f"{by.kind.value} {by.caller}" for by in one.callers) or "—"),
        )
        for one in found
    )


@institution_app.command("standing")
def decide_institution(
    code: Code, standing: StandingOf, *, config: Config, begins: From = None, ends: To = None, reason: Reason = ""
) -> None:
    """设定机构状态：有效、暂停或终止 / Say where an institution stands for a time."""
    with opened_centre(config, advice_of("institution list", config)) as store:
        Practice(store).decide_institution(span_of(code, standing, begins, ends, reason))


@institution_app.command("bind")
def bind_caller(code: Code, config: Config, token: Token = None, terminal: Terminal = None) -> None:
    """让令牌或终端代表机构 / Let a token or terminal speak for it."""
    with opened_centre(config, advice_of("institution list", config)) as store:
        Practice(store).bind(_caller(code, token, terminal), by=COMMAND_LINE, now=utc_now())


@institution_app.command("unbind")
def unbind_caller(code: Code, config: Config, token: Token = None, terminal: Terminal = None) -> None:
    """解除绑定 / Let it no longer speak for it."""
    with opened_centre(config, advice_of("institution list", config)) as store:
        Practice(store).unbind(_caller(code, token, terminal), by=COMMAND_LINE, now=utc_now())


def _caller(code: str, token: str | None, terminal: str | None) -> Caller:
    if (token is None) == (terminal is None):
        raise UsageMistakeError(Words("请给出 --token 或 --terminal 其中之一", "Give either --token or --terminal"))
    kind, name = (CallerKind.TOKEN, token) if token is not None else (CallerKind.TERMINAL, terminal)
    return Caller(kind, str(name), code, COMMAND_LINE.name, utc_now())
