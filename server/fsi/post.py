"""A message as a line brings it, and the answer as a line takes it away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from server.fsi.figures import Outcome
from server.store.institutions import CallerKind


@dataclass(frozen=True, slots=True)
class Voice:
    """Who calls, as far as the line itself proves it."""

    kind: CallerKind
    name: str
    """Id of the token, or name of the terminal."""
    institution: str = ""
    """The institution that the registry has for it; it may be bound to more."""

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.name}"


@dataclass(frozen=True, slots=True)
class Post:
    """A message, not looked at yet."""

    body: bytes
    headers: Mapping[str, str]
    voice: Voice | None
    """None if the line proves nothing; then the signature has to."""
    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is sent and kept."""

    body: bytes
    refmsgid: str
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """What a line takes back."""

    body: bytes
    outcome: Outcome
    code: str = ""
    """Of the refusal; empty if there is none."""
    answer: Answer | None = None
    """The refusal as it may be kept."""
