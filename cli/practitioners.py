"""`yima server practitioner`: who may prescribe and dispense, where, and since when not."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cli.centre import AsJson, AsJsonLines, Config, opened_centre
from cli.group import command_group
from cli.list_import import DryRun, File, read_list, show_counts, show_faults
from cli.listing import show_blocks
from cli.standings import Code, From, Reason, StandingOf, To, advice_of, span_of, standing_record, standing_words
from server.opening import utc_now
from server.people.list_file import ListFaultsError
from server.people.practice_register import Practice
from server.people.roles import COMMAND_LINE

practitioner_app = command_group("医师和药师 / Doctors and pharmacists")

OfInstitution = Annotated[str | None, typer.Option(help="只列该机构 / Of this institution only", show_default=False)]


@practitioner_app.command("import")
def import_practitioners(file: File, config: Config, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """导入医师和药师 / Import doctors and pharmacists, all or none."""
    content = read_list(file)
    with opened_centre(config) as store:
        try:
            counts = Practice(store).import_practitioners(content, by=COMMAND_LINE, now=utc_now(), is_trial=dry_run)
        except ListFaultsError as exc:
            raise show_faults(exc, as_json=as_json) from exc
    show_counts(counts, is_trial=dry_run, as_json=as_json)


@practitioner_app.command("list")
def list_practitioners(
    config: Config,
    institution: OfInstitution = None,
    as_json: AsJsonLines = False,
) -> None:
    """列出医师药师、状态和执业机构 / List them, their standing and posts."""
    with opened_centre(config) as store:
        found = Practice(store).practitioners(utc_now(), institution)
    if as_json:
        for one in found:
            record = {
                "code": one.practitioner.code,
                "name": one.practitioner.name,
                "kind": one.practitioner.kind.value,
                "licence": one.practitioner.licence,
                "standing": standing_record(one.span),
                "posts": [
                    {
                        "institution": post.institution,
                        "from": post.from_day.isoformat(),
                        "to": post.to_day.isoformat() if post.to_day else None,
                    }
                    for post in one.posts
                ],
            }
            typer.echo(json.dumps(record, ensure_ascii=False))
        return
    show_blocks(
        (
            ("人员 / person", f"{one.practitioner.code}  {one.practitioner.name}  {one.practitioner.kind.value}"),
            ("执业证号 / licence", one.practitioner.licence or "—"),
            ("状态 / standing", standing_words(one.span, "正常 / in good standing")),
            ("执业机构 / practises at", "，".join(post.institution for post in one.posts)),
        )
        for one in found
    )


@practitioner_app.command("standing")
def decide_practitioner(
    code: Code, standing: StandingOf, *, config: Config, begins: From = None, ends: To = None, reason: Reason = ""
) -> None:
    """设定医师或药师状态 / Say where one stands for a time."""
    with opened_centre(config, advice_of("practitioner list", config)) as store:
        Practice(store).decide_practitioner(span_of(code, standing, begins, ends, reason))
