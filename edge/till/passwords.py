"""The person's password where the area wants it in the message that settles: typed at the pad, and kept by nobody.

It is asked for before anything is begun: a settlement that is cancelled first could not be made anew without it.
"""

from __future__ import annotations

from edge.counter_devices import PINPAD, DeviceNotConfiguredError
from edge.till.messages import SETTLE
from edge.till.parts import Devices
from wire.fsi.areas import Area


def is_password_wanted(area: Area) -> bool:
    """Say whether the area checks the person's password where a sale is settled."""
    return SETTLE in area.checks_password


async def ask_password(area: Area, devices: Devices) -> str | None:
    """Return what the person types, where the area wants it; else None, and nobody is asked.

    Raises:
        DeviceNotConfiguredError: There is no pad.
        DriverError: The pad cannot be used, or the person did not type anything.
    """
    if not is_password_wanted(area):
        return None
    if devices.pinpad is None:
        raise DeviceNotConfiguredError(PINPAD)
    return (await devices.pinpad.ask()).digits


def refuse_without(password: str | None, area: Area) -> None:
    """Refuse to settle without the password that the area wants.

    Raises:
        DeviceNotConfiguredError: Nobody was asked for it.
    """
    if password is None and is_password_wanted(area):
        raise DeviceNotConfiguredError(PINPAD)
