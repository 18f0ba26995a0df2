"""What a disk may hold after a power cut, computed from the log of what was done to it.

The model is the strictest that SQLite and POSIX leave open. What was synchronised is there: the content of a file by
its own fsync, its name by the fsync of the folder it is in. Of everything later any part may have reached the disk, in
any order between and within files, and any write may be torn. Only names keep their order, as in every journal.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sim.disk.shim import Change, ChangeKind

SECTOR = 512

_NAMING = {ChangeKind.CREATE, ChangeKind.RENAME, ChangeKind.LINK, ChangeKind.UNLINK, ChangeKind.MKDIR, ChangeKind.RMDIR}

Lot = Callable[[Change], Change | None]
"""Decides what became of a change to content that was not synchronised: whole, torn, or lost (None)."""


@dataclass
class _Inode:
    """One file, whatever its name."""

    synced: bytearray = field(default_factory=bytearray)
    later: list[Change] = field(default_factory=list)

    def sync(self) -> None:
        for change in self.later:
            _write(self.synced, change)
        self.later.clear()

    def content(self, lot: Lot) -> bytes:
        content = bytearray(self.synced)
        for change in self.later:
            remains = lot(change)
            if remains is not None:
                _write(content, remains)
        return bytes(content)


@dataclass
class _Naming:
    """A change of names, and the inode that it made."""

    change: Change
    inode: _Inode | None
    is_synced: bool = False


class PowerCut:
    """A disk that is written change by change, and may lose its power after any of them."""

    def __init__(self) -> None:
        self._names: dict[str, _Inode] = {}
        self._namings: list[_Naming] = []

    def apply(self, change: Change) -> None:
        """Make the next change of the log."""
        if change.kind in _NAMING:
            inode = _Inode() if change.kind is ChangeKind.CREATE else None
            naming = _Naming(change, inode)
            self._namings.append(naming)
            _rename(self._names, naming)
        elif change.kind is not ChangeKind.SYNC:
            self._names[change.name].later.append(change)
        elif change.name in self._names:
            self._names[change.name].sync()
        else:
            for naming in self._namings:
                naming.is_synced |= _folder_of(naming.change.name) == change.name

    def disk(self, lot: Lot, names_kept: Callable[[int], int]) -> dict[str, bytes]:
        """Return the files after a cut now; `names_kept` says how many of the names not synchronised survive."""
        unsynced = sum(not naming.is_synced for naming in self._namings)
        left = names_kept(unsynced)
        names: dict[str, _Inode] = {}
        folders = {""}
        for naming in self._namings:
            if not naming.is_synced:
                left -= 1
                if left < 0:
                    continue
            if naming.change.kind is ChangeKind.MKDIR:
                folders.add(naming.change.name)
            _rename(names, naming)
        return {name: inode.content(lot) for name, inode in names.items() if _folder_of(name) in folders}


def everything(change: Change) -> Change:
    """Lose nothing: what a kill leaves, which spares the disk."""
    return change


def nothing(_: Change) -> None:
    """Lose all that was not synchronised."""


def torn_at(last: Change) -> Lot:
    """Lose the second half of the very last write."""

    def lot(change: Change) -> Change:
        return _cut(change, len(change.body) // 2) if change is last else change

    return lot


def at_random(rng: random.Random) -> Lot:
    """Lose and tear what chance will have it."""

    def lot(change: Change) -> Change | None:
        if rng.random() < 0.4:
            return None
        if change.body and rng.random() < 0.3:
            sectors = rng.randrange(len(change.body) // SECTOR + 1)
            return _cut(change, sectors * SECTOR + (rng.randrange(SECTOR) if rng.random() < 0.3 else 0))
        return change

    return lot


def write_disk(files: dict[str, bytes], folder: Path) -> None:
    """Make the files below `folder`."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o600)


def _cut(change: Change, size: int) -> Change:
    return Change(change.kind, change.name, change.place, change.body[:size]) if change.body else change


def _write(content: bytearray, change: Change) -> None:
    if change.kind is ChangeKind.TRUNCATE:
        content[:] = content[: change.place].ljust(change.place, b"\0")
        return
    if change.place > len(content):
        content.extend(bytes(change.place - len(content)))
    content[change.place : change.place + len(change.body)] = change.body


def _rename(names: dict[str, _Inode], naming: _Naming) -> None:
    change = naming.change
    if naming.inode is not None:
        names[change.name] = naming.inode
    elif change.kind is ChangeKind.UNLINK:
        names.pop(change.name, None)
    elif change.kind is ChangeKind.RENAME and change.name in names:
        names[change.body.decode()] = names.pop(change.name)
    elif change.kind is ChangeKind.LINK and change.name in names:
        names[change.body.decode()] = names[change.name]


def _folder_of(name: str) -> str:
    folder = str(PurePosixPath(name).parent)
    return "" if folder == "." else folder
