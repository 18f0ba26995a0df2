"""What the ledger of the centre is told of sales (3505) and returns (3506): rows that are kept until they are taken.

A row is written in the transaction that makes it true, so no sale is forgotten; what nobody here knows yet (the lot,
the national code) is named in the row, which waits for it. No sale waits for a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

import msgspec
from sqlalchemy import Connection

from codes.words import Words
from edge.clock import Clock
from edge.counter.returning import expiries_carried, may_carry_a_date
from edge.sealing import Sealer
from edge.store import ledger_rows as kept
from edge.store import sales, shifts
from edge.store.catalogue import as_sold
from edge.store.ledger_rows import LedgerRow, NewRow, RowState
from edge.store.settlements import SettlementRow, asked_place
from edge.till.asked import AskedLine, AskedSettlement
from edge.till.batches import batch_of
from edge.till.messages import short_number
from edge.till.staying import lines_sold
from wire.fsi.areas import Area
from wire.fsi.asking import Nodes
from wire.fsi.tables import transaction
from wire.fsi.trace_codes import write_codes
from wire.fsi.values import BEIJING

SALE, RETURN = "3505", "3506"
INSURED, SELF_PAY = "1", "2"
CLAIMED = "stock.claimed"
"""The centre keeps the row, and the fund does not pay it: final."""
LACKS: Mapping[str, Words] = MappingProxyType(
    {
        "batch": Words("批次（生产批号、生产日期）未登记", "the lot is in no register"),
        "product": Words("匹配库中没有该商品", "the matching library does not know the goods"),
        "national": Words("没有国家医保编码", "the goods have no national code"),
        "pharmacist": Words("没有药师姓名或执业证号", "no pharmacist with name and licence is configured"),
    }
)
"""What a row may wait for."""
_MOMENT = "%Y-%m-%d %H:%M:%S"
_SEVERAL = 2
_NO_DOCTOR = "无"
_OTHER_PAPER, _ID_CARD = "99", "01"
"""`psn_cert_type`: of whoever paid without being asked for a name."""
_NUMBER, _ITEM, _NAME = 30, 30, 200
GOES_ALONG = frozenset(
    {
        "med_list_codg", "fixmedins_hilist_id", "fixmedins_hilist_name", "fixmedins_bchno", "setl_id", "psn_no",
        "psn_cert_type", "manu_lotnum", "manu_date", "expy_end", "rx_flag", "trdn_flag", "finl_trns_pric", "mdtrt_sn",
        "medins_prod_sel_no",
    }
)  # fmt: skip
"""What a return repeats of its sale."""


class Fields(msgspec.Struct, frozen=True):
    """What a row says, by base names, and the packs that it names."""

    said: dict[str, str]
    codes: tuple[str, ...]
    sold_at: datetime
    district: str = ""
    """`insuplc_admdvs` of whoever is named."""

    def __repr__(self) -> str:
        return "Fields(…)"


@dataclass(frozen=True, slots=True)
class Pharmacist:
    """Who answers for what is handed out."""

    code: str
    name: str
    licence: str


@dataclass(frozen=True, slots=True)
class House:
    """What the rows say of the shop."""

    district: str
    pharmacists: Sequence[Pharmacist] = ()
    """The first one is on duty where a sale names none."""

    def pharmacist(self, code: str) -> Pharmacist | None:
        """Return who reviewed, else who is on duty."""
        named = next((one for one in self.pharmacists if code and code in {one.code, one.licence}), None)
        return named or next(iter(self.pharmacists), None)


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays for a sale: an insurance, or the person."""

    asked: AskedSettlement | None = None
    setl_id: str = ""
    nth: int | None = None


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale as the ledger is told of it."""

    sale: str
    lines: Sequence[AskedLine]
    payer: Payer
    operator: str
    at: datetime
    after: Mapping[int, int] = field(default_factory=dict)
    """By line: the row that goes before."""


@dataclass(frozen=True, slots=True)
class Known:
    """A row that the centre has, whoever told it."""

    line: AskedLine
    said: dict[str, str]
    district: str


class Ledger:
    """Writes rows, and completes those that wait. All of it in the store's thread."""

    def __init__(self, area: Area, sealer: Sealer, clock: Clock, house: House) -> None:
        self._area, self._sealer, self._clock, self._house = area, sealer, clock, house
        self._required = {
            infno: {one.name for node in transaction(infno, area).input for one in node.fields if one.is_required}
            for infno in (SALE, RETURN)
        }

    # -- what is to be told --------------------------------------------------------------------------------------------

    def note_settled(self, tx: Connection, row: SettlementRow) -> None:
        """Owe the rows of a settlement that stands from now on (`edge.till.outcomes.NoteSale`)."""
        asked = self.asked_of(row)
        setl_id = "" if row.paid is None else row.paid.setl_id
        payer = Payer(asked, setl_id, row.nth)
        self.note_sale(tx, Sold(row.sale, asked.lines, payer, row.operator, asked.begun))

    def note_self_paid(self, tx: Connection, sale: str, operator: str) -> None:
        """Owe the rows of a sale that the customer has paid."""
        self.note_sale(tx, Sold(sale, lines_sold(tx, sale), Payer(), operator, self._clock.now()))

    def note_sale(self, tx: Connection, sold: Sold) -> None:
        """Owe one 3505 for each line that has packs on it."""
        for line in sold.lines:
            for part in _by_pack(tx, sold.sale, line) if line.count > 0 else ():
                district = sold.payer.asked.insurance.district if sold.payer.asked is not None else ""
                fields = Fields(self._said(tx, sold, part), part.codes, sold.at, district)
                self._put(tx, sold, part, fields)

    def note_return(self, tx: Connection, sale: str, codes: Iterable[str], operator: str) -> dict[int, int]:
        """Owe what the ledger has to be told of packs that came back; return the newest row of each line.

        What the centre has not been told of it never hears of: the row goes, and what stays on it is told anew.
        """
        left, newest = set(codes), dict[int, int]()
        for row in reversed(kept.rows_of(tx, sale)):
            if row.state is RowState.DROPPED:
                continue
            newest.setdefault(row.line, row.id)
            fields = self.fields_of(row)
            # What was told anew stands on the newest row alone.
            came = tuple(code for code in fields.codes if code in left) if row.infno == SALE else ()
            left -= set(came)
            if came and is_told(row):
                newest[row.line] = self._return(tx, row, fields, came, operator)
            elif came:
                kept.drop_unsent(tx, [row], "退货时尚未上传 / it came back before it was told")
                stays = tuple(code for code in fields.codes if code not in came)
                if stays:
                    newest[row.line] = self._again(tx, row, replace_codes(fields, stays))
        return newest

    def drop_untold(self, tx: Connection, sale: str) -> dict[int, int]:
        """Let rows go that the centre has not heard of, because the sale is told anew; return what it has, by line."""
        told: dict[int, int] = {}
        for row in kept.rows_of(tx, sale):
            if (
                row.infno == SALE
                and row.state in {RowState.WAITING, RowState.DUE, RowState.REFUSED}
                and not is_told(row)
            ):
                kept.drop_unsent(tx, [row], "改由另一方支付，重新上传 / told anew: somebody else pays")
            elif row.state is not RowState.DROPPED:
                told[row.line] = row.id
        return told

    def note_known(self, tx: Connection, sale: str, one: Known, operator: str) -> None:
        """Keep a row that another terminal has told: what comes back of it is told by this one."""
        number, line = kept.next_id(tx), one.line
        fields = self._sealed(number, Fields(one.said, line.codes, self._clock.now(), one.district))
        new = NewRow(SALE, sale, 1, line.line, line.product, operator, fields, "", None, self._clock.now())
        kept.put_row(tx, number, new)
        kept.set_state(tx, number, RowState.TAKEN, None)

    def expiries_told(self, tx: Connection, sale: str) -> dict[str, str]:
        """Return the expiry dates (ISO) that rows have told of packs whose codes may carry one, by pack."""
        told = (self.fields_of(row) for row in kept.rows_of(tx, sale) if row.infno == SALE)
        dated = ((code, one.said.get("expy_end", "")) for one in told for code in one.codes)
        return {code: day for code, day in dated if day and may_carry_a_date(code)}

    # -- what waits ----------------------------------------------------------------------------------------------------

    def complete(self, tx: Connection) -> int:
        """Complete the rows that wait with what has become known; return how many are due by that."""
        done = 0
        for row in kept.waiting_rows(tx):
            fields = self.fields_of(row)
            said = {**self._known(tx, row.sale, row.line, row.product, fields.sold_at), **fields.said}
            lacks = self._lacks(row.infno, said, row.product)
            if said != fields.said or lacks != row.lacks:
                fields = msgspec.structs.replace(fields, said=said)
                kept.set_fields(tx, row.id, self._sealed(row.id, fields), lacks)
            done += not lacks
        return done

    def nodes_of(self, row: LedgerRow) -> Nodes:
        """Return the input of a row's message."""
        fields = self.fields_of(row)
        return {"selinfo": {**fields.said, **write_codes(fields.codes, self._area)}}

    def fields_of(self, row: LedgerRow) -> Fields:
        """Return what a row says.

        Raises:
            SealBrokenError: It does not open with this terminal's key.
        """
        return msgspec.json.decode(self._sealer.open(row.fields, kept.fields_place(row.id)), type=Fields)

    def asked_of(self, row: SettlementRow) -> AskedSettlement:
        """Return what a settlement asked.

        Raises:
            SealBrokenError: It does not open with this terminal's key.
        """
        return msgspec.json.decode(self._sealer.open(row.asked, asked_place(row.sale)), type=AskedSettlement)

    # -- one row -------------------------------------------------------------------------------------------------------

    def _said(self, tx: Connection, sold: Sold, line: AskedLine) -> dict[str, str]:
        asked, written = sold.payer.asked, line.prescription
        known = shifts.find_operator(tx, sold.operator)
        said = {
            "med_list_codg": line.national,
            "fixmedins_hilist_id": line.product[:_ITEM],
            "fixmedins_hilist_name": line.name[:_NAME],
            "prsc_dr_name": (written.doctor if written is not None else "") or _NO_DOCTOR,
            "rx_flag": "1" if line.is_prescription else "0",
            "rx_circ_flag": "1" if written is not None and written.is_external else "0",
            "rxno": "" if written is None else written.number,
            "trdn_flag": "1" if line.is_split else "0",
            "finl_trns_pric": str(line.price),
            "mdtrt_sn": visit_serial(sold.sale),
            "rtal_docno": short_number(sold.sale),
            "stoout_no": short_number(sold.sale),
            "sel_retn_cnt": str(line.count),
            "sel_retn_time": _moment(self._clock.now()),
            "sel_retn_opter_name": sold.operator if known is None else known.name,
            "mdtrt_setl_type": INSURED if sold.payer.setl_id else SELF_PAY,
            "psn_cert_type": _OTHER_PAPER,
            "hi_feesetl_type": "0",
        }
        reviewer = self._house.pharmacist("" if asked is None else asked.pharmacist)
        if reviewer is not None:
            said |= {"phar_name": reviewer.name, "phar_prac_cert_no": reviewer.licence}
        if asked is not None and sold.payer.setl_id:
            is_here = asked.insurance.district[:4] == self._house.district[:4]
            said |= {
                "setl_id": sold.payer.setl_id,
                "psn_no": asked.person.number,
                "psn_cert_type": asked.person.certificate_kind or _ID_CARD,
                "hi_feesetl_type": "1" if is_here else "2",
            }
        # What is printed on the box is truer than the lot from which is sold now.
        said["expy_end"] = self._carried(tx, sold.sale, line.codes)
        known_now = self._known(tx, sold.sale, line.line, line.product, sold.at)
        return known_now | {name: value for name, value in said.items() if value}

    def _carried(self, tx: Connection, sale: str, codes: Sequence[str]) -> str:
        """Return the first expiry date that codes carry, or that whoever sold them has told; empty: there is none."""
        dates = expiries_carried(tx, sale, codes)
        if not dates and any(map(may_carry_a_date, codes)) and sales.find_sale(tx, sale) is None:
            dates = {code: day for code, day in self.expiries_told(tx, sale).items() if code in codes}
        return min(dates.values(), default="")

    def _known(self, tx: Connection, sale: str, line: int, product: str, at: datetime) -> dict[str, str]:
        """Return what the register of lots and the matching library say now."""
        said: dict[str, str] = {}
        goods = as_sold(tx, product) if product else None
        if goods is not None and goods.national:
            said["med_list_codg"] = goods.national
        batch = batch_of(tx, sale, line, product, at) if product else None
        if batch is not None:
            said |= {"fixmedins_bchno": batch.batch, "manu_lotnum": batch.lot, "manu_date": batch.made_on.isoformat()}
            said |= {} if batch.expires_on is None else {"expy_end": batch.expires_on.isoformat()}
        reviewer = self._house.pharmacist("")
        if reviewer is not None:
            said |= {"phar_name": reviewer.name, "phar_prac_cert_no": reviewer.licence}
        return said

    def _lacks(self, infno: str, said: Mapping[str, str], product: str) -> str:
        missing = {name for name in self._required[infno] if not said.get(name)}
        named = {
            "product": not product,
            "batch": bool(missing & {"fixmedins_bchno", "manu_lotnum", "manu_date", "expy_end"}),
            "national": "med_list_codg" in missing,
            "pharmacist": bool(missing & {"phar_name", "phar_prac_cert_no"}),
        }
        return ",".join(name for name, lacks in named.items() if lacks)

    def _put(self, tx: Connection, sold: Sold, line: AskedLine, fields: Fields) -> int:
        number = kept.next_id(tx)
        lacks, after = self._lacks(SALE, fields.said, line.product), sold.after.get(line.line)
        kept.put_row(
            tx,
            number,
            NewRow(
                SALE, sold.sale, sold.payer.nth, line.line, line.product, sold.operator,
                self._sealed(number, fields), lacks, after, self._clock.now(),
            ),
        )  # fmt: skip
        return number

    def _return(self, tx: Connection, row: LedgerRow, fields: Fields, codes: tuple[str, ...], operator: str) -> int:
        known = shifts.find_operator(tx, operator)
        is_split = fields.said.get("trdn_flag") == "1"
        said = {name: value for name, value in fields.said.items() if name in GOES_ALONG}
        said |= {
            "sel_retn_cnt": fields.said["sel_retn_cnt"] if is_split else str(len(codes)),
            "sel_retn_time": _moment(self._clock.now()),
            "sel_retn_opter_name": operator if known is None else known.name,
        }
        number = kept.next_id(tx)
        sealed = self._sealed(number, msgspec.structs.replace(fields, said=said, codes=codes))
        new = NewRow(
            RETURN, row.sale, row.nth, row.line, row.product, operator, sealed,
            self._lacks(RETURN, said, row.product), row.id, self._clock.now(),
        )  # fmt: skip
        kept.put_row(tx, number, new)
        return number

    def _again(self, tx: Connection, row: LedgerRow, fields: Fields) -> int:
        number = kept.next_id(tx)
        new = NewRow(
            SALE, row.sale, row.nth, row.line, row.product, row.operator, self._sealed(number, fields),
            self._lacks(SALE, fields.said, row.product), row.after, self._clock.now(),
        )  # fmt: skip
        kept.put_row(tx, number, new)
        return number

    def _sealed(self, number: int, fields: Fields) -> bytes:
        return self._sealer.seal(msgspec.json.encode(fields), kept.fields_place(number))


def visit_serial(sale: str) -> str:
    """Return the serial of the house (`mdtrt_sn`) that a sale of ours has, at whichever terminal it is told."""
    return short_number(sale)[-_NUMBER:]


def _by_pack(tx: Connection, sale: str, line: AskedLine) -> Sequence[AskedLine]:
    """Return a line as rows name it: of opened packs each with its own units, of whole ones all together."""
    if not line.is_split or len(line.codes) < _SEVERAL:
        return (line,)
    units = {pack.code: pack.units for pack in sales.packs_of(tx, sale)}
    return [
        msgspec.structs.replace(line, codes=(code,), count=Decimal(units.get(code) or 0))
        for code in line.codes
        if units.get(code)
    ]


def is_told(row: LedgerRow) -> bool:
    """Say whether the centre has a row, or may have it: what it refuses to pay it keeps all the same."""
    if row.state is RowState.REFUSED:
        return CLAIMED in (row.told or "")
    return row.state in {RowState.TAKEN, RowState.ASKED}


def replace_codes(fields: Fields, codes: tuple[str, ...]) -> Fields:
    """Return what a row says of fewer packs."""
    is_split = fields.said.get("trdn_flag") == "1"
    said = fields.said if is_split else {**fields.said, "sel_retn_cnt": str(len(codes))}
    return msgspec.structs.replace(fields, said=said, codes=codes)


def _moment(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime(_MOMENT)
