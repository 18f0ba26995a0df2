"""Text that a vendor's library wrote: in which encoding, and what of it may be shown. Pure."""

from __future__ import annotations

import re

from codes.credential import may_hold_credential

HIDDEN = "…"
_MOST = 120
_FIRST_OF_THREE_BYTES = "\u0800"
_FIRST_OF_TWO_BYTES = "\x80"
_NUMBER = re.compile(r"(?=[0-9A-Za-z]*[0-9]{4})[0-9A-Za-z]{8,}")
"""A card's number, a token, a serial; what an error is numbered by is shorter."""


def read_text(written: bytes) -> str:
    """Read what a library wrote: UTF-8 or GB 18030, which is nowhere said.

    The four bytes of a name in GB 18030 may be two letters of another script in UTF-8 (叶强 is D2 B6 C7 BF). Chinese
    takes three bytes in UTF-8, so a text of two-byte letters alone is GB 18030.

    Raises:
        UnicodeDecodeError: It is neither.
    """
    try:
        text = written.decode("utf-8")
    except UnicodeDecodeError:
        return written.decode("gb18030")
    highest = max(text, default="")
    if _FIRST_OF_TWO_BYTES <= highest < _FIRST_OF_THREE_BYTES:
        try:
            return written.decode("gb18030")
        except UnicodeDecodeError:
            return text
    return text


def shown_words(reason: str) -> str:
    """Return a library's own words as they may be shown and logged: short, of one line, without numbers of a person."""
    if may_hold_credential(reason):
        return HIDDEN
    line = " ".join("".join(character if character.isprintable() else " " for character in reason).split())
    return _NUMBER.sub(HIDDEN, line)[:_MOST]
