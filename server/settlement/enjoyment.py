"""Which funds would pay for somebody at an institution on a day, and why not those that would not (2001).

The rules that settle are asked, slot by slot, with the facts of person, place and disease: what is answered here is
what a settlement would find. How much a fund pays, and whether its cap is reached, only a trial says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from codes.words import Words
from rules.benefits.case import Visit
from rules.benefits.facts import Facts
from rules.benefits.meanings import level_words, med_type_words
from rules.benefits.rule_set import Layer, RuleSet
from server.people.practice import PracticeError, check_institution
from server.settlement.categories import wrong_there
from server.settlement.errors import PersonError
from server.settlement.funds import ACCOUNT_TYPE
from server.settlement.persons import as_ruled, load_insured, referral_of
from server.settlement.reckoning import Ground
from server.settlement.sale import Sale
from server.store import insured
from server.store.database import Connection
from server.store.institutions import Institution
from wire.fsi.values import BEIJING

_BASIC: Final = {"310": "310100", "390": "390100"}
_EMPLOYEE: Final = "310"


@dataclass(frozen=True, slots=True)
class Enjoyment:
    """Whether one kind of fund pays."""

    fund_type: str
    begins: date
    ends: date | None
    reason: str
    """Why not, in Chinese as the interface has it; empty if it pays."""

    @property
    def is_entitled(self) -> bool:
        """Tell whether it pays."""
        return not self.reason


def enjoyments_of(
    connection: Connection, ground: Ground, asked: Sale, institution: Institution, now: datetime
) -> tuple[Enjoyment, ...]:
    """Return every kind of fund that the rules have for this kind of insurance.

    Args:
        connection: To read with.
        ground: The rules, and the store's sealer.
        asked: Who would be treated for what, and when; it has no lines.
        institution: Where.
        now: The time.

    Raises:
        PersonError: There is no such person.
        BenefitError: No rules hold on the day.
    """
    if insured.load_person(connection, asked.psn_no) is None:
        raise PersonError(Words(f"没有人员编号 {asked.psn_no}", f"There is no person {asked.psn_no}"))
    # Asked by one institution about another: where that one is, is where the person would be treated.
    asked = replace(asked, by=replace(asked.by, institution=institution.code, district=institution.district))
    basic = _BASIC.get(asked.insutype, asked.insutype)
    try:
        check_institution(connection, institution.code, asked.begins)
        found = load_insured(connection, asked, ground.sealer, now)
    except (PracticeError, PersonError) as exc:
        return (Enjoyment(basic, asked.begins.astimezone(BEIJING).date(), None, exc.words.zh),)
    visit = Visit(
        med_type=asked.med_type,
        begins=asked.begins.astimezone(BEIJING).date(),
        level=institution.level,
        institution_kind=institution.kind,
        district=institution.district,
        disease=asked.disease or None,
        referral=referral_of(found, asked),
        uses_account=True,
    )
    force = ground.books.for_district(found.insurance.district).for_visit(visit)
    begins, ends = found.insurance.from_day, found.insurance.to_day
    wrong = wrong_there(force.rules, institution.kind, asked.med_type)
    if wrong is not None:
        return (Enjoyment(basic, begins, ends, wrong.zh),)
    person = as_ruled(found, force.rules, force.day)
    reasons = dict(_reasons(force.rules, force.rules.facts_of(person, visit), asked.med_type))
    return tuple(Enjoyment(kind, begins, ends, reason) for kind, reason in reasons.items())


def _reasons(rules: RuleSet, facts: Facts, stated: str) -> Iterator[tuple[str, str]]:
    """Yield each kind of fund, with why it does not pay; a fund that pays by one of its rules pays."""
    pays: dict[str, str] = {}
    for slot in rules.slots:
        layers = [layer for layer in slot if layer.fund_type and _is_for(layer, facts.insutype)]
        applied = next((layer for layer in layers if layer.rate_for(facts) is not None), None)
        for layer in layers:
            if layer is applied:
                pays[layer.fund_type] = ""
            elif pays.get(layer.fund_type, "?"):
                pays[layer.fund_type] = _why_not(layers, replace(facts, med_type=stated))
    if facts.insutype == _EMPLOYEE:
        is_used = any(use.own and use.when.fits(facts) for use in rules.accounts)
        pays[ACCOUNT_TYPE] = "" if is_used else f"医疗类别 {med_type_words(facts.med_type).zh} 不能使用个人账户"
    yield from pays.items()


def _is_for(layer: Layer, insutype: str) -> bool:
    return insutype in dict(layer.when.among).get("insutype", {insutype})


def _why_not(layers: Sequence[Layer], facts: Facts) -> str:
    """Return why none of the rules for a fund applies."""
    of_diseases = [layer for layer in layers if layer.diseases is not None and layer.when.fits(facts)]
    if of_diseases and not facts.is_registered:
        return f"未登记病种 {facts.disease}" if facts.disease else "未填病种编码 dise_codg"
    titles = "、".join(dict.fromkeys(layer.title.zh for layer in layers))
    category, level = med_type_words(facts.med_type).zh, level_words(facts.level).zh
    return f"医疗类别 {category}、机构等级 {level} 或人员身份不符合：{titles}"[:500]
