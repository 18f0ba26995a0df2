"""What the parts of an explained settlement are called, in Chinese and in English.

The numbers of a step have the interface's names where it has one (`server.settlement.labels`), and names of the rules
elsewhere. A name that is not known here is shown as it is: what was kept years ago must still be legible, and is never
refused for a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from codes.words import Words
from rules.benefits.sentences import PLACES, REFERRALS
from rules.benefits.sums import FUNDS
from rules.benefits.tally import STAYS
from server.settlement.labels import label_of, meaning_of
from server.store.fsi_messages import MessageState
from server.store.medical_accounts import Reason

REASONS: Final[Mapping[Reason, Words]] = MappingProxyType(
    {
        Reason.BALANCE: Words("导入余额", "balance told"),
        Reason.SETTLEMENT: Words("结算支付", "paid for a settlement"),
        Reason.REVERSAL: Words("撤销或冲正退回", "given back"),
    }
)
"""Why money of an account moved."""
MESSAGE_STATES: Final[Mapping[MessageState, Words]] = MappingProxyType(
    {
        MessageState.OPEN: Words("办理中", "in work"),
        MessageState.ANSWERED: Words("已应答", "answered"),
        MessageState.REFUSED: Words("已拒绝", "refused"),
        MessageState.REVERSED: Words("已冲正", "reversed"),
    }
)
_OF_RULES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "above": Words("起付", "deductible"),
        "age": Words("年龄", "age"),
        "amount": Words("起付金额", "amount of the deductible"),
        "balance": Words("账户余额", "account balance"),
        "bands": Words("分段计算", "bands"),
        "base": Words("基数", "base"),
        "basis": Words("起付依据", "basis of the deductible"),
        "before": Words("此前已付起付", "deductible paid before"),
        "before_with": Words("合并计算", "together with"),
        "cap_factor": Words("限额系数", "factor of caps"),
        "counted": Words("起付线以上", "above the deductible"),
        "counted_before": Words("此前已计入", "counted before"),
        "covered_before": Words("此前费用", "fees before"),
        "covers": Words("包干范围", "what the price covers"),
        "day": Words("规则日期", "day of the rules"),
        "deductible": Words("本次起付", "deductible now"),
        "deductible_factor": Words("起付线系数", "factor of the deductible"),
        "district": Words("就医地区划", "district of treatment"),
        "factors": Words("起付线系数", "factors of the deductible"),
        "family_balance": Words("共济账户余额", "family's balance"),
        "family_left": Words("账户支付后余下", "left by the account"),
        "family_may_pay": Words("共济可付", "the family may pay"),
        "family_parts": Words("共济可付的部分", "parts the family may pay"),
        "from": Words("此前已计", "counted before"),
        "fund": Words("支付基金", "fund"),
        "hosp_part_amt": Words("医疗机构承担", "borne by the hospital"),
        "layer": Words("作用于规则", "rule that it changes"),
        "least": Words("最低", "at least"),
        "left": Words("其他基金支付后余下", "left by other funds"),
        "less": Words("每次住院递减", "less for each stay"),
        "level": Words("机构等级", "level of the institution"),
        "lifts_caps": Words("取消限额", "caps are lifted"),
        "limit": Words("限额", "limit"),
        "limit_left": Words("剩余限额", "limit left"),
        "limit_pool": Words("限额累计项", "pool of the limit"),
        "limit_used": Words("已用限额", "used of the limit"),
        "limit_used_in": Words("限额周期", "period of the limit"),
        "limit_used_with": Words("限额合并计算", "limit together with"),
        "lines": Words("明细行数", "lines"),
        "most": Words("至多", "at most"),
        "most_in_year": Words("本年度起付至多", "most in the year"),
        "moved": Words("转为先行自付", "moved to paid first"),
        "of": Words("计算对象", "of"),
        "of_stay": Words("本次住院起付", "deductible of this stay"),
        "of_year": Words("本年度已付起付", "paid in the year"),
        "over_cap": Words("限额以上", "over the cap"),
        "own_may_pay": Words("账户可付", "the account may pay"),
        "own_parts": Words("账户可付的部分", "parts the account may pay"),
        "paid": Words("本层支付", "paid by this layer"),
        "paid_before": Words("其他基金已支付", "paid by other funds"),
        "place": Words("就医地点", "place of treatment"),
        "pool": Words("起付累计项", "pool of the deductible"),
        "points": Words("比例增减", "change of the rate"),
        "price": Words("包干价", "package price"),
        "rate_factor": Words("比例系数", "factor of the rates"),
        "rates": Words("支付比例", "rates"),
        "reckoned": Words("按比例计得", "by the rates"),
        "referral": Words("转诊备案", "referral or record"),
        "rest": Words("此前未扣足的起付", "deductible still owed"),
        "scope": Words("范围内", "in scope"),
        "scope_holds": Words("限额口径", "how the limit is laid"),
        "scope_left": Words("剩余计入限额", "left to count"),
        "scope_limit": Words("计入限额", "limit of what counts"),
        "scope_limit_pool": Words("计入限额累计项", "pool of what counts"),
        "scope_used": Words("已用计入限额", "counted under the limit"),
        "scope_used_in": Words("计入限额周期", "period of what counts"),
        "scope_used_with": Words("计入限额合并计算", "counted together with"),
        "share": Words("先行自付比例", "share paid first"),
        "since": Words("起付周期", "period of the deductible"),
        "standard": Words("起付标准", "standard deductible"),
        "stay": Words("第几次住院", "stay of the year"),
        "stay_share": Words("本次住院系数", "share of this stay"),
        "unlaid": Words("不在分段内", "in no band"),
        "way": Words("处理方式", "way"),
        "whole": Words("包干对象合计", "fees that the price is for"),
    }
)
_VALUES: Final[Mapping[str, Mapping[str, Words]]] = MappingProxyType(
    {"fund": FUNDS, "place": PLACES, "referral": REFERRALS}
)
_OF_TOTALS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "above": Words("起付线以上累计", "money above deductibles"),
        "dedc": Words("起付累计", "deductible paid"),
        "laid": Words("分段基数累计", "money laid into bands"),
        "paid": Words("限额内基金支付累计", "paid by funds under the cap"),
        "stays": Words("住院次数", "stays"),
        "used": Words("限额内费用累计", "costs under the cap"),
    }
)
_TOTAL: Final = re.compile(r"(?P<kind>[a-z]+)(?::(?P<pool>[^:@]+))?(?::(?P<disease>[^@]+))?(?:@(?P<span>.+))?")


def words_of_number(name: str) -> Words:
    """Return what a number of a step is called.

    >>> str(words_of_number("limit_left")), words_of_number("inscp_scp_amt").zh, words_of_number("new").en
    ('剩余限额 / limit left', '符合政策范围金额', 'new')
    """
    return _OF_RULES.get(name) or label_of(name)


def words_of_value(name: str, value: str | int) -> Words:
    """Return what a number of a step, or a code in its place, says.

    >>> words_of_value("fund", "hifp_pay").zh, words_of_value("med_type", "41").en, words_of_value("age", 41).zh
    ('统筹基金', 'pharmacy purchase (41)', '41')
    """
    text = str(value)
    said = _VALUES[name].get(text) if name in _VALUES else None
    if said is not None:
        return said
    meant = meaning_of(name, text)
    return meant if meant.zh == text else Words(f"{meant.zh}（{text}）", f"{meant.en} ({text})")


def told_total(key: str, amount: Decimal, form: str = ",.2f") -> str:
    """Return the amount of a total of a year: money, or stays.

    >>> told_total("stays", Decimal("1.00")), told_total("dedc:310-outpatient", Decimal(1300), "+,.2f")
    ('1', '+1,300.00')
    """
    return format(amount, form.replace(".2f", ".0f") if key == STAYS else form)


def words_of_total(key: str, titles: Mapping[str, Words] = MappingProxyType({})) -> Words:
    """Return what a total of a year is called; `titles` are those of rules, since a pool is often named as its rule.

    >>> words_of_total("dedc:310-outpatient").zh, words_of_total("used:two:M01600@2026Q1").en
    ('起付累计：310-outpatient', 'costs under the cap: two, M01600, 2026Q1')
    """
    found = _TOTAL.fullmatch(key)
    kind = _OF_TOTALS.get(found["kind"]) if found else None
    if found is None or kind is None:
        return Words(key, key)
    pool = titles.get(found["pool"] or "") or Words(found["pool"] or "", found["pool"] or "")
    rest = [one for one in (found["disease"], found["span"]) if one]
    zh, en = "，".join(filter(None, [pool.zh, *rest])), ", ".join(filter(None, [pool.en, *rest]))
    return Words(f"{kind.zh}：{zh}" if zh else kind.zh, f"{kind.en}: {en}" if en else kind.en)
