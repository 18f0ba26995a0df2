"""From a frame to events that are proved and understood, or to the reason why not. Touches no database."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from codes.errors import YimaError
from codes.words import Words
from server.store.terminals import TrustedRow
from wire.envelope import open_sealed
from wire.errors import (
    CorruptMessageError,
    InvalidEventError,
    NewerMessageError,
    UnknownKeyError,
    UnsupportedVersionError,
    WireError,
)
from wire.events import Event, EventHeader, sm3_hex, thaw, thaw_header
from wire.keys import PublicKey
from wire.receipts import BATCH_VERSION, Batch, Held, Trust, decode_batch
from wire.topics import Channel, TerminalTopics, parse_topic

UNREADABLE = "event.unreadable"
"""Code of bytes in a batch that are no event of any version."""
HOLD_NEWER = timedelta(minutes=10)
"""How long a terminal waits with events of a newer schema: until somebody has upgraded the centre."""

_LARGEST_NUMBER = 2**62
"""Numbers beyond have no place in the store, and no terminal counts that far."""
_LONGEST_ID = 64
_ESCAPED_NUL = b"\\u0000"
"""PostgreSQL cannot keep the character U+0000 in a text; in JSON it can only stand escaped."""


class MisaddressedError(WireError):
    """A batch on a topic where it does not belong."""

    code = "batch.misaddressed"
    next_step = Words("请核对终端的编号与区划配置。", "Check the terminal's name and area in its configuration.")


class NoiseError(CorruptMessageError):
    """Nothing proves who sent these bytes, and they say nothing."""


class NotRegisteredError(UnknownKeyError):
    """No terminal of that name has announced itself."""

    code = "terminal.unknown"


class InvalidBatchError(CorruptMessageError):
    """The signature holds, but what it covers is no batch: the terminal's program is at fault."""

    code = "batch.invalid"
    next_step = Words("请升级该终端，或联系厂商。", "Upgrade that terminal, or contact its vendor.")


class Arrival(NamedTuple):
    """An event that fits its schema."""

    id: bytes
    hash: bytes
    event: Event
    frozen: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that can never be taken."""

    seq: int | None
    """None if the bytes name no number: then nothing can be answered."""
    event_id: str
    hash: bytes
    code: str
    words: Words
    frozen: bytes


@dataclass(slots=True)
class Delivery:
    """A batch whose signature holds, sorted."""

    topics: TerminalTopics
    terminal: TrustedRow
    batch: Batch
    arrivals: list[Arrival] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)

    @property
    def stream(self) -> tuple[str, str]:
        """Terminal and epoch."""
        return self.batch.terminal, self.batch.epoch


def open_delivery(
    topic: str, frame: bytes, registry: Mapping[str, TrustedRow], now: datetime, hold: timedelta
) -> Delivery:
    """Return what `frame` delivers.

    Args:
        topic: Where it arrived.
        frame: What arrived.
        registry: The terminals that are known.
        now: Centre clock.
        hold: How long a terminal waits that is not approved.

    Raises:
        WireError: The frame proves nothing or says nothing; `Tally` names the cases.
    """
    topics = _address(topic)
    terminal = registry.get(topics.terminal)
    if terminal is None:
        raise NotRegisteredError(
            Words(f"终端 {topics.terminal} 未登记", f"Terminal {topics.terminal} is not registered")
        )
    batch = _batch(_proved(frame, topic, PublicKey(terminal.public_key)), topics)
    delivery = Delivery(topics, terminal, batch)
    if terminal.trust != Trust.APPROVED:
        hold_all(delivery, now + hold, f"terminal.{terminal.trust}")
    elif batch.v > BATCH_VERSION:
        hold_all(delivery, now + HOLD_NEWER, NewerMessageError.code)
    else:
        for raw in batch.events:
            _sort_in(delivery, bytes(raw), now)
    return delivery


def _address(topic: str) -> TerminalTopics:
    try:
        topics, channel = parse_topic(topic)
    except CorruptMessageError as exc:
        raise MisaddressedError(exc.words) from exc
    if channel is not Channel.EVENTS:
        raise MisaddressedError(Words(f"{topic!r} 不是上传主题", f"{topic!r} is no topic for events"))
    return topics


def _proved(frame: bytes, topic: str, key: PublicKey) -> bytes:
    """Return the body of a frame that the terminal itself has signed."""
    try:
        return open_sealed(frame, topic, lambda key_id: key if key_id == key.key_id else None).body
    except CorruptMessageError as exc:
        raise NoiseError(exc.words) from exc


def _batch(body: bytes, topics: TerminalTopics) -> Batch:
    try:
        batch = decode_batch(body)
    except CorruptMessageError as exc:
        raise InvalidBatchError(_storable(exc.words)) from exc
    if batch.terminal != topics.terminal:
        raise MisaddressedError(
            Words(f"{topics.terminal} 代发 {batch.terminal!r} 的记录", f"{topics.terminal} sent for {batch.terminal!r}")
        )
    if "\0" in batch.epoch:
        raise InvalidBatchError(Words("批次的纪元含空字符", "The epoch of the batch holds a NUL"))
    return batch


def hold_all(delivery: Delivery, until: datetime, code: str) -> None:
    """Ask for all of it later. What names no number cannot be asked for; nothing is kept of a batch that is held."""
    delivery.arrivals.clear()
    delivery.refusals.clear()
    delivery.held.clear()
    for raw in delivery.batch.events:
        with suppress(InvalidEventError):
            _hold(delivery, bytes(raw), until, code)


def _hold(delivery: Delivery, frozen: bytes, until: datetime, code: str) -> None:
    header = _header(frozen)
    delivery.held.append(Held(header.seq, header.id, until, code))


def _sort_in(delivery: Delivery, frozen: bytes, now: datetime) -> None:
    """Put one event where it belongs."""
    try:
        event = thaw(frozen)
        _check_place(event, frozen, delivery.batch)
    except NewerMessageError as exc:
        _hold_newer(delivery, frozen, now, exc)
    except (InvalidEventError, UnsupportedVersionError) as exc:
        delivery.refusals.append(_refusal(frozen, exc))
    else:
        delivery.arrivals.append(Arrival(bytes.fromhex(event.id.replace("-", "")), _hash(frozen), event, frozen))


def _hold_newer(delivery: Delivery, frozen: bytes, now: datetime, why: NewerMessageError) -> None:
    try:
        _hold(delivery, frozen, now + HOLD_NEWER, why.code)
    except InvalidEventError as exc:
        delivery.refusals.append(_unreadable(frozen, exc))


def _check_place(event: Event, frozen: bytes, batch: Batch) -> None:
    """Refuse an event that names another terminal or life than its batch, or what no store can keep."""
    if event.terminal != batch.terminal or event.epoch != batch.epoch:
        raise InvalidEventError(
            Words(f"第 {event.seq} 号记录属于其他终端或纪元", f"Event {event.seq} belongs to another terminal or epoch")
        )
    if _ESCAPED_NUL in frozen:
        raise InvalidEventError(Words(f"第 {event.seq} 号记录含空字符", f"Event {event.seq} holds a NUL"))


def _refusal(frozen: bytes, why: YimaError) -> Refusal:
    try:
        header = _header(frozen)
    except InvalidEventError as exc:
        return _unreadable(frozen, exc)
    return Refusal(header.seq, header.id, _hash(frozen), why.code, _storable(why.words), frozen)


def _header(frozen: bytes) -> EventHeader:
    """Return a header whose number and id can stand in a receipt."""
    header = thaw_header(frozen)
    if not 1 <= header.seq <= _LARGEST_NUMBER or "\0" in header.id or len(header.id) > _LONGEST_ID:
        raise InvalidEventError(Words("记录没有可用的编号", "The event has no usable number"))
    return header


def _unreadable(frozen: bytes, why: InvalidEventError) -> Refusal:
    return Refusal(None, "", _hash(frozen), UNREADABLE, _storable(why.words), frozen)


def _storable(words: Words) -> Words:
    """Return words without the NULs that a decoder may quote from the bytes it refuses."""
    return Words(words.zh.replace("\0", "?"), words.en.replace("\0", "?"))


def _hash(frozen: bytes) -> bytes:
    return bytes.fromhex(sm3_hex(frozen))
