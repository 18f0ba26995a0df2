"""Moving what a dead box never sent to the box that replaces it.

An export holds frozen events with their places and nothing else: no keys, no passwords, no sales. The replacement has
the same terminal id and a key of its own; it takes the events as a former life and sends them like its own. Taking them
twice, or sending what the dead box had sent after all, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import IO, ClassVar

import msgspec
from sqlalchemy import Connection

from codes.errors import ConfigError, RejectedError
from codes.words import Words
from edge.clock import to_us
from edge.errors import EdgeError
from edge.store import sql
from edge.store.terminal import advance, read_state
from wire.archive import read_archive, write_archive
from wire.errors import CorruptMessageError, InvalidEventError, NewerMessageError
from wire.events import Event, sm3_hex, thaw, thaw_header

_MARK = b"YIMAOUT1"
_FORMAT = 1
_ROWS_PER_CHUNK = 500

SELECT_UNSENT = (
    "SELECT epoch, seq, id, kind, hlc, created_at, bytes FROM outbox WHERE state <> 'delivered' ORDER BY 1, 2"
)
SELECT_ALL = "SELECT epoch, seq, id, kind, hlc, created_at, bytes FROM outbox ORDER BY epoch, seq"
INSERT_TAKEN = """
INSERT INTO outbox (epoch, seq, id, kind, hlc, created_at, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (epoch, seq) DO NOTHING
"""
SELECT_BYTES = "SELECT bytes FROM outbox WHERE epoch = ? AND seq = ?"
NOTE_ADOPTED = """
INSERT INTO adopted (epoch, at, source, events) VALUES (?, ?, ?, ?)
ON CONFLICT (epoch) DO UPDATE SET at = excluded.at, source = excluded.source, events = events + excluded.events
"""


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


@dataclass(frozen=True, slots=True)
class Adopted:
    """What came of an export."""

    taken: int
    known: int
    """Were here already."""
    epochs: Sequence[str]


_decoder = msgspec.msgpack.Decoder(ExportHead | ExportedRows)


def export_events(tx: Connection, out: IO[bytes], *, now: datetime, with_delivered: bool = False) -> int:
    """Write what was not delivered, refused records included, to `out`; return how many events.

    Raises:
        NothingBegunError: No terminal has used this store.
    """
    state = _begun(tx)
    rows = [ExportedRow(*row) for row in sql.rows(tx, SELECT_ALL if with_delivered else SELECT_UNSENT)]
    write_archive(out, _MARK, _messages(ExportHead(_FORMAT, state[0], state[1], now), rows))
    return len(rows)


def adopt_events(connection: Connection, source: IO[bytes], *, name: str, now: datetime) -> Adopted:
    """Take the events of an export as a former life of this terminal, all or none.

    Args:
        connection: Of the replacement's store.
        source: The export.
        name: What the file is called, for the record.
        now: Device clock.

    Raises:
        BadExportError: It cannot be believed.
        OtherTerminalsExportError: The events are another terminal's.
        NothingBegunError: No terminal has used this store.
    """
    head, rows = _read(source)
    _refuse_broken(rows)
    with connection.begin():
        terminal, _ = _begun(connection)
        if head.terminal != terminal or not all(_is_of(terminal, row) for row in rows):
            raise OtherTerminalsExportError(
                Words(
                    f"这些记录属于终端 {head.terminal}，本机是 {terminal}",
                    f"These records are those of terminal {head.terminal}; this one is {terminal}",
                )
            )
        taken = [row for row in rows if _is_taken(connection, row)]
        _move_clock_on(connection, rows)
        epochs = sorted({row.epoch for row in taken})
        for epoch in epochs:
            count = sum(row.epoch == epoch for row in taken)
            sql.change(connection, NOTE_ADOPTED, (epoch, to_us(now), name, count))
    return Adopted(len(taken), len(rows) - len(taken), epochs)


def _messages(head: ExportHead, rows: Sequence[ExportedRow]) -> Iterator[ExportHead | ExportedRows]:
    yield head
    left = iter(rows)
    while chunk := list(islice(left, _ROWS_PER_CHUNK)):
        yield ExportedRows(chunk)


def _begun(tx: Connection) -> tuple[str, str]:
    if not sql.rows(tx, "SELECT 1 FROM terminal_state"):
        raise NothingBegunError(Words("该数据目录还没有终端使用过", "No terminal has used this data folder yet"))
    state = read_state(tx)
    return state.terminal, state.epoch


def _read(source: IO[bytes]) -> tuple[ExportHead, list[ExportedRow]]:
    try:
        head, *chunks = read_archive(source, _MARK, _decoder)
    except CorruptMessageError as exc:
        raise _bad(exc.words.zh, exc.words.en) from exc
    except ValueError as exc:
        raise _bad("内容为空", "it is empty") from exc
    if not isinstance(head, ExportHead) or head.format > _FORMAT:
        raise _bad("格式比本程序新", "its format is newer than this program")
    return head, [row for chunk in chunks if isinstance(chunk, ExportedRows) for row in chunk.rows]


def _refuse_broken(rows: Sequence[ExportedRow]) -> None:
    """Refuse events that are not what their places say, or do not name the hash of the one before."""
    hashes: dict[tuple[str, int], str] = {}
    for row in rows:
        try:
            event = _thawed(row)
            header = thaw_header(row.frozen)
        except InvalidEventError as exc:
            raise _bad(f"第 {row.seq} 号不是有效的记录", f"number {row.seq} is no event") from exc
        before = hashes.get((row.epoch, row.seq - 1))
        is_broken = event is not None and before is not None and event.prev != before
        if (header.seq, header.id) != (row.seq, row.id) or is_broken:
            raise _bad(f"第 {row.seq} 号与前一条不衔接", f"number {row.seq} does not follow the one before")
        hashes[row.epoch, row.seq] = sm3_hex(row.frozen)


def _thawed(row: ExportedRow) -> Event | None:
    """Return the event, or None if a newer program wrote it: it is carried, but not read."""
    try:
        return thaw(row.frozen)
    except NewerMessageError:
        return None


def _is_of(terminal: str, row: ExportedRow) -> bool:
    event = _thawed(row)
    return event is None or (event.terminal, event.epoch) == (terminal, row.epoch)


def _is_taken(tx: Connection, row: ExportedRow) -> bool:
    place = (row.epoch, row.seq)
    if sql.change(tx, INSERT_TAKEN, (*place, row.id, row.kind, row.hlc, row.created_at, row.frozen)):
        return True
    if sql.one(tx, SELECT_BYTES, place) != (row.frozen,):
        raise _bad(f"第 {row.seq} 号与本机已有的不同", f"number {row.seq} differs from the one that is here")
    return False


def _move_clock_on(tx: Connection, rows: Sequence[ExportedRow]) -> None:
    """Let what happens here from now on come after what happened there."""
    state = read_state(tx)
    newest = max((row.hlc for row in rows), default=0)
    if newest > state.hlc:
        advance(tx, next_seq=state.next_seq, last_hash=state.last_hash, hlc=newest)


def _bad(zh: str, en: str) -> BadExportError:
    return BadExportError(Words(f"导出文件不能使用：{zh}", f"The export cannot be used: {en}"))
