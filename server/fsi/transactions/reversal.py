"""2601: a message whose answer was lost is undone, or closed before it can arrive.

The institution names the message by its `msgid`. What that message did is undone if it did anything; if it never came,
or was refused, its `msgid` is closed, so that a copy that is still on its way is refused. Either way nothing of it
stands. To reverse a message twice is to reverse it once.

The message is claimed here with the same key that the message itself would claim, so that of the two one waits for the
other, whichever comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from codes.words import Words
from server.fsi.desk import Deeds, Desk, Output, writing
from server.fsi.transactions import inpatient, outpatient, pharmacy
from server.fsi.transactions.reversers import Reverser, caller_of
from server.settlement.errors import ReversalError
from server.store import fsi_messages
from server.store.fsi_messages import Message as Kept
from server.store.fsi_messages import MessageState
from wire.fsi.envelope import Request
from wire.fsi.record import Message

GROUPS_WITH_REVERSERS: Final = (pharmacy, outpatient, inpatient)
"""Modules with a mapping `REVERSERS`, by transaction number."""


def reversers() -> Mapping[str, Reverser]:
    """Return what can be reversed, by transaction number."""
    return {infno: one for group in GROUPS_WITH_REVERSERS for infno, one in group.REVERSERS.items()}


def reverse(desk: Desk, request: Request, message: Message) -> Output:
    """Undo a message.

    Raises:
        ReversalError: The number or the person is not that message's, or what it did cannot be undone any more.
    """
    said = message.one("data")
    omsgid, oinfno, psn_no = said.text("omsgid"), said.text("oinfno"), said.text("psn_no")
    known = reversers()
    if oinfno not in known:
        listed = "、".join(sorted(known))
        raise ReversalError(
            Words(f"oinfno（原交易编号）{oinfno} 不能冲正，可冲正：{listed}", f"oinfno {oinfno} cannot be reversed")
        )
    if omsgid == request.msgid:
        raise ReversalError(Words("omsgid 不能是本报文自己的 msgid", "A message cannot reverse itself"))
    found = _claimed(desk, request, omsgid, oinfno, psn_no)
    if found.infno != oinfno:
        raise ReversalError(
            Words(f"报文 {omsgid} 是 {found.infno}，不是 {oinfno}", f"The message {omsgid} is a {found.infno}")
        )
    if found.psn_no is not None and found.psn_no != psn_no:
        raise ReversalError(
            Words(f"报文 {omsgid} 不是人员 {psn_no} 的", f"The message {omsgid} is not about person {psn_no}")
        )
    if found.state is MessageState.ANSWERED:
        known[oinfno](desk, found, caller_of(desk, request))
    _close(desk, found, request)
    return {}


def _close(desk: Desk, found: Kept, request: Request) -> None:
    """Close a message, and every other one that was answered with what it did: a repeat must not call that valid."""
    same = fsi_messages.find_messages_of(desk.connection, found.setl_id) if found.setl_id else []
    for one in (found, *(one for one in same if one.infno == found.infno and one.msgid != found.msgid)):
        if one.state is not MessageState.REVERSED:
            closed = replace(one, state=MessageState.REVERSED, reversed_by=request.msgid)
            fsi_messages.change_message(desk.connection, closed)


def _claimed(desk: Desk, request: Request, omsgid: str, oinfno: str, psn_no: str) -> Kept:
    """Return the message that is meant; if there is none, it is closed now."""
    closed = Kept(
        institution=request.institution,
        msgid=omsgid,
        infno=oinfno,
        state=MessageState.REVERSED,
        caller=desk.caller,
        digest=b"",
        body=b"",
        answer=b"",
        signed_text=None,
        key_id="",
        refmsgid="",
        psn_no=psn_no,
        mdtrt_id=None,
        setl_id=None,
        reversed_by=request.msgid,
        received_at=desk.now,
        answered_at=desk.now,
    )
    if fsi_messages.claim_message(desk.connection, closed):
        return closed
    found = fsi_messages.lock_message(desk.connection, request.institution, omsgid)
    assert found is not None  # noqa: S101 - its key is taken, and messages are never deleted
    return found


TRANSACTIONS: Deeds = {"2601": writing(reverse, is_always_open=True)}
