"""How long to wait before the next attempt to connect. Pure, but for the dice that are passed in.

The bound doubles with each failure and the wait is drawn from all of it (full jitter), so that many terminals which
lost the same broker at the same moment come back spread out, and the more so the longer it was away. The first wait
counts most: a broker that starts again at once meets all of them before anybody has failed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

AMONG_MANY_S = 5.0
"""Bound of a terminal's first wait: ten thousand come back at two thousand a second, and a lone one within seconds."""
_MOST_DOUBLINGS = 16
"""By then every bound has reached the most there is."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """The bounds of the waits between attempts."""

    first_s: float = AMONG_MANY_S
    """Upper bound of the wait after a session that was open; it doubles with each failure."""
    most_s: float = 30.0
    """The bound grows no further than this."""

    def bound_s(self, failures: int) -> float:
        """Return the longest wait after so many failures in a row.

        >>> [Backoff().bound_s(failures) for failures in (0, 1, 2, 10)]
        [5.0, 10.0, 20.0, 30.0]
        """
        return min(self.most_s, self.first_s * 2.0 ** min(failures, _MOST_DOUBLINGS))

    def wait_s(self, failures: int, rng: random.Random) -> float:
        """Draw the wait after so many failures in a row: 0 of them after a session that was open."""
        return rng.uniform(0, self.bound_s(failures))
