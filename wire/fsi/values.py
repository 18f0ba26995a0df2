"""One value of a message, read by its field: text, Decimal, date, aware time, or bytes.

Reading is lenient where a source is known to be (a number written as text, a code written as a number) and strict
everywhere else: nothing is rounded, cut or guessed. Money never passes through a float. What is read here and may be
read otherwise elsewhere, or refused, `oddity_of` tells.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from codes.words import Words
from wire.fsi.fields import Field, Kind, Sign
from wire.fsi.json_text import encode_json
from wire.fsi.shapes import Shape

BEIJING = timezone(timedelta(hours=8))
"""The time of the interface."""

Value = str | Decimal | date | datetime | bytes
"""What a plain field holds once it is read."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_WITH_EXPONENT = re.compile(rf"{_NUMBER.pattern}[eE][+-]?\d+", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_DATETIME = re.compile(r"(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})", re.ASCII)
_FIRST_YEAR = 1800
"""Nobody insured was born before; and a year 1 cannot be moved to another time zone."""
_BLANKS = " \t\r\n\u3000\xa0"
"""What surrounds a value and is no part of it. The group separator of a GS1 code is not among them."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""No database keeps these in a text."""
_EXPONENT = Words("用了科学计数法，应写成普通小数", "has an exponent; write it as a plain decimal")
_BLANKS_AROUND = Words("前后有空白，读取时已去掉", "has blanks around it, which were dropped")
_SHOWN = 20
_BYTE_VALUES = 256
_MOST_DIGITS = 30


class UnreadableValueError(ValueError):
    """A value does not fit its field: a stable code, and the rest of a sentence that begins with the field's name."""

    def __init__(self, code: str, words: Words) -> None:
        super().__init__(code)
        self.code = code
        self.words = words


def trimmed(text: str) -> str:
    """Return a text without the blanks around it; a group separator stays, for it belongs to a code."""
    return text.strip(_BLANKS)


def is_absent(raw: object) -> bool:
    """Tell whether a value is not given: null, an empty or blank text, an empty list or object."""
    if isinstance(raw, str):
        return not trimmed(raw)
    return raw is None or (isinstance(raw, list | dict) and not raw)


def read_value(field: Field, raw: object) -> Value:
    """Return what `raw` says, as the kind of `field` wants it.

    Raises:
        UnreadableValueError: It does not fit.
    """
    match field.kind:
        case Kind.NUMBER:
            return _number(field, raw)
        case Kind.DATE:
            return _date(raw)
        case Kind.DATETIME:
            return _moment(raw)
        case Kind.BYTES:
            return _content(raw)
        case _:
            return _text(field, raw)


def _text(field: Field, raw: object) -> str:
    text = trimmed(_as_text(field, raw))
    if _UNSTORABLE.search(text):
        raise UnreadableValueError(
            "fsi.bad_character", Words("含有无法保存的字符", "has a character that nobody can keep")
        )
    if field.length is not None and len(text) > field.length:
        raise UnreadableValueError(
            "fsi.too_long",
            Words(
                f"超长：{len(text)} 个字符，最多 {field.length}", f"has {len(text)} characters, at most {field.length}"
            ),
        )
    if field.dictionary.is_closed and text not in field.coded:
        raise UnreadableValueError("fsi.not_in_dictionary", words_of_dictionary(field, text))
    if field.shape is not None and not field.is_shape_advice and not field.shape.fits(text):
        raise UnreadableValueError("fsi.wrong_form", _words_of_shape(field.shape, text))
    return text


def _words_of_shape(shape: Shape, text: str) -> Words:
    must = shape.words
    return Words(f"{must.zh}，现为“{_shown(text)}”", f"{must.en}, and is “{_shown(text)}”")


def _as_text(field: Field, raw: object) -> str:
    if isinstance(raw, str):
        return raw
    # A code without a leading zero is often sent as a number; `true` is a bool and no number here.
    if isinstance(raw, int | Decimal) and not isinstance(raw, bool):
        return str(raw)
    if field.may_be_object and isinstance(raw, Mapping):
        return encode_json(raw).decode()
    raise UnreadableValueError("fsi.wrong_shape", Words("应为文本", "must be text"))


def oddity_of(field: Field, raw: object) -> tuple[str, Words] | None:
    """Return what another reader may refuse or misread of a value that we read, with its code; mostly nothing."""
    if isinstance(raw, str):
        text = trimmed(raw)
        if field.shape is not None and not field.shape.fits(text):
            return "fsi.wrong_form", _words_of_shape(field.shape, text)
        return None if raw == text else ("fsi.blanks", _BLANKS_AROUND)
    if field.kind is Kind.NUMBER and isinstance(raw, Decimal) and _digits_of(raw)[1] > 0:
        return "fsi.exponent", _EXPONENT
    if field.kind is Kind.CHAR and isinstance(raw, int | Decimal) and not isinstance(raw, bool):
        shown = _shown(str(raw))
        return "fsi.number_for_text", Words(
            f'是数值，应写成文本 "{shown}"：前导零与长编码的末位会丢失',
            f'is a number and should be the text "{shown}": leading zeros and the end of a long code get lost',
        )
    return None


def sign_fault(field: Field, number: Decimal) -> tuple[str, Words] | None:
    """Return what is wrong with the sign of a number, with its code."""
    if field.sign is Sign.POSITIVE and number <= 0:
        return "fsi.not_above_zero", Words("应大于 0", "must be above 0")
    if field.sign is Sign.NOT_NEGATIVE and number < 0:
        return "fsi.below_zero", Words("不得为负", "must not be below 0")
    return None


def words_of_dictionary(field: Field, text: str) -> Words:
    """Say that a value is not among the known ones, and which are."""
    zh = "、".join(f"{value} {words.zh}" for value, words in field.coded.items())
    en = ", ".join(f"{value} {words.en}" for value, words in field.coded.items())
    return Words(f"的值“{_shown(text)}”不在字典中，可取：{zh}", f"is “{_shown(text)}”, which is not one of: {en}")


def _number(field: Field, raw: object) -> Decimal:
    if isinstance(raw, str) and _WITH_EXPONENT.fullmatch(trimmed(raw)):
        raise UnreadableValueError("fsi.not_a_number", _EXPONENT)
    number = _as_number(raw)
    digits, exponent = _digits_of(number)
    if field.scale is not None and -exponent > field.scale:
        raise UnreadableValueError(
            "fsi.too_many_decimals", Words(f"最多 {field.scale} 位小数", f"has at most {field.scale} decimals")
        )
    whole = (field.length or _MOST_DIGITS) - (field.scale or 0)
    if digits + exponent > whole:
        raise UnreadableValueError(
            "fsi.too_long",
            Words(f"过大：整数部分最多 {whole} 位", f"is too large: at most {whole} digits before the point"),
        )
    return number if exponent <= 0 else Decimal(int(number))


def _as_number(raw: object) -> Decimal:
    """Return a finite number without needless zeros after the point."""
    if isinstance(raw, str) and _NUMBER.fullmatch(text := trimmed(raw)):
        number = Decimal(text)
    elif isinstance(raw, int) and not isinstance(raw, bool):
        number = Decimal(raw)
    elif isinstance(raw, Decimal) and raw.is_finite():
        number = raw
    else:
        raise UnreadableValueError("fsi.not_a_number", Words("应为数值", "must be a number"))
    return _without_needless_zeros(number)


def _without_needless_zeros(number: Decimal) -> Decimal:
    sign, digits, _ = number.as_tuple()
    _, exponent = _digits_of(number)
    needless = 0
    while exponent + needless < 0 and digits[-1 - needless] == 0 and needless < len(digits) - 1:
        needless += 1
    return Decimal((sign, digits[: len(digits) - needless], exponent + needless)) if number else Decimal(0)


def _digits_of(number: Decimal) -> tuple[int, int]:
    """Return how many digits a finite number has, and its exponent."""
    _, digits, exponent = number.as_tuple()
    return len(digits), int(exponent)


def _date(raw: object) -> date:
    try:
        return date(*_parts_of_time(_DATE, raw))
    except ValueError:
        raise UnreadableValueError(
            "fsi.not_a_date", Words("应为日期，如 2026-01-31", "must be a date such as 2026-01-31")
        ) from None


def _moment(raw: object) -> datetime:
    try:
        year, month, day, hour, minute, second = _parts_of_time(_DATETIME, raw)
        return datetime(year, month, day, hour, minute, second, tzinfo=BEIJING)
    except ValueError:
        raise UnreadableValueError(
            "fsi.not_a_date",
            Words("应为时间，如 2026-01-31 08:30:00", "must be a time such as 2026-01-31 08:30:00"),
        ) from None


def _parts_of_time(form: re.Pattern[str], raw: object) -> tuple[int, ...]:
    """Return year, month and so on; a ValueError if the text does not have the form."""
    found = form.fullmatch(trimmed(raw)) if isinstance(raw, str) else None
    if found is None or int(found[1]) < _FIRST_YEAR:
        raise ValueError(raw)
    return tuple(int(part) for part in found.groups())


def _content(raw: object) -> bytes:
    """Return the content of a file: Base64, or a list of byte values, which Java writes from -128 to 127."""
    try:
        if isinstance(raw, str):
            return base64.b64decode("".join(raw.split()), validate=True)
        if isinstance(raw, list) and all(type(one) is int for one in raw):
            # A byte below zero stands for the same eight bits as the one 256 above it.
            return bytes(one + _BYTE_VALUES if -_BYTE_VALUES // 2 <= one < 0 else one for one in raw)
    except (ValueError, binascii.Error):
        pass
    raise UnreadableValueError("fsi.wrong_shape", Words("应为 Base64 或字节数组", "must be Base64 or a list of bytes"))


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def written(value: Value) -> str | Decimal:
    """Return a value as the interface writes it: a number stays a number, everything else is text."""
    match value:
        case datetime():
            return value.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
        case date():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case Decimal() if not value:
            # Nothing of a refund is nothing, and no negative nought.
            return abs(value)
        case _:
            return value
