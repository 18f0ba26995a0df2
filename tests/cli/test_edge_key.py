"""Asking a new box for its fingerprint does not make it look like one that lost its store."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from cli.app import app
from edge.store.database import KEY_FILE, database_path
from edge.store.salvage import Mended, mend
from edge.store.salvage_build import Owner
from rules.scan_judgement import Mode
from tests.edge.scene import NOON, TERMINAL, seeded_bytes


def test_key_that_is_asked_for_before_the_first_start_is_no_lost_store(tmp_path: Path) -> None:
    config, store = tmp_path / "edge.toml", tmp_path / "store"
    config.write_text(
        f'[terminal]\nid = "{TERMINAL}"\narea = "350200"\ninstitution = "P1"\n[store]\nfolder = "store"\n',
        encoding="utf-8",
    )
    first, second = (CliRunner().invoke(app, ["edge", "key", "--config", str(config)]) for _ in range(2))
    assert (first.exit_code, second.output) == (0, first.output), first.output
    assert (store / KEY_FILE).exists()
    assert mend(database_path(store), Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes())) == Mended()
