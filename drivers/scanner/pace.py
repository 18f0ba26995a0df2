"""How fast the keys of one scan came: the difference between a scanner and a hand. Pure."""

from __future__ import annotations

_HAND_SILENCE_S = 2.0
"""A person may look up between two keys; a scanner does not."""
_ENOUGH_GAPS = 3
"""Gaps between keys from which the pace can be judged while the scan is still coming."""


class Pace:
    """Watches the time between the keys of one scan."""

    def __init__(self, hand_pace_s: float, silence_s: float) -> None:
        self._hand_pace_s = hand_pace_s
        self._scanner_silence_s = silence_s
        self._last: float | None = None
        self._gaps = 0
        self._slow = 0

    @property
    def has_begun(self) -> bool:
        """A key of this scan has come."""
        return self._last is not None

    @property
    def is_by_hand(self) -> bool:
        """The median gap is longer than a scanner's: more than half of the gaps are."""
        return 2 * self._slow > self._gaps

    @property
    def silence_s(self) -> float:
        """How long to wait before the scan counts as ended without a suffix."""
        is_scanner = self._gaps >= _ENOUGH_GAPS and not self.is_by_hand
        return self._scanner_silence_s if is_scanner else max(_HAND_SILENCE_S, self._scanner_silence_s)

    def pause_before(self, time_s: float) -> float:
        """Return the seconds from the last key to one at `time_s`; none if it is the first."""
        return 0.0 if self._last is None else time_s - self._last

    def press(self, time_s: float) -> None:
        """Note a character key."""
        if self._last is not None:
            self._gaps += 1
            self._slow += time_s - self._last > self._hand_pace_s
        self._last = time_s

    def restart(self) -> None:
        """Begin the next scan."""
        self._last = None
        self._gaps = self._slow = 0
