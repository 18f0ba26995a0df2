"""What `yima demo` prints for a person to read."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner, Result

import cli.demo
from cli.demo import _show_report, _table, demo
from cli.mistakes import UsageMistakeError
from cli.report_file import ReportNotWrittenError
from sim.cashier import Notebook
from sim.checker import CentreClaims, Findings
from sim.plan import Way
from sim.report import make_report
from sim.tally import Tally

NOTHING = CentreClaims(ledger={}, answers={}, unknown_answers={}, events=())
SETTLED = {"settled": 12, "cancelled": 3, "sent_again": 25, "costs": "1234.50", "funds": "678.90"}


def notebook() -> Notebook:
    every_way = Counter(dict.fromkeys(Way, 2))
    return Notebook("P1", Tally("t1"), emitted=every_way, read=every_way.copy(), played=6, commit_ms=[1_234.56])


def made(findings: Findings, *, faults: Sequence[str] = ()) -> dict[str, Any]:
    return make_report(
        asked=6,
        notebooks=[notebook()],
        claims=NOTHING,
        findings=findings,
        status=[],
        faults=faults,
        settlements=SETTLED,
        seconds=1.0,
    )


def printed(findings: Findings) -> str:
    console, report = Console(width=120), made(findings, faults=["kill -9 x"])
    with console.capture() as captured:
        _show_report(console, report)
    return captured.get()


def test_a_right_run_is_said_to_be_one_with_its_figures() -> None:
    text = printed(Findings())
    assert "一致 / All agrees" in text
    assert "serial 2 · hid 2 · camera 2" in text
    assert "p50 1,234.6 ms · p99 1,234.6 ms" in text
    assert "p50 — · p99 —" in text
    assert "kill -9 x" in text
    assert "12（撤销 / cancelled 3，重发 / sent again 25）" in text
    assert "费用 / costs 1234.50 · 基金 / funds 678.90" in text


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("lost", "丢失 / lost"),
        ("duplicated", "重复 / duplicated"),
        ("wrong_states", "状态错误 / wrong states"),
        ("false_answers", "错误回答 / false answers"),
    ],
)
def test_a_finding_is_spelt_out_beside_what_it_is(kind: str, label: str) -> None:
    text = printed(Findings(**{kind: ["t1: A [1] is gone"]}))
    assert "不一致 / Something is wrong" in text
    assert any(label in line and "t1: A [1] is gone" in line for line in text.splitlines())


def test_the_table_of_a_running_demo_says_of_each_terminal_how_it_is() -> None:
    class Screen:
        url = "http://127.0.0.1:9"

        async def press(self, method: str, path: str) -> dict[str, object]:
            return {"sync": {"is_up": False, "delivered": 11, "pending": 3}}

    places = [SimpleNamespace(shop=SimpleNamespace(label="河西药房"), screen=Screen())]
    city = SimpleNamespace(places=places, till=SimpleNamespace(summary=lambda: SETTLED))
    table = asyncio.run(_table(city, SimpleNamespace(notebooks=[notebook()])))
    console = Console(width=160)
    with console.capture() as captured:
        console.print(table)
    row = next(line for line in captured.get().splitlines() if "河西药房" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        *("河西药房", "http://127.0.0.1:9", "断开 / down", "6", "6", "11", "3")
    ]
    assert "insured settlements 12 · 撤销 / cancelled 3" in captured.get()


def started(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(demo)
    return CliRunner(env={"COLUMNS": "120"}).invoke(app, arguments)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """Judge a morning that nobody has to play; return how many scans were asked for, each time."""
    asked: list[int] = []

    async def play_once(_console: Console, _folder: Path, _seed: int, scans: int, *, has_faults: bool) -> object:
        asked.append(scans)
        found = Findings(lost=["t1: A [1] is gone"]) if has_faults else Findings()
        return made(found)

    monkeypatch.setattr(cli.demo, "_play_once", play_once)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return asked


@pytest.mark.parametrize("option", ["--faults", "--scans=5", "--report=x.json"])
def test_what_belongs_to_a_judged_morning_is_refused_without_one(played: list[int], option: str) -> None:
    refused = started(option).exception
    assert isinstance(refused, UsageMistakeError)
    assert option.partition("=")[0] in refused.words.zh
    assert played == []


@pytest.mark.parametrize(("name", "zh"), [("none/r.json", "所在目录不存在"), ("", "这是目录")])
def test_a_report_that_cannot_be_written_is_refused_before_the_morning(
    played: list[int], tmp_path: Path, name: str, zh: str
) -> None:
    refused = started("--once", "--report", str(tmp_path / name)).exception
    assert isinstance(refused, ReportNotWrittenError)
    assert zh in refused.words.zh
    assert played == []


def test_the_verdict_is_shown_before_the_report_is_written(
    played: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    broken = started("--once", "--faults", "--report", str(tmp_path / "r.json"))
    assert isinstance(broken.exception, ReportNotWrittenError)
    assert "磁盘已满" in broken.exception.words.zh
    assert "不一致 / Something is wrong" in broken.output
    assert "日志留在" in broken.output
    assert played == [cli.demo.SCANS_ONCE]


def test_a_judged_morning_leaves_its_report_and_says_by_its_exit_code_what_it_was(
    played: list[int], tmp_path: Path
) -> None:
    report = tmp_path / "r.json"
    assert started("--once", "--scans", "7", "--report", str(report)).exit_code == 0
    assert json.loads(report.read_text("utf-8"))["is_right"] is True
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
    assert started("--once", "--faults", "--report", str(report)).exit_code == 1
    assert json.loads(report.read_text("utf-8"))["lost"] == 1
    assert played == [7, cli.demo.SCANS_ONCE]
