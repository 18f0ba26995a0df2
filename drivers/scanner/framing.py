"""Bytes from a serial line into scans.

A scan ends at the suffix that the device is known to send. Where the configuration leaves that open, CR or LF ends
it at once, and what stands before the first silence shows which suffix the device uses. A suffix that never comes
is replaced by silence. Two scans with nothing between them are passed on as one, whole: taking them apart needs to
know codes, and that is not known here.
"""

from __future__ import annotations

import re

from codes.reading import Flag, Scan
from drivers.scanner.decoder import MAX_SCAN_BYTES, TRUST_IN_SUFFIX, split_aim
from drivers.scanner.spec import SerialSpec, Suffix

_GS = b"\x1d"
_STX = b"\x02"
_BYTES_OF = {
    Suffix.CRLF: b"\r\n",
    Suffix.CR: b"\r",
    Suffix.LF: b"\n",
    Suffix.TAB: b"\t",
    Suffix.ETX: b"\x03",
}
"""Longest first: a tail of CR LF must not be taken for LF."""

_LINE_END = re.compile(rb"\r\n|\r|\n")
_NEVER = re.compile(rb"(?!)")
_LONGEST_SUFFIX = 2
_Piece = tuple[bytes, bytes]
"""What stands before an end, and the same with its end."""


class LineDecoder:
    """Cuts the bytes of one serial scanner into scans."""

    def __init__(self, spec: SerialSpec) -> None:
        self._spec = spec
        self._learns = spec.suffix is Suffix.AUTO
        self._suffix = b""
        self._ends = _LINE_END if self._learns else _NEVER
        if spec.suffix in _BYTES_OF:
            self._use(_BYTES_OF[spec.suffix])
        self._waiting = b""
        self._tail = b""
        self._is_dropping = False
        """The scan at hand was too long and has been passed on; its rest is dropped."""
        self._last = 0.0
        self._unterminated = 0

    @property
    def deadline(self) -> float | None:
        return self._last + self._patience_s if self._waiting or self._is_dropping else None

    @property
    def unfinished_bytes(self) -> int:
        return len(self._waiting)

    @property
    def unterminated(self) -> int:
        return self._unterminated

    @property
    def _patience_s(self) -> float:
        expects_suffix = bool(self._suffix) and not self._is_dropping
        return self._spec.silence_s * (TRUST_IN_SUFFIX if expects_suffix else 1)

    @property
    def _may_go_on(self) -> bool:
        """Whether bytes that were read after the silence belong to what waits.

        Whoever reads looks when the silence is due. Bytes that are there by then came while he was held up, nobody
        knows when: where codes end with a suffix, two that stand as one are refused, half a code may pass for another.
        """
        may_have_suffix = bool(self._suffix) or (self._learns and not self._unterminated)
        return bool(self._waiting) and may_have_suffix and not self._is_dropping

    def feed(self, chunk: bytes, now: float) -> list[Scan]:
        is_over = now - self._last >= self._patience_s
        before = self.silence(now) if is_over and not self._may_go_on else []
        self._last = now
        self._tail = (self._tail + chunk)[-_LONGEST_SUFFIX:]
        *lines, (self._waiting, _) = self._cut(self._waiting + chunk)
        if lines and self._is_dropping:
            del lines[0]
            self._is_dropping = False
        return before + self._scans(lines) + self._too_long()

    def silence(self, now: float) -> list[Scan]:
        self._last = now
        ended_as_expected = self._learn()
        line, self._waiting, self._tail = self._waiting, b"", b""
        if self._is_dropping:
            self._is_dropping = False
            return []
        # What was cut by another suffix until now, or by none, may hold several codes, each ended by the right one.
        scans = self._scans(self._cut(line) if ended_as_expected else [(line, line)])
        self._unterminated += bool(scans) and not ended_as_expected and self._spec.suffix is not Suffix.NONE
        return scans

    def _learn(self) -> bool:
        """Take the suffix from what stood last before a silence; tell whether anything ended there."""
        if not self._learns:
            return False
        ending = next((end for end in _BYTES_OF.values() if self._tail.endswith(end)), None)
        if ending is not None:
            self._use(ending)
        return ending is not None

    def _use(self, suffix: bytes) -> None:
        self._suffix = suffix
        self._ends = re.compile(re.escape(suffix))

    def _cut(self, received: bytes) -> list[_Piece]:
        """Return the pieces that end, each with its end, and last what stands behind them."""
        pieces, start = [], 0
        for end in self._ends.finditer(received):
            pieces.append((received[start : end.start()], received[start : end.end()]))
            start = end.end()
        return [*pieces, (received[start:], received[start:])]

    def _scans(self, pieces: list[_Piece]) -> list[Scan]:
        stripped = ((self._without_affixes(line), frame) for line, frame in pieces)
        return [self._scan(line, frame) for line, frame in stripped if line]

    def _without_affixes(self, line: bytes) -> bytes:
        if self._learns:
            # Of a suffix learnt only in part (CR of CR LF), the other part stands before the next code.
            line = line.strip(b"\r\n")
        return line.removeprefix(_STX) if self._suffix == _BYTES_OF[Suffix.ETX] else line

    def _too_long(self) -> list[Scan]:
        """Bound what waits: a line without an end is passed on once, cut, and then dropped until it ends."""
        if self._is_dropping:
            self._waiting = self._waiting[-_LONGEST_SUFFIX:]
            return []
        if len(self._waiting) <= MAX_SCAN_BYTES:
            return []
        scan = self._scan(self._waiting, b"")
        self._waiting = self._waiting[-_LONGEST_SUFFIX:]
        self._is_dropping = True
        return [scan]

    def _scan(self, line: bytes, frame: bytes) -> Scan:
        flags: tuple[Flag, ...] = ()
        if len(line) > MAX_SCAN_BYTES:
            line, frame, flags = line[:MAX_SCAN_BYTES], b"", (Flag.TOO_LONG,)
        symbology, raw = split_aim(line, self._spec.aim)
        stand_in = self._spec.gs.encode("ascii")
        if stand_in and stand_in in raw:
            raw, flags = raw.replace(stand_in, _GS), (*flags, Flag.GS_SUBSTITUTE)
        return Scan(raw=raw, symbology=symbology, source=self._spec.device, flags=flags, frame=frame)
