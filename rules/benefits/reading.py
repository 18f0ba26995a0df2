"""Strict reading of a table of a rule file: every key is known, every value is of its kind, every fault is kept.

A `Table` is asked for the keys that the schema has. Whatever is wrong becomes a fault with file, rule and key, and a
harmless value is returned so that reading goes on: the author of a file sees all faults at once. Keys that nobody
asked for are faults, too.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from codes.words import Words
from rules.benefits.errors import BookFault
from rules.money import CENT, ONE, ZERO

_E = TypeVar("_E", bound=StrEnum)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,29}")
LONGEST_TITLE = 60
LARGEST = Decimal("99999999999999.99")
"""The interface's amounts have sixteen digits."""
LARGEST_COUNT = 1_000
SOME_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Where:
    """Which rule is being read."""

    file: str
    rule: str = ""
    path: str = ""
    """What the keys of this table begin with."""


class Table:
    """One table of a file under a strict reader."""

    def __init__(self, content: Mapping[str, object], where: Where, faults: list[BookFault]) -> None:
        self._content = content
        self._where = where
        self._faults = faults
        self._asked: set[str] = set()
        self._children: list[Table] = []

    @property
    def rule(self) -> str:
        """Return the name of the rule that the table belongs to."""
        return self._where.rule

    def has(self, key: str) -> bool:
        """Tell whether a key is there; whoever asks knows the key."""
        self._asked.add(key)
        return key in self._content

    def fault(self, key: str, zh: str, en: str) -> None:
        """Keep a fault of a key; without a key, of the table."""
        path = f"{self._where.path}{key}".removesuffix(".")
        self._faults.append(BookFault(self._where.file, self._where.rule, path, Words(zh, en)))

    def text(self, key: str, otherwise: str | None = None, *, form: re.Pattern[str] = NAME) -> str:
        """Return a short name: letters, digits, dots and dashes."""
        value = self._value(key, is_needed=otherwise is None)
        if value is None:
            return otherwise or ""
        if isinstance(value, str) and form.fullmatch(value):
            return value
        self.fault(
            key,
            f"{_shown(value)} 不是由字母、数字和 ._- 组成的名称",
            f"{_shown(value)} is no name of letters, digits and ._-",
        )
        return otherwise or ""

    def words(self, key: str) -> Words:
        """Return a title in both languages."""
        table = self.table(key)
        return Words(table.title("zh"), table.title("en"))

    def title(self, key: str) -> str:
        """Return one line of text."""
        value = self._value(key, is_needed=True)
        if value is None:
            return ""
        if isinstance(value, str) and value.strip() and len(value) <= LONGEST_TITLE and value.isprintable():
            return value
        self.fault(
            key, f"应为不超过 {LONGEST_TITLE} 字的一行文字", f"must be one line of at most {LONGEST_TITLE} characters"
        )
        return ""

    def number(self, key: str, low: Decimal, high: Decimal, otherwise: Decimal | None = None) -> Decimal:
        """Return a number within bounds."""
        value = self._value(key, is_needed=otherwise is None)
        if value is None:
            return low if otherwise is None else otherwise
        number = Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if isinstance(number, Decimal) and number.is_finite() and low <= number <= high:
            return number
        self.fault(
            key, f"{_shown(value)} 应为 {low} 到 {high} 的数", f"{_shown(value)} must be a number from {low} to {high}"
        )
        return low if otherwise is None else otherwise

    def ratio(self, key: str, otherwise: Decimal | None = None) -> Decimal:
        """Return a share of one."""
        return self.number(key, ZERO, ONE, otherwise)

    def amount(self, key: str, otherwise: Decimal | None = None) -> Decimal:
        """Return money in whole fen."""
        amount = self.number(key, ZERO, LARGEST, otherwise)
        if amount != amount.quantize(CENT):
            self.fault(key, f"{amount} 超过两位小数", f"{amount} has more than two decimals")
        return amount.quantize(CENT)

    def optional_amount(self, key: str) -> Decimal | None:
        """Return money, or none if the key is not there."""
        return self.amount(key) if self.has(key) else None

    def count(self, key: str, otherwise: int, *, least: int = 0) -> int:
        """Return a whole number."""
        value = self._value(key, is_needed=False)
        if value is None:
            return otherwise
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST_COUNT:
            return value
        self.fault(
            key, f"{_shown(value)} 应为不小于 {least} 的整数", f"{_shown(value)} must be a whole number from {least}"
        )
        return otherwise

    def flag(self, key: str, *, otherwise: bool = False) -> bool:
        """Return true or false."""
        value = self._value(key, is_needed=False)
        if value is None or isinstance(value, bool):
            return otherwise if value is None else value
        self.fault(key, f"{_shown(value)} 应为 true 或 false", f"{_shown(value)} must be true or false")
        return otherwise

    def day(self, key: str) -> date:
        """Return a date."""
        value = self._value(key, is_needed=True)
        if value is None:
            return SOME_DAY
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        self.fault(
            key, f"{_shown(value)} 应为日期，如 2026-01-01", f"{_shown(value)} must be a date such as 2026-01-01"
        )
        return SOME_DAY

    def optional_day(self, key: str) -> date | None:
        """Return a date, or none if the key is not there."""
        return self.day(key) if self.has(key) else None

    def choice(self, key: str, kind: type[_E], otherwise: _E | None = None) -> _E:
        """Return one of the values of an enumeration."""
        value = self._value(key, is_needed=otherwise is None)
        fallback = next(iter(kind)) if otherwise is None else otherwise
        if value is None:
            return fallback
        found = next((member for member in kind if member.value == value), None)
        if found is None:
            self._not_among(key, value, [member.value for member in kind])
        return found or fallback

    def texts(self, key: str, known: Collection[str] | None = None, *, is_needed: bool = False) -> tuple[str, ...]:
        """Return a list of codes, never an empty one; if `known` says which there are, only those."""
        value = self._value(key, is_needed=is_needed)
        if value is None:
            return ()
        if not isinstance(value, list) or not value:
            self.fault(key, f"{_shown(value)} 应为非空的列表", f"{_shown(value)} must be a list that is not empty")
            return ()
        for text in value:
            if not isinstance(text, str) or not CODE.fullmatch(text):
                self.fault(key, f"{_shown(text)} 不是代码文字", f"{_shown(text)} is no code in quotes")
            elif known is not None and text not in known:
                self._not_among(key, text, known)
        return tuple(text for text in value if isinstance(text, str))

    def ratios(self, key: str) -> tuple[Decimal, ...]:
        """Return a list of shares of one."""
        value = self._value(key, is_needed=False)
        if value is None:
            return ()
        if not isinstance(value, list) or not value:
            self.fault(key, f"{_shown(value)} 应为非空的列表", f"{_shown(value)} must be a list that is not empty")
            return ()
        row = Table({f"{key}[{n}]": one for n, one in enumerate(value, 1)}, self._where, self._faults)
        return tuple(row.ratio(f"{key}[{n}]") for n in range(1, len(value) + 1))

    def amounts(self) -> dict[str, Decimal]:
        """Return every key of this table as an amount."""
        return {key: self.amount(key) for key in self._content}

    def table(self, key: str) -> Table:
        """Return a table inside this one; an empty one if it is not there."""
        value = self._value(key, is_needed=False)
        if value is not None and not isinstance(value, dict):
            self.fault(key, f"{_shown(value)} 应为表", f"{_shown(value)} must be a table")
        content = value if isinstance(value, dict) else {}
        return self._child(content, Where(self._where.file, self._where.rule, f"{self._where.path}{key}."))

    def tables(self, key: str, *, are_rules: bool = False) -> tuple[Table, ...]:
        """Return the tables of a list; rules of their own go by their id."""
        value = self._value(key, is_needed=False)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.fault(key, "应为若干个表", "must be a list of tables")
            return ()
        return tuple(self._child(one, self._place(key, n, one, are_rules=are_rules)) for n, one in enumerate(value, 1))

    def close(self) -> None:
        """Keep a fault for each key that nobody asked for, here and inside."""
        for key in self._content:
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, n=1)
                hint = (f"，是否应为 {near[0]}", f"; perhaps {near[0]} is meant") if near else ("", "")
                self.fault(key, f"不认识的键{hint[0]}", f"unknown key{hint[1]}")
        for child in self._children:
            child.close()

    def _place(self, key: str, number: int, content: Mapping[str, object], *, are_rules: bool) -> Where:
        if not are_rules:
            return Where(self._where.file, self._where.rule, f"{self._where.path}{key}[{number}].")
        named = content.get("id", content.get("code"))
        return Where(self._where.file, named if isinstance(named, str) and named else f"{key}[{number}]")

    def _child(self, content: Mapping[str, object], where: Where) -> Table:
        child = Table(content, where, self._faults)
        self._children.append(child)
        return child

    def _value(self, key: str, *, is_needed: bool) -> object:
        self._asked.add(key)
        if key not in self._content and is_needed:
            self.fault(key, "缺少这个键", "this key is missing")
        return self._content.get(key)

    def _not_among(self, key: str, value: object, known: Collection[str]) -> None:
        told = "、".join(sorted(known))
        self.fault(key, f"{_shown(value)} 应为 {told} 之一", f"{_shown(value)} must be one of {told}")


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST_TITLE else f"{text[:LONGEST_TITLE]}…"
