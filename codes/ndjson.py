"""One scan per line: `{"raw_hex","symbology","source"}` in, a reading out, whatever the line holds.

A line that is no such object is answered too, as `unknown` with a reason `input.…`, so that answers stay in step
with questions.
"""

from __future__ import annotations

import msgspec

from codes.as_json import encode_reading
from codes.classify import read
from codes.reading import Confidence, Kind, Reading, Reason, Scan
from codes.words import Words

_NOT_JSON = Reason(
    "input.json",
    Words(
        '这一行不是 JSON 对象。每行应为 {"raw_hex": "…", "symbology": "…", "source": "…"}。',
        'This line is no JSON object. Each must be {"raw_hex": "…", "symbology": "…", "source": "…"}.',
    ),
)
_BAD_FIELDS = Reason(
    "input.fields",
    Words(
        "缺少 raw_hex，或某个字段不是文本。",
        "raw_hex is missing, or a field is no text.",
    ),
)
_NOT_HEX = Reason(
    "input.raw_hex",
    Words(
        "raw_hex 不是十六进制字节，应由成对的 0–9、a–f 组成。",
        "raw_hex is no row of hexadecimal bytes: pairs of 0–9 and a–f.",
    ),
)
TOO_LONG = Reason(
    "input.too_long",
    Words("这一行太长，已跳过。", "This line is too long and was skipped."),
)


class _Line(msgspec.Struct):
    """One question; keys that are not named here are ignored."""

    raw_hex: str
    symbology: str | None = None
    source: str | None = None


_DECODER = msgspec.json.Decoder(_Line)


def answer(line: bytes, symbology: str | None = None) -> bytes:
    """Return the reading of one line as JSON, without a line end; never raises.

    `symbology` is that of a line that names none.
    """
    try:
        question = _DECODER.decode(line)
    except msgspec.ValidationError as error:
        return refusal(_NOT_JSON if "Expected `object`" in str(error) else _BAD_FIELDS)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return refusal(_NOT_JSON)
    try:
        raw = bytes.fromhex(question.raw_hex)
    except ValueError:
        return refusal(_NOT_HEX)
    return encode_reading(read(Scan(raw, question.symbology or symbology, question.source or "")))


def refusal(reason: Reason) -> bytes:
    """Return the answer to a line that holds no scan."""
    return encode_reading(Reading(Kind.UNKNOWN, "", Confidence.POSSIBLE, b"", reasons=(reason,)))
