"""What the commands that import lists share: reading the file, saying what was new, and naming each wrong line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from codes.os_words import words_of_os_error
from codes.words import Words
from server.people.list_file import Counts, Fault, ListFaultsError, ListFileError

File = Annotated[
    Path, typer.Argument(help="CSV 或 JSON，UTF-8 或 GB18030 / CSV or JSON, in UTF-8 or GB18030", metavar="FILE")
]
Files = Annotated[
    list[Path],
    typer.Argument(
        help="一个或多个 CSV 或 JSON，合为一次导入 / One CSV or JSON or several, as one import", metavar="FILE…"
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="只检查，不写入 / Only check, write nothing")]

_SHOWN = 50
_FAILED = 1
_LISTS: Mapping[str, Words] = {
    "people": Words("参保人员", "people"),
    "insurances": Words("参保记录", "insurances"),
    "credentials": Words("就诊凭证", "credentials"),
    "facts": Words("待遇事实", "facts"),
    "family": Words("家庭共济", "families"),
    "balances": Words("账户余额", "balances"),
    "totals": Words("年度累计", "year totals"),
    "institutions": Words("定点医药机构", "institutions"),
    "practitioners": Words("医师药师", "practitioners"),
    "posts": Words("执业地点", "posts"),
    "standings": Words("状态", "standings"),
    "approvals": Words("双通道审批", "approvals"),
    "prescriptions": Words("电子处方", "e-prescriptions"),
}


class ListUnreadableError(ListFileError):
    """The file cannot be opened."""

    code: ClassVar[str] = "people.list_unreadable"
    next_step: ClassVar[Words] = Words("请检查路径与权限。", "Check path and permissions.")


def read_list(file: Path) -> bytes:
    """Return what the file holds.

    Raises:
        ListUnreadableError: It cannot be opened.
    """
    try:
        return file.read_bytes()
    except OSError as exc:
        why = words_of_os_error(exc)
        raise ListUnreadableError(Words(f"无法读取 {file}：{why.zh}", f"Cannot read {file}: {why.en}")) from exc


def show_counts(
    counts: Mapping[str, Counts], *, is_trial: bool, as_json: bool, more: Mapping[str, object] | None = None
) -> None:
    """Say what was new, changed or known; `more` is told to programs only."""
    if as_json:
        whole = {
            name: {"added": one.added, "changed": one.changed, "unchanged": one.unchanged}
            for name, one in counts.items()
        }
        told = {"lists": whole, **(more or {}), "faults": [], "is_committed": not is_trial}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo("未写入 / nothing was written" if is_trial else "已导入 / imported")
    for name, one in counts.items():
        typer.echo(
            f"  {_LISTS[name].zh} / {_LISTS[name].en}：新增 / added {one.added}，"
            f"变更 / changed {one.changed}，不变 / unchanged {one.unchanged}"
        )


def show_faults(error: ListFaultsError, *, as_json: bool, of_several: bool = False) -> typer.Exit:
    """Name every wrong line, `of_several` files with its list, and return the exit when nothing was taken."""
    if as_json:
        typer.echo(
            json.dumps(
                {"lists": {}, "faults": [_record(one) for one in error.faults], "is_committed": False},
                ensure_ascii=False,
            )
        )
        return typer.Exit(_FAILED)
    many = len(error.faults)
    typer.echo(
        f"没有导入：{many} 处有误 / nothing was imported, {many} {'fault' if many == 1 else 'faults'}:", err=True
    )
    for one in error.faults[:_SHOWN]:
        title = _LISTS[one.sheet] if of_several else Words("", "")
        where = f"{title.zh}第 {one.line} 行 {one.column}".rstrip()
        place = f"{title.en} line {one.line} {one.column}".strip()
        typer.echo(f"  {where} {one.words.zh} / {place} {one.words.en}  [{one.code}]", err=True)
    if len(error.faults) > _SHOWN:
        more = len(error.faults) - _SHOWN
        typer.echo(f"  … 另有 {more} 处，用 --json 查看 / {more} more, see --json", err=True)
    return typer.Exit(_FAILED)


def _record(one: Fault) -> dict[str, object]:
    return {
        "list": one.sheet,
        "line": one.line,
        "column": one.column,
        "code": one.code,
        "zh": one.words.zh,
        "en": one.words.en,
    }
