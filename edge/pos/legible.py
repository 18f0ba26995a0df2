"""A copy of an answer that can be read here: unpacked, and in UTF-8. The answer itself stays as it came.

Gateways pack what they answer as the POS allows them to, and older ones write GBK. What is packed in a way that is not
known here, or grows beyond all measure, is not guessed at: it is said why it could not be read.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import zstandard

from codes.words import Words
from edge.pos.upstream import Reply

MOST_BYTES = 8 * 1024 * 1024
"""Of an unpacked answer. Nothing of the interface has a tenth of it, and a few kilobytes can unpack to a gigabyte."""
_CONTENT_ENCODING, _CONTENT_TYPE = b"content-encoding", b"content-type"
_GZIP, _ZLIB, _BARE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_MOST_PACKINGS = 3
_GZIP_MAGIC = b"\x1f\x8b\x08"
_CHARSET = re.compile(rb"charset\s*=\s*\"?([a-z0-9_-]{1,20})", re.IGNORECASE)
_CHINESE = "gb18030"
_LETTERS: Mapping[str, str] = MappingProxyType(
    {"gbk": _CHINESE, "gb2312": _CHINESE, "gb18030": _CHINESE, "cp936": _CHINESE, "big5": "big5", "utf-16": "utf-16"}
)
"""Which are believed where they are named. Of Latin-1, which servers name where nobody told them, none is."""
_TOO_LONG = Words("应答解压后过大", "unpacked, the answer is too long")
_BROKEN = Words("应答的压缩数据不完整", "what the answer was packed into is broken")
_OTHER_LETTERS = Words("应答既不是 UTF-8 也不是 GB18030", "the answer is neither UTF-8 nor GB18030")
_NO_ANSWER = Words("应答不是接口的格式", "the answer is not in the interface's form")


@dataclass(frozen=True, slots=True)
class Legible:
    """The copy."""

    text: bytes = field(repr=False)
    """In UTF-8; what could not be read is empty."""
    why: Words | None = None
    """Why it could not be read."""


class _UnreadError(Exception):
    """It cannot be unpacked."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


def legible(reply: Reply) -> Legible:
    """Return the copy."""
    try:
        return _in_utf8(_unpacked(reply), _named_letters(reply))
    except _UnreadError as exc:
        return Legible(b"", exc.words)


def why_unread(reply: Reply, answer: Mapping[str, object]) -> Words | None:
    """Return why an answer says nothing here, though its sender may read it; None if it is read."""
    if answer.get("infcode") not in (None, ""):
        return None
    return legible(reply).why or _NO_ANSWER


def _unpacked(reply: Reply) -> bytes:
    body = reply.body
    packings = [
        one.strip().lower()
        for name, value in reply.headers
        if name.lower() == _CONTENT_ENCODING
        for one in value.decode("latin-1").split(",")
    ]
    packings = [one for one in packings if one not in {"", "identity"}]
    if not packings and body.startswith(_GZIP_MAGIC):
        packings = ["gzip"]
    if not body:
        return body
    if len(packings) > _MOST_PACKINGS:
        raise _UnreadError(_TOO_LONG)
    for one in reversed(packings):
        unpack = _UNPACK.get(one)
        if unpack is None:
            raise _UnreadError(
                Words(f"应答以 {one[:20]} 压缩，本机不能解开", f"the answer is packed as {one[:20]}, not known here")
            )
        body = unpack(body)
    return body


def _inflated(body: bytes, window: int) -> bytes:
    """Unpack what zlib knows, one part after the other."""
    parts, room, left = [], MOST_BYTES, body
    while left:
        unpacking = zlib.decompressobj(window)
        try:
            part = unpacking.decompress(left, room + 1)
        except zlib.error as exc:
            raise _UnreadError(_BROKEN) from exc
        if len(part) > room:
            raise _UnreadError(_TOO_LONG)
        if not unpacking.eof:
            raise _UnreadError(_BROKEN)
        parts.append(part)
        room -= len(part)
        # Behind the last part there may be zeros that fill a block up.
        left = unpacking.unused_data.lstrip(b"\0") if window == _GZIP else b""
    return b"".join(parts)


def _from_gzip(body: bytes) -> bytes:
    return _inflated(body, _GZIP)


def _from_deflate(body: bytes) -> bytes:
    """Unpack `deflate`, which by the standard has a frame, and from some servers has none."""
    is_framed = len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    return _inflated(body, _ZLIB if is_framed else _BARE)


def _from_zstd(body: bytes) -> bytes:
    try:
        with zstandard.ZstdDecompressor(max_window_size=MOST_BYTES).stream_reader(body) as unpacking:
            unpacked = unpacking.read(MOST_BYTES + 1)
    except zstandard.ZstdError as exc:
        raise _UnreadError(_BROKEN) from exc
    if len(unpacked) > MOST_BYTES:
        raise _UnreadError(_TOO_LONG)
    return unpacked


_UNPACK: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType(
    {"gzip": _from_gzip, "x-gzip": _from_gzip, "deflate": _from_deflate, "zstd": _from_zstd}
)


def _named_letters(reply: Reply) -> str:
    """Return the letters that `Content-Type` names, if they are to be believed."""
    said = next((value for name, value in reply.headers if name.lower() == _CONTENT_TYPE), b"")
    found = _CHARSET.search(said)
    return "" if found is None else _LETTERS.get(found[1].decode().lower(), "")


def _in_utf8(body: bytes, named: str) -> Legible:
    for letters in (named, "utf-8", _CHINESE):
        if not letters:
            continue
        try:
            text = body.decode(letters)
            return Legible(body if letters == "utf-8" else text.encode())
        except UnicodeError:
            continue
    return Legible(b"", _OTHER_LETTERS)
