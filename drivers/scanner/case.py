"""What a device may do to letters on their way. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType


class Case(StrEnum):
    """What a device does to letters."""

    AS_IS = "as_is"
    INVERTED = "inverted"
    """As some keyboard scanners do when the host's Caps Lock light is on."""
    UPPER = "upper"
    LOWER = "lower"


_TURNS: Mapping[Case, Callable[[str], str]] = MappingProxyType(
    {Case.AS_IS: str, Case.INVERTED: str.swapcase, Case.UPPER: str.upper, Case.LOWER: str.lower}
)


def turned(code: bytes, case: Case) -> bytes:
    """Return `code` with its ASCII letters as the device sends them."""
    return _TURNS[case](code.decode("ascii", "surrogateescape")).encode("ascii", "surrogateescape")
