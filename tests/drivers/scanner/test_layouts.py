"""The tables of keyboard layouts are complete and say what is printed on the keys."""

from __future__ import annotations

import string

import pytest

from drivers.scanner.layouts import LAYOUTS, Level, Stroke


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_can_type_every_printable_ascii_character(layout):
    wanted = set(string.ascii_letters + string.digits + string.punctuation + " ")
    assert wanted <= set(layout.strokes)


@pytest.mark.parametrize(
    ("name", "level", "key", "character"),
    [
        ("us", Level.PLAIN, 16, "q"),
        ("us", Level.SHIFT, 3, "@"),
        ("us", Level.PLAIN, 27, "]"),
        ("us", Level.PLAIN, 43, "\\"),
        ("uk", Level.SHIFT, 3, '"'),
        ("uk", Level.SHIFT, 40, "@"),
        ("uk", Level.PLAIN, 43, "#"),
        ("uk", Level.PLAIN, 86, "\\"),
        ("de", Level.PLAIN, 21, "z"),
        ("de", Level.PLAIN, 44, "y"),
        ("de", Level.SHIFT, 8, "/"),
        ("de", Level.ALTGR, 16, "@"),
        ("de", Level.PLAIN, 53, "-"),
        ("fr", Level.PLAIN, 16, "a"),
        ("fr", Level.PLAIN, 2, "&"),
        ("fr", Level.SHIFT, 2, "1"),
        ("fr", Level.PLAIN, 50, ","),
        ("fr", Level.PLAIN, 39, "m"),
        ("fr", Level.ALTGR, 11, "@"),
    ],
)
def test_keys_bear_what_is_printed_on_them(name, level, key, character):
    assert LAYOUTS[name].characters[Stroke(level, key)] == character


def test_caps_lock_turns_letters_only():
    assert LAYOUTS["fr"].is_letter_key(39)
    assert not LAYOUTS["us"].is_letter_key(39)
    assert not LAYOUTS["us"].is_letter_key(2)
    assert not LAYOUTS["us"].is_letter_key(200)
