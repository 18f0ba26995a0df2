"""Every step that is printed is a true equation: its text is parsed and worked out again, with fractions."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.examples.formula import added, least, left_of, most, number
from rules.examples.kinds import KINDS
from rules.examples.reading import read_examples
from rules.examples.running import run
from tests.rules.examples.cases_at_random import cases
from tests.rules.examples.test_files import NAMES, tree_of

D = Decimal
_TOKEN = re.compile(r"\s*(min|max|\d+(?:\.\d+)?|[-−+×÷(),])")


def worth(text: str) -> Fraction:
    """Work a formula out from what is printed, by a parser of its own."""
    tokens = _TOKEN.findall(text)
    assert "".join(tokens) == text.replace(" ", ""), text
    found, rest = _sum(tokens)
    assert not rest, text
    return found


def _sum(tokens):
    left, tokens = _product(tokens)
    while tokens and tokens[0] in "+−":
        sign, *tokens = tokens
        right, tokens = _product(tokens)
        left = left + right if sign == "+" else left - right
    return left, tokens


def _product(tokens):
    left, tokens = _atom(tokens)
    while tokens and tokens[0] in "×÷":
        sign, *tokens = tokens
        right, tokens = _atom(tokens)
        left = left * right if sign == "×" else left / right
    return left, tokens


def _atom(tokens):
    first, *tokens = tokens
    if first == "-":
        value, tokens = _atom(tokens)
        return -value, tokens
    if first not in {"(", "min", "max"}:
        return Fraction(first), tokens
    inside, tokens = [], tokens if first == "(" else tokens[1:]
    while True:
        value, tokens = _sum(tokens)
        inside.append(value)
        closing, *tokens = tokens
        if closing == ")":
            return {"(": max, "min": min, "max": max}[first](inside), tokens


def assert_true(step):
    if not step.formula:
        return
    exact, shown = worth(step.formula), D(step.result)
    half_of_the_last = Fraction(1, 2 * 10 ** -shown.as_tuple().exponent)
    assert abs(exact - Fraction(shown)) <= half_of_the_last, step.working
    assert step.is_exact == (exact == Fraction(shown)), step.working
    assert ("=" in step.working) == step.is_exact, step.working


@pytest.mark.parametrize("name", NAMES)
def test_the_steps_of_every_example_are_true(verdicts, name):
    for verdict in verdicts(tree_of(name)).values():
        for step in verdict.steps:
            assert_true(step)


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_steps_of_any_case_are_true(kind, data):
    entry = {"id": "X", "kind": kind, **data.draw(cases(kind))}
    for verdict in run(read_examples({"examples": [entry]})):
        assert verdict.problem is None, verdict.problem
        assert verdict.steps
        for step in verdict.steps:
            assert_true(step)


@pytest.mark.parametrize(
    ("formula", "text", "value"),
    [
        (number(D("4E+2")), "400", 400),
        (number(D("0.6500")), "0.65", Fraction(13, 20)),
        (number(D("-0.5")) * number(D(2)), "(-0.5) × 2", -1),
        (left_of(D(3), D(5)).or_zero(), "max(0, 3 − 5)", 0),
        (left_of(D(5), D(3)).or_zero(), "5 − 3", 2),
        (left_of(D(0), D("-1")), "0 − (-1)", 1),
        (number(D(1)) / (number(D(2)) / number(D(3))), "1 ÷ (2 ÷ 3)", Fraction(3, 2)),
        (number(D(1)) - added(D(2), D(3)), "1 − (2 + 3)", -4),
        (least(number(D(1))), "1", 1),
        (most(number(D(1)), left_of(D(9), D(2))), "max(1, 9 − 2)", 7),
    ],
)
def test_a_formula_is_worth_what_it_says(formula, text, value):
    assert (formula.text, formula.value, worth(formula.text)) == (text, value, value)
