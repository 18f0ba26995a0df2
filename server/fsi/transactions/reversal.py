"""2601: a message whose answer was lost is undone, or closed before it can arrive.

The institution names the message by its `msgid`. What that message did is undone if it did anything; if it never came,
or was refused, its `msgid` is closed, so that a copy that is still on its way is refused. Either way nothing of it
stands. To reverse a message twice is to reverse it once. The answer says which of these it was, since who mistypes a
number would else believe that something was undone.

A message that was answered with a settlement that another message made is undone like that one: whoever reverses it is
told "nothing of it stands", and that has to be so. The answer names the message that made it.

The message is claimed here with the same key that the message itself would claim, so that of the two one waits for the
other, whichever comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from codes.words import Words
from server.fsi.desk import Deeds, Desk, Output, writing
from server.fsi.refusals import InvalidInputError
from server.fsi.transactions import inpatient, outpatient, pharmacy
from server.fsi.transactions.reversers import Reverser, caller_of
from server.settlement.errors import ReversalError
from server.store import fsi_messages, settlements
from server.store.fsi_messages import Message as Kept
from server.store.fsi_messages import MessageState
from server.store.settlements import SettlementState
from wire.fsi.envelope import Request
from wire.fsi.message_ids import check_msgid
from wire.fsi.record import Message

GROUPS_WITH_REVERSERS: Final = (pharmacy, outpatient, inpatient)
"""Modules with a mapping `REVERSERS`, by transaction number."""
_SETTLES: Final = frozenset({"2102", "2207", "2304"})
"""What makes a settlement; the others cancel one, or admit."""


def reversers() -> Mapping[str, Reverser]:
    """Return what can be reversed, by transaction number."""
    return {infno: one for group in GROUPS_WITH_REVERSERS for infno, one in group.REVERSERS.items()}


def reverse(desk: Desk, request: Request, message: Message) -> Output:
    """Undo a message.

    Raises:
        InvalidInputError: No message of this institution can have that number.
        ReversalError: The number or the person is not that message's, or what it did cannot be undone any more.
    """
    said = message.one("data")
    _check_omsgid(said.text("omsgid"), request.institution)
    omsgid, oinfno, psn_no = said.text("omsgid"), said.text("oinfno"), said.text("psn_no")
    known = reversers()
    if oinfno not in known:
        listed = "、".join(sorted(known))
        raise ReversalError(
            Words(f"oinfno（原交易编号）{oinfno} 不能冲正，可冲正：{listed}", f"oinfno {oinfno} cannot be reversed")
        )
    if omsgid == request.msgid:
        raise ReversalError(Words("omsgid 不能是本报文自己的 msgid", "A message cannot reverse itself"))
    found, is_new = _claimed(desk, request, omsgid, oinfno, psn_no)
    if found.infno != oinfno:
        raise ReversalError(
            Words(f"报文 {omsgid} 是 {found.infno}，不是 {oinfno}", f"The message {omsgid} is a {found.infno}")
        )
    if found.psn_no is not None and found.psn_no != psn_no:
        raise ReversalError(
            Words(f"报文 {omsgid} 不是人员 {psn_no} 的", f"The message {omsgid} is not about person {psn_no}")
        )
    if found.state is MessageState.ANSWERED:
        made_by = _made_by(desk, found)
        known[oinfno](desk, found, caller_of(desk, request))
        desk.warn(_undone(desk, found, made_by))
    else:
        desk.warn(_nothing_undone(found, is_new=is_new))
    _close(desk, found, request)
    return {}


def _check_omsgid(omsgid: str, institution: str) -> None:
    wrong = check_msgid(omsgid, institution, "data.omsgid", Words("原发送方报文ID", "msgid of the message meant"))
    if wrong is not None:
        raise InvalidInputError((wrong,))


def _nothing_undone(found: Kept, *, is_new: bool) -> Words:
    """Say why nothing was undone."""
    if is_new:
        return Words(
            f"没有收到过报文 {found.msgid}：现已封闭，没有撤销任何业务，请核对 omsgid",
            f"The message {found.msgid} never came: it is closed now and nothing was undone; check omsgid",
        )
    if found.state is MessageState.REVERSED:
        return Words(
            f"报文 {found.msgid} 此前已由 {found.reversed_by} 冲正，未再改动",
            f"{found.reversed_by} has reversed {found.msgid} before; nothing was changed",
        )
    return Words(
        f"报文 {found.msgid} 曾被拒绝，没有办理任何业务：现已封闭，没有需要撤销的",
        f"The message {found.msgid} was refused: it is closed now, and there was nothing to undo",
    )


def _made_by(desk: Desk, found: Kept) -> str:
    """Return the message that made what this one was answered with: settlement, or cancellation."""
    record = settlements.load_settlement(desk.connection, found.setl_id or "")
    if record is None:
        return found.msgid
    if found.infno in _SETTLES:
        return record.msgid
    negative = settlements.find_cancelling(desk.connection, record.setl_id)
    return found.msgid if negative is None else negative.msgid


def _undone(desk: Desk, found: Kept, made_by: str) -> Words:
    """Say what was undone, as it stands now; and whose it was, if a repeat is reversed."""
    record = settlements.load_settlement(desk.connection, found.setl_id or "")
    if record is None:
        return Words(f"已撤销就诊 {found.mdtrt_id}", f"The visit {found.mdtrt_id} was undone")
    setl_id, others = record.setl_id, Words("", "")
    if made_by != found.msgid:
        others = Words(
            f"；它由报文 {made_by} 办理，一并冲正，该报文的应答与票据作废",
            f"; {made_by} had made it, so that its answer and receipt are void",
        )
    if record.state is SettlementState.CANCELLED:
        return Words(f"结算 {setl_id} 此前已撤销，账目未改动", f"{setl_id} was cancelled before; no book was changed")
    what = Words("已冲正结算", "Undone: the settlement")
    if record.state is SettlementState.ACTIVE:
        what = Words("撤销已冲正，恢复有效的结算", "The cancellation is undone, and what stands again is")
    return Words(f"{what.zh} {setl_id}{others.zh}", f"{what.en} {setl_id}{others.en}")


def _close(desk: Desk, found: Kept, request: Request) -> None:
    """Close a message, and every other one that was answered with what it did: a repeat must not call that valid."""
    same = fsi_messages.find_messages_of(desk.connection, found.setl_id) if found.setl_id else []
    for one in (found, *(one for one in same if one.infno == found.infno and one.msgid != found.msgid)):
        if one.state is not MessageState.REVERSED:
            closed = replace(one, state=MessageState.REVERSED, reversed_by=request.msgid)
            fsi_messages.change_message(desk.connection, closed)


def _claimed(desk: Desk, request: Request, omsgid: str, oinfno: str, psn_no: str) -> tuple[Kept, bool]:
    """Return the message that is meant; if there is none, it is closed now, and new."""
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
        return closed, True
    found = fsi_messages.lock_message(desk.connection, request.institution, omsgid)
    assert found is not None  # noqa: S101 - its key is taken, and messages are never deleted
    return found, False


TRANSACTIONS: Deeds = {"2601": writing(reverse, is_always_open=True)}
