"""A bundle as `make bundle` makes it, but with a program of three lines: what is tried is its install.sh."""

from __future__ import annotations

import hashlib
import importlib.util
import shlex
import shutil
import sys
import zipfile
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


def load_bundle() -> ModuleType:
    """Return `systemd/bundle.py`, which is a script and in no package."""
    spec = importlib.util.spec_from_file_location("yima_bundle", ROOT / "systemd" / "bundle.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tiny_bundle(folder: Path, version: str) -> Path:
    """Return the unpacked bundle of a release."""
    tool = load_bundle()
    bundle = folder / f"yima-bundle-{version}"
    for part in ("wheels", "installer"):
        (bundle / part).mkdir(parents=True)
    (bundle / "VERSION").write_text(f"{version}\n", encoding="utf-8")
    wheel = bundle / "wheels" / f"yima-{version}-py3-none-any.whl"
    _write_wheel(wheel, version)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (bundle / "requirements.txt").write_text(f"yima=={version} --hash=sha256:{digest}\n", encoding="utf-8")
    _write_installer(bundle / "installer")
    tool.fill_services(bundle, ["edge", "server"], folder / "no-models")
    tool.seal(bundle)
    return bundle


def _write_wheel(path: Path, version: str) -> None:
    info = f"yima-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny_yima.py", f"def main():\n    print('yima {version}')\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: yima\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\nyima = tiny_yima:main\n")
        wheel.writestr(f"{info}/RECORD", "")


def _write_installer(folder: Path) -> None:
    """Lay the uv of this environment where its wheel has it; by its path, because it is large."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    assert uv is not None, "`make setup` installs uv"
    with zipfile.ZipFile(folder / "uv-0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("uv-0.data/scripts/uv", f'#!/bin/sh\nexec {shlex.quote(uv)} "$@"\n')
