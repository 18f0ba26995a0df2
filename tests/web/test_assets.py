"""What browsers load: small, own, kept for ever under an address that changes, and free of inline style and script."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from web.assets import FOLDER, Assets

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(
    [
        *ROOT.glob("web/templates/*.html"),
        *ROOT.glob("*/screens/templates/*.html"),
        *ROOT.glob("*/console/templates/*.html"),
    ]
)
KB = 1024
PREFIXES = ("y-", "c-", "k-", "s-", "t-", "v-")


def packed(paths: list[Path]) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


@pytest.mark.req("P-13")
@pytest.mark.parametrize("area", ["counter", "console", "setup"])
def test_scripts_of_a_page_are_small(area: str) -> None:
    scripts = [FOLDER / "js" / module for module in Assets().modules(area)]
    assert scripts
    assert packed(scripts) < 40 * KB


def test_all_styles_together_are_small() -> None:
    assert packed(list(FOLDER.glob("css/*.css"))) < 15 * KB


def test_address_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a", "utf-8")
    before = Assets(tmp_path).version
    assert Assets(tmp_path).version == before
    (tmp_path / "a.css").write_text("b", "utf-8")
    assert Assets(tmp_path).version != before


def test_files_are_served_to_be_kept_and_with_a_type_that_browsers_run() -> None:
    app = FastAPI()
    assets = Assets()
    assets.mount(app)
    client = TestClient(app)
    script = client.get(assets.url("js/live.js"))
    assert script.status_code == 200
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/static/older/js/live.js").status_code == 404


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template_holds_no_inline_style_or_script(path: Path) -> None:
    source = path.read_text("utf-8")
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", source)
    for script in re.findall(r"<script[^>]*>", source):
        assert 'type="application/json"' in script or "src=" in script
    assert not re.search(r"(?:href|src)=\"(?:https?:)?//", source)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.*")), ids=lambda path: path.name)
def test_file_names_no_other_host(path: Path) -> None:
    source = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|@import|url\((?!#)", source)


def test_own_classes_are_prefixed() -> None:
    """A class of a common name once collided with a library's and destroyed a page without any error."""
    for path in FOLDER.glob("css/*.css"):
        names = re.findall(
            r"(?<![\w\d])\.([a-zA-Z][\w-]*)", re.sub(r"/\*.*?\*/|\d\.\d+", "", path.read_text("utf-8"), flags=re.DOTALL)
        )
        assert [name for name in names if not name.startswith(PREFIXES)] == []
