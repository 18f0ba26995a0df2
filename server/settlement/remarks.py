"""What the sender should know of a settlement: kept at the end of its process text, so that a repeat can tell it again.

Whoever lost the first answer would never hear otherwise that a line was settled as one that no list holds, or a drug
without its approval.
"""

from __future__ import annotations

from typing import Final

from codes.words import Words
from rules.benefits.outcome import Settlement
from rules.benefits.telling import LONGEST, process_info

_MARK: Final = "\n【提示】"
_LONGEST_REMARKS: Final = 1_000
_READ_THERE: Final = "what is remarkable about it stands at the end of setl_proc_info"


def process_text(outcome: Settlement, remarks: tuple[str, ...]) -> str:
    """Return how a settlement came about, and after it what is remarkable, in Chinese; at most 4,000 characters."""
    told = "；".join(remarks)
    if not told:
        return process_info(outcome)
    end = _MARK + (told if len(told) <= _LONGEST_REMARKS else f"{told[:_LONGEST_REMARKS]}…")
    return process_info(outcome, LONGEST - len(end)) + end


def remarks_in(text: str) -> tuple[Words, ...]:
    r"""Return what a kept text says is remarkable.

    >>> [one.zh for one in remarks_in("【待遇计算】…\n【提示】明细 1：…")], remarks_in("【待遇计算】…")
    (['明细 1：…'], ())
    """
    told = text.partition(_MARK)[2]
    return (Words(told, _READ_THERE),) if told else ()
