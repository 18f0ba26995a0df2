"""Each kind of step as a sentence, in Chinese and in English.

A sentence is put together from the numbers of its step, so that what is told is what was reckoned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum

from codes.words import Words
from rules.benefits.meanings import insutype_words, level_words, med_type_words, psn_type_words

Value = Decimal | int | str
Values = Mapping[str, Value]
HUNDRED = Decimal(100)


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
FUNDS = {
    "hifp_pay": Words("统筹基金", "pooled fund"),
    "cvlserv_pay": Words("公务员补助", "civil servants' subsidy"),
    "hifes_pay": Words("企业补充", "enterprise supplement"),
    "hifmi_pay": Words("居民大病", "residents' critical illness"),
    "hifob_pay": Words("职工大额", "employees' large sum"),
    "maf_pay": Words("医疗救助", "medical assistance"),
    "oth_pay": Words("其他基金", "other fund"),
}


def percent(ratio: Decimal) -> str:
    """Return a ratio as people write it.

    >>> percent(Decimal("0.675")), percent(Decimal("0.9"))
    ('67.5%', '90%')
    """
    return f"{(ratio * HUNDRED).normalize():f}%"


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
    share = percent(Decimal(values["share"]))
    if values["way"] == "further":
        return Words(
            f"{values['lines']} 行的范围内部分再先行自付 {share}，共 {values['moved']}",
            f"lines: {values['lines']}, a further {share} of what is in scope is paid first, {values['moved']}",
        )
    return Words(
        f"{values['lines']} 行的先行自付比例改为 {share}，共 {values['moved']}",
        f"lines: {values['lines']}, {share} is paid first instead, {values['moved']}",
    )


def _adjust(values: Values) -> Words:
    zh: list[str] = []
    en: list[str] = []
    if "points" in values:
        points = f"{(Decimal(values['points']) * HUNDRED).normalize():+f}"
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


def _deductible(values: Values) -> Words:
    zh, en = f"起付标准 {values['standard']}", f"standard {values['standard']}"
    if values["basis"]:
        zh, en = f"{zh}（{values['basis']}）", f"{en} ({values['basis']})"
    if values["before"]:
        zh, en = f"{zh}，此前已付 {values['before']}", f"{en}, paid before {values['before']}"
    return Words(f"{zh}，本次起付 {values['deductible']}", f"{en}, now {values['deductible']}")


def _payment(values: Values) -> Words:
    fund = FUNDS[str(values["fund"])]
    zh, en = (
        f"基数 {values['base']}，起付线以上计 {values['counted']}",
        f"base {values['base']}, counted {values['counted']}",
    )
    if "from" in values:
        zh, en = f"{zh}，分段接 {values['from']} 之后", f"{en}, bands go on after {values['from']}"
    if values["bands"]:
        zh, en = f"{zh}，{values['bands']} = {values['reckoned']}", f"{en}, {values['bands']} = {values['reckoned']}"
    if "limit_left" in values:
        zh, en = f"{zh}，剩余限额 {values['limit_left']}", f"{en}, limit left {values['limit_left']}"
    return Words(f"{zh}，{fund.zh}支付 {values['paid']}", f"{en}, {fund.en} pays {values['paid']}")


_SENTENCES: dict[StepKind, Callable[[Values], Words]] = {
    StepKind.CASE: _case,
    StepKind.FIRST_PAY: _first_pay,
    StepKind.SPLIT: _template(
        "{lines} 行共 {medfee_sumamt} = 超限价 {overlmt_selfpay} + 全自费 {fulamt_ownpay_amt}"
        " + 先行自付 {preselfpay_amt} + 政策范围内 {inscp_scp_amt}",
        "fee lines: {lines}, {medfee_sumamt} = over the limit {overlmt_selfpay}"
        " + outside the catalogue {fulamt_ownpay_amt} + paid first {preselfpay_amt} + in scope {inscp_scp_amt}",
    ),
    StepKind.PACKAGE: _template(
        "包干价 {price}，范围内 {inscp_scp_amt} 计入 {counted}，医疗机构承担 {hosp_part_amt}",
        "price {price}, of {inscp_scp_amt} in scope {counted} counts, the hospital bears {hosp_part_amt}",
    ),
    StepKind.PORTION: _portion,
    StepKind.ADJUST: _adjust,
    StepKind.DEDUCTIBLE: _deductible,
    StepKind.PAYMENT: _payment,
    StepKind.NO_LAYER: _template(
        "没有适用的基本支付规则，范围内 {inscp_scp_amt} 由个人负担",
        "no basic rule of payment applies, the person bears the {inscp_scp_amt} in scope",
    ),
    StepKind.ACCOUNT: _template(
        "个人负担 {psn_part_amt}；账户可付 {own_may_pay}，余额 {balance}，支付 {acct_pay}；"
        "共济可付 {family_may_pay}，余额 {family_balance}，支付 {acct_mulaid_pay}",
        "the person bears {psn_part_amt}; the account may pay {own_may_pay}, has {balance}, pays {acct_pay};"
        " the family's may pay {family_may_pay}, have {family_balance}, pay {acct_mulaid_pay}",
    ),
    StepKind.RESULT: _template(
        "总额 {medfee_sumamt} = 基金 {fund_pay_sumamt} + 个人 {psn_part_amt} + 医疗机构 {hosp_part_amt}；"
        "个人 = 账户 {acct_pay} + 共济 {acct_mulaid_pay} + 现金 {psn_cash_pay}",
        "{medfee_sumamt} = funds {fund_pay_sumamt} + person {psn_part_amt} + hospital {hosp_part_amt};"
        " person = account {acct_pay} + family {acct_mulaid_pay} + cash {psn_cash_pay}",
    ),
}
