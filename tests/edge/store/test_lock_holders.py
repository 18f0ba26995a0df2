"""Who has a lock: told from the note in it and from what the kernel lists, and nobody is named who has it not."""

from __future__ import annotations

import os
from pathlib import Path

from edge.store.database import lock_path, opened_store, visited_store
from edge.store.lock_holders import Holder, Kind, holders, read_note


def test_tool_notes_that_it_is_one(tmp_path: Path) -> None:
    with visited_store(tmp_path):
        assert read_note(lock_path(tmp_path)).holder is Holder.TOOL
    with opened_store(tmp_path):
        assert read_note(lock_path(tmp_path)).holder is Holder.TERMINAL


def test_tool_is_named_where_the_file_system_tells_another_device_than_the_kernel(tmp_path: Path) -> None:
    gate, locks = tmp_path / "gate", tmp_path / "locks"
    with gate.open("wb") as held:
        number = os.fstat(held.fileno()).st_ino
        pids = (os.getpid(), os.getppid(), 0)
        locks.write_text("".join(f"1: FLOCK  ADVISORY  READ {pid} 00:7f:{number} 0 EOF\n" for pid in pids))
        assert holders(gate, Kind.SHARED, locks) == [str(os.getpid())]
        assert holders(gate, Kind.ALONE, locks) == []
