"""A sale of another terminal of the institution, found at the centre by a pack of it: that terminal need not be on.

The centre tells what it was told: which sale a code belongs to (3513), its rows (3511), what was paid (5203). Of that
the settlement is put together as if it had been asked for here, so that packs of it come back here. Where it cannot be
put together to the fen, nothing is done, and the terminal that sold it is named by its sale number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
from edge.store.settlements import Elsewhere, Paid, asked_place
from edge.till.asked import AskedLine, AskedSettlement, Insurance, Person
from edge.till.errors import OfflineError
from edge.till.ledger import Known, Ledger
from edge.till.steps import Parts
from wire.fsi.asking import Nodes
from wire.fsi.record import Message, Record
from wire.rpc import NotSentError, OutcomeUnknownError

CODES_SOLD, ROWS_SOLD, SETTLEMENT = "3513", "3511", "5203"
_INSURED, _SPLIT = "1", "1"
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
    """A sale of another terminal, as the centre knows it."""

    sale: str
    asked: AskedSettlement
    paid: Paid
    known: tuple[Known, ...]
    """Its rows at the ledger, by line."""


class Finding:
    """Looks sales up. Its methods belong to a thread that may wait."""

    def __init__(self, parts: Parts, ledger: Ledger) -> None:
        self._parts, self._ledger = parts, ledger

    def find(self, code: str, operator: str, shift: str | None) -> str:
        """Return the number of the sale that a pack belongs to, kept here from now on.

        Raises:
            NotFoundError: The centre knows of none.
            GoToOriginError: It cannot be put together here.
            OfflineError: The centre cannot be asked.
        """
        found = self._looked_up(code, operator)

        def keep(tx: Connection) -> None:
            if sales.find_sale(tx, found.sale) is None and not settlements.settlements_of(tx, found.sale):
                self._keep(tx, found, operator, shift)

        self._parts.journal.commits(keep)
        return found.sale

    def _keep(self, tx: Connection, found: Found, operator: str, shift: str | None) -> None:
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

    def _looked_up(self, code: str, operator: str) -> Found:
        institution = self._parts.who(operator).sender.institution
        scope = {"fixmedins_code": institution}
        sold = [one for one in self._asked(operator, CODES_SOLD, {**scope, "drug_trac_codg": code}) if _is_out(one)]
        if not sold:
            raise NotFoundError(code)
        newest = sold[-1]
        sale, person = newest.text_or("bkkpSn", ""), newest.text_or("psnNo", "")
        visit = newest.text_or("mdtrtId", "")
        if newest.text_or("mdtrtSetlType", "") != _INSURED or not visit:
            raise GoToOriginError(sale, Words("为自费销售", "it was paid in cash"))
        packs = self._asked(operator, CODES_SOLD, {**scope, "mdtrt_id": visit, "psn_no": person})
        packs = [one for one in packs if _is_out(one) and one.text_or("bkkpSn", "") == sale]
        rows = self._rows(operator, scope, sale, packs)
        setl_id = next((one.text_or("setlId", "") for one in rows.values()), "")
        told = self._settlement(operator, {"psn_no": person, "setl_id": setl_id, "mdtrt_id": visit})
        lines = tuple(_lines(packs, rows))
        found = _found(sale, told, lines, rows)
        if found.asked.fee != told.number("medfee_sumamt"):
            raise GoToOriginError(
                sale, Words("明细不全（有无码商品）", "not all of its lines are known by their codes")
            )
        return found

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

    def _settlement(self, operator: str, data: Mapping[str, object]) -> Record:
        answer = self._answer(operator, SETTLEMENT, data)
        return answer.one("setlinfo")

    def _asked(self, operator: str, infno: str, data: Mapping[str, object]) -> Sequence[Record]:
        return self._answer(operator, infno, data).many("output")

    def _answer(self, operator: str, infno: str, data: Mapping[str, object]) -> Message:
        who, nodes = self._parts.who(operator), {"data": dict(data)}
        asked: Nodes = nodes
        try:
            answer = self._parts.journal.read(
                who.sender, infno, asked, insured_district=who.sender.district, sign_no=who.sign_no
            )
        except (NotSentError, OutcomeUnknownError) as exc:
            raise OfflineError(exc.words) from exc
        if not answer.is_success:
            raise GoToOriginError("", Words(answer.message, answer.message))
        # A list of nothing does not fit its table.
        return Message({}) if answer.output is None else answer.output


def _is_out(one: Record) -> bool:
    return one.text_or("memo", "") != _CAME_BACK


def _lines(packs: Iterable[Record], rows: Mapping[tuple[str, str], Record]) -> Iterable[AskedLine]:
    by_row: dict[tuple[str, str], list[str]] = {}
    for pack in packs:
        place = pack.text_or("medinsListCodg", ""), pack.text_or("fixmedinsBchno", "")
        if place in rows:
            by_row.setdefault(place, []).append(pack.text("drugTracCodg"))
    for number, (place, codes) in enumerate(by_row.items(), start=1):
        row = rows[place]
        is_split = row.text_or("trdnFlag", "") == _SPLIT
        count = row.number("selRetnCnt") if is_split else Decimal(len(codes))
        price = row.number_or("finlTrnsPric", None) or Decimal(0)
        yield AskedLine(
            serial=str(number), line=number, product=place[0], national=row.text_or("medListCodg", ""),
            name=row.text_or("medinsListName", ""), price=price, count=count,
            amount=amount_of(price, int(count)) or Decimal("0.00"), codes=tuple(codes), is_split=is_split,
            is_prescription=row.text_or("rxFlag", "") == "1",
        )  # fmt: skip


def _found(sale: str, told: Record, lines: tuple[AskedLine, ...], rows: Mapping[tuple[str, str], Record]) -> Found:
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
        lines, disease=told.text_or("dise_codg", ""), disease_name=told.text_or("dise_name", ""),
    )  # fmt: skip
    paid = Paid(
        told.text("setl_id"), told.text("mdtrt_id"), told.text("clr_type"), told.text_or("clr_optins", ""),
        told.moment_or("setl_time", begun), told.number("fund_pay_sumamt"), told.number("acct_pay"),
        told.number("acct_mulaid_pay"), told.number("cash_payamt"),
    )  # fmt: skip
    return Found(sale, asked, paid, tuple(_known(line, rows, paid.setl_id, person, district) for line in lines))


def _known(
    line: AskedLine, rows: Mapping[tuple[str, str], Record], setl_id: str, person: Person, district: str
) -> Known:
    batch, row = next((batch, row) for (own, batch), row in rows.items() if own == line.product)
    said = {
        "med_list_codg": line.national,
        "fixmedins_hilist_id": line.product,
        "fixmedins_hilist_name": line.name,
        "fixmedins_bchno": batch,
        "setl_id": setl_id,
        "psn_no": person.number,
        "psn_cert_type": person.certificate_kind,
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
