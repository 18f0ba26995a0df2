"""One row of stock, sale or return as it came: its packs understood, its identity, and the record that is kept of it.

The identity is made of what the row says and not of the message that brought it: the same row under a new `msgid` is
the same record. A record that was deleted leaves its place to the next one that says the same.
"""

from __future__ import annotations

import json
from base64 import b32encode
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256

from codes.words import Words
from rules.pack_meant import NoPack, Pack, pack_meant, refusal_of_carton
from server.fsi.desk import Desk
from server.fsi.stock_refusals import CountError, TraceCodeError
from server.store.database import Connection
from server.store.stock import StockRecord
from server.store.stock_entry import MOVED_TO, OF_RECORD, load_records
from server.trace.claims import UNPAID
from server.trace.known_packs import UNKNOWN, Known, known_packs
from wire.events import MAX_CODE_LENGTH
from wire.fsi.envelope import Request
from wire.fsi.record import Record
from wire.fsi.trace_codes import LIST, read_codes
from wire.fsi.values import BEIJING

PERSONAL = frozenset({"psn_name", "certno", "prsc_dr_name", "prsc_dr_certno", "phar_name", "phar_certno"})
"""Fields that are kept sealed."""
_OPERATOR, _OPERATOR_NAME = "opter", "opter_name"
OWN = frozenset({_OPERATOR, _OPERATOR_NAME, OF_RECORD, MOVED_TO, UNPAID})
"""What a record's fields have beyond those of its row."""
_ID_BYTES = 16
_MOST_GENERATIONS = 1_000
"""Times that one and the same row may be deleted and uploaded again, or a batch be counted on one day."""
_LABEL = Words("药品追溯码", "trace code")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a message."""

    infno: str
    said: Record
    request: Request
    packs: tuple[Pack, ...]
    library: Mapping[str, Known]
    """What the library knows, by key of the pack."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The packs' keys in the ledger."""
        return tuple(pack.key for pack in self.packs)

    @property
    def institution(self) -> str:
        """Whose row it is."""
        return self.request.institution

    def text(self, name: str) -> str:
        """Return a text, empty if it is not given."""
        return self.said.text_or(name, "")

    def known(self, pack: Pack) -> Known:
        """Return what the library knows of a pack."""
        return self.library.get(pack.key, UNKNOWN)

    def place_of(self, pack: Pack) -> Words:
        """Return where in the message a code stands, with the field's name and the code."""
        return place_of_code(self.said, pack.said)


def read_row(desk: Desk, infno: str, request: Request, said: Record, raw: object = None) -> Row:
    """Return a row with its packs.

    Args:
        desk: Where the library is.
        infno: The transaction that a single row of this kind has.
        request: The message.
        said: The checked row.
        raw: The row as it came, for codes that the table of the transaction has no place for.

    Raises:
        TraceCodeError: A code means no pack, or one is named twice.
    """
    stated = read_codes(said) or (read_codes(raw) if isinstance(raw, Mapping) else ())
    packs: list[Pack] = []
    for code in stated:
        found = pack_meant(code) if len(code) <= MAX_CODE_LENGTH else _too_long(code)
        if isinstance(found, NoPack):
            raise refused_code(place_of_code(said, code if found.said else ""), found.words)
        if found.key in {pack.key for pack in packs}:
            raise refused_code(place_of_code(said, code), Words("重复填写", "it is named twice"))
        packs.append(found)
    return Row(infno, said, request, tuple(packs), known_packs(desk.connection, packs))


def raw_rows(request: Request, number: int) -> Sequence[object]:
    """Return the rows as they came: codes are taken where the sender puts them, also where no table has a place."""
    nodes = request.input if isinstance(request.input, Mapping) else {}
    for node in nodes.values():
        rows = list(node) if isinstance(node, Sequence) and not isinstance(node, str) else [node]
        if len(rows) == number and all(isinstance(row, Mapping) for row in rows):
            return rows
    return [None] * number


def refuse_cartons(row: Row) -> None:
    """Let only small boxes pass.

    Raises:
        TraceCodeError: A code stands for several packs.
    """
    for pack in row.packs:
        refused = refusal_of_carton(pack, row.known(pack).level)
        if refused is not None:
            raise refused_code(row.place_of(pack), refused.words)


def small_packs(row: Row) -> tuple[Pack, ...]:
    """Return the packs that are single ones: the ledger has no row for a carton."""
    return tuple(pack for pack in row.packs if refusal_of_carton(pack, row.known(pack).level) is None)


def count_of(row: Row, name: str, label: str, *, may_be_zero: bool = False) -> Decimal:
    """Return a quantity.

    Raises:
        CountError: It is below zero, or zero where something has to move.
    """
    count = row.said.number(name)
    if count < 0 or (count == 0 and not may_be_zero):
        least = Words("不得为负", "may not be negative") if may_be_zero else Words("必须大于 0", "has to be above 0")
        raise CountError(Words(f"{row.said.path}.{name}（{label}）{least.zh}", f"{row.said.path}.{name} {least.en}"))
    return count


def place_of_code(said: Record, code: str) -> Words:
    """Return where a code stands in a row, with the field's name; the code itself unless it is nobody's to see."""
    listed = next((one for one in said.rows(LIST) if one.text("drug_trac_codg") == code), said)
    path = f"{listed.path}.drug_trac_codg"
    shown = f" {code}" if code else ""
    return Words(f"{path}（{_LABEL.zh}）{shown}".rstrip(), f"{path} ({_LABEL.en}){shown}")


def refused_code(place: Words, why: Words) -> TraceCodeError:
    """Return the refusal of a code: field, code, reason."""
    return TraceCodeError(Words(f"{place.zh}：{why.zh}", f"{place.en}: {why.en}"))


# -- the record --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a row goes into columns of its own."""

    count: Decimal
    at: datetime
    price: Decimal | None = None
    document: str = ""
    change_kind: str = ""
    is_split: bool = False
    setl_id: str | None = None
    is_insured: bool = False
    psn_no: str | None = None
    of_record: str = ""
    """Of a return: the record of the sale."""


def identity(row: Row, *parts: object, packs: Collection[str]) -> str:
    """Return what makes two rows the same: who, what kind, which item and batch, which `packs`, and `parts`."""
    own_item, batch = row.text("fixmedins_hilist_id"), row.text("fixmedins_bchno")
    said = [row.infno, row.institution, own_item, batch, sorted(packs), *map(str, parts)]
    return json.dumps(said, ensure_ascii=False)


def standing_record(
    connection: Connection, identity_of: str, *, is_void: Callable[[StockRecord], bool] = lambda _: False
) -> tuple[StockRecord | None, str]:
    """Return the record that stands under an identity, and the id that a new one would have.

    Args:
        connection: To read with.
        identity_of: What makes records the same.
        is_void: Which of those that were not deleted hold no more all the same.
    """
    for found, place in _generations(connection, identity_of):
        if found is None or (found.deleted_at is None and not is_void(found)):
            return found, place
    raise _too_often()


def standing_records(connection: Connection, identities: Sequence[str]) -> list[StockRecord]:
    """Return the records that stand under any of these identities, in their order."""
    # Nearly all of them have none: those are told from the others at once.
    known = load_records(connection, {_id(one, 0) for one in identities})
    standing = (standing_record(connection, one)[0] for one in identities if _id(one, 0) in known)
    return [one for one in standing if one is not None]


def newest_record(connection: Connection, identity_of: str) -> tuple[StockRecord | None, str]:
    """Return the newest of several records that may stand under one identity, and the id that a further one has."""
    newest: StockRecord | None = None
    for found, place in _generations(connection, identity_of):
        if found is None:
            return newest, place
        newest = newest if found.deleted_at is not None else found
    raise _too_often()


def _generations(connection: Connection, identity_of: str) -> Iterator[tuple[StockRecord | None, str]]:
    for generation in range(_MOST_GENERATIONS):
        place = _id(identity_of, generation)
        yield load_records(connection, [place]).get(place), place


def _too_often() -> CountError:
    return CountError(
        Words(
            "同一记录上传次数过多，请核对流水号、单据号与时间",
            "The same was uploaded too often: check serial, number and time",
        )
    )


def record_of(desk: Desk, row: Row, record: str, kept: Kept) -> StockRecord:
    """Return what is kept of a row; what is personal, sealed."""
    said = row.said
    fields = said.as_json()
    personal = {name: str(fields.pop(name)) for name in sorted(PERSONAL & fields.keys())}
    sealed = desk.parts.sealer.seal_fields(personal, personal_place(record)) if personal else None
    own: dict[str, object] = {_OPERATOR: row.request.operator, _OPERATOR_NAME: row.request.operator_name}
    own |= {OF_RECORD: kept.of_record} if kept.of_record else {}
    if row.packs and not read_codes(fields):
        own[LIST] = [{"drug_trac_codg": pack.said} for pack in row.packs]
    return StockRecord(
        id=record,
        infno=row.infno,
        institution=row.institution,
        batch=row.text("fixmedins_bchno"),
        item=row.text("med_list_codg"),
        own_item=row.text("fixmedins_hilist_id"),
        name=row.text("fixmedins_hilist_name"),
        count=kept.count,
        price=kept.price,
        happened_at=kept.at,
        change_kind=kept.change_kind,
        lot=row.text("manu_lotnum"),
        expires_day=said.day_or("expy_end", None),
        is_prescription=said.flag("rx_flag"),
        is_split=kept.is_split,
        document=kept.document,
        visit_number=row.text("mdtrt_sn"),
        setl_id=kept.setl_id,
        psn_no=kept.psn_no,
        is_insured=kept.is_insured,
        fields={**fields, **own},
        personal_sealed=sealed,
        msgid=row.request.msgid,
        received_at=desk.now,
        deleted_at=None,
    )


def personal_place(record: str) -> str:
    """Return where the personal part of a record belongs, for sealing it."""
    return f"stock_record.personal/{record}"


def end_of_day(day: date) -> datetime:
    """Return the last second of a day in Beijing."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=BEIJING)


def _id(identity_of: str, generation: int) -> str:
    digest = sha256(f"{generation}|{identity_of}".encode()).digest()[:_ID_BYTES]
    return b32encode(digest).decode().rstrip("=")


def _too_long(code: str) -> NoPack:
    return NoPack(
        code[:MAX_CODE_LENGTH],
        "code.too_long",
        Words(f"超过 {MAX_CODE_LENGTH} 个字符", f"it has more than {MAX_CODE_LENGTH} characters"),
    )
