"""A rule file (TOML) as a `RuleSet`, or everything that is wrong with it. Unknown keys are refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from codes.words import Words
from rules.benefits.case import INSTITUTION_KINDS
from rules.benefits.errors import BookFault
from rules.benefits.reading import Table, Where
from rules.entitlements.errors import EntitlementRulesError
from rules.entitlements.rule_set import (
    DrugRule,
    DualChannel,
    Need,
    Rest,
    RuleSet,
    Scope,
    Unapproved,
    Which,
    Window,
)

LEAST: Final = Decimal("0.0001")
MOST: Final = Decimal(1_000_000)
MOST_DAYS: Final = Decimal(1_000)
"""Longest look back and longest supply."""
YEAR: Final = 366


def read_rules(text: str, file: str) -> RuleSet:
    """Return the rules of a file.

    Raises:
        EntitlementRulesError: Naming every fault with file, rule and key.
    """
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as exc:
        words = Words(f"不是有效的 TOML：{exc}", f"is no valid TOML: {exc}")
        raise EntitlementRulesError([BookFault(file, "", "", words)]) from exc
    return rules_of(content, file)


def rules_of(content: Mapping[str, object], file: str) -> RuleSet:
    """Return the rules that a parsed file says.

    Raises:
        EntitlementRulesError: Naming every fault with file, rule and key.
    """
    faults: list[BookFault] = []
    head = Table(content, Where(file), faults)
    begins, ends = head.day("from"), head.optional_day("to")
    if ends is not None and ends < begins:
        head.fault("to", f"{ends} 早于 from {begins}", f"{ends} is before from, {begins}")
    rules = RuleSet(
        version=head.text("version"),
        title=head.words("title"),
        file=file,
        begins=begins,
        ends=ends,
        drugs=tuple(_drugs(table) for table in head.tables("drugs", are_rules=True)),
        dual_channel=tuple(_dual_channel(table) for table in head.tables("dual_channel", are_rules=True)),
        rest=head.choice("rest", Rest, Rest.ANYWHERE),
    )
    head.close()
    _refuse_repeated(rules, head)
    if faults:
        raise EntitlementRulesError(faults)
    return rules


def _drugs(table: Table) -> DrugRule:
    supply = table.table("supply")
    needs = tuple(Need(one) for one in table.texts("needs", [need.value for need in Need]) if one in set(Need))
    rule = DrugRule(
        id=table.text("id"),
        title=table.words("title"),
        which=_which(table.table("which")),
        institutions=frozenset(table.texts("institution", INSTITUTION_KINDS)),
        needs=needs,
        certificates=table.texts("certificates", is_needed=Need.CERTIFICATE in needs),
        at_once=_number_or_none(table, "at_once", MOST),
        windows=tuple(
            Window(one.number("count", LEAST, MOST), one.count("days", 0, least=1)) for one in table.tables("window")
        ),
        per=table.choice("per", Scope, Scope.LIST),
        most_days=_number_or_none(supply, "at_most", MOST_DAYS),
        most_days_in_hand=_number_or_none(supply, "in_hand", MOST_DAYS),
        look_back=supply.count("look_back", YEAR, least=1),
    )
    for number, window in enumerate(rule.windows, 1):
        if not window.days:
            table.fault(f"window[{number}].days", "缺少这个键", "this key is missing")
    if not (rule.needs or rule.windows or rule.at_once or rule.most_days or rule.most_days_in_hand):
        table.fault("", "没有任何要求", "asks for nothing")
    return rule


def _dual_channel(table: Table) -> DualChannel:
    return DualChannel(
        id=table.text("id"),
        title=table.words("title"),
        which=_which(table.table("which")),
        unapproved=table.choice("unapproved", Unapproved),
    )


def _which(table: Table) -> Which:
    which = Which(
        items=frozenset(table.texts("items")),
        begins=table.texts("begins"),
        holds=tuple(one.title("text") for one in table.tables("holds")),
        is_prescription=table.flag("prescription") if table.has("prescription") else None,
        is_negotiated=table.flag("negotiated") if table.has("negotiated") else None,
    )
    if which == Which():
        table.fault("", "没有说明是哪些药品", "does not say which drugs are meant")
    return which


def _number_or_none(table: Table, key: str, most: Decimal) -> Decimal | None:
    return table.number(key, LEAST, most) if table.has(key) else None


def _refuse_repeated(rules: RuleSet, head: Table) -> None:
    seen: set[str] = set()
    for name in [*(one.id for one in rules.drugs), *(one.id for one in rules.dual_channel)]:
        if name in seen:
            head.fault("id", f"{name} 出现了两次", f"{name} is there twice")
        seen.add(name)
