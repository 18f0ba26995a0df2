"""What a pharmacy adds in `expContent`: the number of its sale, scanned codes, who reviewed the prescription.

2102 has no fields for these, and a sale without them is settled too. The content is one JSON object; it is looked at
for what is known here and otherwise left alone, since areas and vendors put other things into it as well.

| name | meaning |
| --- | --- |
| `stoout_no` or `chrg_bchno` | the institution's number of the sale, by which it is settled once |
| `drugtracinfo[]`, `drug_trac_codg` | trace codes, in any of their spellings; each may have `feedetl_sn`, `trdn_flag` |
| `phar_code` or `phar_prac_cert_no` | the pharmacist who reviewed, by code or by licence |
| `card_sn` | chip id of a social security card |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from codes.words import Words
from server.fsi.refusals import Refusal
from wire.fsi.json_text import NotJsonError, decode_json
from wire.fsi.record import Record
from wire.fsi.trace_codes import SettledCode, read_told_codes
from wire.fsi.values import trimmed

FIELD: Final = "expContent"
_LONGEST: Final = {"stoout_no": 40, "chrg_bchno": 30, "phar_code": 30, "phar_prac_cert_no": 50, "card_sn": 32}
_LONGEST_CODE: Final = 100
_MOST_CODES: Final = 1_000


class ExtensionError(Refusal):
    """What is known of the extension does not fit."""

    code = "fsi.extension"
    next_step = Words(
        "expContent 应为 JSON 对象；请按字段长度更正。", "expContent is a JSON object; mind the lengths of its fields."
    )


@dataclass(frozen=True, slots=True)
class Extension:
    """What is known of one."""

    texts: Mapping[str, str]
    codes: tuple[SettledCode, ...]
    is_damaged: bool = False
    """It begins as an object and is none: what the sender meant to say is lost, the number of the sale perhaps."""

    def text(self, name: str) -> str:
        """Return a text, or nothing."""
        return self.texts.get(name, "")


NOTHING: Final = Extension({}, ())
DAMAGED: Final = Extension({}, (), is_damaged=True)


def read_extension(record: Record) -> Extension:
    """Return what a record's extension says that is known here.

    Raises:
        ExtensionError: Something known is no text, or too long. What is no JSON object at all says nothing; one that is
            damaged neither, but whoever sent it is told.
    """
    raw = record.text_or(FIELD, "")
    if not raw.startswith("{"):
        return NOTHING
    try:
        said = decode_json(raw.encode())
    except NotJsonError:
        return DAMAGED
    if not isinstance(said, dict):
        return NOTHING
    codes = read_told_codes(said)
    if len(codes) > _MOST_CODES or any(len(one.code) > _LONGEST_CODE for one in codes):
        raise _unfit("drugtracinfo", Words(f"追溯码过多或超过 {_LONGEST_CODE} 位", "too many codes, or one too long"))
    return Extension({name: _text(name, said[name], most) for name, most in _LONGEST.items() if name in said}, codes)


def _text(name: str, value: object, most: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise _unfit(name, Words("应为文本", "should be a text"))
    text = trimmed(str(value))
    if len(text) > most:
        raise _unfit(name, Words(f"超过 {most} 个字符", f"has more than {most} characters"))
    return text


def _unfit(name: str, words: Words) -> ExtensionError:
    return ExtensionError(Words(f"{FIELD}.{name}：{words.zh}", f"{FIELD}.{name}: {words.en}"))
