"""What can go wrong with a camera, beyond what can go wrong with any device (`drivers.errors`)."""

from __future__ import annotations

from codes.errors import TransientError
from codes.words import Words
from drivers.errors import DriverError


class CameraUnreachableError(DriverError, TransientError):
    """The URL does not answer, or answers with no video."""

    code = "camera.unreachable"
    next_step = Words(
        "请检查摄像头电源、网线和地址；可先用播放器打开同一地址。",
        "Check the camera's power, its network cable and the address; try the same address in a player.",
    )

    def __init__(self, device: str, path: str) -> None:
        super().__init__(device, Words(f"{device}：{path} 没有视频。", f"{device}: no video from {path}."))


class CameraRefusedError(DriverError, TransientError):
    """The node is there but gives no video."""

    code = "camera.refused"
    next_step = Words(
        "请关闭占用摄像头的其他程序；若同一摄像头有多个 /dev/video 编号，请换用第一个。",
        "Close other programs that use the camera. Where one camera has several /dev/video numbers, use the first.",
    )

    def __init__(self, device: str, path: str) -> None:
        super().__init__(
            device,
            Words(
                f"{device}：{path} 打不开：正被其他程序占用，或者不是摄像头。",
                f"{device}: {path} gives no video: another program holds it, or it is no camera.",
            ),
        )


class CameraStalledError(DriverError, TransientError):
    """It is open, but no frame comes."""

    code = "camera.stalled"
    next_step = Words(
        "将自动重新连接；若反复出现，请换 USB 口或数据线，或降低分辨率。",
        "It is opened again by itself. If this comes back, use another USB socket or cable, or a lower resolution.",
    )

    def __init__(self, device: str, path: str) -> None:
        super().__init__(
            device, Words(f"{device}：{path} 长时间没有画面。", f"{device}: {path} has sent no frame for too long.")
        )


class CameraCrashedError(DriverError, TransientError):
    """The process that captures and decodes ended by itself."""

    code = "camera.crashed"
    next_step = Words(
        "将自动重新启动；若反复出现，请导出日志并联系管理员。",
        "It is started again by itself. If this comes back, export the log and ask your administrator.",
    )

    def __init__(self, device: str, path: str) -> None:
        super().__init__(
            device,
            Words(
                f"{device}：{path} 的识别进程意外退出。", f"{device}: the process that reads {path} ended unexpectedly."
            ),
        )
