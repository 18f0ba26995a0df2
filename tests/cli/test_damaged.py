"""`yima outbox damaged`: what was set aside is listed, and acknowledged once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import outbox
from cli.app import app
from cli.mistakes import UsageMistakeError
from edge.store.database import SALVAGING, database_path, opened_store
from edge.store.errors import DamagedStoreError
from edge.store.handover import NoStoreError
from edge.store.lock import store_lock
from edge.store.salvage import DAMAGED, mend
from tests.edge.store.test_salvage import OWNER, PAGE, open_shop, spoil


def test_damaged_files_are_listed_and_acknowledged_once(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    open_shop(folder)
    spoil(database_path(folder), 0, bytes(PAGE))
    mend(database_path(folder), OWNER)
    with opened_store(folder):
        pass
    command = ["outbox", "damaged", "--folder", str(folder)]
    told = [json.loads(run([*command, "--json", *more])) for more in ([], ["--acknowledge"], ["--acknowledge"])]
    assert [one["acknowledged"] for one in told] == [0, 1, 0]
    (kept,) = told[0]["damaged"]
    assert kept["files"] == 2
    assert kept["bytes"] > PAGE
    assert kept["folder"] in run(command).replace("\n", "")


@pytest.mark.parametrize("state", ["gone", "damaged", "salvage cut off", "held by a terminal"])
def test_files_are_listed_whatever_became_of_the_store_and_no_start_is_in_the_way(tmp_path: Path, state: str) -> None:
    folder = tmp_path / "store"
    path = database_path(folder)
    (folder / DAMAGED / "20261121T040000Z").mkdir(parents=True)
    if state != "gone":
        path.write_bytes(os.urandom(4 * PAGE))
    if state == "salvage cut off":
        path.with_name(SALVAGING).write_text("20261121T040000Z")
    before = {one: one.stat().st_mtime_ns for one in folder.rglob("*")}
    command = ["outbox", "damaged", "--folder", str(folder), "--json"]
    if state == "held by a terminal":
        with store_lock(path.with_suffix(".lock")):
            listed = json.loads(run(command))
    else:
        listed = json.loads(run(command))
        assert {one: one.stat().st_mtime_ns for one in folder.rglob("*")} == before
        wrong = CliRunner().invoke(app, [*command, "--acknowledge"])
        assert isinstance(wrong.exception, NoStoreError if state == "gone" else DamagedStoreError)
    assert [one["folder"] for one in listed["damaged"]] == [str(folder / DAMAGED / "20261121T040000Z")]


def test_folder_without_a_store_is_not_called_free_of_damage(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["outbox", "damaged", "--folder", str(tmp_path / "mistyped")])
    assert isinstance(done.exception, NoStoreError)
    assert not (tmp_path / "mistyped").exists()


def test_without_config_or_folder_the_installed_terminal_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "edge.toml"
    installed.write_text(
        f'[terminal]\nid = "counter-1"\narea = "350200"\ninstitution = "P1"\n[store]\nfolder = "{tmp_path / "store"}"\n'
    )
    monkeypatch.setattr(outbox, "DEFAULT_CONFIG", installed)
    open_shop(tmp_path / "store")
    (tmp_path / "store" / DAMAGED / "20261121T040000Z").mkdir(parents=True)
    assert "20261121T040000Z" in run(["outbox", "damaged"]).replace("\n", "")
    assert json.loads(run(["outbox", "list", "--json"])) == json.loads(
        run(["outbox", "list", "--json", "--folder", str(tmp_path / "store")])
    )
    both = ["outbox", "list", "--config", str(installed), "--folder", str(tmp_path / "store")]
    assert isinstance(CliRunner().invoke(app, both).exception, UsageMistakeError)


def run(command: list[str]) -> str:
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout
