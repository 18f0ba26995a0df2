"""Undoing a settlement: by a cancellation, which stays in the books as its negative; or by striking it out.

An institution cancels what it has in its own books (2103, 2208, 2305): both records stand there, and both are compared.
A reversal (2601) is about a message whose answer never came, so that the institution has nothing in its books: then the
record is struck out. It stays where it is, for whoever asks what happened, and counts nowhere.
"""

from __future__ import annotations

from dataclasses import replace

from codes.words import Words
from server.errors import StoreContentionError
from server.people import personal_accounts
from server.settlement.closed_books import check_open
from server.settlement.entitlement import Entitlements
from server.settlement.errors import NotCancellableError
from server.settlement.kept import Kept, id_of, negative_of
from server.settlement.sale import Caller
from server.settlement.settled import Settled, load_settled
from server.settlement.standing import Called, find_called
from server.store import insured, medical_accounts, settlements, visits
from server.store.database import Connection
from server.store.settlements import Settlement, SettlementState
from server.store.visits import Visit, VisitKind, VisitState

_BY: dict[VisitKind, str] = {VisitKind.PHARMACY: "2103", VisitKind.OUTPATIENT: "2208", VisitKind.INPATIENT: "2305"}


def cancel(
    connection: Connection, called: Called, by: Caller, entitlements: Entitlements, *, kind: VisitKind
) -> Settled:
    """Cancel a settlement, or return the cancellation that stands; a second one changes nothing.

    Raises:
        UnknownSettlementError: This institution has no such settlement of that person and visit.
        NotCancellableError: It is of another kind, or was reversed.
    """
    record = _locked(connection, called)
    visit = visit_of_kind(connection, record, kind)
    if record.state is SettlementState.CANCELLED:
        done = settlements.find_cancelling(connection, record.setl_id)
        assert done is not None  # noqa: S101 - what is cancelled has its negative
        return load_settled(connection, done)
    if record.state is SettlementState.REVERSED:
        raise NotCancellableError(
            Words(
                f"结算 {record.setl_id} 已被 2601 冲正，无需撤销",
                f"The settlement {record.setl_id} was reversed by a 2601; there is nothing to cancel",
            )
        )
    undone = Kept(record, (), (), tuple(settlements.load_increments(connection, record.setl_id)))
    setl_id = id_of("cancellation", by)
    _change(connection, record, SettlementState.CANCELLED)
    personal_accounts.give_back(connection, record.setl_id, setl_id, by.at)
    balance = medical_accounts.load_balance(connection, record.psn_no)
    negative = negative_of(undone, setl_id, by, balance)
    if not settlements.add_settlement(connection, negative.record, increments=negative.increments):
        raise StoreContentionError(Words("该结算刚被撤销", "The settlement was cancelled just now"))
    free_sale(connection, record, visit)
    entitlements.give_back(connection, record.setl_id)
    return load_settled(connection, negative.record, is_found=False)


def strike_out(
    connection: Connection,
    record: Settlement,
    by: Caller,
    entitlements: Entitlements,
    *,
    kind: VisitKind,
    days: int,
) -> None:
    """Strike a settlement out whose answer never came; whoever calls this has locked the person.

    One that was cancelled meanwhile is in the institution's books, so that its answer was known: it stays as it is.

    Raises:
        ReversalError: Its books are closed: they were found equal, or more than `days` have passed.
    """
    if record.state is not SettlementState.ACTIVE:
        return
    visit = visit_of_kind(connection, record, kind)
    infno = _BY[kind]
    instead = Words(
        f"请用 {infno} 撤销该结算（setl_id {record.setl_id}）：撤销记入当日账目，已对账的日期不变。",
        f"Cancel the settlement {record.setl_id} with {infno}: that stands in the books of today, and the days that "
        "were compared stay as they are.",
    )
    check_open(connection, record, by, days, instead)
    _change(connection, record, SettlementState.REVERSED)
    personal_accounts.give_back(connection, record.setl_id, record.setl_id, by.at)
    free_sale(connection, record, visit)
    entitlements.give_back(connection, record.setl_id)


def free_sale(connection: Connection, record: Settlement, visit: Visit) -> None:
    """Let go of the lines of a settlement that stands no more; a pharmacy's visit ends with it."""
    visits.free_lines(connection, record.mdtrt_id, record.setl_id)
    if visit.kind is VisitKind.PHARMACY:
        visits.change_visit(connection, replace(visit, state=VisitState.CANCELLED))


def visit_of_kind(connection: Connection, record: Settlement, kind: VisitKind) -> Visit:
    """Return the visit of a settlement.

    Raises:
        NotCancellableError: It is of another kind, which another transaction is for.
    """
    visit = visits.load_visit(connection, record.mdtrt_id)
    assert visit is not None  # noqa: S101 - a settlement names a visit, and visits are never deleted
    if visit.kind is not kind:
        infno = _BY[visit.kind]
        raise NotCancellableError(
            Words(
                f"结算 {record.setl_id} 应以 {infno} 撤销", f"The settlement {record.setl_id} is cancelled with {infno}"
            )
        )
    return visit


def _locked(connection: Connection, called: Called) -> Settlement:
    """Return the settlement that is meant as it is once its person is locked."""
    found = find_called(connection, called)
    insured.lock_person(connection, found.psn_no)
    return find_called(connection, called)


def _change(connection: Connection, record: Settlement, after: SettlementState) -> None:
    if not settlements.change_state(connection, record.setl_id, before=record.state, after=after):
        raise StoreContentionError(Words("该结算刚被改动", "The settlement was changed just now"))
