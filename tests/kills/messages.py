"""Messages of the interface on their way, told from everything else on a line: by MQTT under a seal, or by HTTP.

A stream is cut into pieces that are passed on whole. Of a piece that is a message it is told which, and whether it is
the question or the answer; nobody changes a byte.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import zstandard
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

_PUBLISH = 3
_MORE = 0x80
_LONGEST_LENGTH = 4
_BEFORE_BODY = 2 + 1 + 8 + 64
"""Of a sealed frame: mark, version, key id, signature (`wire.envelope`)."""
_MOST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Message:
    """A question, or the answer to it."""

    infno: str
    msgid: str
    is_answer: bool = False


Piece = tuple[bytes, Message | None]


class Cutter(Protocol):
    """Cuts both directions of one connection."""

    def feed(self, chunk: bytes, *, is_back: bool) -> Iterator[Piece]:
        """Give what is whole now; the rest waits for more."""
        ...


@dataclass
class MqttCutter:
    """Cuts into packets. Answers name their question by a correlation only, and may come over the next connection."""

    asked: dict[bytes, Message] = field(default_factory=dict)
    """By correlation; shared by all connections of a line."""
    _rest: dict[bool, bytes] = field(default_factory=lambda: {False: b"", True: b""})

    def feed(self, chunk: bytes, *, is_back: bool) -> Iterator[Piece]:
        stream = self._rest[is_back] + chunk
        while (size := _size_of_first(stream)) is not None and size <= len(stream):
            packet, stream = stream[:size], stream[size:]
            yield packet, self._read(packet)
        self._rest[is_back] = stream

    def _read(self, packet: bytes) -> Message | None:
        if packet[0] >> 4 != _PUBLISH:
            return None
        topic, correlation, payload = _published(packet)
        if topic.endswith("/fsi"):
            body = zstandard.ZstdDecompressor().decompress(payload[_BEFORE_BODY:], max_output_size=_MOST_BYTES)
            self.asked[correlation] = _question(body)
            return self.asked[correlation]
        if topic.endswith("/answer") and correlation in self.asked:
            one = self.asked[correlation]
            return Message(one.infno, one.msgid, is_answer=True)
        return None


@dataclass
class HttpCutter:
    """Cuts into requests and responses; one connection asks one after the other."""

    asked: deque[Message] = field(default_factory=deque)
    _rest: dict[bool, bytes] = field(default_factory=lambda: {False: b"", True: b""})

    def feed(self, chunk: bytes, *, is_back: bool) -> Iterator[Piece]:
        stream = self._rest[is_back] + chunk
        while (size := _size_of_http(stream)) is not None and size <= len(stream):
            whole, stream = stream[:size], stream[size:]
            yield whole, self._read(whole, is_back=is_back)
        self._rest[is_back] = stream

    def _read(self, whole: bytes, *, is_back: bool) -> Message:
        if is_back:
            one = self.asked.popleft()
            return Message(one.infno, one.msgid, is_answer=True)
        self.asked.append(_question(whole.partition(b"\r\n\r\n")[2]))
        return self.asked[-1]


def _question(body: bytes) -> Message:
    said = json.loads(body)
    return Message(str(said["infno"]), str(said["msgid"]))


def _size_of_first(stream: bytes) -> int | None:
    """Return how long the first packet is, None if that is not known yet."""
    length = 0
    for place, byte in enumerate(stream[1 : 1 + _LONGEST_LENGTH]):
        length |= (byte & ~_MORE) << (7 * place)
        if not byte & _MORE:
            return 2 + place + length
    return None


def _size_of_http(stream: bytes) -> int | None:
    head, end, _ = stream.partition(b"\r\n\r\n")
    if not end:
        return None
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    length = next(int(value) for name, _, value in lines if name.strip().lower() == b"content-length")
    return len(head) + len(end) + length


def _published(packet: bytes) -> tuple[str, bytes, bytes]:
    """Return topic, correlation and payload of a PUBLISH of MQTT 5."""
    at = 1 + next(n for n, byte in enumerate(packet[1:], 1) if not byte & _MORE)
    size = int.from_bytes(packet[at : at + 2])
    topic, at = packet[at + 2 : at + 2 + size].decode(), at + 2 + size
    at += 2 if packet[0] & 0b110 else 0
    said = Properties(PacketTypes.PUBLISH)
    _, used = said.unpack(packet[at:])
    return topic, getattr(said, "CorrelationData", b""), packet[at + used :]
