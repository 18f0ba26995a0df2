"""What stands: a settlement as an institution names it, and what was settled then, to compare with what is told now.

An institution names a settlement by our id, or by the `msgid` of the message that was answered with it
(`medins_setl_id`): that is all that a till knows whose answer was lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from codes.words import Words
from server.settlement.errors import UnknownSettlementError
from server.settlement.sale import plain, told_of
from server.store import fsi_messages, settlements, visits
from server.store.database import Connection
from server.store.settlements import Settlement
from server.store.visits import FeeLine
from wire.fsi.values import BEIJING


@dataclass(frozen=True, slots=True)
class Called:
    """How an institution names a settlement."""

    institution: str
    setl_id: str
    mdtrt_id: str
    psn_no: str


def find_called(connection: Connection, called: Called) -> Settlement:
    """Return the settlement that is meant; never a negative.

    Raises:
        UnknownSettlementError: There is none, it is another institution's, or visit or person are not its own.
    """
    found = settlements.load_settlement(connection, called.setl_id)
    if found is not None and found.cancels is not None:
        found = settlements.load_settlement(connection, found.cancels)
    is_by_msgid = found is None
    if found is None:
        found = _by_msgid(connection, called)
    if found is None or found.institution != called.institution:
        raise UnknownSettlementError(
            Words(f"本机构没有结算 {called.setl_id}", f"This institution has no settlement {called.setl_id}")
        )
    named = (
        ("psn_no", "人员编号", called.psn_no, found.psn_no),
        ("mdtrt_id", "就诊ID", called.mdtrt_id, found.mdtrt_id),
    )
    for name, label, there, here in named:
        # Who asks by the msgid has had no answer, and so knows no visit.
        if there != here and not (is_by_msgid and name == "mdtrt_id"):
            raise UnknownSettlementError(
                Words(
                    f"{name}（{label}）{there} 不是结算 {called.setl_id} 的",
                    f"{name} {there} is not that of the settlement {called.setl_id}",
                )
            )
    return found


def _by_msgid(connection: Connection, called: Called) -> Settlement | None:
    """Return the settlement that a message was answered with."""
    message = fsi_messages.load_message(connection, called.institution, called.setl_id)
    return settlements.load_settlement(connection, message.setl_id) if message and message.setl_id else None


def contents_of_standing(connection: Connection, standing: Settlement) -> Mapping[str, str]:
    """Return what was settled, in the form of `sale.contents_of`.

    Lines are told as they were sent: the item that the lists made of one then is not what a till sends again.
    """
    visit = visits.load_visit(connection, standing.mdtrt_id)
    lines = [one for one in visits.load_lines(connection, standing.mdtrt_id) if one.setl_id == standing.setl_id]
    codes = settlements.load_codes(connection, standing.setl_id)
    return {
        "begntime": standing.ends_at.astimezone(BEIJING).date().isoformat(),
        "psn_no": standing.psn_no,
        "insutype": standing.insutype,
        "med_type": standing.med_type,
        "medfee_sumamt": plain(standing.medfee_sumamt),
        "acct_used_flag": "1" if standing.uses_account else "0",
        "dise_codg": visit.dise_codg if visit else "",
        "drugdetail": json.dumps(sorted(_told(line) for line in lines), ensure_ascii=False),
        "drugtracinfo": json.dumps(sorted(one.code for one in codes), ensure_ascii=False),
    }


def _told(line: FeeLine) -> str:
    sent = str(line.fields.get("med_list_codg") or line.item)
    return told_of(sent, line.own_item, line.count, line.price, line.amount)
