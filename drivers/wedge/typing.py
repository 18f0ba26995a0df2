"""A code as the strokes a scanner would type, and the settings of a wedge that types. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.strokes import END_KEYS, EndKey, GsTyping, Manner, Stroke, tap, type_code
from drivers.wedge.errors import WedgeTextError

_GS = b"\x1d"


@dataclass(frozen=True, slots=True)
class TypingSettings:
    """How to type."""

    path: str
    """The node that takes the keys."""
    name: str = ""
    layout: str = "us"
    """The layout the receiving desktop is set to."""
    end: EndKey | None = EndKey.ENTER
    gs: GsTyping = GsTyping.DROPPED
    """How a group separator is typed; what a product barcode never holds."""
    pace_s: float = 0.002
    """Between two reports: faster than a person, slower than the slowest desktop."""

    @property
    def device(self) -> str:
        return f"wedge:{self.name or self.path}"


def strokes_of(code: bytes, settings: TypingSettings) -> Sequence[Stroke]:
    """Return the strokes that type `code` and end it.

    Raises:
        WedgeTextError: A character is on no key of the layout. It is not typed by Alt and a number: what that gives
            depends on the receiving program, and a wrong code would pass for a right one.
    """
    layout = LAYOUTS[settings.layout]
    if any(chr(byte) not in layout.strokes for byte in code if byte != _GS[0]):
        raise WedgeTextError(settings.device)
    typed = list(type_code(code, layout, settings.gs, Manner.KEYS))
    return typed if settings.end is None else [*typed, tap(END_KEYS[settings.end])]
