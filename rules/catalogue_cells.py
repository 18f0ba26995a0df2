"""What may stand in one cell of a catalogue file: each rule returns the value or says why it is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Literal

from codes.check import has_mod10, is_digits
from codes.pack import ProductSystem, product_keys
from codes.reading import Confidence, Kind, Reading
from codes.words import Words

InsuranceClass = Literal["甲", "乙", "丙", "自费"]
"""甲 and 乙 are in the insurance catalogue, 丙 and 自费 are paid by the patient."""

_CLASSES: Mapping[str, InsuranceClass] = MappingProxyType({"甲": "甲", "乙": "乙", "丙": "丙", "自费": "自费"})
MAX_TEXT = 200
MAX_ID = 64
"""Product numbers travel in events, which carry names of up to 64 characters."""
_MAX_COUNT = 1_000_000
_MAX_PRICE = Decimal(10_000_000)
_PRICE_DECIMALS = 4
_YES = frozenset({"是", "Y", "YES", "TRUE", "1"})
_NO = frozenset({"否", "N", "NO", "FALSE", "0", ""})
_COUNT = re.compile(r"[0-9]{1,7}")
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?E\+[0-9]+")
_TRACE_PREFIX = re.compile(r"[0-9A-Za-z]{7}")
_NATIONAL = re.compile(r"[A-Z][A-Z0-9]{19}|[A-Z][A-Z0-9]{22}|T[0-9]{9}|C[A-Z0-9]{26}")
_BENWEI = re.compile(r"869[0-9]{11}")
_GTIN_14 = re.compile(r"[0-9]{14}")
_MA_DI = re.compile(r"MA\.[0-9]{3}\.M[0-9]\.[0-9A-Z]{6}\.[0-9A-Z]{8,14}")
_HIBC_DI = re.compile(r"[A-Z][0-9A-Z]{3}[0-9A-Z]{1,18}[0-9]")
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})


class CellError(Exception):
    """A cell that cannot be used; `code` and `words` become a problem of its line."""

    def __init__(self, code: str, words: Words) -> None:
        super().__init__(code)
        self.code = code
        self.words = words


def clean(cell: str) -> str:
    """Take off blanks and the `="…"` with which spreadsheets keep long numbers as text."""
    bare = cell.strip().strip("\u3000\ufeff")
    return bare[2:-1].strip() if bare.startswith('="') and bare.endswith('"') else bare


def text(cell: str) -> str:
    """Return a required text."""
    if not cell:
        raise CellError("catalogue.empty", Words("不能为空", "must not be empty"))
    if len(cell) > MAX_TEXT:
        raise CellError("catalogue.too_long", Words(f"超过 {MAX_TEXT} 个字符", f"has more than {MAX_TEXT} characters"))
    return cell


def product_id(cell: str) -> str:
    """Return the catalogue's own number of the product."""
    if not 1 <= len(cell) <= MAX_ID:
        raise CellError("catalogue.product_id", Words(f"应为 1–{MAX_ID} 个字符", f"must have 1 to {MAX_ID} characters"))
    return cell


def insurance_class(cell: str) -> InsuranceClass:
    """Return the insurance class."""
    known = _CLASSES.get(cell.removesuffix("类"))
    if known is None:
        raise CellError(
            "catalogue.class", Words(f"{cell!r} 不是甲、乙、丙或自费", f"{cell!r} is none of 甲 乙 丙 自费")
        )
    return known


def price(cell: str) -> Decimal:
    """Return a price in yuan."""
    words = Words(f"{cell!r} 不是金额", f"{cell!r} is not an amount of money")
    try:
        amount = Decimal(cell)
    except InvalidOperation as exc:
        raise CellError("catalogue.price", words) from exc
    if not amount.is_finite() or not 0 <= amount <= _MAX_PRICE or -int(amount.as_tuple().exponent) > _PRICE_DECIMALS:
        raise CellError("catalogue.price", words)
    return amount


def count(cell: str) -> int:
    """Return a whole number from 1 to a million."""
    if not _COUNT.fullmatch(cell) or not 1 <= int(cell) <= _MAX_COUNT:
        raise CellError("catalogue.count", Words(f"{cell!r} 不是正整数", f"{cell!r} is not a whole number above 0"))
    return int(cell)


def yes_or_no(cell: str) -> bool:
    """Return the answer; an empty cell is a no."""
    answer = cell.upper()
    if answer not in _YES | _NO:
        raise CellError("catalogue.yes_no", Words(f"{cell!r} 应为“是”或“否”", f"{cell!r} is neither yes nor no"))
    return answer in _YES


def yes_no_or_unsaid(cell: str) -> bool | None:
    """Return the answer; an empty cell says nothing."""
    return yes_or_no(cell) if cell else None


def identifier_key(system: ProductSystem, cell: str) -> str:
    """Return the key of a product in `system`, in the form that readings are looked up by.

    Raises:
        CellError: The key has the wrong form or a wrong check digit, or a spreadsheet has destroyed it.
    """
    key = cell.upper()
    if _SCIENTIFIC.fullmatch(key):
        raise CellError(
            "catalogue.scientific",
            Words(f"{cell} 已被表格软件改成科学计数法", f"{cell} was turned into scientific notation by a spreadsheet"),
        )
    return _trace_prefix(cell) if system is ProductSystem.TRACE_PREFIX else _KEYS[system](key)


def _matching(pattern: re.Pattern[str], code: str, words: Words) -> Callable[[str], str]:
    def rule(key: str) -> str:
        if not pattern.fullmatch(key):
            raise CellError(code, Words(f"{key!r} {words.zh}", f"{key!r} {words.en}"))
        return key

    return rule


def _trace_prefix(cell: str) -> str:
    """Return the prefix as a reading of such a code gives it: whether case counts is decided there, and only there."""
    prefix = _trace_prefix_form(cell)
    reading = Reading(Kind.TRACE, prefix, Confidence.POSSIBLE, b"", fields={"prefix": prefix})
    return product_keys(reading)[0].key


def _gtin(key: str) -> str:
    if len(key) not in _GTIN_LENGTHS or not is_digits(key):
        raise CellError("catalogue.gtin", Words(f"{key!r} 不是 8、12、13 或 14 位数字", f"{key!r} is no GTIN"))
    return _checked(key).zfill(14)


def _checked(key: str) -> str:
    if not has_mod10(key):
        raise CellError("catalogue.check_digit", Words(f"{key} 的校验位不对", f"{key} has a wrong check digit"))
    return key


def _benwei(key: str) -> str:
    return _checked(_benwei_form(key))


def _udi_di(key: str) -> str:
    if _GTIN_14.fullmatch(key):
        return _checked(key)
    bare = key.removeprefix("+")
    if _MA_DI.fullmatch(bare) or _HIBC_DI.fullmatch(bare):
        return bare
    raise CellError("catalogue.udi_di", Words(f"{key!r} 不是 GS1、MA 或 HIBC 的 UDI-DI", f"{key!r} is no UDI-DI"))


_benwei_form = _matching(
    _BENWEI, "catalogue.benwei", Words("不是以 869 开头的 14 位数字", "is not 14 digits starting with 869")
)
_trace_prefix_form = _matching(
    _TRACE_PREFIX,
    "catalogue.trace_prefix",
    Words("不是 7 位药品标识码", "is not the 7 characters of a 药品标识码"),
)
_KEYS: Mapping[ProductSystem, Callable[[str], str]] = MappingProxyType(
    {
        ProductSystem.GTIN: _gtin,
        ProductSystem.UDI_DI: _udi_di,
        ProductSystem.NATIONAL: _matching(
            _NATIONAL,
            "catalogue.national",
            Words("不是 20/23 位药品、10 位饮片或 20/27 位耗材编码", "is no national drug or consumable code"),
        ),
        ProductSystem.BENWEI: _benwei,
    }
)
