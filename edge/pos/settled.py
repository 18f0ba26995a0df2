"""What a settlement of the institution's software came to, as its message and the answer to it say.

What cannot be read is left out; that it was settled stands in the answer's first line, and is kept in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from edge.pos.ports import Cancelled, Settled
from edge.pos.reading import Said, as_it_came, field_of, input_of
from edge.store.settlements import Paid
from edge.till.messages import without_account
from wire.fsi.areas import Area
from wire.fsi.checking import check
from wire.fsi.record import Message, Record
from wire.fsi.repeats import names_another
from wire.fsi.tables import transaction

NODES: Mapping[str, str] = MappingProxyType({"2102": "druginfo", "2207": "data", "2304": "data"})
"""What settles, and where each says what of."""
_EMPTY = Record("", {})
_NOUGHT = Decimal("0.00")


def settled_of(said: Said, answer: Mapping[str, object], area: Area, now: datetime) -> Settled | None:
    """Return what a settlement that was agreed to came to; None if the message settles nothing."""
    if said.infno not in NODES:
        return None
    asked = _record(said.input, said.infno, area, NODES[said.infno], is_answer=False)
    told = _record(input_of(answer.get("output")), said.infno, area, "setlinfo", is_answer=True)
    funds, account, mutual_aid, cash = (
        told.number_or(name, _NOUGHT) for name in ("fund_pay_sumamt", "acct_pay", "acct_mulaid_pay", "psn_cash_pay")
    )
    money = (without_account(funds, account, area), account, mutual_aid, cash)
    paid = Paid(
        told.text_or("setl_id", ""), told.text_or("mdtrt_id", "") or asked.text_or("mdtrt_id", ""),
        told.text_or("clr_type", ""), told.text_or("clr_optins", ""), told.moment_or("setl_time", now), *money,
    )  # fmt: skip
    return Settled(
        institution=said.institution,
        msgid=said.msgid,
        number=number_of(said, area),
        operator=said.operator,
        person=told.text_or("psn_no", "") or asked.text_or("psn_no", ""),
        insutype=told.text_or("insutype", "") or asked.text_or("insutype", ""),
        district=field_of({"envelope": said.members}, "envelope", "insuplc_admdvs"),
        category=asked.text_or("med_type", ""),
        uses_account=asked.flag("acct_used_flag"),
        begun=asked.moment_or("begntime", now),
        fee=told.number_or("medfee_sumamt", _NOUGHT) or asked.number_or("medfee_sumamt", _NOUGHT),
        paid=paid,
        is_found=names_another(told.text_or("medins_setl_id", ""), said.institution, said.msgid),
    )


def cancelled_of(said: Said, answer: Mapping[str, object], area: Area, now: datetime) -> Cancelled:
    """Return what a cancellation or a 2601 that was agreed to undid."""
    told = _record(input_of(answer.get("output")), said.infno, area, "setlinfo", is_answer=True)
    asked = _record(said.input, said.infno, area, "data", is_answer=False)
    return Cancelled(
        said.institution, said.msgid, told.moment_or("setl_time", now), asked.text_or("setl_id", ""),
        asked.text_or("omsgid", ""), names_another(told.text_or("medins_setl_id", ""), said.institution, said.msgid),
    )  # fmt: skip


def number_of(said: Said, area: Area) -> str:
    """Return the software's own number of the sale that a settlement or a ledger message is about; or nothing."""
    node = NODES.get(said.infno) or ("selinfoDetail" if said.infno == "3505A" else "selinfo")
    row = _record(said.input, said.infno, area, node, is_answer=False)
    if said.infno not in NODES:
        return row.text_or("rtal_docno", "") or row.text_or("stoout_no", "")
    more = {"more": input_of(as_it_came(said.input, node, "expContent"))}
    return field_of(more, "more", "stoout_no") or field_of(more, "more", "chrg_bchno") or row.text_or("chrg_bchno", "")


def person_of(said: Said) -> str:
    """Return whom a settlement names; or nothing."""
    return field_of(said.input, NODES[said.infno], "psn_no") if said.infno in NODES else ""


def _record(given: object, infno: str, area: Area, node: str, *, is_answer: bool) -> Record:
    """Return the first record of a node as far as it can be read, by base names."""
    table = transaction(infno, area)
    read: Message = check(given, replace(table, input=table.output) if is_answer else table).readable
    return read.one_or_none(node) or _EMPTY
