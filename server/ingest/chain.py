"""The chain of one stream: does each event name the one before, is each number there once? Pure.

A break or a fork stops nothing: the events are facts all the same. It is an alarm for a person, because it means that
a terminal's store was altered, copied or restored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from server.store.events import NO_HASH, Stored, StreamRow
from wire.errors import UNDECODABLE
from wire.events import Hash


class NewLink(NamedTuple):
    """An event that joins the chain."""

    seq: int
    hash: bytes
    prev: bytes | None
    """SM3 that it names as its predecessor; None if it could not be read."""
    is_rejected: bool = False
    """A person is told of it already: that it names another predecessor is no alarm of its own."""


class Faults(NamedTuple):
    """Numbers at which the chain is wrong."""

    broken: list[int]
    """Events that name another predecessor than the one that is there."""
    forked: list[int]
    """Numbers that stand for more than one event."""
    is_vouched: bool = True
    """No event, also none that was rejected, names another predecessor than is there, or one that cannot be read."""


class _Reference(Struct):
    """What an event says of its place, whatever else is wrong with it; unknown fields are allowed."""

    prev: Hash
    terminal: str
    epoch: str


_reference_decoder = msgspec.json.Decoder(_Reference)


def predecessor(frozen: bytes, stream: StreamRow) -> bytes | None:
    """Return the SM3 that an event of `stream`, of any version, rejected or not, names as its predecessor.

    None if it cannot be read, or if the event is of another chain.
    """
    try:
        said = _reference_decoder.decode(frozen)
    except UNDECODABLE:
        return None
    return bytes.fromhex(said.prev) if (said.terminal, said.epoch) == (stream.terminal, stream.epoch) else None


def is_next(stream: StreamRow, new: Sequence[NewLink]) -> bool:
    """Tell whether `new` simply goes on where the chain was: then nothing stored has to be looked at."""
    seq, digest = stream.tip_seq, stream.tip_hash
    for link in new:
        if link.seq != seq + 1 or link.prev != digest:
            return False
        seq, digest = link.seq, link.hash
    return True


def find_faults(new: Sequence[NewLink], stored: Iterable[Stored], following: Iterable[NewLink]) -> Faults:
    """Return where `new` does not fit the chain.

    Args:
        new: Events that were not known.
        stored: What is stored under their numbers and the numbers before.
        following: Stored events that follow one of `new`.
    """
    hashes: dict[int, set[bytes]] = {0: {NO_HASH}}
    for seq, digest in (*stored, *((link.seq, link.hash) for link in new)):
        hashes.setdefault(seq, set()).add(digest)
    wrong = [
        link
        for link in (*new, *following)
        if link.prev is not None and (before := hashes.get(link.seq - 1)) and link.prev not in before
    ]
    broken = {link.seq for link in wrong if not link.is_rejected}
    forked = {link.seq for link in new if len(hashes[link.seq]) > 1}
    return Faults(sorted(broken), sorted(forked), not wrong and all(link.prev is not None for link in new))


def advance_tip(stream: StreamRow, new: Iterable[NewLink]) -> None:
    """Move the tip on to the highest number."""
    for link in new:
        if link.seq > stream.tip_seq:
            stream.tip_seq, stream.tip_hash = link.seq, link.hash
