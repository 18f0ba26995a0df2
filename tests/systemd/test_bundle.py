"""What goes into a bundle: what the extras need, at the locked hashes, and configurations that can be used."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from edge.config import load_config as load_edge
from server.config import load_config as load_server
from tests.systemd.tiny import ROOT, load_bundle

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BUNDLE = load_bundle()


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
    assert {"systemd/70-yima.rules", "doc/install.md", "models/face.onnx", "install.sh"} <= {
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
