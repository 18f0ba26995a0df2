"""Each kind of step as a sentence, in Chinese and in English.

A sentence is put together from the numbers of its step, so that what is told is what was reckoned.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from codes.words import Words
from rules.benefits.figures import HUNDRED, Values, percent, ratio_of
from rules.benefits.meanings import insutype_words, level_words, med_type_words, psn_type_words
from rules.benefits.sums import account_sentence, deductible_sentence, package_sentence, payment_sentence


class StepKind(StrEnum):
    """What a step does."""

    CASE = "case"
    FIRST_PAY = "first_pay"
    SPLIT = "split"
    PACKAGE = "package"
    PORTION = "portion"
    ADJUST = "adjust"
    DEDUCTIBLE = "deductible"
    PAYMENT = "payment"
    NO_LAYER = "no_layer"
    ACCOUNT = "account"
    RESULT = "result"


PLACES = {
    "local": Words("统筹区内", "inside the pooling area"),
    "province": Words("省内异地", "elsewhere in the province"),
    "outside": Words("跨省异地", "in another province"),
}
REFERRALS = {
    "none": Words("无转诊备案", "without referral or record"),
    "referral": Words("已转诊", "referred"),
    "record": Words("已备案", "on record"),
}


def sentence(kind: StepKind, title: Words, values: Values) -> Words:
    """Return the sentence of a step, the title of its rule first."""
    told = _SENTENCES[kind](values)
    return Words(f"{title.zh}：{told.zh}", f"{title.en}: {told.en}")


def _template(zh: str, en: str) -> Callable[[Values], Words]:
    def fill(values: Values) -> Words:
        return Words(zh.format_map(values), en.format_map(values))

    return fill


def _case(values: Values) -> Words:
    place, referral = PLACES[str(values["place"])], REFERRALS[str(values["referral"])]
    insurance, kind = insutype_words(str(values["insutype"])), psn_type_words(str(values["psn_type"]))
    treatment, level = med_type_words(str(values["med_type"])), level_words(str(values["level"]))
    if "counts_as" in values:
        counted = med_type_words(str(values["counts_as"]))
        treatment = Words(
            f"{treatment.zh}（病种未登记，按 {counted.zh} 计）",
            f"{treatment.en}, the disease not being registered counted as {counted.en}",
        )
    return Words(
        f"按 {values['day']} 有效的规则，险种 {insurance.zh}，人员类别 {kind.zh}，{values['age']} 岁，"
        f"医疗类别 {treatment.zh}，机构等级 {level.zh}，{place.zh}，{referral.zh}",
        f"rules of {values['day']}, insurance {insurance.en}, person kind {kind.en}, aged {values['age']}, "
        f"category {treatment.en}, level {level.en}, {place.en}, {referral.en}",
    )


def _portion(values: Values) -> Words:
    treatment, level = med_type_words(str(values["med_type"])), level_words(str(values["level"]))
    return Words(
        f"{values['lines']} 行、范围内 {values['inscp_scp_amt']} 单独结算，"
        f"按医疗类别 {treatment.zh}、机构等级 {level.zh}",
        f"lines settled apart: {values['lines']}, {values['inscp_scp_amt']} in scope, as category {treatment.en} "
        f"at level {level.en}",
    )


def _first_pay(values: Values) -> Words:
    share = percent(ratio_of(values["share"]))
    if values["way"] == "further":
        return Words(
            f"{values['lines']} 行的范围内部分 {values['of']} 再先行自付 {share}，逐行计，共 {values['moved']}",
            f"lines: {values['lines']}, a further {share} of the {values['of']} in scope is paid first, line by line "
            f"{values['moved']}",
        )
    return Words(
        f"{values['lines']} 行共 {values['of']} 的先行自付比例改为 {share}，逐行计，共 {values['moved']}",
        f"lines: {values['lines']} of {values['of']}, {share} is paid first instead, line by line {values['moved']}",
    )


def _adjust(values: Values) -> Words:
    zh: list[str] = []
    en: list[str] = []
    if "points" in values:
        points = f"{(ratio_of(values['points']) * HUNDRED).normalize():+f}"
        zh.append(f"支付比例 {points} 个百分点")
        en.append(f"rates {points} points")
    for name, one in (("rate_factor", ("支付比例", "rates")), ("deductible_factor", ("起付线", "deductible"))):
        if name in values:
            zh.append(f"{one[0]} ×{values[name]}")
            en.append(f"{one[1]} ×{values[name]}")
    if "cap_factor" in values:
        zh.append(f"限额 ×{values['cap_factor']}")
        en.append(f"caps ×{values['cap_factor']}")
    if "lifts_caps" in values:
        zh.append("取消限额")
        en.append("no caps")
    return Words("，".join(zh) or "无变化", ", ".join(en) or "changes nothing")


_SENTENCES: dict[StepKind, Callable[[Values], Words]] = {
    StepKind.CASE: _case,
    StepKind.FIRST_PAY: _first_pay,
    StepKind.SPLIT: _template(
        "{lines} 行共 {medfee_sumamt} = 超限价 {overlmt_selfpay} + 全自费 {fulamt_ownpay_amt}"
        " + 先行自付 {preselfpay_amt} + 政策范围内 {inscp_scp_amt}",
        "fee lines: {lines}, {medfee_sumamt} = over the limit {overlmt_selfpay}"
        " + outside the catalogue {fulamt_ownpay_amt} + paid first {preselfpay_amt} + in scope {inscp_scp_amt}",
    ),
    StepKind.PACKAGE: package_sentence,
    StepKind.PORTION: _portion,
    StepKind.ADJUST: _adjust,
    StepKind.DEDUCTIBLE: deductible_sentence,
    StepKind.PAYMENT: payment_sentence,
    StepKind.NO_LAYER: _template(
        "没有适用的基本支付规则，范围内 {inscp_scp_amt} 由个人负担",
        "no basic rule of payment applies, the person bears the {inscp_scp_amt} in scope",
    ),
    StepKind.ACCOUNT: account_sentence,
    StepKind.RESULT: _template(
        "总额 {medfee_sumamt} = 基金 {fund_pay_sumamt} + 个人 {psn_part_amt} + 医疗机构 {hosp_part_amt}；"
        "个人 = 账户 {acct_pay} + 共济 {acct_mulaid_pay} + 现金 {psn_cash_pay}",
        "{medfee_sumamt} = funds {fund_pay_sumamt} + person {psn_part_amt} + hospital {hosp_part_amt};"
        " person = account {acct_pay} + family {acct_mulaid_pay} + cash {psn_cash_pay}",
    ),
}
