"""A damaged store is set aside and a new one made of what is left of it: a shop opens, and nothing is deleted.

The files go to `damaged/<UTC time>/` as they are. A new store is filled from them (`salvage_fill`, `salvage_events`)
beside the place of the old one and takes it in one step, so that a kill at any moment leaves either the old files,
found again by the note `salvaging`, or the new store. Whatever else comes to the place in between is set aside too.
What is lost is named by its number in the first event of the new life.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection

from codes.words import Words
from edge.store import schema, sql
from edge.store.asked import PARK
from edge.store.database import SALVAGING, connected, had_a_life, newer_store
from edge.store.errors import DiskFullError, of_os_error, store_errors
from edge.store.files import write_whole
from edge.store.outbox import Outbox
from edge.store.salvage_build import Owner, build_store, name_of
from edge.store.salvage_check import Look, is_schema_of, look_over
from edge.store.salvage_fill import UNREADABLE, opened_image
from edge.store.salvage_remains import Remains, open_remains
from edge.store.schema import APPLICATION_ID
from edge.store.wal import Verdict
from wire.on_disk import make_private_folder, sync
from wire.receipts import ranges

DAMAGED = "damaged"
_IMAGE = "image.db"
_NEW = "terminal.db.new"
_FINDING = "still_wrong.txt"
"""What the look at a salvaged store still found, in the folder of its damaged files."""
_BESIDE = ("-wal", "-shm", "-journal")
"""What belongs to a database file. SQLite would play a journal that is left back into the new store."""

MADE_BY = "SELECT 1 FROM former_store WHERE folder = ?"

_MAKE_ROOM: Final = Words(
    "请腾出磁盘空间，但不要删除 damaged 和 salvaging；终端会自动重试。",
    "Free some disk space, but delete neither `damaged` nor `salvaging`; the terminal tries again by itself.",
)

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Mended:
    """What was found and done before the store was opened."""

    is_salvaged: bool = False
    folder: str = ""
    """Where the damaged files were put, as the store names it; empty if nothing was salvaged."""
    is_cut_off: bool = False
    """The last commit before a power cut was not finished: nobody was told that it was recorded."""
    parked: int = 0
    """Waiting events that were not what was frozen any more."""
    is_still_wrong: bool = False
    """It is in use with a finding that a salvage did not rid it of."""
    put_aside: str = ""
    """Where a store was put that stood in the place of the one whose salvage was cut off."""


def mend(database: Path, owner: Owner) -> Mended:
    """See to it that the store at `database` is whole, whatever it takes short of deleting anything.

    Raises:
        NewerStoreError: A newer program wrote it; nothing was touched.
        EdgeError: The disk refused.
    """
    try:
        if _note(database).exists():
            return _salvage(database, owner, Look("the salvage was interrupted"))
        return _mend(database, owner)
    except OSError as exc:
        raise of_os_error(database.parent, exc) from exc


def _mend(database: Path, owner: Owner) -> Mended:
    log = database.with_name(database.name + "-wal")
    is_there = database.exists()
    is_new = not is_there or not database.stat().st_size
    if is_new and not (log.exists() and log.stat().st_size) and not had_a_life(database):
        return Mended()
    with open_remains(database) as remains:
        refuse_newer(database, remains)
        damage = remains.log.why if remains.log.verdict is Verdict.DAMAGED else ""
        is_cut_off = remains.log.verdict is Verdict.TORN
    if is_new:
        damage = damage or ("the file is empty" if is_there else "the file is gone")
    look = Look(damage, is_certain=True) if damage else look_over(database)
    if not look.damage:
        # Found again later, it is damage of its own.
        _forget_findings(database)
    elif not _was_so_when_made(database, look.damage):
        return _salvage(database, owner, look)
    # An event in a commit that was not finished is no fact: nobody was told of it, and what belongs to it, the line of
    # the sale, is not there. The person does it again.
    mended = Mended(is_cut_off=is_cut_off, is_still_wrong=bool(look.damage))
    if look.wrong:
        with connected(database) as connection, connection.begin():
            mended.parked = _park(connection, look.wrong, owner)
    if mended.is_cut_off or mended.parked:
        _logger.warning("store.mended", cut_off=mended.is_cut_off, parked=mended.parked)
    return mended


def refuse_newer(database: Path, remains: Remains) -> None:
    """Refuse a store of a newer program before SQLite opens it, which might already fold its log back."""
    mark, version = remains.versions()
    newest = schema.history()[-1].version
    if mark != APPLICATION_ID or version <= newest:
        return
    if 1 not in remains.log.committed():
        with suppress(*UNREADABLE), opened_image(database) as image:
            if is_schema_of(image, newest):
                # It has our tables and nothing else: only the number is wrong.
                return
    raise newer_store(database, version)


def _park(tx: Connection, wrong: Sequence[tuple[str, int]], owner: Owner) -> int:
    """Make damaged events dead letters, and tell the centre that their numbers will never come."""
    outbox = Outbox(tx, random=owner.random)
    for epoch in sorted({epoch for epoch, _ in wrong}):
        numbers = sorted(seq for life, seq in wrong if life == epoch)
        for seq in numbers:
            sql.change(tx, PARK, (epoch, seq))
        outbox.tell_lost(tx, epoch, ranges(numbers), owner.now)
    return len(wrong)


def _salvage(database: Path, owner: Owner, look: Look) -> Mended:
    started_s = time.monotonic()
    _logger.error("store.damaged", path=str(database), reason=look.damage)
    folder = _folder_for(database, owner.now)
    mended = Mended(is_salvaged=True, folder=name_of(folder))
    if not is_made(database, folder):
        mended.put_aside = _set_aside(database, folder, owner.now)
        summary = _rebuild(database, folder, owner, is_proved=not look.is_certain)
        took_s = round(time.monotonic() - started_s, 1)
        _logger.error("store.salvaged", folder=str(folder), took_s=took_s, **summary)
    mended.is_still_wrong = (folder / _FINDING).exists()
    _note(database).unlink()
    sync(database.parent)
    return mended


def _folder_for(database: Path, now: datetime) -> Path:
    """Return the folder for the damaged files, which the note names from now on."""
    note = _note(database)
    if not note.exists():
        write_whole(note, _free_name(database, now).encode())
    folder = database.parent / DAMAGED / note.read_text(encoding="utf-8").strip()
    make_private_folder(folder)
    return folder


def _set_aside(database: Path, folder: Path, now: datetime) -> str:
    """Move the files of the store out of the way; return where another store went that came to its place."""
    aside, other = folder / database.name, ""
    if aside.exists():
        other = _clear_place(database, aside, now)
    else:
        # Its being there says that the move has begun, so it is there even where the database was not.
        database.touch()
        database.rename(aside)
    for left in left_to_move(database, aside):
        left.rename(aside.with_name(left.name))
    sync(folder)
    sync(database.parent)
    return other


def is_made(database: Path, folder: Path) -> bool:
    """Tell whether the store in place is the one that the salvage to this folder made."""
    if database.exists():
        with suppress(*UNREADABLE), opened_image(database) as image:
            return image.execute(MADE_BY, (name_of(folder),)).fetchone() is not None
    return False


def left_to_move(database: Path, aside: Path) -> list[Path]:
    """Return what is still at the old place of what belongs to the database that was moved to `aside`."""
    if (aside.parent / _IMAGE).exists() or database.with_name(_NEW).exists():
        # Nothing is built before everything is moved.
        return []
    return [one for one in _beside(database) if not aside.with_name(one.name).exists()]


def _clear_place(database: Path, aside: Path, now: datetime) -> str:
    """Set aside, in a folder of its own, what somebody put in the place of the database that was moved; say where."""
    # An empty file holds nothing: the new store takes its place.
    came = [database] if database.exists() and database.stat().st_size else []
    ours = left_to_move(database, aside)
    came += [one for one in _beside(database) if one not in ours]
    if not came:
        return ""
    folder = database.parent / DAMAGED / _free_name(database, now)
    make_private_folder(folder)
    for one in came:
        one.rename(folder / one.name)
    sync(folder)
    sync(folder.parent)
    _logger.warning("store.put_aside", folder=str(folder))
    return name_of(folder)


def _beside(database: Path) -> list[Path]:
    beside = (database.with_name(database.name + suffix) for suffix in _BESIDE)
    return [one for one in beside if one.exists()]


def _free_name(database: Path, now: datetime) -> str:
    name = f"{now:%Y%m%dT%H%M%SZ}"
    taken = database.parent / DAMAGED
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(one for one in names if not (taken / one).exists())


def _rebuild(database: Path, folder: Path, owner: Owner, *, is_proved: bool) -> dict[str, object]:
    """Make the new store beside its place and put it there; return what to log.

    Args:
        database: The place of the store.
        folder: Where the damaged one is.
        owner: Whose store it is.
        is_proved: Look the new one over too. If only we find fault, and it is our own, we would at each start anew.
    """
    new, image = database.with_name(_NEW), folder / _IMAGE
    with ExitStack() as unless_made:
        # What is left of an earlier one goes too.
        _give_room_back(new, image)
        unless_made.callback(_give_room_back, new, image)
        with open_remains(folder / database.name, database) as remains:
            _refuse_without_room(folder, remains)
            remains.write_image(image)
            with store_errors(new):
                summary = build_store(new, image, remains, folder, owner)
        if is_proved:
            _note_finding(look_over(new).damage, folder)
        unless_made.pop_all()
    image.unlink()
    sync(new)
    new.rename(database)
    sync(database.parent)
    return summary


def _note_finding(damage: str, folder: Path) -> None:
    """Note what is wrong with a store that was just made: an error of ours, of which no salvage rids it."""
    if damage:
        _logger.error("store.still_wrong", folder=str(folder), reason=damage)
        write_whole(folder / _FINDING, damage.encode(errors="replace"))


def _was_so_when_made(database: Path, damage: str) -> bool:
    """Tell whether a salvage made the store with this very finding: the next one would, at each start anew."""
    known = [one.parent for one in _findings(database) if _read(one) == damage.encode(errors="replace")]
    if not any(is_made(database, folder) for folder in known):
        return False
    _logger.error("store.still_wrong", path=str(database), reason=damage)
    return True


def _forget_findings(database: Path) -> None:
    for one in _findings(database):
        try:
            one.unlink(missing_ok=True)
        except OSError as exc:
            # A copy that somebody else made there must not keep a store from starting that is well.
            _logger.warning("store.finding_stays", path=str(one), reason=str(exc))


def _read(finding: Path) -> bytes | None:
    """Return what a salvage noted; None where it cannot be read: then it is none of this store's."""
    try:
        return finding.read_bytes()
    except OSError as exc:
        _logger.warning("store.finding_unreadable", path=str(finding), reason=str(exc))
        return None


def _findings(database: Path) -> list[Path]:
    return list((database.parent / DAMAGED).glob(f"*/{_FINDING}"))


def _give_room_back(new: Path, image: Path) -> None:
    """Leave nothing of what was half made. The image stays, empty: it says that everything is moved."""
    for suffix in ("", *_BESIDE):
        new.with_name(_NEW + suffix).unlink(missing_ok=True)
    image.write_bytes(b"")


def _refuse_without_room(folder: Path, remains: Remains) -> None:
    """Refuse to begin what the disk cannot take: it would be filled anew at each start.

    Raises:
        DiskFullError: There is no room for the copy and the new store.
    """
    disk = os.statvfs(folder)
    room, needed = disk.f_bavail * disk.f_frsize, remains.needed_bytes()
    if room >= needed or not disk.f_blocks:
        return
    needed_mb, room_mb = needed // 1_000_000 + 1, room // 1_000_000
    raise DiskFullError(
        Words(
            f"磁盘空间不足，无法抢救损坏的数据库：需要 {needed_mb} MB，可用 {room_mb} MB",
            f"No room to salvage the damaged store: it needs {needed_mb} MB, {room_mb} MB are free",
        ),
        next_step=_MAKE_ROOM,
    )


def _note(database: Path) -> Path:
    return database.with_name(SALVAGING)
