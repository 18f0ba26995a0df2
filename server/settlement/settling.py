"""Trying, settling and cancelling a sale, each within the caller's transaction.

A sale is settled once. Its key stands in an index over the settlements that stand, the person is locked while it is
settled, and a message about a sale that stands gets that settlement for its answer, whatever its `msgid`. Money of
personal accounts, the totals of the year and the settlement itself are kept together or not at all; a cancellation puts
each of them back exactly to where it came from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from codes.words import Words
from server.errors import StoreContentionError
from server.people import personal_accounts
from server.people.practice import find_institution
from server.settlement import cancelling, reversing
from server.settlement.checks import Fee, check_roundings, check_sale, check_worth
from server.settlement.closed_books import check_open
from server.settlement.errors import PersonError, SaleDiffersError, SettlementError
from server.settlement.explaining import Explanation, explain
from server.settlement.kept import Kept, fee_lines_of, id_of, kept_of, visit_of
from server.settlement.practitioners import check_practitioners
from server.settlement.reckoning import Ground, Reckoned, reckon
from server.settlement.sale import Caller, Sale, differences, key_of
from server.settlement.settled import Settled, load_settled
from server.settlement.standing import Called, contents_of_standing
from server.store import insured, settlements, visits
from server.store.database import Connection
from server.store.settlements import Settlement
from server.store.visits import VisitKind
from wire.fsi.values import BEIJING

_ACCEPT_IT: Final = Words(
    "撤销已入账：请在本机构账目中补记该撤销；仍需享受待遇的，请重新结算。",
    "The cancellation stands in the books: enter it in your own, and settle the sale anew if it is still meant.",
)


@dataclass(frozen=True, slots=True)
class Settlements:
    """What the transactions of the interface ask of settlement."""

    ground: Ground

    def trial(self, connection: Connection, sale: Sale) -> Settled:
        """Return what a sale would come to; nothing is kept or reserved.

        Raises:
            RejectedError: It could not be settled; the error says why.
        """
        _check(sale)
        reckoned = self._reckoned(connection, sale)
        kept = kept_of(reckoned, "", sale.visit or id_of("visit", sale.by))
        return _settled(reckoned, kept)

    def settle(self, connection: Connection, sale: Sale) -> Settled:
        """Settle a sale, or return the settlement that stands for it.

        Raises:
            SaleDiffersError: It stands with other contents.
            RejectedError: It cannot be settled; the error says why.
            StoreContentionError: Another message settled it just now: begin again, and it will be found.
        """
        _check(sale)
        if not insured.lock_person(connection, sale.psn_no):
            raise PersonError(Words(f"没有人员编号 {sale.psn_no}", f"There is no person {sale.psn_no}"))
        standing = settlements.find_standing(connection, key_of(sale))
        if standing is not None:
            return _again(connection, standing, sale)
        reckoned = self._reckoned(connection, sale)
        kept = kept_of(reckoned, id_of("settlement", sale.by), sale.visit or id_of("visit", sale.by))
        return _settled(reckoned, self._keep(connection, reckoned, kept))

    def cancel(self, connection: Connection, called: Called, by: Caller, *, kind: VisitKind) -> Settled:
        """Cancel a settlement, and return its negative; a second time the same one.

        Raises:
            UnknownSettlementError: This institution has no such settlement of that person and visit.
            NotCancellableError: It is of another kind of visit, or was reversed.
        """
        return cancelling.cancel(connection, called, by, self.ground.entitlements, kind=kind)

    def reverse_settlement(self, connection: Connection, record: Settlement, by: Caller, *, kind: VisitKind) -> None:
        """Undo a settlement whose answer never came (2601).

        Raises:
            ReversalError: Its books are closed; a cancellation undoes it.
        """
        days = self._days_to_reverse(record)
        cancelling.strike_out(connection, record, by, self.ground.entitlements, kind=kind, days=days)

    def reverse_cancellation(self, connection: Connection, record: Settlement, by: Caller) -> None:
        """Undo the cancelling of a settlement, so that the settlement stands again (2601).

        Raises:
            ReversalError: The same sale was settled anew, something that was given back was used meanwhile, or the
                books that the cancellation stands in are closed.
        """
        negative = settlements.find_cancelling(connection, record.setl_id)
        if negative is not None:
            check_open(connection, negative, by, self._days_to_reverse(negative), _ACCEPT_IT)
        reversing.restore(connection, record, by, self.ground.entitlements)

    def explain(self, connection: Connection, setl_id: str) -> Explanation:
        """Return how a settlement came about, from what was kept of it.

        Raises:
            UnknownSettlementError: There is none of that id.
        """
        return explain(connection, setl_id)

    def _days_to_reverse(self, record: Settlement) -> int:
        return self.ground.books.for_district(record.insured_district).days_late(record.day).reversal

    def _reckoned(self, connection: Connection, sale: Sale) -> Reckoned:
        institution = sale.by.place
        if institution is None or institution.code != sale.by.institution:
            institution = find_institution(connection, sale.by.institution)
        check_practitioners(connection, sale, institution, sale.by.at)
        return reckon(connection, sale, institution, self.ground, sale.by.at)

    def _keep(self, connection: Connection, reckoned: Reckoned, kept: Kept) -> Kept:
        """Keep a settlement and move the money; return it with what is left in the account."""
        sale, record = reckoned.sale, kept.record
        balance = personal_accounts.spend(
            connection,
            sale.psn_no,
            record.setl_id,
            held=reckoned.insured.own_balance,
            own=record.acct_pay,
            family=record.acct_mulaid_pay,
            day=sale.day,
            at=sale.by.at,
        )
        record = replace(record, balc=balance)
        if not sale.visit:
            visits.add_visit(connection, visit_of(reckoned, record.mdtrt_id))
            visits.add_lines(connection, fee_lines_of(reckoned, record.mdtrt_id, record.setl_id))
        if not settlements.add_settlement(
            connection, record, lines=kept.lines, codes=kept.codes, increments=kept.increments
        ):
            raise StoreContentionError(Words("该笔销售刚被结算", "The sale was settled just now"))
        if sale.visit:
            self._take_lines(connection, sale, record)
        self.ground.entitlements.use(connection, sale, record.setl_id)
        return replace(kept, record=record)

    def _take_lines(self, connection: Connection, sale: Sale, record: Settlement) -> None:
        """Say of the lines of an open visit which settlement stands on them."""
        serials = [line.serial for line in sale.lines]
        if visits.settle_lines(connection, sale.visit, serials, record.setl_id) != len(serials):
            raise SettlementError(
                Words(
                    f"就诊 {sale.visit} 的部分明细已被其他结算使用",
                    f"Lines of the visit {sale.visit} belong to another settlement",
                )
            )


def _check(sale: Sale) -> None:
    check_worth(sale)
    check_sale(sale, sale.by.at.astimezone(BEIJING).date())
    check_roundings(Fee(one.serial, one.amount, one.count, one.price) for one in sale.lines)


def _again(connection: Connection, standing: Settlement, sale: Sale) -> Settled:
    """Return the settlement that stands, if the sale is told as it was then."""
    found = differences(contents_of_standing(connection, standing), sale)
    if found:
        raise SaleDiffersError(standing.setl_id, [one.words for one in found])
    return load_settled(connection, standing)


def _settled(reckoned: Reckoned, kept: Kept) -> Settled:
    memos = {one.line.serial: one.memo for one in reckoned.priced if one.remarks}
    return Settled(kept.record, kept.lines, reckoned.insured.person, memos, reckoned.remarks)
