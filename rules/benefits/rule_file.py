"""A rule file (TOML) as a `RuleSet`, or everything that is wrong with it.

The schema is in docs/benefits.md. Reading is strict: an unknown key, a rate above one, a rule that refers to an amount,
identity or portion that is not there, and a band that overlaps its neighbour are all refused, with file, rule and key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from codes.words import Words
from rules.benefits.case import INSTITUTION_KINDS, LEVELS
from rules.benefits.categories import read_stated
from rules.benefits.days_late import read_days_late
from rules.benefits.errors import BookError, BookFault
from rules.benefits.facts import ORDINARY
from rules.benefits.layer_file import read_layers
from rules.benefits.outcome import Fund
from rules.benefits.plausible import read_plausible
from rules.benefits.reading import CODE, Table, Where
from rules.benefits.rule_set import (
    BASIC,
    AccountUse,
    Adjustment,
    Crossing,
    FirstPay,
    Identity,
    Layer,
    Package,
    Part,
    Portion,
    RuleSet,
)
from rules.benefits.stay_facts import read_stay_facts
from rules.benefits.when_file import Names, read_line_test, read_when
from rules.money import ONE, ZERO

LARGEST_FACTOR = Decimal(10)
RULES = ("pays_first", "portion", "package", "layer", "adjust", "account")
"""The tables whose ids must differ."""


def read_rules(text: str, file: str) -> RuleSet:
    """Return the rules of a file.

    Raises:
        BookError: naming every fault with file, rule and key.
    """
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as exc:
        words = Words(f"不是有效的 TOML：{exc}", f"is no valid TOML: {exc}")
        raise BookError([BookFault(file, "", "", words)]) from exc
    return rules_of(content, file)


def rules_of(content: Mapping[str, object], file: str) -> RuleSet:
    """Return the rules that a parsed file says.

    Raises:
        BookError: naming every fault with file, rule and key.
    """
    faults: list[BookFault] = []
    head = Table(content, Where(file), faults)
    rules = _rule_set(head, file)
    head.close()
    _refuse_repeated_ids(head, content)
    if faults:
        raise BookError(faults)
    return rules


def _rule_set(head: Table, file: str) -> RuleSet:
    identities = tuple(
        Identity(one.text("code", form=CODE), one.words("title")) for one in head.tables("identity", are_rules=True)
    )
    portion_tables = head.tables("portion", are_rules=True)
    names = Names(
        identities=[identity.code for identity in identities],
        portions=[table.rule for table in portion_tables],
        amounts=head.table("amounts").amounts(),
    )
    layers = read_layers(head, names)
    for table in portion_tables:
        if table.rule == ORDINARY:
            table.fault("id", f"{ORDINARY} 是保留名称", f"{ORDINARY} is a name of our own")
    begins, ends = head.day("from"), head.optional_day("to")
    if ends is not None and ends < begins:
        head.fault("to", f"{ends} 早于 from {begins}", f"{ends} is before from, {begins}")
    stays = head.texts("stays")
    rules = RuleSet(
        area=head.text("area"),
        version=head.text("version"),
        title=head.words("title"),
        file=file,
        begins=begins,
        ends=ends,
        districts=head.texts("districts"),
        crossing=head.choice("crossing", Crossing, Crossing.END),
        stays=frozenset(stays),
        identities=identities,
        first_pays=tuple(_first_pay(table, names) for table in head.tables("pays_first", are_rules=True)),
        portions=tuple(_portion(table, names) for table in portion_tables),
        packages=tuple(_package(table, names) for table in head.tables("package", are_rules=True)),
        layers=layers,
        adjustments=tuple(_adjustment(table, names) for table in head.tables("adjust", are_rules=True)),
        accounts=tuple(_account(table, names) for table in head.tables("account", are_rules=True)),
        slots=_slots(layers, head),
        days_late=read_days_late(head.table("days_late")),
        stated=read_stated(head.table("stated"), stays),
        plausible=read_plausible(head.table("plausible")),
        stay_facts=read_stay_facts(head.table("stay_facts")),
    )
    _refuse_unpaid_stays(head, rules)
    return rules


def _refuse_unpaid_stays(head: Table, rules: RuleSet) -> None:
    """Whoever is admitted under a category of the book finds a rule that pays."""
    for insutype in sorted(rules.insutypes) or [""]:
        for stay in sorted(rules.stays):
            if not rules.could_pay(insutype, stay):
                zh, en = (f"险种 {insutype} 的 ", f" of insurance {insutype}") if insutype else ("", "")
                head.fault("stays", f"{zh}{stay} 没有基本支付规则", f"no basic layer pays for {stay}{en}")


def _slots(layers: Sequence[Layer], head: Table) -> tuple[tuple[Layer, ...], ...]:
    """Return the layers by slot, in the order in which slots appear."""
    slots: dict[str, list[Layer]] = {}
    for layer in layers:
        slots.setdefault(layer.slot, []).append(layer)
    if next(iter(slots), None) != BASIC:
        head.fault("layer", f"第一层必须属于 {BASIC}", f"the first layer must belong to the slot {BASIC}")
    return tuple(tuple(slot) for slot in slots.values())


def _refuse_repeated_ids(head: Table, content: Mapping[str, object]) -> None:
    seen: set[object] = set()
    for table in _tables_of(content, RULES):
        if table.get("id") in seen:
            head.fault("id", f"规则编号 {table['id']} 重复", f"rule id {table['id']} is there twice")
        seen.add(table.get("id", id(table)))


def _tables_of(content: Mapping[str, object], keys: Iterable[str]) -> Iterable[Mapping[str, object]]:
    for key in keys:
        rows = content.get(key)
        if isinstance(rows, list):
            yield from (row for row in rows if isinstance(row, dict) and isinstance(row.get("id", ""), str))


def _first_pay(table: Table, names: Names) -> FirstPay:
    if table.has("instead") == table.has("further"):
        table.fault("instead", "instead 与 further 必须且只能写一个", "give either instead or further")
    is_further = table.has("further")
    return FirstPay(
        id=table.text("id"),
        title=table.words("title"),
        when=read_when(table, names),
        lines=read_line_test(table),
        share=table.ratio("further") if is_further else table.ratio("instead"),
        is_further=is_further,
    )


def _portion(table: Table, names: Names) -> Portion:
    as_if = table.table("as")
    return Portion(
        id=table.text("id"),
        title=table.words("title"),
        when=read_when(table, names),
        lines=read_line_test(table),
        med_type=as_if.text("med_type") if as_if.has("med_type") else None,
        level=_one_of(as_if, "level", LEVELS),
        institution=_one_of(as_if, "institution", INSTITUTION_KINDS),
    )


def _one_of(table: Table, key: str, known: frozenset[str]) -> str | None:
    if not table.has(key):
        return None
    value = table.text(key)
    if value and value not in known:
        told = "、".join(sorted(known))
        table.fault(key, f"{value!r} 应为 {told} 之一", f"{value!r} must be one of {told}")
    return value


def _package(table: Table, names: Names) -> Package:
    return Package(
        id=table.text("id"),
        title=table.words("title"),
        when=read_when(table, names),
        price=table.amount("price"),
        is_for_everything=table.flag("is_for_everything"),
    )


def _adjustment(table: Table, names: Names) -> Adjustment:
    funds = table.texts("funds", [fund.value for fund in Fund])
    adjustment = Adjustment(
        id=table.text("id"),
        title=table.words("title"),
        when=read_when(table, names),
        funds=frozenset(fund for fund in Fund if fund.value in funds) or frozenset({Fund.HIFP}),
        points=table.number("points", -ONE, ONE, ZERO),
        rate_factor=table.number("rate_factor", ZERO, LARGEST_FACTOR, ONE),
        deductible_factor=table.number("deductible_factor", ZERO, LARGEST_FACTOR, ONE),
        cap_factor=table.number("cap_factor", ZERO, LARGEST_FACTOR, ONE),
        lifts_caps=table.flag("lifts_caps"),
    )
    _refuse_harm_to_the_poor(table, adjustment)
    return adjustment


def _refuse_harm_to_the_poor(table: Table, adjustment: Adjustment) -> None:
    """An identity may only help: whoever has one never pays more than others in the same case."""
    is_for_the_poor = ("has_assistance", True) in adjustment.when.claims or "assistance" in dict(adjustment.when.among)
    harms = {
        "points": adjustment.points < 0,
        "rate_factor": adjustment.rate_factor < 1,
        "deductible_factor": adjustment.deductible_factor > 1,
        "cap_factor": adjustment.cap_factor < 1,
    }
    for key, does_harm in harms.items():
        if is_for_the_poor and does_harm:
            table.fault(key, "救助身份只能提高待遇", "an assistance identity may only raise benefits")


def _account(table: Table, names: Names) -> AccountUse:
    parts = [part.value for part in Part]
    own, family = table.texts("own", parts), table.texts("family", parts)
    return AccountUse(
        id=table.text("id"),
        title=table.words("title"),
        when=read_when(table, names),
        own=frozenset(part for part in Part if part.value in own),
        family=frozenset(part for part in Part if part.value in family),
    )
