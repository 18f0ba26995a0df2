"""The embedded broker listens on loopback and nowhere else, and says what stands in its way."""

from __future__ import annotations

import asyncio
import errno
import mmap
import os
import socket
import sys
import time
import tomllib
from pathlib import Path
from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from server import broker
from server.broker import (
    MAX_PAYLOAD_BYTES,
    BrokerError,
    ExposedBrokerError,
    begin_anew_when_grown,
    broker_settings,
    resident_bytes,
    run_broker,
    takes_sessions,
)
from sim.stage import free_port
from tests.conftest import wait_until
from tests.hurried_broker import hurried_broker
from wire.envelope import MAX_BODY_BYTES


@pytest.mark.parametrize(
    ("host", "listen"), [("127.0.0.1", "127.0.0.1:1883"), ("127.3.2.1", "127.3.2.1:1883"), ("::1", "[::1]:1883")]
)
def test_settings_name_one_listener_on_loopback(host: str, listen: str) -> None:
    assert places_to_listen(tomllib.loads(broker_settings(host, 1883))) == [listen]


def places_to_listen(settings: object) -> list[str]:
    """Look everywhere: a listener of another kind would be one too."""
    if not isinstance(settings, dict):
        return []
    here = [settings["listen"]] if "listen" in settings else []
    return here + [found for part in settings.values() for found in places_to_listen(part)]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "10.0.0.1", "::", "localhost", "broker.example", ""])
def test_any_other_address_is_refused_before_anything_starts(host: str) -> None:
    with pytest.raises(ExposedBrokerError) as caught:
        run_broker(host, 1883, on_ready=lambda: pytest.fail("it must not start"))
    assert caught.value.code == "broker.exposed"
    assert host in caught.value.words.zh
    assert "mosquitto" in caught.value.next_step.zh


def test_a_taken_port_is_said_and_nothing_is_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=str(port)) as caught:
            run_broker("127.0.0.1", port, on_ready=lambda: pytest.fail("it must not start"))
    assert caught.value.code == "broker.port_taken"
    assert caught.value.words.zh.endswith("：端口已被占用")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "iotcore", None)
    with pytest.raises(BrokerError, match=r"yima\[server\]") as caught:
        run_broker("127.0.0.1", 1883)
    assert "make -B setup" in caught.value.next_step.en


@pytest.mark.slow
def test_a_broker_within_its_bound_goes_on(tmp_path: Path) -> None:
    port, lives = free_port(), tmp_path / "lives"
    with hurried_broker(port, most_memory_mb=1000, lives=lives, most_lives=2) as running:
        time.sleep(5)
        wait_until(lambda: asyncio.run(takes_sessions("127.0.0.1", port)), timeout_s=20)
        assert running.poll() is None
    assert len(lives.read_text()) == 1


def test_memory_that_cannot_be_read_for_a_while_is_told_once_and_watched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    full = OSError(errno.EMFILE, "Too many open files")
    seen: list[int | OSError] = [full, full, 20_000_000, full, 300_000_000]

    def read() -> int:
        match seen.pop(0):
            case OSError() as error:
                raise error
            case found:
                return found

    def begin(program: str, words: list[str]) -> NoReturn:
        raise SystemExit(program, words)

    monkeypatch.setattr(broker, "resident_bytes", read)
    monkeypatch.setattr(os, "execv", begin)
    with capture_logs() as logged, pytest.raises(SystemExit):
        begin_anew_when_grown(256, full_life_s=0, looks_every_s=0)
    assert [line["event"] for line in logged] == ["broker.memory_not_read"] * 2 + ["broker.begins_anew"]
    assert logged[-1]["rss_mb"] == 300


def test_the_memory_in_use_is_measured() -> None:
    written = b"x" * 50_000_000
    before = resident_bytes()
    # Pages of its own: what was freed before may be given out again.
    with mmap.mmap(-1, len(written)) as held:
        held.write(written)
        assert 40_000_000 < resident_bytes() - before < 80_000_000


def test_the_size_that_the_broker_takes_is_bounded() -> None:
    listener = tomllib.loads(broker_settings("127.0.0.1", 1883))["v5"]["1"]
    assert listener["connections"]["max_payload_size"] == MAX_PAYLOAD_BYTES
    assert MAX_PAYLOAD_BYTES <= MAX_BODY_BYTES
