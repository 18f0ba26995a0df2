"""Two codes that arrived as one string, because a suffix was lost or the trigger pulled twice.

Nothing is ever split: the whole stays unknown, and the parts are offered as candidates for a person to see. Only
parts that prove themselves count, and only at lengths that are known beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from codes.finding import Finding, as_candidate, broken
from codes.reading import Flag, Kind, Reason
from codes.trace import TRACE_LENGTH, is_mashangfangxin
from codes.words import Words

_LONGEST = 512
_KNOWN_LENGTHS = (13, 18, TRACE_LENGTH, 28)
_SELF_PROVING = frozenset({Kind.TRACE, Kind.GS1, Kind.HIBC, Kind.MA, Kind.VOUCHER, Kind.ID_NUMBER})
_EAN_13_LENGTH = 13

_GLUED = Reason(
    "text.glued",
    Words(
        "两个码连在了一起，没有拆开处理。请逐个重新扫码，并检查扫码枪的结束符设置。",
        "Two codes arrived as one and were not split. Scan them again one by one and check the scanner's suffix.",
    ),
)


def find(code: str, read_alone: Callable[[str], Finding | None]) -> Finding | None:
    """Recognise a text as two or more codes; `read_alone` reads a part by the strict rules."""
    if not TRACE_LENGTH <= len(code) <= _LONGEST and not _is_doubled(code):
        return None
    parts = _trace_codes(code, read_alone) or _halves(code, read_alone)
    if not parts:
        return None
    return broken(code, _GLUED, flags=(Flag.GLUED,), candidates=tuple(map(as_candidate, parts)))


def _trace_codes(code: str, read_alone: Callable[[str], Finding | None]) -> list[Finding]:
    """Return the parts of a row of trace codes."""
    if len(code) == TRACE_LENGTH or len(code) % TRACE_LENGTH:
        return []
    parts = [code[at : at + TRACE_LENGTH] for at in range(0, len(code), TRACE_LENGTH)]
    if not all(map(is_mashangfangxin, parts)):
        return []
    return [found for part in parts if (found := read_alone(part))]


def _halves(code: str, read_alone: Callable[[str], Finding | None]) -> list[Finding]:
    """Return two parts that both prove themselves, at the first cut that gives such."""
    for cut in _cuts(code):
        left = read_alone(code[:cut])
        right = read_alone(code[cut:]) if left else None
        if left and right and (code[:cut] == code[cut:] or _prove_themselves(left, right)):
            return [left, right]
    return []


def _cuts(code: str) -> Iterator[int]:
    length = len(code)
    for known in _KNOWN_LENGTHS:
        if known < length:
            yield known
            yield length - known
    if _is_doubled(code):
        yield length // 2
    for head in ("+", "MA."):
        at = code.upper().find(head, 1)
        if at > 0:
            yield at


def _is_doubled(code: str) -> bool:
    middle, odd = divmod(len(code), 2)
    return middle > 0 and not odd and code[:middle] == code[middle:]


def _prove_themselves(*findings: Finding) -> bool:
    return all(
        len(found.value) == _EAN_13_LENGTH if found.kind is Kind.RETAIL else found.kind in _SELF_PROVING
        for found in findings
    )
