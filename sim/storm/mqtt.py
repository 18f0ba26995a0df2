"""As much of MQTT 5 as a terminal speaks, small enough to be had ten thousand times in one process.

Packets are made and taken apart here, no byte is sent. Names and numbers are those of the standard (OASIS, 2019).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

_LENGTH_BYTES = 4
_MORE = 0x80
_QOS_1 = 0x02
_RETAIN = 0x01
_CLEAN_START, _WILL = 0x02, 0x04
_WILL_QOS_1, _WILL_RETAIN = 0x08, 0x20
_NO_PROPERTIES = b"\0"


class Kind(IntEnum):
    """What a packet is."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    SUBACK = 9
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


class ProtocolError(Exception):
    """The other end does not speak MQTT 5, or says no."""


class Packet(NamedTuple):
    """One packet as it arrived."""

    kind: int
    flags: int
    body: bytes


class Message(NamedTuple):
    """What a PUBLISH brings."""

    topic: str
    number: int | None
    """To be acknowledged; None at QoS 0."""
    payload: bytes


def connect(client_id: str, keepalive_s: int, will_topic: str, will: bytes) -> bytes:
    """Begin a session without a past, with a will that is retained."""
    flags = _CLEAN_START | _WILL | _WILL_QOS_1 | _WILL_RETAIN
    head = _text("MQTT") + bytes([5, flags]) + keepalive_s.to_bytes(2) + _NO_PROPERTIES
    return _packet(Kind.CONNECT, 0, head + _text(client_id) + _NO_PROPERTIES + _text(will_topic) + _binary(will))


def subscribe(number: int, topics: Sequence[str]) -> bytes:
    """Ask for `topics` at QoS 1."""
    wanted = b"".join(_text(topic) + b"\x01" for topic in topics)
    return _packet(Kind.SUBSCRIBE, _QOS_1, number.to_bytes(2) + _NO_PROPERTIES + wanted)


def publish(number: int, topic: str, payload: bytes, *, retain: bool = False) -> bytes:
    """Say something at QoS 1."""
    flags = _QOS_1 | (_RETAIN if retain else 0)
    return _packet(Kind.PUBLISH, flags, _text(topic) + number.to_bytes(2) + _NO_PROPERTIES + payload)


def acknowledge(number: int) -> bytes:
    """Say that a message arrived."""
    return _packet(Kind.PUBACK, 0, number.to_bytes(2))


def ping() -> bytes:
    """Say that we are still here."""
    return _packet(Kind.PINGREQ, 0, b"")


def check_taken(packet: Packet) -> None:
    """Refuse the answer to a CONNECT or SUBSCRIBE that says no.

    Raises:
        ProtocolError: It says no.
    """
    if packet.kind == Kind.CONNACK:
        reasons = packet.body[1:2]
    else:
        properties, start = _number_at(packet.body, 2)
        reasons = packet.body[start + properties :]
    if not reasons or any(reason >= _MORE for reason in reasons):
        raise ProtocolError(f"{Kind(packet.kind).name} says {reasons.hex() or 'nothing'}")


def message_in(packet: Packet) -> Message:
    """Return what a PUBLISH brings."""
    body = packet.body
    end = 2 + int.from_bytes(body[:2])
    topic, number = body[2:end].decode(), None
    if packet.flags & _QOS_1:
        number = int.from_bytes(body[end : end + 2])
        end += 2
    properties, start = _number_at(body, end)
    return Message(topic, number, body[start + properties :])


class PacketReader:
    """Puts packets together from the pieces in which a stream brings them."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[Packet]:
        """Yield every packet that is whole now.

        Raises:
            ProtocolError: These bytes are no packet.
        """
        held = self._rest + piece
        start = 0
        while (found := _packet_at(held, start)) is not None:
            packet, start = found
            yield packet
        self._rest = held[start:]


def _packet_at(held: bytes, start: int) -> tuple[Packet, int] | None:
    """Return the packet at `start` and where the next one begins; None if it is not whole yet."""
    try:
        length, body = _number_at(held, start + 1)
    except IndexError:
        return None
    if len(held) < body + length:
        return None
    return Packet(held[start] >> 4, held[start] & 0x0F, held[body : body + length]), body + length


def _number_at(held: bytes, start: int) -> tuple[int, int]:
    """Return a variable byte integer and where it ends; an `IndexError` says that it is not whole."""
    number = 0
    for place in range(_LENGTH_BYTES):
        byte = held[start + place]
        number |= (byte & ~_MORE) << (7 * place)
        if not byte & _MORE:
            return number, start + place + 1
    raise ProtocolError("a length of more than four bytes")


def _packet(kind: Kind, flags: int, body: bytes) -> bytes:
    length, rest = b"", len(body)
    while True:
        rest, byte = divmod(rest, _MORE)
        length += bytes([byte | (_MORE if rest else 0)])
        if not rest:
            return bytes([kind << 4 | flags]) + length + body


def _text(text: str) -> bytes:
    return _binary(text.encode())


def _binary(value: bytes) -> bytes:
    return len(value).to_bytes(2) + value
