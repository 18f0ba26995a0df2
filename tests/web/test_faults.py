"""What pydantic refuses is said in our words: wholly in Chinese for a Chinese reader."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, get_args
from uuid import UUID

import pytest
from pydantic import AwareDatetime, Field, HttpUrl, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, core_schema

from web.faults import place_of, words_of

TECHNICAL = {"JSON", "UUID", "UTF", "true", "false"}


def refused(kind: object, value: object, *, is_json: bool = False) -> ErrorDetails:
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    with pytest.raises(ValidationError) as caught:
        adapter.validate_json(str(value)) if is_json else adapter.validate_python(value)
    return caught.value.errors()[0]


@pytest.mark.parametrize(
    ("kind", "value", "zh", "en"),
    [
        (int, "many", "应为整数", "should be a whole number"),
        (int, 1.5, "应为整数", "should be a whole number"),
        (int, "9" * 5000, "数字过大", "is too large a number"),
        (Annotated[int, Field(gt=0)], 0, "应大于 0", "should be greater than 0"),
        (Annotated[int, Field(ge=1)], 0, "应不小于 1", "should be 1 or more"),
        (Annotated[int, Field(lt=9)], 9, "应小于 9", "should be less than 9"),
        (Annotated[int, Field(le=9)], 10, "应不大于 9", "should be 9 or less"),
        (float, "x", "应为数字", "should be a number"),
        (Decimal, "x", "应为数字", "should be a number"),
        (
            Annotated[Decimal, Field(decimal_places=2)],
            "1.234",
            "最多只能有 2 位小数",
            "should have 2 decimals or fewer",
        ),
        (bool, "perhaps", "应为 true 或 false", "should be true or false"),
        (str, 5, "应为文字", "should be text"),
        (Annotated[str, Field(min_length=2)], "a", "至少应有 2 个字符", "should have 2 characters or more"),
        (Annotated[str, Field(max_length=2)], "abc", "最多只能有 2 个字符", "should have 2 characters or fewer"),
        (Annotated[str, Field(pattern="^[0-9]{6}$")], "b", "应为 6 位数字", "should be six digits"),
        (Annotated[str, Field(pattern="^a$")], "b", "不符合要求", "does not fit"),
        (Literal["a", "b", "c"], "d", "应为 'a'、'b'、'c' 之一", "should be 'a', 'b' or 'c'"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "最多只能有 1 项", "should have 1 entries or fewer"),
        (list[int], 5, "应为列表", "should be a list"),
        (dict[str, int], 5, "应为一组键与值", "should be a group of keys and values"),
        (date, "x", "应为日期", "should be a date"),
        (datetime, "x", "应为日期和时间", "should be a date and time"),
        (AwareDatetime, "2026-01-01T00:00:00", "应注明时区", "should have a time zone"),
        (UUID, "x", "应为 UUID", "should be a UUID"),
        (HttpUrl, "x", "应为完整的网址", "should be a full address"),
    ],
)
def test_a_fault_says_what_is_wanted(kind: object, value: object, zh: str, en: str) -> None:
    words = words_of(refused(kind, value))
    assert (words.zh, words.en) == (zh, en)


@pytest.mark.parametrize("kind", get_args(core_schema.ErrorType))
def test_no_fault_that_pydantic_knows_is_told_in_english_to_a_chinese_reader(kind: str) -> None:
    context = dict.fromkeys(
        ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern", "expected", "expected_schemes",
         "decimal_places", "max_digits"), 1,
    )  # fmt: skip
    words = words_of({"type": kind, "loc": (), "msg": "Input should be", "input": "secret", "ctx": context})
    assert set(re.findall(r"[A-Za-z]+", words.zh)) <= TECHNICAL
    assert re.search(r"[\u4e00-\u9fff]", words.zh)
    assert "secret" not in str(words)
    assert not re.search(r"[\u4e00-\u9fff]", words.en)


def test_a_fault_of_our_own_checks_does_not_tell_their_english_text_in_chinese() -> None:
    words = words_of({"type": "value_error", "loc": (), "msg": "x", "input": 1, "ctx": {"error": ValueError("why")}})
    assert words.zh == "不符合要求"


@pytest.mark.parametrize(
    ("kind", "loc", "zh", "en"),
    [
        ("missing", ("body", "lines", 0, "code"), "lines.0.code", "lines.0.code"),
        ("int_parsing", ("query", "limit"), "limit", "limit"),
        ("missing", ("body",), "请求内容", "the body"),
        ("json_invalid", ("body", 12), "请求内容", "the body"),
    ],
)
def test_a_fault_has_a_place(kind: str, loc: tuple[str | int, ...], zh: str, en: str) -> None:
    place = place_of({"type": kind, "loc": loc, "msg": "", "input": None})
    assert (place.zh, place.en) == (zh, en)
