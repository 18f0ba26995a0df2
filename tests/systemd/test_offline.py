"""T-69 in full: the bundle of `make bundle-test` is installed, and works, where there is no route to anywhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.systemd.notified import notified
from tests.systemd.routeless import routeless

BUNDLE = os.environ.get("YIMA_BUNDLE")
TRACE = "83857930000879766660"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        BUNDLE is None, reason="the whole bundle takes minutes: `make bundle-test`; test_install.py tries its installer"
    ),
]


@pytest.fixture(scope="module")
def offline() -> tuple[str, ...]:
    return routeless()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, offline: tuple[str, ...]) -> Path:
    """The root of a box on which the bundle was installed without a network."""
    folder = tmp_path_factory.mktemp("offline")
    with tarfile.open(str(BUNDLE)) as archive:
        archive.extractall(folder, filter="data")
    (bundle,) = folder.iterdir()
    root = folder / "root"
    environ = {**os.environ, "PYTHON": sys.executable}
    subprocess.run([*offline, "sh", bundle / "install.sh", "--root", root], env=environ, check=True, timeout=500)
    return root


@pytest.fixture
def yima(installed: Path, offline: tuple[str, ...]) -> tuple[str, ...]:
    return (*offline, str(installed / "opt" / "yima" / "current" / "bin" / "yima"))


@pytest.mark.req("T-69")
def test_it_reads_a_code(yima: tuple[str, ...]) -> None:
    assert subprocess.run([*yima, "--version"], capture_output=True, text=True, check=True).stdout.startswith("yima ")
    read = subprocess.run([*yima, "read", "--json", TRACE], capture_output=True, text=True, check=True)
    assert TRACE in json.dumps(json.loads(read.stdout))


@pytest.mark.req("T-69")
def test_it_decodes_pictures(yima: tuple[str, ...]) -> None:
    helped = subprocess.run([*yima, "decode", "--help"], capture_output=True, text=True, check=True)
    assert "未安装" not in helped.stdout


@pytest.mark.req("T-69")
def test_terminal_centre_and_broker_start(installed: Path, yima: tuple[str, ...], tmp_path: Path) -> None:
    """With the configuration as it was installed; only its data go elsewhere, and its ports are free ones."""
    edge, centre = tmp_path / "edge.toml", tmp_path / "server.toml"
    _adapt(installed / "etc" / "yima" / "edge.toml", edge, ("# port = 8620", f"port = {free_port()}"))
    _adapt(installed / "etc" / "yima" / "server.toml", centre, ("port = 8700", f"port = {free_port()}"))
    with (
        notified(tmp_path / "1", "edge", "run", "--config", str(edge), program=yima) as terminal,
        notified(tmp_path / "2", "server", "run", "--config", str(centre), program=yima) as server,
        notified(tmp_path / "3", "broker", "run", "--port", str(free_port()), program=yima) as broker,
    ):
        for program in (terminal, server, broker):
            program.hears("READY=1", within_s=90)
            program.hears("WATCHDOG=1", within_s=90)
            program.forget()


def _adapt(installed: Path, own: Path, change: tuple[str, str]) -> None:
    text = installed.read_text(encoding="utf-8")
    assert change[0] in text
    own.write_text(re.sub(r"/var/lib/yima-\w+", str(own.parent / "data"), text.replace(*change)), encoding="utf-8")
