"""The page for integrators says what is true of the proxy: its configuration loads, its example runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from cli.app import app
from edge.config import load_config
from edge.config_pos import PosMode
from tests.edge.pos.gateway import gateway
from tests.edge.pos.terminal import proxying
from tests.edge.test_config import MINIMAL

PAGE = (Path(__file__).parents[3] / "docs" / "integrators.md").read_text(encoding="utf-8")
CHAPTER = PAGE.partition("## The interface's proxy")[2].partition("\n## ")[0]


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", CHAPTER, re.DOTALL)
    assert found is not None
    return found[1]


def test_its_configuration_can_be_used(tmp_path: Path) -> None:
    file = tmp_path / "edge.toml"
    file.write_text(f"{MINIMAL}\n{block('toml')}", encoding="utf-8")
    config = load_config(file)
    assert (config.pos.mode, config.fsi.area, config.fsi.desk) == (PosMode.LISTEN, "hubei", 7)


def test_its_example_runs(tmp_path: Path) -> None:
    with gateway() as far, proxying(tmp_path / "store", far.url) as terminal:
        example = block("python").replace("127.0.0.1:8622", f"127.0.0.1:{terminal.port}")
        done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=False, timeout=30)
        assert done.stdout == "200 0\n", done.stderr
        assert terminal.rows("SELECT infno, stage FROM pos_exchange") == [("2101", "answered")]


def test_its_commands_exist() -> None:
    named = set(re.findall(r"`yima pos (\w+)", CHAPTER))
    assert named == {"report", "open", "close", "journal"}
    for name in sorted(named):
        assert CliRunner().invoke(app, ["pos", name, "--help"]).exit_code == 0
