"""A sector that the disk gives up reads as zeros and is counted: it costs what stood there, and no start."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tracemalloc
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from edge.store import salvage_check
from edge.store.database import KEY_FILE, database_path, opened_store
from edge.store.files import copy_readable
from edge.store.life import former_stores
from edge.store.salvage import DAMAGED, mend
from edge.store.salvage_proof import Place
from edge.store.salvage_remains import open_remains
from edge.store.salvage_sectors import SECTOR_BYTES, has_unreadable, opened_sectors
from tests.disk import BadDisk
from tests.edge.scene import FakeClock, Shop
from tests.edge.store.test_handover import Box
from tests.edge.store.test_salvage import OWNER, events_of, open_shop

SIZE = 3 << 20
"""Three of the pieces in which a file is read."""


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> BadDisk:
    """Return the disk on which all files lie."""
    bad = BadDisk()
    monkeypatch.setattr(os, "pread", bad.read)
    return bad


@pytest.mark.parametrize(
    ("size", "places"),
    [
        pytest.param(SIZE, [0], id="first of the file"),
        pytest.param(SIZE, [1 << 20], id="first of a piece"),
        pytest.param(SIZE, [(1 << 20) + 5 * SECTOR_BYTES + 512], id="512 bytes within a piece"),
        pytest.param(SIZE, [(2 << 20) - 1], id="last of a piece"),
        pytest.param(SIZE, [SECTOR_BYTES, 9 * SECTOR_BYTES, 10 * SECTOR_BYTES], id="several of one piece"),
        pytest.param(SIZE, [SIZE - 1], id="last of the file"),
        pytest.param(SIZE - 700, [SIZE - 701], id="last of the file, which is shorter"),
        pytest.param(SIZE - 700, [SIZE // 2], id="of a file that ends within a sector"),
        pytest.param(300, [0], id="all there is"),
    ],
)
def test_what_cannot_be_read_is_zeros_and_everything_beside_it_is_there(
    tmp_path: Path, disk: BadDisk, size: int, places: list[int]
) -> None:
    path, copy = tmp_path / "file", tmp_path / "copy"
    content = os.urandom(size)
    path.write_bytes(content)
    disk.give_up(path, *places)
    expected, starts = bytearray(content), [at // SECTOR_BYTES * SECTOR_BYTES for at in places]
    for start in starts:
        expected[start : start + SECTOR_BYTES] = bytes(min(SECTOR_BYTES, size - start))
    with opened_sectors(path) as sectors:
        assert sectors[:] == expected
        assert sectors.unreadable == set(starts)
        for start in starts:
            around = max(0, start - 10)
            assert sectors.read(around, SECTOR_BYTES + 20) == expected[around : around + SECTOR_BYTES + 20]
        assert sectors.read(size - 5, 50) == expected[-5:]
        assert sectors.read(size, 50) == sectors.read(size + 5, 50) == b""
    assert has_unreadable(path)
    assert copy_readable(path, copy, disk.read) == [start // SECTOR_BYTES + 1 for start in starts]
    assert copy.read_bytes() == expected


def test_disk_that_fails_a_whole_read_is_asked_for_each_sector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, read, asked = tmp_path / "file", os.pread, []
    path.write_bytes(b"x" * 8 * SECTOR_BYTES)

    def failing(descriptor: int, size: int, at: int) -> bytes:
        asked.append(at)
        if at <= 2 * SECTOR_BYTES < at + size:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, size, at)

    monkeypatch.setattr(os, "pread", failing)
    with opened_sectors(path) as sectors:
        for _ in range(3):
            assert sectors[:] == b"x" * 2 * SECTOR_BYTES + bytes(SECTOR_BYTES) + b"x" * 5 * SECTOR_BYTES
        assert sectors.unreadable == {2 * SECTOR_BYTES}
    assert asked.count(2 * SECTOR_BYTES) == 1, "each try may take the disk many seconds"


def test_look_for_a_bad_sector_asks_for_one_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, read, refused = tmp_path / "file", os.pread, []
    path.write_bytes(bytes(4 << 20))

    def failing(descriptor: int, size: int, at: int) -> bytes:
        if at % (1 << 20) == SECTOR_BYTES:
            refused.append(at)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, min(size, SECTOR_BYTES - at) if at < SECTOR_BYTES else size, at)

    monkeypatch.setattr(os, "pread", failing)
    assert has_unreadable(path)
    assert refused == [SECTOR_BYTES], "the salvage asks for all of them anyway"


def test_file_that_is_cut_short_meanwhile_keeps_the_places_of_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 3 * SECTOR_BYTES)
    with opened_sectors(path) as sectors:
        os.truncate(path, SECTOR_BYTES + 10)
        assert sectors[:] == (b"x" * (SECTOR_BYTES + 10)).ljust(3 * SECTOR_BYTES, b"\0")
        assert sectors.unreadable == {SECTOR_BYTES, 2 * SECTOR_BYTES}


def test_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    with opened_sectors(tmp_path / "none") as sectors:
        assert (sectors[:], sectors.read(0, 10)) == (b"", b"")


def test_log_of_any_size_is_not_kept_in_memory(folder: Path) -> None:
    open_shop(folder)
    path = database_path(folder)
    log = path.with_name(f"{path.name}-wal")
    with log.open("wb") as file:
        file.truncate(48 << 20)
    tracemalloc.start()
    try:
        with open_remains(path) as remains:
            assert len(remains.log.frames) > 10_000
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16 << 20


def test_another_refusal_of_the_disk_is_not_taken_for_a_bad_sector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"content")

    def refuse(*_: int) -> bytes:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    monkeypatch.setattr(os, "pread", refuse)
    with opened_sectors(tmp_path / "file") as sectors, pytest.raises(OSError, match="No such device"):
        sectors[:]


@pytest.mark.req("T-10")
def test_sector_that_the_disk_gives_up_is_salvaged_around_and_what_stood_there_is_named(
    folder: Path, disk: BadDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = open_shop(folder)
    path = database_path(folder)
    disk.give_up(path, page_of(path, 40))

    look = salvage_check._check

    def refused(store: sqlite3.Connection) -> Sequence[Place]:
        (_, _, file), *_ = store.execute("PRAGMA database_list")
        if Path(file) != path:
            return look(store)
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
        raise error

    with monkeypatch.context() as sqlite_too:
        sqlite_too.setattr(salvage_check, "_check", refused)
        assert mend(path, OWNER).is_salvaged
    with opened_store(folder) as connection:
        kept = events_of(Shop(connection, FakeClock()))
        with connection.begin():
            (former,) = former_stores(connection)
    lost = {seq for first, last in former.lost for seq in range(first, last + 1)}
    assert 0 < len(lost) < len(events)
    assert kept == {seq: frozen for seq, frozen in events.items() if seq not in lost}


@pytest.mark.req("T-10")
@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_bad_sector_that_keeps_sqlite_from_opening_the_store_costs_no_start(
    folder: Path, disk: BadDisk, suffix: str
) -> None:
    with ExitStack() as stack:
        box = Box(folder, stack)
        frozen = box.record(40)
        left = folder.with_name("left")
        shutil.copytree(folder, left)
    path = database_path(left)
    beside = path.with_name(path.name + suffix)
    content = beside.read_bytes()
    assert content
    disk.give_up(beside, content.rindex(frozen[20]) if suffix == "-wal" else 0)
    assert mend(path, OWNER).is_salvaged
    with opened_store(left) as connection:
        kept = events_of(Shop(connection, FakeClock()))
        with connection.begin():
            (former,) = former_stores(connection)
    assert former.folder is not None
    assert (left / former.folder / beside.name).read_bytes() == content
    lost = {seq for first, last in former.lost for seq in range(first, last + 1)}
    assert kept == {seq: one for seq, one in enumerate(frozen, 1) if seq not in lost}
    assert len(lost) <= (10 if suffix == "-wal" else 0)


def test_bad_sector_of_the_journal_is_seen_and_no_journal_is_left_to_the_new_store(folder: Path, disk: BadDisk) -> None:
    open_shop(folder)
    path = database_path(folder)
    journal = path.with_name(f"{path.name}-journal")
    journal.write_bytes(bytes(2 * SECTOR_BYTES))
    assert not has_unreadable(path)
    disk.give_up(journal, SECTOR_BYTES)
    assert has_unreadable(path)
    path.write_bytes(b"")
    (folder / KEY_FILE).touch()
    assert mend(path, OWNER).is_salvaged
    assert not journal.exists()
    assert len(list((folder / DAMAGED).glob(f"*/{journal.name}"))) == 1


def page_of(path: Path, number: int) -> int:
    """Return the page on which the event of a scan stands."""
    content = path.read_bytes()
    at = content.index(b'{"v":')
    while f"8600011{number:013}".encode() not in content[at : at + 700]:
        at = content.index(b'{"v":', at + 1)
    return at // SECTOR_BYTES * SECTOR_BYTES
