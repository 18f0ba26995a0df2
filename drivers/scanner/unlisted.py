"""What is plugged in and looks like a scanner or reader, but is not read, each with the reason and the next step.

- A serial port, a HID-POS interface or a keyboard that no line of the configuration names. A keyboard may be somebody's
  own, so it needs no one's attention.
- One of these that this account may not open.
- A HID device that speaks neither as a keyboard nor as a POS scanner: most often a scanner in a mode of its maker's.

Devices that are named in the configuration are not listed here; how they are, the supervisor says.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from codes.words import Words
from drivers.opening import group_of
from drivers.scanner.discovery import DEV, SYSFS, Attached, fits, list_attached, list_strange_hid
from drivers.scanner.spec import CameraSpec, MatchBy, ScannerKind, ScannerSpec

_NAMES = {
    ScannerKind.SERIAL: Words("串口设备", "A serial port"),
    ScannerKind.KEYBOARD: Words("键盘，或键盘模式的扫码枪", "A keyboard, or a scanner that types"),
    ScannerKind.POS: Words("HID-POS 扫码枪", "A HID-POS scanner"),
}
_MAGNETIC_PAGE, _MAKERS_PAGES = 0x8E, 0xFF00


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A device that is plugged in and not read."""

    node: str
    """Its node at this moment."""
    label: str
    """Maker and product, as the device tells them."""
    code: str
    """Stable: `scanner.not_configured`, `scanner.no_permission` or `scanner.unsupported`."""
    words: Words
    """Why it is not read."""
    next_step: Words
    needs_person: bool = True
    """False for a keyboard, which may well be somebody's own."""
    spec: str | None = None
    """The line for the configuration, if it can be read at all."""


def may_open(node: str) -> bool:
    """Tell whether this account may open a node; one that has just vanished is none of our business."""
    return os.access(node, os.R_OK) or not Path(node).exists()


def list_unlisted(
    specs: Sequence[ScannerSpec], *, dev: Path = DEV, sysfs: Path = SYSFS, may_open: Callable[[str], bool] = may_open
) -> tuple[Unlisted, ...]:
    """List what is plugged in and neither configured by `specs` nor surely something else."""
    attached = list_attached(dev=dev, sysfs=sysfs)
    named = {_identity(one) for one in attached if any(is_named(one, spec) for spec in specs)}
    strangers = (_stranger(one, may_open) for one in attached if _identity(one) not in named)
    return (*strangers, *_strange_hid(dev, sysfs))


def _identity(one: Attached) -> tuple[str, str]:
    """Return which USB device an interface belongs to: a scanner may have several, and one of them is enough."""
    return one.usb_serial, one.usb_path


def is_named(one: Attached, spec: ScannerSpec) -> bool:
    """Tell whether a line of the configuration means this device at this moment."""
    if isinstance(spec, CameraSpec):
        return False
    if spec.address.by is MatchBy.PATH:
        return Path(spec.address.value).resolve() == Path(one.node).resolve()
    return fits(one, spec.kind, spec.address)


def _stranger(one: Attached, may_open: Callable[[str], bool]) -> Unlisted:
    name = _NAMES[one.kind]
    if not may_open(one.node):
        group = group_of(one.node)
        return Unlisted(
            node=one.node,
            label=one.label,
            code="scanner.no_permission",
            words=Words(
                f"{name.zh}，运行账户没有权限打开（所属用户组：{group}）",
                f"{name.en} that this account may not open (its group is {group})",
            ),
            next_step=Words(
                f"请把运行账户加入用户组 {group}，或安装随附的 udev 规则，然后重新插拔。",
                f"Add the account to the group {group}, or install the udev rules that come with Yima; then plug it in "
                "again.",
            ),
            needs_person=one.kind is not ScannerKind.KEYBOARD,
            spec=one.suggestion,
        )
    return Unlisted(
        node=one.node,
        label=one.label,
        code="scanner.not_configured",
        words=Words(f"{name.zh}，未写入配置", f"{name.en} that the configuration does not name"),
        next_step=Words(
            f'若是扫码枪，请在配置的 scanners 中加入 "{one.suggestion}" 并重启终端。',
            f'If it is a scanner, add "{one.suggestion}" to scanners in the configuration and restart the terminal.',
        ),
        needs_person=one.kind is not ScannerKind.KEYBOARD,
        spec=one.suggestion,
    )


def _strange_hid(dev: Path, sysfs: Path) -> Iterator[Unlisted]:
    for node, label, page in list_strange_hid(dev=dev, sysfs=sysfs):
        if page == _MAGNETIC_PAGE:
            words = Words("磁条读卡器，不受支持", "A magnetic stripe reader, which is not supported")
            next_step = Words("如不需要，可忽略。", "Ignore it if it is not needed.")
        elif page >= _MAKERS_PAGES:
            words = Words(
                f"厂商自定义的 HID 设备（usage page 0x{page:04X}），既不是键盘也不是 HID-POS，不受支持",
                f"A HID device of its maker's own kind (usage page 0x{page:04X}), neither keyboard nor HID-POS: not "
                "supported",
            )
            next_step = Words(
                "若是扫码枪，请用说明书上的设置码切换到 USB 串口（COM）、HID-POS 或键盘模式。",
                "If it is a scanner, switch it to USB COM, HID-POS or keyboard mode by the codes in its manual.",
            )
        else:
            continue
        yield Unlisted(node, label, "scanner.unsupported", words, next_step, needs_person=page >= _MAKERS_PAGES)
