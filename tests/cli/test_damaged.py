"""`yima outbox damaged`: what was set aside is listed, and acknowledged once."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from cli.app import app
from edge.store.database import database_path, opened_store
from edge.store.salvage import mend
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


def run(command: list[str]) -> str:
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout
