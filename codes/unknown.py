"""Texts that no rule knows: say why, offer what they might be, and never more than offer."""

from __future__ import annotations

from codes import gs1
from codes.finding import Finding, broken
from codes.reading import Reason
from codes.text import Text
from codes.words import Words

_NO_RULE = Reason(
    "text.no_rule",
    Words(
        "不是已知的药品或器械编码。请扫描“药品追溯码”旁的条码。",
        "No known code of a medicine or device. Scan the barcode beside 药品追溯码.",
    ),
)


def unreadable(text: Text) -> Finding:
    """Return the finding of bytes that cannot be a code; the reasons came with the text."""
    return broken(text.text)


def explain(text: Text) -> Finding:
    """Return the finding of a text that no rule knows."""
    return broken(text.text, _NO_RULE, candidates=gs1.unproved_candidates(text.text))
