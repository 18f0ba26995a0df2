"""Small C libraries that stand between a process and its system (LD_PRELOAD): compiled on this machine, kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from importlib import resources
from pathlib import Path

COMPILERS = ("cc", "gcc", "clang")
BUILD_S = 60.0

_FLAGS = ("-shared", "-fPIC", "-O2", "-Wall", "-pthread")


class ShimError(Exception):
    """A shim cannot be had here; the message says why. Callers skip what needs it, and say so."""


def build_library(package: str, source_name: str, folder: Path, *, without: str) -> Path:
    """Return the library of a C source in `folder`, compiled unless it is there already.

    Args:
        package: The package in which the source is.
        source_name: Its file.
        folder: Where libraries are kept; made if there is none.
        without: What cannot be done on a machine where this fails.

    Raises:
        ShimError: This machine has no C compiler, or it refuses the source.
    """
    source = resources.files(package).joinpath(source_name).read_bytes()
    library = folder / f"{Path(source_name).stem}-{hashlib.sha256(source).hexdigest()[:16]}.so"
    if library.exists():
        return library
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise ShimError(f"no C compiler ({', '.join(COMPILERS)}): {without} on this machine")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as workshop:
        made = Path(workshop, library.name)
        command = [compiler, *_FLAGS, "-x", "c", "-", "-o", str(made), "-ldl"]
        done = subprocess.run(command, input=source, capture_output=True, timeout=BUILD_S, check=False)  # noqa: S603 - our own source
        if done.returncode != 0:
            raise ShimError(f"{compiler} cannot build {source_name}:\n{done.stderr.decode(errors='replace')}")
        made.replace(library)
    return library


def preloaded(library: Path, before: str | None = None) -> dict[str, str]:
    """Return what to add to the environment of a process for this library, others that are preloaded kept.

    Args:
        library: The library.
        before: What the process preloads already; without it, what this process does.
    """
    loaded = before or os.environ.get("LD_PRELOAD")
    return {"LD_PRELOAD": f"{library.resolve()}:{loaded}" if loaded else str(library.resolve())}
