"""What can keep a step of a visit from being done."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words
from edge.errors import EdgeError


class StepDoneError(EdgeError, RejectedError):
    """This step was done before: one use for each."""

    code: ClassVar[str] = "visit_step.done"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    next_step: ClassVar[Words] = Words(
        "无需重复；另一项检查或处方请填写各自的单号。",
        "It need not be done again; another examination or prescription has a number of its own.",
    )


class StepTooEarlyError(EdgeError, RejectedError):
    """Steps that have to come before it were not done."""

    code: ClassVar[str] = "visit_step.too_early"
    next_step: ClassVar[Words] = Words(
        "请先办理所列环节；已在别处办理的，请找工作人员。",
        "Do the steps that are named first; if they were done elsewhere, ask the staff.",
    )


class NoItemError(EdgeError, RejectedError):
    """The step is done for something of its own, and it was not said for what."""

    code: ClassVar[str] = "visit_step.no_item"
    next_step: ClassVar[Words] = Words(
        "请填写单号：取药、打印票据填结算时的单号，取报告填检查时的单号。",
        "Say its number: for drugs and receipts the one that was settled, for a report the one of the examination.",
    )

    def __init__(self) -> None:
        super().__init__(Words("没有填写单号", "It is not said what for"))


class OtherPersonError(EdgeError, RejectedError):
    """Somebody else began the visit."""

    code: ClassVar[str] = "visit_step.other_person"
    next_step: ClassVar[Words] = Words(
        "请核对就诊号；须由挂号本人的凭证办理。",
        "Check the visit's number; the credential has to be of whoever registered.",
    )


class HospitalRefusedError(EdgeError, RejectedError):
    """The hospital's system said no."""

    code: ClassVar[str] = "visit_step.refused"
    next_step: ClassVar[Words] = Words(
        "按医院系统的提示处理后可重新办理本环节。",
        "See to what the hospital's system says; then the step can be done again.",
    )


class KioskUnusableError(EdgeError, RejectedError):
    """The operator in whose name an unattended kiosk works cannot be used: said to the person before it."""

    code: ClassVar[str] = "visit_step.kiosk"
    status: ClassVar[HTTPStatus] = HTTPStatus.SERVICE_UNAVAILABLE
    next_step: ClassVar[Words] = Words("请到人工窗口办理。", "Please go to the desk.")

    def __init__(self) -> None:
        super().__init__(Words("本机暂不能办理", "This kiosk cannot do it now"))
