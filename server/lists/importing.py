"""A national list taken from a file: all of it or nothing, under a version of its own.

The file says what is new or changed; what it does not name stays. It is read and compared while others go on working,
and only what differs is then written, in one transaction. A file that changes nothing makes no version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, ClassVar, Final, TypeVar

import msgspec

from codes.errors import RejectedError
from codes.words import Words
from server.errors import ServerError
from server.lists.drafting import Drafting, Kept
from server.lists.kinds import Holds, ListKind
from server.lists.reading import lines_of, opened_list
from server.people.list_file import Counts, Fault, ListFaultsError
from server.people.roles import Person as Officer
from server.store import audit, insurance_catalogue, list_rows
from server.store.database import Connection, Store
from server.store.insurance_catalogue import ITEMS, PAYS_FIRST, PRICE_LIMITS, Item, PaysFirst, PriceLimit, Version
from server.store.records import Records
from server.store.times import micros

T = TypeVar("T")

_PART: Final = 2_000
_MOST_FAULTS: Final = 1_000
"""A file with more wrong lines than that is another file."""

RECORDS: Final[Mapping[Holds, Records[Any]]] = {
    Holds.ITEMS: ITEMS,
    Holds.PRICE_LIMITS: PRICE_LIMITS,
    Holds.SHARES: PAYS_FIRST,
}
"""Where the lines of a list are kept."""


class ListVersionError(ServerError, RejectedError):
    """The version does not come after those that the centre has."""

    code: ClassVar[str] = "lists.version"
    next_step: ClassVar[Words] = Words(
        "请使用更大的版本号，例如当天日期；已有版本见 yima server list show。",
        "Use a larger version, such as the day's date; yima server list show tells which there are.",
    )


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do."""

    kind: ListKind
    version: int
    """That the list has now; the former one if nothing was new."""
    counts: Counts


def import_list(
    store: Store, file: Path, kind: ListKind, version: int, *, by: Officer, now: datetime, is_trial: bool = False
) -> Imported:
    """Take a list from a file.

    Raises:
        ListFileError: The file cannot be read.
        ListFaultsError: Some lines cannot be used; nothing was written.
        ListVersionError: The version is not a new one.
    """
    with TemporaryFile() as spool:
        with store.reading_steadily() as connection, opened_list(file) as text:
            before = insurance_catalogue.newest_version(connection, kind.number)
            counts = _Comparing(connection, Drafting(kind, version, now), spool).compare(text)
        changed = counts.added + counts.changed
        if changed == 0:
            return Imported(kind, before, counts)
        if version <= before:
            raise _not_new(kind, version, before)
        if not is_trial:
            spool.seek(0)
            with store.writing() as connection:
                _check_unmoved(connection, kind, before)
                for rows in _spooled(spool):
                    list_rows.put_rows(connection, RECORDS[kind.holds], rows)
                made = Version(kind.number, version, now, by.name, file.name, changed)
                insurance_catalogue.add_version(connection, made)
                audit.record(
                    connection,
                    at_us=micros(now),
                    who=by.name,
                    action="list.import",
                    subject=kind.number,
                    detail={"version": version, "added": counts.added, "changed": counts.changed},
                )
    return Imported(kind, version, counts)


class _Comparing:
    """A file against what is kept, part by part; what differs goes to the spool."""

    def __init__(self, connection: Connection, drafting: Drafting, spool: IO[bytes]) -> None:
        self._connection = connection
        self._drafting = drafting
        self._spool = spool
        self._records = RECORDS[drafting.kind.holds]
        self._added = self._changed = self._unchanged = 0

    def compare(self, text: IO[bytes]) -> Counts:
        seen: set[tuple[object, ...]] = set()
        is_empty = True
        for part in _parts(lines_of(text, self._drafting.kind)):
            is_empty = False
            drafted: list[Kept] = []
            for line in part:
                one = self._drafting.drafted(line)
                if one is None:
                    continue
                key = key_of(one)
                if key in seen:
                    words = Words(f"{one.code} 与前面的行重复", f"{one.code} repeats an earlier line")
                    self._drafting.faults.append(
                        Fault(self._drafting.kind.number, line.number, "", "lists.twice", words)
                    )
                seen.add(key)
                drafted.append(one)
            if len(self._drafting.faults) >= _MOST_FAULTS:
                break
            if not self._drafting.faults:
                self._compare(drafted)
        if self._drafting.faults or is_empty:
            raise ListFaultsError(self._drafting.faults or [_empty(self._drafting.kind)])
        return Counts(self._added, self._changed, self._unchanged)

    def _compare(self, drafted: Sequence[Kept]) -> None:
        kept = list_rows.load_of_codes(self._connection, self._records, {one.code for one in drafted})
        known = {key_of(one): one for one in kept}
        different: list[Kept] = []
        for one in drafted:
            before = known.get(key_of(one))
            if before is None:
                self._added += 1
            elif _is_same(one, before):
                self._unchanged += 1
                continue
            else:
                self._changed += 1
            different.append(one)
        if different:
            self._spool.write(msgspec.json.encode(self._records.rows(different)) + b"\n")


def key_of(one: Kept) -> tuple[object, ...]:
    """Return what a row is known by."""
    match one:
        case Item():
            return (one.list, one.code, one.from_day)
        case PriceLimit():
            return (one.code, one.level, one.district, one.from_day)
        case PaysFirst():
            return (one.code, one.psn_type, one.district, one.from_day)


def _is_same(one: Kept, before: Kept) -> bool:
    if isinstance(one, Item) and isinstance(before, Item):
        return replace(one, version=before.version, updated_at=before.updated_at) == before
    return replace(one, updated_at=before.updated_at) == before


def _parts(lines: Iterable[T]) -> Iterator[list[T]]:
    going = iter(lines)
    while part := list(islice(going, _PART)):
        yield part


def _spooled(spool: IO[bytes]) -> Iterator[list[tuple[object, ...]]]:
    decode: Callable[[bytes], list[list[object]]] = msgspec.json.Decoder(list[list[object]]).decode
    for line in spool:
        yield [tuple(row) for row in decode(line)]


def _check_unmoved(connection: Connection, kind: ListKind, before: int) -> None:
    now = insurance_catalogue.newest_version(connection, kind.number)
    if now != before:
        raise ListVersionError(
            Words(f"{kind.number} 刚被他人导入为版本 {now}", f"Somebody has just made version {now} of {kind.number}")
        )


def _not_new(kind: ListKind, version: int, before: int) -> ListVersionError:
    return ListVersionError(
        Words(
            f"{kind.number} 已有版本 {before}，而文件有变更：版本 {version} 不能再用",
            f"{kind.number} has version {before} and the file changes it: {version} is not a new version",
        )
    )


def _empty(kind: ListKind) -> Fault:
    return Fault(kind.number, 1, "", "lists.empty", Words("没有数据行", "there are no lines"))
