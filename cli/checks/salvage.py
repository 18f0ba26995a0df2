"""A salvage that has begun and not ended, and what earlier ones have kept: seen from the files, nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.checks.finding import Finding, fault, notice
from cli.paper import size_of
from codes.words import Words
from edge.store.database import SALVAGING, database_path
from edge.store.inspection import is_in_use
from edge.store.salvage import DAMAGED

RUNNING, UNFINISHED = "store.salvaging", "store.salvage_unfinished"
_HALF_MADE: Final = "terminal.db.new"


@dataclass(frozen=True, slots=True)
class Salvage:
    """A store whose salvage has begun, or for which one has yet to begin."""

    code: str
    words: Words
    next_step: Words


def unfinished_salvage(folder: Path) -> Salvage | None:
    """Return the salvage that has begun in a data folder and has not ended; None if this account cannot see."""
    try:
        if not (folder / SALVAGING).exists():
            return None
        aside = _name_in(folder / SALVAGING)
        is_going_on = is_in_use(folder)
    except OSError:
        return None
    where = f"{DAMAGED}/{aside}" if aside else DAMAGED
    if is_going_on:
        return Salvage(
            RUNNING,
            Words(
                f"终端正在抢救损坏的数据库，原文件在 {where}",
                f"The terminal is salvaging its damaged store; the old files are in {where}",
            ),
            Words(
                "请等它完成，不要断电，也不要移动或删除数据目录中的文件。",
                "Let it finish: keep the power on, and move or delete nothing in the data folder.",
            ),
        )
    return Salvage(
        UNFINISHED,
        Words(
            f"数据库损坏后的抢救没有完成，原文件在 {where}",
            f"The salvage of the damaged store was not finished; the old files are in {where}",
        ),
        Words(
            "请不要删除任何文件（包括 salvaging 和 damaged）；先确认磁盘可写、有空间，再启动终端，它会接着抢救。",
            "Delete nothing, neither `salvaging` nor `damaged`. See that the disk takes records and has room, then "
            "start the terminal: it goes on by itself.",
        ),
    )


def check_salvage(folder: Path) -> Iterator[Finding]:
    """Look for what a salvage has left, finished or not.

    Raises:
        OSError: The folder cannot be looked into.
    """
    begun = unfinished_salvage(folder)
    if begun is not None:
        make = notice if begun.code == RUNNING else fault
        yield make(begun.code, begun.words, begun.next_step)
    kept = sorted(one for one in (folder / DAMAGED).glob("*") if one.is_dir())
    if kept and begun is None:
        yield from _kept(folder, kept)


def _kept(folder: Path, kept: list[Path]) -> Iterator[Finding]:
    if not database_path(folder).exists():
        words = Words(
            f"数据库文件不见了，只有抢救时另存的原文件（{DAMAGED}/{kept[-1].name}）",
            f"The store is gone; only files that a salvage set aside are there ({DAMAGED}/{kept[-1].name})",
        )
        step = Words(
            "请不要启动终端，也不要删除任何文件，联系厂商。",
            "Do not start the terminal, delete nothing, and tell the vendor.",
        )
        yield fault("store.gone", words, step)
        return
    size = size_of(sum(file.stat().st_size for one in kept for file in one.iterdir() if file.is_file()))
    words = Words(
        f"留有 {len(kept)} 份损坏数据库的原文件（{DAMAGED}/，共 {size}），最近一份 {kept[-1].name}",
        f"Files of damaged stores are kept: {len(kept)} ({DAMAGED}/, {size}), the latest of {kept[-1].name}",
    )
    step = Words(
        "请核对其中的 salvage.txt；厂商确认不再需要后才可移走。",
        "Go through salvage.txt in it; move them away only once the vendor needs them no more.",
    )
    yield notice("store.damaged_kept", words, step)


def files_of_salvages(folder: Path) -> dict[str, int]:
    """Return names and sizes of what salvages have left, for the support bundle."""
    left = [folder / SALVAGING, *folder.glob(f"{_HALF_MADE}*"), *(folder / DAMAGED).glob("*/*")]
    return {str(one.relative_to(folder)): one.stat().st_size for one in left if one.is_file()}


def _name_in(note: Path) -> str:
    """Return the folder that the note names; nothing if it is no name of a folder."""
    name = note.read_text(encoding="utf-8", errors="replace").strip()
    return name if name.replace("-", "").isalnum() else ""
