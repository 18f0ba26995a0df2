"""From the bytes of a scan to the text that the rules read.

Only this may be done to a text, each with its flag: CR, LF, Tab and one leading group separator are taken off;
bytes that are no UTF-8 are read as GB18030; full-width characters become their ASCII twins; invisible characters
are dropped; a symbology identifier in the text is taken off. A space is never stripped: it can be a check character.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from codes.reading import Flag, Reason, Scan
from codes.words import Words

GS = "\x1d"
"""The group separator, which stands for FNC1 behind the first position."""

LONGEST_CODE_BYTES = 4096
"""No symbol on a pack holds more; a longer line is kept, but not read."""

_SHOWN_OF_TOO_LONG = 256
_AFFIXES = "\r\n\t"
_FULL_WIDTH = {code + 0xFEE0: code for code in range(0x21, 0x7F)} | {0x3000: 0x20}
_ZERO_WIDTH = dict.fromkeys((0x200B, 0x200C, 0x200D, 0xFEFF))
_AIM = re.compile(r"\][A-Zcdeopsz][0-9A-Za-z]")
_CONTROL = re.compile(r"[\x00-\x1c\x1e\x1f\x7f-\x9f]")

_EMPTY = Reason("text.empty", Words("没有收到任何字符。", "No characters arrived."))
_TOO_LONG = Reason(
    "text.too_long",
    Words(
        f"内容超过 {LONGEST_CODE_BYTES} 字节，不是药品或器械上的码。",
        f"More than {LONGEST_CODE_BYTES} bytes: no code on a pack is that long.",
    ),
)
_UNDECODABLE = Reason(
    "text.undecodable",
    Words(
        "收到的字节既不是 UTF-8 也不是 GB18030 文本。请检查扫码枪的接口和编码设置。",
        "The bytes are text neither in UTF-8 nor in GB18030. Check the scanner's interface and encoding.",
    ),
)
_CONTROLS = Reason(
    "text.control_characters",
    Words(
        "码中夹有控制字符，可能是两次扫码连在一起，或扫码枪设置不对。请重新扫码。",
        "Control characters stand inside the code: two scans may have run together, or the scanner is set up wrongly."
        " Scan again.",
    ),
)
_BAD_SYMBOLOGY = Reason(
    "symbology.malformed",
    Words(
        "设备给出的码制标识格式不对，已忽略。",
        "The symbology identifier of the device is malformed and was ignored.",
    ),
)


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a scan, and what was done to get it."""

    text: str
    symbology: str | None
    """AIM identifier from the device or from the text."""
    flags: tuple[Flag, ...] = ()
    reasons: tuple[Reason, ...] = ()
    is_readable: bool = True
    """Whether the rules may read it; false for bytes that cannot be a code."""


def parse_text(scan: Scan) -> Text:
    """Return the text of a scan; whatever the bytes, without raising."""
    symbology, reasons = _known_symbology(scan.symbology)
    if len(scan.raw) > LONGEST_CODE_BYTES:
        shown = scan.raw[: 4 * _SHOWN_OF_TOO_LONG].decode("utf-8", "replace")[:_SHOWN_OF_TOO_LONG]
        return Text(shown, symbology, (Flag.TOO_LONG,), (*reasons, _TOO_LONG), is_readable=False)
    flags: list[Flag] = []
    decoded = _decode(scan.raw, flags)
    if decoded is None:
        shown = scan.raw.decode("ascii", "backslashreplace")
        return Text(shown, symbology, (Flag.UNDECODABLE,), (*reasons, _UNDECODABLE), is_readable=False)
    text = _strip_affixes(normalise(decoded, flags), flags)
    text, symbology = _strip_aim(text, symbology, flags)
    if not text and symbology is None:
        return Text("", None, tuple(flags), (*reasons, _EMPTY), is_readable=False)
    if _CONTROL.search(text):
        flags.append(Flag.CONTROL_CHARACTERS)
        return Text(text, symbology, tuple(flags), (*reasons, _CONTROLS), is_readable=False)
    return Text(text, symbology, tuple(flags), reasons)


def _known_symbology(symbology: str | None) -> tuple[str | None, tuple[Reason, ...]]:
    if not symbology:
        return None, ()
    if _AIM.fullmatch(symbology):
        return symbology, ()
    return None, (_BAD_SYMBOLOGY,)


def _decode(raw: bytes, flags: list[Flag]) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return None
    flags.append(Flag.GB18030)
    return text


def normalise(text: str, flags: list[Flag] | None = None) -> str:
    """Return a text without invisible characters and full-width twins of ASCII; note in `flags` what was done."""
    if text.isascii():
        return text
    visible = text.translate(_ZERO_WIDTH)
    narrow = visible.translate(_FULL_WIDTH)
    if flags is not None:
        flags += [Flag.ZERO_WIDTH_REMOVED] * (visible != text) + [Flag.NORMALISED_WIDTH] * (narrow != visible)
    return narrow


def _strip_affixes(text: str, flags: list[Flag]) -> str:
    bare = text.strip(_AFFIXES).removeprefix(GS)
    if bare != text:
        flags.append(Flag.AFFIX_STRIPPED)
    return bare


def _strip_aim(text: str, symbology: str | None, flags: list[Flag]) -> tuple[str, str | None]:
    """Take a symbology identifier off the text, unless the device named another one."""
    found = _AIM.match(text)
    if found is None or symbology not in {None, found.group()}:
        return text, symbology
    flags.append(Flag.AIM_STRIPPED)
    rest = text[found.end() :]
    if rest.startswith(GS):
        rest = rest[1:]
        flags.append(Flag.AFFIX_STRIPPED)
    return rest, found.group()
