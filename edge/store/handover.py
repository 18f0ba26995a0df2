"""Moving what a dead box never sent to the box that replaces it: the file in between, and what may be wrong with it.

An export holds frozen events with their places and nothing else: no keys, no passwords, no sales. The replacement has
the same terminal id and a key of its own; it takes the events as a former life and sends them like its own. Taking them
twice, or sending what the dead box had sent after all, changes nothing. `handover_export` writes the file,
`handover_adopt` takes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import IO, ClassVar

import msgspec
from sqlalchemy import Connection

from codes.errors import ConfigError, RejectedError
from codes.words import Words
from edge.clock import MOST_US
from edge.errors import EdgeError
from edge.store import sql
from edge.store.salvage_cells import MOST_NUMBER
from edge.store.salvage_proof import row_of
from edge.store.terminal import read_state
from wire.archive import read_archive, write_archive
from wire.errors import UNDECODABLE, CorruptMessageError, InvalidEventError, NewerMessageError, UnsupportedVersionError
from wire.events import Event, sm3_hex, thaw, thaw_header

ROWS_PER_CHUNK = 500
"""So many rows are in memory, and in one transaction, at a time."""
_MARK = b"YIMAOUT1"
_FORMAT = 1
_KIND = re.compile(r"[a-z_]{1,64}")

NO_EVENT = (InvalidEventError, UnsupportedVersionError)
"""What reading bytes that are no event of ours raises."""

Told = Callable[[int], None]
"""Hears how many events are done."""


class BadExportError(EdgeError, RejectedError):
    """A file that cannot be adopted: no export, cut off, altered, or its events do not follow each other."""

    code: ClassVar[str] = "outbox.bad_export"
    next_step: ClassVar[Words] = Words(
        "请重新导出；本机数据未改动。", "Export it anew; nothing was changed on this machine."
    )


class ExportFileError(EdgeError, ConfigError):
    """The file of an export cannot be read or written."""

    code: ClassVar[str] = "outbox.file"
    next_step: ClassVar[Words] = Words(
        "导出时请给出尚不存在、所在目录可写的文件名；接收时请给出已有的导出文件。",
        "To export, name a file that is not there yet, in a folder that can be written; to adopt, name the export.",
    )


class OtherTerminalsExportError(EdgeError, ConfigError):
    """The events are another terminal's."""

    code: ClassVar[str] = "outbox.other_terminal"
    next_step: ClassVar[Words] = Words(
        "接替的机器须沿用原终端编号（terminal.id），并在中心吊销旧密钥、批准新指纹后再接收。",
        "Give the replacement the same terminal.id, revoke the old key and approve the new fingerprint at the centre, "
        "then adopt.",
    )


class NoStoreError(EdgeError, ConfigError):
    """There is no store of a terminal in the folder that was named."""

    code: ClassVar[str] = "outbox.no_store"
    next_step: ClassVar[Words] = Words(
        "请给出存有 terminal.db 的目录（即配置中的 [store] folder）。",
        "Name the folder that holds terminal.db: the [store] folder of the configuration.",
    )


class NothingBegunError(EdgeError, ConfigError):
    """No terminal has used this data folder yet."""

    code: ClassVar[str] = "outbox.no_terminal"
    next_step: ClassVar[Words] = Words(
        "请先启动一次终端（yima edge run），再执行。", "Start the terminal once (yima edge run), then try again."
    )


class ExportHead(msgspec.Struct, frozen=True, tag="head"):
    """What an export says of itself."""

    format: int
    terminal: str
    epoch: str
    """The life that the store was in."""
    made_at: datetime


class ExportedRow(msgspec.Struct, frozen=True, array_like=True):
    """One event and its place."""

    epoch: str
    seq: int
    id: str
    kind: str
    hlc: int
    created_at: int
    """Device clock, microseconds."""
    frozen: bytes
    """Its bytes."""


class ExportedRows(msgspec.Struct, frozen=True, tag="rows"):
    """Some events, in order."""

    rows: list[ExportedRow]


class Origin(msgspec.Struct, frozen=True):
    """Whose an event is; every version says so, unknown fields are allowed."""

    terminal: str
    epoch: str


_origin_decoder = msgspec.json.Decoder(Origin)
_decoder = msgspec.msgpack.Decoder(ExportHead | ExportedRows)


def write_export(out: IO[bytes], terminal: str, epoch: str, now: datetime, rows: Iterable[ExportedRow]) -> None:
    """Write rows, which are ordered by their places, as an export."""
    write_archive(out, _MARK, _messages(ExportHead(_FORMAT, terminal, epoch, now), rows))


def read_export(source: IO[bytes]) -> tuple[ExportHead, Iterator[list[ExportedRow]]]:
    """Return what an export says of itself, and its rows by the chunk.

    Raises:
        BadExportError: It is none, is cut off, or was altered. The iterator raises it as well.
    """
    messages = _readable(source)
    head = next(messages, None)
    if head is None:
        raise bad_export("内容为空", "it is empty")
    if not isinstance(head, ExportHead) or head.format > _FORMAT:
        raise bad_export("格式比本程序新", "its format is newer than this program")
    return head, (chunk.rows for chunk in messages if isinstance(chunk, ExportedRows))


def begun(tx: Connection) -> tuple[str, str]:
    """Return the terminal of a store and the life that it is in.

    Raises:
        NothingBegunError: No terminal has used it.
    """
    if not sql.rows(tx, "SELECT 1 FROM terminal_state"):
        raise NothingBegunError(Words("该数据目录还没有终端使用过", "No terminal has used this data folder yet"))
    state = read_state(tx)
    return state.terminal, state.epoch


class Succession:
    """Events of one terminal, looked at one by one in the order of their places."""

    def __init__(self, terminal: str) -> None:
        self._terminal = terminal
        self._last: tuple[str, int, str] | None = None
        """Place and hash of the one before."""

    def refuse_wrong(self, row: ExportedRow) -> None:
        """Take the next row.

        Raises:
            BadExportError: It is not what its place says, or does not name the hash of the one before.
            OtherTerminalsExportError: It is another terminal's.
        """
        try:
            event, origin = thawed(row), origin_of(row.frozen)
            is_placed = is_in_its_place(row, event)
        except NO_EVENT as exc:
            raise bad_export(f"第 {row.seq} 号不是有效的记录", f"number {row.seq} is no event") from exc
        if origin.terminal != self._terminal:
            raise other_terminals(origin.terminal, self._terminal)
        epoch, seq, digest = self._last or ("", 0, "")
        is_next = (row.epoch, row.seq) > (epoch, seq)
        follows = event is None or (epoch, seq + 1) != (row.epoch, row.seq) or event.prev == digest
        if not (is_next and follows and is_placed):
            raise bad_export(f"第 {row.seq} 号与前一条不衔接", f"number {row.seq} does not follow the one before")
        self._last = (row.epoch, row.seq, sm3_hex(row.frozen))


def is_in_its_place(row: ExportedRow, event: Event | None) -> bool:
    """Tell whether a row says of its event what the event says of itself.

    Raises:
        InvalidEventError: The bytes are no event of any version.
    """
    header, origin = thaw_header(row.frozen), origin_of(row.frozen)
    if (origin.epoch, header.seq, header.id) != (row.epoch, row.seq, row.id):
        return False
    if not 1 <= row.seq < MOST_NUMBER or not 0 <= row.hlc <= MOST_US or not 0 <= row.created_at <= MOST_US:
        return False
    if event is None:
        return is_kind(row.kind)
    right = row_of(event, row.frozen)
    return (row.epoch, row.kind, row.hlc, row.created_at) == (right.epoch, right.kind, right.hlc, right.created_at)


def origin_of(frozen: bytes) -> Origin:
    """Return which terminal wrote an event of any version, and in which life.

    Raises:
        InvalidEventError: The bytes do not say so.
    """
    try:
        return _origin_decoder.decode(frozen)
    except UNDECODABLE as exc:
        raise InvalidEventError(Words(f"不是有效的记录：{exc}", f"Not an event: {exc}")) from exc


def is_kind(kind: str) -> bool:
    """Tell whether this may be the kind of an event, if only of a newer program."""
    return _KIND.fullmatch(kind) is not None


def thawed(row: ExportedRow) -> Event | None:
    """Return the event, or None if a newer program wrote it: it is carried, but not read.

    Raises:
        InvalidEventError: The bytes are no event.
    """
    try:
        return thaw(row.frozen)
    except NewerMessageError:
        return None


def other_terminals(theirs: str, ours: str) -> OtherTerminalsExportError:
    """Return the error that says whose events they are."""
    return OtherTerminalsExportError(
        Words(
            f"这些记录属于终端 {theirs}，本机是 {ours}",
            f"These records are those of terminal {theirs}; this one is {ours}",
        )
    )


def bad_export(zh: str, en: str, *, next_step: Words | None = None) -> BadExportError:
    """Return the error that says why an export cannot be used."""
    words = Words(f"导出文件不能使用：{zh}", f"The export cannot be used: {en}")
    return BadExportError(words, next_step=next_step)


def _messages(head: ExportHead, rows: Iterable[ExportedRow]) -> Iterator[ExportHead | ExportedRows]:
    yield head
    left = iter(rows)
    while chunk := list(islice(left, ROWS_PER_CHUNK)):
        yield ExportedRows(chunk)


def _readable(source: IO[bytes]) -> Iterator[ExportHead | ExportedRows]:
    try:
        yield from read_archive(source, _MARK, _decoder)
    except CorruptMessageError as exc:
        raise bad_export(exc.words.zh, exc.words.en) from exc
