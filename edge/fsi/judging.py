"""What the answer to a message that was sent again says of the first one.

The first time, no is no. When a message is sent again, a refusal may mean that the first one was done: a platform that
keeps no answers refuses a number that it has seen. Only our centre's own codes tell, and of them only those that are
given after it has looked for the first answer.
"""

from __future__ import annotations

from enum import StrEnum

from wire.fsi.asking import Answer


class Again(StrEnum):
    """What is known after a refusal of the same message."""

    NOT_DONE = "not_done"
    """It was not done."""
    REVERSED = "reversed"
    """It was taken back."""
    KEPT_OUT = "kept_out"
    """Nobody looked at it, because of who asks: ask again when that is mended."""
    OPEN = "open"
    """It says nothing."""


_REVERSED = "fsi.msgid_reversed"
_NOT_DONE = frozenset(
    {
        "fsi.sign_in_needed", "fsi.password_missing", "fsi.password_wrong", "fsi.password_locked", "fsi.extension",
        "fsi.person_unknown", "fsi.no_such_institution",
        # The number is another message's. Least of all is that one to be reversed.
        "fsi.msgid_reused",
    }
)  # fmt: skip
_KEPT_OUT = frozenset(
    {
        "fsi.unproved", "fsi.terminal_not_approved", "fsi.not_your_institution", "fsi.out_of_window",
        "fsi.signer_unknown", "fsi.answer_topic", "fsi.correlation",
    }
)  # fmt: skip
_OF_THE_FORM = ("fsi.", "store.", "people.seal")
"""Codes of what stands before the business: the envelope, the seal, the database."""


def judge_again(answer: Answer) -> Again:
    """Return what a refusal of a message that was sent again says of the first one."""
    if answer.code == _REVERSED:
        return Again.REVERSED
    if answer.code in _NOT_DONE:
        return Again.NOT_DONE
    if answer.code in _KEPT_OUT or answer.code.startswith("fsi.signature"):
        return Again.KEPT_OUT
    return Again.OPEN if not answer.code or answer.code.startswith(_OF_THE_FORM) else Again.NOT_DONE
