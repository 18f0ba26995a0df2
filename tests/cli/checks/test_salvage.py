"""A salvage that was not finished is never overlooked: every command that looks names it, with the next step."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.checks.data import check_data
from cli.checks.finding import Finding, Level
from cli.checks.salvage import check_salvage, unfinished_salvage
from edge.store.lock import store_lock
from tests.conftest import free_port

BEGUN_AT = "20260101T080000Z"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store that was set aside, and a new one that is half made: the power went."""
    folder = tmp_path / "store"
    aside = folder / "damaged" / BEGUN_AT
    aside.mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    (aside / "terminal.db").write_bytes(b"x" * 2_000_000)
    (folder / "terminal.db.new").write_bytes(b"half")
    (folder / "salvaging").write_text(BEGUN_AT)
    return folder


def only(folder: Path) -> Finding:
    (found,) = check_salvage(folder)
    return found


def test_unfinished_salvage_is_a_fault_that_says_to_start_and_delete_nothing(folder: Path) -> None:
    found = only(folder)
    assert (found.code, found.level) == ("store.salvage_unfinished", Level.FAULT)
    assert f"damaged/{BEGUN_AT}" in found.words.zh
    assert found.next_step is not None
    assert "不要删除" in found.next_step.zh
    assert "start the terminal" in found.next_step.en
    assert found in list(check_data(folder))


def test_salvage_that_goes_on_asks_for_patience(folder: Path) -> None:
    with store_lock(folder / "terminal.lock"):
        found = only(folder)
    assert (found.code, found.level) == ("store.salvaging", Level.NOTICE)
    assert found.next_step is not None
    assert "不要断电" in found.next_step.zh


def test_note_that_is_damaged_itself_names_no_foreign_folder(folder: Path) -> None:
    (folder / "salvaging").write_bytes(b"../../etc\xff")
    found = unfinished_salvage(folder)
    assert found is not None
    assert "etc" not in found.words.zh


def test_store_that_is_gone_is_not_taken_for_a_new_one(folder: Path) -> None:
    (folder / "salvaging").unlink()
    found = only(folder)
    assert (found.code, found.level) == ("store.gone", Level.FAULT)
    assert "不要启动" in str(found.next_step)


def test_kept_files_of_a_finished_salvage_are_named_with_their_size(folder: Path) -> None:
    (folder / "salvaging").unlink()
    (folder / "terminal.db").write_bytes(b"")
    found = only(folder)
    assert (found.code, found.level) == ("store.damaged_kept", Level.NOTICE)
    assert "2.0 MB" in found.words.zh


def test_store_without_a_salvage_has_nothing_to_say(tmp_path: Path) -> None:
    assert list(check_salvage(tmp_path)) == []


def test_status_and_bundle_name_it(folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "edge.toml"
    config.write_text(
        f'[terminal]\nid = "c-1"\narea = "350200"\ninstitution = "P1"\n[store]\nfolder = "store"\n'
        f"[api]\nport = {free_port()}\n[link]\nis_enabled = false\n",
        encoding="utf-8",
    )
    told = CliRunner().invoke(app, ["status", "--config", str(config)])
    assert told.exit_code == 2
    assert "store.salvage_unfinished" in told.stderr
    assert "接着抢救" in told.stderr
    bundle = tmp_path / "bundle.tar.gz"
    assert CliRunner().invoke(app, ["support-bundle", "--config", str(config), "--out", str(bundle)]).exit_code == 0
    with tarfile.open(bundle) as tar:
        kept = json.load(tar.extractfile("yima-support/salvage.json") or pytest.fail("salvage.json"))
        doctor = json.load(tar.extractfile("yima-support/doctor.json") or pytest.fail("doctor.json"))
    sizes = {"salvaging": len(BEGUN_AT), "terminal.db.new": 4, f"damaged/{BEGUN_AT}/terminal.db": 2_000_000}
    assert kept == sizes
    assert "store.salvage_unfinished" in [one["code"] for one in doctor["findings"]]
