"""What a scanned string is: the one entry to this package.

`read` asks one rule after another; the first that knows the text decides, and a rule whose system the text announces
and then breaks decides for `unknown`. The order is part of the contract (docs/codes.md): credentials first, because
they must be masked; what a symbol declares next; then prefixes, check digits, and last the weak grammars.
"""

from __future__ import annotations

from dataclasses import replace

from codes import (
    benwei,
    credential,
    glued,
    gs1,
    hibc,
    isbt,
    ma,
    national,
    placeholder,
    retail,
    trace,
    unknown,
)
from codes.dates import REFERENCE_YEAR
from codes.finding import Finding
from codes.reading import Confidence, Flag, Kind, Reading, Scan
from codes.text import Text, normalise, parse_text

_FINAL_FLAGS = frozenset({Flag.MASKED, Flag.PLACEHOLDER})
"""Flags of a finding of `unknown` that nothing may replace."""


def read(scan: Scan, reference_year: int = REFERENCE_YEAR) -> Reading:
    """Return what a scan is. Never raises, whatever the bytes, and never guesses: unsure means `Kind.UNKNOWN`.

    Args:
        scan: What the driver handed over.
        reference_year: The year from which the century of two-digit years is told (`codes.dates`).
    """
    text = parse_text(scan)
    is_typed = Flag.TYPED in scan.flags
    finding = _find(text, reference_year, is_typed=is_typed) if text.is_readable else unknown.unreadable(text)
    if finding.kind is Kind.UNKNOWN:
        finding = _hide_credential(finding, scan, text)
    flags = (*scan.flags, *text.flags, *finding.flags)
    return Reading(
        kind=finding.kind,
        value=finding.value,
        confidence=finding.confidence,
        raw=b"" if Flag.MASKED in finding.flags else scan.raw,
        symbology=text.symbology,
        source=scan.source,
        fields=finding.fields,
        flags=tuple(dict.fromkeys(flags)) if len(flags) > 1 else flags,
        candidates=finding.candidates,
        reasons=(*text.reasons, *finding.reasons),
    )


def read_text(text: str, symbology: str | None = None, source: str = "") -> Reading:
    """Return what a string is: `read` for texts that came from no scanner."""
    return read(Scan(text.encode("utf-8", "surrogatepass"), symbology, source))


def _find(text: Text, reference_year: int, *, is_typed: bool) -> Finding:
    found = _find_strict(text, reference_year, is_typed=is_typed) or _find_other_vendor(text.text)
    if found and not _may_be_glued(found):
        return found

    def read_alone(part: str) -> Finding | None:
        alone = _find_strict(Text(part, None), reference_year, is_typed=is_typed)
        return None if alone is None or alone.kind is Kind.UNKNOWN else alone

    return glued.find(text.text, read_alone) or found or unknown.explain(text, read_alone)


def _may_be_glued(found: Finding) -> bool:
    """Say whether a finding is that of a broken grammar, which a second code behind the first can explain."""
    return found.kind is Kind.UNKNOWN and _FINAL_FLAGS.isdisjoint(found.flags)


def _find_strict(text: Text, reference_year: int, *, is_typed: bool) -> Finding | None:
    """Ask every rule but the last, whose grammar almost any 20 characters fit."""
    code = text.text
    return (
        credential.find_voucher(code)
        or placeholder.find(code)
        or gs1.find_marked(text, reference_year)
        or retail.find_marked(text)
        or ma.find(code, reference_year)
        or hibc.find(code, reference_year)
        or isbt.find(code)
        or credential.find_id_number(code)
        or _find_trace(text)
        or gs1.find_unmarked(text, reference_year)
        or benwei.find(text, is_typed=is_typed)
        or retail.find(text)
        or national.find(code)
    )


def _find_trace(text: Text) -> Finding | None:
    """Read 20 digits starting with 8 before GS1, because 1.4 % of them parse as an element string too."""
    code = text.text
    if not trace.is_mashangfangxin(code):
        return None
    rivals = gs1.unproved_candidates(code) if text.symbology is None else ()
    confidence = Confidence.LIKELY if rivals else Confidence.CERTAIN
    return replace(trace.mashangfangxin(code, confidence), candidates=rivals)


def _find_other_vendor(code: str) -> Finding | None:
    """Read 20 letters and digits last of all, unless a personal number hides among them."""
    found = trace.find_other_vendor(code)
    return None if found is None or credential.may_hold_credential(code) else found


def _hide_credential(finding: Finding, scan: Scan, text: Text) -> Finding:
    """Hide an unknown text that may hold a personal number, whatever else it may be."""
    whole = text.text
    if not text.is_readable:
        whole = f"{whole}|{normalise(scan.raw.decode('utf-8', 'replace'))}"
    if Flag.MASKED in finding.flags or not credential.may_hold_credential(whole):
        return finding
    # The parts of a glued text are strict readings, which mask themselves; any other candidate may show the number.
    candidates = finding.candidates if Flag.GLUED in finding.flags else ()
    return replace(credential.hidden(text.text, finding.flags, finding.reasons), candidates=candidates)
