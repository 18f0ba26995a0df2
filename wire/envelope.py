"""The signed frame around everything that crosses the broker.

The broker is not trusted: the embedded one has no access control, and none of them keeps what it acknowledged. So
each message carries its own proof::

    "YM" | frame version (1) | key id (8) | Ed25519 signature (64) | zstd body

The signature is over the purpose, the topic, the key id and the compressed body, and is checked before anything is
unpacked. A message therefore cannot be moved to another topic, and an unsigned one costs no decompression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import zstandard

from codes.words import Words
from wire.errors import (
    CorruptMessageError,
    ForgedMessageError,
    NewerMessageError,
    OversizedMessageError,
    UnknownKeyError,
)
from wire.keys import KEY_ID_BYTES, PublicKey, SigningKey

MAGIC = b"YM"
FRAME_VERSION = 1
SIGNATURE_BYTES = 64
MAX_BODY_BYTES = 8 * 1024 * 1024
_HEAD_BYTES = len(MAGIC) + 1 + KEY_ID_BYTES + SIGNATURE_BYTES
_ZSTD_LEVEL = 3

KeyLookup = Callable[[bytes], PublicKey | None]
"""From key id to public key; None if the key is not known."""
KeyInBody = Callable[[bytes], PublicKey]
"""From the body of a message to the public key that it names."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A message whose signature holds."""

    body: bytes
    signer: PublicKey


def seal(body: bytes, topic: str, key: SigningKey) -> bytes:
    """Return the frame that carries `body` on `topic`."""
    packed = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body)
    key_id = key.public.key_id
    signature = key.sign(_signed_text(topic, key_id, packed))
    return MAGIC + bytes([FRAME_VERSION]) + key_id + signature + packed


def open_sealed(frame: bytes, topic: str, find_key: KeyLookup, *, most_bytes: int | None = None) -> Opened:
    """Return the body of `frame`, proved to be signed for `topic` by a known key.

    Raises:
        CorruptMessageError: No frame of ours, cut short, or not unpackable.
        NewerMessageError: A frame version that we do not know yet.
        UnknownKeyError: Signed by a key that `find_key` does not know.
        ForgedMessageError: The signature does not hold.
        OversizedMessageError: The body is larger than `most_bytes`, which is `MAX_BODY_BYTES` unless said.
    """
    parts = _parts(frame)
    signer = _proved(parts, topic, find_key(parts.key_id))
    return Opened(_unpack(parts.packed, MAX_BODY_BYTES if most_bytes is None else most_bytes), signer)


def open_introduction(frame: bytes, topic: str, key_in: KeyInBody, *, most_bytes: int) -> Opened:
    """Return the body of `frame`, proved to be signed for `topic` by the very key that the body names.

    So a terminal introduces itself: nobody knows its key yet. The body is unpacked before anything is proved, hence
    the bound of its own.

    Raises:
        WireError: As `open_sealed`, or whatever `key_in` finds wrong with the body.
    """
    parts = _parts(frame)
    body = _unpack(parts.packed, most_bytes)
    named = key_in(body)
    return Opened(body, _proved(parts, topic, named if named.key_id == parts.key_id else None))


@dataclass(frozen=True, slots=True)
class _Parts:
    key_id: bytes
    signature: bytes
    packed: bytes


def _parts(frame: bytes) -> _Parts:
    if len(frame) < _HEAD_BYTES or not frame.startswith(MAGIC) or frame[len(MAGIC)] < FRAME_VERSION:
        raise CorruptMessageError(Words("不是一码的消息", "Not one of our frames"))
    if frame[len(MAGIC)] > FRAME_VERSION:
        raise NewerMessageError(Words(f"消息格式 {frame[2]} 过新", f"Frame version {frame[2]} is newer than ours"))
    key_id_start = len(MAGIC) + 1
    signature_start = key_id_start + KEY_ID_BYTES
    return _Parts(frame[key_id_start:signature_start], frame[signature_start:_HEAD_BYTES], frame[_HEAD_BYTES:])


def _proved(parts: _Parts, topic: str, signer: PublicKey | None) -> PublicKey:
    if signer is None:
        raise UnknownKeyError(Words(f"未登记的密钥 {parts.key_id.hex()}", f"Key {parts.key_id.hex()} is not known"))
    if not signer.verifies(parts.signature, _signed_text(topic, parts.key_id, parts.packed)):
        raise ForgedMessageError(Words("签名不符，消息被篡改或冒充", "The signature does not hold: altered or forged"))
    return signer


def _signed_text(topic: str, key_id: bytes, packed: bytes) -> bytes:
    return b"yima/1\0" + topic.encode() + b"\0" + key_id + packed


def _unpack(packed: bytes, most_bytes: int) -> bytes:
    """Unpack with a bound: the declared size is checked first, and what comes out is bounded too."""
    try:
        declared = zstandard.frame_content_size(packed)
        if declared > most_bytes:
            raise OversizedMessageError(Words(f"消息过大：{declared} 字节", f"The message has {declared} bytes"))
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=most_bytes)
    except zstandard.ZstdError as exc:
        raise CorruptMessageError(Words(f"消息无法解压：{exc}", f"The body cannot be unpacked: {exc}")) from exc
