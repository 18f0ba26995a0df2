"""What can go wrong with a vendor's library, beyond what can go wrong with any device (`drivers.errors`)."""

from __future__ import annotations

from codes.errors import ConfigError, TransientError
from codes.words import Words
from drivers.errors import DriverError


class VendorLibraryUnusableError(DriverError, ConfigError):
    """The library cannot be loaded here, or lacks a function."""

    code = "vendor.unusable"
    next_step = Words(
        "请核对配置中的动态库路径，并向设备厂商索取适用于本机（Linux，同一处理器架构）的版本。",
        "Compare the library's path in the configuration, and ask the maker for a build for this machine (Linux, the "
        "same processor).",
    )

    def __init__(self, device: str, detail: Words) -> None:
        super().__init__(
            device,
            Words(f"{device}：厂商动态库不能用（{detail.zh}）。", f"{device}: the vendor's library: {detail.en}."),
        )


class VendorFileMissingError(DriverError, ConfigError):
    """The library, or what has to be loaded before it, is not where the configuration says."""

    code = "vendor.no_such_file"
    next_step = Words(
        "请核对配置中 library 和 preload 的路径；文件须可由运行账户读取。",
        "Compare the paths of library and preload in the configuration; the account must be able to read the files.",
    )

    def __init__(self, device: str, path: str) -> None:
        super().__init__(
            device, Words(f"{device}：没有文件 {path}，或无权读取。", f"{device}: {path} is not there or not readable.")
        )
        self.path = path


class VendorPartMissingError(VendorLibraryUnusableError):
    """The library needs another one that the system does not find by itself."""

    code = "vendor.needs"
    next_step = Words(
        '请把该文件与动态库放在一起，并写入配置的 preload，如 preload = ["libdcrf32.so"]。',
        'Put that file beside the library and name it in preload, such as preload = ["libdcrf32.so"].',
    )

    def __init__(self, device: str, part: str) -> None:
        super().__init__(device, Words(f"它需要 {part}，但找不到", f"it needs {part}, which is not found"))
        self.part = part


class VendorLibraryCrashedError(DriverError, TransientError):
    """The process that holds the library ended in the midst of a call."""

    code = "vendor.crashed"
    next_step = Words(
        "请再试一次；动态库会自动重新加载。若反复出现，请换用另一种验证方式，并联系设备厂商。",
        "Try once more: the library is loaded anew. If this comes back, verify the person another way and ask the "
        "maker.",
    )

    def __init__(self, device: str, function: str) -> None:
        super().__init__(
            device,
            Words(f"{device}：厂商动态库在 {function} 中异常退出。", f"{device}: the library crashed in {function}."),
        )


class VendorLibrarySilentError(DriverError, TransientError):
    """The library did not come back in time; its process was ended."""

    code = "vendor.silent"
    next_step = Words(
        "请检查设备电源、连线和网络，然后再试一次；也可换用另一种验证方式。",
        "Check the device's power, its cable and the network and try once more, or verify the person another way.",
    )

    def __init__(self, device: str, function: str, within_s: float) -> None:
        super().__init__(
            device,
            Words(
                f"{device}：{function} 在 {within_s:g} 秒内没有返回。",
                f"{device}: {function} did not come back within {within_s:g} s.",
            ),
        )
