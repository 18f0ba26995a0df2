"""What a scanner's last set-up means for the terminal: a trouble that lasts until it is set up well. Pure.

A scanner that drops separators gives codes that look well, so nothing else would ever tell. None of it is an alarm:
the counter sells on, and names each doubtful serial by itself (`edge.counter.explaining`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from codes.words import Words
from edge.health import DeviceStatus, Trouble
from edge.store.scanner_profiles import StoredProfile

DROPS_GS: Final = "scanner.drops_gs"
SET_BADLY: Final = "scanner.set_badly"
_NOT_READ: Final = "scanner.setup.not_read"
"""A symbol that a scanner cannot read at all gives no wrong code: many a good one reads bar codes only."""
_BY_THE_LINE: Final = frozenset({"scanner.setup.gs_by_key", "scanner.setup.gs_replaced"})
"""The separator comes in another guise, which the scanner's line in the configuration can name."""
_IN_THE_LINE: Final = Words(
    "请打开 /setup 查看结果，把给出的写法写入配置并重启终端，然后重新设置一遍。",
    "Open /setup, write the line that it gives into the configuration, restart the terminal and set it up again.",
)
_AT_THE_SCANNER: Final = Words(
    "请扫描其说明书里允许发送 GS（FNC1、控制字符）的设置码，再打开 /setup 重新设置一遍；在此之前请核对批号与序列号。",
    "Scan the programming code of its manual that lets GS (FNC1, control characters) through, then open /setup and set "
    "it up again. Until then compare lot and serial with the box.",
)
_SEE_RESULT: Final = Words(
    "请打开 /setup 查看结果，按提示修改，再重新设置一遍。",
    "Open /setup, do what its result says, and set it up again.",
)


def with_profile(status: DeviceStatus, stored: StoredProfile | None) -> DeviceStatus:
    """Return a device with what its last set-up has found."""
    if stored is None:
        return status
    codes = tuple(dict.fromkeys(one.code for one in stored.profile.advice if one.is_fault))
    return replace(status, gs_ok=stored.profile.gs_ok, set_up_at=stored.tested_at, set_up_findings=codes)


def setup_troubles(devices: Iterable[DeviceStatus]) -> Iterator[Trouble]:
    """Yield each scanner that gives wrong codes the way it is set; the gravest reason only."""
    for one in devices:
        if one.gs_ok is False:
            step = _IN_THE_LINE if _BY_THE_LINE & set(one.set_up_findings) else _AT_THE_SCANNER
            words = Words(
                f"{one.device} 收不到分隔符 GS：批号与序列号会粘在一起",
                f"No GS separators arrive from {one.device}: lot and serial run together",
            )
            yield Trouble(DROPS_GS, words, step, is_alarm=False, device=one.device)
        elif set(one.set_up_findings) - {_NOT_READ}:
            words = Words(
                f"{one.device} 上次设置时发现问题，尚未确认改好",
                f"The last set-up of {one.device} found faults, and none since has found it well",
            )
            yield Trouble(SET_BADLY, words, _SEE_RESULT, is_alarm=False, device=one.device)
