"""A simulated card reader: the library's functions, with cards played before it.

It writes what the real one writes: fields with a bar after each, in GB 18030, and words of its own where it fails.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import msgspec

from drivers.vendor.child import Addresses, serve
from drivers.vendor.twin import Desk, Fault, addresses_of, suffer, write_room

_TWO_TEXTS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
_TWO_ROOMS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_TEXT_AND_ROOMS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p)
_ROOM = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_NO_CARD, _NOT_STARTED, _WRONG_PIN, _NO_SERVICE = 1, 2, 3, 4
_NEEDED = {"IP": str, "PORT": int, "TIMEOUT": int, "LOG_PATH": str}
START: Mapping[str, str | int] = MappingProxyType({"IP": "127.0.0.1", "PORT": 8080, "TIMEOUT": 60, "LOG_PATH": "/dev"})
"""What the twin takes for its start where nothing else is said."""


class InsuranceCard(msgspec.Struct, frozen=True, tag="insurance"):
    """A social-security card on the reader."""

    id_number: str
    name: str
    district: str
    number: str
    serial: str
    types_pin_right: bool = True
    """What its holder will type at the reader."""


class IdCard(msgspec.Struct, frozen=True, tag="id"):
    """A resident identity card on the reader."""

    id_number: str
    name: str
    sex: str
    born: str
    """YYYYMMDD."""


_Card = TypeVar("_Card", InsuranceCard, IdCard)


class Before(msgspec.Struct, frozen=True):
    """What lies on the reader."""

    card: InsuranceCard | IdCard
    fault: Fault | None = None


class SimulatedCardReader:
    """Plays the people with their cards."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._desk = Desk(folder, Before)

    @property
    def command(self) -> tuple[str, ...]:
        """The process that serves the twin in place of a library."""
        return twin_command(self._folder)

    def lay(self, card: InsuranceCard | IdCard, *, fault: Fault | None = None) -> None:
        """Lay a card on the reader."""
        self._desk.put(Before(card, fault))

    def take_away(self) -> None:
        """Take the card off."""
        self._desk.clear()


def twin_command(folder: Path) -> tuple[str, ...]:
    """Return the command of the process that serves the twin which is played in `folder`."""
    return (sys.executable, "-m", "drivers.card.simulated", str(folder))


class _Twin:
    def __init__(self, folder: Path) -> None:
        self._desk = Desk(folder, Before)
        self._has_started = False

    def start(self, told: bytes, words: int) -> int:
        """Be `Init`."""
        settings = json.loads(told)
        for name, kind in _NEEDED.items():
            if not isinstance(settings.get(name), kind):
                return self._fails(words, _NO_SERVICE, f"参数{name}错误")
        self._has_started = True
        return 0

    def read_card(self, room: int, words: int) -> int:
        """Be `ReadCardBas`."""
        card = self._card(InsuranceCard, words)
        if not isinstance(card, InsuranceCard):
            return card
        fields = [
            card.district,
            card.id_number,
            card.number,
            card.serial,
            card.name,
            "008100000000",
            "2.00",
            "20200101",
            "20300101",
            "000000000001",
            "",
        ]
        self._tell(room, fields)
        return 0

    def read_person(self, _path: bytes | None, room: int, words: int) -> int:
        """Be `ReadSFZ`."""
        card = self._card(IdCard, words)
        if not isinstance(card, IdCard):
            return card
        fields = [card.name, card.sex, "汉", card.born, "某省某市", card.id_number, "20200101", "20400101", "某公安局"]
        self._tell(room, fields)
        return 0

    def check_pin(self, words: int) -> int:
        """Be `VerifyPIN`."""
        card = self._card(InsuranceCard, words)
        if not isinstance(card, InsuranceCard):
            return card
        return 0 if card.types_pin_right else self._fails(words, _WRONG_PIN, "密码错误")

    def _card(self, kind: type[_Card], words: int) -> _Card | int:
        if not self._has_started:
            return self._fails(words, _NOT_STARTED, "未初始化")
        before = self._desk.look()
        if before is not None and before.fault is Fault.FORGET:
            self._has_started = False
        if before is None or not isinstance(before.card, kind) or before.fault in (Fault.REFUSE, Fault.FORGET):
            return self._fails(words, _NO_CARD, "未检测到卡片")
        suffer(before.fault)
        return before.card

    def _tell(self, room: int, fields: list[str]) -> None:
        before = self._desk.look()
        told = fields[:3] if before is not None and before.fault is Fault.GARBAGE else fields
        write_room(room, "".join(f"{field}|" for field in told).encode("gb18030"))

    def _fails(self, words: int, number: int, reason: str) -> int:
        write_room(words, reason.encode("gb18030"))
        return number


def _load(folder: Path) -> Addresses:
    twin = _Twin(folder)
    return addresses_of(
        {
            "Init": _TWO_TEXTS(twin.start),
            "ReadCardBas": _TWO_ROOMS(twin.read_card),
            "ReadSFZ": _TEXT_AND_ROOMS(twin.read_person),
            "VerifyPIN": _ROOM(twin.check_pin),
        }
    )


if __name__ == "__main__":
    sys.exit(serve(lambda: _load(Path(sys.argv[1]))))
