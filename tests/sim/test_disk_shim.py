"""The shim sees every change below its folder and nothing else, and breaks exactly what it is told to break."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from sim.disk.shim import ChangeKind, DiskFaults, Fault, build_shim, environment, read_log
from sim.preload import ShimError
from tests.disk import shim_or_skip

pytestmark = pytest.mark.slow

CREATE, WRITE, TRUNCATE, SYNC = ChangeKind.CREATE, ChangeKind.WRITE, ChangeKind.TRUNCATE, ChangeKind.SYNC
RENAME, LINK, UNLINK = ChangeKind.RENAME, ChangeKind.LINK, ChangeKind.UNLINK
MKDIR, RMDIR = ChangeKind.MKDIR, ChangeKind.RMDIR

TRY = """
import errno, os, sys
def tried(work):
    try:
        work()
    except OSError as exc:
        print(errno.errorcode[exc.errno])
    else:
        print("ok")
os.chdir(sys.argv[1])
"""


@pytest.fixture
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shim_or_skip(tmp_path_factory)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


@pytest.fixture
def faults(tmp_path: Path) -> DiskFaults:
    return DiskFaults(tmp_path / "control")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def run(script: str, library: Path, store: Path, faults: DiskFaults, log: Path | None = None) -> list[str]:
    added = environment(library, store, faults.control, log)
    done = subprocess.run(
        [sys.executable, "-S", "-c", TRY + script, str(store)],
        env={**os.environ, **added},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_every_change_is_logged_in_order(library: Path, store: Path, faults: DiskFaults, log: Path) -> None:
    script = """
fd = os.open("a", os.O_RDWR | os.O_CREAT)
os.write(fd, b"one")
os.pwrite(fd, b"two", 10)
os.fsync(fd)
os.ftruncate(fd, 4)
os.mkdir("in")
os.rename("a", "in/b")
os.write(fd, b"moved")
other = os.open("in", os.O_RDONLY)
os.write(os.open("c", os.O_WRONLY | os.O_CREAT, dir_fd=other), b"c")
os.fsync(other)
os.open("in/b", os.O_WRONLY | os.O_TRUNC)
os.link("in/c", "d")
os.unlink("in/c")
os.unlink("in/b")
os.write(fd, b"gone")
os.rmdir("in")
os.open(sys.argv[1] + "/../beside", os.O_WRONLY | os.O_CREAT)
"""
    run(script, library, store, faults, log)
    assert [(change.kind, change.name, change.place, change.body) for change in read_log(log)] == [
        (CREATE, "a", 0, b""),
        (WRITE, "a", 0, b"one"),
        (WRITE, "a", 10, b"two"),
        (SYNC, "a", 0, b""),
        (TRUNCATE, "a", 4, b""),
        (MKDIR, "in", 0, b""),
        (RENAME, "a", 0, b"in/b"),
        (WRITE, "in/b", 3, b"moved"),
        (CREATE, "in/c", 0, b""),
        (WRITE, "in/c", 0, b"c"),
        (SYNC, "in", 0, b""),
        (TRUNCATE, "in/b", 0, b""),
        (LINK, "in/c", 0, b"d"),
        (UNLINK, "in/c", 0, b""),
        (UNLINK, "in/b", 0, b""),
        (RMDIR, "in", 0, b""),
    ]
    assert (store.parent / "beside").exists()


def test_record_that_a_kill_cut_short_is_left_out(library: Path, store: Path, faults: DiskFaults, log: Path) -> None:
    run('os.mkdir("a"); os.mkdir("b")', library, store, faults, log)
    log.write_bytes(log.read_bytes()[:-1])
    assert [change.name for change in read_log(log)] == ["a"]


EVERYTHING = """
tried(lambda: os.write(old, b"x"))
tried(lambda: os.ftruncate(old, 99))
tried(lambda: os.ftruncate(old, 0))
tried(lambda: os.posix_fallocate(old, 0, 200))
tried(lambda: os.fsync(old))
tried(lambda: os.open("new", os.O_RDWR | os.O_CREAT))
tried(lambda: os.open("old", os.O_RDWR))
tried(lambda: os.read(os.open("old", os.O_RDONLY), 1))
tried(lambda: os.rename("old", "young"))
tried(lambda: os.link("../beside", "beside"))
tried(lambda: os.mkdir("folder"))
tried(lambda: os.write(os.open("../beside", os.O_WRONLY | os.O_CREAT), b"x"))
"""


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.NONE, "ok ok ok ok ok ok ok ok ok ok ok ok"),
        (Fault.FULL, "ENOSPC ENOSPC ok ENOSPC ok ok ok ok ok ok ENOSPC ok"),
        (Fault.IO_ERROR, "EIO EIO EIO EIO EIO EIO ok ok EIO EIO EIO ok"),
        (Fault.READ_ONLY, "EROFS EROFS EROFS EROFS EROFS EROFS EROFS ok EROFS EROFS EROFS ok"),
    ],
)
def test_fault_refuses_what_such_a_disk_refuses(
    library: Path, store: Path, faults: DiskFaults, fault: Fault, expected: str
) -> None:
    script = f"""
old = os.open("old", os.O_RDWR | os.O_CREAT)
os.close(os.open("../beside", os.O_WRONLY | os.O_CREAT))
switch = os.open({str(faults.control)!r}, os.O_RDWR)
os.pwrite(switch, bytes([{fault:d}]), 0)
{EVERYTHING}
os.pwrite(switch, bytes(4), 0)
tried(lambda: os.write(old, b"x"))
"""
    *told, mended = run(script, library, store, faults)
    assert " ".join(told) == expected
    assert mended == "ok"
    assert faults.refused() == sum(word.startswith("E") for word in told)


def test_fault_sets_in_after_so_many_operations(library: Path, store: Path, faults: DiskFaults) -> None:
    faults.set(Fault.IO_ERROR, after=3)
    script = 'fd = os.open("a", os.O_RDWR | os.O_CREAT)\nfor _ in range(4): tried(lambda: os.write(fd, b"x"))'
    assert run(script, library, store, faults) == ["ok", "ok", "EIO", "EIO"]
    faults.clear()
    assert run('tried(lambda: os.mkdir("b"))', library, store, faults) == ["ok"]


def test_log_of_a_database_makes_the_same_database(
    library: Path, store: Path, faults: DiskFaults, log: Path, tmp_path: Path
) -> None:
    """Proof that nothing SQLite does to its files escapes the shim."""
    script = """
import sqlite3
db = sqlite3.connect("t.db", isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("CREATE TABLE t (x)")
for number in range(50):
    db.execute("INSERT INTO t VALUES (zeroblob(5000))")
    if number == 25:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
os._exit(0)
"""
    run(script, library, store, faults, log)
    files: dict[str, bytearray] = {}
    for change in read_log(log):
        content = files.setdefault(change.name, bytearray())
        if change.kind is WRITE:
            content.extend(bytes(max(0, change.place - len(content))))
            content[change.place : change.place + len(change.body)] = change.body
        elif change.kind is TRUNCATE:
            content[:] = content[: change.place].ljust(change.place, b"\0")
    for name in ("t.db", "t.db-wal"):
        assert bytes(files[name]) == (store / name).read_bytes()
        (tmp_path / name).write_bytes(files[name])
    with closing(sqlite3.connect(tmp_path / "t.db")) as made:
        assert made.execute("SELECT count(*) FROM t").fetchone() == (50,)


def test_library_is_built_once(library: Path) -> None:
    before = library.stat().st_mtime_ns
    assert build_shim(library.parent) == library
    assert library.stat().st_mtime_ns == before


def test_machine_without_a_compiler_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ShimError, match="no C compiler"):
        build_shim(tmp_path)


def test_control_file_and_log_stay_out_of_the_watched_folder(tmp_path: Path, store: Path) -> None:
    with pytest.raises(ShimError, match="is inside"):
        environment(tmp_path / "shim.so", store, store / "control")
    with pytest.raises(ShimError, match="is inside"):
        environment(tmp_path / "shim.so", store, tmp_path / "control", store / "log")


def test_shim_that_has_no_control_file_ends_the_process(library: Path, store: Path, tmp_path: Path) -> None:
    added = environment(library, store, tmp_path / "no-such-control")
    done = subprocess.run([sys.executable, "-c", ""], env={**os.environ, **added}, capture_output=True, check=False)
    assert done.returncode == 111
    assert os.strerror(errno.ENOENT).encode() in done.stderr
