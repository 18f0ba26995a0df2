"""What the till refuses to do with the insurance, and what the person at it can do instead."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import ClassVar

from codes.errors import RejectedError, TransientError
from codes.words import Words
from edge.errors import EdgeError
from edge.till.views import Lack


class NoInterfaceError(EdgeError, RejectedError):
    """The terminal has no way to the national interface."""

    code: ClassVar[str] = "till.no_interface"
    next_step: ClassVar[Words] = Words(
        "请自费结算；需要医保结算的，请管理员填写 [fsi] 配置。",
        "Close it as self-pay. To settle with the insurance, the administrator fills in [fsi].",
    )

    def __init__(self) -> None:
        super().__init__(Words("本终端未配置医保接口", "This terminal is not connected to the insurance"))


class OfflineError(EdgeError, TransientError):
    """The insurance cannot be reached: it settles nothing without being asked."""

    code: ClassVar[str] = "till.offline"
    status: ClassVar[HTTPStatus] = HTTPStatus.SERVICE_UNAVAILABLE
    next_step: ClassVar[Words] = Words(
        "请挂单，线路恢复后再结算；或自费结算，之后可补刷。",
        "Put the list aside and settle it when the line is back, or close it as self-pay and have it insured later.",
    )

    def __init__(self, why: Words | None = None) -> None:
        more = Words("", "") if why is None else Words(f"：{why.zh}", f": {why.en}")
        super().__init__(
            Words(
                f"医保线路不通，不能医保结算{more.zh}",
                f"The insurance cannot be reached, so nothing is settled{more.en}",
            )
        )


class PersonMissingError(EdgeError, RejectedError):
    """Nobody has shown whose insurance pays."""

    code: ClassVar[str] = "till.person_missing"
    next_step: ClassVar[Words] = Words(
        "请出示医保码、社保卡或身份证。", "Have the person show voucher, social-security card or ID card."
    )

    def __init__(self) -> None:
        super().__init__(
            Words("尚未识别参保人，或已超过 10 分钟", "Nobody is identified for this list, or it was too long ago")
        )


class PersonUnknownError(EdgeError, RejectedError):
    """The insurance does not find the person, or the person has no insurance."""

    code: ClassVar[str] = "till.person_unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    next_step: ClassVar[Words] = Words(
        "请核对证件后重试，或自费结算。", "Check what was shown and try again, or close the list as self-pay."
    )


class NotThisPersonError(EdgeError, RejectedError):
    """Somebody else's card or face was shown."""

    code: ClassVar[str] = "till.not_this_person"
    next_step: ClassVar[Words] = Words(
        "请由参保人本人出示。", "The very person whose insurance pays has to show card or face."
    )

    def __init__(self) -> None:
        super().__init__(Words("出示的不是该参保人的凭证", "What was shown belongs to somebody else"))


class InsuranceUnknownError(EdgeError, RejectedError):
    """The person does not have the insurance that was chosen."""

    code: ClassVar[str] = "till.insurance_unknown"
    next_step: ClassVar[Words] = Words("请在列出的险种中选择。", "Choose one of those that are listed.")


class TrialMissingError(EdgeError, RejectedError):
    """The list was not tried as it is now."""

    code: ClassVar[str] = "till.trial_missing"
    next_step: ClassVar[Words] = Words(
        "请重新试算，向参保人说明金额后再结算。", "Try it again, tell the person the amounts, then settle."
    )

    def __init__(self) -> None:
        super().__init__(Words("清单尚未试算，或试算后有变化", "The list was not tried, or has changed since"))


class NotReadyError(EdgeError, RejectedError):
    """Something is missing; all of it is named."""

    code: ClassVar[str] = "till.not_ready"
    next_step: ClassVar[Words] = Words("请按所列逐项补全。", "Complete what is named, point by point.")

    def __init__(self, lacks: Sequence[Lack]) -> None:
        super().__init__(
            Words("；".join(one.words.zh for one in lacks), "; ".join(one.words.en for one in lacks)),
            next_step=Words("".join(one.next_step.zh for one in lacks), " ".join(one.next_step.en for one in lacks)),
        )
        self.lacks = tuple(lacks)


class SecondFactorError(EdgeError, RejectedError):
    """The amount asks for a second factor (T-38)."""

    code: ClassVar[str] = "till.second_factor"
    next_step: ClassVar[Words] = Words(
        "请参保人刷脸，或输入社保卡密码，或由另一名操作员输入其密码。",
        "Have the person show the face or type the card's PIN, or a second operator type a password.",
    )

    def __init__(self) -> None:
        super().__init__(
            Words("金额超过限额，须再次确认身份", "The amount is above the limit: a second factor is needed")
        )


class SecondOperatorError(EdgeError, RejectedError):
    """The second operator is the first one."""

    code: ClassVar[str] = "till.same_operator"
    next_step: ClassVar[Words] = Words("请由另一名操作员确认。", "Another operator has to confirm it.")

    def __init__(self) -> None:
        super().__init__(Words("确认人与收银员相同", "It is the operator who is signed in already"))


class TicketUnknownError(EdgeError, RejectedError):
    """There is no such sale at this terminal."""

    code: ClassVar[str] = "till.ticket_unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    next_step: ClassVar[Words] = Words("请核对单号。", "Check the number.")

    def __init__(self, sale: str) -> None:
        super().__init__(Words(f"本机没有销售 {sale}", f"This terminal has no sale {sale}"))


class NotAsideError(EdgeError, RejectedError):
    """The sale does not lie aside."""

    code: ClassVar[str] = "till.not_aside"
    next_step: ClassVar[Words] = Words("请刷新挂单列表。", "Load the tickets that lie aside again.")

    def __init__(self, sale: str) -> None:
        super().__init__(Words(f"销售 {sale} 不在挂单中", f"Sale {sale} does not lie aside"))
