"""The note that a restore writes before it decides: which file replaces which.

A file counts as a decided restore only if this note names it and it holds the epoch that the note names. What an
administrator has named alike is never touched.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec
from sqlalchemy import inspect, select
from sqlalchemy.exc import DBAPIError

from codes.words import Words
from server.errors import DamagedStoreError, StoreUnavailableError
from server.store.ownership import make_private
from server.store.sqlite import opened_unchanged, translate
from server.store.tables import centre
from wire.errors import UNDECODABLE
from wire.on_disk import sync

_MARK = r"\d{8}T\d{6}Z(-\d+)?"
_LONGEST = 4096
_TRY_AGAIN = Words(
    "请检查磁盘和内存后再启动；恢复已决定，未改动任何文件，不要移走恢复记录。",
    "Check disk and memory, then start again. The restore stays decided and nothing was touched: leave its note there.",
)


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which file replaces which; all are in one folder."""

    store: str
    """Name of the file that is replaced."""
    ready: str
    """Name of the file that replaces it, from the moment at which it is decided."""
    aside: str
    """Name under which the former file is kept."""
    epoch: str
    """Life of the store that replaces the former."""


_decoder = msgspec.json.Decoder(Decision)


def decision_for(path: Path, mark: str, epoch: str) -> Decision:
    """Return how the store at `path` is replaced at the time that `mark` names."""
    return Decision(path.name, f"{path.name}.restored-{mark}", f"{path.name}.before-{mark}", epoch)


def note_beside(path: Path) -> Path:
    """Return where the note about the store at `path` is."""
    return path.with_name(f"{path.name}.restore-note")


def write_decision(path: Path, decision: Decision) -> None:
    """Write the note and wait until it is on the disk; it decides nothing yet."""
    note = note_beside(path)
    with os.fdopen(make_private(note, path), "wb") as file:
        file.write(msgspec.json.encode(decision))
        file.flush()
        os.fsync(file.fileno())
    sync(note.parent)


def load_decision(path: Path) -> Decision | None:
    """Return what the note says; None if there is none, or it is not ours or was cut off."""
    try:
        descriptor = os.open(note_beside(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(_LONGEST)
    try:
        found = _decoder.decode(content)
    except UNDECODABLE:
        return None
    mark = found.ready.removeprefix(f"{path.name}.restored-")
    is_ours = re.fullmatch(_MARK, mark) is not None and found == decision_for(path, mark, found.epoch)
    return found if is_ours else None


def forget_decision(path: Path) -> None:
    """Remove the note: what it said is done, or will never be."""
    note_beside(path).unlink(missing_ok=True)
    sync(path.parent)


def epoch_in(path: Path) -> str | None:
    """Return the life of the store that the file at `path` holds; None if it is no store, or a damaged one.

    Raises:
        OSError: It cannot be looked at.
        StoreUnavailableError: It cannot be read now, which says nothing of what it holds.
    """
    if path.is_symlink() or not path.is_file():
        return None
    try:
        with opened_unchanged(path, has_log=False) as connection:
            if not inspect(connection).has_table(centre.name):
                return None
            return connection.scalar(select(centre.c.value).where(centre.c.name == "epoch"))
    except DBAPIError as exc:
        if isinstance(translate(exc), DamagedStoreError):
            return None
        raise StoreUnavailableError(
            Words(f"无法读取 {path}：{exc.orig}", f"Cannot read {path}: {exc.orig}"), next_step=_TRY_AGAIN
        ) from exc
