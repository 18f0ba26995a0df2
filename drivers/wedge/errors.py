"""What can go wrong on the way out, beyond what can go wrong with any device (`drivers.errors`)."""

from __future__ import annotations

from codes.errors import TransientError
from codes.words import Words
from drivers.errors import DriverError


class WedgeTextError(DriverError):
    """A code that no key of the layout gives, and that is typed for nobody."""

    code = "wedge.text"
    next_step = Words(
        "请让收银软件使用商品条码，或改用串口转发、接口方式接入。",
        "Have the POS use product barcodes, or connect it by the serial pass-through or the interface.",
    )

    def __init__(self, device: str) -> None:
        super().__init__(
            device,
            Words(f"{device}：该码含有键盘打不出的字符。", f"{device}: the code has characters that no key gives."),
        )


class WedgeStuckError(DriverError, TransientError):
    """The other side does not take what is sent."""

    code = "wedge.stuck"
    next_step = Words(
        "请确认另一台电脑已开机、连线完好、收银软件已打开；输入框里若有半个码，请清空后重扫。",
        "See that the other machine is on, the cable is in and its software runs; clear a half code from the input "
        "and scan again.",
    )

    def __init__(self, device: str, sent: int, whole: int) -> None:
        super().__init__(
            device,
            Words(
                f"{device}：对方没有接收（已发 {sent}/{whole}）。",
                f"{device}: the other side takes nothing ({sent} of {whole} went out).",
            ),
        )
        self.sent = sent
        """Reports or bytes that went out."""


class WedgeClosedError(DriverError, TransientError):
    """Nothing has been opened, or it was lost meanwhile."""

    code = "wedge.closed"
    next_step = Words("请检查转发设备的配置与连线。", "Check configuration and cable of the way out.")

    def __init__(self, device: str) -> None:
        super().__init__(device, Words(f"{device}：转发通道未打开。", f"{device}: the way out is not open."))
