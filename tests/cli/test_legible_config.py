"""A configuration that somebody got wrong still says where its terminal is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.legible_config import legible_config

WRITTEN = """\
scanners = ["serial:/dev/ttyACM0"
[terminal]   # which one
id = "c-1"
area = "35
[store]
folder = "store"
[api]
port = {port}
colour = "red"
[link]
username = "u-secret"
password_file = "p"
"""


@pytest.mark.parametrize(("port", "read"), [("8700", 8700), ('"x"', 8620), ("99999", 8620), ("87O0", 8620)])
def test_what_is_legible_is_read_and_what_cannot_be_is_left_out(tmp_path: Path, port: str, read: int) -> None:
    file = tmp_path / "edge.toml"
    file.write_text(WRITTEN.format(port=port), encoding="utf-8")
    config = legible_config(file)
    assert config is not None
    assert (config.terminal.id, config.api.port, config.link.username) == ("c-1", read, "u-secret")
    assert (config.store.folder, config.link.password_file) == (tmp_path / "store", tmp_path / "p")


@pytest.mark.parametrize("written", ["", "[api]\nport = 1\n", '[terminal]\nid = "a b"\n', "\x00\ufffd=[["])
def test_file_that_names_no_terminal_says_nothing(tmp_path: Path, written: str) -> None:
    file = tmp_path / "edge.toml"
    file.write_text(written, encoding="utf-8")
    assert legible_config(file) is None
    assert legible_config(tmp_path / "none.toml") is None


def test_environment_that_is_wrong_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "edge.toml"
    file.write_text('[terminal]\nid = "c-1"\n', encoding="utf-8")
    monkeypatch.setenv("YIMA_EDGE_API__PORT", "nonsense")
    assert legible_config(file) is None
