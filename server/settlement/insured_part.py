"""What of a stay is settled where its insurance ended before it did, and what the hospital is told.

An insurance that ends while somebody is in hospital pays what arose until then. That is settled for itself, as a part
of the stay, also after the discharge; what arose later is the person's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import ClassVar

from codes.words import Words
from rules.benefits.meanings import insutype_words
from server.settlement.charging import charge_of
from server.settlement.errors import SettlementError
from server.store.visits import FeeLine, Visit
from wire.fsi.values import BEIJING


class InsuranceEndedError(SettlementError):
    """The insurance ended before the stay did."""

    code: ClassVar[str] = "settlement.insurance_ended"


def insured_part(lines: Sequence[FeeLine], last: date) -> list[FeeLine]:
    """Return the lines that arose until the end of a day, and those that took some of them back later."""
    held = [one for one in lines if one.charged_at.astimezone(BEIJING).date() <= last]
    serials, whats = {one.feedetl_sn for one in held}, {charge_of(one).what for one in held}
    for one in lines:
        charge = charge_of(one)
        takes_back = charge.takes_back in serials if charge.takes_back else charge.what in whats
        if one.count < 0 and one.feedetl_sn not in serials and takes_back:
            held.append(one)
    return held


def insurance_ended(visit: Visit, last: date, free: Sequence[FeeLine]) -> InsuranceEndedError:
    """Return the refusal to settle a stay beyond the last day on which it is insured; it says what comes next."""
    held, kind = insured_part(free, last), insutype_words(visit.insutype)
    words = Words(
        f"人员 {visit.psn_no} 的险种 {kind.zh} 参保至 {last}，就诊 {visit.mdtrt_id} 之后的费用不予支付",
        f"The insurance {kind.en} of person {visit.psn_no} was in force to {last}; it pays nothing of the stay "
        f"{visit.mdtrt_id} after that day",
    )
    if not held:
        return InsuranceEndedError(
            words,
            next_step=Words(
                f"{last} 之后发生的费用由个人负担，请用 2302 撤销这些明细；次日起另行参保的，请按新参保重新办理入院。",
                f"What arose after {last} is the person's own: withdraw these lines with 2302. Whoever is insured "
                "otherwise from the next day is admitted anew under that insurance.",
            ),
        )
    total = sum((one.amount for one in held), Decimal(0))
    return InsuranceEndedError(
        words,
        next_step=Words(
            f"请先以 mid_setl_flag=1 结算截至 {last} 的费用（medfee_sumamt {total:.2f}）；"
            "之后的费用由个人负担，请用 2302 撤销。",
            f"First settle what arose to {last} with mid_setl_flag 1 (medfee_sumamt {total:.2f}); what arose later is "
            "the person's own: withdraw it with 2302.",
        ),
    )
