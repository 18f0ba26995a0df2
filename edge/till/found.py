"""A sale put together from what the centre tells of it, as if it had been asked for at this terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal

import msgspec

from edge.clock import SHOP_TIME
from edge.counter.lines import amount_of
from edge.store.settlements import Paid
from edge.till.asked import AskedLine, AskedSettlement, Insurance, Person
from edge.till.ledger import Known, visit_serial
from edge.till.messages import in_fen, without_account
from edge.till.staying import without
from wire.fsi.areas import Area
from wire.fsi.record import Record

_SPLIT = "1"
_Place = tuple[str, str, bool]
"""Item, batch, and whether units of opened packs were sold."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the centre tells of a sale of which a settlement stands."""

    sale: str
    settlement: Record
    """5203."""
    made_by: str
    packs: Sequence[Record]
    """Those that are out (3513)."""
    rows: Sequence[Record]
    """Those that name the settlement (3511)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A sale of the institution, as the centre knows it."""

    sale: str
    asked: AskedSettlement
    paid: Paid
    known: tuple[Known, ...]
    """Its rows at the ledger, by line."""
    made_by: str = ""
    """The message that settled it (`medins_setl_id`), as far as the platform keeps it."""

    @property
    def codes(self) -> frozenset[str]:
        """Its packs that are out."""
        return frozenset(code for line in self.asked.lines for code in line.codes)


def found_of(what: Told, old: AskedSettlement | None, area: Area) -> Found:
    """Return the sale; where it is known here what stays of it is told by what was asked then."""
    told, lines = what.settlement, list(_lines(what.packs, what.rows, old))
    district = told.text_or("clr_optins", "") or told.text_or("insu_optins", "")
    insurance = Insurance(told.text("insutype"), district, Decimal("0.00"))
    certificate = told.text_or("certno", "")
    person = Person(
        told.text("psn_no"), told.text_or("psn_name", ""), "02", certificate, (insurance,),
        certificate_kind=told.text_or("psn_cert_type", ""), certificate_no=certificate,
    )  # fmt: skip
    begun = datetime.combine(told.day("begndate"), time(12), SHOP_TIME)
    asked = AskedSettlement(
        person, insurance, begun, told.text("med_type"), told.number("acct_pay") + told.number("acct_mulaid_pay") > 0,
        tuple(line for line, _ in lines), disease=told.text_or("dise_codg", ""),
        disease_name=told.text_or("dise_name", ""),
    )  # fmt: skip
    paid = Paid(
        told.text("setl_id"), told.text("mdtrt_id"), told.text("clr_type"), told.text_or("clr_optins", ""),
        told.moment_or("setl_time", begun),
        in_fen(without_account(told.number("fund_pay_sumamt"), told.number("acct_pay"), area)),
        *(in_fen(told.number(name)) for name in ("acct_pay", "acct_mulaid_pay", "cash_payamt")),
    )  # fmt: skip
    named = {
        "setl_id": paid.setl_id,
        "psn_no": person.number,
        "psn_cert_type": person.certificate_kind,
        "mdtrt_sn": visit_serial(what.sale),
    }
    if old is not None and old.person.number == person.number:
        out = {one.text("drugTracCodg") for one in what.packs}
        gone = {code for line in old.lines for code in line.codes} - out
        asked = msgspec.structs.replace(old, lines=without(old.lines, gone))
    known = tuple(_known(line, row, named, district) for line, row in lines)
    return Found(what.sale, asked, paid, known, what.made_by)


def _place(one: Record) -> _Place:
    is_split = one.text_or("trdnFlag", "") == _SPLIT
    return one.text_or("medinsListCodg", ""), one.text_or("fixmedinsBchno", ""), is_split


def _lines(
    packs: Iterable[Record], rows: Sequence[Record], old: AskedSettlement | None
) -> Iterator[tuple[AskedLine, Record]]:
    """Return the lines as the ledger has them, each with its row; numbered as here, if the sale is known here."""
    numbers = {} if old is None else {code: line.line for line in old.lines for code in line.codes}
    by_id = {row.text_or("rid", ""): row for row in rows}
    by_place = {_place(row): row for row in rows}
    by_row: dict[int, tuple[Record, list[str]]] = {}
    for pack in packs:
        # Several rows of one item and batch are told apart only where the platform says which of them names a pack.
        row = by_id.get(pack.text_or("rid", "-")) or by_place.get(_place(pack))
        if row is not None:
            by_row.setdefault(id(row), (row, []))[1].append(pack.text("drugTracCodg"))
    for number, (row, codes) in enumerate(by_row.values(), start=1):
        product, _, is_split = _place(row)
        count = row.number("selRetnCnt") if is_split else Decimal(len(codes))
        price = row.number_or("finlTrnsPric", None) or Decimal(0)
        line = AskedLine(
            serial=str(number), line=numbers.get(codes[0], number), product=product,
            national=row.text_or("medListCodg", ""), name=row.text_or("medinsListName", ""), price=price, count=count,
            amount=amount_of(price, int(count)) or Decimal("0.00"), codes=tuple(codes), is_split=is_split,
            is_prescription=row.text_or("rxFlag", "") == "1",
        )  # fmt: skip
        yield line, row


def _known(line: AskedLine, row: Record, named: Mapping[str, str], district: str) -> Known:
    said = {
        **named,
        "med_list_codg": line.national,
        "fixmedins_hilist_id": line.product,
        "fixmedins_hilist_name": line.name,
        "fixmedins_bchno": row.text_or("fixmedinsBchno", ""),
        "manu_lotnum": row.text_or("manuLotnum", ""),
        "manu_date": str(row.day_or("manuDate", None) or ""),
        "expy_end": str(row.day_or("expyEnd", None) or ""),
        "rx_flag": row.text_or("rxFlag", ""),
        "trdn_flag": row.text_or("trdnFlag", ""),
        "finl_trns_pric": str(line.price),
        "sel_retn_cnt": str(line.count),
    }
    return Known(line, {name: value for name, value in said.items() if value}, district)
