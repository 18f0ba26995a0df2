"""Stand-in codes that some systems enter where a pack has none: they may never count as unique."""

from __future__ import annotations

from codes.finding import Finding, broken
from codes.reading import Flag, Reason
from codes.words import Words

DENIED = frozenset({"22000000000000000000"})
"""Known stand-ins: a hospital system's universal consumable code."""

_SHORTEST = 6

_PLACEHOLDER = Reason(
    "placeholder",
    Words(
        "这是占位码（全零、重复数字或通用码），不能作为唯一的追溯码。",
        "A stand-in (zeros, one repeated digit, a universal code), never a pack's own trace code.",
    ),
)


def find(code: str) -> Finding | None:
    """Recognise a stand-in code."""
    is_repeated = len(code) >= _SHORTEST and code[0].isalnum() and code == code[0] * len(code)
    if not is_repeated and code not in DENIED:
        return None
    return broken(code, _PLACEHOLDER, flags=(Flag.PLACEHOLDER,))
