"""The doctor says what keeps the national interface from being used, before anybody stands at the counter."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cli.checks.finding import Finding, Level
from cli.checks.interface import check_interface
from edge.config import EdgeConfig

CODE = "P35020000001"
CENTRE = {"public_key": "a" * 64}


def found(*, pinpad: dict[str, object] | None = None, **fsi: object) -> list[tuple[str, Level]]:
    return [(one.code, one.level) for one in findings(pinpad=pinpad or {}, **fsi)]


def findings(*, pinpad: dict[str, object], **fsi: object) -> list[Finding]:
    return list(
        check_interface(
            EdgeConfig(
                terminal={"id": "counter-1", "area": "350200", "institution": CODE},
                institution={"code": CODE, "name": "示例药店"},
                centre=CENTRE,
                pinpad=pinpad,
                fsi={"is_enabled": True, "desk": 1, **fsi},
            )
        )
    )


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/fsi"


def test_one_that_is_off_is_not_looked_at() -> None:
    assert found(is_enabled=False) == []


def test_over_the_line_to_the_centre_and_to_an_address(listening: str) -> None:
    assert found() == [("fsi.ready", Level.OK)]
    assert found(way="http", url=listening) == [("fsi.ready", Level.OK)]
    assert found(area="shenzhen") == [("fsi.ready", Level.OK)]


def test_an_area_that_wants_the_password_wants_a_pad_for_it() -> None:
    assert found(area="neimenggu") == [("fsi.ready", Level.OK), ("device.none", Level.FAULT)]
    assert found(area="neimenggu", pinpad={"path": "/dev/ttyUSB0"}) == [("fsi.ready", Level.OK)]


def test_an_address_where_nobody_listens_is_a_notice() -> None:
    assert found(way="http", url="http://127.0.0.1:1/x") == [("fsi.ready", Level.OK), ("fsi.unreachable", Level.NOTICE)]


def test_a_key_that_the_area_wants_is_missed(tmp_path: Path, listening: str) -> None:
    assert found(way="http", url=listening, area="guangdong") == [("fsi.unsendable", Level.FAULT)]
    folder = tmp_path / "keys" / CODE
    folder.mkdir(parents=True)
    for name, text in (("client_id", "shop"), ("secret", "s" * 16)):
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o600)
    keys = {"way": "http", "url": listening, "area": "guangdong", "keys_folder": tmp_path / "keys"}
    assert found(**keys) == [("fsi.ready", Level.OK)]
    (folder / "secret").chmod(0o644)
    assert found(**keys) == [("config.secret_file", Level.FAULT)]


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "area.toml").write_text("name = 1")
    assert found(area_file=tmp_path / "area.toml") == [("fsi.area", Level.FAULT)]
    assert found(area_file=tmp_path / "none.toml") == [("fsi.area", Level.FAULT)]
    assert found(keys_folder=tmp_path / "none") == [("fsi.keys_folder", Level.FAULT)]
    token = {"way": "http", "url": "http://127.0.0.1:1/", "token_file": tmp_path / "none"}
    assert found(**token) == [("config.secret_file", Level.FAULT)]


def test_a_test_area_in_earnest_is_a_fault() -> None:
    assert ("fsi.test_area", Level.FAULT) in found(is_test_area=True)
