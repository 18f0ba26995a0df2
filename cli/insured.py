"""`yima server insured`: who is insured, taken from the lists of other offices, and shown masked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from cli.centre import CORRECT_IT, AsJson, AsJsonLines, Config, opened_centre
from cli.group import command_group
from cli.list_import import DryRun, Files, read_list, show_counts, show_faults
from cli.listing import show_blocks
from cli.people import PasswordStdin, password_from_stdin
from cli.person_lookups import show_lookups
from server.config import load_config
from server.opening import utc_now
from server.people.balances import BalanceChange, sums_of
from server.people.insured import listed
from server.people.insured_import import import_insured
from server.people.insured_password import set_password
from server.people.list_file import ListFaultsError
from server.people.roles import COMMAND_LINE
from server.people.sealing import load_sealer
from web.errors import InvalidRequestError
from wire.fsi.values import BEIJING

_ASKED = "密码 / password"
_SHOWN = 20
"""Accounts that are listed for people; programs get all."""

insured_app = command_group("参保人员 / Insured people")
insured_app.command("lookups")(show_lookups)


@insured_app.command("import")
def import_people(files: Files, config: Config, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """导入参保人员及待遇名单 / Import people and what holds of them.

    名单种类由列名判断：人员、参保、凭证、待遇事实、家庭共济、账户余额、年度累计；样例见 config/seed/。
    The columns say which list it is: people, insurances, credentials, facts, families, balances, year totals.
    几个文件要么全部要么不导入 / Of several files all is taken or nothing.
    """
    contents = [read_list(file) for file in files]
    with opened_centre(config) as store:
        sealer = load_sealer(load_config(config).sealing_key_file, store)
        try:
            done = import_insured(store, sealer, *contents, by=COMMAND_LINE, now=utc_now(), is_trial=dry_run)
        except ListFaultsError as exc:
            raise show_faults(exc, as_json=as_json, of_several=len(files) > 1) from exc
    balances = {"balances": [_record(one) for one in done.balances]}
    show_counts(done.counts, is_trial=dry_run, as_json=as_json, more=balances)
    if not as_json:
        _show_balances(done.balances)


def _show_balances(changes: Sequence[BalanceChange]) -> None:
    """Say what accounts hold now, and how that came about."""
    if not changes:
        return
    more, less = sums_of(changes)
    typer.echo(f"  账户余额合计 / balances in all：增加 / more {more:.2f}，减少 / less {less:.2f}")
    for one in changes[:_SHOWN]:
        before = "—" if one.before is None else f"{one.before:.2f}"
        since = f"，其后本中心收支 / moved here since {one.moved:+.2f}" if one.moved else ""
        typer.echo(f"    {one.psn_no}  {before} → {one.after:.2f}（告知 / told {one.told:.2f}{since}）")
    if len(changes) > _SHOWN:
        typer.echo(f"    … 另有 {len(changes) - _SHOWN} 人，用 --json 查看 / more, see --json")


def _record(one: BalanceChange) -> dict[str, object]:
    return {
        "psn_no": one.psn_no,
        "told": f"{one.told:.2f}",
        "as_of": one.as_of.astimezone(BEIJING).isoformat(),
        "moved_since": f"{one.moved:.2f}",
        "before": None if one.before is None else f"{one.before:.2f}",
        "after": f"{one.after:.2f}",
    }


@insured_app.command("password")
def set_person_password(
    psn_no: Annotated[str, typer.Argument(help="人员编号 / Person", metavar="PSN_NO")],
    config: Config,
    password_stdin: PasswordStdin = False,
) -> None:
    """设置参保人的凭证密码 / Set the password that somebody types at the desk.

    只在要求密码的统筹区使用 / Used only where the area asks for one.
    """
    chosen = password_from_stdin() if password_stdin else typer.prompt(_ASKED, hide_input=True)
    with opened_centre(config, {InvalidRequestError.code: CORRECT_IT}) as store:
        sealer = load_sealer(load_config(config).sealing_key_file, store)
        number = set_password(store, sealer, psn_no, chosen, by=COMMAND_LINE, now=utc_now())
    typer.echo(f"已设置，适用凭证 {number} 个 / set for {number} credentials")


@insured_app.command("list")
def list_people(config: Config, as_json: AsJsonLines = False) -> None:
    """列出参保人员，姓名和证件号码已遮盖 / List the insured, names and numbers masked."""
    with opened_centre(config) as store:
        sealer = load_sealer(load_config(config).sealing_key_file, store)
        with store.reading() as connection:
            found = list(listed(connection, sealer, utc_now().astimezone(BEIJING).date()))
    if as_json:
        for one in found:
            record = {
                "psn_no": one.psn_no,
                "name": one.name,
                "certno": one.certno,
                "insurances": list(one.insurances),
                "facts": list(one.facts),
            }
            typer.echo(json.dumps(record, ensure_ascii=False))
        return
    if not found:
        typer.echo("还没有参保人员；用 yima server insured import 导入 / Nobody is insured yet: import a list")
    show_blocks(
        (
            ("人员 / person", f"{one.psn_no}  {one.name}  {one.certno}"),
            ("参保 / insurances", "，".join(one.insurances) or "—"),
            ("待遇 / facts", "，".join(one.facts) or "—"),
        )
        for one in found
    )
