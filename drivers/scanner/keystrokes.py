"""Key presses of one scanner into scans. Pure.

Reads key positions, so neither the desktop's layout, nor its Caps Lock, nor an input method can change a code. What
the device does on its own account is undone (its layout, its Shift and Caps Lock, a group separator typed as
Alt+029, Ctrl+] or the Down arrow) or marked: a key that means nothing leaves a gap in the scan rather than vanish.
"""

from __future__ import annotations

from codes.reading import Flag, Scan
from drivers.scanner import input_event as keys
from drivers.scanner.decoder import GAP, MAX_SCAN_BYTES, TRUST_IN_SUFFIX, split_aim
from drivers.scanner.layouts import Layout
from drivers.scanner.pace import Pace
from drivers.scanner.spec import KeyboardSpec, KeySuffix
from drivers.scanner.typewriter import Typewriter

_GS = b"\x1d"
_ENDS = {
    KeySuffix.ENTER: frozenset({b"\r", b"\n"}),
    KeySuffix.TAB: frozenset({b"\t"}),
    KeySuffix.ANY: frozenset({b"\r", b"\n", b"\t"}),
}


class KeyDecoder:
    """Reads the `input_event` records of one keyboard scanner."""

    def __init__(self, spec: KeyboardSpec, layout: Layout) -> None:
        self._spec = spec
        self._ends = _ENDS[spec.suffix]
        self._records = keys.RecordReader()
        self._typewriter = Typewriter(layout, spec.gs)
        self._pace = Pace(spec.hand_pace_s, spec.silence_s)
        self._text = bytearray()
        self._has_gap = False
        self._is_deaf = False
        """The kernel lost events; those up to the next report are not to be trusted."""
        self._is_suffix_known = spec.suffix is not KeySuffix.ANY
        self._last = 0.0
        self._unterminated = 0

    @property
    def deadline(self) -> float | None:
        return self._last + self._patience_s if self._pace.has_begun or self._text else None

    @property
    def unfinished_bytes(self) -> int:
        return len(self._text)

    @property
    def unterminated(self) -> int:
        return self._unterminated

    @property
    def _patience_s(self) -> float:
        expects_suffix = self._is_suffix_known and len(self._text) <= MAX_SCAN_BYTES
        return self._pace.silence_s * (TRUST_IN_SUFFIX if expects_suffix else 1)

    def feed(self, chunk: bytes, now: float) -> list[Scan]:
        self._last = now
        scans: list[Scan] = []
        for time_s, kind, code, value in self._records.feed(chunk):
            if kind == keys.EV_KEY and not self._is_deaf:
                scans += self._key(time_s, code, value)
            elif kind == keys.EV_SYN:
                self._report(code)
        return scans

    def silence(self, now: float) -> list[Scan]:
        self._last = now
        scans = self._end()
        self._unterminated += len(scans)
        return scans

    def _report(self, code: int) -> None:
        if code == keys.SYN_DROPPED:
            self._is_deaf = True
            self._typewriter.let_go()
            self._type(None)
        elif code == keys.SYN_REPORT:
            self._is_deaf = False

    def _key(self, time_s: float, code: int, value: int) -> list[Scan]:
        if value != keys.PRESSED:
            if value == keys.RELEASED:
                self._type(self._typewriter.release(code))
            return []
        scans = self.silence(self._last) if self._pace.pause_before(time_s) >= self._patience_s else []
        typed = self._typewriter.press(code)
        if typed and typed[-1:] in self._ends:
            self._type(typed[:-1])
            self._is_suffix_known = True
            return scans + self._end()
        if not self._typewriter.is_silent(code):
            self._pace.press(time_s)
        self._type(typed)
        return scans

    def _type(self, typed: bytes | None) -> None:
        if typed is None:
            self._has_gap = True
            typed = GAP
        if len(self._text) <= MAX_SCAN_BYTES:
            self._text += typed

    def _end(self) -> list[Scan]:
        self._type(self._typewriter.finish())
        raw = bytes(self._text)
        noticed = (
            (Flag.TYPED, self._pace.is_by_hand),
            (Flag.UNDECODABLE, self._has_gap),
            (Flag.TOO_LONG, len(raw) > MAX_SCAN_BYTES),
        )
        self._text.clear()
        self._has_gap = False
        self._pace.restart()
        if not raw:
            return []
        if self._spec.invert_case:
            raw = raw.swapcase()
        symbology, code = split_aim(raw[:MAX_SCAN_BYTES], self._spec.aim)
        flags = tuple(flag for flag, is_set in noticed if is_set)
        stand_in = self._spec.gs_stand_in.encode("ascii")
        if stand_in and stand_in in code:
            code, flags = code.replace(stand_in, _GS), (*flags, Flag.GS_SUBSTITUTE)
        return [Scan(raw=code, symbology=symbology, source=self._spec.device, flags=flags)]
