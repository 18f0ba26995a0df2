"""Whole packets are dropped, doubled and reordered, however the bytes are cut; everything else passes."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.chaos.line import MessageFilter, Mood, Spoil

PINGREQ = b"\xc0\x00"


class Always(Random):
    """Hits every message."""

    def random(self) -> float:
        return 0.0


def publish(body: bytes) -> bytes:
    size = len(body)
    length = bytearray()
    while True:
        size, low = divmod(size, 128)
        length.append(low | (0x80 if size else 0))
        if not size:
            return b"\x32" + bytes(length) + body


def passed(spoil: Spoil, stream: bytes) -> bytes:
    mood = Mood(Always())
    mood.spoil = spoil
    return MessageFilter(mood).feed(stream)


@given(st.lists(st.binary(max_size=300), max_size=8), st.lists(st.integers(1, 200), min_size=1))
def test_a_good_mood_changes_nothing_however_the_stream_is_cut(bodies: list[bytes], cuts: list[int]) -> None:
    stream, line, out, at = b"".join(map(publish, bodies)), MessageFilter(Mood(Random(1))), b"", 0
    while at < len(stream):
        size = cuts[at % len(cuts)]
        out += line.feed(stream[at : at + size])
        at += size
    assert out == stream


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (Spoil.DROP, PINGREQ),
        (Spoil.DOUBLE, publish(b"one") * 2 + PINGREQ + publish(b"two") * 2),
        (Spoil.REORDER, PINGREQ + publish(b"one")),
    ],
)
def test_only_messages_are_spoilt(spoil: Spoil, expected: bytes) -> None:
    assert passed(spoil, publish(b"one") + PINGREQ + publish(b"two")) == expected


def test_a_message_that_waits_comes_when_the_line_is_good_again() -> None:
    mood = Mood(Always())
    line = MessageFilter(mood)
    mood.spoil = Spoil.REORDER
    assert line.feed(publish(b"one")) == b""
    mood.spoil = Spoil.NOTHING
    assert line.feed(publish(b"two")) == publish(b"two") + publish(b"one")
    assert mood.spoilt == 1
