"""What goes into a bundle: what the extras need, at the locked hashes, and configurations that can be used."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.config import load_config as load_edge
from server.config import load_config as load_server
from tests.systemd.tiny import ROOT, load_bundle

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BUNDLE = load_bundle()
NAMED = re.compile(r"(?<![\w./-])(?:docs|config)/[\w./-]*\w/?")
"""How a text names one of our files."""
LINKED = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
FOR_PEOPLE = (".po", ".html", ".toml", ".css", ".js")


def needed(*extras: str) -> set[str]:
    return set(BUNDLE.needed(extras, PROJECT))


@pytest.mark.req("T-69")
def test_everything_that_is_needed_is_locked_with_hashes() -> None:
    entries = BUNDLE.locked(LOCK)
    for name in needed("edge", "camera", "server"):
        assert "--hash=sha256:" in entries[name], name
        assert entries[name].startswith(f"{name}==")


def test_extras_decide_what_is_needed() -> None:
    terminal, camera, centre = needed("edge"), needed("edge", "camera"), needed("server")
    assert {"pyserial", "uvicorn", "fastapi", "biip", "starlette"} <= terminal
    assert camera - terminal == {"numpy", "opencv-python", "pyzbar", "zxing-cpp"}
    assert {"psycopg-binary", "iotcore"} <= centre - terminal
    assert not {"pytest", "ruff", "uv", "hypothesis", "mypy"} & (camera | centre)
    assert "yima" not in terminal, "our own wheel is built, not fetched"


def test_a_package_with_a_version_per_python_keeps_both() -> None:
    old, new = "a==1 ; x < '3' \\\n    --hash=sha256:00\n", "a==2 ; x >= '3' \\\n    --hash=sha256:11\n"
    assert BUNDLE.locked(f"{old}    # via b\n{new}b==1\n") == {"a": old + new, "b": "b==1\n"}


@pytest.mark.parametrize(
    ("extras", "units"),
    [(["edge", "camera"], ["yima-edge"]), (["server"], ["yima-broker", "yima-centre"])],
)
def test_a_box_gets_its_own_units_manuals_and_models(tmp_path: Path, extras: list[str], units: list[str]) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "face.onnx").write_bytes(b"weights")
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    BUNDLE.fill_services(bundle, extras, models)
    BUNDLE.seal(bundle)
    assert sorted(path.stem for path in bundle.glob("systemd/*.service")) == units
    assert {"systemd/70-yima.rules", "docs/install.md", "models/face.onnx", "install.sh"} <= {
        line.split("  ")[1] for line in (bundle / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    }


def test_first_configurations_keep_their_data_where_the_services_may_write(tmp_path: Path) -> None:
    BUNDLE.fill_services(tmp_path, ["edge", "server"], tmp_path / "none")
    edge, server = load_edge(tmp_path / "etc" / "edge.toml"), load_server(tmp_path / "etc" / "server.toml")
    assert edge.store.folder == Path("/var/lib/yima-edge")
    assert server.store.url == "sqlite:////var/lib/yima-centre/centre.db"
    assert server.centre.key_file == Path("/var/lib/yima-centre/centre.key")


def test_an_example_that_has_changed_stops_the_build() -> None:
    with pytest.raises(SystemExit, match="no single line"):
        BUNDLE.installed_configuration("[store]\n", [('# folder = "var/edge"', "x")])


def _words_of(module: Path) -> Iterator[str]:
    """Yield the texts that a program may say: its strings, but not what it says of itself to who reads its source."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    spoken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    yield from (str(node.value) for node in strings if id(node) not in spoken)


def _installed_words() -> Iterator[tuple[Path, str]]:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    for package in packages["targets"]["wheel"]["packages"]:
        for file in (ROOT / package).rglob("*"):
            if file.suffix not in {".py", *FOR_PEOPLE} or not NAMED.search(file.read_text(encoding="utf-8")):
                continue
            words = _words_of(file) if file.suffix == ".py" else (file.read_text(encoding="utf-8"),)
            yield from ((file, one) for one in words)


def test_every_file_that_a_message_names_is_in_the_bundle(tmp_path: Path) -> None:
    BUNDLE.fill_services(tmp_path, ["edge", "server"], tmp_path / "none")
    named = {(name, file) for file, words in _installed_words() for name in NAMED.findall(words)}
    assert {"config/edge.example.toml", "config/site.example.toml", "docs/install.md"} <= {name for name, _ in named}
    assert [(name, file) for name, file in named if not (tmp_path / name).exists()] == []


def test_every_page_that_a_page_of_the_bundle_names_is_there_too(tmp_path: Path) -> None:
    BUNDLE.fill_services(tmp_path, ["edge", "server"], tmp_path / "none")
    pages = sorted(tmp_path.rglob("*.md"))
    assert "docs/drivers/serial.md" in {str(page.relative_to(tmp_path)) for page in pages}
    for page in pages:
        text = page.read_text(encoding="utf-8")
        missing = [link for link in LINKED.findall(text) if not (page.parent / link).exists()]
        missing += [name for name in NAMED.findall(text) if not (tmp_path / name).exists()]
        assert missing == [], page.name
