"""A command that is advised works as it is printed, also for a terminal that is not the installed one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli.asking
import cli.doctor
from cli.advice import DEFAULT_CONFIG, advice_for
from cli.app import app
from cli.checks.finding import finding_of, fine
from codes.words import Words
from edge.health import Trouble
from tests.edge.api.conftest import STATUS

STEP = Words("用 `yima outbox damaged --acknowledge` 确认。", "Acknowledge it: `yima outbox damaged --acknowledge`.")
DAMAGED = Trouble("store.salvaged", STEP, STEP)


@pytest.mark.parametrize(
    ("command", "advised"),
    [
        ("yima doctor", "yima doctor --config 'my shop/edge.toml'"),
        ("yima outbox list", "yima outbox list --config 'my shop/edge.toml'"),
        ("yima outbox export X --folder Y", "yima outbox export X --folder Y"),
        ("yima outbox list --config X", "yima outbox list --config X"),
        ("yima scanner sheet", "yima scanner sheet"),
    ],
)
def test_commands_name_the_configuration_that_was_asked_about(command: str, advised: str) -> None:
    step = Words(f"请运行 `{command}`。", f"Run `{command}`, then `yima doctor`.")
    told = advice_for(Path("my shop/edge.toml"), step)
    assert told.zh == f"请运行 `{advised}`。"
    assert told.en == f"Run `{advised}`, then `yima doctor --config 'my shop/edge.toml'`."


def test_the_installed_terminal_need_not_be_named() -> None:
    assert advice_for(DEFAULT_CONFIG, STEP) is STEP


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "edge.toml"
    path.write_text('[terminal]\nid = "c-1"\narea = "350200"\ninstitution = "P1"\n[store]\nfolder = "store"\n')
    return path


def test_status_of_another_terminal_advises_commands_for_it(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([None, replace(STATUS, troubles=(DAMAGED,))])
    monkeypatch.setattr(cli.asking, "fetch_status", lambda _: next(seen))
    absent = CliRunner().invoke(app, ["status", "--config", str(config)])
    assert f"`yima doctor --config {config}`" in absent.stderr.replace("\n  ", " ")
    told = CliRunner().invoke(app, ["status", "--config", str(config), "--json"])
    (trouble,) = json.loads(told.stdout)["troubles"]
    assert f"`yima outbox damaged --acknowledge --config {config}`" in trouble["next_step"]["zh"]
    assert trouble["words"]["zh"] == STEP.zh


def test_doctor_of_another_terminal_advises_commands_for_it(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.doctor, "examine", lambda *_: [fine("a.b", "好", "well"), finding_of(DAMAGED)])
    told = CliRunner().invoke(app, ["doctor", "--config", str(config), "--json"])
    _, damaged = json.loads(told.stdout)["findings"]
    assert f"`yima outbox damaged --acknowledge --config {config}`" in damaged["next_step"]["en"]
