"""One line in, one line out, whatever the line holds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.ndjson import answer

KEYS = ["kind", "value", "fields", "confidence", "flags", "candidates", "reasons"]


def test_answers_a_scan_with_exactly_the_contract_keys():
    line = json.dumps({"raw_hex": b"\x1d0106901234567892".hex(), "symbology": "]d2", "source": "serial:1"}).encode()
    record = json.loads(answer(line))

    assert list(record) == KEYS
    assert record["kind"] == "gs1"
    assert record["fields"]["ai"] == {"01": "06901234567892"}
    assert record["flags"] == ["affix_stripped"]
    assert [list(reason) for reason in record["reasons"]] == [["code", "zh", "en"]]


@pytest.mark.parametrize(
    "line",
    [
        b'{"raw_hex":"3833383537393330303030383739373636363630"}',
        b'{"raw_hex":"3833383537393330303030383739373636363630","symbology":null,"source":null}',
        b' {"source":"x","extra":[1],"raw_hex":"3833383537393330303030383739373636363630"} ',
    ],
)
def test_missing_null_and_additional_keys_are_fine(line):
    assert json.loads(answer(line))["kind"] == "trace"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "input.json"),
        (b"x", "input.json"),
        (b"[]", "input.json"),
        (b"null", "input.json"),
        (b'"38"', "input.json"),
        (b"\xff\xfe", "input.json"),
        (b'{"raw_hex":"\xff"}', "input.json"),
        (b'{"raw_hex":"38"', "input.json"),
        (b'{"x":' + b"[" * 200_000, "input.json"),
        (b"{}", "input.fields"),
        (b'{"raw_hex":8}', "input.fields"),
        (b'{"raw_hex":null}', "input.fields"),
        (b'{"raw_hex":"38","symbology":1}', "input.fields"),
        (b'{"raw_hex":"3"}', "input.raw_hex"),
        (b'{"raw_hex":"zz"}', "input.raw_hex"),
        ('{"raw_hex":"３８"}'.encode(), "input.raw_hex"),
    ],
)
def test_a_broken_line_is_answered_with_its_reason(line, code):
    record = json.loads(answer(line))

    assert list(record) == KEYS
    assert (record["kind"], record["value"]) == ("unknown", "")
    assert [reason["code"] for reason in record["reasons"]] == [code]


@pytest.mark.req("C-04")
def test_a_credential_does_not_leak_through_json():
    number = "11010519491231002X"
    written = answer(json.dumps({"raw_hex": number.encode().hex()}).encode()).decode()

    assert json.loads(written)["kind"] == "id_number"
    assert "110105" not in written
    assert number.encode().hex()[:12] not in written


@given(st.binary(max_size=200))
def test_never_raises_and_never_breaks_the_line(line):
    written = answer(line)

    assert b"\n" not in written
    assert list(json.loads(written)) == KEYS
