"""The key presses by which a keyboard scanner types a code. Pure; the reverse of `drivers.scanner.typewriter`.

Simulated scanners type with it, and the self-test asks it what a wrongly set scanner would have typed.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from drivers.scanner import input_event as keys
from drivers.scanner.layouts import Layout, Level

Action = tuple[int, int]
"""Key code and value: 1 down, 0 up."""
Stroke = list[Action]
"""The actions that type one character."""

_GS = 0x1D
_KEYPAD_KEYS = {digit: key for key, digit in keys.KEYPAD.items()}
_LEVEL_KEYS = {Level.SHIFT: keys.KEY_LEFTSHIFT, Level.ALTGR: keys.KEY_RIGHTALT}
_FIRST_PRINTABLE = 0x20


class GsTyping(StrEnum):
    """How the scanner is set to type a group separator."""

    ALT_029 = "alt_029"
    CTRL_BRACKET = "ctrl_bracket"
    DOWN = "down"
    F8 = "f8"
    DROPPED = "dropped"


class Manner(StrEnum):
    """Which keys the scanner is set to use for characters."""

    KEYS = "keys"
    """The main block, by its layout."""
    KEYPAD = "keypad"
    """The keypad for digits, the main block for the rest."""
    ALT = "alt"
    """Alt and a number for every character."""


class EndKey(StrEnum):
    """The key that follows the code."""

    ENTER = "enter"
    KEYPAD_ENTER = "keypad_enter"
    TAB = "tab"


END_KEYS = {
    EndKey.ENTER: keys.KEY_ENTER,
    EndKey.KEYPAD_ENTER: keys.KEY_KPENTER,
    EndKey.TAB: keys.KEY_TAB,
}


_GS_KEYS = {GsTyping.DOWN: keys.KEY_DOWN, GsTyping.F8: keys.KEY_F8}


def type_code(code: bytes, layout: Layout, gs: GsTyping, manner: Manner = Manner.KEYS) -> Iterator[Stroke]:
    """Yield the strokes for each byte of `code`."""
    for byte in code:
        if byte == _GS:
            yield _group_separator(gs)
        elif manner is Manner.ALT:
            yield _alt_number(f"0{byte:03d}")
        elif manner is Manner.KEYPAD and chr(byte) in _KEYPAD_KEYS:
            yield tap(_KEYPAD_KEYS[chr(byte)])
        else:
            yield _character(byte, layout)


def tap(key: int, *held: int) -> Stroke:
    """Press and release a key, with others held down meanwhile."""
    downs = [(other, keys.PRESSED) for other in held]
    ups = [(other, keys.RELEASED) for other in reversed(held)]
    return [*downs, (key, keys.PRESSED), (key, keys.RELEASED), *ups]


def _group_separator(gs: GsTyping) -> Stroke:
    if gs is GsTyping.ALT_029:
        return _alt_number("029")
    if gs is GsTyping.CTRL_BRACKET:
        return tap(keys.KEY_RIGHTBRACE, keys.KEY_LEFTCTRL)
    return tap(_GS_KEYS[gs]) if gs in _GS_KEYS else []


def _character(byte: int, layout: Layout) -> Stroke:
    stroke = layout.strokes.get(chr(byte)) if byte < 0x80 else None  # noqa: PLR2004 - the end of ASCII
    if byte < _FIRST_PRINTABLE or stroke is None:
        return _alt_number(f"0{byte:03d}")
    held = (_LEVEL_KEYS[stroke.level],) if stroke.level in _LEVEL_KEYS else ()
    typed = tap(stroke.key, *held)
    return typed + tap(keys.KEY_SPACE) if stroke in layout.dead else typed


def _alt_number(digits: str) -> Stroke:
    taps = [action for digit in digits for action in tap(_KEYPAD_KEYS[digit])]
    return [(keys.KEY_LEFTALT, keys.PRESSED), *taps, (keys.KEY_LEFTALT, keys.RELEASED)]
