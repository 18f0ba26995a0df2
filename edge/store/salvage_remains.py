"""What is left of a damaged store: its files, set aside, and everything in them that may be an event.

Nothing here writes into the files that were set aside. SQLite gets a copy of its own to read, in which the log is
already folded back and the header put right, so that damage there does not hide what is whole behind it.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from edge.clock import MOST_US
from edge.store.lock import is_of_this_boot
from edge.store.pages import TABLE_LEAF, Value, records
from edge.store.salvage_cells import MOST_NUMBER, is_hash, is_whole_text
from edge.store.salvage_leaves import file_header
from edge.store.salvage_proof import Found, event_in, found_in, row_of
from edge.store.salvage_sectors import Sectors, opened_sectors
from edge.store.wal import PAGE_BYTES, Frame, Log, Verdict, read_log

_FREE_AT, _APPLICATION_AT, _VERSION_AT = 32, 68, 60
_MOST_IN_TRUNK = PAGE_BYTES // 4 - 2
_EVENT = re.compile(rb'\{"v":\d+,"id":"[0-9a-f-]{36}","terminal":"[^"]{1,64}","epoch":"([^"]{1,64})","seq":(\d+),')
_COLUMNS = 11
_STATE_COLUMNS = 9

Known = Mapping[str, Collection[int]]
"""Numbers of events that need not be looked for any more, by life."""
_Fetch = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Head:
    """Where a history stood, as some page says."""

    terminal: str
    epoch: str
    next_seq: int
    last_hash: str
    hlc: int


class Remains:
    """The files of a store, damaged or not, as they lie on the disk."""

    def __init__(self, database: Sectors, log: Sectors, index: Sectors, *, is_same_boot: bool = False) -> None:
        self.database = database
        self._log_file = log
        self.log: Log = read_log(log, index, self.page, is_same_boot=is_same_boot)
        self._is_judged_damaged = self.log.verdict is Verdict.DAMAGED

    @property
    def is_log_cut_short(self) -> bool:
        """Commits that were acknowledged are missing in the tables as SQLite reads them."""
        return self._is_judged_damaged or bool(self._log_file.unreadable)

    def page(self, number: int) -> bytes:
        """Return a page of the database file, empty if there is none."""
        return self.database.read((number - 1) * PAGE_BYTES, PAGE_BYTES) if number > 0 else b""

    def header(self) -> bytes:
        """Return the header of the database as of the last commit."""
        frame = self.log.committed().get(1)
        first = self.page(1) if frame is None else self._image(frame)
        return first[:100]

    def versions(self) -> tuple[int, int]:
        """Return the application id and the version of the schema as the header has them; 0 where it is too short."""
        header = self.header().ljust(100, b"\0")
        return int.from_bytes(header[_APPLICATION_AT:][:4]), int.from_bytes(header[_VERSION_AT:][:4])

    def write_image(self, path: Path) -> None:
        """Write a copy for SQLite to read, as of the last whole commit, with the header of every store of ours."""
        with path.open("wb") as image:
            image.writelines(self.database.pieces())
            for page, frame in self.log.committed().items():
                image.seek((page - 1) * PAGE_BYTES)
                image.write(self._image(frame))
            pages = -(-image.seek(0, 2) // PAGE_BYTES)
            image.truncate(pages * PAGE_BYTES)
            image.seek(0)
            # Not in WAL mode, no free pages: it is only read.
            image.write(file_header(pages))

    def needed_bytes(self) -> int:
        """Return how much room a copy takes, with a new store of what is in use."""
        pages = max(-(-self.database.size_bytes // PAGE_BYTES), *self.log.committed(), 0)
        return (2 * pages - len(self.free_pages())) * PAGE_BYTES

    def free_pages(self) -> set[int]:
        """Return the pages that were in no use as of the last commit; none if the list of them cannot be believed."""
        committed = self.log.committed()
        pages = self.database.size_bytes // PAGE_BYTES
        trunk, count = struct.unpack_from(">II", self.header().ljust(100, b"\0"), _FREE_AT)
        free: set[int] = set()
        while trunk and trunk not in free and len(free) < count:
            frame = committed.get(trunk)
            page = self.page(trunk) if frame is None else self._image(frame)
            if len(page) < PAGE_BYTES:
                return set()
            following, leaves = struct.unpack_from(">II", page)
            free |= {trunk, *struct.unpack_from(f">{min(leaves, _MOST_IN_TRUNK)}I", page, 8)}
            trunk = following
        return free if len(free) == count and max(free, default=0) <= max(pages, *committed, 0) else set()

    def events(self, known: Known) -> Iterator[Found]:
        """Yield everything that looks like an event that is not known, the newest page images first."""
        # Half a million events are passed over here: as bytes, a few at a time, they cost a third.
        lives = {epoch.encode(): numbers for epoch, numbers in known.items()}
        for number, page, fetch in self._pages():
            if all(int(seq) in lives.get(epoch, ()) for epoch, seq in _EVENT.findall(page)):
                continue
            found = [one for cells in records(page, fetch, number=number) if (one := _row(cells)) is not None]
            yield from found
            yield from carved(page)

    def heads(self) -> Iterator[Head]:
        """Yield every state of the history that stands on some page."""
        for _, page, fetch in self._pages():
            if page[:1] != bytes([TABLE_LEAF]):
                continue
            for cells in records(page, fetch):
                with suppress(ValueError):
                    yield head_of(cells)

    def _pages(self) -> Iterator[tuple[int, bytes, _Fetch]]:
        yield from self._frames()
        for number in range(1, self.database.size_bytes // PAGE_BYTES + 2):
            yield number, self.page(number), self.page

    def _frames(self) -> Iterator[tuple[int, bytes, _Fetch]]:
        """Yield the images in the log, the newest first; what runs over is looked for in the log before the file."""
        images = {frame.page: frame for frame in self.log.frames}

        def fetch(number: int) -> bytes:
            frame = images.get(number)
            return self.page(number) if frame is None else self._image(frame)

        for frame in reversed(self.log.frames):
            yield frame.page, self._image(frame), fetch

    def _image(self, frame: Frame) -> bytes:
        return self._log_file[frame.at : frame.at + PAGE_BYTES]


@contextmanager
def open_remains(database: Path, place: Path | None = None) -> Iterator[Remains]:
    """Read the files of the store at `database` without a lock and without a change.

    Args:
        database: Where the file is.
        place: Where it was when it was last opened, if it was moved: the lock stays there.
    """
    beside = [database.with_name(database.name + suffix) for suffix in ("-wal", "-shm")]
    with opened_sectors(database) as sectors, opened_sectors(beside[0]) as log, opened_sectors(beside[1]) as index:
        is_same_boot = is_of_this_boot((place or database).with_suffix(".lock"))
        remains = Remains(sectors, log, index, is_same_boot=is_same_boot)
        # SQLite reads these when it opens the store, and refuses at once what it cannot read.
        remains.page(1)
        for name, count in (
            ("database", len(sectors.unreadable)),
            ("log", log.count_unreadable()),
            ("index of the log", index.count_unreadable()),
        ):
            if count:
                why = f"{count} sectors of the {name} cannot be read"
                remains.log = replace(remains.log, verdict=Verdict.DAMAGED, why=why)
        yield remains


def carved(page: bytes) -> Iterator[Found]:
    """Yield events whose bytes stand in one piece on a page, whatever became of the cells around them."""
    for match in _EVENT.finditer(page):
        text = page[match.start() :].decode("utf-8", "replace")
        # A page of brackets is no event either.
        with suppress(ValueError, RecursionError):
            _, end = json.JSONDecoder().raw_decode(text)
            frozen = text[:end].encode()
            event = event_in(frozen)
            if event is not None:
                yield row_of(event, frozen)


def head_of(cells: list[Value]) -> Head:
    """Return the state of a history that a record holds.

    Raises:
        ValueError: It is another record.
    """
    match cells:
        case [_, str(terminal), str(epoch), int(next_seq), str(last_hash), int(hlc), *_] if (
            len(cells) >= _STATE_COLUMNS
            and 0 < next_seq < MOST_NUMBER
            and 0 <= hlc <= MOST_US
            and is_hash(last_hash)
            and is_whole_text(terminal)
            and is_whole_text(epoch)
        ):
            return Head(terminal, epoch, next_seq, last_hash, hlc)
        case _:
            raise ValueError("not a state")


def _row(cells: list[Value]) -> Found | None:
    """Return the row of the outbox that a record holds."""
    return found_in(cells) if len(cells) == _COLUMNS and isinstance(cells[-1], bytes) else None
