"""What is asked of a store while its terminal is just starting: nothing fails as a whole, nobody's name gets out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli.support_bundle
from cli.app import app
from cli.checks.data import check_data
from cli.checks.finding import Level
from edge.config import load_config
from edge.store.database import lock_path, opened_store
from edge.store.inspection import inspect_operators
from edge.store.lock import store_lock
from edge.store.shifts import OperatorRow, add_operator
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.conftest import free_port
from tests.edge.scene import EPOCH, NOON, TERMINAL


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """Return the configuration of a terminal that was killed, whose next start holds the store and has just begun."""
    path, folder = tmp_path / "edge.toml", tmp_path / "store"
    path.write_text(
        f'[terminal]\nid = "{TERMINAL}"\narea = "350200"\ninstitution = "P1"\n[store]\nfolder = "store"\n'
        f"[api]\nport = {free_port()}\n",
        encoding="utf-8",
    )
    with opened_store(tmp_path / "living") as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        with connection.begin():
            add_operator(connection, OperatorRow("zhang", "张三丰", "no hash", NOON))
        shutil.copytree(tmp_path / "living", folder)
    with store_lock(lock_path(folder)):
        yield path


def test_status_says_why_the_chain_was_not_checked(config: Path) -> None:
    result = CliRunner().invoke(app, ["edge", "status", "--config", str(config)], catch_exceptions=False)
    assert (result.exit_code, "记录链未检查" in result.output) == (0, True)
    shown = CliRunner().invoke(app, ["edge", "status", "--config", str(config), "--json"], catch_exceptions=False)
    assert (shown.exit_code, shown.output.strip()) == (0, "null")


def test_doctor_and_support_bundle_name_the_start_and_go_on(config: Path) -> None:
    folder = load_config(config).store.folder
    before = {one.name: one.read_bytes() for one in folder.iterdir()}
    assert [one.level for one in check_data(folder) if one.code == "store.salvaging"] == [Level.NOTICE]
    told = cli.support_bundle._store(load_config(config))
    assert isinstance(told, dict)
    assert told["code"] == "store.salvaging"
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == before


def test_names_that_a_bundle_has_to_hide_are_known_all_the_same(config: Path) -> None:
    assert [(one.login, one.name) for one in inspect_operators(load_config(config).store.folder)] == [
        ("zhang", "张三丰")
    ]


@pytest.mark.parametrize("command", ["outbox list", "outbox send --all", "edge operator list"])
def test_command_that_needs_the_store_asks_for_patience(config: Path, command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--config", str(config)])
    assert getattr(done.exception, "code", "") == "store.salvaging"
