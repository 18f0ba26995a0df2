"""`yima server catalogue`: the matching library of the centre."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.catalogue import problem_records, read_catalogue, show_left_out
from cli.centre import AsJson, Config, opened_centre
from cli.group import command_group
from rules.catalogue import parse_catalogue
from server.matching import Matching, Preview
from server.opening import utc_now
from server.people.roles import COMMAND_LINE

catalogue_app = command_group("匹配库 / The matching library")

_SHOWN = 20


@catalogue_app.command("import")
def import_catalogue(
    file: Annotated[Path, typer.Argument(help="CSV，UTF-8 或 GB18030 / CSV in UTF-8 or GB18030")],
    config: Config,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只预览，不写入 / Only say what would happen")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="有一行有误就全部不导入 / Import nothing if any line is wrong")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """导入匹配库 / Import a catalogue file.

    有误的行不导入并逐行列出 / Wrong lines are left out and named.
    """
    parsed = parse_catalogue(read_catalogue(file))
    with opened_centre(config) as store:
        matching = Matching(store)
        if dry_run:
            done = matching.preview(parsed)
        else:
            done = matching.import_file(parsed, by=COMMAND_LINE, now=utc_now(), is_strict=strict)
    if as_json:
        typer.echo(json.dumps(_import_report(done), ensure_ascii=False))
    else:
        _print_import(done)


def _import_report(done: Preview) -> dict[str, object]:
    return {
        "taken": done.taken,
        "left_out": done.left_out,
        "added": list(done.added),
        "changed": list(done.changed),
        "unchanged": done.unchanged,
        "moved": [
            {"system": one.system, "key": one.key, "before": one.before, "after": one.after} for one in done.moved
        ],
        "problems": problem_records(done.problems),
        "revision": done.revision,
        "is_committed": done.is_committed,
    }


def _print_import(done: Preview) -> None:
    state = "已导入 / imported" if done.is_committed else "未写入 / nothing was written"
    typer.echo(
        f"{state}：新增 / added {len(done.added)}，变更 / changed {len(done.changed)}，"
        f"不变 / unchanged {done.unchanged}，版本 / revision {done.revision}"
    )
    for move in done.moved[:_SHOWN]:
        typer.echo(f"  {move.system} {move.key}: {move.before} → {move.after}")
    if len(done.moved) > _SHOWN:
        more = len(done.moved) - _SHOWN
        typer.echo(f"  … 另有 {more} 条，用 --json 查看 / {more} more, see --json")
    show_left_out(done.problems, taken=done.taken)
