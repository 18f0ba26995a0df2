"""Kinds of person in the name of a case: 低保, "低保 and 监测 together", "full (特困 优抚 孤儿)".

Outside parentheses stand the kinds that a person has together; inside stand kinds that are all treated alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

_INSIDE = re.compile(r"[(（]([^()（）]*)[)）]")
_TOGETHER = re.compile(r"\band\b|\bplus\b|\bor\b|[&+＋、,，;；/]|以及|同时|[和与及且兼或]", re.IGNORECASE)
_AT_ONCE = re.compile(
    r"\b(?:and|plus|together|both|at once|combined|double)\b|[&+＋]|以及|同时|[和与及且兼]|双重|叠加|就高",
    re.IGNORECASE,
)
_SAYS_NOTHING = re.compile(r"\b(?:together|both|at once|combined|double)\b|双重|身份|叠加|就高|合并", re.IGNORECASE)
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
_FULL = frozenset({"full", "全额", "全额资助", "全部"})
_WITHOUT = frozenset({"none", "no subsidy", "ordinary", "无", "普通居民", "一般居民"})


@dataclass(frozen=True, slots=True)
class Naming:
    """The kinds that a name speaks of."""

    together: tuple[str, ...]
    """Kinds that the person has at once; one, where the case is about that kind."""
    alike: tuple[str, ...]
    """Kinds that are treated like the first, from the parentheses."""
    is_at_once: bool = False
    """Whether the name says that the person has them at once; a mere list may be of kinds that get the same."""

    @property
    def all(self) -> tuple[str, ...]:
        """Every kind that is named."""
        return (*self.together, *self.alike)


def naming_of(name: str) -> Naming:
    """Return the kinds that a name speaks of.

    >>> naming_of("低保 and 监测 together")
    Naming(together=('低保', '监测'), alike=(), is_at_once=True)
    >>> naming_of("full (特困 孤儿)")
    Naming(together=('full',), alike=('特困', '孤儿'), is_at_once=False)
    """
    inside = " ,".join(match.group(1) for match in _INSIDE.finditer(name))
    outside = _INSIDE.sub(" ", name)
    together = tuple(_kinds(outside))
    is_at_once = len(together) > 1 and _AT_ONCE.search(outside) is not None
    return Naming(together, tuple(_kinds(inside)), is_at_once)


def is_combined(naming: Naming, is_known: Callable[[str], bool]) -> bool:
    """Return whether a person of several kinds is meant, not a list of kinds that get the same.

    A name of several kinds is a combination if it says so, or as soon as one of them stands for itself elsewhere.
    """
    return len(naming.together) > 1 and (naming.is_at_once or any(is_known(kind) for kind in naming.together))


def is_full(kind: str) -> bool:
    """Return whether a kind is named after its amount, the whole premium."""
    return kind.strip().casefold() in _FULL


def is_without(kind: str) -> bool:
    """Return whether a person of no kind is meant."""
    return kind.strip().casefold() in _WITHOUT


def years_in(prose: str) -> tuple[int, ...]:
    """Return the years that a sentence names."""
    return tuple(int(year) for year in _YEAR.findall(prose))


def kinds_listed(raw: object) -> tuple[str, ...]:
    """Return kinds that an input lists, as a list or in one text."""
    if isinstance(raw, Iterable) and not isinstance(raw, str):
        return tuple(str(kind) for kind in raw)
    return tuple(_kinds(str(raw)))


def _kinds(text: str) -> Iterator[str]:
    for piece in _TOGETHER.split(text):
        said = " ".join(_SAYS_NOTHING.sub(" ", piece).split())
        words = said.split()
        # Chinese names have no blanks inside, so blanks stand between them; English ones have.
        yield from words if len(words) > 1 and all(map(_IDEOGRAPH.search, words)) else filter(None, [said])
