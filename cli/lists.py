"""`yima server list`: the national lists that settlement reads and institutions download."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.centre import AsJson, AsJsonLines, Config, opened_centre
from cli.group import command_group
from cli.list_import import DryRun, show_faults
from cli.listing import show_blocks
from cli.mistakes import UsageMistakeError
from codes.words import Words
from server.lists.importing import Imported, import_list
from server.lists.kinds import KINDS, ListKind
from server.lists.showing import shown_lists
from server.opening import utc_now
from server.people.list_file import ListFaultsError
from server.people.roles import COMMAND_LINE
from wire.fsi.values import BEIJING

list_app = command_group("国家目录 / National lists")

_MOST_VERSION = 999_999_999_999

File = Annotated[
    Path,
    typer.Argument(
        help="制表符或逗号分隔的文本，或其 zip；UTF-8 或 GB18030 / Text with tabs or commas, or its zip", metavar="FILE"
    ),
]
Kind = Annotated[str, typer.Option("--kind", help="目录：下载它的交易编号，如 1301、1318 / The list, as 1301 or 1318")]
Version = Annotated[
    int, typer.Option(min=1, max=_MOST_VERSION, help="版本号，须递增，如 20261101 / Version, rising, as 20261101")
]


@list_app.command("import")
def import_file(
    file: File, *, kind: Kind, version: Version, config: Config, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """导入目录，未列条目不变 / Import a list; what it does not name stays.

    首行可写列名（接口字段名或中文）；没有列名的，按下载文件的列顺序。样例见 config/seed/insurance_lists/。
    The first line may name the columns; without it they stand as in the download.
    """
    found = _kind(kind)
    with opened_centre(config) as store:
        try:
            done = import_list(store, file, found, version, by=COMMAND_LINE, now=utc_now(), is_trial=dry_run)
        except ListFaultsError as exc:
            raise show_faults(exc, as_json=as_json) from exc
    if as_json:
        typer.echo(json.dumps(_record(done, is_trial=dry_run), ensure_ascii=False))
        return
    counts = done.counts
    typer.echo("未写入 / nothing was written" if dry_run else "已导入 / imported")
    typer.echo(
        f"  {found.number} {found.title.zh} / {found.title.en}：新增 / added {counts.added}，"
        f"变更 / changed {counts.changed}，不变 / unchanged {counts.unchanged}，版本 / version {done.version}"
    )


@list_app.command("show")
def show(config: Config, as_json: AsJsonLines = False) -> None:
    """列出各目录的版本和条数 / List each list's version and size."""
    with opened_centre(config) as store:
        found = shown_lists(store)
    for one in found if as_json else ():
        record = {
            "kind": one.kind.number,
            "rows": one.rows,
            "version": one.newest.version if one.newest else 0,
            "versions": one.versions,
            "source": one.newest.source if one.newest else "",
            "made_at": one.newest.made_at.astimezone(BEIJING).isoformat() if one.newest else None,
            "made_by": one.newest.made_by if one.newest else "",
        }
        typer.echo(json.dumps(record, ensure_ascii=False))
    if as_json:
        return
    if not found:
        typer.echo("还没有目录；用 yima server list import 导入 / There is no list yet: import one")
    show_blocks(
        (
            ("目录 / list", f"{one.kind.number}  {one.kind.title.zh} / {one.kind.title.en}"),
            ("条数 / rows", str(one.rows)),
            (
                "版本 / version",
                f"{one.newest.version}（{one.newest.made_at.astimezone(BEIJING):%Y-%m-%d %H:%M}，{one.newest.source}）"
                if one.newest
                else "—",
            ),
        )
        for one in found
    )


def _kind(number: str) -> ListKind:
    found = KINDS.get(number)
    if found is None:
        known = "、".join(KINDS)
        raise UsageMistakeError(Words(f"没有目录 {number}，应为 {known}", f"There is no list {number}, only {known}"))
    return found


def _record(done: Imported, *, is_trial: bool) -> dict[str, object]:
    counts = done.counts
    return {
        "kind": done.kind.number,
        "version": done.version,
        "added": counts.added,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
        "faults": [],
        "is_committed": not is_trial,
    }
