"""What the camera's process is told, and what it tells: one JSON value a line, in both directions.

The order goes in over standard input, not on the command line, because a camera's address may hold a password.
"""

from __future__ import annotations

import msgspec


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to watch, and how."""

    device: str
    source: str
    width: int = 0
    height: int = 0
    fps: int = 0
    budget_ms: float = 120.0
    expect: int | None = None
    absent_s: float = 2.0
    stall_s: float = 12.0
    """Without a frame for so long the camera is opened again: with what starting takes, it is back within 30 s."""


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """The first frame came."""

    width: int
    height: int


class Seen(msgspec.Struct, frozen=True, tag="seen"):
    """A code was read and confirmed."""

    raw_hex: str
    aim: str | None
    step: str


class Health(msgspec.Struct, frozen=True, tag="health"):
    """What was done since the start; sent once a second, and so a sign of life."""

    frames: int = 0
    damaged: int = 0
    """No picture: skipped."""
    blank: int = 0
    moving: int = 0
    laddered: int = 0
    still: int = 0
    frame_bytes: int = 0


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The camera can be read no longer; the process ends."""

    code: str
    """The code of the error that says why (`drivers.camera.errors`)."""


Told = Opened | Seen | Health | Ended

ORDERS = msgspec.json.Decoder(Order)
TOLD: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)
ENCODER = msgspec.json.Encoder()
