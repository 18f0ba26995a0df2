"""docs/centre.md and docs/registers.md cannot drift: what they list is what there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from rules.catalogue import HEADERS
from server.ingest import Tally
from server.people.insured_lists import SHEETS
from server.people.list_file import Sheet
from server.people.practice_lists import INSTITUTIONS, PRACTITIONERS
from tests.server.api.test_access import MATRIX

DOCS = Path(__file__).parents[2] / "docs"
REGISTERS = (DOCS / "registers.md").read_text(encoding="utf-8")
TEXT = (DOCS / "centre.md").read_text(encoding="utf-8")


def test_every_column_of_a_catalogue_file_is_described() -> None:
    for english, chinese in HEADERS.items():
        assert chinese in TEXT
        assert f"`{english}`" in TEXT or chinese == "UDI-DI"


@pytest.mark.parametrize("sheet", [*SHEETS, INSTITUTIONS, PRACTITIONERS], ids=lambda sheet: sheet.name)
def test_every_column_of_a_list_is_described_with_whether_it_is_needed(sheet: Sheet) -> None:
    (row,) = re.findall(rf"^\| {sheet.title.en} \| (.*) \|$", REGISTERS, re.MULTILINE)
    for column in sheet.columns:
        assert (f"**{column.zh}**" in row) == column.is_required, column.zh
        assert column.zh in row
        assert f"(`{column.name}`" in REGISTERS


def test_every_endpoint_is_listed() -> None:
    for _, path in MATRIX:
        short = re.sub(r"\{\w+(:path)?\}", "{}", path.removeprefix("/api/v1"))
        assert short in re.sub(r"\{\w+\}", "{}", TEXT), path


def test_every_count_is_explained() -> None:
    for field in fields(Tally):
        assert f"`{field.name}`" in TEXT
