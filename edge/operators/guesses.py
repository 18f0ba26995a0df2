"""How long a terminal makes somebody wait who guesses passwords. Pure.

Five guesses are free, because people mistype. Each one after that makes the next wait longer, up to a quarter of an
hour: a guesser gets about a hundred tries a day, an operator is never locked out for good.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from edge.store.shifts import Guesses

FREE = 5
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
_MOST_DOUBLINGS = 10


def wait_for(guesses: Guesses | None, now: datetime) -> timedelta:
    """Return how long the next guess must wait; nothing if it need not.

    A wait longer than any we give means that the clock was set back since; nobody is locked out for that.
    """
    if guesses is None:
        return timedelta()
    left = guesses.locked_until - now
    return left if timedelta() < left <= LONGEST_WAIT else timedelta()


def after_guess(guesses: Guesses | None, now: datetime) -> Guesses:
    """Return what is known after one more guess that was not, or not yet, right."""
    failures = 1 + (guesses.failures if guesses else 0)
    if failures < FREE:
        return Guesses(failures, now)
    doublings = min(failures - FREE, _MOST_DOUBLINGS)
    return Guesses(failures, now + min(FIRST_WAIT * 2**doublings, LONGEST_WAIT))
