"""What can go wrong with a device, told so that a technician knows the next step.

A second base says what the caller does. A `TransientError` may pass by itself (the cable is out, the port is still
held, the permission arrives late): the supervisor tries again with back-off. A `ConfigError` will not: a person has
to change the configuration or the device.
"""

from __future__ import annotations

from codes.errors import ConfigError, TransientError, YimaError
from codes.words import Words


class DriverError(YimaError):
    """A device cannot be used."""

    code = "driver.error"
    next_step = Words("请检查设备与配置。", "Check the device and the configuration.")

    def __init__(self, device: str, words: Words) -> None:
        super().__init__(words)
        self.device = device
        """The device as the configuration names it."""


class DeviceMissingError(DriverError, TransientError):
    """The path leads to no device."""

    code = "driver.no_such_device"
    next_step = Words(
        "请检查数据线和电源；运行 `yima scanner list` 可列出已连接的设备。",
        "Check cable and power; `yima scanner list` shows what is connected.",
    )

    def __init__(self, device: str, path: str) -> None:
        super().__init__(device, Words(f"{device}：找不到设备 {path}。", f"{device}: there is no device at {path}."))
        self.path = path


class DevicePermissionError(DriverError, TransientError):
    """The account may not open the device. Transient, because udev sets permissions after the node appears."""

    code = "driver.permission"
    next_step = Words(
        "请重新插拔设备。仍无权限时：以服务安装的，在 udev 规则中把该设备交给用户组 yima（见 docs/install.md）；"
        "手动运行的，把运行账户加入该用户组（串口为 dialout，键盘为 input）后重新登录。",
        "Plug the device in again. If that does not help: where Yima is installed as a service, give the device to the "
        "group yima by a udev rule (docs/install.md); where it is run by hand, add the account to that group (dialout "
        "for serial ports, input for keyboards) and log in again.",
    )

    def __init__(self, device: str, path: str, group: str) -> None:
        super().__init__(
            device,
            Words(
                f"{device}：没有权限打开 {path}（所属用户组：{group}）。",
                f"{device}: no permission to open {path} (its group is {group}).",
            ),
        )
        self.path = path
        self.group = group


class DeviceBusyError(DriverError, TransientError):
    """Another program holds the device."""

    code = "driver.busy"
    next_step = Words(
        "请关闭占用该设备的其他程序（串口助手、ModemManager、另一个终端进程）。",
        "Close the other program that holds it (a serial monitor, ModemManager, a second terminal).",
    )

    def __init__(self, device: str, path: str) -> None:
        super().__init__(
            device,
            Words(f"{device}：{path} 正被其他程序占用。", f"{device}: {path} is held by another program."),
        )
        self.path = path


class DeviceLostError(DriverError, TransientError):
    """The device went away while it was being read."""

    code = "driver.lost"
    next_step = Words(
        "请检查数据线；设备重新接上后会自动恢复。若刚扫过一件药品，请再扫一次。",
        "Check the cable; reading resumes by itself once it is back. If a pack was just scanned, scan it again.",
    )

    def __init__(self, device: str, path: str, *, unfinished_bytes: int = 0) -> None:
        zh = f"，一次扫描未收完（已收 {unfinished_bytes} 字节，未采用）" if unfinished_bytes else ""
        en = (
            f" in the middle of a scan ({unfinished_bytes} bytes had come and were not used)"
            if unfinished_bytes
            else ""
        )
        super().__init__(device, Words(f"{device}：设备 {path} 已断开{zh}。", f"{device}: {path} was unplugged{en}."))
        self.path = path
        self.unfinished_bytes = unfinished_bytes
        """Bytes of a scan that never ended. A piece of a code is not a code, so it is not passed on."""


class DeviceUnsupportedError(DriverError, ConfigError):
    """There is something at the path, but not what the configuration says, or the software for it is missing."""

    code = "driver.unsupported"
    next_step = Words(
        "请核对配置中的设备类型和参数；运行 `yima scanner list` 可查看建议的写法。",
        "Compare kind and settings in the configuration with the device; `yima scanner list` suggests the spelling.",
    )


class DeviceAmbiguousError(DriverError, ConfigError):
    """More than one device fits the description."""

    code = "driver.ambiguous"
    next_step = Words(
        "请改用 usb-path=（USB 口位置）来指定，或写出完整路径。",
        "Name it by usb-path= (the USB socket) instead, or write the full path.",
    )

    def __init__(self, device: str, found: tuple[str, ...]) -> None:
        listed = ", ".join(found)
        super().__init__(
            device,
            Words(
                f"{device}：有 {len(found)} 个设备都符合：{listed}。",
                f"{device}: {len(found)} devices fit: {listed}.",
            ),
        )
        self.found = found


class DeviceSpecError(DriverError, ConfigError):
    """The description of a device in the configuration cannot be understood."""

    code = "driver.spec"
    next_step = Words(
        "正确写法示例：serial:/dev/ttyACM0,9600；keyboard:/dev/input/event3;layout=us。参数表见 docs/drivers/。",
        "Examples: serial:/dev/ttyACM0,9600 and keyboard:/dev/input/event3;layout=us. "
        "docs/drivers/ lists the settings.",
    )
