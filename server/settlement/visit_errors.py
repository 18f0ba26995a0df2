"""Why something cannot be done with a visit. Each says how far the visit has come and what comes next."""

from __future__ import annotations

from typing import ClassVar

from codes.words import Words
from server.settlement.errors import SettlementError


class VisitError(SettlementError):
    """The visit does not allow it."""

    code: ClassVar[str] = "visit.refused"


class UnknownVisitError(VisitError):
    """This institution has no such visit of that person."""

    code: ClassVar[str] = "visit.unknown"
    next_step: ClassVar[Words] = Words(
        "请核对就诊ID与人员编号；就诊ID由 2201 或 2401 返回。",
        "Check visit and person; the visit's id comes from 2201 or 2401.",
    )


class VisitStateError(VisitError):
    """The visit has not come so far, or has gone further already."""

    code: ClassVar[str] = "visit.state"

    def __init__(self, words: Words, next_step: Words) -> None:
        super().__init__(words, next_step=next_step)


class VisitDiffersError(VisitError):
    """The visit is on record already, with other contents."""

    code: ClassVar[str] = "visit.differs"
    next_step: ClassVar[Words] = Words(
        "内容无误请沿用原就诊；确需更改请先撤销原登记再重新登记。",
        "Keep the visit that stands, or cancel it first if it was wrong.",
    )


class StayOverlapsError(VisitError):
    """The person is, or then was, in hospital elsewhere."""

    code: ClassVar[str] = "visit.stay_overlaps"
    next_step: ClassVar[Words] = Words(
        "同一时间只能有一次住院：请先在原机构办理出院（2402），或核对入院时间。",
        "One stay at a time: discharge there first (2402), or check the time of admission.",
    )


class MedTypeError(VisitError):
    """The category is not one of this kind of visit, or not that of the visit."""

    code: ClassVar[str] = "visit.med_type"


class DiagnosisError(VisitError):
    """The diagnoses do not do."""

    code: ClassVar[str] = "visit.diagnosis"


class LineDiffersError(VisitError):
    """A line with that serial is there already, with other contents."""

    code: ClassVar[str] = "visit.line_differs"
    next_step: ClassVar[Words] = Words(
        "同一流水号只能原样重传：内容有误请先撤销该明细再上传，另一笔费用请用新的流水号。",
        "A serial may be repeated with the same contents only: cancel the line first, or take a new serial.",
    )


class UnknownLineError(VisitError):
    """The visit has no such line or batch."""

    code: ClassVar[str] = "visit.line_unknown"


class LineSettledError(VisitError):
    """The lines belong to a settlement that stands."""

    code: ClassVar[str] = "visit.line_settled"
    next_step: ClassVar[Words] = Words(
        "请先撤销该结算（门诊 2208、住院 2305），再更改其明细；另一批费用请用新的收费批次号。",
        "Cancel that settlement first (2208, 2305) to change its lines; another charge takes another batch number.",
    )


class RefundError(VisitError):
    """A line takes back what was not charged."""

    code: ClassVar[str] = "visit.refund"
    next_step: ClassVar[Words] = Words(
        "退费明细须与尚未结算的原明细同项目、同单价，且不超过其数量；已结算的请先撤销结算。",
        "A refund is of the same item and price as a line that is not settled, and no more than it; undo a settlement "
        "first.",
    )


class FeeTimeError(VisitError):
    """The fee arose at a time that the visit does not cover."""

    code: ClassVar[str] = "visit.fee_time"


class CodesMissingError(VisitError):
    """Insured drug lines came without their trace codes, or a code is none of them."""

    code: ClassVar[str] = "visit.trace_codes"
    next_step: ClassVar[Words] = Words(
        "请扫描所列明细的药品追溯码，填入 drug_trac_info 后重新结算。",
        "Scan the packs of the lines that are named and put their codes into drug_trac_info.",
    )
