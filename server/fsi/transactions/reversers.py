"""What a reversal asks of the group whose message it undoes, and who asks."""

from __future__ import annotations

from collections.abc import Callable

from server.fsi.desk import Desk
from server.settlement.sale import Caller
from server.store.fsi_messages import Message
from wire.fsi.envelope import Request

Reverser = Callable[[Desk, Message, Caller], None]
"""Undoes what one answered message did; raises a `ReversalError` if that cannot be."""


def caller_of(desk: Desk, request: Request) -> Caller:
    """Return who sends a message, as settlement knows them."""
    return Caller(
        institution=request.institution,
        district=desk.institution.district,
        infno=request.infno,
        msgid=request.msgid,
        operator=request.operator,
        operator_name=request.operator_name,
        at=desk.now,
        place=desk.institution,
    )
