"""A bench leaves nothing where git would see it."""

from __future__ import annotations

from pathlib import Path

from tests.bench.place import ROOT, folder_on_disk


def test_a_bench_works_where_git_does_not_look_and_leaves_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        with folder_on_disk(tmp_path) as folder:
            (folder / "store").mkdir()
            assert folder.parent == tmp_path / "var"
    assert list((tmp_path / "var").iterdir()) == []
    assert "var/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
