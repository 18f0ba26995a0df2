"""The person sees at the voucher terminal what was settled. Nothing depends on it: what is settled stands."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import structlog

from drivers.errors import DriverError
from drivers.holder import Holder
from drivers.voucher.port import Asking, Kind, Shown, ShownLine, Use
from edge.clock import SHOP_TIME
from edge.till.asked import AskedSettlement
from edge.till.desk import Who
from edge.till.parts import Devices
from edge.till.views import LineCut, PaidShown

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def shown_of(
    asked: AskedSettlement, cuts: Sequence[LineCut], paid: PaidShown, *, institution: str, attendant: str
) -> Shown:
    """Return what the terminal shows of a settlement."""
    amounts = paid.amounts
    insured = {one.line for one in cuts if one.within > 0}
    # The terminal wants a name; without a prescription it is that of whoever serves.
    doctors = (one.prescription.doctor for one in asked.lines if one.prescription is not None)
    doctor = next((name for name in doctors if name), attendant)
    return Shown(
        is_settled=True,
        kind=Kind.SETTLE,
        settlement=paid.setl_id,
        at=paid.at.astimezone(SHOP_TIME),
        institution_name=institution,
        doctor_name=doctor,
        total=amounts.fee,
        own=amounts.cash,
        balance=max(asked.insurance.balance - amounts.account, Decimal(0)),
        insured=amounts.funds,
        account=amounts.account,
        lines=tuple(
            ShownLine(
                one.national, one.name, one.line in insured, one.price, one.count, one.amount, one.frequency, one.dose,
            )
            for one in asked.lines
        ),
    )  # fmt: skip


async def show_person(devices: Devices, who: Who, holder: Holder, shown: Shown) -> None:
    """Show it at the terminal at which the person was identified."""
    if devices.voucher is None:
        return
    asking = Asking(Use.PHARMACY_PURCHASE, who.login, who.name, devices.office, devices.office_name)
    try:
        await devices.voucher.show_result(asking, holder, shown)
    except DriverError as exc:
        _logger.warning("till.result_not_shown", code=exc.code)
