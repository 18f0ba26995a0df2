"""Pages of an SQLite file, read by ourselves, so that what SQLite gives up is still found.

A damaged tree hides every row below the damage from SQLite, though their bytes are there. Here each page stands for
itself: whatever it is part of, its cells are read one by one, with their overflow pages, and a cell that cannot be
read costs nothing but itself. Pure; the format is https://www.sqlite.org/fileformat2.html#b_tree_pages.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Value = None | int | float | str | bytes

INDEX_INTERIOR = 0x02
TABLE_INTERIOR = 0x05
INDEX_LEAF = 0x0A
TABLE_LEAF = 0x0D
_LEAF_HEADER = 8
_INTERIOR_HEADER = 12
_FIRST_PAGE_OFFSET = 100
"""The file's own header stands before the tree of the first page."""
_MOST_PAYLOAD = 1 << 24
"""Longer than any row of ours; what claims more is damaged."""
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_REAL, _ZERO, _ONE = 7, 8, 9
_FIRST_BLOB = 12

FetchPage = Callable[[int], bytes]
"""Returns a page by its number, empty if there is none."""


class UnreadableError(ValueError):
    """The bytes are no cell, no record, or not all there."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """Where the payload of a cell is."""

    size: int
    local: bytes
    overflow: int
    """First page of the rest; 0 if all of it is here."""


def records(page: bytes, fetch: FetchPage, *, number: int = 0, errors: str = "strict") -> Iterator[list[Value]]:
    """Yield each record on a page that can be read. A table's row does not hold its own number.

    Args:
        page: The page.
        fetch: Where its overflow pages are.
        number: Which page it is; only the first one is different.
        errors: What becomes of bytes in a text that are none, as `bytes.decode` has it; the record counts for nothing
            if that is strict.
    """
    start = _FIRST_PAGE_OFFSET if number == 1 else 0
    kind = page[start] if len(page) > start + _INTERIOR_HEADER else 0
    if kind not in {INDEX_INTERIOR, INDEX_LEAF, TABLE_LEAF}:
        return
    (count,) = struct.unpack_from(">H", page, start + 3)
    at = start + (_INTERIOR_HEADER if kind == INDEX_INTERIOR else _LEAF_HEADER)
    for pointer in range(at, min(at + 2 * count, len(page) - 1), 2):
        (place,) = struct.unpack_from(">H", page, pointer)
        try:
            yield _record(_payload(_cell(page, place, kind), len(page), fetch), errors)
        except UnreadableError:
            continue


def varint(content: bytes, at: int) -> tuple[int, int]:
    """Return an integer of one to nine bytes, and where it ends."""
    value = 0
    for index in range(9):
        if at + index >= len(content):
            break
        byte = content[at + index]
        if index == 8:  # noqa: PLR2004 - the ninth byte gives all its bits
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says that another byte follows
            return value, at + index + 1
    raise UnreadableError


def _cell(page: bytes, at: int, kind: int) -> _Cell:
    if at >= len(page):
        raise UnreadableError
    size, at = varint(page, at + 4 if kind == INDEX_INTERIOR else at)
    if kind == TABLE_LEAF:
        _, at = varint(page, at)
    if not 0 < size <= _MOST_PAYLOAD:
        raise UnreadableError
    local = _local_bytes(size, len(page), is_table=kind == TABLE_LEAF)
    if local == size:
        return _Cell(size, page[at : at + size], 0)
    overflow = page[at + local : at + local + 4]
    if len(overflow) < 4:  # noqa: PLR2004 - a page number
        raise UnreadableError
    return _Cell(size, page[at : at + local], int.from_bytes(overflow))


def _local_bytes(size: int, page_bytes: int, *, is_table: bool) -> int:
    """Return how much of a payload stands on the page itself, by the format's own arithmetic."""
    most = page_bytes - 35 if is_table else (page_bytes - 12) * 64 // 255 - 23
    if size <= most:
        return size
    least = (page_bytes - 12) * 32 // 255 - 23
    rest = least + (size - least) % (page_bytes - 4)
    return rest if rest <= most else least


def _payload(cell: _Cell, page_bytes: int, fetch: FetchPage) -> bytes:
    parts, missing, following = [cell.local], cell.size - len(cell.local), cell.overflow
    seen: set[int] = set()
    while following and missing > 0:
        page = fetch(following) if following not in seen else b""
        if len(page) != page_bytes:
            raise UnreadableError
        # A damaged chain may come back to itself, and a page full of such cells would keep the start waiting.
        seen.add(following)
        parts.append(page[4 : 4 + missing])
        missing -= len(parts[-1])
        following = int.from_bytes(page[:4])
    if missing:
        raise UnreadableError
    return b"".join(parts)


def _record(payload: bytes, errors: str) -> list[Value]:
    header_end, at = varint(payload, 0)
    if header_end > len(payload):
        raise UnreadableError
    values, body = [], header_end
    while at < header_end:
        kind, at = varint(payload, at)
        value, body = _value(payload, body, kind, errors)
        values.append(value)
    return values


def _value(payload: bytes, at: int, kind: int, errors: str) -> tuple[Value, int]:
    if kind in {0, _ZERO, _ONE}:
        return (None if kind == 0 else kind - _ZERO), at
    size = _INTEGERS.get(kind, 8 if kind == _REAL else (kind - _FIRST_BLOB) // 2)
    content = payload[at : at + size]
    if size < 0 or len(content) < size:
        raise UnreadableError
    if kind in _INTEGERS:
        return int.from_bytes(content, signed=True), at + size
    if kind == _REAL:
        return float(struct.unpack(">d", content)[0]), at + size
    if kind % 2 == 0:
        return content, at + size
    try:
        return content.decode(errors=errors), at + size
    except UnicodeDecodeError as exc:
        raise UnreadableError from exc
