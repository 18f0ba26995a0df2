"""What of a stay is settled where its insurance ended before it did, and what the hospital is told.

An insurance that ends while somebody is in hospital pays what arose until then. That is settled for itself, as a part
of the stay, also after the discharge; what arose later is the person's own. Whatever takes a line back goes with that
line. Who is insured otherwise from the next day is discharged as of the last one instead, and admitted anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar, Final

from codes.words import Words
from rules.benefits.meanings import insutype_words
from rules.visits import NOTHING, taken_from
from server.settlement.charging import charge_of
from server.settlement.errors import SettlementError
from server.settlement.sale import plain
from server.store.visits import FeeLine, Visit
from wire.fsi.values import BEIJING

_DAY: Final = timedelta(days=1)


class InsuranceEndedError(SettlementError):
    """The insurance ended before the stay did."""

    code: ClassVar[str] = "settlement.insurance_ended"


@dataclass(frozen=True, slots=True)
class Astride:
    """A line that takes back some of what was insured and some of what was not, and cannot be of both parts."""

    serial: str
    takes: Mapping[str, Decimal]
    """How many units of which lines, as they would be taken."""


@dataclass(frozen=True, slots=True)
class InsuredPart:
    """What arose until an insurance ended."""

    lines: tuple[FeeLine, ...]
    """With what takes some of it back, whenever that was."""
    astride: Astride | None

    @property
    def total(self) -> Decimal:
        """Return the sum of the lines."""
        return sum((one.amount for one in self.lines), NOTHING)

    @property
    def is_nothing(self) -> bool:
        """Tell whether nothing is left to settle: no lines, or all of it was taken back."""
        return self.total <= 0 or sum(one.count for one in self.lines) == 0


def insured_part(lines: Sequence[FeeLine], last: date) -> InsuredPart:
    """Return of lines that are not settled those that arose until the end of a day."""
    insured = {one.feedetl_sn for one in lines if _day(one) <= last}
    astride: Astride | None = None
    for serial, takes in taken_from(charge_of(one) for one in lines).items():
        of_insured = takes.keys() & insured
        if of_insured and of_insured != takes.keys():
            astride = astride or Astride(serial, takes)
        elif of_insured:
            insured.add(serial)
        else:
            insured.discard(serial)
    return InsuredPart(tuple(one for one in lines if one.feedetl_sn in insured), astride)


def insurance_ended(visit: Visit, last: date, free: Sequence[FeeLine]) -> InsuranceEndedError:
    """Return the refusal to settle a stay beyond the last day on which it is insured; it says what comes next."""
    part, kind = insured_part(free, last), insutype_words(visit.insutype)
    if part.astride is not None:
        step = _name_lines(part.astride, last)
    else:
        first, then = _first_settle(part, last), _otherwise_insured(last)
        step = Words(first.zh + then.zh, f"{first.en} {then.en}")
    return InsuranceEndedError(
        Words(
            f"人员 {visit.psn_no} 的险种 {kind.zh} 参保至 {last}，就诊 {visit.mdtrt_id} 之后的费用不予支付",
            f"The insurance {kind.en} of person {visit.psn_no} was in force to {last}; it pays nothing of the stay "
            f"{visit.mdtrt_id} after that day",
        ),
        next_step=step,
    )


def _first_settle(part: InsuredPart, last: date) -> Words:
    if part.is_nothing:
        return Words(
            "未结算的明细没有可由该险种支付的费用，由个人负担：请用 2302 撤销"
            "（feedetl_sn 填 0000 为全部未结算的明细），撤销后无需再结算。",
            "That insurance has nothing to pay of what is not settled: it is the person's own, withdraw it with 2302 "
            "(feedetl_sn 0000 is all that is not settled); then nothing is left to settle.",
        )
    return Words(
        f"请先以 mid_setl_flag=1 结算截至 {last} 的费用（medfee_sumamt {part.total:.2f}）；"
        "其余费用由个人负担，结算后请用 2302 撤销（feedetl_sn 填 0000 为全部未结算的明细）。",
        f"First settle what arose to {last} with mid_setl_flag 1 (medfee_sumamt {part.total:.2f}); the rest is the "
        "person's own: then withdraw it with 2302 (feedetl_sn 0000 is all that is not settled).",
    )


def _otherwise_insured(last: date) -> Words:
    """Say what is done if another insurance began: one stay is of one insurance, and two stays do not overlap."""
    return Words(
        "次日起另行参保的，改按以下步骤：先撤销已有的结算（2305，后结算的先撤销）和出院（2405）；"
        f"用 2302 撤销 {last} 之后的明细（其中退还此前费用的，以不晚于 {last} 的 fee_ocur_time 重新上传）；"
        f"以 {last} 为 endtime 办理出院（2402），再以 mid_setl_flag=0 结算（没有费用的不结算）；"
        f"然后用 2401 按新参保自 {last + _DAY} 起办理入院，之后的明细上传至该次住院。",
        "Whoever is insured otherwise from the next day: instead cancel the settlements that stand (2305, the last one "
        f"first) and the discharge (2405); withdraw with 2302 the lines after {last} (what takes back earlier ones is "
        f"uploaded anew, with a fee_ocur_time no later than {last}); discharge with endtime on {last} (2402) and "
        "settle with mid_setl_flag 0, unless there are no fees; then admit with 2401 under the new insurance from "
        f"{last + _DAY} on, and upload the later lines to that stay.",
    )


def _name_lines(astride: Astride, last: date) -> Words:
    """Ask for the refund in as many lines as it takes units of, each naming its line."""
    zh = "；".join(f"init_feedetl_sn={serial}，数量 -{plain(units)}" for serial, units in astride.takes.items())
    en = "; ".join(f"init_feedetl_sn {serial}, cnt -{plain(units)}" for serial, units in astride.takes.items())
    return Words(
        f"退费明细 {astride.serial} 未指明原明细，{last} 及以前与之后的费用都涉及：请用 2302 撤销该明细，"
        f"按实际所退分行重新上传（2301），每行以 init_feedetl_sn 指明原明细（如 {zh}），再结算。",
        f"The refund {astride.serial} names no line and takes back what arose by {last} and what arose later: withdraw "
        f"it with 2302, upload it anew (2301) in lines that each name theirs by init_feedetl_sn, as it was (such as "
        f"{en}), then settle.",
    )


def _day(line: FeeLine) -> date:
    return line.charged_at.astimezone(BEIJING).date()
