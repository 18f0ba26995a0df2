"""5203: what was settled, for an institution that lost the answer or wants to look again.

A till that had no answer knows neither `setl_id` nor `mdtrt_id`. It may put the `msgid` of its 2102, 2207 or 2304 into
both: that is the settlement's `medins_setl_id`. If there is no such settlement, none stands: the message may be sent
again unchanged, or closed with 2601. One that a 2601 struck out stands in no book, and is told like one that never was;
one that was cancelled is told with a remark.
"""

from __future__ import annotations

from codes.words import Words
from server.fsi.desk import Deeds, Desk, Output, reading
from server.settlement.answers import cancelled_words, query_output
from server.settlement.errors import UnknownSettlementError
from server.settlement.settled import load_settled
from server.settlement.standing import Called, find_called
from server.store import fsi_messages, institutions, visits
from server.store.settlements import Settlement, SettlementState
from wire.fsi.envelope import Request
from wire.fsi.record import Message


def settlement(desk: Desk, request: Request, message: Message) -> Output:
    """Answer what a settlement came to, whether it stands or not.

    Raises:
        UnknownSettlementError: This institution has no such settlement of that person and visit, or it was reversed.
    """
    said = message.one("data")
    called = Called(request.institution, said.text("setl_id"), said.text("mdtrt_id"), said.text("psn_no"))
    record = find_called(desk.connection, called)
    if record.state is SettlementState.REVERSED:
        raise _struck_out(desk, record)
    if record.state is SettlementState.CANCELLED:
        desk.warn(cancelled_words(desk.connection, record))
    settled = load_settled(desk.connection, record)
    place = institutions.load_institution(desk.connection, settled.record.institution)
    visit = visits.load_visit(desk.connection, settled.record.mdtrt_id)
    assert place is not None  # noqa: S101 - a settlement names an institution, and institutions are never deleted
    assert visit is not None  # noqa: S101 - a settlement names a visit, and visits are never deleted
    return query_output(settled, visit, place, desk.area, desk.parts.sealer)


def _struck_out(desk: Desk, record: Settlement) -> UnknownSettlementError:
    message = fsi_messages.load_message(desk.connection, record.institution, record.msgid)
    by = message.reversed_by if message is not None and message.reversed_by else "2601"
    return UnknownSettlementError(
        Words(
            f"结算 {record.setl_id} 已被报文 {by} 冲正，不在任何账目中",
            f"The settlement {record.setl_id} was reversed by {by}, and stands in no book",
        ),
        next_step=Words("仍需结算的，请用新的 msgid 重新发起。", "If it is still meant, settle it under a new msgid."),
    )


TRANSACTIONS: Deeds = {"5203": reading(settlement, is_always_open=True, is_look_up=True)}
