"""Asking a checked message for its values."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from wire.fsi.areas import shipped_area
from wire.fsi.checking import check
from wire.fsi.record import Message, Record
from wire.fsi.tables import transaction
from wire.fsi.values import BEIJING

BASE = shipped_area("base")


def message_of(infno: str, given: dict[str, object]) -> Message:
    found = check(given, transaction(infno, BASE))
    assert found.message is not None, [str(one.words) for one in found.faults]
    return found.message


@pytest.fixture
def record() -> Record:
    change = {
        "med_list_codg": "X", "inv_chg_type": 101, "fixmedins_hilist_id": "1", "fixmedins_hilist_name": "药",
        "fixmedins_bchno": "B", "pric": "1.50", "cnt": Decimal("2.0"), "rx_flag": "1", "trdn_flag": "0",
        "inv_chg_time": "2026-11-01 08:00:00", "drugtracinfo": [{"drug_trac_code": "8" * 20}],
    }  # fmt: skip
    return message_of("3502", {"invinfo": change}).one("invinfo")


def test_values_are_typed(record):
    assert record.text("inv_chg_type") == "101"
    assert record.number("pric") == Decimal("1.5")
    assert record.moment("inv_chg_time") == datetime(2026, 11, 1, 8, tzinfo=BEIJING)
    assert (record.flag("rx_flag"), record.flag("trdn_flag"), record.flag("memo")) == (True, False, False)
    assert [one.text("drug_trac_codg") for one in record.rows("drugtracinfo")] == ["8" * 20]
    assert "pric" in record
    assert "memo" not in record


def test_what_may_be_absent_is_asked_for_with_what_stands_for_it(record):
    assert record.text_or("memo", None) is None
    assert record.text_or("rx_flag", None) == "1"
    assert record.number_or("memo", Decimal(0)) == 0
    assert record.number_or("cnt", None) == 2
    assert record.moment_or("memo", None) is None
    assert record.moment_or("inv_chg_time", None) is not None
    assert record.day_or("memo", None) is None
    assert record.rows("memo") == ()
    assert record.loose("memo") is None


def test_asking_wrongly_is_the_askers_fault(record):
    with pytest.raises(KeyError):
        record.text("memo")
    with pytest.raises(TypeError):
        record.number("memo_" if "memo_" in record else "rx_flag")
    with pytest.raises(TypeError):
        record.rows("rx_flag")


def test_a_record_tells_no_values_to_a_log(record):
    assert "药" not in repr(record)
    assert "fixmedins_hilist_name" in repr(record)


def test_plain_values_lose_nothing(record):
    assert record.as_json() | {"drugtracinfo": ...} == {
        "med_list_codg": "X", "inv_chg_type": "101", "fixmedins_hilist_id": "1", "fixmedins_hilist_name": "药",
        "fixmedins_bchno": "B", "pric": "1.5", "cnt": "2", "rx_flag": "1", "trdn_flag": "0",
        "inv_chg_time": "2026-11-01 08:00:00", "drugtracinfo": ...,
    }  # fmt: skip
    assert record.as_json()["drugtracinfo"] == [{"drug_trac_codg": "8" * 20}]


def test_dates_files_and_loose_parts():
    file = message_of("9101", {"fsUploadIn": {"in": "QQ==", "filename": "a", "fixmedins_code": "P"}}).one("fsUploadIn")
    assert file.content("in") == b"A"
    assert file.as_json()["in"] == "QQ=="

    paged = message_of("1312", {"data": {"updt_time": "2026-01-31", "page_num": 1, "page_size": 50}}).one("data")
    assert paged.day("updt_time") == paged.day_or("updt_time", None) == date(2026, 1, 31)

    audit = message_of("3103", {"data": {"warn_type": "1", "warns": [{"warn_rslt_id": "J", "dspo_way": "1"}]}}).one(
        "data"
    )
    assert audit.rows("warns")[0].text("dspo_way") == "1"


def test_what_no_table_describes_is_kept_as_it_came():
    table = transaction("3101", BASE)
    assert table.input[0].fields[2].name == "rule_ids"
    found = check({"data": {"syscode": "1", "rule_ids": ["R1"], "patient_dtos": [{}]}}, table)
    assert {one.path for one in found.faults} == {
        f"data.patient_dtos[0].{name}" for name in
        ("patn_id", "patn_name", "gend", "brdy", "poolarea", "curr_mdtrt_id", "fsi_encounter_dtos")
    }  # fmt: skip


def test_nodes_are_asked_for_by_name():
    line = {"feedetl_sn": "1", "mdtrt_id": "M", "psn_no": "P"}
    message = message_of("2302", {"data": [line, {**line, "feedetl_sn": "2"}]})

    assert [one.text("feedetl_sn") for one in message.many("data")] == ["1", "2"]
    assert message.one("data").path == "data[0]"
    assert message.one_or_none("other") is None
    assert message.one_or_none("data") is message.one("data")
    assert message.many("other") == ()
    assert message.as_json() == {"data": [line, {**line, "feedetl_sn": "2"}]}
