"""Folders are made for their owner alone, and a folder that is reached by a link is a folder too."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from wire.on_disk import make_private_folder, sync


def test_folders_are_made_for_their_owner_and_those_above_may_be_looked_into(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_private_folder(tmp_path / "above" / "own")
        make_private_folder(tmp_path / "above" / "own")
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("above", "above/own")] == [0o755, 0o700]


def test_each_new_name_is_brought_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brought: list[Path] = []
    monkeypatch.setattr("wire.on_disk.sync", brought.append)
    make_private_folder(tmp_path / "above" / "own")
    assert brought == [tmp_path, tmp_path / "above"]


def test_a_folder_behind_a_link_is_brought_to_the_disk_as_well(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    sync(tmp_path / "link")
    with pytest.raises(FileNotFoundError):
        sync(tmp_path / "not there")
