"""Voucher terminal, card reader, PIN pad and the way out to the POS: can what they need be used by this account?

Nothing is asked of a person and nothing is typed. A vendor's library is loaded in a process of its own, which shows
what it lacks, and no function of it is called.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from cli.checks.finding import Finding, fault, fault_of, fine
from codes.errors import YimaError
from codes.words import Words
from drivers.errors import DeviceMissingError, DevicePermissionError
from drivers.opening import group_of
from drivers.vendor.files import LibraryFiles
from drivers.vendor.library import try_loading
from edge.config import EdgeConfig
from edge.config_person import CardKind, VoucherKind
from edge.config_wedge import WedgeKind
from edge.counter_devices import CARD, PINPAD, VOUCHER, WEDGE, card_files, voucher_files
from web.secret_file import load_secret

_LOAD_S = 20.0
_NO_NODE = {
    WedgeKind.UINPUT: Words(
        "请执行 sudo modprobe uinput，并写入 /etc/modules-load.d/（见 docs/drivers/wedge.md）。",
        "Run sudo modprobe uinput, and name it in /etc/modules-load.d/ (docs/drivers/wedge.md).",
    ),
    WedgeKind.HIDG: Words(
        "请先把本机的 USB 口设为键盘（见 docs/drivers/wedge.md）；多数普通电脑没有这种接口。",
        "Make this machine's USB port a keyboard first (docs/drivers/wedge.md); most ordinary PCs have no such port.",
    ),
}
_CABLE = Words("请检查数据线和电源，核对配置中的路径。", "Check cable and power, and the path in the configuration.")
_ONLY_A_TWIN = Words("正式使用前请改为真实设备。", "Name the real device before it is used in earnest.")


def check_counter_devices(config: EdgeConfig) -> Iterator[Finding]:
    """Look at each of them that is configured."""
    if config.voucher.kind is VoucherKind.SIMULATED:
        yield _twin(VOUCHER)
    if (files := voucher_files(config.voucher)) is not None:
        yield _loaded(VOUCHER, files)
    if config.card.kind is CardKind.SIMULATED:
        yield _twin(CARD)
    if (files := card_files(config.card)) is not None:
        yield _loaded(CARD, files)
        yield from _secrets(config)
    if config.pinpad.path:
        yield _node(PINPAD, Path(config.pinpad.path), _CABLE)
    if config.wedge.kind is WedgeKind.PTY:
        yield _link(Path(config.wedge.node))
    elif config.wedge.kind is not WedgeKind.NONE:
        yield _node(WEDGE, Path(config.wedge.node), _NO_NODE.get(config.wedge.kind, _CABLE))


def _twin(device: str) -> Finding:
    words = Words(f"[{device}] 是模拟设备", f"[{device}] is simulated")
    return fault("device.simulated", words, _ONLY_A_TWIN)


def _loaded(device: str, files: LibraryFiles) -> Finding:
    try:
        try_loading(device, files, within_s=_LOAD_S)
    except YimaError as exc:
        return fault_of(exc)
    name = files.library
    return fine("device.library", f"[{device}] 动态库 {name} 可以加载", f"[{device}]: {name} can be loaded")


def _secrets(config: EdgeConfig) -> Iterator[Finding]:
    for value in config.card.started_with.values():
        if isinstance(value, Path):
            try:
                load_secret(value)
            except YimaError as exc:
                yield fault_of(exc)


def _node(device: str, node: Path, step: Words) -> Finding:
    try:
        mode = node.stat().st_mode
    except OSError:
        words = Words(f"[{device}] 找不到设备 {node}", f"[{device}]: {node} is not there")
        return fault(DeviceMissingError.code, words, step)
    if not (stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)):
        words = Words(f"[{device}] {node} 不是设备", f"[{device}]: {node} is no device")
        return fault("driver.unsupported", words, _CABLE)
    if not os.access(node, os.R_OK | os.W_OK):
        return fault_of(DevicePermissionError(device, str(node), group_of(str(node))))
    return fine("device.node", f"[{device}] {node} 可以打开", f"[{device}]: {node} may be opened")


def _link(link: Path) -> Finding:
    folder = link.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        words = Words(f"[{WEDGE}] 不能在 {folder} 里建立链接", f"[{WEDGE}]: no link can be made in {folder}")
        step = Words(
            "请换一个运行账户可写的目录，如 /run/yima。",
            "Choose a folder that the account may write to, such as /run/yima.",
        )
        return fault(DevicePermissionError.code, words, step)
    if link.exists() and not link.is_symlink():
        words = Words(f"[{WEDGE}] {link} 已是一个文件", f"[{WEDGE}]: {link} is a file")
        return fault("driver.unsupported", words, Words("请换一个名称。", "Choose another name."))
    return fine("device.node", f"[{WEDGE}] 可以建立 {link}", f"[{WEDGE}]: {link} can be made")
