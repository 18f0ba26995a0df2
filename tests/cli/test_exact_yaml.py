"""YAML whose numbers are what was written."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.exact_yaml import NotYamlError, load_exact

D = Decimal


def test_values_are_what_was_written():
    tree = load_exact("{a: 0.1, b: 1_000.50, c: 12_000, d: '0.10', e: null, f: yes, g: 2026-01-02, h: [1.0e+3, 007]}")

    assert tree == {
        "a": D("0.1"),
        "b": D("1000.50"),
        "c": 12000,
        "d": "0.10",
        "e": None,
        "f": True,
        "g": date(2026, 1, 2),
        "h": [D(1000), 7],
    }
    assert type(tree["a"]) is Decimal


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4))
def test_a_decimal_comes_back_with_every_digit(number):
    assert str(load_exact(f"x: {number:f}")["x"]) == f"{number:f}"


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1:30.5", "0x1F", "1:30"])
def test_what_is_a_number_to_yaml_only_stays_text(text):
    assert load_exact(f"x: {text}") == {"x": text}


def test_anchors_and_merges_work():
    assert load_exact("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}")["b"] == {"x": 1, "y": 3}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1", "第 1 行"),
        ("x: 1\nb: 2\nx: 3", "第 3 行"),
        ("a: 1\n---\nb: 2", "第 2 行"),
        ("a: &a [*a]", "第 1 行"),
        ("a: &a {b: *a}", "第 1 行"),
        ("a: !!python/object/apply:os.system [ls]", "第 1 行"),
        ("{[1]: 2}", "第 1 行"),
        ("a: 2026-02-31", "不是可用的 YAML"),
        ("a: \x07", "不是可用的 YAML"),
        ("[" * 5000, "不是可用的 YAML"),
    ],
)
def test_what_says_no_one_thing_is_refused(text, said):
    with pytest.raises(NotYamlError) as refused:
        load_exact(text)
    assert said in refused.value.words.zh
    assert refused.value.words.en


@pytest.mark.parametrize(
    ("text", "zh"),
    [
        ("a: [1", "方括号或花括号没有闭合"),
        ("a: 'x", "引号没有闭合"),
        ("x: 1\nx: 3", "同一名称出现两次"),
        ("a:\n\tb: 1", "制表符"),
        ("a: b: c", "此处不应有冒号"),
        ("a: @x", "要加引号"),
        ("a: \x07", "控制字符"),
        ("a: &a [*a]", "引用了自身"),
        ("  a: 1\n b: 2", "缩进不一致"),
        ("!!x", "不允许的标签"),
        ("%YAML x", "语法有误"),
    ],
)
def test_the_chinese_line_has_no_english_of_the_parser(text, zh):
    with pytest.raises(NotYamlError) as refused:
        load_exact(text)
    assert zh in refused.value.words.zh
    assert "found" not in refused.value.words.zh
    assert "expected" not in refused.value.words.zh
