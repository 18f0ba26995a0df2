"""Whatever the parser of Python refuses is explained in Chinese, with its line or the end of the file."""

from __future__ import annotations

import tomllib

import pytest

from codes.words import Words
from web.toml_faults import toml_fault


@pytest.mark.parametrize(
    ("text", "line", "zh"),
    [
        ("a = [", None, "没有写完"),
        ("a = [1", None, "列表没有写完"),
        ("a = {b = 1", None, "内联表没有写完"),
        ('a = "', None, "缺少结尾的引号"),
        ('a = "x\nb = 1', 1, "不允许的字符"),
        ("a = '''", None, "引号没有成对"),
        ("\na = = 1", 2, "值有误"),
        ("a", None, "缺少“=”"),
        ("[a\nb = 1", 1, "缺少“]”"),
        ("[[a]\n", 1, "缺少“]”"),
        ("a = 1 b = 2", 1, "一行只能写一项"),
        ("= 1", 1, "不是有效的写法"),
        ("a. = 1", 1, "选项名"),
        ('a = "C:\\d"', 1, "“\\\\”"),
        ('a = "\\uzzzz"', 1, "十六进制"),
        ('a = "\\ud800"', 1, "不是字符"),
        ("a = 1 # \x00", 1, "不允许的字符"),
        ("a = 2026-02-31", 1, "日期"),
        ("[a]\n[a]", 2, "同一个表写了两次"),
        ("a = 1\na = 2\n", 2, "同一个选项写了两次"),
        ("a = {b = 1, b = 2}", 1, "同一个选项写了两次"),
        ("a = {}\na.b = 1\n", 2, "冲突"),
    ],
)
def test_a_fault_has_its_place_and_a_chinese_cause(text: str, line: int | None, zh: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    found, words = toml_fault(str(caught.value))
    assert (found, zh in words.zh) == (line, True), words.zh
    assert words.en in str(caught.value)


def test_a_message_that_nobody_knows_is_passed_on_as_it_is() -> None:
    assert toml_fault("something new") == (None, Words("写法有误", "something new"))
