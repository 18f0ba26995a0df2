"""What a scanned string is: the one entry to this package.

`read` asks one rule after another; the first that knows the text decides, and a rule whose system the text announces
and then breaks decides for `unknown`. The order is part of the contract (docs/codes.md): credentials first, because
they must be masked; what a symbol declares next; then prefixes, check digits, and last the weak grammars.
"""

from __future__ import annotations

from dataclasses import replace

from codes import benwei, credential, gs1, placeholder, retail, trace, unknown
from codes.dates import REFERENCE_YEAR
from codes.finding import Finding
from codes.reading import Confidence, Flag, Kind, Reading, Scan
from codes.text import Text, parse_text


def read(scan: Scan, reference_year: int = REFERENCE_YEAR) -> Reading:
    """Return what a scan is. Never raises, whatever the bytes, and never guesses: unsure means `Kind.UNKNOWN`.

    Args:
        scan: What the driver handed over.
        reference_year: The year from which the century of two-digit years is told (`codes.dates`).
    """
    text = parse_text(scan)
    finding = _find(text, scan.flags, reference_year) if text.is_readable else unknown.unreadable(text)
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


def _find(text: Text, scan_flags: tuple[Flag, ...], reference_year: int) -> Finding:
    code = text.text
    return (
        credential.find_voucher(code)
        or placeholder.find(code)
        or gs1.find_marked(text, reference_year)
        or retail.find_marked(text)
        or credential.find_id_number(code)
        or _find_trace(text)
        or gs1.find_unmarked(text, reference_year)
        or benwei.find(text, scan_flags)
        or retail.find(text)
        or _find_other_vendor(code)
        or unknown.explain(text)
    )


def _find_trace(text: Text) -> Finding | None:
    """Read 20 digits starting with 8 before GS1, because 1.4 % of them parse as an element string too."""
    code = text.text
    if not trace.is_mashangfangxin(code):
        return None
    if text.symbology is None:
        rivals = gs1.unproved_candidates(code)
        if rivals:
            return replace(trace.mashangfangxin(code, Confidence.LIKELY), candidates=rivals)
    return trace.mashangfangxin(code, Confidence.CERTAIN)


def _find_other_vendor(code: str) -> Finding | None:
    """Read 20 letters and digits last of all, unless a personal number hides among them."""
    found = trace.find_other_vendor(code)
    return None if found is None or credential.may_hold_credential(code) else found


def _hide_credential(finding: Finding, scan: Scan, text: Text) -> Finding:
    """Hide an unknown text that may hold a personal number, whatever else it may be."""
    whole = text.text if text.is_readable else scan.raw.decode("latin-1")
    if Flag.MASKED in finding.flags or not credential.may_hold_credential(whole):
        return finding
    return credential.hidden(text.text, finding.flags, finding.reasons)
