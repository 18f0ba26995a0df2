"""Writing in an area's spelling, and reading it back."""

from __future__ import annotations

import random
from datetime import date, datetime
from decimal import Decimal

import pytest

from tests.wire.fsi.samples import valid_input
from wire.fsi.areas import area_names, shipped_area
from wire.fsi.checking import check
from wire.fsi.json_text import decode_json, encode_json
from wire.fsi.tables import transaction, transactions
from wire.fsi.values import BEIJING
from wire.fsi.writing import as_area_writes


@pytest.mark.parametrize("area", area_names())
def test_what_an_area_writes_every_area_reads(area):
    chance = random.Random(area)
    for infno in transactions():
        table = transaction(infno, shipped_area(area))
        # A full message is by base names.
        sent = as_area_writes(valid_input(table, chance, is_full=True), table.input)
        for reader in {"base", "shenzhen", "neimenggu"} | {area}:
            found = check(decode_json(encode_json(sent)), transaction(infno, shipped_area(reader)))
            assert found.faults == (), (infno, reader)


def test_names_become_the_areas_and_values_the_interfaces():
    area = shipped_area("neimenggu")
    record = {
        "expy_end": date(2028, 1, 1), "drugtracinfo": [{"drug_trac_codg": "8"}], "inv_cnt": Decimal("1.50"),
        "own": datetime(2026, 1, 1, tzinfo=BEIJING), "more": [{"a": b"A"}, "x"],
    }  # fmt: skip
    assert as_area_writes({"invinfoDetail": [record], "else": {"b": b"A"}}, transaction("3501A", area).input) == {
        "invinfoDetail": [
            {
                "expy_end": "2028-01-01", "drugtracinfo": [{"drug_trac_code": "8"}], "inv_cnt": Decimal("1.50"),
                "own": "2026-01-01 00:00:00", "more": [{"a": "QQ=="}, "x"],
            }
        ],
        "else": {"b": "QQ=="},
    }  # fmt: skip


def test_a_node_without_a_name_is_the_object_itself():
    area = shipped_area("hubei")
    output = {"file_qury_no": "F", "dld_end_time": date(2026, 1, 1)}
    assert as_area_writes(output, transaction("1301", area).output) == {
        "file_qury_no": "F",
        "dld_endtime": "2026-01-01",
    }
