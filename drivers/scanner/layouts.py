"""Keyboard layouts, as data: what each key means on each level.

A keyboard scanner sends key positions, not characters, and picks them by the layout it is set to. The table must be
the scanner's, never the desktop's. A character that needs a dead key is typed as the dead key and a space.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

from drivers.scanner.input_event import KEY_SPACE


class Level(IntEnum):
    """Which of a key's characters is meant."""

    PLAIN = 0
    SHIFT = 1
    ALTGR = 2


class Stroke(NamedTuple):
    """One key on one level. A tuple, because it is looked up at each key press."""

    level: Level
    key: int


@dataclass(frozen=True, slots=True)
class Layout:
    """One keyboard layout."""

    name: str
    characters: Mapping[Stroke, str]
    """What each stroke means; a stroke that means nothing is missing."""
    dead: frozenset[Stroke]
    """Strokes whose character appears only with the next key."""
    strokes: Mapping[str, Stroke]
    """The other way round: the first stroke that gives a character."""

    def is_letter_key(self, key: int) -> bool:
        """Caps Lock changes this key."""
        plain = self.characters.get(Stroke(Level.PLAIN, key), "")
        return plain.isalpha() and self.characters.get(Stroke(Level.SHIFT, key)) == plain.upper()


_KEYS = (
    (41, *range(2, 14)),
    tuple(range(16, 28)),
    (*range(30, 41), 43),
    (86, *range(44, 54)),
)
"""Key codes of the four rows, left to right: digits, then the three letter rows."""

_NOTHING = "␀"
"""Written in the tables where a key means nothing on a level."""


def _layout(
    name: str, plain: tuple[str, ...], shift: tuple[str, ...], altgr: Mapping[int, str], dead: tuple[Stroke, ...]
) -> Layout:
    characters = {
        Stroke(level, key): character
        for level, rows in ((Level.PLAIN, plain), (Level.SHIFT, shift))
        for keys, row in zip(_KEYS, rows, strict=True)
        for key, character in zip(keys, row, strict=True)
        if character != _NOTHING
    }
    characters |= {Stroke(Level.ALTGR, key): character for key, character in altgr.items()}
    characters |= {Stroke(level, KEY_SPACE): " " for level in (Level.PLAIN, Level.SHIFT)}
    strokes: dict[str, Stroke] = {}
    for stroke, character in characters.items():
        strokes.setdefault(character, stroke)
    return Layout(
        name=name,
        characters=MappingProxyType(characters),
        dead=frozenset(dead),
        strokes=MappingProxyType(strokes),
    )


_US = _layout(
    "us",
    ("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'\\", "␀zxcvbnm,./"),
    ("~!@#$%^&*()_+", "QWERTYUIOP{}", 'ASDFGHJKL:"|', "␀ZXCVBNM<>?"),
    {},
    (),
)
_UK = _layout(
    "uk",
    ("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'#", "\\zxcvbnm,./"),
    ('¬!"£$%^&*()_+', "QWERTYUIOP{}", "ASDFGHJKL:@~", "|ZXCVBNM<>?"),
    {5: "€", 41: "¦"},
    (),
)
_DE = _layout(
    "de",
    ("^1234567890ß´", "qwertzuiopü+", "asdfghjklöä#", "<yxcvbnm,.-"),
    ('°!"§$%&/()=?`', "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ'", ">YXCVBNM;:_"),
    {3: "²", 4: "³", 8: "{", 9: "[", 10: "]", 11: "}", 12: "\\", 16: "@", 18: "€", 27: "~", 50: "µ", 86: "|"},
    (Stroke(Level.PLAIN, 41), Stroke(Level.PLAIN, 13), Stroke(Level.SHIFT, 13)),
)
_FR = _layout(
    "fr",
    ("²&é\"'(-è_çà)=", "azertyuiop^$", "qsdfghjklmù*", "<wxcvbn,;:!"),
    ("␀1234567890°+", "AZERTYUIOP¨£", "QSDFGHJKLM%µ", ">WXCVBN?./§"),
    {
        3: "~",
        4: "#",
        5: "{",
        6: "[",
        7: "|",
        8: "`",
        9: "\\",
        10: "^",
        11: "@",
        12: "]",
        13: "}",
        18: "€",
        27: "¤",
    },
    (
        Stroke(Level.PLAIN, 26),
        Stroke(Level.SHIFT, 26),
        Stroke(Level.ALTGR, 3),
        Stroke(Level.ALTGR, 8),
    ),
)

LAYOUTS: Mapping[str, Layout] = MappingProxyType({layout.name: layout for layout in (_US, _UK, _DE, _FR)})
"""Every layout by its name in the configuration."""
