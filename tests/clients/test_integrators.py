"""The guide is true: each example runs as it stands, against a terminal process."""

from __future__ import annotations

import os
import re
import select
import shlex
import ssl
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import pytest

from drivers.wedge.boot_report import REPORT_BYTES
from edge.config import EdgeConfig
from tests.clients.standing import CODES, LOCAL, ROOT, Standing, script, standing, yima
from tests.conftest import wait_until
from tests.drivers.wedge.test_wedge import text_of

GUIDE = (ROOT / "docs" / "integrators.md").read_text("utf-8")
END = b"\r\n"
TERMINAL = {"id": "counter-1", "area": "350200", "institution": "P1"}


def blocks(section: str, language: str) -> list[str]:
    _, _, rest = GUIDE.partition(f"\n{section}\n")
    level = section.partition(" ")[0]
    part = re.split(rf"^#{{2,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(rf"^```{language}\n(.*?)^```", part, re.MULTILINE | re.DOTALL)


def run_shell(text: str, folder: Path) -> list[str]:
    """Run the `yima` commands of an example in the folder of a configuration."""
    said = []
    for line in text.splitlines():
        program, *arguments = shlex.split(line.replace("edge.toml", str(folder / "edge.toml")))
        assert program == "yima"
        said.append(yima(*arguments))
    return said


@pytest.fixture(scope="module")
def known(counter: Standing, token: str) -> dict[str, str]:
    return {"YIMA_URL": counter.url, "YIMA_TOKEN": token}


def test_tokens_are_made_listed_and_revoked_as_shown(tmp_path):
    (tmp_path / "edge.toml").write_text('[terminal]\nid = "c"\narea = "350200"\ninstitution = "P1"\n', encoding="utf-8")
    (example,) = blocks("## The local interface", "sh")
    made, board, listed, _ = run_shell(example, tmp_path)
    assert "yima_" in made
    assert "read" in board
    assert "pos-1" in listed


def test_a_sale_by_the_client(known):
    (example,) = blocks("### With the Python client", "python")
    said = script(example, known).splitlines()
    assert said[0] == "阿莫西林胶囊 9.80"
    assert said[1].endswith(" 9.80")
    assert said[2].startswith("counter.list_not_open ")


def test_a_sale_without_it(known):
    (example,) = blocks("### Without it", "python")
    assert script(example, known).startswith("added ")


def test_what_happens_by_websocket_and_by_the_client(known):
    by_socket, by_client = blocks("### What happens, as it happens", "python")
    assert script(by_socket, known) == "ping\n"
    assert script(by_client, known).split()[1:] == ["ping", "{}"]


def test_the_interface_over_tls(tmp_path):
    (shown,), (make,), (ask,) = (blocks("## Over the network", kind) for kind in ("toml", "sh", "python"))
    assert list(EdgeConfig(terminal=TERMINAL, **tomllib.loads(shown)).api.faults()) == []
    # The address of this machine; tests/clients/test_lan.py shows it from another network.
    here = shown.replace("192.168.1.20", "127.0.0.1") + "port = 0\n"
    (tmp_path / "edge.toml").write_text(
        '[terminal]\nid = "counter-1"\narea = "350200"\ninstitution = "P1"\n' + here, encoding="utf-8"
    )
    (told,) = run_shell(make, tmp_path)
    assert "fingerprint" in told
    with standing(tmp_path, here) as terminal:
        certificate = str(tmp_path / "terminal.pem")
        terminal.sign_in(verify=ssl.create_default_context(cafile=certificate))
        given = {"YIMA_URL": terminal.url, "YIMA_TOKEN": terminal.token("pos-1"), "YIMA_CERTIFICATE": certificate}
        assert script(ask, given).splitlines() == ["wang 0", "not our terminal: nothing was sent"]


class Gun:
    """A serial scanner on a pseudo-terminal."""

    def __init__(self) -> None:
        self._gun, port = os.openpty()
        self.spec = f'scanners = ["serial:{os.ttyname(port)},9600;name=gun;suffix=crlf"]'

    def shoot(self, code: str, terminal: Standing) -> None:
        """Read a code, once the terminal has the scanner."""
        address = f"{terminal.url}/api/v1/status"
        wait_until(lambda: httpx.get(address, timeout=30).json()["devices"][0]["state"] == "ready", timeout_s=30)
        os.write(self._gun, code.encode() + b"\r\n")


def test_the_keyboard_bridge_types_what_the_pos_knows(tmp_path):
    (shown,) = blocks("## Keyboard bridge", "toml")
    node, gun = tmp_path / "hidg0", Gun()
    os.mkfifo(node)
    host = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    with standing(tmp_path, f'{LOCAL}{shown}path = "{node}"\n', scanners=gun.spec) as terminal:
        terminal.sign_in()
        gun.shoot(CODES[0], terminal)
        reports, whole = b"", REPORT_BYTES * 2 * len("6900000000014\n")
        while len(reports) < whole and select.select([host], [], [], 30)[0]:
            reports += os.read(host, 4096)
    os.close(host)
    assert text_of(reports) == "6900000000014\n"


def test_the_serial_pass_through_is_read_as_ever(tmp_path):
    (shown,), (read,) = (blocks("## Serial pass-through", kind) for kind in ("toml", "python"))
    gun, port = Gun(), tmp_path / "scanner"
    wedge = shown.replace("/run/yima-edge/scanner", str(port))
    with standing(tmp_path, f"{LOCAL}{wedge}", scanners=gun.spec) as terminal:
        terminal.sign_in()
        wait_until(port.exists, timeout_s=30)
        with subprocess.Popen(
            [sys.executable, "-c", read], env={**os.environ, "POS_PORT": str(port)}, stdout=subprocess.PIPE, text=True
        ) as pos:
            wait_until(lambda: str(port.resolve()) in held_by(pos.pid), timeout_s=30)
            gun.shoot(CODES[0], terminal)
            said, _ = pos.communicate(timeout=60)
    assert said == f"{CODES[0].encode() + END!r}\n"


def held_by(pid: int) -> set[str]:
    """Return the files that a process has open."""
    return {str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()}
