"""Steps at which somebody may die: on each side of a message, and within each COMMIT of the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from tests.kills.commits import Where
from tests.kills.gate import At

LEDGER = frozenset({"3505", "3506"})
MOVING = frozenset({"2102", "2103"})


class Fate(StrEnum):
    """Who dies."""

    TERMINAL = "terminal"
    """With the proxy in it."""
    CENTRE = "centre"
    BOTH = "terminal and centre"
    LINE = "line"


@dataclass(frozen=True)
class AtMessage:
    """At a message of the interface."""

    infno: str
    nth: int
    at: At
    fate: Fate
    is_twice: bool = False
    """Once more when it is asked again after the start."""

    @property
    def touches_centre(self) -> bool:
        return self.fate in {Fate.CENTRE, Fate.BOTH}

    @property
    def kind(self) -> str:
        return f"{self.fate}: {self.at}{', twice' * self.is_twice}"

    def __str__(self) -> str:
        nth = f" ({self.nth})" if self.nth > 1 else ""
        return f"{self.infno}{nth} {self.at}: {self.fate}{', twice' * self.is_twice}"


@dataclass(frozen=True)
class InCommit:
    """Within a COMMIT of the terminal."""

    nth: int
    where: Where
    fate: Fate = Fate.TERMINAL
    touches_centre: bool = False

    @property
    def kind(self) -> str:
        return f"{self.fate}: within COMMIT, {self.where.name.lower()}"

    def __str__(self) -> str:
        return f"{self.where.name.lower()} in COMMIT {self.nth}: {self.fate}"


Step = AtMessage | InCommit


@dataclass(frozen=True)
class Undisturbed:
    """What a deed does when nobody dies."""

    messages: tuple[str, ...]
    """Questions, in their order, the ledger's included."""
    commits: int
    """Of the terminal, until it answered."""


def steps_of(deed: Undisturbed) -> Iterator[Step]:
    """Name every step: each side of what moves money for everybody who may die, and of the rest what is kept of it."""
    nth: dict[str, int] = {}
    for infno in deed.messages:
        nth[infno] = nth.get(infno, 0) + 1
        one = AtMessage(infno, nth[infno], At.LOST, Fate.TERMINAL)
        if infno in MOVING:
            yield from _all_of(one)
        else:
            yield one
            if infno in LEDGER:
                yield replace(one, fate=Fate.CENTRE)
    for commit in range(1, deed.commits + 1):
        yield InCommit(commit, Where.TORN)
        yield InCommit(commit, Where.WRITTEN)


def _all_of(one: AtMessage) -> Iterator[AtMessage]:
    for at in (At.LEAVING, At.LOST):
        for fate in (Fate.TERMINAL, Fate.CENTRE, Fate.LINE):
            yield replace(one, at=at, fate=fate)
    yield replace(one, fate=Fate.BOTH)
    yield replace(one, is_twice=True)
    for fate in (Fate.TERMINAL, Fate.CENTRE, Fate.LINE):
        yield replace(one, at=At.TOLD, fate=fate)
