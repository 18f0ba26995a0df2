"""A terminal that answers is never said not to run, whatever its address and whatever it says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli.edge
from cli.terminal_status import StatusRefusedError, fetch_status
from codes.words import Words
from edge.config import EdgeConfig
from tests.conftest import free_port

PROBLEM = b"""{"status": 401, "code": "session.required", "zh": "\xe8\xaf\xb7\xe7\x99\xbb\xe5\xbd\x95", "en": "Sign in",
"next": {"zh": "x", "en": "y"}}"""
Answered = tuple[EdgeConfig, list[str]]


@contextmanager
def answering(status: int, body: bytes, *, at: str = "127.0.0.1", asked_as: str = "127.0.0.1") -> Iterator[Answered]:
    """Answer every request so; yield a configuration that asks there, and the names that were asked for."""
    names: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            names.append(self.headers["Host"])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server names it
            pass

    with HTTPServer((at, 0), Answer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield configured(asked_as, server.server_port), names
        server.shutdown()


def configured(host: str, port: int) -> EdgeConfig:
    terminal = {"id": "c-1", "area": "350200", "institution": "P1"}
    return EdgeConfig(terminal=terminal, api={"host": host, "port": port, "is_exposed": True, "is_behind_proxy": True})


@pytest.mark.parametrize(("at", "asked_as"), [("127.0.0.1", "0.0.0.0"), ("127.0.0.2", "127.0.0.2")])
def test_it_is_asked_at_its_address_by_a_name_that_it_always_answers_to(at: str, asked_as: str) -> None:
    with answering(401, PROBLEM, at=at, asked_as=asked_as) as (settings, names), pytest.raises(StatusRefusedError):
        fetch_status(settings)
    assert names == ["localhost"]


def test_sign_in_that_is_wanted_is_said_with_its_code() -> None:
    with answering(401, PROBLEM) as (settings, _), pytest.raises(StatusRefusedError) as caught:
        fetch_status(settings)
    assert "HTTP 401，session.required" in caught.value.words.zh
    assert "请登录" in caught.value.words.zh
    assert "浏览器" in caught.value.next_step.zh


def test_other_refusals_keep_the_next_step_of_the_terminal() -> None:
    with answering(403, PROBLEM) as (settings, _), pytest.raises(StatusRefusedError) as caught:
        fetch_status(settings)
    assert caught.value.next_step == Words("x", "y")


@pytest.mark.parametrize(("status", "body", "zh"), [(404, b"no", "HTTP 404"), (200, b"{}", "不是终端的状态")])
def test_a_stranger_at_the_address_is_named(status: int, body: bytes, zh: str) -> None:
    with answering(status, body) as (settings, _), pytest.raises(StatusRefusedError, match=zh):
        fetch_status(settings)


def test_nobody_at_the_address_means_that_it_does_not_run() -> None:
    assert fetch_status(configured("127.0.0.1", free_port())) is None


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_command_checks_the_chain_and_then_says_what_was_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: list[str]
) -> None:
    def refuse(_: EdgeConfig) -> None:
        raise StatusRefusedError(Words("坏", "bad"))

    checked: list[bool] = []
    see: Callable[..., None] = lambda _settings, *, quiet: checked.append(quiet)  # noqa: E731 - a line says it
    monkeypatch.setattr(cli.edge, "fetch_status", refuse)
    monkeypatch.setattr(cli.edge, "_check_chain", see)
    config = tmp_path / "edge.toml"
    config.write_text('[terminal]\nid = "c-1"\narea = "350200"\ninstitution = "P1"\n', encoding="utf-8")
    result = CliRunner().invoke(cli.edge.edge_app, ["status", "--config", str(config), *option])
    assert isinstance(result.exception, StatusRefusedError)
    assert (checked, result.output) == ([bool(option)], "")
