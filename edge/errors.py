"""The base of what can go wrong at a terminal. What to do about it is said by a second base, from `codes.errors`."""

from __future__ import annotations

from typing import ClassVar

from codes.errors import YimaError


class EdgeError(YimaError):
    """Something at the terminal went wrong."""

    code: ClassVar[str] = "edge.error"
