"""Each peer in an environment of its own below var/peers, made from the package registry when it is first needed."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVIRONMENTS = ROOT / "var" / "peers"
INSTALL_S = 900.0


class ObstacleError(Exception):
    """A peer cannot be installed here; the message is what the installer said."""


def peer_python(name: str) -> Path:
    """Return the interpreter of the peer's environment, which holds exactly `tests/peers/NAME.txt`.

    Raises:
        ObstacleError: It cannot be installed.
    """
    requirements = HERE / f"{name}.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    home = ENVIRONMENTS / name
    mark = home / ".ready"
    if not mark.is_file() or mark.read_text("ascii") != digest:
        shutil.rmtree(home, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(home)])
        pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        _run([*pip, "--no-deps", "--requirement", str(requirements)])
        mark.write_text(digest, "ascii")
    return home / "bin" / "python"


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
        raise ObstacleError("\n".join(said[-5:]) or f"{command} ended with code {done.returncode}")
