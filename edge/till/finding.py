"""A sale of another terminal of the institution, found at the centre by a pack of it: that terminal need not be on.

The centre tells what it was told: which sale a code belongs to (3513), its rows (3511), what was paid (5203). Of that
the settlement is put together as if it had been asked for here, so that packs of it come back here. Where it cannot be
put together to the fen, nothing is done, and the terminal that sold it is named by its sale number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import ClassVar

import msgspec
from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from edge.clock import SHOP_TIME
from edge.counter.lines import amount_of
from edge.errors import EdgeError
from edge.store import sales, settlements
from edge.store import undertakings as kept
from edge.store.sales import PackState
from edge.store.settlements import Elsewhere, Paid, SettlementRow, asked_place
from edge.store.site_sales import site_sale
from edge.till.asked import AskedLine, AskedSettlement, Insurance, Person
from edge.till.ledger import INSURED, Known, Ledger, visit_serial
from edge.till.messages import without_account
from edge.till.staying import without
from edge.till.steps import Parts
from edge.till.there import CancelledElsewhereError, NotToldError, ask_centre, look_there
from rules.settling import Standing
from wire.fsi.areas import Area
from wire.fsi.record import Record

CODES_SOLD, ROWS_SOLD = "3513", "3511"
CANCELLED_THERE = Words("已由其他终端或 POS 撤销", "cancelled at another terminal or POS")
_SPLIT = "1"
_Place = tuple[str, str]
"""Item and batch."""
_AT_REST = frozenset({Standing.NONE, Standing.SETTLED, Standing.UNDONE})
_CAME_BACK = "已退货"
_WITHIN = timedelta(days=31)
"""So long before it was uploaded a sale may have been made."""


class NotFoundError(EdgeError, RejectedError):
    """The centre knows no sale of this pack by this institution, or it came back."""

    code: ClassVar[str] = "till.not_found"
    next_step: ClassVar[Words] = Words(
        "请核对药盒；其他机构售出的请到原机构退。", "Check the box; another institution takes back its own."
    )

    def __init__(self, code: str) -> None:
        super().__init__(
            Words(
                f"中心没有本机构售出 {code} 的记录，或已退回",
                f"The centre knows no sale of {code} here, or it came back",
            )
        )


class GoToOriginError(EdgeError, RejectedError):
    """The sale can be taken back at the terminal that made it, and not here."""

    code: ClassVar[str] = "till.go_to_origin"
    next_step: ClassVar[Words] = Words("请在原销售终端办理退货。", "Take it back at the terminal that sold it.")

    def __init__(self, sale: str, why: Words) -> None:
        super().__init__(
            Words(f"销售 {sale} 不能在本机退：{why.zh}", f"Sale {sale} cannot be taken back here: {why.en}")
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A sale of the institution, as the centre knows it."""

    sale: str
    asked: AskedSettlement
    paid: Paid
    known: tuple[Known, ...]
    """Its rows at the ledger, by line."""

    @property
    def codes(self) -> frozenset[str]:
        """Its packs that are out."""
        return frozenset(code for line in self.asked.lines for code in line.codes)


class Finding:
    """Looks sales up. Its methods but `keep` belong to a thread that may wait."""

    def __init__(self, parts: Parts, ledger: Ledger) -> None:
        self._parts, self._ledger = parts, ledger

    def find(self, code: str, operator: str, shift: str | None) -> str:
        """Return the number of the sale that a pack belongs to, kept here from now on as it stands now.

        Raises:
            NotFoundError: The centre knows of none.
            GoToOriginError: It cannot be put together here.
            CancelledElsewhereError: Its settlement was cancelled, and what stays is not known yet.
            OfflineError: The centre cannot be asked.
        """
        found = self.look_up(code, operator)
        self._parts.journal.commits(lambda tx: self.keep(tx, found, operator, shift))
        return found.sale

    def keep(self, tx: Connection, found: Found, operator: str, shift: str | None) -> None:
        """Keep a sale as it stands at the centre; what stood here before it was cancelled elsewhere."""
        rows = settlements.settlements_of(tx, found.sale)
        is_busy = kept.open_undertaking_of(tx, found.sale) is not None
        if is_busy or any(row.standing not in _AT_REST for row in rows):
            return
        standing = next((row for row in rows if row.standing is Standing.SETTLED), None)
        if standing is not None and standing.paid is not None and standing.paid.setl_id == found.paid.setl_id:
            return
        if standing is not None:
            settlements.set_overtaken(tx, found.sale, standing.nth, str(CANCELLED_THERE))
        gone = self._named(rows) - found.codes
        for pack in sales.packs_of(tx, found.sale):
            if pack.state is PackState.SOLD and pack.code in gone:
                sales.return_pack(tx, found.sale, pack.code)
        self._ledger.drop_untold(tx, found.sale)
        sealed = self._parts.sealer.seal(msgspec.json.encode(found.asked), asked_place(found.sale))
        settlements.put_elsewhere(
            tx,
            Elsewhere(
                found.sale, operator, shift, found.asked.begun, sealed, found.asked.insurance.kind, found.asked.fee,
                found.paid,
            ),
        )  # fmt: skip
        for one in found.known:
            self._ledger.note_known(tx, found.sale, one, operator)

    def look_up(self, code: str, operator: str, *, old: AskedSettlement | None = None) -> Found:
        """Return the sale of a pack as it stands at the centre.

        Args:
            code: The pack.
            operator: Who asks.
            old: What was asked of the sale before, where it is known here: what stays of its lines is told by it.

        Raises:
            EdgeError: As `find`.
        """
        institution = self._parts.who(operator).sender.institution
        scope = {"fixmedins_code": institution}
        sold = [one for one in self._asked(operator, CODES_SOLD, {**scope, "drug_trac_codg": code}) if _is_out(one)]
        if not sold:
            raise self._not_found(code)
        newest = sold[-1]
        sale, person = newest.text_or("bkkpSn", ""), newest.text_or("psnNo", "")
        visit = newest.text_or("mdtrtId", "")
        if newest.text_or("mdtrtSetlType", "") != INSURED or not visit:
            raise GoToOriginError(sale, Words("为自费销售", "it was paid in cash"))
        packs = self._asked(operator, CODES_SOLD, {**scope, "mdtrt_id": visit, "psn_no": person})
        packs = [one for one in packs if _is_out(one) and one.text_or("bkkpSn", "") == sale]
        rows = self._rows(operator, scope, sale, packs)
        setl_id = next((one.text_or("setlId", "") for one in rows.values()), "")
        told = self._settlement(operator, sale, {"psn_no": person, "setl_id": setl_id, "mdtrt_id": visit})
        codes = {one.text("drugTracCodg") for one in packs}
        lines = dict(_lines(packs, rows, old))
        found = _found(sale, told, lines, rows, self._parts.area)
        if old is not None and old.person.number == person:
            gone = {code for line in old.lines for code in line.codes} - codes
            asked = msgspec.structs.replace(old, lines=without(old.lines, gone))
            found = replace(found, asked=asked)
        if found.asked.fee != told.number("medfee_sumamt"):
            raise GoToOriginError(
                sale, Words("明细不全（有无码商品）", "not all of its lines are known by their codes")
            )
        return found

    def insured_sale_of(self, code: str, operator: str) -> str | None:
        """Return the sale of this institution that a pack is out with and the insurance has paid; None: there is none.

        Raises:
            OfflineError: The centre cannot be asked.
        """
        scope = {"fixmedins_code": self._parts.who(operator).sender.institution}
        rows = self._asked(operator, CODES_SOLD, {**scope, "drug_trac_codg": code})
        out = [one for one in rows if _is_out(one) and one.text_or("mdtrtSetlType", "") == INSURED]
        return out[-1].text_or("bkkpSn", "") if out else None

    def _named(self, rows: Iterable[SettlementRow]) -> set[str]:
        """Return the packs that settlements were about: what was paid in cash beside them stays where it is."""
        return {code for row in rows for line in self._ledger.asked_of(row).lines for code in line.codes}

    def _not_found(self, code: str) -> EdgeError:
        """Say where a pack was sold of which the centre has not heard, if a terminal of this site has told of it."""
        told = self._parts.journal.commits(lambda tx: site_sale(tx, code))
        if told is None:
            return NotFoundError(code)
        words = Words(
            f"{told.terminal} 售出，尚未上传中心台账",
            f"{told.terminal} sold it, and has not told the centre's ledger yet",
        )
        return GoToOriginError(told.sale, words)

    def _rows(
        self, operator: str, scope: Mapping[str, object], sale: str, packs: Sequence[Record]
    ) -> dict[tuple[str, str], Record]:
        """Return the rows of the sale by item and batch, those that stand last."""
        found: dict[tuple[str, str], Record] = {}
        for pack in packs:
            own, batch = pack.text_or("medinsListCodg", ""), pack.text_or("fixmedinsBchno", "")
            if (own, batch) in found:
                continue
            came = pack.moment_or("crteTime", None) or self._parts.clock.now()
            days = {"begndate": _day(came - _WITHIN), "enddate": _day(came + timedelta(days=1))}
            named = {"medins_list_codg": own, "fixmedins_bchno": batch, "medins_prod_sel_no": sale}
            rows = self._asked(operator, ROWS_SOLD, {**scope, **days, **named})
            for row in rows:
                if row.text_or("setlId", "") and row.text_or("memo", "") != "销售退货":
                    found[own, batch] = row
        return found

    def _settlement(self, operator: str, sale: str, data: Mapping[str, str]) -> Record:
        there = look_there(self._parts, operator, sale, data)
        if not there.stands:
            raise CancelledElsewhereError(sale)
        if there.record is None:
            raise GoToOriginError(sale, Words("中心应答不完整", "the centre's answer is not whole"))
        return there.record

    def _asked(self, operator: str, infno: str, data: Mapping[str, object]) -> Sequence[Record]:
        answer = ask_centre(self._parts, operator, infno, data)
        if not answer.is_success:
            raise NotToldError(answer)
        # A list of nothing does not fit its table.
        return () if answer.output is None else answer.output.many("output")


def _is_out(one: Record) -> bool:
    return one.text_or("memo", "") != _CAME_BACK


def _lines(
    packs: Iterable[Record], rows: Mapping[_Place, Record], old: AskedSettlement | None
) -> Iterator[tuple[_Place, AskedLine]]:
    """Return the lines as the ledger has them, numbered as the sale was here, if it is known here."""
    numbers = {} if old is None else {code: line.line for line in old.lines for code in line.codes}
    by_row: dict[_Place, list[str]] = {}
    for pack in packs:
        place = pack.text_or("medinsListCodg", ""), pack.text_or("fixmedinsBchno", "")
        if place in rows:
            by_row.setdefault(place, []).append(pack.text("drugTracCodg"))
    for number, (place, codes) in enumerate(by_row.items(), start=1):
        row = rows[place]
        is_split = row.text_or("trdnFlag", "") == _SPLIT
        count = row.number("selRetnCnt") if is_split else Decimal(len(codes))
        price = row.number_or("finlTrnsPric", None) or Decimal(0)
        yield place, AskedLine(
            serial=str(number), line=numbers.get(codes[0], number), product=place[0],
            national=row.text_or("medListCodg", ""), name=row.text_or("medinsListName", ""), price=price, count=count,
            amount=amount_of(price, int(count)) or Decimal("0.00"), codes=tuple(codes), is_split=is_split,
            is_prescription=row.text_or("rxFlag", "") == "1",
        )  # fmt: skip


def _found(
    sale: str, told: Record, lines: Mapping[_Place, AskedLine], rows: Mapping[_Place, Record], area: Area
) -> Found:
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
        tuple(lines.values()), disease=told.text_or("dise_codg", ""), disease_name=told.text_or("dise_name", ""),
    )  # fmt: skip
    paid = Paid(
        told.text("setl_id"), told.text("mdtrt_id"), told.text("clr_type"), told.text_or("clr_optins", ""),
        told.moment_or("setl_time", begun),
        without_account(told.number("fund_pay_sumamt"), told.number("acct_pay"), area), told.number("acct_pay"),
        told.number("acct_mulaid_pay"), told.number("cash_payamt"),
    )  # fmt: skip
    named = {
        "setl_id": paid.setl_id,
        "psn_no": person.number,
        "psn_cert_type": person.certificate_kind,
        "mdtrt_sn": visit_serial(sale),
    }
    known = (_known(line, place, rows[place], named, district) for place, line in lines.items())
    return Found(sale, asked, paid, tuple(known))


def _known(line: AskedLine, place: _Place, row: Record, named: Mapping[str, str], district: str) -> Known:
    said = {
        **named,
        "med_list_codg": line.national,
        "fixmedins_hilist_id": line.product,
        "fixmedins_hilist_name": line.name,
        "fixmedins_bchno": place[1],
        "manu_lotnum": row.text_or("manuLotnum", ""),
        "manu_date": str(row.day_or("manuDate", None) or ""),
        "expy_end": str(row.day_or("expyEnd", None) or ""),
        "rx_flag": row.text_or("rxFlag", ""),
        "trdn_flag": row.text_or("trdnFlag", ""),
        "finl_trns_pric": str(line.price),
        "sel_retn_cnt": str(line.count),
    }
    return Known(line, {name: value for name, value in said.items() if value}, district)


def _day(at: datetime) -> str:
    return at.astimezone(SHOP_TIME).date().isoformat()
