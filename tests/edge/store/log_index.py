"""The index that SQLite keeps of its log, as it was after some commit: what a power cut may leave of it."""

from __future__ import annotations

import struct

from edge.store.wal import PAGE_BYTES, Frame, checksum, read_log

_VERSION = 3_007_000
_HALF = 40
_BIG_ENDIAN = 1
_SIZE = 32_768


def index_as_of(log: bytes, frames: int) -> bytes:
    """Return the index of a log, whole and valid, as it was when the log held no more than so many frames."""
    return _index(log, read_log(log, b"", lambda _: b"").frames[frames - 1], frames)


def _index(log: bytes, last: Frame, frames: int) -> bytes:
    is_big_endian = log[3] & _BIG_ENDIAN
    words = struct.pack("=III BBH II", _VERSION, 0, frames, 1, is_big_endian, PAGE_BYTES, frames, last.database_pages)
    head = words + log[last.at - 8 : last.at] + log[16:24]
    assert len(head) == _HALF
    head += struct.pack("=II", *checksum(head, "="))
    return (head + head).ljust(_SIZE, b"\0")


def indexes_of(log: bytes) -> list[bytes]:
    """Return the index as of each commit that can be read, the oldest first."""
    whole = read_log(log, b"", lambda _: b"")
    taken = enumerate(whole.frames[: whole.taken], 1)
    return [_index(log, frame, number) for number, frame in taken if frame.database_pages]
