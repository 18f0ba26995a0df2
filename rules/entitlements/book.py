"""Every version of the rules of entitlement, and which of them holds on a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from itertools import pairwise

from codes.words import Words
from rules.benefits.errors import BookFault
from rules.entitlements.errors import EntitlementRulesError, NoEntitlementRulesError
from rules.entitlements.rule_file import read_rules
from rules.entitlements.rule_set import RuleSet


@dataclass(frozen=True, slots=True)
class EntitlementBook:
    """The dated rules."""

    versions: tuple[RuleSet, ...]
    """Oldest first; no two hold on the same day."""

    def on(self, day: date) -> RuleSet:
        """Return the version that holds on a day.

        Raises:
            NoEntitlementRulesError: None does.
        """
        found = next((rules for rules in reversed(self.versions) if rules.begins <= day), None)
        if found is None or (found.ends is not None and day > found.ends):
            raise NoEntitlementRulesError(day)
        return found


def load_entitlement_book(texts: Mapping[str, str]) -> EntitlementBook:
    """Return the book that rule files make up, each by its name.

    Raises:
        EntitlementRulesError: Naming every fault of every file.
    """
    versions: list[RuleSet] = []
    faults: list[BookFault] = []
    for file, text in sorted(texts.items()):
        try:
            versions.append(read_rules(text, file))
        except EntitlementRulesError as exc:
            faults += exc.faults
    versions.sort(key=lambda rules: rules.begins)
    faults += _clashes(versions)
    if not faults and not versions:
        faults.append(BookFault("config/entitlements", "", "", Words("没有规则文件", "there is no rule file")))
    if faults:
        raise EntitlementRulesError(faults)
    return EntitlementBook(tuple(versions))


def shipped_entitlements() -> EntitlementBook:
    """Return the rules that come with the program, `config/entitlements/<from>.toml`.

    Raises:
        EntitlementRulesError: One of them was edited and is faulty now.
    """
    folder = files("config").joinpath("entitlements")
    return load_entitlement_book(
        {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.endswith(".toml")}
    )


def _clashes(versions: Sequence[RuleSet]) -> Iterator[BookFault]:
    for before, after in pairwise(versions):
        if before.version == after.version:
            words = Words(
                f"版本 {after.version} 已用于 {before.file}", f"version {after.version} is that of {before.file}"
            )
            yield BookFault(after.file, "", "version", words)
        if after.begins == before.begins or (before.ends is not None and before.ends >= after.begins):
            words = Words(f"与 {before.file} 的期间重叠", f"overlaps the time of {before.file}")
            yield BookFault(after.file, "", "from", words)
