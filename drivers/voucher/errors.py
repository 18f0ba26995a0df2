"""What can go wrong with a voucher, beyond what can go wrong with any device (`drivers.errors`)."""

from __future__ import annotations

from codes.errors import TransientError
from codes.words import Words
from drivers.errors import DriverError
from drivers.vendor.text import shown_words

_OTHER_WAY = Words(
    "请让患者刷新医保码后再试，或改用身份证、社会保障卡。",
    "Ask the person to refresh the code and try again, or take the identity card or the insurance card.",
)


class VoucherRefusedError(DriverError, TransientError):
    """The voucher's own service says no: the code is out of date, used, or the person broke off."""

    code = "voucher.refused"
    next_step = _OTHER_WAY

    def __init__(self, device: str, reason_code: str, reason: str) -> None:
        self.reason_code = reason_code = shown_words(reason_code)
        """As the service numbers it."""
        self.reason = shown = shown_words(reason)
        """In the service's own words, without what may be a number of a person."""
        super().__init__(
            device,
            Words(
                f"{device}：医保码未通过（{reason_code}：{shown}）。",
                f"{device}: the code was refused ({reason_code}: {shown}).",
            ),
        )


class VoucherAnswerError(DriverError, TransientError):
    """The answer is not what the interface says: nobody is taken to be verified."""

    code = "voucher.answer"
    next_step = _OTHER_WAY

    def __init__(self, device: str, fault: Words) -> None:
        super().__init__(
            device,
            Words(
                f"{device}：医保码终端的应答有误：{fault.zh}。",
                f"{device}: the voucher terminal's answer is wrong: {fault.en}.",
            ),
        )


class VoucherFieldError(DriverError):
    """What we would send does not fit the interface's fields."""

    code = "voucher.field"
    next_step = Words(
        "请核对操作员、科室和机构的编号与名称；过长的请缩短。",
        "Check number and name of operator, department and institution; shorten what is too long.",
    )

    def __init__(self, device: str, field: str, fault: Words) -> None:
        self.field = field
        super().__init__(device, Words(f"{device}：{field} {fault.zh}。", f"{device}: {field} {fault.en}."))
