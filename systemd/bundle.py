"""Makes the bundle that installs Yima where there is no network (`make bundle`).

Everything in it is pinned: wheels are the locked versions with the locked hashes, our own wheel has its hash added, and
SHA256SUMS covers the rest. The choice of extras decides which wheels and which units it carries.
"""
# ruff: noqa: INP001 - a script of `make`, no module of the product

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "systemd"
UNITS = {"edge": ("yima-edge.service",), "server": ("yima-centre.service", "yima-broker.service")}
"""Which extra brings the programs of which units."""
FOR_EVERY_BOX = ("yima.sysusers", "yima.tmpfiles", "yima.modules-load", "70-yima.rules")
SUMS = "SHA256SUMS"
INSTALLER = "uv"
"""Puts the wheels into the environment; it is in the lock too, and is not installed itself."""
CONFIGURATIONS = {
    "edge": ("edge", [('# folder = "var/edge"', 'folder = "/var/lib/yima-edge"')]),
    "server": (
        "server",
        [
            ('key_file = "var/centre.key"     #', 'key_file = "/var/lib/yima-centre/centre.key"  #'),
            ('url = "sqlite:///var/centre.db" #', 'url = "sqlite:////var/lib/yima-centre/centre.db"  #'),
        ],
    ),
}
"""Examples that become the first configuration of an extra's program, and what differs on an installed box."""
MANUALS = (
    "install.md",
    "terminal.md",
    "counter.md",
    "tickets.md",
    "aftercare.md",
    "pos.md",
    "centre.md",
    "fsi.md",
    "benefits.md",
    "entitlements.md",
    "registers.md",
    "settlement-examples.md",
    "codes.md",
    "integrators.md",
    "settling.md",
    "decode.md",
    "glossary.md",
)
"""Pages of `docs/` for whoever runs an installed box; `docs/drivers/` goes with them whole."""
RULES_AND_SAMPLES = ("areas", "benefits", "entitlements", "lists", "seed", "subsidies")
"""Folders of `config/` that manuals and messages point to, as models of one's own."""


def locked(lock: str) -> dict[str, str]:
    """Return what a lock file says of each package, hashes included; a version per Python where they differ."""
    found: dict[str, str] = {}
    for entry in re.findall(r"^[A-Za-z0-9](?:.*\\\n)*.*\n", lock, re.MULTILINE):
        name = canonicalize_name(re.split(r"[=;\s]", entry, maxsplit=1)[0])
        found[name] = found.get(name, "") + entry
    return found


def needed(extras: Iterable[str], project: dict[str, object]) -> set[str]:
    """Return the packages that the project needs on a machine like this one.

    What the project itself asks for is read from its pyproject.toml, what those packages ask for from their metadata.
    """
    optional = project["optional-dependencies"]
    waiting = [Requirement(line) for line in project["dependencies"]]  # type: ignore[attr-defined] # TOML
    waiting += [Requirement(line) for extra in extras for line in optional[extra]]  # type: ignore[index] # TOML
    found: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        name, asked = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, asked) in seen or not _applies(wanted, {""}):
            continue
        seen.add((name, asked))
        if name == "yima":
            waiting += [Requirement(line) for extra in asked for line in optional[extra]]  # type: ignore[index] # TOML
            continue
        found.add(name)
        further = (Requirement(line) for line in requires(name) or ())
        waiting += [_plain(one) for one in further if _applies(one, asked | {""})]
    return found


def _applies(wanted: Requirement, extras: Iterable[str]) -> bool:
    return wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in extras)


def _plain(wanted: Requirement) -> Requirement:
    """Return the requirement without its marker, which has been judged."""
    wanted.marker = None
    return wanted


def make(extras: list[str], models: Path, target: Path) -> Path:
    """Write the bundle into `target` and return its file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name = f"yima-bundle-{project['version']}"
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / name
        (bundle / "wheels").mkdir(parents=True)
        (bundle / "VERSION").write_text(f"{project['version']}\n", encoding="utf-8")
        _fill_wheels(bundle, extras, project)
        fill_services(bundle, extras, models)
        seal(bundle)
        target.mkdir(parents=True, exist_ok=True)
        made = target / f"{name}.tar"
        _say(f"packing {made}")
        with tarfile.open(made, "w") as archive:
            for file in (bundle / SUMS, *_files(bundle)):
                archive.add(file, f"{name}/{file.relative_to(bundle)}", filter=_anonymous)
    return made


def seal(bundle: Path) -> None:
    """Write down what every file of the bundle is, for the box that gets it."""
    sums = [f"{_sha256(file)}  {file.relative_to(bundle)}\n" for file in _files(bundle)]
    (bundle / SUMS).write_text("".join(sums), encoding="utf-8")


def _fill_wheels(bundle: Path, extras: list[str], project: dict[str, object]) -> None:
    entries = locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    names = sorted(needed(extras, project))
    if missing := [name for name in names if name not in entries]:
        sys.exit(f"not in requirements.lock: {', '.join(missing)}; run `make lock`")
    _say(f"building yima {project['version']} [{','.join(extras)}]")
    wheels = bundle / "wheels"
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, ROOT)
    (ours,) = wheels.iterdir()
    pinned = bundle / "requirements.txt"
    pinned.write_text("".join(entries[name] for name in names), encoding="utf-8")
    _say(f"fetching {len(names)} wheels with the hashes of requirements.lock")
    _fetch(pinned, wheels)
    with pinned.open("a", encoding="utf-8") as file:
        file.write(f"yima=={project['version']} --hash=sha256:{_sha256(ours)}\n")
    installer = bundle.parent / "installer.txt"
    installer.write_text(entries[INSTALLER], encoding="utf-8")
    _say(f"fetching {INSTALLER}")
    _fetch(installer, bundle / "installer")


def fill_services(bundle: Path, extras: list[str], models: Path) -> None:
    """Lay in everything but the wheels: installer, units, first configurations, manuals, models."""
    shutil.copy(HERE / "install.sh", bundle)
    for folder in ("systemd", "etc"):
        (bundle / folder).mkdir()
    units = [unit for extra in extras for unit in UNITS.get(extra, ())]
    for file in (*FOR_EVERY_BOX, *units):
        shutil.copy(HERE / file, bundle / "systemd")
    for extra in extras:
        if extra in CONFIGURATIONS:
            stem, changes = CONFIGURATIONS[extra]
            example = (ROOT / "config" / f"{stem}.example.toml").read_text(encoding="utf-8")
            text = installed_configuration(example, changes)
            (bundle / "etc" / f"{stem}.toml").write_text(text, encoding="utf-8")
    _lay_in_reading(bundle)
    if models.is_dir():
        _say(f"adding the models in {models}")
        shutil.copytree(models, bundle / "models")


def _lay_in_reading(bundle: Path) -> None:
    """Lay in manuals and examples under the paths by which messages and manuals name them."""
    shutil.copytree(ROOT / "docs" / "drivers", bundle / "docs" / "drivers")
    for page in MANUALS:
        shutil.copy(ROOT / "docs" / page, bundle / "docs")
    # For whoever changes the POS beside the terminal; it is never installed on the box itself.
    without = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(ROOT / "clients" / "python", bundle / "clients" / "python", ignore=without)
    for folder in RULES_AND_SAMPLES:
        shutil.copytree(ROOT / "config" / folder, bundle / "config" / folder)
    for example in (ROOT / "config").glob("*.example.*"):
        shutil.copy(example, bundle / "config")


def installed_configuration(example: str, changes: Iterable[tuple[str, str]]) -> str:
    """Return an example with the folders of an installed box; the rest stays as it is explained there."""
    for before, after in changes:
        if example.count(before) != 1:
            sys.exit(f"the example configuration has no single line with {before!r} any more")
        example = example.replace(before, after)
    return example


def _fetch(pinned: Path, wheels: Path) -> None:
    _pip("download", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--dest", wheels, "-r", pinned)


def _pip(*arguments: str | Path) -> None:
    # pip's words go with ours: what it fetches is the progress.
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    result = subprocess.run(command, stdout=sys.stderr, check=False)  # noqa: S603 - our own interpreter
    if result.returncode:
        sys.exit(result.returncode)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != SUMS)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Forget who made the bundle and when, so that two of the same parts are the same."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.name.endswith(".sh") else 0o644
    return entry


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


def main() -> None:
    """Make the bundle that the command line asks for, and print where it is."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--extras", default="edge,camera", help="edge,camera for a terminal; server for a centre")
    asked.add_argument("--models", type=Path, default=ROOT / "models", help="folder of model weights, if there is one")
    asked.add_argument("--target", type=Path, default=ROOT / "dist")
    given = asked.parse_args()
    made = make(given.extras.split(","), given.models, given.target)
    _say(f"{made.stat().st_size / 1e6:.0f} MB")
    sys.stdout.write(f"{made}\n")


if __name__ == "__main__":
    main()
