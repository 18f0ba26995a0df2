"""2001: which funds would pay for somebody here, and why not the others.

`trt_chk_type` has no published dictionary; `1` is written: entitlement to a fund.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from server.fsi.desk import Deeds, Desk, Output, reading
from server.fsi.transactions.reversers import caller_of
from server.people.practice import find_institution
from server.settlement.enjoyment import enjoyments_of
from server.settlement.sale import Sale
from wire.fsi.envelope import Request
from wire.fsi.record import Message

_OF_A_FUND: Final = "1"
_LONGEST: Final = 500


def check(desk: Desk, request: Request, message: Message) -> Output:
    """Answer which funds pay.

    Raises:
        PersonError: There is no such person.
        UnknownInstitutionError: There is no such institution.
    """
    said = message.one("data")
    asked = Sale(
        by=caller_of(desk, request),
        psn_no=said.text("psn_no"),
        credential=None,
        insutype=said.text("insutype"),
        insured_district=request.insured_district,
        med_type=said.text("med_type"),
        begins=said.moment("begntime"),
        lines=(),
        total=Decimal(0),
        uses_account=False,
        disease=said.text_or("dise_codg", ""),
    )
    institution = find_institution(desk.connection, said.text("fixmedins_code"))
    found = enjoyments_of(desk.connection, desk.parts.settlements.ground, asked, institution, desk.now)
    return {
        "trtinfo": [
            {
                "psn_no": asked.psn_no,
                "trt_chk_type": _OF_A_FUND,
                "fund_pay_type": one.fund_type,
                "trt_enjymnt_flag": "1" if one.is_entitled else "0",
                "begndate": one.begins,
                "enddate": one.ends,
                "trt_chk_rslt": one.reason[:_LONGEST] or None,
            }
            for one in found
        ]
    }


TRANSACTIONS: Deeds = {"2001": reading(check, is_open_suspended=True, is_look_up=True)}
