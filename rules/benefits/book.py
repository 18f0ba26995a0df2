"""A book: every version of one pooling area's rules, and which of them holds on a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from codes.words import Words
from rules.benefits.case import Visit
from rules.benefits.days_late import DaysLate
from rules.benefits.errors import BookError, BookFault, NoRulesError, UnknownAreaError
from rules.benefits.rule_file import read_rules
from rules.benefits.rule_set import Crossing, RuleSet

BASE_AREA = "base"
"""The book for districts that no other book covers."""
NO_FILE = "*.toml"
"""Stands for the file where there is none."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules that decide a visit."""

    rules: RuleSet
    day: date
    """The day that decided; its year is the one whose totals count."""


@dataclass(frozen=True, slots=True)
class Book:
    """The dated rules of one pooling area."""

    area: str
    versions: tuple[RuleSet, ...]
    """Oldest first; no two hold on the same day."""

    def on(self, day: date) -> RuleSet:
        """Return the version that holds on a day.

        Raises:
            NoRulesError: if none does.
        """
        found = next((rules for rules in reversed(self.versions) if rules.begins <= day), None)
        if found is None or (found.ends is not None and day > found.ends):
            raise NoRulesError(self.area, day)
        return found

    def for_visit(self, visit: Visit) -> InForce:
        """Return the rules for a visit: a stay across the turn of a year follows its last day, or its first.

        Raises:
            NoRulesError: if none hold on that day.
        """
        last = visit.ends or visit.begins
        rules = self.on(last)
        if rules.crossing is Crossing.BEGIN and visit.begins != last:
            return InForce(self.on(visit.begins), visit.begins)
        return InForce(rules, last)

    def days_late(self, day: date) -> DaysLate:
        """Return how many days may pass since a day; where no version holds, the nearest one tells."""
        return self.near(day).days_late

    def near(self, day: date) -> RuleSet:
        """Return the version that holds on a day; where none does, the one before, or else the first."""
        return next((rules for rules in reversed(self.versions) if rules.begins <= day), self.versions[0])

    def year_of(self, visit: Visit) -> int:
        """Return the year whose totals decide a visit, and grow by it."""
        return self.for_visit(visit).day.year


@dataclass(frozen=True, slots=True)
class Books:
    """The books of several areas."""

    by_area: Mapping[str, Book]

    def of(self, area: str) -> Book:
        """Return the book of an area.

        Raises:
            UnknownAreaError: if there is none.
        """
        book = self.by_area.get(area)
        if book is None:
            raise UnknownAreaError(area, sorted(self.by_area))
        return book

    def for_district(self, district: str) -> Book:
        """Return the book that covers a district of insurance most closely, or else the base book.

        Raises:
            UnknownAreaError: if none covers it and there is no base book.
        """
        prefixes = (
            (len(prefix), area)
            for area, book in self.by_area.items()
            for prefix in book.versions[-1].districts
            if district.startswith(prefix)
        )
        _, area = max(prefixes, default=(0, BASE_AREA))
        return self.of(area)


def load_book(texts: Mapping[str, str]) -> Book:
    """Return the book that rule files make up, each by its name.

    Raises:
        BookError: naming every fault of every file.
    """
    versions: list[RuleSet] = []
    faults: list[BookFault] = []
    for file, text in sorted(texts.items()):
        try:
            versions.append(read_rules(text, file))
        except BookError as exc:
            faults += exc.faults
    versions.sort(key=lambda rules: rules.begins)
    faults += _clashes(versions)
    if not texts:
        faults.append(BookFault(NO_FILE, "", "", Words("没有规则文件", "there is no rule file")))
    if faults:
        raise BookError(faults)
    return Book(versions[0].area, tuple(versions))


def load_books(folders: Mapping[str, Mapping[str, str]]) -> Books:
    """Return the books of several folders; a folder is named after its area.

    Raises:
        BookError: naming every fault of every file.
    """
    books: dict[str, Book] = {}
    faults: list[BookFault] = []
    for folder, texts in folders.items():
        try:
            book = load_book(texts)
        except BookError as exc:
            faults += [replace(fault, file=folder) if fault.file == NO_FILE else fault for fault in exc.faults]
            continue
        if book.area != folder:
            words = Words(f"与所在目录 {folder} 不同", f"is not the name of its folder, {folder}")
            faults.append(BookFault(book.versions[0].file, "", "area", words))
        books[folder] = book
    if faults:
        raise BookError(faults)
    return Books(books)


def _clashes(versions: list[RuleSet]) -> Iterable[BookFault]:
    """Yield what keeps these files from being versions of one book."""
    for before, after in pairwise(versions):
        if before.area != after.area:
            words = Words(f"与 {before.file} 的 {before.area} 不同", f"differs from {before.area} in {before.file}")
            yield BookFault(after.file, "", "area", words)
        if before.version == after.version:
            words = Words(
                f"版本 {after.version} 已用于 {before.file}", f"version {after.version} is that of {before.file}"
            )
            yield BookFault(after.file, "", "version", words)
        # A version without an end holds until the next one; one with an end must end before.
        if after.begins == before.begins or (before.ends is not None and before.ends >= after.begins):
            words = Words(f"与 {before.file} 的期间重叠", f"overlaps the time of {before.file}")
            yield BookFault(after.file, "", "from", words)
