"""Whole files: published examples, and every form that a file may take."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from pathlib import Path

import pytest

from cli.exact_yaml import load_exact

FOLDER = Path(__file__).parents[2] / "fixtures" / "settlement_examples"
GOOD = {"id": "good", "kind": "simple", "inputs": {"amount": 1, "rate": 1}, "expected": 1}
NAMES = ("published.yaml", "other_forms.yaml", "fractions.yaml")


def tree_of(name: str):
    return load_exact((FOLDER / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_every_case_passes_and_shows_how(verdicts, name):
    found = verdicts(tree_of(name))

    assert [verdict.label for verdict in found.values() if not verdict.is_passed] == []
    assert all(verdict.steps for verdict in found.values() if "aggregate" not in verdict.label)


def test_every_kind_occurs_in_every_file():
    kinds = [
        {entry["kind"] for section in ("examples", "dip", "drg") for entry in tree_of(name)[section]} for name in NAMES
    ]

    assert kinds[0] == kinds[1] == kinds[2]


def _numbers(value, path=()):
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _numbers(one, (*path, key))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _numbers(one, (*path, place))
    elif isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        yield path


def _expected_numbers(tree):
    for path in _numbers(tree):
        if any(str(key).startswith(("expected", "aggregate")) for key in path):
            yield path


def _entries(name):
    tree = tree_of(name)
    for section in ("examples", "dip", "drg"):
        yield from ((section, entry) for entry in tree[section])


def _changed(entry, path, change):
    changed = deepcopy(entry)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = change(place[path[-1]])
    return changed


@pytest.mark.parametrize("name", NAMES)
def test_no_expected_number_can_be_a_fen_off_and_pass(verdicts, name):
    """Each is changed by itself; those that a file states, and nobody can work out, are the exception."""
    stated = {"people", "total_subsidy"} if name == "published.yaml" else {"people", "total_subsidy", "subsidy"}
    unmoved = {
        path[-1]
        for section, entry in _entries(name)
        for path in _expected_numbers(entry)
        for changed in [_changed(entry, path, lambda number: number + Decimal("0.01"))]
        if all(verdict.is_passed for verdict in verdicts({section: [changed]}).values())
    }
    assert unmoved <= stated


ODD = (
    "x",
    "",
    None,
    [],
    {},
    [1],
    {"a": 1},
    [{}],
    -1,
    10**40,
    True,
    Decimal("NaN"),
    Decimal("1E-30"),
    Decimal("1E+400"),
)


def _places(value, path=()):
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in children:
        yield from _places(one, (*path, key))


@pytest.mark.parametrize("name", NAMES[:2])
def test_whatever_stands_in_a_place_its_case_fails_or_passes_and_nothing_breaks(verdicts, name):
    turn = 0
    for section, entry in _entries(name):
        for path in filter(None, _places(entry)):
            for odd in ODD[turn % 4 :: 4]:
                changed = _changed(entry, path, lambda _, odd=odd: odd)
                assert verdicts({section: [changed, GOOD]})["good"].is_passed
            turn += 1
