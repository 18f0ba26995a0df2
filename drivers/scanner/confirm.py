"""When a code that was seen counts as a scan, and when it counts again.

Bars carry one check character, so a linear code is reported once two of three frames in a row agree on it; a
two-dimensional code carries error correction and is reported at once. What stays in view is reported once. The same
text on two boxes side by side is two scans. After a code has been out of view for `absent_s` it may be reported
again: whether that is the same pack is for the counter to judge.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.scanner.symbols import Carrier, Code

_WINDOW = 3
_NEEDED = 2

_Key = tuple[bytes, Carrier]


@dataclass(slots=True)
class _InView:
    reported: int = 0
    """How many boxes with this code were reported since it came into view."""
    last_seen: float = 0.0


class Confirmation:
    """Follows what is in view, frame by frame."""

    def __init__(self, *, absent_s: float = 2.0) -> None:
        self._absent_s = absent_s
        self._frames: deque[Counter[_Key]] = deque(maxlen=_WINDOW)
        self._in_view: dict[_Key, _InView] = {}

    @property
    def is_waiting(self) -> bool:
        """The newest frame showed a code that one more frame could confirm."""
        return bool(self._frames) and any(
            count > self._agreed(key) for key, count in self._frames[-1].items() if key[1].is_linear
        )

    def see(self, codes: Sequence[Code], now: float) -> list[Code]:
        """Take what one frame showed, and return the codes that are scans by it."""
        counts = Counter((code.raw, code.carrier) for code in codes)
        self._frames.append(counts)
        scans: list[Code] = []
        for key, count in counts.items():
            known = self._in_view.setdefault(key, _InView())
            known.last_seen = now
            agreed = self._agreed(key) if key[1].is_linear else count
            sample = next(code for code in codes if (code.raw, code.carrier) == key)
            scans += [sample] * max(0, agreed - known.reported)
            known.reported = max(known.reported, agreed)
        self._forget(now)
        return scans

    def see_no_change(self, now: float) -> None:
        """Take a frame that shows the same as the one before: what was in view is in view."""
        for key in self._frames[-1] if self._frames else ():
            self._in_view[key].last_seen = now
        self._forget(now)

    def _agreed(self, key: _Key) -> int:
        """Return how many boxes with this code enough of the last frames show."""
        counts = sorted((frame[key] for frame in self._frames), reverse=True)
        return counts[_NEEDED - 1] if len(counts) >= _NEEDED else 0

    def _forget(self, now: float) -> None:
        gone = [key for key, known in self._in_view.items() if now - known.last_seen >= self._absent_s]
        for key in gone:
            del self._in_view[key]
