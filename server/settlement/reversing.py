"""Taking a cancellation back whose answer never came: the settlement stands again, as the institution's books have it.

What the cancellation gave back is taken again: money of the same accounts, the totals of the same year, the lines, the
entitlements. Where something of it was used meanwhile it cannot be, and the error names what and by which settlement:
then the institution accepts the cancellation, which a repeated 2103 answers as it did the first time. The parts of a
stay stand again in their order only.
"""

from __future__ import annotations

from dataclasses import replace

from codes.words import Words
from server.errors import StoreContentionError
from server.people import personal_accounts
from server.people.personal_accounts import AccountShortError
from server.settlement.charging import check_refunds
from server.settlement.entitlement import Entitlements
from server.settlement.errors import ReversalError
from server.settlement.meanwhile import check_totals_unused
from server.settlement.sale import Caller
from server.settlement.visit_errors import RefundError
from server.settlement.visit_sales import check_next_part
from server.store import settlements, visits
from server.store.database import Connection
from server.store.settlements import Settlement, SettlementState
from server.store.visits import VisitKind, VisitState


def restore(connection: Connection, record: Settlement, by: Caller, entitlements: Entitlements) -> None:
    """Let a cancelled settlement stand again; whoever calls this has locked the person.

    Raises:
        ReversalError: The same sale was settled anew, or something that was given back was used meanwhile.
    """
    if record.state is not SettlementState.CANCELLED:
        return
    anew = settlements.find_standing(connection, record.sale_key)
    if anew is not None:
        raise ReversalError(
            Words(
                f"该笔销售撤销后已重新结算（setl_id {anew.setl_id}），撤销不能再冲正",
                f"The sale was settled anew after it was cancelled (setl_id {anew.setl_id})",
            )
        )
    negative = settlements.find_cancelling(connection, record.setl_id)
    assert negative is not None  # noqa: S101 - what is cancelled has its negative
    visit = visits.load_visit(connection, record.mdtrt_id)
    assert visit is not None  # noqa: S101 - a settlement names a visit, and visits are never deleted
    if visit.kind is VisitKind.INPATIENT:
        check_next_part(connection, visit, record)
    _take_again(connection, negative, by)
    is_struck = settlements.strike_out_negative(connection, negative)
    if not is_struck or not settlements.change_state(
        connection, record.setl_id, before=record.state, after=SettlementState.ACTIVE
    ):
        raise StoreContentionError(Words("该结算刚被改动", "The settlement was changed just now"))
    _take_lines(connection, record)
    _check_refunds(connection, record)
    if visit.kind is VisitKind.PHARMACY:
        visits.change_visit(connection, replace(visit, state=VisitState.SETTLED))
    entitlements.use_again(connection, record.setl_id)
    check_totals_unused(connection, record, negative)


def _take_again(connection: Connection, negative: Settlement, by: Caller) -> None:
    try:
        personal_accounts.give_back(connection, negative.setl_id, negative.setl_id, by.at)
    except AccountShortError as exc:
        raise ReversalError(
            Words(
                f"撤销退回的账户金额已被使用，撤销不能再冲正：{exc.words.zh}",
                f"What the cancellation gave back was spent: {exc.words.en}",
            )
        ) from exc


def _check_refunds(connection: Connection, record: Settlement) -> None:
    """Refuse where lines that were sent since take back some of those that would be settled again."""
    try:
        check_refunds(visits.load_lines(connection, record.mdtrt_id))
    except RefundError as exc:
        raise ReversalError(
            Words(f"{exc.words.zh}，撤销不能再冲正", f"{exc.words.en}: the settlement cannot stand again"),
            next_step=Words(
                "请先撤销该退费明细（门诊 2205、住院 2302）。",
                "First withdraw the line that takes back, with 2205 or for a stay 2302.",
            ),
        ) from exc


def _take_lines(connection: Connection, record: Settlement) -> None:
    serials = [line.feedetl_sn for line in settlements.load_lines(connection, record.setl_id)]
    if visits.settle_lines(connection, record.mdtrt_id, serials, record.setl_id) != len(serials):
        raise ReversalError(
            Words(
                f"就诊 {record.mdtrt_id} 的部分明细已被删除或重新结算，撤销不能再冲正",
                f"Lines of the visit {record.mdtrt_id} were removed or settled anew",
            )
        )
