"""Sending a code through the configured way out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from cli.wedge import CredentialNotTypedError
from drivers.errors import DeviceMissingError
from edge.counter_devices import DeviceNotConfiguredError
from tests.edge.test_config import MINIMAL

TRACE = "83857930000879766660"


def typed(folder: Path, table: str, code: str = TRACE) -> Result:
    config = folder / "edge.toml"
    config.write_text(f"{MINIMAL}{table}", encoding="utf-8")
    return CliRunner().invoke(app, ["wedge", "type", code, "--config", str(config), "--wait", "0", "--json"])


@pytest.mark.parametrize(
    ("options", "sent"),
    [('suffix = "crlf"', TRACE.encode() + b"\r\n"), ('suffix = "none"', TRACE.encode()), ("", TRACE.encode() + b"\r")],
)
def test_a_code_goes_out_over_the_line_as_configured(tmp_path, options, sent):
    pipe = tmp_path / "port"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        result = typed(tmp_path, f'[wedge]\nkind = "serial"\npath = "{pipe}"\n{options}\n')
        assert (result.exit_code, os.read(reader, 100)) == (0, sent), result.output
    finally:
        os.close(reader)


@pytest.mark.parametrize("kind", ["uinput", "hidg"])
def test_a_code_goes_out_as_keys(tmp_path, kind):
    pipe = tmp_path / "node"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        result = typed(tmp_path, f'[wedge]\nkind = "{kind}"\npath = "{pipe}"\npace_ms = 0\n')
        assert result.exit_code == 0, result.output
        assert len(os.read(reader, 1 << 16)) >= 8 * 2 * len(TRACE)
    finally:
        os.close(reader)


@pytest.mark.parametrize(
    ("table", "code", "error"),
    [
        ("", TRACE, DeviceNotConfiguredError),
        ('[wedge]\nkind = "hidg"\npath = "/nowhere/hidg0"\n', TRACE, DeviceMissingError),
        ('[wedge]\nkind = "hidg"\n', "350203197001011236", CredentialNotTypedError),
        ('[wedge]\nkind = "hidg"\n', "4241234567890123456712350000", CredentialNotTypedError),
    ],
)
def test_what_cannot_go_out_is_said(tmp_path, table, code, error):
    result = typed(tmp_path, table, code)
    assert isinstance(result.exception, error)
    assert code == TRACE or code not in str(result.exception) + result.output
