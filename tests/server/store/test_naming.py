"""A name that is taken stays with what has it, on file systems that know how to refuse and on those that do not."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

import pytest

from server.store import naming
from server.store.naming import give_name, is_there


class Filtered:
    """The system library under a filter of a container that is older than the call."""

    def renameat2(self, *_args: object) -> int:
        ctypes.set_errno(errno.EPERM)
        return -1


@pytest.fixture(params=["in one step", "flag unknown", "call unknown", "call filtered"], autouse=True)
def _file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "flag unknown":
        # The system itself answers EINVAL, as it does for a file system without the real flag.
        monkeypatch.setattr(naming, "_NO_REPLACE", 1 << 30)
    elif request.param == "call unknown":
        monkeypatch.setattr(ctypes, "CDLL", lambda *_args, **_options: object())
    elif request.param == "call filtered":
        monkeypatch.setattr(ctypes, "CDLL", lambda *_args, **_options: Filtered())


def test_a_free_name_is_given(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    give_name(tmp_path / "a", tmp_path / "药店")
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"药店": b"a"}


@pytest.mark.parametrize("kind", ["file", "folder", "link", "link to nowhere"])
def test_a_name_that_is_taken_is_refused(kind: str, tmp_path: Path) -> None:
    file, name = tmp_path / "a", tmp_path / "b"
    file.write_bytes(b"a")
    if kind == "file":
        name.write_bytes(b"b")
    elif kind == "folder":
        name.mkdir()
    else:
        name.symlink_to(file if kind == "link" else tmp_path / "nowhere")
    before = os.lstat(name).st_ino

    with pytest.raises(FileExistsError):
        give_name(file, name)

    assert file.read_bytes() == b"a"
    assert os.lstat(name).st_ino == before
    assert is_there(name)


def test_a_file_that_is_not_there_is_said_to_be_missing_even_if_the_name_is_taken(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(FileNotFoundError):
        give_name(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"b"
    assert not is_there(tmp_path / "a")


def test_true_refusal_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(_file: object, _name: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    (tmp_path / "a").write_bytes(b"a")
    monkeypatch.setattr(ctypes, "CDLL", lambda *_args, **_options: Filtered())
    monkeypatch.setattr(os, "rename", refusing)
    with pytest.raises(PermissionError):
        give_name(tmp_path / "a", tmp_path / "b")
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_what_cannot_be_told_is_not_taken_for_free(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(OSError, match="symbolic links"):
        is_there(tmp_path / "loop" / "a")
