"""What the supervisor says of a driver, beyond what the driver says itself (`drivers.errors`)."""

from __future__ import annotations

from codes.errors import YimaError
from codes.words import Words

_MAKE_AGAIN = Words(
    "驱动程序会自动重启。若刚扫过一件药品，请核对列表，没有就再扫一次；反复出现请联系厂商。",
    "The driver is restarted. If a pack was just scanned, look whether it is listed, and scan it again if not; tell "
    "the vendor if this recurs.",
)


class DriverCrashedError(YimaError):
    """A driver failed in a way nobody thought of."""

    code = "driver.crashed"
    next_step = _MAKE_AGAIN


class DriverHungError(YimaError):
    """A driver's reading loop stood still: it was ended."""

    code = "driver.hung"
    next_step = _MAKE_AGAIN

    def __init__(self, device: str) -> None:
        super().__init__(
            Words(
                f"{device} 的驱动程序没有响应，已强制结束。",
                f"The driver of {device} did not respond any more and was ended.",
            )
        )


class BreakerOpenError(YimaError):
    """A device broke off too often: it rests for a while."""

    code = "driver.breaker_open"
    next_step = Words(
        "请检查数据线、供电和设备本身，必要时更换；系统稍后会再次尝试。",
        "Check cable, power and the device itself, replace it if need be; it is tried again after a while.",
    )


class SilentScannerError(YimaError):
    """A scanner is open, and nothing ever came from it while others were used. It may just lie in a drawer."""

    code = "driver.silent"
    next_step = Words(
        "请用它扫描校准页上的任一码（可用 `yima scanner sheet` 生成）；仍无反应，请检查数据线和接口模式。"
        "暂不使用则无需处理。",
        "Scan any code of the test sheet with it (`yima scanner sheet` makes one); if nothing comes, check its cable "
        "and its interface mode. If it is just not in use, nothing need be done.",
    )

    def __init__(self, device: str, others: int) -> None:
        super().__init__(
            Words(
                f"{device} 已连接，但连接后从未收到任何内容；期间其他设备已扫码 {others} 次。",
                f"{device} is plugged in, but nothing ever came from it, while other devices made {others} scans.",
            )
        )


class SilentCameraError(YimaError):
    """A camera is open, and no frame comes."""

    code = "camera.silent"
    next_step = Words(
        "稍后会自动重新连接；反复出现请检查摄像头的供电、数据线或网线。",
        "It is opened again in a moment. If this recurs, check the camera's power and its cable.",
    )

    def __init__(self, device: str) -> None:
        super().__init__(
            Words(f"{device} 已连接，但没有画面。", f"{device} is connected, but sends no picture."),
        )


class AnotherDeviceError(YimaError):
    """Another device than before stands where the configuration points. It is read all the same."""

    code = "driver.another_device"
    next_step = Words(
        "若是有意更换，无需处理；否则请核对接线，并在配置中改用 usb-serial= 指定设备（见 `yima scanner list`）。",
        "If it was changed on purpose, nothing need be done. Otherwise look where each cable goes, and name the device "
        "by usb-serial= in the configuration (`yima scanner list`).",
    )

    def __init__(self, device: str, now: str, before: str) -> None:
        super().__init__(
            Words(
                f"{device}：这里现在是另一台设备（{now}），原来是 {before}。",
                f"{device}: another device is here now ({now}); it was {before}.",
            )
        )
