"""What one rule concluded about a text.

A rule takes a `Text` and returns a `Finding`, or `None` for "not my system". A finding of `Kind.UNKNOWN` is final
too: the text announces a system (a `+`, an `MA.`, a GS1 symbol) and then breaks its grammar, so that no weaker
rule may claim it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from codes.reading import NO_FIELDS, Candidate, Confidence, FieldValue, Flag, Kind, Reason


@dataclass(frozen=True, slots=True)
class Finding:
    """The part of a reading that a rule decides."""

    kind: Kind
    value: str
    """The code in its normal form."""
    confidence: Confidence
    fields: Mapping[str, FieldValue] = field(default_factory=lambda: NO_FIELDS)
    """The parts by their standard names (docs/codes.md)."""
    flags: tuple[Flag, ...] = ()
    """What the rule noticed or did, beyond what was done to the text."""
    reasons: tuple[Reason, ...] = ()
    candidates: tuple[Candidate, ...] = ()


def as_candidate(finding: Finding, confidence: Confidence = Confidence.POSSIBLE) -> Candidate:
    """Return a finding that lost as a candidate of the one that won."""
    return Candidate(finding.kind, finding.value, confidence, finding.reasons)


def broken(
    value: str,
    *reasons: Reason,
    flags: tuple[Flag, ...] = (),
    candidates: tuple[Candidate, ...] = (),
) -> Finding:
    """Return the finding of a text that announces a system and then breaks its grammar."""
    return Finding(Kind.UNKNOWN, value, Confidence.POSSIBLE, flags=flags, reasons=reasons, candidates=candidates)
