"""What the text of a code has to look like: district codes, codes of institutions, versions.

A field table names the shape of a field. No list of valid codes is meant: a district that does not exist passes, one
that cannot be a district does not.
"""

from __future__ import annotations

import re
from enum import StrEnum

from codes.words import Words


class Shape(StrEnum):
    """How a text is built."""

    DISTRICT = "district"
    """医保区划: six digits."""
    CODE = "code"
    """Letters, digits, hyphens and underlines, as programs compare them."""
    VERSION = "version"
    """V1.0."""

    def fits(self, text: str) -> bool:
        """Tell whether a text is built so."""
        return _PATTERNS[self].fullmatch(text) is not None

    @property
    def words(self) -> Words:
        """What the text must be, after the field's name."""
        return _WORDS[self]


_PATTERNS = {
    Shape.DISTRICT: re.compile(r"\d{6}", re.ASCII),
    Shape.CODE: re.compile(r"[A-Za-z0-9_-]+", re.ASCII),
    Shape.VERSION: re.compile(r"[Vv]?\d+(?:\.\d+)*", re.ASCII),
}
_WORDS = {
    Shape.DISTRICT: Words("应为 6 位数字的区划代码，如 350200", "must be a district code of 6 digits such as 350200"),
    Shape.CODE: Words("只能含字母、数字、- 与 _", "may have letters, digits, - and _ only"),
    Shape.VERSION: Words("应为版本号，如 V1.0", "must be a version such as V1.0"),
}
