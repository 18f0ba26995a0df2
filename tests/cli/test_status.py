"""How a terminal is, on a screen of eighty columns and for programs; the exit code says whether a person is needed."""

from __future__ import annotations

import json
import os
import pty
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from pydantic import TypeAdapter
from rich.cells import cell_len
from typer.testing import CliRunner, Result

import cli.asking
import cli.status
from cli.app import app
from cli.paper import WIDTH, wrapped
from cli.status import page_of, pressed_keys
from cli.terminal_status import SalvagingError, fetch_status
from codes.words import Words
from edge.config import EdgeConfig
from edge.health import (
    CertificateStatus,
    ConfigRevision,
    DeviceState,
    DeviceStatus,
    InterfaceStatus,
    Lamp,
    Lamps,
    LampState,
    LineHealth,
    Machine,
    SitePeer,
    SiteStatus,
    TerminalStatus,
    Trouble,
)
from edge.link_trouble import CANNOT_CONNECT
from tests.cli.test_terminal_status import answering
from tests.conftest import free_port
from tests.edge.api.conftest import STATUS
from tests.edge.scene import NOON
from wire.link_loss import Cause

WORDS = Words("坏", "bad")
UNREACHABLE = CANNOT_CONNECT[Cause.UNREACHABLE]
OFFLINE = replace(
    STATUS, lamps=Lamps(sync=Lamp(LampState.DOWN, UNREACHABLE.code, UNREACHABLE.words)), troubles=(UNREACHABLE,)
)
BUSY = replace(
    OFFLINE,
    devices=(DeviceStatus("serial:/dev/" + "x" * 70, DeviceState.LOST, 1, 2, "driver.lost", WORDS, WORDS, refused=3),),
    machine=Machine(10**9, 5 * 10**9, 10**8, 10**8, 10**9, 51.0, 0.5, 2),
    certificates=(CertificateStatus("link.certificate_file", NOON), CertificateStatus("api.certificate_file", None)),
    config=ConfigRevision("aa", "bb"),
    clock_offset_ms=-7_300,
    interface=InterfaceStatus(
        "mqtt", LineHealth.NO_ANSWER, False, NOON, 12, NOON - timedelta(days=9), ("a" * 30,), True
    ),
    site=SiteStatus((SitePeer("c-2", True, NOON), SitePeer("c" * 40, False, None, "site.unreachable"))),
    troubles=(Trouble("driver.lost", WORDS, WORDS), UNREACHABLE, CANNOT_CONNECT[Cause.TAKEN_OVER]),
)


def asked(config: Path, status: TerminalStatus | None, *options: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.setattr(cli.asking, "fetch_status", lambda _: status)
    return CliRunner().invoke(app, ["status", "--config", str(config), *options])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "edge.toml"
    path.write_text('[terminal]\nid = "c-1"\narea = "350200"\ninstitution = "P1"\n', encoding="utf-8")
    return path


@pytest.mark.req("T-66")
@pytest.mark.parametrize(("status", "code"), [(STATUS, 0), (OFFLINE, 0), (BUSY, 1), (None, 2)])
def test_exit_code_says_whether_a_person_is_needed(
    config: Path, status: TerminalStatus | None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(config, status, monkeypatch=monkeypatch).exit_code == code
    result = asked(config, status, "--json", monkeypatch=monkeypatch)
    assert result.exit_code == code
    told = json.loads(result.output)
    assert told is None if status is None else (told["is_well"], told["terminal"]) == (code == 0, STATUS.terminal)


def test_terminal_is_asked_at_its_address() -> None:
    body = TypeAdapter(TerminalStatus).dump_json(BUSY)
    with answering(200, body, terminal=BUSY.terminal) as (settings, _):
        assert fetch_status(settings) == BUSY
    nobody = EdgeConfig(
        terminal={"id": "c-1", "area": "350200", "institution": "P1"}, api={"host": "127.0.0.1", "port": free_port()}
    )
    assert fetch_status(nobody) is None


@pytest.mark.parametrize("status", [STATUS, OFFLINE, BUSY])
def test_page_fits_eighty_columns_and_says_everything_in_both_languages(status: TerminalStatus) -> None:
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in page_of(status, NOON + timedelta(hours=2, minutes=5))]
    # One name of a device is longer than a line: it stands alone and whole.
    assert [line for line in lines if cell_len(line) > WIDTH and "x" * 60 not in line] == []
    page = "\n".join(lines)
    assert "2 h 5 min" in page
    assert [peer.terminal in page for peer in status.site.peers] == [True] * len(status.site.peers)
    for trouble in status.troubles:
        assert trouble.code in page
        assert re.sub(r"\s", "", trouble.words.zh) in re.sub(r"\s", "", page)
        assert trouble.next_step.en.split()[-1] in page


def test_narrow_screen_gets_narrow_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in page_of(OFFLINE, NOON)]
    assert [line for line in lines if cell_len(line) > 60] == []
    monkeypatch.setenv("COLUMNS", "200")
    assert max(cell_len(line) for line in page_of(OFFLINE, NOON)) <= WIDTH + len(typer.style("x", fg="red"))


def test_watch_tells_a_pipe_line_by_line_until_it_ends(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([STATUS, None, BUSY])
    turns = iter([False, False, True])
    monkeypatch.setattr(cli.status, "_waited", lambda _: next(turns))
    monkeypatch.setattr(cli.asking, "fetch_status", lambda _: next(seen))
    result = CliRunner().invoke(app, ["status", "--config", str(config), "--watch", "--json"])
    lines = [json.loads(line) for line in result.output.splitlines()]
    assert [line and line["is_well"] for line in lines] == [True, None, False]
    assert result.exit_code == 1


def test_watch_goes_on_while_the_terminal_mends_its_store(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_: EdgeConfig) -> TerminalStatus:
        if not waited:
            raise SalvagingError(Words("正在抢救", "salvaging"))
        return STATUS

    waited: list[float] = []
    monkeypatch.setattr(cli.status, "_waited", lambda wait_s: waited.append(wait_s) or len(waited) > 1)
    monkeypatch.setattr(cli.asking, "fetch_status", answer)
    result = CliRunner().invoke(app, ["status", "--config", str(config), "--watch"])
    assert result.exit_code == 0
    assert result.output.index("正在抢救") < result.output.index(STATUS.fingerprint)


@pytest.mark.parametrize(("key", "is_enough"), [(b"q", True), (b"x", False)])
def test_key_ends_the_watch(key: bytes, is_enough: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    keyboard, screen = pty.openpty()
    with os.fdopen(screen, "r") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        with pressed_keys() as was_pressed:
            assert not was_pressed(0)
            os.write(keyboard, key)
            assert was_pressed(5.0) is is_enough
    os.close(keyboard)


def test_wide_characters_count_twice_and_no_line_begins_with_a_comma() -> None:
    lines = list(wrapped("记录仍在本机，稍后自动上传", "  ", width=14))
    assert lines == ["  记录仍在本机，", "  稍后自动上传"]
