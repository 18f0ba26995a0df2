"""`yima chaos` as a command: the exit code is the verdict, and there is a report whatever happens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

import cli.chaos
from cli.report_file import ReportNotWrittenError
from sim.chaos.plan import Kind
from sim.stage import StageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    @asynccontextmanager
    async def no_stand(*_arguments: object) -> AsyncIterator[None]:
        raise StageError("the centre did not start")
        yield

    monkeypatch.setattr(cli.chaos, "open_stand", no_stand)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def started(*options: str) -> Result:
    app = typer.Typer()
    app.command()(cli.chaos.chaos)
    return CliRunner().invoke(app, list(options))


def test_a_run_that_breaks_off_has_a_report_and_is_not_right(folder: Path) -> None:
    file = folder / "report.json"
    ended = started("--seed", "9", "--report", str(file))
    assert ended.exit_code == 1
    assert "不一致 / Something is wrong" in ended.output
    assert "日志留在" in ended.output
    assert "：" not in ended.output, "a colon after which nothing comes"
    assert "None" not in ended.output
    assert "丢失 / lost" in ended.output
    assert "未核对 / not judged" in ended.output
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report["problems"] == ["StageError: the centre did not start"]
    assert (report["seed"], report["lost"], report["is_right"]) == (9, None, False)


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_broken(folder: Path) -> None:
    ended = started("--report", str(folder / "none" / "report.json"))
    assert isinstance(ended.exception, ReportNotWrittenError)
    assert "不一致" not in ended.output


def test_what_is_not_installed_is_skipped_if_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.chaos, "missing_parts", lambda *_: "no mosquitto here")
    file = folder / "report.json"
    ended = started("--broker", "mosquitto", "--if-installed", "--report", str(file))
    assert ended.exit_code == 0
    assert "no mosquitto here" in ended.output
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report["is_right"] is None
    assert report["skipped"] == dict.fromkeys(Kind, "no mosquitto here")


def test_help_says_what_the_minutes_do_not_hold(folder: Path) -> None:
    told = " ".join(started("--help").output.replace("│", " ").split())
    assert "setting up and draining come on top" in told
