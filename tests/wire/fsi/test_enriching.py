"""Codes are put into a message; every other character of it stays, in every area and however it was written."""

from __future__ import annotations

import json
import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.fsi.samples import valid_input
from wire.fsi.areas import Area, Channel, area_names, load_area, shipped_area
from wire.fsi.checking import check
from wire.fsi.enriching import CHANNELS, LineCodes, carries_codes, enrich, enrich_input, real_faults
from wire.fsi.json_text import decode_json
from wire.fsi.tables import transaction
from wire.fsi.trace_codes import read_codes

ONE, TWO, THREE = "81012340000000000001", "81012340000000000002", "81056780000000000003"
EVERYWHERE = sorted((area, infno) for area in area_names() for infno in CHANNELS)


def wanted(message: dict[str, object], infno: str) -> list[LineCodes]:
    node = next(iter(message.values()))
    rows = node if isinstance(node, list) else [node]
    if CHANNELS[infno] is Channel.SETTLEMENT:
        return [LineCodes(0, (ONE, TWO), "L1"), LineCodes(1, (THREE,), "L2", is_split=True)]
    return [LineCodes(row, (f"8101{row:016d}",)) for row in range(len(rows))]


def write(value: object, chance: random.Random) -> str:
    """Write JSON as nobody would, yet as somebody may."""
    space = lambda: chance.choice(["", "", " ", "\n", "\t ", "\r\n  "])  # noqa: E731 - short for what it is
    match value:
        case dict():
            inside = ",".join(f"{space()}{_name(k, chance)}{space()}:{write(v, chance)}" for k, v in value.items())
            return f"{space()}{{{inside}{space()}}}{space()}"
        case list():
            return f"{space()}[{','.join(write(one, chance) for one in value)}{space()}]{space()}"
        case str():
            return f"{space()}{json.dumps(value, ensure_ascii=chance.random() < 0.5)}{space()}"
        case Decimal():
            return f"{space()}{value:f}{space()}"
        case _:
            return f"{space()}{json.dumps(value)}{space()}"


def _name(name: str, chance: random.Random) -> str:
    if chance.random() < 0.9 or not name:
        return json.dumps(name)
    return f'"\\u{ord(name[0]):04x}{json.dumps(name[1:])[1:]}' if ord(name[0]) < 0xD800 else json.dumps(name)


def stripped_of(message: dict[str, object]) -> dict[str, object]:
    """Return the message without any codes, as software that knows none would write it."""
    gone = {"drugtracinfo", "drug_trac_codg", "drug_trac_code", "drug_trac_info"}
    held = {name: value for name, value in message.items() if name not in gone}
    return {
        name: [stripped_of(one) for one in value]
        if isinstance(value, list) and all(isinstance(one, dict) for one in value)
        else stripped_of(value)
        if isinstance(value, dict)
        else value
        for name, value in held.items()
    }


def is_subsequence(short: str, long: str) -> bool:
    rest = iter(long)
    return all(character in rest for character in short)


@pytest.mark.parametrize(("name", "infno"), EVERYWHERE)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), extra=st.dictionaries(st.text(max_size=6), st.text(max_size=9), max_size=3))
def test_a_message_of_any_area_gets_its_codes_and_nothing_else(
    name: str, infno: str, seed: int, extra: dict[str, str]
) -> None:
    area, chance = shipped_area(name), random.Random(seed)
    table = transaction(infno, area)
    message = stripped_of(valid_input(table, chance))
    message |= {f"x_{key}": value for key, value in extra.items()}
    body = write({"infno": infno, "x": Decimal("1.50"), "input": message, "memo": "药\u2028"}, chance)
    asked = wanted(message, infno)
    got = enrich(body.encode(), area, infno, asked)
    if not carries_codes(infno, area):
        assert got.text == body.encode()
        assert got.why is not None
        return
    assert got.why is None or real_faults(check(message, table)), got.why
    if got.why is not None:
        assert got.text == body.encode()
        return
    assert got.added
    assert is_subsequence(body, got.text.decode())
    decoded = decode_json(got.text)
    assert isinstance(decoded, dict)
    assert stripped_of(decoded) == decode_json(body.encode())
    assert check(decoded["input"], table).faults == ()
    assert sorted(_all_codes(decoded["input"])) == sorted({code for one in asked for code in one.codes})
    again = enrich(got.text, area, infno, asked)
    assert (again.text, again.added) == (got.text, ())


def _all_codes(value: object) -> list[str]:
    if isinstance(value, list):
        return [code for one in value for code in _all_codes(one)]
    if not isinstance(value, dict):
        return []
    deeper = {name: one for name, one in value.items() if name not in {"drugtracinfo", "drug_trac_info"}}
    return [*read_codes(value), *(code for one in deeper.values() for code in _all_codes(one))]


def sale(**more: object) -> dict[str, object]:
    area = shipped_area("base")
    full = stripped_of(valid_input(transaction("3505", area), random.Random(1), is_full=True))
    record = full["selinfo"]
    assert isinstance(record, dict)
    return {"selinfo": {**record, "sel_retn_cnt": 1, "mdtrt_setl_type": "1", **more}}


def test_an_input_that_is_a_text_within_the_text_is_changed_inside_it() -> None:
    inner = json.dumps(sale(psn_name='张"三\\\U00020000'), ensure_ascii=True)
    body = f'{{ "infno":"3505","input" : {json.dumps(inner)} ,"a":1.0}}'
    got = enrich(body.encode(), shipped_area("base"), "3505", [LineCodes(0, (ONE,))]).text.decode()
    piece = json.dumps(f',"drugtracinfo":[{{"drug_trac_codg": "{ONE}"}}]')[1:-1]
    assert got == body.replace(inner_tail(inner), f"{json.dumps(inner[-3:-2])[1:-1]}{piece}{'}}'}", 1)
    text = json.loads(got)["input"]
    assert read_codes(json.loads(text)["selinfo"]) == (ONE,)


def inner_tail(inner: str) -> str:
    return json.dumps(inner[-3:])[1:-1]


BOTH_CODES = {"drugtracinfo": [{"drug_trac_codg": ONE}, {"drug_trac_codg": TWO}]}
FORMS: dict[str, dict[str, object]] = {
    "list": {"drugtracinfo": [{"drug_trac_codg": ONE}]},
    "flat": {"drug_trac_codg": ONE},
    "other spelling": {"drug_trac_code": ONE},
    "empty list": {"drugtracinfo": []},
    "null": {"drugtracinfo": None, "drug_trac_codg": ""},
}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_codes_that_are_there_stay_and_are_not_said_twice(form: str) -> None:
    before = FORMS[form]
    area = shipped_area("base")
    body = json.dumps({"input": sale(**before)}).encode()
    got = json.loads(enrich(body, area, "3505", [LineCodes(0, (ONE, TWO))]).text)["input"]["selinfo"]
    assert got == {**json.loads(body)["input"]["selinfo"], **BOTH_CODES}


def test_a_flat_field_carries_one_code_and_a_list_several() -> None:
    area = shipped_area("hunan")
    body = json.dumps({"input": sale()}).encode()
    one = json.loads(enrich(body, area, "3505", [LineCodes(0, (ONE,))]).text)["input"]["selinfo"]
    assert (one["drug_trac_codg"], "drugtracinfo" in one) == (ONE, False)
    two = json.loads(enrich(body, area, "3505", [LineCodes(0, (ONE, TWO))]).text)["input"]["selinfo"]
    assert [entry["drug_trac_codg"] for entry in two["drugtracinfo"]] == [ONE, TWO]


@pytest.mark.parametrize(
    ("infno", "body"),
    [
        ("9999", b'{"infno":"9999","input":{"a":1}}'),
        ("3505", b"<xml/>"),
        ("3505", b""),
        ("3505", b'{"infno":"3505"}'),
        ("3505", b'{"input":{"selinfo":{},"selinfo":{}}}'),
        ("3505", b'{"input":{"selinfo":[]}}'),
        ("3505", b'{"input":"not json"}'),
        ("3505", b'{"input":"\\ud800"}'),
        ("3505", b'{"input":' + b"[" * 100 + b"]" * 100 + b"}"),
        ("3505", b"\xff\xfe{}"),
        ("2102", b'{"input":{"druginfo":{}}}'),
    ],
)
def test_what_is_unknown_or_unreadable_comes_back_as_it_was(infno: str, body: bytes) -> None:
    got = enrich(body, shipped_area("hubei"), infno, [LineCodes(0, (ONE,))])
    assert got.text == body
    assert got.added == ()
    assert got.why is not None


def test_a_code_that_the_area_has_no_room_for_is_not_put_in() -> None:
    area: Area = load_area('name = "short"\nzh = "短"\nen = "Short"\ntrace_code_length = 20\n')
    body = json.dumps({"input": sale()}).encode()
    got = enrich(body, area, "3505", [LineCodes(0, (ONE + "9",))])
    assert got.text == body
    assert got.why is not None


def test_an_input_by_itself_gets_its_codes_as_well() -> None:
    text = json.dumps(sale(), ensure_ascii=False).encode()
    got = enrich_input(text, shipped_area("base"), "3505", [LineCodes(0, (ONE,))])
    assert got.added == (ONE,)
    assert got.text.startswith(text[:-2])
