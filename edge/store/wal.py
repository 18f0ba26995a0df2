"""The write-ahead log of SQLite, read by ourselves before SQLite reads it.

SQLite takes a log up to its first bad frame and is silent about the rest. That is right after a power cut, where the
rest was never acknowledged, and wrong where a sector went bad: then commits are lost that somebody was told of. This
module tells the two apart. It is pure; the format is https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

PAGE_BYTES = 4_096
"""Of every store of ours."""
HEADER_BYTES = 32
FRAME_BYTES = 24
_MAGIC = 0x377F0682
_BIG_ENDIAN = 1
"""The last bit of the magic number: in which order the words are summed up."""
_VERSION = 3_007_000
_WORD = 0xFFFF_FFFF
_SUMMED = 24
"""Bytes of the log's header that its checksum covers."""
_INDEX_HEADER = struct.Struct("=III BBH II 8s 8s II")
_INDEX_SUMMED = 40
_BACKFILLED_AT = 2 * _INDEX_HEADER.size
_CUT_OFF = "the last commit is cut off"

ReadPage = Callable[[int], bytes]
"""Returns a page of the database file by its number, empty if there is none."""


class Content(Protocol):
    """Bytes, or a file that is read like them, a part at a time."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def __getitem__(self, part: slice, /) -> bytes:
        """Return some of them."""
        ...


class Verdict(StrEnum):
    """What a log says of the commits in it."""

    WHOLE = "whole"
    """Every commit is there, or there is none."""
    TORN = "torn"
    """The last commit was cut off before anybody was told of it: what a power cut leaves."""
    DAMAGED = "damaged"
    """Commits that were acknowledged cannot be read."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One page as some commit wrote it."""

    page: int
    database_pages: int
    """Size of the database if the frame ends a commit, else 0."""
    salts: tuple[int, int]
    """Which filling of the log the frame belongs to."""
    sums: tuple[int, int]
    at: int
    """Where its page begins in the log."""


@dataclass(frozen=True, slots=True)
class Log:
    """What was found in a log."""

    verdict: Verdict
    frames: Sequence[Frame]
    """Everything that stands in the file, whole or not, of this filling or of one before."""
    taken: int
    """How many of them SQLite will take."""
    behind: Sequence[Frame]
    """Frames of this filling that SQLite will not take."""
    why: str = ""
    """For a person: what is wrong."""
    gone: int = 0
    """Frames of acknowledged commits that do not even stand in the file."""

    def committed(self) -> dict[int, Frame]:
        """Return the last image of each page among the frames that SQLite takes."""
        return {frame.page: frame for frame in self.frames[: self.taken]}


@dataclass(frozen=True, slots=True)
class _Claim:
    """What SQLite's index of the log says was committed: written after each commit, and as old as may be after a cut.

    It is written through memory: what the disk holds of it once the power is gone was true at some moment before.
    """

    frames: int
    salts: bytes
    backfilled: int
    """Frames whose pages were copied into the database file."""


def read_log(log: Content, index: Content, read_page: ReadPage, *, is_same_boot: bool = False) -> Log:
    """Return what a log holds, and whether all that was acknowledged is among it.

    Args:
        log: The file `-wal`, empty if there is none.
        index: The file `-shm`, empty if there is none: a witness that outlives a kill; a power cut leaves an older one.
        read_page: Reads the database file.
        is_same_boot: The machine was not started anew since the index was written.
    """
    claim = _read_claim(index)
    if len(log) < HEADER_BYTES:
        gone = claim.frames - claim.backfilled if claim is not None else 0
        return Log(Verdict.DAMAGED, (), 0, (), "the log is gone", gone) if gone > 0 else Log(Verdict.WHOLE, (), 0, ())
    order = ">" if log[3:4][0] & _BIG_ENDIAN else "<"
    if not _is_header_whole(log, order):
        return _without_header(log, _frames(log), read_page)
    frames = _frames(log)
    taken = _taken(log, order, frames)
    salts = struct.unpack(">II", log[16:24])
    # One half of the pair is enough: the other may be what was damaged.
    behind = [one for one in frames[taken:] if one.salts[0] == salts[0] or one.salts[1] == salts[1]]
    found = Log(Verdict.WHOLE, frames, taken, behind)
    witness = claim if claim is not None and claim.salts == log[16:24] else None
    if is_same_boot and witness is not None and witness.frames == taken:
        # The index knows exactly how far commits went: what stands behind was never acknowledged.
        return Log(Verdict.TORN, frames, taken, behind, _CUT_OFF) if behind else found
    why = _why_damaged(found, log, witness, read_page)
    if why:
        gone = max(0, witness.frames - len(frames)) if witness is not None else 0
        return Log(Verdict.DAMAGED, frames, taken, behind, why, gone)
    return Log(Verdict.TORN, frames, taken, behind, _CUT_OFF) if behind else found


def _why_damaged(found: Log, log: Content, claim: _Claim | None, read_page: ReadPage) -> str:
    if claim is not None and claim.frames > found.taken:
        # An index may be too old, never too new. One that claims no more than can be read says nothing of the rest.
        return f"{claim.frames - found.taken} frames of acknowledged commits cannot be read"
    if sum(frame.database_pages > 0 for frame in found.behind) > 1:
        # A commit begins only when the one before is on the disk.
        return "a commit follows on frames that cannot be read"
    if found.behind and _was_copied(found, log, read_page):
        # Only acknowledged commits are copied into the file; SQLite would mix them with older pages.
        return "frames that were copied into the database cannot be read"
    return ""


def _was_copied(found: Log, log: Content, read_page: ReadPage) -> bool:
    """Tell whether the database holds what the frames behind hold, but for the damaged one, and the log older pages.

    A page that is rewritten as it was says nothing; one that differs from every frame that SQLite takes does. Nothing
    is copied of a commit that did not end, and a page may also be set back to what the database still holds.
    """
    if not any(frame.database_pages for frame in found.behind):
        return False
    committed = found.committed()
    copied = newer = 0
    for frame in found.behind:
        image = log[frame.at : frame.at + PAGE_BYTES]
        before = committed.get(frame.page)
        is_copied = image == read_page(frame.page)
        copied += is_copied
        newer += is_copied and before is not None and log[before.at : before.at + PAGE_BYTES] != image
    return newer > 0 and copied >= len(found.behind) - 1


def _without_header(log: Content, frames: Sequence[Frame], read_page: ReadPage) -> Log:
    """Judge a log whose header is bad. Torn when the log was begun anew, it is empty: all of it is in the database."""
    filling = _newest_filling(frames)
    commits = [number for number, frame in enumerate(filling, 1) if frame.database_pages]
    if not commits:
        return Log(Verdict.WHOLE, frames, 0, ())
    latest = {frame.page: frame for frame in filling[: commits[-1]]}
    if all(read_page(page) == log[frame.at : frame.at + PAGE_BYTES] for page, frame in latest.items()):
        return Log(Verdict.WHOLE, frames, 0, ())
    return Log(Verdict.DAMAGED, frames, 0, filling, "the header of the log cannot be read")


def _newest_filling(frames: Sequence[Frame]) -> Sequence[Frame]:
    """Return the frames at the front that belong together; behind them stands what an earlier filling left."""
    for first in range(min(2, len(frames))):
        last = first
        while last < len(frames) and frames[last].salts == frames[first].salts:
            last += 1
        # A single frame that ends nothing is one whose mark was damaged.
        if last - first > 1 or frames[first].database_pages:
            return frames[:last]
    return ()


def _is_header_whole(log: Content, order: str) -> bool:
    magic, version, size = struct.unpack(">III", log[:12])
    sums = struct.unpack(">II", log[_SUMMED : _SUMMED + 8])
    is_ours = magic | _BIG_ENDIAN == _MAGIC | _BIG_ENDIAN and version == _VERSION and size == PAGE_BYTES
    return is_ours and checksum(log[:_SUMMED], order) == sums


def _frames(log: Content) -> list[Frame]:
    found = []
    for start in range(HEADER_BYTES, len(log) - FRAME_BYTES - PAGE_BYTES + 1, FRAME_BYTES + PAGE_BYTES):
        page, size, salt_1, salt_2, sum_1, sum_2 = struct.unpack(">6I", log[start : start + FRAME_BYTES])
        found.append(Frame(page, size, (salt_1, salt_2), (sum_1, sum_2), start + FRAME_BYTES))
    return found


def _taken(log: Content, order: str, frames: Sequence[Frame]) -> int:
    """Return how many frames stand up to the last whole commit."""
    taken = 0
    salts = struct.unpack(">II", log[16:24])
    sums: tuple[int, int] = struct.unpack(">II", log[_SUMMED : _SUMMED + 8])
    for number, frame in enumerate(frames, 1):
        if frame.salts != salts or frame.page == 0:
            break
        start = frame.at - FRAME_BYTES
        sums = checksum(log[start : start + 8], order, sums)
        sums = checksum(log[frame.at : frame.at + PAGE_BYTES], order, sums)
        if sums != frame.sums:
            break
        if frame.database_pages:
            taken = number
    return taken


def checksum(content: bytes, order: str, sums: tuple[int, int] = (0, 0)) -> tuple[int, int]:
    """Return SQLite's running sum over words of four bytes."""
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    first, second = sums
    for index in range(0, len(words), 2):
        first = (first + words[index] + second) & _WORD
        second = (second + words[index + 1] + first) & _WORD
    return first, second


def _read_claim(index: Content) -> _Claim | None:
    """Return what the index claims; it is kept twice, with a checksum, and one that does not agree says nothing."""
    size = _INDEX_HEADER.size
    if len(index) < _BACKFILLED_AT + 4 or index[:size] != index[size : 2 * size]:
        return None
    version, _, _, is_ready, _, _, frames, _, _, salts, *sums = _INDEX_HEADER.unpack(index[:size])
    if version != _VERSION or not is_ready or checksum(index[:_INDEX_SUMMED], "=") != tuple(sums):
        return None
    (backfilled,) = struct.unpack("=I", index[_BACKFILLED_AT : _BACKFILLED_AT + 4])
    return _Claim(frames, salts, backfilled)
