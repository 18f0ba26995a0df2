"""What a terminal sends up in one message, what the centre answers after its own commit, and what it asks for again.

A row of the terminal's outbox is delivered when a receipt names it, never on the broker's acknowledgement.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from codes.words import Words
from wire.errors import UNDECODABLE, CorruptMessageError, NewerMessageError
from wire.events import Name, Seq, Span, Utc

BATCH_VERSION = 1
MAX_EVENTS_PER_BATCH = 1_000
MAX_SPANS_PER_ASK = 200

Nonce = Annotated[str, Meta(min_length=16, max_length=64)]


class Trust(StrEnum):
    """Whether the centre takes a terminal's facts."""

    PENDING = "pending"
    """It has announced itself; nobody has compared its fingerprint yet."""
    APPROVED = "approved"
    REVOKED = "revoked"


class Batch(Struct, frozen=True):
    """Events of one terminal, one message."""

    v: int
    terminal: Name
    epoch: Name
    sent_at: Utc
    nonce: Nonce
    """Fresh for each message; the receipt repeats it."""
    events: Annotated[list[msgspec.Raw], Meta(max_length=MAX_EVENTS_PER_BATCH)]
    """Each exactly as it was frozen. None: the terminal only asks how it stands with the centre."""


class Rejected(Struct, frozen=True):
    """An event that can never be taken. Its number is closed; the terminal parks it as a dead letter."""

    seq: Seq
    id: str
    code: str
    """Stable reason, such as `event.invalid`."""


class Held(Struct, frozen=True):
    """An event that cannot be taken now. The terminal keeps it and tries again."""

    seq: Seq
    id: str
    until: Utc
    """Do not resend before."""
    code: str
    """Stable reason, such as `terminal.pending`."""


class Receipt(Struct, frozen=True):
    """What the centre has committed, by number."""

    v: int
    terminal: Name
    epoch: Name
    centre: Name
    """Store epoch of the centre: a new one means that it was restored or rebuilt."""
    at: Utc
    """Centre clock, from which a terminal measures its offset."""
    nonce: Nonce
    """The `nonce` of the batch that this answers. Two boxes with copies of one store number their events alike, so a
    receipt counts only where the batch came from."""
    accepted: list[Span] = msgspec.field(default_factory=list)
    rejected: list[Rejected] = msgspec.field(default_factory=list)
    held: list[Held] = msgspec.field(default_factory=list)
    trust: Trust = Trust.APPROVED
    """Whether the centre takes what this terminal says."""
    is_forked: bool = False
    """A number of this batch stands for another event at the centre too: begin a new epoch."""


class Wanted(Struct, frozen=True):
    """Numbers of one epoch that the centre does not have."""

    epoch: Name
    spans: Annotated[list[Span], Meta(min_length=1, max_length=MAX_SPANS_PER_ASK)]


class Ask(Struct, frozen=True):
    """What the centre asks a terminal to send again. Rows that are on the way anyway need nothing."""

    v: int
    terminal: Name
    centre: Name
    """Store epoch of the centre, as in a receipt."""
    at: Utc
    wanted: Annotated[list[Wanted], Meta(min_length=1)]
    report_at: Utc | None = None
    """The `at` of the health report that this answers: an old request, or one that is played back, counts for nothing.
    None from a centre of an earlier release."""


_encoder = msgspec.json.Encoder()
_batch_decoder = msgspec.json.Decoder(Batch)
_receipt_decoder = msgspec.json.Decoder(Receipt)
_ask_decoder = msgspec.json.Decoder(Ask)

_T = TypeVar("_T")


def encode(message: Batch | Receipt | Ask) -> bytes:
    """Return the body that is sealed (`wire.envelope.seal`)."""
    return _encoder.encode(message)


def decode_batch(body: bytes) -> Batch:
    """Return the batch in `body`.

    Raises:
        CorruptMessageError: The body is no batch.
    """
    return _decode(_batch_decoder, body, Words("不是有效的上传批次", "Not a batch"))


def decode_receipt(body: bytes) -> Receipt:
    """Return the receipt in `body`.

    Raises:
        CorruptMessageError: The body is no receipt.
        NewerMessageError: It is of a newer format, which may mean something else by the same words.
    """
    receipt = _decode(_receipt_decoder, body, Words("不是有效的回执", "Not a receipt"))
    refuse_newer(receipt.v, BATCH_VERSION)
    return receipt


def decode_ask(body: bytes) -> Ask:
    """Return the request in `body`.

    Raises:
        CorruptMessageError: The body is no such request.
        NewerMessageError: It is of a newer format.
    """
    ask = _decode(_ask_decoder, body, Words("不是有效的补发请求", "Not a request to send again"))
    refuse_newer(ask.v, BATCH_VERSION)
    return ask


def refuse_newer(version: int, known: int) -> None:
    """Raise `NewerMessageError` if `version` is beyond what this program knows."""
    if version > known:
        raise NewerMessageError(
            Words(f"消息版本 {version} 高于本机支持的 {known}", f"Message version {version} is newer than {known}")
        )


def ranges(seqs: Iterable[int]) -> list[tuple[int, int]]:
    """Return the inclusive ranges that cover `seqs` and nothing else.

    >>> ranges([3, 1, 2, 7])
    [(1, 3), (7, 7)]
    """
    spans: list[tuple[int, int]] = []
    for seq in sorted(set(seqs)):
        if spans and spans[-1][1] == seq - 1:
            spans[-1] = (spans[-1][0], seq)
        else:
            spans.append((seq, seq))
    return spans


def _decode(decoder: msgspec.json.Decoder[_T], body: bytes, words: Words) -> _T:
    try:
        return decoder.decode(body)
    except UNDECODABLE as exc:
        raise CorruptMessageError(Words(f"{words.zh}：{exc}", f"{words.en}: {exc}")) from exc
