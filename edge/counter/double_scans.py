"""Tells a trembling hand from a second box: a pack that was scanned onto its list a moment ago (T-23).

It lives in memory only, on the monotonic clock: after a restart nothing was scanned a moment ago, and the counter says
so louder. What is on a list stands in the store.
"""

from __future__ import annotations

from edge.clock import Clock


class DoubleScans:
    """The packs that were scanned within the last seconds.

    Args:
        within_s: How long a moment is; 0: there is none.
        clock: Its monotonic side counts.
    """

    def __init__(self, within_s: float, clock: Clock) -> None:
        self._within_s = within_s
        self._clock = clock
        self._seen: dict[str, float] = {}
        """Pack to the time of its last scan, oldest first."""

    def is_repeat(self, pack: str) -> bool:
        """Tell whether the pack was scanned a moment ago."""
        at = self._seen.get(pack)
        return self._within_s > 0 and at is not None and self._clock.monotonic_s() - at <= self._within_s

    def note(self, pack: str) -> None:
        """Note a scan of a pack that is on a list; forget those that are no repeats any more."""
        now = self._clock.monotonic_s()
        self._seen.pop(pack, None)
        self._seen[pack] = now
        for old, at in list(self._seen.items()):
            if now - at <= self._within_s:
                break
            del self._seen[old]
