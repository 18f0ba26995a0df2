"""What `yima status` ends with, for everything that a terminal, or its absence, can be."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner, Result

from cli.app import app
from codes.words import Words
from edge.health import ConfigRevision, SyncStatus, TerminalStatus, Trouble
from edge.store.lock import store_lock
from edge.troubles import config_troubles, sync_troubles
from tests.cli.test_terminal_status import PROBLEM, answering
from tests.conftest import free_port
from tests.edge.api.conftest import STATUS

WORDS = Words("坏", "bad")
NOTICE, ALARM = Trouble("machine.hot", WORDS, WORDS, is_alarm=False), Trouble("disk.low", WORDS, WORDS)
NEVER_APPROVED = tuple(sync_troubles(SyncStatus(True, 0, 0, 0, 0, None, None), is_approved=False))
CHANGED = tuple(config_troubles(ConfigRevision("a", "b")))


def written(folder: Path, port: int, *, more: str = "", terminal: str = STATUS.terminal) -> Path:
    path = folder / "edge.toml"
    path.write_text(
        f'[terminal]\nid = "{terminal}"\narea = "350200"\ninstitution = "P1"\n[store]\nfolder = "store"\n'
        f"[api]\nport = {port}\n{more}",
        encoding="utf-8",
    )
    return path


def yima(config: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["status", "--config", str(config), *options])


def body_of(status: TerminalStatus) -> bytes:
    return TypeAdapter(TerminalStatus).dump_json(status)


@pytest.mark.parametrize(
    ("troubles", "code"), [((), 0), ((NOTICE,), 0), (CHANGED, 0), ((ALARM, NOTICE), 1), (NEVER_APPROVED, 1)]
)
def test_terminal_that_runs(tmp_path: Path, troubles: tuple[Trouble, ...], code: int) -> None:
    with answering(200, body_of(replace(STATUS, troubles=troubles))) as (settings, _):
        config = written(tmp_path, settings.api.port)
        assert yima(config).exit_code == code
        shown = yima(config, "--json")
    assert (shown.exit_code, json.loads(shown.stdout)["is_well"]) == (code, code == 0)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [(200, body_of(replace(STATUS, terminal="c-9")), "c-9"), (404, b"x", "HTTP 404"), (401, PROBLEM, "请登录")],
)
def test_another_at_its_address_or_no_answer_for_us(tmp_path: Path, status: int, body: bytes, said: str) -> None:
    with answering(status, body) as (settings, _):
        result = yima(written(tmp_path, settings.api.port))
    assert said in str(result.exception), "the command ends with 2 for every error of ours"


def test_nobody_at_its_address(tmp_path: Path) -> None:
    config = written(tmp_path, free_port())
    result = yima(config)
    assert (result.exit_code, "edge.not_running" in result.stderr) == (2, True)
    shown = yima(config, "--json")
    assert (shown.exit_code, json.loads(shown.stdout)) == (2, None)


def test_wrong_port_while_it_runs_is_not_said_to_be_a_terminal_that_does_not_run(tmp_path: Path) -> None:
    config = written(tmp_path, free_port())
    with ExitStack() as held:
        held.enter_context(store_lock(tmp_path / "store" / "terminal.lock"))
        result = yima(config)
    assert (result.exit_code, "edge.other_address" in result.stderr) == (2, True)
    assert "edge.not_running" not in result.stderr


@pytest.mark.parametrize(("more", "code"), [("colour = 1\n", "config.value"), ('x = "\n', "config.syntax")])
def test_broken_configuration_does_not_hide_the_terminal_that_runs(tmp_path: Path, more: str, code: str) -> None:
    with answering(200, body_of(replace(STATUS, troubles=CHANGED))) as (settings, _):
        config = written(tmp_path, settings.api.port, more=more)
        shown, page = yima(config, "--json"), yima(config)
    told = json.loads(shown.stdout)
    assert (shown.exit_code, page.exit_code, told["is_well"]) == (1, 1, False)
    # Its own advice, to restart it, would be the end of it.
    assert [one["code"] for one in told["troubles"]] == [code]
    assert STATUS.fingerprint in page.stdout
    assert "仍按启动时的配置运行" in page.stdout.replace("\n", "").replace("  ", "")


@pytest.mark.parametrize("more", ["colour = 1\n", 'x = "\n'])
def test_broken_configuration_of_a_terminal_that_does_not_run(tmp_path: Path, more: str) -> None:
    result = yima(written(tmp_path, free_port(), more=more))
    assert str(getattr(result.exception, "code", "")).startswith("config.")
    with answering(404, b"x") as (settings, _):
        result = yima(written(tmp_path, settings.api.port, more=more))
    assert str(getattr(result.exception, "code", "")).startswith("config.")
