from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.mistakes import UsageMistakeError
from cli.server import server_app
from server.lists.importing import ListVersionError

SEED = Path(__file__).parents[2] / "config" / "seed" / "insurance_lists"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text('[store]\nurl = "sqlite:///centre.db"\n[centre]\nkey_file = "centre.key"\n', encoding="utf-8")
    return path


def yima(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(server_app, ["list", *arguments, "--config", str(config)])


def test_lists_are_imported_and_shown(config: Path) -> None:
    rows = len((SEED / "1301.csv").read_text(encoding="utf-8").splitlines()) - 1
    drugs = ("import", str(SEED / "1301.csv"), "--kind", "1301", "--version")
    assert "还没有目录" in yima(config, "show").stdout
    assert "nothing was written" in yima(config, *drugs, "20260101", "--dry-run").stdout
    assert f"新增 / added {rows}，" in yima(config, *drugs, "20260101").stdout
    again = json.loads(yima(config, *drugs, "20260101", "--json").stdout)
    assert (again["added"], again["unchanged"], again["version"], again["is_committed"]) == (0, rows, 20260101, True)
    yima(config, "import", str(SEED / "1318.csv"), "--kind", "1318", "--version", "1")
    shown = [json.loads(line) for line in yima(config, "show", "--json").stdout.splitlines()]
    assert [(one["kind"], one["rows"], one["version"]) for one in shown] == [("1301", rows, 20260101), ("1318", 13, 1)]
    assert "1301  西药中成药" in yima(config, "show").stdout


def test_what_cannot_be_imported_is_named(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text("目录编码,药品通用名,收费项目等级\nXA,药,丁\n", encoding="utf-8")
    wrong = yima(config, "import", str(file), "--kind", "1301", "--version", "1", "--json")
    assert (wrong.exit_code, json.loads(wrong.stdout)["faults"][0]["column"]) == (1, "chrgitm_lv")
    told = yima(config, "import", str(file), "--kind", "1301", "--version", "1")
    assert "1 处有误 / nothing was imported, 1 fault:" in told.stderr
    assert isinstance(
        yima(config, "import", str(file), "--kind", "1304", "--version", "1").exception, UsageMistakeError
    )
    yima(config, "import", str(SEED / "1306.tsv"), "--kind", "1306", "--version", "5")
    changed = tmp_path / "changed.tsv"
    changed.write_text((SEED / "1306.tsv").read_text(encoding="utf-8").replace("支架", "新支架"), encoding="utf-8")
    late = yima(config, "import", str(changed), "--kind", "1306", "--version", "4")
    assert isinstance(late.exception, ListVersionError)
