"""Keystrokes as characters, each with the way it was typed. Pure.

The driver (`drivers.scanner.keystrokes`) wants the code and undoes how it came; a set-up wants to see how it came. A
key that means nothing stays visible: it may be the one by which the device shows the group separator.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drivers.scanner import input_event as keys
from drivers.scanner.bursts import Burst
from drivers.scanner.layouts import Layout
from drivers.scanner.spec import GsKey
from drivers.scanner.typewriter import Typewriter

_NAMELESS = 0xE000
"""Keys without a character stand as this and their key code: private use, which no device types."""
_KEY_NAMES = {keys.KEY_DOWN: "down", keys.KEY_F8: "f8"}
_CTRLS = frozenset({keys.KEY_LEFTCTRL, keys.KEY_RIGHTCTRL})


class Way(StrEnum):
    """How a character was typed."""

    KEY = "key"
    """By a key of the main block."""
    KEYPAD = "keypad"
    ALT = "alt"
    """By Alt and a number."""
    CTRL = "ctrl"
    """By Ctrl and a key."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What one burst of keys typed."""

    text: str
    ways: tuple[Way, ...]
    """Of each character of the text."""
    has_caps_lock: bool
    """The device pressed Caps Lock itself."""


def key_name(character: str) -> str | None:
    """Return the name of a key that has no character; None for a character."""
    code = ord(character) - _NAMELESS
    return None if not 0 <= code < _NAMELESS else _KEY_NAMES.get(code, f"key {code}")


def see_typing(burst: Burst, layout: Layout) -> Typed:
    """Return what the keys of `burst` type in `layout`."""
    typewriter = Typewriter(layout, GsKey.STANDARD)
    characters: list[tuple[str, Way]] = []
    held: set[int] = set()
    has_caps_lock = False
    for _, kind, code, value in keys.RecordReader().feed(b"".join(burst)):
        if kind != keys.EV_KEY:
            continue
        if value == keys.RELEASED:
            held.discard(code)
            characters += _as_text(typewriter.release(code), code, Way.ALT)
        elif value == keys.PRESSED:
            held.add(code)
            has_caps_lock |= code == keys.KEY_CAPSLOCK
            characters += _as_text(typewriter.press(code), code, _way(code, held))
    characters += _as_text(typewriter.finish(), 0, Way.KEY)
    return Typed("".join(text for text, _ in characters), tuple(way for _, way in characters), has_caps_lock)


def _way(code: int, held: set[int]) -> Way:
    if code in keys.KEYPAD:
        return Way.KEYPAD
    return Way.CTRL if held & _CTRLS else Way.KEY


def _as_text(typed: bytes | None, code: int, way: Way) -> list[tuple[str, Way]]:
    text = chr(_NAMELESS + code) if typed is None else typed.decode("utf-8", "replace")
    return [(character, way) for character in text]
