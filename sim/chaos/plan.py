"""What goes wrong, in which order: an endless list, drawn from a seed.

A fault begins when the one before has healed, never by the clock, so that a slow machine meets the same faults in the
same order. Which kinds there are depends on the stand: what cannot be done there is left out and said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from types import MappingProxyType

BROKER = "broker"
CENTRE = "centre"


class Kind(StrEnum):
    """What goes wrong."""

    KILLED = "killed"
    """One process, without warning."""
    KILLED_STARTING = "killed_starting"
    """Killed, and killed again while it starts."""
    POWER_CUT = "power_cut"
    """Broker, centre and every terminal killed at once."""
    STOPPED = "stopped"
    """One process stands still and knows nothing of it (SIGSTOP)."""
    BROKER_WIPED = "broker_wiped"
    """The broker is killed and forgets everything it kept on disk."""
    LINE_CUT = "line_cut"
    LINE_REFUSED = "line_refused"
    LINE_HELD = "line_held"
    LINE_SLOW = "line_slow"
    LINE_HALF_OPEN = "line_half_open"
    MESSAGES_DROPPED = "messages_dropped"
    MESSAGES_DOUBLED = "messages_doubled"
    MESSAGES_REORDERED = "messages_reordered"
    DISK_FULL = "disk_full"
    DISK_FAILING = "disk_failing"
    DISK_READ_ONLY = "disk_read_only"
    BYTES_FLIPPED = "bytes_flipped"
    """A killed terminal's database is damaged before it starts again."""
    CLOCK_AHEAD = "clock_ahead"
    CLOCK_BACK = "clock_back"
    FILES_EXHAUSTED = "files_exhausted"
    """A process may open nothing more."""
    SCANNER_REPLUGGED = "scanner_replugged"
    """Pulled out in the middle of a code, and back under another node."""


DISK_KINDS = frozenset({Kind.DISK_FULL, Kind.DISK_FAILING, Kind.DISK_READ_ONLY})
CLOCK_KINDS = frozenset({Kind.CLOCK_AHEAD, Kind.CLOCK_BACK})
MESSAGE_KINDS = frozenset({Kind.MESSAGES_DROPPED, Kind.MESSAGES_DOUBLED, Kind.MESSAGES_REORDERED})


class Aim(StrEnum):
    """Who can be hit."""

    ANY = "any"
    TERMINAL = "terminal"
    BROKER = "broker"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Habit:
    """How a kind of fault usually is."""

    weight: int
    aim: Aim
    lasts_s: tuple[float, float]
    kills: int = 0
    """Processes it kills, of a single target."""


_MOMENT = (0.1, 1.0)
_WHILE = (1.0, 3.0)

HABITS: Mapping[Kind, Habit] = MappingProxyType(
    {
        Kind.KILLED: Habit(30, Aim.ANY, _MOMENT, kills=1),
        Kind.KILLED_STARTING: Habit(10, Aim.ANY, (0.1, 2.5), kills=2),
        Kind.POWER_CUT: Habit(8, Aim.EVERYTHING, _MOMENT, kills=1),
        Kind.STOPPED: Habit(5, Aim.ANY, _WHILE),
        Kind.BROKER_WIPED: Habit(4, Aim.BROKER, _MOMENT, kills=1),
        Kind.LINE_CUT: Habit(2, Aim.TERMINAL, _MOMENT),
        Kind.LINE_REFUSED: Habit(2, Aim.TERMINAL, _WHILE),
        Kind.LINE_HELD: Habit(2, Aim.TERMINAL, _WHILE),
        Kind.LINE_SLOW: Habit(2, Aim.TERMINAL, _WHILE),
        Kind.LINE_HALF_OPEN: Habit(2, Aim.TERMINAL, _WHILE),
        Kind.MESSAGES_DROPPED: Habit(3, Aim.TERMINAL, _WHILE),
        Kind.MESSAGES_DOUBLED: Habit(3, Aim.TERMINAL, _WHILE),
        Kind.MESSAGES_REORDERED: Habit(3, Aim.TERMINAL, _WHILE),
        Kind.DISK_FULL: Habit(2, Aim.TERMINAL, _WHILE),
        Kind.DISK_FAILING: Habit(2, Aim.TERMINAL, _WHILE),
        Kind.DISK_READ_ONLY: Habit(2, Aim.TERMINAL, _WHILE),
        Kind.BYTES_FLIPPED: Habit(2, Aim.TERMINAL, _MOMENT, kills=1),
        Kind.CLOCK_AHEAD: Habit(2, Aim.TERMINAL, _WHILE),
        Kind.CLOCK_BACK: Habit(2, Aim.TERMINAL, _WHILE),
        Kind.FILES_EXHAUSTED: Habit(2, Aim.TERMINAL, _WHILE),
        Kind.SCANNER_REPLUGGED: Habit(3, Aim.TERMINAL, _MOMENT),
    }
)


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault to come."""

    kind: Kind
    targets: tuple[str, ...]
    """Actors it hits."""
    lasts_s: float
    chance: float
    """Decides what is left open: which byte, how far a clock jumps. 0 to 1."""

    @property
    def kills(self) -> int:
        """How many processes it kills."""
        return HABITS[self.kind].kills * len(self.targets)


def plan_faults(random: Random, terminals: Sequence[str], kinds: Collection[Kind]) -> Iterator[Planned]:
    """Yield faults of these kinds without end; every kind comes once before any is drawn by its weight."""
    ordered = [kind for kind in Kind if kind in kinds]
    first = random.sample(ordered, len(ordered))
    weights = [HABITS[kind].weight for kind in ordered]
    while True:
        kind = first.pop() if first else random.choices(ordered, weights)[0]
        habit = HABITS[kind]
        yield Planned(
            kind, _targets(habit.aim, random, terminals), round(random.uniform(*habit.lasts_s), 2), random.random()
        )


def _targets(aim: Aim, random: Random, terminals: Sequence[str]) -> tuple[str, ...]:
    match aim:
        case Aim.EVERYTHING:
            return (BROKER, CENTRE, *terminals)
        case Aim.BROKER:
            return (BROKER,)
        case Aim.TERMINAL:
            return (random.choice(terminals),)
        case Aim.ANY:
            # Terminals together as often as each of the two that all of them share.
            return (random.choice([BROKER, CENTRE, random.choice(terminals)]),)
