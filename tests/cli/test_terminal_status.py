"""A terminal that answers is never said not to run, whatever its address and whatever it says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

import cli.edge
import cli.edge_status
import cli.terminal_status
from cli.terminal_status import SignInWantedError, StatusRefusedError, StrangerAtPortError, fetch_status
from codes.words import Words
from edge.config import EdgeConfig
from edge.health import TerminalStatus
from edge.store.lock import store_lock
from tests.conftest import free_port
from tests.edge.api.conftest import STATUS

PROBLEM = b"""{"status": 401, "code": "session.required", "zh": "\xe8\xaf\xb7\xe7\x99\xbb\xe5\xbd\x95", "en": "Sign in",
"next": {"zh": "x", "en": "y"}}"""
Answered = tuple[EdgeConfig, list[str]]


@contextmanager
def answering(
    status: int, body: bytes, *, at: str = "127.0.0.1", asked_as: str = "127.0.0.1", terminal: str = "c-1"
) -> Iterator[Answered]:
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
        yield configured(asked_as, server.server_port, terminal), names
        server.shutdown()


def configured(host: str, port: int, name: str = "c-1", folder: Path = Path("/no/such/folder")) -> EdgeConfig:
    api = {"host": host, "port": port, "is_exposed": True, "is_behind_proxy": True}
    terminal = {"id": name, "area": "350200", "institution": "P1"}
    return EdgeConfig(terminal=terminal, api=api, store={"folder": folder})


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
    assert isinstance(caught.value, SignInWantedError)
    assert "sudo -u yima-edge" in caught.value.next_step.zh


def test_other_refusals_keep_the_next_step_of_the_terminal() -> None:
    with answering(403, PROBLEM) as (settings, _), pytest.raises(StatusRefusedError) as caught:
        fetch_status(settings)
    assert caught.value.next_step == Words("x", "y")


OF_ANOTHER_PROGRAM = [
    (404, b"no", "HTTP 404"),
    (404, PROBLEM, "HTTP 404"),
    (401, PROBLEM.replace(b"session.required", b"people.sign_in"), "HTTP 401"),
    (200, b"{}", "被其他程序占用"),
    (200, b'"c-1"', "被其他程序占用"),
    (200, b"\xff", "被其他程序占用"),
]


@pytest.mark.parametrize(("status", "body", "zh"), OF_ANOTHER_PROGRAM)
def test_a_stranger_at_the_address_is_named(status: int, body: bytes, zh: str) -> None:
    with answering(status, body) as (settings, _), pytest.raises(StrangerAtPortError, match=zh) as caught:
        fetch_status(settings)
    assert caught.value.code == "api.port_taken"


def test_another_terminal_at_the_address_is_not_taken_for_ours() -> None:
    body = TypeAdapter(TerminalStatus).dump_json(STATUS)
    with answering(200, body, terminal="c-9") as (settings, _), pytest.raises(StrangerAtPortError) as caught:
        fetch_status(settings)
    assert caught.value.code == "api.port_taken"
    assert STATUS.terminal in caught.value.words.zh
    assert "c-9" in caught.value.words.en
    assert "--config" in caught.value.next_step.zh


def test_terminal_of_another_version_is_ours_all_the_same() -> None:
    with answering(200, b'{"terminal": "c-1", "new": 1}') as (settings, _), pytest.raises(StatusRefusedError) as caught:
        fetch_status(settings)
    assert (caught.value.code, "版本" in caught.value.words.zh) == ("edge.status_refused", True)


def test_something_that_hangs_up_is_no_terminal() -> None:
    def hang_up() -> None:
        listener.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=hang_up, daemon=True).start()
        with pytest.raises(StrangerAtPortError):
            fetch_status(configured("127.0.0.1", listener.getsockname()[1]))


@pytest.mark.parametrize(
    ("holds_store", "is_salvaging", "code"),
    [
        (False, False, "api.port_taken"),
        (False, True, "api.port_taken"),
        (True, False, "edge.no_answer"),
        (True, True, "store.salvaging"),
    ],
)
def test_silence_is_a_start_a_salvage_or_a_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holds_store: bool, is_salvaging: bool, code: str
) -> None:
    monkeypatch.setattr(cli.terminal_status, "_ANSWER_S", 0.05)
    with ExitStack() as held, socket.create_server(("127.0.0.1", 0)) as listener:
        if holds_store:
            held.enter_context(store_lock(tmp_path / "terminal.lock"))
        if is_salvaging:
            (tmp_path / "salvaging").write_text("20260101T000000Z")
        settings = configured("127.0.0.1", listener.getsockname()[1], folder=tmp_path)
        with pytest.raises(StatusRefusedError) as caught:
            fetch_status(settings)
    assert caught.value.code == code


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
    monkeypatch.setattr(cli.edge_status, "fetch_status", refuse)
    monkeypatch.setattr(cli.edge_status, "_check_chain", see)
    config = tmp_path / "edge.toml"
    config.write_text('[terminal]\nid = "c-1"\narea = "350200"\ninstitution = "P1"\n', encoding="utf-8")
    result = CliRunner().invoke(cli.edge.edge_app, ["status", "--config", str(config), *option])
    assert isinstance(result.exception, StatusRefusedError)
    assert (checked, result.output) == ([bool(option)], "")
