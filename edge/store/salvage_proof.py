"""Is an event what was frozen? It says itself which one it is, and the next one names its SM3.

An event is believed if it fits its schema, is the one that its row says, and is named by its successor, or by the
state of the store if it is the last. Where nobody names it, its own word must do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from edge.clock import MOST_US, to_us
from edge.store.salvage_cells import is_whole_text
from wire.errors import InvalidEventError, NewerMessageError, UnsupportedVersionError
from wire.events import Event, sm3_hex, thaw

_NEAR = 8
"""Digits of a hash that may be damaged while it still names one message only: 56 others agree."""

Place = tuple[str, int]
"""Life and number of an event."""
End = tuple[int, str]
"""Number and hash of the last event of a life."""


@dataclass(frozen=True, slots=True)
class Found:
    """A row of the outbox, or what is left of one."""

    epoch: str
    seq: int
    id: str
    kind: str
    hlc: int
    created_at: int
    state: str
    held_until: int | None
    dead_code: str | None
    delivered_at: int | None
    bytes: bytes

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.epoch, self.seq


@dataclass(frozen=True, slots=True)
class Proved:
    """What a walk along one life of the store found."""

    taken: Sequence[Found]
    refused: Sequence[Found]


def prove(
    candidates: Mapping[int, Sequence[Found]],
    last_seq: int | None,
    last_hash: str | None,
    other: Callable[[int], bytes | None] = lambda _: None,
) -> Proved:
    """Choose among what was found for each number of one life.

    Args:
        candidates: What was found, by number.
        last_seq: The last number that was given out, if that is known.
        last_hash: Its hash as the state keeps it.
        other: Returns an event that is not among the candidates and needs no proof here.
    """
    taken: dict[int, Found] = {}
    refused: list[Found] = []
    for seq in sorted(candidates, reverse=True):
        if seq == last_seq:
            expected = last_hash
        elif seq + 1 in taken:
            expected = previous_of(taken[seq + 1].bytes)
        else:
            expected = named_by_follower(
                seq, lambda at: taken[at].bytes if at in taken else other(at), last_seq, last_hash
            )
        fitting = [one for one in candidates[seq] if _is_proved(one.place, one.bytes, event_in(one.bytes), expected)]
        if expected is None:
            before = {sm3_hex(one.bytes) for one in candidates.get(seq - 1, ())}
            before |= {sm3_hex(known) for known in [other(seq - 1)] if known is not None}
            # Nobody names it: it has to name the one before, or at least be a number that was given out.
            fitting = [one for one in fitting if _follows(one, before) or (not before and seq <= (last_seq or seq))]
        if fitting:
            taken[seq] = fitting[0]
        refused += [one for one in candidates[seq] if not fitting or one.bytes != fitting[0].bytes]
    return Proved(tuple(reversed(taken.values())), refused)


class Descent:
    """A walk along the rows of lives, each towards its beginning: every event is proved by the one before it.

    Args:
        read: Returns what stands at a place, for the events that the walk itself does not come by.
        ends: Number and hash of the last event of a life, where they are known.
    """

    def __init__(self, read: Callable[[Place], bytes | None], ends: Mapping[str, End]) -> None:
        self._read = read
        self._ends = ends
        self._passed: tuple[Place, str | None] = (("", 0), None)

    def proved(self, place: Place, frozen: bytes) -> Event | None:
        """Return the event of a row, None if it is not the one that was frozen at this place."""
        event = event_in(frozen)
        is_right = _is_proved(place, frozen, event, self._named(*place))
        self._passed = (place, event.prev if event is not None and is_right else None)
        return event if is_right else None

    def names(self, place: Place, frozen: bytes) -> bool:
        """Tell whether these very bytes are named by the event after them, be they readable for this program or not."""
        return self._named(*place) == sm3_hex(frozen)

    def _named(self, epoch: str, seq: int) -> str | None:
        """Return the hash that an event should have, None if nobody says so."""
        last_seq, last_hash = self._ends.get(epoch, (None, None))
        if seq == last_seq:
            return last_hash
        if self._passed[0] == (epoch, seq + 1):
            return self._passed[1]
        return named_by_follower(seq, lambda at: self._read((epoch, at)), last_seq, last_hash)


def _is_proved(place: Place, frozen: bytes, event: Event | None, expected: str | None) -> bool:
    """Tell whether bytes are the event of a place, with the hash that its successor names."""
    if event is None or (event.epoch, event.seq) != place:
        return False
    return expected is None or is_near(sm3_hex(frozen), expected)


def is_near(digest: str, named: str) -> bool:
    """Tell whether `named` is this hash, or was before a few digits of it were damaged."""
    return digest == named or (
        len(digest) == len(named) and sum(a != b for a, b in zip(digest, named, strict=True)) <= _NEAR
    )


def event_in(frozen: bytes) -> Event | None:
    """Return the event that the bytes hold, None if they hold none that this program can read."""
    try:
        return thaw(frozen)
    except (InvalidEventError, NewerMessageError, UnsupportedVersionError):
        return None


def previous_of(frozen: bytes | None) -> str | None:
    """Return the hash that an event names as its predecessor's."""
    event = event_in(frozen) if frozen is not None else None
    return event.prev if event is not None else None


def named_by_follower(
    seq: int, read: Callable[[int], bytes | None], last_seq: int | None, last_hash: str | None
) -> str | None:
    """Return the hash that the next event names, None if it is not there or is damaged itself.

    An event that needs no proof, because the centre has it, may be spoiled: then its word condemns nobody.
    """
    follower = read(seq + 1)
    if follower is None:
        return None
    named = last_hash if seq + 1 == last_seq else previous_of(read(seq + 2))
    is_contradicted = named is not None and not is_near(sm3_hex(follower), named)
    return None if is_contradicted else previous_of(follower)


def _follows(found: Found, before: set[str]) -> bool:
    named = previous_of(found.bytes)
    return named is not None and any(is_near(digest, named) for digest in before)


def found_in(row: Sequence[object]) -> Found:
    """Return a row of the outbox with a value of the right kind in each place, whatever stands there."""
    epoch, seq, id_, kind, hlc, created, state, held, dead, delivered, frozen = row
    code = dead if is_whole_text(dead) else None
    # Refused nobody knows why: the centre says it again.
    is_known = state == "delivered" or (state == "dead" and code is not None)
    return Found(
        str(epoch),
        seq if isinstance(seq, int) else 0,
        str(id_),
        str(kind),
        _time(hlc) or 0,
        _time(created) or 0,
        str(state) if is_known else "pending",
        _time(held),
        code,
        _time(delivered),
        frozen if isinstance(frozen, bytes) else b"",
    )


def _time(cell: object) -> int | None:
    return cell if isinstance(cell, int) and 0 <= cell <= MOST_US else None


def row_of(event: Event, frozen: bytes) -> Found:
    """Return the row as it was when the event was recorded."""
    kind = str(event.fact.__struct_config__.tag)
    at = to_us(event.occurred_at)
    return Found(event.epoch, event.seq, event.id, kind, event.hlc, at, "pending", None, None, None, frozen)


def restored(found: Found, event: Event) -> Found:
    """Return the row with everything that its event says put right."""
    right = row_of(event, found.bytes)
    if (found.epoch, found.seq, found.id, found.kind, found.hlc, found.created_at) == (
        right.epoch,
        right.seq,
        right.id,
        right.kind,
        right.hlc,
        right.created_at,
    ):
        return found
    return replace(
        right,
        state=found.state,
        held_until=found.held_until,
        dead_code=found.dead_code,
        delivered_at=found.delivered_at,
    )
