"""Every row of the fixture table: published codes, labels, and the rules of docs/codes.md cell by cell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codes.as_json import reading_record
from codes.classify import read_text
from codes.pack import pack_key, product_keys

ROWS = json.loads((Path(__file__).parents[1] / "fixtures" / "codes" / "published.json").read_text("utf-8"))


@pytest.mark.req("C-01")
@pytest.mark.req("C-03")
@pytest.mark.req("T-25")
@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_reads_as_the_table_says(row):
    reading = read_text(row["scan"], row.get("symbology"), "table")
    record = reading_record(reading)

    assert record["kind"] == row["kind"]
    assert record["confidence"] == row.get("confidence", "possible" if row["kind"] == "unknown" else None)
    if "value" in row:
        assert record["value"] == row["value"]
    for name, value in row.get("fields", {}).items():
        assert record["fields"][name] == value
    if "flags" in row:
        assert record["flags"] == row["flags"]
    if "candidates" in row:
        assert [[found["kind"], found["value"]] for found in record["candidates"]] == row["candidates"]
    assert set(row.get("reasons", ())) <= {reason["code"] for reason in record["reasons"]}
    if "pack_key" in row:
        assert pack_key(reading) == row["pack_key"]
    if "product_keys" in row:
        assert [[key.system.value, key.key] for key in product_keys(reading)] == row["product_keys"]
    assert record["reasons"]
    assert reading.raw == row["scan"].encode()
