"""docs/centre.md cannot drift: what it lists is what there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from rules.catalogue import HEADERS
from server.ingest import Tally
from tests.server.api.test_access import MATRIX

TEXT = (Path(__file__).parents[2] / "docs" / "centre.md").read_text(encoding="utf-8")


def test_every_column_of_a_catalogue_file_is_described() -> None:
    for english, chinese in HEADERS.items():
        assert chinese in TEXT
        assert f"`{english}`" in TEXT or chinese == "UDI-DI"


def test_every_endpoint_is_listed() -> None:
    for _, path in MATRIX:
        short = re.sub(r"\{\w+(:path)?\}", "{}", path.removeprefix("/api/v1"))
        assert short in re.sub(r"\{\w+\}", "{}", TEXT), path


def test_every_count_is_explained() -> None:
    for field in fields(Tally):
        assert f"`{field.name}`" in TEXT
