"""Every kind, confidence, flag and field has a name in both languages; every reason has both sentences."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import codes
from codes.classify import read_text
from codes.names import CONFIDENCE_NAMES, FIELD_NAMES, FLAG_NAMES, KIND_NAMES
from codes.reading import Confidence, Flag, Kind, Reason

MODULES = [importlib.import_module(f"codes.{found.name}") for found in pkgutil.iter_modules(codes.__path__)]
REASONS = [value for module in MODULES for value in vars(module).values() if isinstance(value, Reason)]


def test_names_are_complete():
    assert set(KIND_NAMES) == set(Kind)
    assert set(CONFIDENCE_NAMES) == set(Confidence)
    assert set(FLAG_NAMES) == set(Flag)


@pytest.mark.parametrize(
    "code",
    [
        "83857930000879766660",
        "(01)06901234567892",
        "6924561884074",
        "106141412345678908",
        "MA.156.M0.100204.13351764",
        "+A123BJC5D6E71G",
        "=A99991312345600",
        "XA01ABD075A002010100483",
        "T001700368",
        "C02010200301002034560000001",
        "86900483000019",
        "11010519491231002X",
    ],
)
def test_every_field_has_a_name(code):
    assert set(read_text(code).fields) <= set(FIELD_NAMES)


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.code)
def test_reasons_speak_both_languages(reason):
    assert any("\u4e00" <= character <= "\u9fff" for character in reason.words.zh)
    assert reason.words.zh.endswith("。")
    assert reason.words.en.endswith(".")


def test_a_reason_code_never_means_two_things():
    words = {reason.code: reason.words for reason in REASONS}

    assert all(words[reason.code] == reason.words for reason in REASONS)
