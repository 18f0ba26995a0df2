from __future__ import annotations

import json

import pytest

from server.fsi.transactions.extension import NOTHING, Extension, ExtensionError, read_extension
from server.store.database import Store
from tests.server.fsi.counter import open_counter
from wire.fsi.record import Record


def read(said: object) -> Extension:
    return read_extension(Record("druginfo", {"expContent": said if isinstance(said, str) else json.dumps(said)}))


@pytest.mark.parametrize("said", ["", "free text", "[1, 2]", '"text"', "{}", '{"vendor": {"a": 1}}'])
def test_what_is_not_known_says_nothing(said: str) -> None:
    assert read(said) == NOTHING


def test_a_damaged_one_says_nothing_and_whoever_sent_it_is_told(lone_store: Store) -> None:
    counter = open_counter(lone_store)
    broken = counter.sale(counter.line(), expContent='{"stoout_no": "OUT-1"')
    for infno in ("2101", "2102"):
        answer = counter.office.say(infno, broken)
        assert answer["infcode"] == 0
        assert "expContent（字段扩展）不是完整的 JSON 对象" in str(answer["warn_msg"])
    whole = counter.sale(counter.line(), expContent='{"vendor": 1}')
    assert "expContent" not in str(counter.office.say("2102", whole)["warn_msg"])


def test_no_extension_says_nothing() -> None:
    assert read_extension(Record("druginfo", {})) is NOTHING


def test_what_is_known_is_read_in_its_spellings() -> None:
    found = read_extension(
        Record(
            "druginfo",
            {
                "expContent": json.dumps(
                    {
                        "stoout_no": " CK-1 ",
                        "chrg_bchno": 7,
                        "phar_code": None,
                        "drugtracinfo": [{"drug_trac_code": "A"}, {"drug_trac_codg": "B"}],
                        "drug_trac_codg": "C",
                        "other": True,
                    }
                )
            },
        )
    )
    assert (found.text("stoout_no"), found.text("chrg_bchno"), found.text("phar_code")) == ("CK-1", "7", "")
    assert [one.code for one in found.codes] == ["A", "B", "C"]


def test_a_code_may_say_its_line_and_that_its_pack_was_opened() -> None:
    entries = [
        {"drug_trac_codg": "A", "feedetl_sn": "L1", "trdn_flag": 1},
        {"drug_trac_codg": "B", "trdn_flag": "0"},
        "C",
    ]
    found = read({"drugtracinfo": entries})
    assert [(one.code, one.fee_line, one.is_split) for one in found.codes] == [
        ("A", "L1", True),
        ("B", "", False),
        ("C", "", False),
    ]


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"stoout_no": "x" * 41}, "stoout_no：超过 40 个字符"),
        ({"stoout_no": True}, "stoout_no：应为文本"),
        ({"chrg_bchno": {"a": 1}}, "chrg_bchno：应为文本"),
        ({"drugtracinfo": [{"drug_trac_codg": "x" * 101}]}, "drugtracinfo"),
        ({"drugtracinfo": ["x"] * 1001}, "drugtracinfo"),
    ],
)
def test_what_does_not_fit_is_named(said: dict[str, object], named: str) -> None:
    with pytest.raises(ExtensionError) as caught:
        read(said)
    assert named in caught.value.words.zh
