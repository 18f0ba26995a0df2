"""The centre as a process: it starts, shows its first password once, stops at once, and comes back after a kill."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from cli.app import app
from server.app import _listen, run_centre, web_settings
from server.config import BrokerConfig, CentreConfig, ServerConfig, StoreConfig, WebConfig
from server.people.accounts import FIRST_ADMIN
from tests.conftest import free_port, logs_restored
from tests.web.certificates import written_pair
from web.tls import CertificateError

YIMA = (sys.executable, "-m", "cli.app", "server")
START_S = 60.0


class CentreProcess:
    """One centre with its own folder; nothing listens where it looks for a broker."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "server.toml"
        self.config.write_text(
            f'[store]\nurl = "sqlite:///data/centre.db"\n[centre]\nkey_file = "centre.key"\n'
            f"[web]\nport = {self.port}\n[broker]\nport = {free_port()}\n",
            encoding="utf-8",
        )

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [*YIMA, "run", "--config", str(self.config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"},
        )
        try:
            self._wait_until_it_answers(process)
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(30)
            for pipe in (process.stdout, process.stderr):
                assert pipe is not None
                pipe.close()

    def _wait_until_it_answers(self, process: subprocess.Popen[str]) -> None:
        deadline = time.monotonic() + START_S
        with httpx.Client(trust_env=False) as client:
            while time.monotonic() < deadline and process.poll() is None:
                try:
                    if client.get(f"{self.url}/healthz").status_code == 200:
                        return
                except httpx.TransportError:
                    process_poll(process, 0.1)
        raise AssertionError(process.communicate()[1] if process.poll() is not None else "the centre did not answer")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*YIMA, *arguments, "--config", str(self.config)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def process_poll(process: subprocess.Popen[str], seconds: float) -> None:
    """Wait for the process to end, but no longer than that."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


@pytest.fixture
def centre(tmp_path: Path) -> CentreProcess:
    return CentreProcess(tmp_path)


@pytest.mark.req("T-43")
def test_the_first_password_is_printed_once_and_works(centre: CentreProcess) -> None:
    with centre.running() as process:
        printed: list[str] = []
        assert process.stdout is not None
        while not any("password" in line for line in printed):
            printed.append(process.stdout.readline())
        text = "".join(printed)
        password = re.search(r"password\s+(\S+)", text)
        assert password is not None
        body = {"name": FIRST_ADMIN, "password": password[1]}
        with httpx.Client(base_url=centre.url, trust_env=False) as client:
            assert client.post("/api/v1/session", json=body).status_code == 200
            assert client.get("/api/v1/status").json()["is_connected"] is False
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=10)
        assert password[1] not in log

    with centre.running() as process:
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=10)[0] == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_although_consoles_are_open(centre: CentreProcess, number: signal.Signals) -> None:
    secret = token(centre)
    with centre.running() as process:
        streaming = [threading.Event() for _ in range(3)]
        ended: list[str] = []

        def follow(is_open: threading.Event) -> None:
            headers = {"authorization": f"Bearer {secret}"}
            with httpx.stream("GET", f"{centre.url}/api/v1/scans/live", headers=headers, trust_env=False) as answer:
                for line in answer.iter_lines():
                    if line.startswith("id:"):
                        is_open.set()
            ended.append("well")

        threads = [threading.Thread(target=follow, args=(one,)) for one in streaming]
        for thread in threads:
            thread.start()
        for one in streaming:
            assert one.wait(30)
        process.send_signal(number)
        assert process.wait(30) == 0
        for thread in threads:
            thread.join(10)

    assert ended == ["well"] * 3
    # The log was folded back into the database: the store was closed, not abandoned.
    assert not list(centre.config.parent.rglob("*-wal"))


def token(centre: CentreProcess) -> str:
    where = ["--config", str(centre.config)]
    with logs_restored():
        add = ["server", "user", "add", "boss", "--role", "admin", "--password-stdin", *where]
        added = CliRunner().invoke(app, add, input="a long password\n")
        assert added.exit_code == 0, added.output
        made = CliRunner().invoke(app, ["server", "token", "create", "t", "--user", "boss", "--json", *where])
    return str(json.loads(made.stdout)["token"])


def test_a_second_centre_on_the_same_address_is_refused(centre: CentreProcess) -> None:
    with centre.running():
        second = centre.run("run")

    assert second.returncode == 2
    assert "server.address_in_use" in second.stderr
    assert "端口已被占用" in second.stderr
    assert "web.port" in second.stderr


def test_after_a_kill_it_comes_back_with_what_it_had(centre: CentreProcess) -> None:
    secret = token(centre)
    headers = {"authorization": f"Bearer {secret}"}
    epochs = []
    for _ in range(2):
        with centre.running() as process:
            epochs.append(
                httpx.get(f"{centre.url}/api/v1/status", headers=headers, trust_env=False, timeout=20).json()["epoch"]
            )
            process.kill()
            process.wait(30)

    assert len(set(epochs)) == 1


@pytest.mark.parametrize("section", ["broker", "web"])
def test_certificates_that_cannot_be_used_are_refused_before_anything_is_made(tmp_path: Path, section: str) -> None:
    _, key = written_pair(tmp_path, "a")
    files = {"certificate_file": tmp_path / "none.pem", "key_file": key}
    config = ServerConfig(
        centre=CentreConfig(key_file=tmp_path / "data" / "centre.key"),
        store=StoreConfig(url=f"sqlite:///{tmp_path}/data/centre.db"),
        web=WebConfig(port=free_port(), **files if section == "web" else {}),
        broker=BrokerConfig(**files if section == "broker" else {}),
    )
    with pytest.raises(CertificateError, match="certificate_file"):
        asyncio.run(run_centre(config, lambda _name, _password: None))
    assert not (tmp_path / "data").exists()


def test_answers_are_not_held_back_by_nagles_algorithm() -> None:
    listening = _listen(WebConfig(port=free_port()))
    listening.listen()
    with listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        # asyncio switches Nagle's algorithm off where, and only where, the protocol is named.
        assert accepted.proto == socket.IPPROTO_TCP
        accepted.close()


def test_a_line_stays_open_while_a_till_waits_for_its_next_customer() -> None:
    assert web_settings(FastAPI(), WebConfig(), {}).timeout_keep_alive == 75
