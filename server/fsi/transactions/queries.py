"""5203: what was settled, for an institution that lost the answer or wants to look again.

A till that had no answer knows neither `setl_id` nor `mdtrt_id`. It may put the `msgid` of its 2102, 2207 or 2304 into
both: that is the settlement's `medins_setl_id`. If there is no such settlement, none stands: the message may be sent
again unchanged, or closed with 2601.
"""

from __future__ import annotations

from server.fsi.desk import Deeds, Desk, Output, reading
from server.settlement.answers import query_output
from server.settlement.settled import load_settled
from server.settlement.standing import Called, find_called
from server.store import institutions, visits
from wire.fsi.envelope import Request
from wire.fsi.record import Message


def settlement(desk: Desk, request: Request, message: Message) -> Output:
    """Answer what a settlement came to, whether it stands or not.

    Raises:
        UnknownSettlementError: This institution has no such settlement of that person and visit.
    """
    said = message.one("data")
    called = Called(request.institution, said.text("setl_id"), said.text("mdtrt_id"), said.text("psn_no"))
    settled = load_settled(desk.connection, find_called(desk.connection, called))
    place = institutions.load_institution(desk.connection, settled.record.institution)
    visit = visits.load_visit(desk.connection, settled.record.mdtrt_id)
    assert place is not None  # noqa: S101 - a settlement names an institution, and institutions are never deleted
    assert visit is not None  # noqa: S101 - a settlement names a visit, and visits are never deleted
    return query_output(settled, visit, place, desk.area, desk.parts.sealer)


TRANSACTIONS: Deeds = {"5203": reading(settlement, is_always_open=True, is_look_up=True)}
