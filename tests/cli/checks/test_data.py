"""A data folder that cannot be used is a clear fault, whatever the reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.checks import data
from cli.checks.data import check_data, store_findings
from cli.checks.finding import Level
from edge.health import Machine
from edge.store.inspection import StoreReport
from edge.store.life import FormerStore
from tests.edge.scene import NOON


def test_folder_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "store"):
        (found,) = check_data(folder)
        assert (found.code, found.level) == ("store.folder_unusable", Level.FAULT)
        assert str(folder) in found.words.zh
        assert found.next_step is not None


def test_name_that_is_too_long_is_no_traceback(tmp_path: Path) -> None:
    (found,) = check_data(tmp_path / ("x" * 300))
    assert "文件名过长" in found.words.zh


def test_folder_that_may_not_be_made_where_it_should_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = check_data(tmp_path / "none" / "store")
    assert (found.code, found.level) == ("store.no_folder", Level.NOTICE)
    monkeypatch.setattr(data.os, "access", lambda *_: False)
    (found,) = check_data(tmp_path / "none" / "store")
    assert (found.code, found.level) == ("store.folder_unusable", Level.FAULT)
    assert str(tmp_path) in found.words.en


def test_folder_that_takes_no_files_is_a_fault_and_another_owner_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(data.os, "access", lambda *_: False)
    assert next(check_data(tmp_path)).code == "store.folder_unusable"
    monkeypatch.setattr(data.os, "geteuid", lambda: os.getuid() + 1)
    assert next(check_data(tmp_path)).code == "store.other_owner"


def test_why_a_store_began_a_new_life_is_said_in_words() -> None:
    former = [FormerStore("e", NOON, "forked", 1, (), None)]
    *_, found = store_findings(StoreReport(6, 6, "ok", {}, None, [], [], former))
    assert "副本" in found.words.zh
    assert "forked" not in str(found.words)


def test_little_room_is_said_in_megabytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    low = Machine(disk_free_bytes=150_000_000)
    monkeypatch.setattr(data.shutil, "disk_usage", lambda _: type("Usage", (), {"free": low.disk_free_bytes}))
    assert "150 MB" in " ".join(str(one.words) for one in check_data(tmp_path))
