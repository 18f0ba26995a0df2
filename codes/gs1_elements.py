"""GS1 element strings, taken apart strictly.

The table of application identifiers (AI), their patterns and separators is biip's. The walk is ours, because biip
accepts what GS1's own engine rejects: it strips blanks and separators, cuts a variable field at its greatest length
and reads the rest as the next AI, lets an empty message pass, takes centuries from the clock, and reports a wrong
check digit beside a parsed value (docs/codes.md lists them). Here an element string either parses as a whole or
gives the reason why not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from biip import ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier

from codes import gs1_content
from codes.check import is_digits
from codes.reading import Reason
from codes.text import GS
from codes.words import Words

_PERCENT_ESCAPES = "%[0-9A-Fa-f]"
_CSET_82 = r"[!%-?A-Z_a-z\x22]"
_AI_LENGTHS = (2, 3, 4)
_BRACKETED = re.compile(r"\(([0-9]{2,4})\)((?:\\\(|[^(])+)")

EMPTY = Reason(
    "gs1.empty",
    Words("GS1 条码里没有数据。", "The GS1 symbol carries no data."),
)
_UNKNOWN_AI = Reason(
    "gs1.unknown_identifier",
    Words(
        "GS1 数据中有无法识别的应用标识符（AI），可能是分隔符丢失或两码相连。",
        "The GS1 data has an unknown application identifier: a separator may be lost, or two codes glued.",
    ),
)
_BAD_VALUE = Reason(
    "gs1.value",
    Words(
        "GS1 某个字段的长度或字符不符合规定。",
        "A GS1 field has a length or a character that its identifier does not allow.",
    ),
)
_REPEATED = Reason(
    "gs1.repeated",
    Words(
        "同一个 GS1 应用标识符出现两次且内容不同，可能是两码相连。",
        "A GS1 identifier stands twice with different values: two codes may be glued.",
    ),
)
BAD_BRACKETS = Reason(
    "gs1.brackets",
    Words("带括号的 GS1 文本格式不对。", "The bracketed GS1 text is malformed."),
)


@dataclass(frozen=True, slots=True)
class Identifier:
    """One application identifier: how its value looks and whether a separator must follow."""

    ai: str
    value: re.Pattern[str]
    separator_required: bool


@dataclass(frozen=True, slots=True)
class Message:
    """An element string that parsed as a whole."""

    elements: Mapping[str, str]
    """Values by application identifier, in the order of the code."""
    canonical: str
    """The element string with separators only where they are required."""
    has_separator: bool
    """Whether a group separator stood between two elements."""
    is_open_ended: bool
    """Whether the last element has a variable length and no separator behind it."""


def parse_elements(text: str) -> Message | Reason:
    """Take apart an element string as a scanner sends it, or return the reason why it is none."""
    if not text:
        return EMPTY
    pairs: list[tuple[Identifier, str]] = []
    has_separator = False
    position = 0
    while position < len(text):
        identifier = _identifier(text, position)
        if identifier is None:
            return _UNKNOWN_AI
        start = position + len(identifier.ai)
        value = _value_at(text, start, identifier)
        if not value:  # biip lets 30 and 7004 be empty
            return _BAD_VALUE
        fault = gs1_content.fault(identifier.ai, value)
        if fault is not None:
            return fault
        pairs.append((identifier, value))
        position = start + len(value)
        if text.startswith(GS, position):
            position += 1
            has_separator = has_separator or position < len(text)
    is_open_ended = pairs[-1][0].separator_required and not text.endswith(GS)
    return _message(pairs, has_separator=has_separator, is_open_ended=is_open_ended)


def parse_brackets(text: str) -> Message | Reason:
    """Take apart the human-readable form `(01)…(17)…`; a bracket in a value has a backslash before it."""
    matches = tuple(_BRACKETED.finditer(text))
    if not matches or "".join(match.group() for match in matches) != text:
        return BAD_BRACKETS
    pairs: list[tuple[Identifier, str]] = []
    for match in matches:
        ai, value = match.group(1), match.group(2).replace("\\(", "(")
        identifier = _exactly(ai)
        if identifier is None:
            return _UNKNOWN_AI
        if not identifier.value.fullmatch(value):
            return _BAD_VALUE
        fault = gs1_content.fault(ai, value)
        if fault is not None:
            return fault
        pairs.append((identifier, value))
    return _message(pairs, has_separator=False, is_open_ended=False)


def _message(pairs: list[tuple[Identifier, str]], *, has_separator: bool, is_open_ended: bool) -> Message | Reason:
    elements: dict[str, str] = {}
    for identifier, value in pairs:
        if elements.setdefault(identifier.ai, value) != value:
            return _REPEATED
    return Message(MappingProxyType(elements), "".join(_canonical(pairs)), has_separator, is_open_ended)


def _canonical(pairs: list[tuple[Identifier, str]]) -> Iterator[str]:
    for identifier, value in pairs[:-1]:
        yield f"{identifier.ai}{value}{GS if identifier.separator_required else ''}"
    identifier, value = pairs[-1]
    yield f"{identifier.ai}{value}"


def _value_at(text: str, start: int, identifier: Identifier) -> str | None:
    """Return the value that begins at `start`; a variable one must run to a separator or to the end."""
    end = text.find(GS, start)
    if end < 0:
        end = len(text)
    if identifier.separator_required:
        match = identifier.value.fullmatch(text, start, end)
    else:
        match = identifier.value.match(text, start, end)
    return match.group() if match else None


def _identifier(text: str, start: int) -> Identifier | None:
    """Return the application identifier with which the text goes on at `start`; none begins another."""
    for length in _AI_LENGTHS:
        ai = text[start : start + length]
        if len(ai) < length or not is_digits(ai):
            return None
        identifier = _exactly(ai)
        if identifier is not None:
            return identifier
    return None


@cache  # at most 11,100 keys: the numbers of two to four digits
def _exactly(ai: str) -> Identifier | None:
    """Return the identifier that is exactly these digits; biip searches its table from end to end."""
    try:
        found = GS1ApplicationIdentifier.extract(ai)
    except ParseError:
        return None
    if found.ai != ai:
        return None
    return Identifier(ai, re.compile(_value_pattern(found), re.ASCII), found.separator_required)


def _value_pattern(identifier: GS1ApplicationIdentifier) -> str:
    """Return the pattern of the value alone.

    biip's pattern of the address fields nests two readings of `%` in one repetition and takes exponential time on
    hostile input; GS1 counts characters there, so the plain character set with its greatest length says the same.
    """
    if _PERCENT_ESCAPES in identifier.pattern:
        longest = identifier.format.rpartition("..")[2]
        return f"{_CSET_82}{{1,{longest}}}"
    return identifier.pattern.removeprefix(f"^{identifier.ai}").removesuffix("$")
