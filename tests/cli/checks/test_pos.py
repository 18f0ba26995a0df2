"""The doctor says of the proxy whether it can pass on, and what it could not do."""

from __future__ import annotations

import socket

from cli.checks.finding import Finding, Level
from cli.checks.pos import check_pos
from edge.config import EdgeConfig
from tests.conftest import free_port

TERMINAL = {"id": "counter-1", "area": "350200", "institution": "P1"}


def found(*, is_running: bool = False, **tables: dict[str, object]) -> dict[str, Finding]:
    config = EdgeConfig(terminal=TERMINAL, **tables)  # type: ignore[arg-type]
    return {one.code: one for one in check_pos(config, is_running=is_running)}


def test_a_terminal_without_it_has_nothing_to_hear() -> None:
    assert found() == {}


def test_an_upstream_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as far:
        there = f"http://127.0.0.1:{far.getsockname()[1]}"
        assert found(pos={"mode": "listen", "url": there})["pos.upstream"].level is Level.OK
    gone = f"http://127.0.0.1:{free_port()}"
    told = found(pos={"mode": "listen", "url": gone, "port": free_port()}, is_running=True)
    assert told["pos.upstream"].level is told["pos.port"].level is Level.FAULT
    assert gone.removeprefix("http://") in told["pos.upstream"].words.en


def test_a_proxy_that_could_take_nothing_back_is_told_why() -> None:
    pos = {"mode": "proxy", "url": f"http://127.0.0.1:{free_port()}"}
    assert found(pos=pos)["pos.no_numbers"].level is Level.NOTICE
    assert "pos.no_numbers" not in found(pos=pos, fsi={"desk": 3})
    assert "pos.no_numbers" not in found(pos={**pos, "keeps_answers": True})


def test_keys_that_cannot_be_read_are_named(tmp_path) -> None:
    told = found(pos={"mode": "proxy", "url": "http://127.0.0.1:9"}, fsi={"keys_folder": tmp_path / "none"})
    assert [one.level for one in told.values()] == [Level.FAULT]
    assert "fsi.keys_folder" in told
