"""What the process that holds a vendor's library is told, and what it answers: one JSON value a line.

Bytes travel as base64 and are never text here: which encoding a library speaks is its driver's business.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="given"):
    """An argument that goes in: a C string without a NUL inside, or no pointer at all."""

    data: bytes | None

    def __repr__(self) -> str:
        return "Given(…)"


class Room(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="room"):
    """An argument the library writes to: a buffer of so many bytes, zeroed."""

    size: int


class Answers(StrEnum):
    """What a function returns."""

    NUMBER = "number"
    """A C int."""
    TEXT = "text"
    """A pointer to a C string that stays the library's."""


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One call of one exported function."""

    function: str
    arguments: list[Given | Room]
    answers: Answers


class Returned(msgspec.Struct, frozen=True, tag="returned"):
    """The function came back."""

    number: int | None
    text: bytes | None
    rooms: list[bytes]
    """What stands in each `Room`, up to the first NUL, in order."""

    def __repr__(self) -> str:
        # Names and numbers of persons are in it.
        return f"Returned(number={self.number}, …)"


class Unusable(msgspec.Struct, frozen=True, tag="unusable"):
    """The library cannot be loaded, or has no such function."""

    detail: str


Reply = Returned | Unusable

CALLS = msgspec.json.Decoder(Call)
REPLIES: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)
ENCODER = msgspec.json.Encoder()
