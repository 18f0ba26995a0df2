"""A terminal process with somebody at work at it, for programs that know only what the guide says."""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from typer.testing import CliRunner

from cli.app import app

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "config" / "seed" / "catalogue.csv"
PASSWORD = "k7mwq-3xj9p-dh2vt"
YIMA = (sys.executable, "-m", "cli.app")
CONFIG = """\
{scanners}
[terminal]
id = "counter-1"
area = "350200"
institution = "P35020000001"
[link]
is_enabled = false
[catalogue]
file = "{catalogue}"
"""
LOCAL = "[api]\nport = 0\n"
CODES = [f"8600011000000000{number:04}" for number in range(100, 200)]
"""Boxes of one product of the catalogue."""


@dataclass
class Standing:
    """A terminal that answers."""

    folder: Path
    url: str
    process: subprocess.Popen[str]

    @property
    def config(self) -> str:
        return str(self.folder / "edge.toml")

    def token(self, name: str, *options: str) -> str:
        made = yima("edge", "token", "create", name, "--json", *options, "--config", self.config)
        return str(json.loads(made)["token"])

    def sign_in(self, prefix: Sequence[str] = (), verify: ssl.SSLContext | bool = True) -> None:
        """Have the operator sign in, as at the page."""
        yima("edge", "operator", "add", "wang", "--password-stdin", "--config", self.config, stdin=PASSWORD)
        if prefix:
            script = _SIGN_IN.format(url=self.url, password=PASSWORD)
            subprocess.run([*prefix, sys.executable, "-c", script], check=True, timeout=60)
            return
        told = {"operator": "wang", "password": PASSWORD}
        httpx.post(f"{self.url}/api/v1/session", json=told, verify=verify, timeout=30).raise_for_status()


_SIGN_IN = """
import json, ssl, urllib.request
told = json.dumps({{"operator": "wang", "password": "{password}"}}).encode()
asked = urllib.request.Request("{url}/api/v1/session", told, {{"content-type": "application/json"}})
blind = ssl._create_unverified_context()
urllib.request.build_opener(urllib.request.ProxyHandler({{}}), urllib.request.HTTPSHandler(context=blind)).open(asked)
"""


def yima(*arguments: str, stdin: str = "") -> str:
    """Run a command beside the terminal; in this process, because starting another one takes longer."""
    done = CliRunner().invoke(app, arguments, input=stdin)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def written(folder: Path, more: str, scanners: str = "") -> Path:
    path = folder / "edge.toml"
    path.write_text(CONFIG.format(catalogue=CATALOGUE, scanners=scanners) + more, encoding="utf-8")
    return path


@contextmanager
def standing(folder: Path, more: str = LOCAL, *, scanners: str = "", prefix: Sequence[str] = ()) -> Iterator[Standing]:
    """Start a terminal, by `prefix` where it shall run in a network of its own."""
    config = written(folder, more, scanners)
    command = [*prefix, *YIMA, "edge", "run", "--config", str(config)]
    with (
        (folder / "log").open("a", encoding="utf-8") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT) as process,
    ):
        try:
            yield Standing(folder, _address(process), process)
        finally:
            process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    said = ""
    for line in process.stdout or ():
        said += line
        if found := re.search(r"(https?://\S+)/", line):
            return found[1]
    raise AssertionError(said)


def script(text: str, environment: dict[str, str], *, prefix: Sequence[str] = (), folder: Path = ROOT) -> str:
    """Run a program that knows the client and nothing else of ours; return what it printed."""
    given = {**os.environ, **environment, "PYTHONPATH": str(ROOT / "clients" / "python"), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [*prefix, sys.executable, "-c", text],
        env=given, capture_output=True, text=True, check=False, timeout=60, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
