"""Where each value stands in a JSON text, so that something can be put in without writing the rest anew.

A message that somebody else wrote is changed at one place or not at all: spaces, order, spellings and the forms of its
numbers stay. A text within the text (an input that came as a string) is changed inside the string, escape by escape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_TOKENS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}:,]|[^][{}:,"\s\ufeff]+', re.DOTALL)
_UNITS = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL)
_Tokens = Iterator[re.Match[str]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one value stands, and what is in it."""

    start: int
    end: int
    """One after its last character."""
    members: Mapping[str, Place] = field(default_factory=dict)
    """Of an object."""
    rows: tuple[Place, ...] = ()
    """Of a list."""

    def of(self, text: str) -> object:
        """Return the value that stands here."""
        return json.loads(text[self.start : self.end])

    def of_any(self, names: Iterable[str]) -> Place | None:
        """Return the member of the first of these names that there is."""
        return next((self.members[name] for name in names if name in self.members), None)


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of text that takes the place of another, which may be empty."""

    start: int
    end: int
    text: str


def places_of(text: str) -> Place:
    """Return where everything stands in a text that is known to be JSON, no name of which stands twice."""
    tokens = _TOKENS.finditer(text)
    return _value(next(tokens), tokens)


def put_last(container: Place, piece: str) -> Change:
    """Return the change that puts a member or row behind the others of an object or list."""
    inside = (*container.members.values(), *container.rows)
    if not inside:
        return Change(container.start + 1, container.start + 1, piece)
    last = max(one.end for one in inside)
    return Change(last, last, f",{piece}")


def put_instead(place: Place, piece: str) -> Change:
    """Return the change that puts another value here."""
    return Change(place.start, place.end, piece)


def changed(text: str, changes: Sequence[Change]) -> str:
    """Return the text with the changes made; those at one place stand in their order."""
    pieces, end = [], 0
    for one in sorted(changes, key=lambda change: change.start):
        pieces += [text[end : one.start], one.text]
        end = one.end
    return "".join([*pieces, text[end:]])


def inside_string(text: str, place: Place, changes: Sequence[Change]) -> list[Change]:
    """Return changes of the text that a string holds as changes of the text in which the string stands."""
    starts = [place.start + 1 + unit.start() for unit in _UNITS.finditer(text[place.start + 1 : place.end - 1])]
    starts.append(place.end - 1)
    return [Change(starts[one.start], starts[one.end], json.dumps(one.text)[1:-1]) for one in changes]


def _value(token: re.Match[str], tokens: _Tokens) -> Place:
    match token[0]:
        case "{":
            return _object(token.start(), tokens)
        case "[":
            return _list(token.start(), tokens)
        case _:
            return Place(token.start(), token.end())


def _object(start: int, tokens: _Tokens) -> Place:
    members: dict[str, Place] = {}
    token = next(tokens)
    while token[0] != "}":
        if token[0] == ",":
            token = next(tokens)
        next(tokens)  # the colon
        members[str(json.loads(token[0], strict=False))] = _value(next(tokens), tokens)
        token = next(tokens)
    return Place(start, token.end(), members)


def _list(start: int, tokens: _Tokens) -> Place:
    rows: list[Place] = []
    token = next(tokens)
    while token[0] != "]":
        rows.append(_value(next(tokens) if token[0] == "," else token, tokens))
        token = next(tokens)
    return Place(start, token.end(), rows=tuple(rows))
