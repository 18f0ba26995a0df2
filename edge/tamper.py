"""What counts as tampering with the box: a scanner swapped, the power pulled, the network pulled. Pure.

A device is told by vendor, product and serial number. Two of one model without serial numbers are the same here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from codes.words import Words
from edge.clock import SHOP_TIME
from edge.store.life import is_same_home
from edge.store.watched import Occupant, Run

SETTLED_S: Final = 5.0
"""A device counts once it has stood so long: while it starts, a scanner may call itself something else."""
PULLED_S: Final = 120.0
"""So long without any carrier is neither renegotiation nor a router that starts anew, as many do each night."""
RADIO_PULLED_S: Final = 300.0
"""The same where one was a radio: an access point that updates itself, or makes room for a radar, takes minutes."""
UNSEEN_S: Final = 3.0
"""Looks further apart than this say nothing of the time between them: the box slept, or a look hung."""
_MOST_NAMED = 60
"""Characters of what a device says of itself: the fact has room for 500 in all."""


class Tamper(StrEnum):
    """Kinds of facts, as they stand in `tamper_seen`."""

    SCANNER_SWAPPED = "scanner_swapped"
    POWER_LOST = "power_lost"
    NETWORK_PULLED = "network_pulled"


@dataclass(frozen=True, slots=True)
class Tampering:
    """Something that was done to the box."""

    what: Tamper
    detail: str
    """The figures, as they stand in the fact."""
    words: Words
    """The same for who stands before the terminal."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A device in a socket, and since when."""

    occupant: Occupant
    since_s: float
    """On the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface of the box to a network."""

    name: str
    is_radio: bool = False
    """Its network may be away for a while although nobody did anything."""


@dataclass(frozen=True, slots=True)
class Carriers:
    """What was seen of the network so far."""

    last: frozenset[Interface] = frozenset()
    """Interfaces that had a carrier when any last had one; empty if none ever had."""
    seen_s: float = 0.0
    """When they were last looked at, on a clock that goes on while the box sleeps."""
    gone_at: datetime | None = None
    """Since when all were found without one."""
    gone_s: float = 0.0
    """The same on the clock of `seen_s`."""
    is_told: bool = False


def power_loss(before: Run | None, now: Run, last_event_at: datetime | None) -> Tampering | None:
    """Return the power cut that ended the run before, if one did.

    A crash within one start of the machine is none, nor is a store that ran on another machine before. A machine that
    hung and was reset looks the same: the words leave that open.
    """
    if before is None or before.has_ended or not is_same_home(before.home, now.home):
        return None
    if not before.boot_id or not now.boot_id or before.boot_id == now.boot_id:
        return None
    alive_at = max(before.alive_at, last_event_at or before.alive_at)
    shown = _shown(alive_at)
    return Tampering(
        Tamper.POWER_LOST,
        f"{_moment(alive_at)} -> {_moment(now.alive_at)}",
        Words(
            f"本机上次没有正常关机，可能是突然断电（最后一次运行记录：{shown}），已记录",
            f"The box was not shut down: its power may have been cut (last known to run: {shown}); this is on record",
        ),
    )


def stand(before: Mapping[str, Standing], there: Iterable[Occupant], now_s: float) -> dict[str, Standing]:
    """Return since when each device has stood in its socket without a break, by socket."""
    standing = {}
    for occupant in there:
        known = before.get(occupant.socket)
        is_same = known is not None and known.occupant == occupant
        standing[occupant.socket] = known if known and is_same else Standing(occupant, now_s)
    return standing


def is_same(one: Occupant, other: Occupant) -> bool:
    """Tell whether two devices are one, as far as they can be told apart."""
    return (one.usb_id, one.usb_serial) == (other.usb_id, other.usb_serial)


def swap(
    remembered: Occupant, there: Occupant, *, is_read: bool, ours: Iterable[Occupant], standing: Iterable[Occupant]
) -> Tampering | None:
    """Return the swap if the device in a socket took the place of the one that is remembered there.

    Args:
        remembered: Who stood in the socket.
        there: Who stands there now.
        is_read: The configuration names it: what it sends is taken for a scan.
        ours: Devices known from any socket. One of them is no stranger.
        standing: Devices that stand anywhere now. A scanner that is one of them only moved, unless the other is read.
    """
    if is_same(remembered, there) or _is_among(there, ours) or (not is_read and _is_among(remembered, standing)):
        return None
    old, new = _name(remembered), _name(there)
    return Tampering(
        Tamper.SCANNER_SWAPPED,
        f"{there.socket[:_MOST_NAMED]}: {old} -> {new}",
        Words(
            f"扫码枪的 USB 口换了设备：原为 {old}，现为 {new}，已记录",
            f"Another device is in a scanner's USB socket: it was {old}, it is {new}; this is on record",
        ),
    )


def look_at(
    before: Carriers, up: frozenset[Interface], now_s: float, now: datetime
) -> tuple[Carriers, Tampering | None]:
    """Return what is known after a look at the interfaces that have a carrier, and what that means."""
    if up:
        return Carriers(up, now_s), None
    if not before.last or before.is_told:
        return before, None
    seen = replace(before, seen_s=now_s)
    if before.gone_at is None or now_s - before.seen_s > UNSEEN_S:
        return replace(seen, gone_at=now, gone_s=now_s), None
    patience_s = RADIO_PULLED_S if any(one.is_radio for one in before.last) else PULLED_S
    if now_s - before.gone_s < patience_s:
        return seen, None
    names, shown = " ".join(sorted(one.name for one in before.last))[: 4 * _MOST_NAMED], _shown(before.gone_at)
    pulled = Tampering(
        Tamper.NETWORK_PULLED,
        f"{names}, {_moment(before.gone_at)}",
        Words(
            f"本机的网络连接曾全部断开（{names}，{shown} 起），已记录",
            f"Every network connection of this box was cut ({names}, since {shown}); this is on record",
        ),
    )
    return replace(seen, is_told=True), pulled


def _is_among(occupant: Occupant, others: Iterable[Occupant]) -> bool:
    """Tell whether it is one of the others. Without a serial number it may be just another one like it."""
    return occupant.usb_serial != "" and any(is_same(occupant, other) for other in others)


def _shown(moment: datetime) -> str:
    """Return the time as the shop's wall has it."""
    return f"{moment.astimezone(SHOP_TIME):%Y-%m-%d %H:%M}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _name(occupant: Occupant) -> str:
    """Name a device. What it says of itself may be anything."""
    serial = f"#{occupant.usb_serial}" if occupant.usb_serial else ""
    parts = (part[:_MOST_NAMED] for part in (occupant.usb_id, occupant.label, serial) if part)
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(parts))
