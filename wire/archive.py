"""A file of messages that is whole or is not believed: a mark, a zstd stream of length-prefixed MessagePack, SHA-256.

The digest stands at the end and is over everything before it. It is checked before the first message is given out.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable, Iterator
from typing import IO, TypeVar

import msgspec
import zstandard

from codes.words import Words
from wire.errors import UNDECODABLE, CorruptMessageError

_LENGTH = struct.Struct(">I")
_LONGEST = 256 * 1024 * 1024
_ZSTD_LEVEL = 6
_DIGEST_BYTES = hashlib.sha256().digest_size
_BLOCK = 1024 * 1024

_T = TypeVar("_T")


class _Hashed:
    """A file that is written and hashed at once."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.digest = hashlib.sha256()

    def write(self, part: bytes) -> int:
        self.digest.update(part)
        return self._out.write(part)


class _Part:
    """The first bytes of what is left of a file: what stands behind them is no zstd."""

    def __init__(self, source: IO[bytes], left: int) -> None:
        self._source = source
        self._left = left

    def read(self, size: int) -> bytes:
        part = self._source.read(min(size, self._left))
        self._left -= len(part)
        return part


def write_archive(out: IO[bytes], mark: bytes, messages: Iterable[msgspec.Struct]) -> None:
    """Write `messages` to `out` behind `mark`."""
    encoder = msgspec.msgpack.Encoder()
    hashed = _Hashed(out)
    hashed.write(mark)
    packer = zstandard.ZstdCompressor(level=_ZSTD_LEVEL)
    with packer.stream_writer(hashed, closefd=False) as packed:  # type: ignore[arg-type] # `write` is all it needs
        for message in messages:
            body = encoder.encode(message)
            packed.write(_LENGTH.pack(len(body)))
            packed.write(body)
    out.write(hashed.digest.digest())


def read_archive(source: IO[bytes], mark: bytes, decoder: msgspec.msgpack.Decoder[_T]) -> Iterator[_T]:
    """Yield the messages of a file that can be read more than once.

    Raises:
        CorruptMessageError: It has another mark, is cut off or was altered: then nothing is given out.
    """
    source.seek(0)
    if source.read(len(mark)) != mark:
        raise CorruptMessageError(Words("文件类型不符", "It is a file of another kind"))
    end = _refuse_altered(source)
    source.seek(len(mark))
    try:
        part: IO[bytes] = _Part(source, end - len(mark))  # type: ignore[assignment] # `read` is all it needs
        with zstandard.ZstdDecompressor().stream_reader(part, closefd=False) as stream:
            while length := _read(stream, _LENGTH.size):
                yield decoder.decode(_read(stream, min(_LENGTH.unpack(length)[0], _LONGEST)))
    except (zstandard.ZstdError, struct.error, *UNDECODABLE) as exc:
        # The digest holds, so it was written like this: by a newer program, or a wrong one.
        raise CorruptMessageError(Words(f"内容不可读：{exc}", f"It cannot be read: {exc}")) from exc


def _refuse_altered(source: IO[bytes]) -> int:
    """Compare the digest; return where it begins."""
    end = left = source.seek(0, os.SEEK_END) - _DIGEST_BYTES
    source.seek(0)
    digest = hashlib.sha256()
    while left > 0 and (part := source.read(min(left, _BLOCK))):
        digest.update(part)
        left -= len(part)
    if left != 0 or source.read() != digest.digest():
        raise CorruptMessageError(Words("文件不完整或被改动过", "It is cut off or was altered"))
    return end


def _read(stream: IO[bytes], size: int) -> bytes:
    """Return `size` bytes, or fewer where the stream ends."""
    parts = bytearray()
    while len(parts) < size and (part := stream.read(size - len(parts))):
        parts += part
    return bytes(parts)
