"""What a repeated answer adds when the settlement that it tells of was cancelled since.

The answer is the one that was given, byte for byte; only `warn_msg`, which no signature of an input or output covers,
says first that it counts no more. Where a form is signed around the whole envelope the bytes stay as they are.
"""

from __future__ import annotations

from typing import Final

from server.fsi.case import Case
from server.settlement.answers import cancelled_words
from server.store import fsi_messages, settlements
from server.store.database import Connection
from server.store.settlements import SettlementState
from wire.fsi.areas import Area
from wire.fsi.json_text import encode_json

_SETTLES: Final = frozenset({"2102", "2207", "2304"})
_PLAIN: Final = "plain"
_HEAD: Final = b'"warn_msg":"'
"""As the answer is written; a quotation mark inside a text is escaped, so nothing else reads so."""


def as_it_stands(connection: Connection, case: Case, area: Area, answered: bytes) -> bytes:
    """Return a kept answer, with a remark if its settlement was cancelled since."""
    request = case.request
    if request.infno not in _SETTLES or area.transport != _PLAIN:
        return answered
    message = fsi_messages.load_message(connection, request.institution, request.msgid)
    record = settlements.load_settlement(connection, message.setl_id) if message and message.setl_id else None
    if record is None or record.state is not SettlementState.CANCELLED:
        return answered
    before, head, rest = answered.rpartition(_HEAD)
    if not head:
        return answered
    told = encode_json(str(cancelled_words(connection, record)))[1:-1]
    return before + head + told + (b"" if rest.startswith(b'"') else "；".encode()) + rest
