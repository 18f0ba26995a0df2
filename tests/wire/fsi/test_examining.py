"""A whole message examined at once: envelope and input together."""

from __future__ import annotations

import json

import pytest

from tests.wire.fsi.test_envelope import body
from wire.fsi.areas import shipped_area
from wire.fsi.examining import examine
from wire.fsi.json_text import NotJsonError

BASE = shipped_area("base")


def places(found) -> list[tuple[str, str]]:
    return [(one.path, one.code) for one in found]


def test_a_good_message_has_no_faults():
    found = examine(body(), BASE)
    assert (found.infno, found.has_envelope, found.faults, found.warnings) == ("1101", True, (), ())
    assert found.name is not None
    assert found.name.zh == "人员信息获取"


def test_faults_of_envelope_and_input_are_named_together():
    found = examine(body(opter="", input={"data": {"mdtrt_cert_type": "03"}}), BASE)
    assert places(found.faults) == [
        ("opter", "fsi.missing"),
        ("data.mdtrt_cert_no", "fsi.missing"),
        ("data.card_sn", "fsi.condition"),
    ]


def test_a_bare_input_needs_no_envelope():
    found = examine(json.dumps({"infno": "9001", "input": {"signIn": {}}}).encode(), BASE)
    assert not found.has_envelope
    assert places(found.faults) == [(f"signIn.{name}", "fsi.missing") for name in ("opter_no", "mac", "ip")]


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        (b"[]", [("", "fsi.wrong_shape")]),
        (b'{"input": {}}', [("infno", "fsi.missing")]),
        (b'{"infno": 5, "input": {}}', [("infno", "fsi.missing")]),
        (b'{"infno": "3550"}', [("infno", "fsi.transaction_unknown")]),
        (b'{"infno": "2202"}', [("data", "fsi.missing")]),
    ],
)
def test_what_cannot_be_examined_further_says_why(given, faults):
    assert places(examine(given, BASE).faults) == faults


def test_an_envelope_without_a_number_names_it_once():
    assert places(examine(body(infno=""), BASE).faults) == [("infno", "fsi.missing")]


def test_an_encrypted_input_is_said_to_be_unchecked():
    found = examine(body(input="c2Vj", enc_type="SM4"), BASE)
    assert found.faults == ()
    assert places(found.warnings) == [("input", "fsi.not_checked")]


def test_what_is_no_json_raises():
    with pytest.raises(NotJsonError):
        examine(b"{", BASE)
