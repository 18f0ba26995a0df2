"""The person's password where the area wants it in the message that settles: typed at the pad, and kept by nobody.

It is asked for before anything is begun: a settlement that is cancelled first could not be made anew without it.
"""

from __future__ import annotations

from collections.abc import Iterator

from codes.words import Words
from edge.counter_devices import PINPAD, DeviceNotConfiguredError
from edge.health import Trouble
from edge.till.messages import SETTLE
from edge.till.parts import Devices
from wire.fsi.areas import Area


def is_password_wanted(area: Area) -> bool:
    """Say whether the area checks the person's password where a sale is settled."""
    return SETTLE in area.checks_password


def pad_troubles(area: Area, *, has_pad: bool) -> Iterator[Trouble]:
    """Yield that the password cannot be typed, where the area wants it: nothing is settled with the insurance then."""
    if is_password_wanted(area) and not has_pad:
        words = Words(
            f"{area.title.zh} 结算须由参保人输入密码，而 [pinpad] 未配置：不能医保结算，自费照常",
            f"{area.title.en} checks the person's password, and there is no [pinpad]: nothing is settled with the "
            "insurance; self-paid sales go on",
        )
        yield Trouble(DeviceNotConfiguredError.code, words, DeviceNotConfiguredError.next_step)


def refuse_without_pad(area: Area, devices: Devices) -> None:
    """Refuse what could not be settled, before anybody waits for it.

    Raises:
        DeviceNotConfiguredError: The area wants a password, and there is no pad.
    """
    if is_password_wanted(area) and devices.pinpad is None:
        raise DeviceNotConfiguredError(PINPAD)


async def ask_password(area: Area, devices: Devices) -> str | None:
    """Return what the person types, where the area wants it; else None, and nobody is asked.

    Raises:
        DeviceNotConfiguredError: There is no pad.
        DriverError: The pad cannot be used, or the person did not type anything.
    """
    refuse_without_pad(area, devices)
    if devices.pinpad is None or not is_password_wanted(area):
        return None
    return (await devices.pinpad.ask()).digits


def refuse_without(password: str | None, area: Area) -> None:
    """Refuse to settle without the password that the area wants.

    Raises:
        DeviceNotConfiguredError: Nobody was asked for it.
    """
    if password is None and is_password_wanted(area):
        raise DeviceNotConfiguredError(PINPAD)
