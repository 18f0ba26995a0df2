"""A sale of another terminal of the institution, found at the centre by a pack of it: that terminal need not be on.

The centre tells what it was told: which sale a code belongs to (3513), its rows (3511), what was paid (5203). Of that
the settlement is put together as if it had been asked for here, so that packs of it come back here. Where it cannot be
put together to the fen, nothing is done, and the terminal that sold it is named by its sale number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import msgspec
from sqlalchemy import Connection

from codes.errors import RejectedError, YimaError
from codes.words import Words
from edge.clock import SHOP_TIME
from edge.counter.errors import RungUpElsewhereError
from edge.errors import EdgeError
from edge.store import sales, settlements
from edge.store import undertakings as kept
from edge.store.sales import PackState
from edge.store.settlements import Elsewhere, SettlementRow, asked_place
from edge.store.site_sales import site_sale
from edge.till.asked import AskedSettlement
from edge.till.came_back import came_back, refuse_lost_return
from edge.till.found import Found, Told, found_of
from edge.till.ledger import INSURED, Ledger
from edge.till.steps import Parts
from edge.till.there import CancelledElsewhereError, NotToldError, UnknownThereError, ask_centre, look_there
from rules.settling import Standing
from wire.fsi.record import Record

CODES_SOLD, ROWS_SOLD = "3513", "3511"
CANCELLED_THERE = Words("已由其他终端或 POS 撤销", "cancelled at another terminal or POS")
_AT_REST = frozenset({Standing.NONE, Standing.SETTLED, Standing.UNDONE})
_CAME_BACK, _TAKEN_BACK = "已退货", "销售退货"
_NOT_WHOLE = Words("中心应答不完整", "the centre's answer is not whole")
_ONCE = datetime(1900, 1, 1, tzinfo=SHOP_TIME)
"""When something was told of which the centre does not say when."""
_WITHIN = timedelta(days=31)
"""So long before it was uploaded a sale may have been made."""


class NotFoundError(EdgeError, RejectedError):
    """The centre knows no sale of this pack by this institution, or it came back."""

    code: ClassVar[str] = "till.not_found"
    next_step: ClassVar[Words] = Words(
        "请核对药盒；刚售出或批次未登记的，原终端尚未上传，请在原终端办理；其他机构售出的请到原机构退。",
        "Check the box. If it was sold just now, or its lot is in no register, the terminal that sold it has not told "
        "the centre yet: take it back there. Another institution takes back its own.",
    )

    def __init__(self, code: str, *, came_back: bool = False) -> None:
        self.came_back = came_back
        """The centre has heard of its sale, and that it came back."""
        super().__init__(
            Words(
                f"中心没有本机构售出 {code} 的记录，或已退回",
                f"The centre knows no sale of {code} here, or it came back",
            )
        )


class GoToOriginError(EdgeError, RejectedError):
    """The sale is dealt with at the terminal that made it, and not here."""

    code: ClassVar[str] = "till.go_to_origin"
    next_step: ClassVar[Words] = Words("请在原销售终端办理。", "Do it at the terminal that sold it.")

    def __init__(self, sale: str, why: Words) -> None:
        self.sale = sale
        super().__init__(
            Words(f"销售 {sale} 不能在本机办理：{why.zh}", f"Sale {sale} cannot be dealt with here: {why.en}")
        )


class Finding:
    """Looks sales up. Its methods but `keep` belong to a thread that may wait."""

    def __init__(self, parts: Parts, ledger: Ledger) -> None:
        self._parts, self._ledger = parts, ledger

    def find(self, code: str, operator: str, shift: str | None, *, named: str = "") -> str:
        """Return the number of the sale that a pack belongs to, kept here from now on as it stands now.

        Args:
            code: The pack.
            operator: Who asks.
            shift: Of that person.
            named: Which of the sales that the pack is out with is meant, where they are several; empty: the newest.

        Raises:
            NotFoundError: The centre knows of none.
            GoToOriginError: It cannot be put together here.
            CancelledElsewhereError: Its settlement was cancelled, and what stays is not known yet.
            ReturnLostError: Packs of it came back, and the centre does not know it any more.
            RungUpElsewhereError: The institution's own software rang it up at another terminal of this site.
            OfflineError: The centre cannot be asked.
        """
        self._parts.journal.commits(lambda tx: _refuse_rung_up(tx, code))
        try:
            found = self.look_up(code, operator, named=named)
        except CancelledElsewhereError as exc:
            # What stays was settled here, and the ledger has not been told of that yet.
            sale = exc.sale
            if not self._parts.journal.commits(lambda tx: _stands_here(tx, sale)):
                raise
            return sale
        self._parts.journal.commits(lambda tx: self.keep(tx, found, operator, shift))
        return found.sale

    def keep(self, tx: Connection, found: Found, operator: str, shift: str | None) -> None:
        """Keep a sale as it stands at the centre; what stood here before it was cancelled elsewhere.

        Raises:
            ReturnLostError: Packs are out by it that came back: the centre has lost that.
        """
        rows = settlements.settlements_of(tx, found.sale)
        is_busy = kept.open_undertaking_of(tx, found.sale) is not None
        if is_busy or any(row.standing not in _AT_REST for row in rows):
            return
        standing = next((row for row in rows if row.standing is Standing.SETTLED), None)
        if standing is not None and standing.paid is not None and standing.paid.setl_id == found.paid.setl_id:
            return
        refuse_lost_return(found.sale, came_back(tx, self._parts.sealer, found.sale, found.codes))
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

    def look_up(self, code: str, operator: str, *, old: AskedSettlement | None = None, named: str = "") -> Found:
        """Return the sale of a pack as it stands at the centre.

        Args:
            code: The pack.
            operator: Who asks.
            old: What was asked of the sale before, where it is known here: what stays of its lines is told by it.
            named: The sale that is meant; empty: the newest that the pack is out with.

        Raises:
            EdgeError: As `find`.
        """
        institution = self._parts.who(operator).sender.institution
        scope = {"fixmedins_code": institution}
        told_of = self._asked(operator, CODES_SOLD, {**scope, "drug_trac_codg": code})
        sold = [one for one in told_of if _is_out(one) and named in {"", one.text_or("bkkpSn", "")}]
        if not sold:
            raise self._not_found(code, came_back=bool(told_of))
        *_, newest = sorted(sold, key=_told_at)
        if not _is_insured(newest) or not newest.text_or("mdtrtId", ""):
            raise self._paid_in_cash(newest.text_or("bkkpSn", ""), code)
        told = self._told(operator, scope, newest)
        found = found_of(told, old, self._parts.area)
        if found.asked.fee != told.settlement.number("medfee_sumamt"):
            raise GoToOriginError(
                found.sale, Words("明细不全（有无码商品）", "not all of its lines are known by their codes")
            )
        return found

    def back_of(self, tx: Connection, sale: str, codes: Iterable[str]) -> frozenset[str]:
        """Return which packs of a sale came back, as far as is known here, whatever the centre says."""
        return frozenset(came_back(tx, self._parts.sealer, sale, codes))

    def still_out(self, sale: str, codes: Iterable[str], operator: str) -> frozenset[str]:
        """Return which packs the centre still has as out by a sale of this institution.

        Raises:
            OfflineError, NotToldError: The centre cannot be asked, or does not tell.
        """
        scope = {"fixmedins_code": self._parts.who(operator).sender.institution}
        rows = {code: self._asked(operator, CODES_SOLD, {**scope, "drug_trac_codg": code}) for code in codes}
        return frozenset(
            code
            for code, told in rows.items()
            if any(_is_out(one) and one.text_or("bkkpSn", "") == sale for one in told)
        )

    def insured_sale_of(self, code: str, operator: str) -> str | None:
        """Return the sale of this institution that a pack is out with and the insurance pays; None: there is none.

        That a settlement of it was cancelled says the settlement, not each platform's list of packs.

        Raises:
            OfflineError: The centre cannot be asked.
        """
        scope = {"fixmedins_code": self._parts.who(operator).sender.institution}
        rows = self._asked(operator, CODES_SOLD, {**scope, "drug_trac_codg": code})
        for one in sorted((row for row in rows if _is_out(row) and _is_insured(row)), key=_told_at, reverse=True):
            try:
                if one.text_or("mdtrtId", ""):
                    self._told(operator, scope, one)
            except (CancelledElsewhereError, UnknownThereError):
                continue
            except (GoToOriginError, NotToldError):
                # It is not known to be cancelled.
                pass
            return one.text_or("bkkpSn", "")
        return None

    def _told(self, operator: str, scope: Mapping[str, object], newest: Record) -> Told:
        """Return what the centre tells of the sale of a pack."""
        sale, person = newest.text_or("bkkpSn", ""), newest.text_or("psnNo", "")
        visit = newest.text_or("mdtrtId", "")
        packs = self._asked(operator, CODES_SOLD, {**scope, "mdtrt_id": visit, "psn_no": person})
        packs = [one for one in packs if _is_out(one) and one.text_or("bkkpSn", "") == sale]
        rows = self._rows(operator, scope, sale, packs)
        setl_id, made_by, told = self._settlement(operator, sale, {"psn_no": person, "mdtrt_id": visit}, rows)
        return Told(sale, told, made_by, packs, [row for row in rows if row.text("setlId") == setl_id])

    def _named(self, rows: Iterable[SettlementRow]) -> set[str]:
        """Return the packs that settlements were about: what was paid in cash beside them stays where it is."""
        return {code for row in rows for line in self._ledger.asked_of(row).lines for code in line.codes}

    def _not_found(self, code: str, *, came_back: bool) -> EdgeError:
        """Say where a pack was sold of which the centre has not heard, if a terminal of this site has told of it."""
        told = self._parts.journal.commits(lambda tx: site_sale(tx, code))
        if told is None or came_back:
            return NotFoundError(code, came_back=came_back)
        words = Words(
            f"{told.terminal} 售出，尚未上传中心台账",
            f"{told.terminal} sold it, and has not told the centre's ledger yet",
        )
        return GoToOriginError(told.sale, words)

    def _paid_in_cash(self, sale: str, code: str) -> EdgeError:
        """Say which terminal has the cash of a sale, if it is of this site."""
        told = self._parts.journal.commits(lambda tx: site_sale(tx, code))
        if told is None or told.sale != sale:
            return GoToOriginError(sale, Words("为自费销售", "it was paid in cash"))
        return GoToOriginError(sale, Words(f"为 {told.terminal} 的自费销售", f"it was paid in cash at {told.terminal}"))

    def _rows(self, operator: str, scope: Mapping[str, object], sale: str, packs: Sequence[Record]) -> list[Record]:
        """Return the rows of the sale that name settlements, in the order in which they were told."""
        found: dict[tuple[str, str], list[Record]] = {}
        for pack in packs:
            own, batch = pack.text_or("medinsListCodg", ""), pack.text_or("fixmedinsBchno", "")
            if (own, batch) in found:
                continue
            came = pack.moment_or("crteTime", None) or self._parts.clock.now()
            days = {"begndate": _day(came - _WITHIN), "enddate": _day(came + timedelta(days=1))}
            named = {"medins_list_codg": own, "fixmedins_bchno": batch, "medins_prod_sel_no": sale}
            rows = self._asked(operator, ROWS_SOLD, {**scope, **days, **named})
            found[own, batch] = [
                row for row in rows if row.text_or("setlId", "") and row.text_or("memo", "") != _TAKEN_BACK
            ]
        return sorted((row for rows in found.values() for row in rows), key=_told_at)

    def _settlement(
        self, operator: str, sale: str, named: Mapping[str, str], rows: Sequence[Record]
    ) -> tuple[str, str, Record]:
        """Return number, maker and record of the settlement of a visit: of those that rows of its sale name, it stands.

        Rows of settlements that were cancelled since name those, and other visits: the newest are asked about first.
        """
        why: YimaError = GoToOriginError(sale, _NOT_WHOLE)
        for setl_id in dict.fromkeys(row.text("setlId") for row in reversed(rows)):
            try:
                there = look_there(self._parts, operator, sale, {**named, "setl_id": setl_id})
            except (UnknownThereError, NotToldError) as exc:
                why = exc
                continue
            if not there.stands:
                raise CancelledElsewhereError(sale)
            if there.record is None:
                raise GoToOriginError(sale, _NOT_WHOLE)
            return setl_id, there.made_by, there.record
        raise why

    def _asked(self, operator: str, infno: str, data: Mapping[str, object]) -> Sequence[Record]:
        answer = ask_centre(self._parts, operator, infno, data)
        if not answer.is_success:
            raise NotToldError(answer)
        # A list of nothing does not fit its table.
        return () if answer.output is None else answer.output.many("output")


def _stands_here(tx: Connection, sale: str) -> bool:
    rows = settlements.settlements_of(tx, sale)
    return any(row.standing is Standing.SETTLED and not row.is_elsewhere for row in rows)


def _refuse_rung_up(tx: Connection, code: str) -> None:
    """Refuse what another terminal of this site has told under a number that is none of its own."""
    told = site_sale(tx, code)
    if told is not None and not told.sale.startswith(told.terminal):
        raise RungUpElsewhereError(told.sale, told.sale)


def _is_out(one: Record) -> bool:
    return one.text_or("memo", "") != _CAME_BACK


def _is_insured(one: Record) -> bool:
    return one.text_or("mdtrtSetlType", "") == INSURED


def _told_at(one: Record) -> datetime:
    return one.moment_or("crteTime", _ONCE)


def _day(at: datetime) -> str:
    return at.astimezone(SHOP_TIME).date().isoformat()
