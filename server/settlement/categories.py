"""Which categories (`med_type`) may be stated of a sale or a visit, by the rules of the person's place of insurance.

What may not be stated is refused, naming what may. What may be stated and finds no rule that pays is settled all the
same, since accounts may pay for it, and the sender hears of it before the person pays; only a stay is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from codes.words import Words
from rules.benefits.case import Person
from rules.benefits.meanings import insutype_words, med_type_words
from rules.benefits.outcome import Settlement
from rules.benefits.plausible import Plausible
from rules.benefits.rule_set import RuleSet
from rules.benefits.sentences import StepKind
from server.settlement.errors import CategoryError, NotCoveredError
from server.settlement.sale import Sale
from server.settlement.visit_errors import MedTypeError
from server.store.visits import VisitKind

_WHERE = {
    VisitKind.PHARMACY: Words("药店结算", "a pharmacy's sale"),
    VisitKind.OUTPATIENT: Words("门诊", "an outpatient visit"),
    VisitKind.INPATIENT: Words("住院", "a stay"),
}
_MOST_NAMED = 3


def check_category(rules: RuleSet, sale: Sale) -> None:
    """Refuse a sale under a category that may not be stated of it.

    Raises:
        CategoryError: Naming what may be; or the category goes by a disease, and none is named.
    """
    wrong = _wrong(rules, kind_of(sale), sale.med_type) or _without_disease(rules, sale.med_type, sale.disease)
    if wrong:
        raise CategoryError(wrong)


def check_visit_category(rules: RuleSet, kind: VisitKind, insutype: str, med_type: str, disease: str) -> None:
    """Refuse a registration or an admission under a category that may not be stated of it.

    Raises:
        MedTypeError: Naming what may be; or the category goes by a disease, and none is named.
        NotCoveredError: The rules have nothing for a stay of that kind of insurance.
    """
    wrong = _wrong(rules, kind, med_type) or _without_disease(rules, med_type, disease)
    if wrong:
        raise MedTypeError(wrong)
    if kind is VisitKind.INPATIENT and not rules.could_pay(insutype, med_type):
        raise not_covered(rules, insutype, med_type)


def wrong_there(rules: RuleSet, institution_kind: str, med_type: str) -> Words | None:
    """Return why a category may be stated of nothing at a kind of institution; None: it may be."""
    if institution_kind == VisitKind.PHARMACY:
        return _wrong(rules, VisitKind.PHARMACY, med_type)
    return None if med_type in rules.stays else _wrong(rules, VisitKind.OUTPATIENT, med_type)


def kind_of(sale: Sale) -> VisitKind:
    """Return what kind of visit a sale is of."""
    if not sale.visit:
        return VisitKind.PHARMACY
    return VisitKind.OUTPATIENT if sale.stay_number is None else VisitKind.INPATIENT


def not_covered(rules: RuleSet, insutype: str, med_type: str) -> NotCoveredError:
    """Return the refusal of a stay that no rule pays for."""
    kind, category = insutype_words(insutype), med_type_words(med_type)
    return NotCoveredError(
        Words(
            f"{rules.title.zh} 没有险种 {kind.zh}、医疗类别 {category.zh} 的住院支付规则",
            f"{rules.title.en} have no rule for a stay of insurance {kind.en}, category {category.en}",
        )
    )


def remarks_on(rules: RuleSet, person: Person, sale: Sale, outcome: Settlement) -> Iterator[Words]:
    """Yield what the sender should know of category, disease and figures.

    Raises:
        NotCoveredError: No rule pays for a stay.
    """
    if sale.med_type in rules.stated.by_disease and sale.disease not in person.diseases:
        yield unregistered(sale.disease, person.diseases)
    unpaid = sum(
        (Decimal(str(dict(step.result)["inscp_scp_amt"])) for step in outcome.steps if step.kind is StepKind.NO_LAYER),
        Decimal(0),
    )
    if unpaid:
        if kind_of(sale) is VisitKind.INPATIENT:
            raise not_covered(rules, sale.insutype, sale.med_type)
        yield Words(
            f"没有适用的支付规则（险种、医疗类别、机构等级），政策范围内 {unpaid:.2f} 全部由个人负担",
            f"no rule pays for this insurance, category and level: the person bears all {unpaid:.2f} in scope",
        )
    yield from _doubtful(rules.plausible, sale)


def unregistered(disease: str, held: frozenset[str]) -> Words:
    """Return the remark that a disease is not registered."""
    known, listed = "、".join(sorted(held)) or "无", ", ".join(sorted(held)) or "none"
    return Words(
        f"人员当日没有病种 {disease} 的备案（已备案：{known}），将不享受该病种待遇",
        f"the disease {disease} is not registered for the person that day ({listed} is): no benefit of it is given",
    )


def _doubtful(bounds: Plausible, sale: Sale) -> Iterator[Words]:
    large = [line for line in sale.lines if abs(line.amount) > bounds.line]
    for line in large[:_MOST_NAMED]:
        yield Words(
            f"明细 {line.serial} 金额 {line.amount:.2f} 超出常理（{bounds.line:.2f}），请核对数量和单价",
            f"line {line.serial} comes to {line.amount:.2f}, above {bounds.line:.2f}: check quantity and price",
        )
    if sale.total > bounds.sale:
        yield Words(
            f"医疗费总额 {sale.total:.2f} 超出常理（{bounds.sale:.2f}），请核对",
            f"medfee_sumamt is {sale.total:.2f}, above {bounds.sale:.2f}: check it",
        )
    free = [line.serial for line in sale.lines if not line.amount]
    if free:
        more = f" (+{len(free) - _MOST_NAMED})" if len(free) > _MOST_NAMED else ""
        zh, en = "、".join(free[:_MOST_NAMED]), ", ".join(free[:_MOST_NAMED])
        yield Words(
            f"明细 {zh}{more} 金额为 0.00，请核对单价", f"nothing is charged for line {en}{more}: check the price"
        )


def _wrong(rules: RuleSet, kind: VisitKind, med_type: str) -> Words | None:
    may = {
        VisitKind.PHARMACY: rules.stated.pharmacy,
        VisitKind.OUTPATIENT: rules.stated.outpatient,
        VisitKind.INPATIENT: rules.stays,
    }[kind]
    if med_type in may:
        return None
    said, where, others = med_type_words(med_type), _WHERE[kind], [med_type_words(one) for one in sorted(may)]
    return Words(
        f"med_type（医疗类别）{said.zh} 不能用于{where.zh}，可填：{'、'.join(one.zh for one in others) or '无'}",
        f"med_type of {where.en} cannot be {said.en}; it may be: {', '.join(one.en for one in others) or 'none'}",
    )


def _without_disease(rules: RuleSet, med_type: str, disease: str) -> Words | None:
    if med_type not in rules.stated.by_disease or disease:
        return None
    return Words(
        f"med_type（医疗类别）{med_type} 须填写 dise_codg（病种编码）",
        f"dise_codg is required where med_type is {med_type}",
    )
