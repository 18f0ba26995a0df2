"""What is remembered of a chain while it is followed back: how far that came, what is asked for, what did not come.

A terminal that is asked sends what it keeps of a window of numbers, or says that it is lost. Until then there is
nothing to do but ask again; there is an end to that, so that what is below is asked for as well and a person is told.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import NamedTuple

from server.ingest.following import Thread, Told
from wire.events import Span

MOST_TRIES = 3
"""How often the same numbers are asked for at least, before a person is told that they do not come."""
RETRY = timedelta(minutes=3)
"""How long a terminal has to answer before it is asked once more: what is live goes first, then older backlog."""
PATIENCE = timedelta(minutes=10)
"""How long nothing of them may come, at least, before a person is told."""
QUIET = timedelta(minutes=2)
"""A terminal that answered has sent all that it has when nothing more came for so long."""
AGAIN = timedelta(hours=1)
"""After that long a chain of which something did not come is followed anew, and what is not here is asked for."""
_MOST_DOUBLED = 5
"""Where nothing is known to be outstanding, the time until then doubles, so often: to more than a day."""
MOST_CHAINS = 8
"""Ends that are remembered of one life: there are as many as boxes that went on from copies of one store."""
MOST_NAMED = 100
"""Numbers that did not come that are remembered of one chain."""
MOST_TOLD = 2_000
"""Spans of lost numbers that are remembered of one life; of more the two highest count as one, with what is between."""


class Place(NamedTuple):
    """One event of a chain."""

    seq: int
    hash: bytes | None
    """None where the terminal does not have it any more."""


@dataclass(slots=True)
class Sought:
    """Numbers that a terminal is asked for."""

    span: Span
    here: int
    """Events under these numbers when it was looked last."""
    moved_at: datetime
    """When one was added, or the search began."""
    asked: int = 0
    """How often since then."""
    first_asked_at: datetime | None = None
    asked_at: datetime | None = None
    is_heard: bool = False
    """Something came of it: the terminal was reached."""
    is_given_up: bool = False

    def note_asked(self, now: datetime) -> None:
        """Count a request that has left."""
        self.asked, self.asked_at = self.asked + 1, now
        self.first_asked_at = self.first_asked_at or now

    def note_progress(self, here: int, told_at: datetime | None, now: datetime) -> None:
        """Note what came since the last look: `here` events, and when numbers were last said to be lost."""
        if here > self.here:
            self.here, self.moved_at, self.asked = here, now, 0
            self.is_heard = self.is_heard or self.first_asked_at is not None
        if told_at is not None and self.is_asked_before(told_at):
            self.moved_at, self.is_heard = max(self.moved_at, told_at), True
        if self.asked >= MOST_TRIES and now - self.moved_at >= PATIENCE:
            self.is_given_up = True

    def is_asked_before(self, at: datetime) -> bool:
        """Tell whether the terminal had been asked when something happened."""
        return self.first_asked_at is not None and self.first_asked_at <= at

    def is_answered(self, now: datetime) -> bool:
        """Tell whether the terminal sent what it had."""
        return self.is_given_up or (self.is_heard and now - self.moved_at >= QUIET)

    def is_due(self, now: datetime) -> bool:
        """Tell whether to ask now; a clock that was set back makes nobody wait."""
        return self.asked_at is None or not timedelta() <= now - self.asked_at < RETRY


@dataclass(slots=True)
class Chain:
    """The chain that ends where a terminal reported."""

    end: Place
    thread: Thread
    sought: Sought | None = None
    missing: list[int] = field(default_factory=list)
    """Numbers whose events are known by name and did not come."""
    is_torn: bool = False
    """Something is lost, or cannot be read: what is below was taken up again with whatever is there."""
    empty: int = 0
    """Numbers after each other below a tear that are here and of which the terminal has nothing."""
    is_whole: bool = False
    """It was followed to the oldest number that was kept where it was reported, and everything from there is here."""
    rests_since: datetime | None = None
    """When it was followed as far as could be, but something was missing."""
    rounds: int = 0
    """How often it was followed anew after that."""
    is_taken_over: bool = False
    """Another chain goes on as this one, and names what is missing."""

    @classmethod
    def from_end(cls, end: Place) -> Chain:
        """Return a chain that nothing is known of."""
        return cls(end, _beginning(end))

    def is_at_rest(self, now: datetime, lowest: int) -> bool:
        """Tell whether there is nothing to look for now of what a terminal keeps from `lowest` on."""
        return self.thread.seq < lowest and (self.is_whole or self._is_resting(now))

    def take_up(self, now: datetime, lowest: int) -> None:
        """Begin anew if it has rested long enough; go on where a terminal keeps more than was looked at."""
        self.begin_anew(now)
        self.go_on_to(lowest)

    def go_on_to(self, lowest: int) -> None:
        """Go on if it was not followed down to `lowest`."""
        if self.thread.seq >= lowest:
            self.is_whole, self.rests_since = False, None

    def begin_anew(self, now: datetime) -> None:
        """Forget how far it was followed if it has rested long enough."""
        if self.rests_since is not None and not self._is_resting(now):
            self.thread, self.sought, self.rests_since = _beginning(self.end), None, None
            self.missing, self.is_torn, self.empty, self.is_taken_over = [], False, 0, False
            self.rounds += 1

    def _is_resting(self, now: datetime) -> bool:
        if self.rests_since is None:
            return False
        times = 1 if self.missing else 1 << min(self.rounds, _MOST_DOUBLED)
        return timedelta() <= now - self.rests_since < times * AGAIN

    def finish(self, now: datetime) -> None:
        """Note that there is nothing left to follow."""
        if self.missing or self.is_torn:
            self.rests_since = now
        else:
            self.is_whole = True

    def go_on_as(self, other: Chain) -> None:
        """Take over what is known of a chain that ends where this one came."""
        self.thread, self.sought = other.thread, other.sought
        self.empty = other.empty
        self.missing = list(dict.fromkeys(self.missing + other.missing))[:MOST_NAMED]
        self.is_torn = self.is_torn or other.is_torn
        self.is_whole = other.is_whole and not self.missing and not self.is_torn
        self.rests_since = other.rests_since


@dataclass(slots=True)
class Chains:
    """The chains of one life that were reported, the latest last."""

    of: dict[Place, Chain] = field(default_factory=dict)
    told: list[Span] = field(default_factory=list)
    """Lost numbers of which a person was told, in order."""
    is_tear_told: bool = False

    def ending_at(self, end: Place) -> Chain:
        """Return the chain that ends at `end`, begun if need be; the one that was reported longest ago makes room."""
        chain = self.of.pop(end, None) or Chain.from_end(end)
        self.of[end] = chain
        if len(self.of) > MOST_CHAINS:
            del self.of[next(iter(self.of))]
        return chain

    def merge(self, chain: Chain, place: Place, now: datetime, lowest: int) -> bool:
        """Let `chain`, which came to `place`, go on as the one that ends there; False if there is none.

        Where the other was not followed down to `lowest`, it goes on from there.
        """
        other = self.of.get(place)
        if other is None or other is chain:
            return False
        other.begin_anew(now)
        chain.rounds = max(chain.rounds, other.rounds)
        if other.thread == chain.thread:
            return False
        chain.go_on_as(other)
        chain.go_on_to(lowest)
        # It stays: another box may still report it, and would begin anew again and again, as if nothing were known.
        other.sought, other.is_taken_over = None, True
        if other.missing and other.rests_since is None:
            other.rests_since = now
        return True

    def highest_end(self, below: int) -> int:
        """Return the highest number below at which a chain ends, 0 if there is none."""
        return max((end.seq for end in self.of if end.seq < below), default=0)

    def is_answer(self, chain: Chain, told: Told) -> bool:
        """Tell whether numbers were said to be lost in answer to the request for `chain`, and to no other."""
        sought = chain.sought
        if sought is None or sought.first_asked_at is None or not sought.is_asked_before(told.at):
            return False
        others = [one.sought.asked_at for one in self.of.values() if one is not chain and one.sought is not None]
        return all(at is None or at < sought.first_asked_at for at in others)

    def note_told(self, seq: int) -> bool:
        """Remember that a person is told that a number is lost; False if that was done before."""
        place = bisect_right(self.told, seq, key=itemgetter(0))
        if place and seq <= self.told[place - 1][1]:
            return False
        # Chains are followed downwards.
        if place < len(self.told) and self.told[place][0] == seq + 1:
            self.told[place] = (seq, self.told[place][1])
        else:
            self.told.insert(place, (seq, seq))
        if len(self.told) > MOST_TOLD:
            # What was told must not ring again, or it rings for ever.
            self.told[-2:] = [(self.told[-2][0], self.told[-1][1])]
        return True

    def missing(self) -> list[int]:
        """Return every number of this life that did not come."""
        return sorted({seq for chain in self.of.values() if not chain.is_taken_over for seq in chain.missing})


def _beginning(end: Place) -> Thread:
    return Thread(end.seq, None if end.hash is None else frozenset({end.hash}))
