"""A reading as JSON: the one encoding that the command line, the HTTP interfaces and the logs share.

The keys are exactly `kind value fields confidence flags candidates reasons`, in this order (docs/codes.md). Raw bytes
are no part of it: whoever needs them has the scan, and a credential must not leak.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import msgspec

from codes.reading import FieldValue, Reading, Reason

FieldRecord = str | int | dict[str, str] | None
"""A field in JSON: text, a count, a map of application identifiers, or null."""


class ReasonRecord(TypedDict):
    """A reason in JSON."""

    code: str
    zh: str
    en: str


class CandidateRecord(TypedDict):
    """A candidate in JSON."""

    kind: str
    value: str
    confidence: str
    reasons: list[ReasonRecord]


class ReadingRecord(TypedDict):
    """A reading in JSON."""

    kind: str
    value: str
    fields: dict[str, FieldRecord]
    confidence: str
    flags: list[str]
    candidates: list[CandidateRecord]
    reasons: list[ReasonRecord]


_ENCODER = msgspec.json.Encoder()


def reading_record(reading: Reading) -> ReadingRecord:
    """Return a reading as plain values."""
    return {
        "kind": reading.kind.value,
        "value": reading.value,
        "fields": {name: _field(value) for name, value in reading.fields.items()},
        "confidence": reading.confidence.value,
        "flags": [flag.value for flag in reading.flags],
        "candidates": [
            {
                "kind": candidate.kind.value,
                "value": candidate.value,
                "confidence": candidate.confidence.value,
                "reasons": _reasons(candidate.reasons),
            }
            for candidate in reading.candidates
        ],
        "reasons": _reasons(reading.reasons),
    }


def encode_reading(reading: Reading) -> bytes:
    """Return a reading as one line of UTF-8 JSON, without the line end."""
    return _ENCODER.encode(reading_record(reading))


def _field(value: FieldValue) -> FieldRecord:
    return dict(value) if isinstance(value, Mapping) else value


def _reasons(reasons: tuple[Reason, ...]) -> list[ReasonRecord]:
    return [{"code": reason.code, "zh": reason.words.zh, "en": reason.words.en} for reason in reasons]
