"""What came of a message that changes something, by the answer to it or to its repeat."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from edge.fsi.judging import Again, judge_again
from edge.pos.reading import is_agreed
from wire.fsi.asking import Answer

_CODE = re.compile(r"\[([a-z0-9_.]+)\]")
_MAYBE_DONE = frozenset({"fsi.internal", "store.unavailable"})
"""Refusals of our centre that do not say whether it was done."""
_NOT_LOOKED_AT = _MAYBE_DONE | {"fsi.busy", "fsi.replayed", "people.seal_broken"}
"""Refusals of a repeat that say nothing now and will say something later."""


class Came(StrEnum):
    """What came of a message."""

    DONE = "done"
    NOT_DONE = "not_done"
    REVERSED = "reversed"
    OPEN = "open"
    """Nobody knows; asking again may tell."""
    UNTOLD = "untold"
    """Nobody knows, and a repeat does not tell either."""

    @property
    def is_known(self) -> bool:
        """Whether the question is answered."""
        return self not in {Came.OPEN, Came.UNTOLD}


def came_of(answer: Mapping[str, object], *, is_repeat: bool) -> Came:
    """Return what an answer says; of a message that was sent again a refusal need not say that it was not done."""
    if is_agreed(answer):
        return Came.DONE
    found = _CODE.match(str(answer.get("err_msg") or ""))
    code = found[1] if found else ""
    if code in _MAYBE_DONE or answer.get("infcode") in (None, ""):
        return Came.OPEN
    if not is_repeat:
        return Came.NOT_DONE
    if code in _NOT_LOOKED_AT:
        return Came.OPEN
    told = Answer(
        "", is_success=False, code=code, message="", warning="", refmsgid="", output=None, faults=(), clear=b""
    )
    return _AGAIN[judge_again(told)]


_AGAIN = {
    Again.NOT_DONE: Came.NOT_DONE,
    Again.REVERSED: Came.REVERSED,
    Again.KEPT_OUT: Came.OPEN,
    Again.OPEN: Came.UNTOLD,
}
