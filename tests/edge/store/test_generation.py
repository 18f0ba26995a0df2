"""A file's generation tells it from the one that comes after it under the same inode, and asking leaves locks alone."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from edge.store import generation
from edge.store.generation import OWN_DESCRIPTORS, generation_of

pytestmark = pytest.mark.req("T-71")

IS_FREE = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(7)
"""


def test_a_file_in_the_place_of_a_removed_one_has_another_generation(tmp_path: Path) -> None:
    seen = set()
    file = tmp_path / "store"
    for _ in range(20):
        file.write_bytes(b"x")
        told = generation_of(file)
        if told is None:
            pytest.skip("this file system tells no generation")
        seen.add((file.stat().st_ino, told))
        file.unlink()
    assert len(seen) == 20


def test_a_file_keeps_its_generation_when_it_is_written_and_renamed(tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"x")
    before = generation_of(tmp_path / "new")
    (tmp_path / "new").write_bytes(b"another")
    (tmp_path / "new").rename(tmp_path / "store")
    assert generation_of(tmp_path / "store") == before


def test_asking_leaves_the_locks_of_this_process_alone(tmp_path: Path) -> None:
    file = tmp_path / "store"
    with file.open("wb") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        generation_of(file)
        done = subprocess.run([sys.executable, "-c", IS_FREE, file], check=False)
    assert done.returncode == 7


def test_a_system_that_does_not_list_descriptors_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "OWN_DESCRIPTORS", tmp_path / "none")
    (tmp_path / "store").write_bytes(b"x")
    assert generation_of(tmp_path / "store") is None, "whether its locks would be lost, nobody knows"


def test_a_file_system_without_generations_tells_none() -> None:
    assert generation_of(Path("/proc/self/stat")) is None


def test_asking_leaves_no_descriptor_open(tmp_path: Path) -> None:
    file = tmp_path / "store"
    file.write_bytes(b"x")
    before = len(list(OWN_DESCRIPTORS.iterdir()))
    generation_of(file)
    assert len(list(OWN_DESCRIPTORS.iterdir())) == before
