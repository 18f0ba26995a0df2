"""Answers that were found and not made: the centre says so by a code, and any centre by whose message it names.

Who settles or cancels once more what another message has settled or cancelled is answered with what stands. To whoever
asks again for want of an answer that is the answer; to another counter it says that somebody else was there before.
"""

from __future__ import annotations

from codes.words import Words
from wire.fsi.message_ids import check_msgid

SETTLED_BEFORE = "settlement.settled_before"
CANCELLED_BEFORE = "settlement.cancelled_before"
"""They stand in `warn_msg`, each at the beginning of its sentence."""


def marked(code: str, words: Words) -> Words:
    """Return a remark with its code before it, in both languages."""
    return Words(f"[{code}] {words.zh}", f"[{code}] {words.en}")


def says_found(warning: str) -> bool:
    """Say whether an answer's `warn_msg` names what it tells as found.

    >>> says_found("明细 1：…；[settlement.cancelled_before] 该结算此前已撤销"), says_found("该结算此前已撤销")
    (True, False)
    """
    return any(f"[{code}]" in warning for code in (SETTLED_BEFORE, CANCELLED_BEFORE))


def names_another(medins_setl_id: str, institution: str, *own: str | None) -> bool:
    """Say whether a `medins_setl_id` is the number of a message of this institution that is none of `own`.

    What is no such number says nothing: some platforms put a serial of their own there.
    """
    return medins_setl_id not in own and bool(medins_setl_id) and check_msgid(medins_setl_id, institution) is None
