"""P-15: what each kind of box has to install, in megabytes on disk, bytecode included."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure, at_most, figure

ROOT = Path(__file__).parent.parent.parent
UV = Path(sys.executable).parent / "uv"

BOXES = {
    "terminal without camera": ("edge", 180),
    "terminal with camera": ("edge,camera", 420),
    "centre": ("server", 400),
}


def run() -> list[Figure]:
    """Install each kind of box into an environment of its own and measure it."""
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text(
            _without_hashes((ROOT / "requirements.lock").read_text(encoding="utf-8")), encoding="utf-8"
        )
        return [_measure(what, extras, limit, Path(folder), constraints) for what, (extras, limit) in BOXES.items()]


def _measure(what: str, extras: str, limit_mb: int, folder: Path, constraints: Path) -> dict[str, Any]:
    environment = folder / what.replace(" ", "-")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    install = [UV, "pip", "install", "--quiet", "--python", environment / "bin" / "python", "--link-mode", "copy"]
    subprocess.run([*install, "--compile-bytecode", "-c", constraints, f"{ROOT}[{extras}]"], check=True)
    size_mb = sum(file.lstat().st_size for file in environment.rglob("*") if file.is_file()) / 1e6
    shutil.rmtree(environment)
    return figure("P-15", f"installed: {what}", round(size_mb), "MB", target=at_most(limit_mb))


def _without_hashes(lock: str) -> str:
    """A folder cannot be hashed, so pip's hash mode is left out here; versions stay the locked ones."""
    return re.sub(r" \\\n(\s+--hash=\S+( \\\n)?)+", "\n", lock)
