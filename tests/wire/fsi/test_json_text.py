"""JSON that arrives: exact numbers, and the place of what is wrong."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.fsi.json_text import NotJsonError, decode_json, encode_json


def test_a_number_with_a_point_is_exact():
    assert decode_json(b'\xef\xbb\xbf{"a": 0.10, "b": 3}') == {"a": Decimal("0.10"), "b": 3}
    assert str(decode_json(b"0.1000000000000000055511151231257827")) == "0.1000000000000000055511151231257827"


def test_a_number_is_written_as_it_is():
    assert encode_json({"a": Decimal("0.10"), "b": "中"}) == '{"a":0.10,"b":"中"}'.encode()


@pytest.mark.parametrize(
    "text", ["[" * 64 + "]" * 64, '["' + "[" * 99 + '"]', '["\\"' + "{" * 99 + '"]', "[" + "[]," * 99 + "1]"]
)
def test_brackets_side_by_side_or_inside_a_text_are_not_deep(text):
    assert decode_json(text.encode())


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("{\n  x}", 2, 3, "JSON"),
        ('{"名": x}', 1, 7, "JSON"),
        ('{"a": "中', 1, 9, "JSON"),
        ("", 1, 1, "没有内容"),
        ("9" * 5000, 1, 5001, "JSON"),
        ("[" * 5000, 1, 65, "嵌套超过 64 层"),
        ('{"a":\n' * 65 + "1" + "}" * 65, 65, 1, "嵌套超过 64 层"),
        ("NaN", 1, 1, "JSON"),
        ('["\\ud800"]', 1, 11, "JSON"),
    ],
)
def test_what_is_wrong_has_its_place(text, line, column, said):
    with pytest.raises(NotJsonError) as refused:
        decode_json(text.encode())
    assert (refused.value.line, refused.value.column) == (line, column)
    assert said in refused.value.words.zh


def test_what_is_not_utf8_is_called_so():
    with pytest.raises(NotJsonError) as refused:
        decode_json('{"a":\n"中文"}'.encode("gb18030"))
    assert (refused.value.line, refused.value.column) == (2, 2)
    assert "UTF-8" in refused.value.words.zh


@given(st.binary(max_size=40))
def test_no_bytes_break_the_decoder(raw):
    assert place_of_fault(raw) >= (1, 1)


def place_of_fault(raw: bytes) -> tuple[int, int]:
    try:
        decode_json(raw)
    except NotJsonError as exc:
        return exc.line, exc.column
    return (1, 1)
