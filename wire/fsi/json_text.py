"""JSON as the interface sends it: numbers with a point become Decimal, never float, and no sender can break us."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from decimal import Decimal
from typing import ClassVar

import msgspec

from codes.errors import RejectedError
from codes.words import Words
from wire.errors import UNDECODABLE, WireError

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
MOST_LEVELS = 64
"""Objects and lists within each other. Nothing of the interface has ten; a thousand would break whoever reads them."""
_STRINGS_AND_BRACKETS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]', re.DOTALL)
_OPENING, _CLOSING = (b"{", b"["), (b"}", b"]")
_POSITION = re.compile(r"\(byte (\d+)\)")


class NotJsonError(WireError, RejectedError):
    """The bytes are no JSON text in UTF-8."""

    code: ClassVar[str] = "fsi.not_json"
    next_step: ClassVar[Words] = Words(
        "请发送 UTF-8 编码的 JSON，检查引号、逗号与括号。",
        "Send JSON in UTF-8; check quotes, commas and brackets.",
    )

    def __init__(self, words: Words, line: int, column: int) -> None:
        super().__init__(words)
        self.line = line
        self.column = column


def decode_json(text: bytes) -> object:
    """Return what the text says.

    Raises:
        NotJsonError: It is no JSON, or not in UTF-8; with line and column, counted from 1.
    """
    text = text.removeprefix(BOM_UTF8)
    _refuse_deep(text)
    try:
        text.decode()
        decoded: object = _DECODER.decode(text)
    except UNDECODABLE as exc:
        raise _not_json(text, exc) from exc
    return decoded


def encode_json(value: object) -> bytes:
    """Return the JSON text of a value; a Decimal is written as the number it is."""
    return _ENCODER.encode(value)


def _refuse_deep(text: bytes) -> None:
    if text.count(b"{") + text.count(b"[") <= MOST_LEVELS:
        return
    level = 0
    for found in _STRINGS_AND_BRACKETS.finditer(text):
        sign = found[0]
        level += (sign in _OPENING) - (sign in _CLOSING)
        if level > MOST_LEVELS:
            line, column = _place(text, found.start())
            words = Words(
                f"嵌套超过 {MOST_LEVELS} 层（第 {line} 行第 {column} 列）",
                f"Nested more than {MOST_LEVELS} deep (line {line}, column {column})",
            )
            raise NotJsonError(words, line, column)


def _not_json(text: bytes, error: Exception) -> NotJsonError:
    if isinstance(error, UnicodeDecodeError):
        line, column = _place(text, error.start)
        return NotJsonError(
            Words(f"第 {line} 行第 {column} 列不是 UTF-8 编码", f"Line {line}, column {column} is not UTF-8"),
            line,
            column,
        )
    if not text.strip():
        return NotJsonError(Words("没有内容", "There is nothing in it"), 1, 1)
    found = _POSITION.search(str(error))
    line, column = _place(text, int(found[1]) if found else len(text))
    return NotJsonError(
        Words(f"不是合法的 JSON（第 {line} 行第 {column} 列）", f"No valid JSON (line {line}, column {column})"),
        line,
        column,
    )


def _place(text: bytes, position: int) -> tuple[int, int]:
    before = text[:position]
    start = before.rfind(b"\n") + 1
    return before.count(b"\n") + 1, len(before[start:].decode("utf-8", "replace")) + 1
