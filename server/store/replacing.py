"""Put a restored SQLite file in the place of the one that is there, so that a crash leaves one of them, never none.

The new file is first made whole under the name `NAME.restoring`. A note beside it says what is to replace what
(`decision.py`). Giving the file the name `NAME.restored-TIME` then decides: before, a crash leaves the old store and
the next to come removes what was half made; from then on the next to come finishes, and the old store stands set aside
as `NAME.before-TIME`. Every opening of the store looks for either first, holding the lock alone (`in_use.py`).

No file takes a name that another has (`naming.py`): between crash and next start a person may have put one there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from codes.os_words import words_of_os_error
from codes.words import Words
from server.errors import RestoreDecidedError, StoreBeingReplacedError, StoreUnavailableError, UnclearRestoreError
from server.store.decision import (
    Decision,
    decision_for,
    epoch_in,
    forget_decision,
    load_decision,
    note_beside,
    write_decision,
)
from server.store.naming import give_name, is_there
from server.store.ownership import make_private
from wire.on_disk import sync

_COMPANIONS = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a restore that a crash had interrupted has come to."""

    is_finished: bool
    """The restored store is in its place now; otherwise the store is the one from before that restore."""
    set_aside: Path | None = None
    """Where the former store is, if there was one and it was replaced."""


@contextmanager
def being_made(path: Path) -> Iterator[Path]:
    """Give an empty file, to be filled with what shall replace the store at `path`.

    Raises:
        OSError: It cannot be made.
    """
    fresh = _half_made(path)
    os.close(make_private(fresh, path))
    try:
        yield fresh
    finally:
        # What cannot be removed now is removed at the next opening; it must not hide what went wrong.
        with suppress(OSError):
            _undo(path)


def is_interrupted(path: Path) -> bool:
    """Tell whether a restore of the store at `path` broke off; only whoever holds the lock may believe it.

    Raises:
        StoreUnavailableError: It cannot be told.
    """
    return _is_any_there(_half_made(path), note_beside(path))


def is_absent(path: Path) -> bool:
    """Tell whether there is neither a store at `path` nor a restore that broke off and may bring one back.

    Raises:
        StoreUnavailableError: It cannot be told.
    """
    return not _is_any_there(path, _half_made(path), note_beside(path))


def not_in_order_yet(path: Path) -> StoreBeingReplacedError:
    """Return what to say to whoever may use the store with others, but finds that a restore of it broke off."""
    return StoreBeingReplacedError(
        Words(
            f"{path} 的一次恢复曾中断，尚未收尾",
            f"A restore of {path} broke off and is not finished or undone yet",
        ),
        next_step=Words(
            "请再启动一次；仍然如此时，先停止使用该数据库的其他程序，再启动：启动时会完成或撤销这次恢复。",
            "Start again. If it says so again, stop the other programs that use this store and start then: that start "
            "finishes or undoes the restore.",
        ),
    )


def put_in_place(path: Path, epoch: str, now: datetime) -> Path | None:
    """Let the store that was made replace the one at `path`; return where that one is now.

    Raises:
        OSError: Nothing was replaced.
        RestoreDecidedError: The next opening will replace it.
    """
    decision = decision_for(path, _free_mark(path, now), epoch)
    write_decision(path, decision)
    give_name(_half_made(path), path.with_name(decision.ready))
    try:
        sync(path.parent)
        return _finish(path, decision)
    except OSError as exc:
        why = words_of_os_error(exc)
        raise RestoreDecidedError(
            Words(f"恢复已决定，但尚未完成：{why.zh}", f"The restore is decided but not finished: {why.en}")
        ) from exc


def recover(path: Path) -> Recovered | None:
    """Finish or undo a restore that broke off; None if none did. The lock must be held alone.

    Raises:
        StoreUnavailableError: The disk refuses.
        UnclearRestoreError: What is there is not what was decided; nothing was touched.
    """
    if not is_interrupted(path):
        return None
    try:
        return _recover(path)
    except OSError as exc:
        why = words_of_os_error(exc)
        raise StoreUnavailableError(
            Words(f"无法完成中断的恢复：{why.zh}", f"Cannot finish the restore that broke off: {why.en}")
        ) from exc


def _recover(path: Path) -> Recovered:
    decision = load_decision(path)
    has_ready = decision is not None and is_there(path.with_name(decision.ready))
    if is_there(_half_made(path)) and not has_ready:
        _undo(path)
        return Recovered(is_finished=False)
    if decision is None:
        raise _unclear(path, f"{path.name}.restored-…")
    if epoch_in(path.with_name(decision.ready) if has_ready else path) != decision.epoch:
        raise _unclear(path, decision.ready)
    if has_ready:
        _refuse_both(path, decision)
    aside = _finish(path, decision)
    _undo(path)
    return Recovered(is_finished=True, set_aside=aside)


def _finish(path: Path, decision: Decision) -> Path | None:
    """Carry out what was decided, from wherever it stopped."""
    ready, aside = path.with_name(decision.ready), path.with_name(decision.aside)
    if is_there(ready):
        # The log goes with its file: without it the last commits would be missing, and it would spoil the new file.
        for former, kept in _set_aside(path, decision):
            with suppress(FileNotFoundError):
                give_name(former, kept)
        sync(path.parent)
        give_name(ready, path)
        sync(path.parent)
    forget_decision(path)
    return aside if is_there(aside) else None


def _set_aside(path: Path, decision: Decision) -> list[tuple[Path, Path]]:
    """Return the files of the former store, each with the name under which it is kept."""
    return [(path.with_name(path.name + one), path.with_name(decision.aside + one)) for one in _COMPANIONS]


def _refuse_both(path: Path, decision: Decision) -> None:
    """Refuse if a former file is kept already and its name is taken again: somebody has put another one there."""
    for former, kept in _set_aside(path, decision):
        if is_there(former) and is_there(kept):
            raise _taken_again(path, former.name, kept.name)


def _is_any_there(*files: Path) -> bool:
    try:
        return any(map(is_there, files))
    except OSError as exc:
        why = words_of_os_error(exc)
        folder = files[0].parent
        raise StoreUnavailableError(
            Words(f"无法查看 {folder}：{why.zh}", f"Cannot look into {folder}: {why.en}")
        ) from exc


def _half_made(path: Path) -> Path:
    return path.with_name(f"{path.name}.restoring")


def _undo(path: Path) -> None:
    """Remove what was half made and what SQLite keeps beside it; what is decided stays."""
    fresh = _half_made(path)
    if is_there(fresh):
        # The note goes first: without the half-made file it would stand for a decision.
        forget_decision(path)
    for companion in _COMPANIONS:
        fresh.with_name(fresh.name + companion).unlink(missing_ok=True)


def _free_mark(path: Path, now: datetime) -> str:
    """Return a mark under which nothing is kept yet: a store that is kept is never overwritten."""
    first = f"{now:%Y%m%dT%H%M%SZ}"
    mark, number = first, 1
    while _is_taken(path, mark):
        number += 1
        mark = f"{first}-{number}"
    return mark


def _is_taken(path: Path, mark: str) -> bool:
    names = decision_for(path, mark, "")
    kept = [names.ready, *(names.aside + companion for companion in _COMPANIONS)]
    return any(is_there(path.with_name(name)) for name in kept)


def _taken_again(path: Path, former: str, kept: str) -> UnclearRestoreError:
    return UnclearRestoreError(
        Words(
            f"恢复中断时原有的 {former} 已另存为 {kept}，此后又有人放入了 {former}",
            f"When the restore broke off, {former} was kept as {kept}; since then another {former} was put there",
        ),
        next_step=Words(
            f"未改动任何文件。请把后来放入 {path.parent} 的文件（{former} 等）移到别处，再启动：恢复随即完成。"
            f"若要用的正是移走的数据库，请再停止中心，另存 {path.name}，换上它，"
            "并执行 `yima server restore --in-place`。",
            f"Nothing was touched. Move what was put into {path.parent} since ({former} and what came with it) to "
            "another folder and start again: the restore is finished then. If it is that store that you want, stop the "
            f"centre again, keep {path.name} aside, put the other in its place and run "
            "`yima server restore --in-place`.",
        ),
    )


def _unclear(path: Path, ready: str) -> UnclearRestoreError:
    note = note_beside(path).name
    return UnclearRestoreError(
        Words(
            f"{note} 记有一次已决定的恢复，但找不到其中所记的数据库（{ready}）",
            f"{note} tells of a restore that was decided, but the store that it names ({ready}) is not there",
        ),
        next_step=Words(
            f"未改动任何文件。请在 {path.parent} 核对 {path.name}、{ready} 及 {path.name}.before-…，"
            f"把要用的数据库命名为 {path.name}，移走 {note}，再启动。",
            f"Nothing was touched. In {path.parent} look at {path.name}, {ready} and {path.name}.before-…; give the "
            f"store that you want the name {path.name}, move {note} away and start again.",
        ),
    )
