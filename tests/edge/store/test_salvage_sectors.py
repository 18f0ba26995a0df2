"""A sector that the disk gives up reads as zeros and is counted: it costs what stood there, and no start."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.store import salvage_check
from edge.store.database import database_path, opened_store
from edge.store.life import former_stores
from edge.store.salvage import mend
from edge.store.salvage_sectors import SECTOR_BYTES, count_unreadable, opened_sectors
from tests.edge.scene import FakeClock, Shop
from tests.edge.store.test_salvage import OWNER, events_of, open_shop

GiveUp = Callable[[str, int], None]


@pytest.fixture
def give_up(monkeypatch: pytest.MonkeyPatch) -> GiveUp:
    """Return what makes one sector of the files of a name unreadable from now on."""
    read = os.pread

    def make(name: str, bad: int) -> None:
        def failing(descriptor: int, size: int, at: int) -> bytes:
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            if path.name == name and at < bad + SECTOR_BYTES and bad < at + size:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return read(descriptor, size, at)

        monkeypatch.setattr(os, "pread", failing)

    return make


def test_what_cannot_be_read_is_zeros_and_everything_beside_it_is_there(tmp_path: Path, give_up: GiveUp) -> None:
    path = tmp_path / "file"
    content = os.urandom(3 * SECTOR_BYTES + 100)
    path.write_bytes(content)
    give_up("file", SECTOR_BYTES)
    expected = content[:SECTOR_BYTES] + bytes(SECTOR_BYTES) + content[2 * SECTOR_BYTES :]
    with opened_sectors(path) as sectors:
        assert sectors.whole() == expected
        assert sectors.read(SECTOR_BYTES - 10, 20) == expected[SECTOR_BYTES - 10 :][:20]
        assert sectors.read(len(content) - 5, 50) == content[-5:]
        assert sectors.unreadable == {SECTOR_BYTES}
    assert count_unreadable(path) == 1


def test_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    with opened_sectors(tmp_path / "none") as sectors:
        assert (sectors.whole(), sectors.read(0, 10)) == (b"", b"")


def test_another_refusal_of_the_disk_is_not_taken_for_a_bad_sector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"content")

    def refuse(*_: int) -> bytes:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    monkeypatch.setattr(os, "pread", refuse)
    with opened_sectors(tmp_path / "file") as sectors, pytest.raises(OSError, match="No such device"):
        sectors.whole()


@pytest.mark.req("T-10")
def test_sector_that_the_disk_gives_up_is_salvaged_around_and_what_stood_there_is_named(
    folder: Path, give_up: GiveUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = open_shop(folder)
    path = database_path(folder)
    give_up(path.name, page_of(path, 40))

    def refused(_: sqlite3.Connection) -> None:
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


def page_of(path: Path, number: int) -> int:
    """Return the page on which the event of a scan stands."""
    content = path.read_bytes()
    at = content.index(b'{"v":')
    while f"8600011{number:013}".encode() not in content[at : at + 700]:
        at = content.index(b'{"v":', at + 1)
    return at // SECTOR_BYTES * SECTOR_BYTES
