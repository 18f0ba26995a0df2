"""What can go wrong with a PIN, beyond what can go wrong with any device (`drivers.errors`)."""

from __future__ import annotations

from codes.errors import TransientError
from codes.words import Words
from drivers.errors import DriverError


class PinTimeoutError(DriverError, TransientError):
    """Nobody finished typing in time."""

    code = "pinpad.timeout"
    next_step = Words("请患者重新输入密码并按确认键。", "Ask the person to type the PIN anew and press Enter.")

    def __init__(self, device: str, within_s: float) -> None:
        super().__init__(
            device,
            Words(
                f"{device}：{within_s:g} 秒内没有输完密码。",
                f"{device}: the PIN was not finished within {within_s:g} s.",
            ),
        )


class PinLengthError(DriverError, TransientError):
    """What was typed cannot be a PIN."""

    code = "pinpad.length"
    next_step = Words("请患者重新输入密码。", "Ask the person to type the PIN anew.")

    def __init__(self, device: str, least: int, most: int) -> None:
        super().__init__(
            device,
            Words(f"{device}：密码应为 {least} 至 {most} 位数字。", f"{device}: a PIN has {least} to {most} digits."),
        )
