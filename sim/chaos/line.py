"""A line that spoils messages: drops, doubles and reorders whole MQTT packets on their way between terminal and broker.

Only PUBLISH packets are spoilt. TCP loses no bytes within a connection, so a lost CONNACK is no fault that happens;
a lost message is, wherever a broker or a bridge in between gives up.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from random import Random

_PUBLISH = 3
_HEADER = 1
_LONGEST_LENGTH = 4
_MORE = 0x80
_PART = 0.3
"""Part of the messages that are spoilt while the fault lasts."""


class Spoil(StrEnum):
    """What happens to messages."""

    NOTHING = "nothing"
    DROP = "drop"
    DOUBLE = "double"
    REORDER = "reorder"


class Mood:
    """What a line does to messages now; shared by both directions of all its connections."""

    def __init__(self, random: Random) -> None:
        self.spoil = Spoil.NOTHING
        self.spoilt = 0
        """Messages that were dropped, doubled or moved."""
        self._random = random

    def is_hit(self) -> bool:
        """Decide about one message."""
        hit = self._random.random() < _PART
        self.spoilt += hit
        return hit


class MessageFilter:
    """Cuts a stream into packets and spoils some. Satisfies `sim.proxy.Filter`."""

    def __init__(self, mood: Mood) -> None:
        self._mood = mood
        self._rest = b""
        self._waiting = b""
        """A message that comes after the next one."""

    def feed(self, chunk: bytes) -> bytes:
        """Return what is passed on; an incomplete packet waits for the rest of it."""
        self._rest += chunk
        return b"".join(self._pass(packet) for packet in self._packets())

    def _pass(self, packet: bytes) -> bytes:
        waiting, self._waiting = self._waiting, b""
        passed = self._spoilt(packet) if packet[0] >> 4 == _PUBLISH else packet
        return passed + waiting

    def _spoilt(self, packet: bytes) -> bytes:
        spoil = self._mood.spoil
        if spoil is Spoil.NOTHING or not self._mood.is_hit():
            return packet
        if spoil is Spoil.DROP:
            return b""
        if spoil is Spoil.DOUBLE:
            return packet * 2
        self._waiting = packet
        return b""

    def _packets(self) -> Iterator[bytes]:
        while (size := _size_of_first(self._rest)) is not None and size <= len(self._rest):
            packet, self._rest = self._rest[:size], self._rest[size:]
            yield packet


def _size_of_first(stream: bytes) -> int | None:
    """Return how long the first packet is, None if that is not known yet."""
    length = 0
    for place, byte in enumerate(stream[_HEADER : _HEADER + _LONGEST_LENGTH]):
        length |= (byte & ~_MORE) << (7 * place)
        if not byte & _MORE:
            return _HEADER + place + 1 + length
    return None
