"""docs/codes.md cannot drift: its examples run, and it names every kind, flag, field and reason."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest

import codes
from codes.as_json import reading_record
from codes.classify import read_text
from codes.names import FIELD_NAMES
from codes.reading import Flag, Kind, Reason

PAGE = (Path(__file__).parents[2] / "docs" / "codes.md").read_text("utf-8")
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
MODULES = [importlib.import_module(f"codes.{found.name}") for found in pkgutil.iter_modules(codes.__path__)]
REASONS = {value.code: value for module in MODULES for value in vars(module).values() if isinstance(value, Reason)}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: repr(example["scan"]))
def test_examples_are_true(example):
    record = dict(reading_record(read_text(example["scan"], example.get("symbology"))))
    record["candidates"] = [[found["kind"], found["value"]] for found in record["candidates"]]
    record["reasons"] = [reason["code"] for reason in record["reasons"]]
    expected = {name: value for name, value in example.items() if name not in {"scan", "symbology"}}

    assert {name: record[name] for name in expected} == expected
    assert record["candidates"] == example.get("candidates", [])


def test_there_is_an_example_of_every_kind():
    assert {example["kind"] for example in EXAMPLES} == {kind.value for kind in Kind}


@pytest.mark.parametrize("name", [*Flag, *FIELD_NAMES])
def test_names_every_flag_and_field(name):
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS)
def test_lists_every_reason_with_its_words(reason):
    assert f"| `{reason.code}` | {reason.words.zh} | {reason.words.en} |" in PAGE


def test_lists_no_reason_that_is_gone():
    listed = set(re.findall(r"^\| `([a-z0-9_]+(?:\.[a-z0-9_]+)?)` \| [^|]*。 \|", PAGE, re.MULTILINE))

    assert listed == set(REASONS)
