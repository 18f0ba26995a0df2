"""Started by hand under any umask, the programs make what only its owner can read; systemd's `UMask=` is not needed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app
from edge.store.database import database_path, opened_store
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH

ROOT = Path(__file__).parents[2]
SEED = ROOT / "config" / "seed" / "catalogue.csv"


@pytest.fixture(params=[0o000, 0o022], ids=["none", "usual"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("edge", "server"):
        text = (ROOT / "config" / f"{name}.example.toml").read_text(encoding="utf-8")
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    before = os.umask(request.param)
    try:
        yield tmp_path
    finally:
        os.umask(before)


def yima(*arguments: str) -> None:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, (done.output, done.exception)


def modes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): f"{stat.S_IMODE(path.stat().st_mode):03o}"
        for path in folder.rglob("*")
        if path.suffix != ".toml"
    }


@pytest.mark.parametrize("key_first", [True, False])
def test_a_terminal_keeps_its_store_its_key_and_what_it_exports_to_itself(folder: Path, *, key_first: bool) -> None:
    own = ("--config", "edge.toml")
    first = [("edge", "key", *own), ("edge", "catalogue", "import", str(SEED), *own)]
    for arguments in first if key_first else reversed(first):
        yima(*arguments)
    with opened_store(folder / "var" / "edge") as connection:
        ensure_state(connection, terminal="counter-1", new_epoch=EPOCH, mode=Mode.DISPENSE)
        # Open, so that its log and its index are there as well.
        found = modes(folder)
    assert {"var/edge/terminal.db-wal", "var/edge/terminal.db-shm", "var/edge/terminal.key"} <= set(found)
    yima("outbox", "export", "moved.yimaout", *own)
    found |= modes(folder)
    assert found.pop("var/edge") == "700"
    assert found.pop("var") in {"755", "700"}
    assert set(found.values()) == {"600"}, found


def test_a_centre_keeps_its_store_its_key_and_its_backups_to_itself(folder: Path) -> None:
    own = ("--config", "server.toml")
    yima("server", "key", *own)
    yima("server", "catalogue", "import", str(SEED), *own)
    yima("server", "backup", "centre.yimabak", *own)
    found = modes(folder)
    assert {"var/centre.db", "var/centre.key", "centre.yimabak"} <= set(found)
    assert found.pop("var") == "700"
    assert set(found.values()) == {"600"}, found


def test_a_store_that_was_open_to_others_is_closed_to_them(folder: Path) -> None:
    store = folder / "store"
    with opened_store(store):
        pass
    database_path(store).chmod(0o644)
    with opened_store(store):
        assert "644" not in modes(store).values()
