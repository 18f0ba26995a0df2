"""The file of one place's premium subsidies in one year: TOML in `config/subsidies/`, strict about what it holds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, TypeVar

from codes.errors import ConfigError
from codes.words import Words
from rules.payment.subsidy import Subsidies, SubsidyYear, kind_key

FULL = "full"
"""Written instead of an amount: the whole premium."""

_KEYS = frozenset({"title", "places", "first_day", "last_day", "premium", "kinds"})
_KIND_KEYS = frozenset({"names", "subsidy"})
_TOO_MUCH = Decimal("1e9")
_T = TypeVar("_T")


class SubsidyFileError(ConfigError):
    """The file cannot be used as it is."""

    code: ClassVar[str] = "subsidies.file"
    next_step: ClassVar[Words] = Words(
        "请对照 config/subsidies/ 中的文件改正。", "Correct it after the files in config/subsidies/."
    )


def load_subsidies(text: str) -> SubsidyYear:
    """Return what the file says.

    Raises:
        SubsidyFileError: naming the key that is wrong.
    """
    try:
        tree: Mapping[str, object] = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as exc:
        raise SubsidyFileError(Words(f"不是 TOML：{exc}", f"This is no TOML: {exc}")) from exc
    _only(tree, _KEYS)
    premium = _amount(tree, "premium")
    first_day, last_day = _of(tree, "first_day", date), _of(tree, "last_day", date)
    if last_day < first_day:
        raise _wrong("last_day")
    title = _table(_of(tree, "title", dict), "title")
    return SubsidyYear(
        title=Words(_of(title, "zh", str), _of(title, "en", str)),
        places=_names(tree, "places"),
        first_day=first_day,
        last_day=last_day,
        premium=premium,
        subsidies=Subsidies(_amounts(_of(tree, "kinds", list), premium)),
    )


def _amounts(groups: list[object], premium: Decimal) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = {}
    seen: set[str] = set()
    for group in groups:
        kind = _table(group, "kinds")
        _only(kind, _KIND_KEYS)
        amount = premium if kind.get("subsidy") == FULL else _amount(kind, "subsidy")
        for name in _names(kind, "names"):
            if amount > premium or kind_key(name) in seen:
                raise _wrong(f"kinds: {name}")
            seen.add(kind_key(name))
            amounts[name] = amount
    return amounts


def _of(tree: Mapping[str, object], key: str, kind: type[_T]) -> _T:
    value = tree.get(key)
    # To Python a moment is a day as well; here it is not.
    if not isinstance(value, kind) or isinstance(value, datetime):
        raise _wrong(key)
    return value


def _amount(tree: Mapping[str, object], key: str) -> Decimal:
    value = tree.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise _wrong(key)
    amount = Decimal(value)
    if not amount.is_finite() or not 0 <= amount < _TOO_MUCH:
        raise _wrong(key)
    return amount


def _names(tree: Mapping[str, object], key: str) -> tuple[str, ...]:
    names = tuple(name for name in _of(tree, key, list) if isinstance(name, str) and name.strip())
    if not names or len(names) != len(_of(tree, key, list)):
        raise _wrong(key)
    return names


def _table(value: object, key: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _wrong(key)
    return value


def _only(tree: Mapping[str, object], keys: frozenset[str]) -> None:
    unknown = sorted(tree.keys() - keys)
    if unknown:
        names = ", ".join(unknown)
        raise SubsidyFileError(Words(f"不认识的项：{names}", f"Unknown keys: {names}"))


def _wrong(key: str) -> SubsidyFileError:
    return SubsidyFileError(Words(f"“{key}”缺失或不可用。", f"{key!r} is missing or cannot be used."))
