"""The file of a list as it is fetched with 9102: a zip with one text, a line for each item, tabs between the cells.

`null` stands where nothing is; there is no header. The lines are written while they are read: how long the list is
costs time, not memory. The same lines are the same bytes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import IO, Final

import msgspec

from server.lists.drafting import ALWAYS
from server.lists.kinds import CODE, VERSION, ListKind
from server.lists.reading import NULL
from server.store import list_rows
from server.store.database import Connection
from server.store.list_rows import ItemRow
from wire.fsi.values import BEIJING

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION_DIGITS: Final = 12
_LEVEL: Final = 3
"""Of packing: the usual level takes longer than all the rest."""
_CLASSES: Final[Mapping[str, str]] = {"01": "甲", "02": "乙", "03": "丙"}
_FLAGS: Final = ("0", "1")
_Cell = Callable[[ItemRow], str | None]


def version_text(version: int) -> str:
    """Return a version as it is written: of one length, because clients look for the highest among texts.

    >>> version_text(7), version_text(20261101)
    ('000000000007', '000020261101')
    """
    return f"{version:0{_VERSION_DIGITS}d}"


def write_list(connection: Connection, kind: ListKind, *, since: int, to: int, target: IO[bytes]) -> int:
    """Write the items that changed after one version and not after another; return how many."""
    names = [column.name for column in kind.columns]
    written = _own_cells(kind)
    own = {place: written[name] for place, name in enumerate(names) if name in written}
    decode = msgspec.json.Decoder(dict[str, str]).decode
    count = 0
    # By its name alone the text gets the archive's level and a fixed date.
    with (
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive,
        archive.open(f"{kind.number}_{version_text(to)}.txt", "w", force_zip64=True) as text,
    ):
        for part in list_rows.stream_items(connection, kind.number, since=since, to=to):
            lines = [_line(row, decode(row.fields), names, own) for row in part]
            text.write("".join(lines).encode())
            count += len(lines)
    return count


def rid_of(*key: str) -> str:
    """Return the unique number of a record."""
    return sha256("\t".join(key).encode()).hexdigest()[:32].upper()


def _line(row: ItemRow, fields: Mapping[str, str], names: list[str], own: Mapping[int, _Cell]) -> str:
    cells = [fields.get(name) for name in names]
    for place, cell in own.items():
        cells[place] = cell(row) or cells[place]
    return "\t".join([_written(cell) if cell else NULL for cell in cells]) + "\n"


def _written(cell: str) -> str:
    return cell if cell.isprintable() else " ".join(cell.split())


def _own_cells(kind: ListKind) -> Mapping[str, _Cell]:
    """Return the columns that are kept by themselves, and how they are written."""
    return {
        CODE: lambda row: row.code,
        kind.name_column: lambda row: row.name,
        "list_type": lambda row: row.list_type,
        "chrgitm_lv": lambda row: row.charge_class,
        "med_chrgitm_type": lambda row: row.charge_kind,
        "nat_hi_druglist_chrgitm_lv": lambda row: _CLASSES.get(row.charge_class),
        "hi_nego_drug_flag": lambda row: _FLAGS[row.is_negotiated],
        "begndate": lambda row: None if row.from_day == ALWAYS.isoformat() else row.from_day,
        "enddate": lambda row: row.to_day,
        "vali_flag": lambda row: _FLAGS[row.is_valid],
        "rid": lambda row: rid_of(kind.number, row.code, row.from_day),
        "updt_time": lambda row: _moment(row.updated_us),
        VERSION: lambda row: version_text(row.version),
    }


def _moment(micros: int) -> str:
    return (_EPOCH + timedelta(microseconds=micros)).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
