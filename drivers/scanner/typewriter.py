"""What the keys of one keyboard type: modifiers, dead keys, Caps Lock and Alt numbers. Pure."""

from __future__ import annotations

from drivers.scanner import input_event as keys
from drivers.scanner.layouts import Layout, Level, Stroke
from drivers.scanner.spec import GsKey

_GS = b"\x1d"
_SHIFTS = frozenset({keys.KEY_LEFTSHIFT, keys.KEY_RIGHTSHIFT})
_CTRLS = frozenset({keys.KEY_LEFTCTRL, keys.KEY_RIGHTCTRL})
_METAS = frozenset({keys.KEY_LEFTMETA, keys.KEY_RIGHTMETA})
_MODIFIERS = _SHIFTS | _CTRLS | _METAS | {keys.KEY_LEFTALT, keys.KEY_RIGHTALT}
_LOCKS = frozenset({keys.KEY_CAPSLOCK, keys.KEY_NUMLOCK, keys.KEY_SCROLLLOCK})
_SAME_EVERYWHERE = {
    keys.KEY_ENTER: b"\r",
    keys.KEY_KPENTER: b"\r",
    keys.KEY_TAB: b"\t",
} | {key: sign.encode() for key, sign in (keys.KEYPAD | keys.KEYPAD_SIGNS).items()}
"""Keys that type the same in every layout and on every level."""
_GS_KEYS = {GsKey.DOWN: keys.KEY_DOWN, GsKey.F8: keys.KEY_F8}
_CONTROL_KEYS = "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"
"""Characters that Ctrl turns into the control characters 0 to 31."""
_TOO_MANY_DIGITS = 10
"""No character has such a number: whoever leans on a keypad with Alt held has typed nothing we can read."""
_ONE_BYTE, _TWO_BYTES = 0xFF, 0xFFFF


class Typewriter:
    """Follows the keys of one device.

    `press` and `release` return the bytes that were typed, or None for a key that means nothing here.
    """

    def __init__(self, layout: Layout, gs: GsKey) -> None:
        self._layout = layout
        self._gs = gs
        self._held: set[int] = set()
        self._caps = False
        """The device pressed Caps Lock itself; the host's light is of no interest."""
        self._alt_digits = ""
        self._dead = ""
        """Character of a dead key that waits for the next key."""

    @staticmethod
    def is_silent(code: int) -> bool:
        """Tell whether a key only changes what others type."""
        return code in _MODIFIERS or code in _LOCKS

    def press(self, code: int) -> bytes | None:
        """Take a key going down."""
        if code in _MODIFIERS:
            self._held.add(code)
            return b""
        if code in _LOCKS:
            self._caps ^= code == keys.KEY_CAPSLOCK
            return b""
        if self._is_alt and code in keys.KEYPAD:
            self._alt_digits = (self._alt_digits + keys.KEYPAD[code])[:_TOO_MANY_DIGITS]
            return b""
        return None if self._held & _METAS else self._typed(code)

    def release(self, code: int) -> bytes | None:
        """Take a key going up: letting go of Alt types the character whose number was entered."""
        self._held.discard(code)
        if code != keys.KEY_LEFTALT or not self._alt_digits:
            return b""
        digits, self._alt_digits = self._alt_digits, ""
        if len(digits) == _TOO_MANY_DIGITS:
            return None
        number = int(digits)
        if number <= _ONE_BYTE:
            return bytes([number])
        # As Windows has it in Chinese: above one byte the number is a GB 18030 double byte.
        return number.to_bytes(2, "big") if number <= _TWO_BYTES else None

    def finish(self) -> bytes:
        """Return what still waits for a next key."""
        waited, self._dead = self._dead, ""
        return waited.encode()

    def let_go(self) -> None:
        """Forget which keys are held: events were lost."""
        self._held.clear()
        self._alt_digits = ""

    @property
    def _is_alt(self) -> bool:
        return keys.KEY_LEFTALT in self._held

    @property
    def _is_ctrl(self) -> bool:
        return bool(self._held & _CTRLS)

    def _typed(self, code: int) -> bytes | None:
        if code in _SAME_EVERYWHERE:
            return self.finish() + _SAME_EVERYWHERE[code]
        if code in _GS_KEYS.values():
            return self._named(code)
        if self._is_ctrl == self._is_alt:
            return self._by_layout(code)
        return self._control(code) if self._is_ctrl else None

    def _named(self, code: int) -> bytes | None:
        """Take a key by which some scanners show the group separator."""
        if code == _GS_KEYS.get(self._gs):
            return self.finish() + _GS
        return b"" if self._gs is GsKey.DROPPED and code == keys.KEY_DOWN else None

    def _by_layout(self, code: int) -> bytes | None:
        stroke = Stroke(self._level(code), code)
        character = self._layout.characters.get(stroke)
        if character is None:
            return None
        waited = self.finish()
        if stroke in self._layout.dead:
            self._dead = character
            return waited
        return waited if waited and code == keys.KEY_SPACE else waited + character.encode()

    def _control(self, code: int) -> bytes | None:
        character = self._layout.characters.get(Stroke(self._level(code), code), "").upper()
        if character and character in _CONTROL_KEYS:
            return bytes([_CONTROL_KEYS.index(character)])
        # Where the layout has ] elsewhere, scanners still press the key that bears it on a US keyboard.
        return _GS if code == keys.KEY_RIGHTBRACE else None

    def _level(self, code: int) -> Level:
        if keys.KEY_RIGHTALT in self._held or (self._is_ctrl and self._is_alt):
            return Level.ALTGR
        is_shifted = bool(self._held & _SHIFTS)
        is_turned = self._caps and self._layout.is_letter_key(code)
        return Level.SHIFT if is_shifted != is_turned else Level.PLAIN
