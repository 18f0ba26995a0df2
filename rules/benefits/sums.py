"""The sentences of the steps that reckon: each tells the sum, so that its figure follows from the words before it."""

from __future__ import annotations

from codes.words import Words
from rules.benefits.figures import Value, Values, percent, ratio_of, words_of

FUNDS = {
    "hifp_pay": Words("统筹基金", "pooled fund"),
    "cvlserv_pay": Words("公务员补助", "civil servants' subsidy"),
    "hifes_pay": Words("企业补充", "enterprise supplement"),
    "hifmi_pay": Words("居民大病", "residents' critical illness"),
    "hifob_pay": Words("职工大额", "employees' large sum"),
    "maf_pay": Words("医疗救助", "medical assistance"),
    "oth_pay": Words("其他基金", "other fund"),
}


_PAYABLE = (Words("限额", "limit"), Words("剩余限额", "limit left"))
_COUNTABLE_WHOLE = (
    Words("计入限额（含起付）", "limit of what counts, with the deductible"),
    Words("剩余计入限额（含起付）", "left to count, with the deductible"),
)
_COUNTABLE = (Words("计入限额", "limit of what counts"), Words("剩余计入限额", "left to count"))


def deductible_sentence(values: Values) -> Words:
    """Return what is told of a deductible."""
    zh, en = _standard(values)
    if values["before"]:
        since, others = values["since"], values.get("before_with")
        assert isinstance(since, Words)  # noqa: S101 - the layer wrote it
        zh, en = f"{zh}，{since.zh}此前已付 {values['before']}", f"{en}, paid before {since.en} {values['before']}"
        zh, en = _beside(zh, en, others)
    if "most_in_year" in values:
        zh = f"{zh}，本年度合计至多 {values['most_in_year']}，此前已付 {values['of_year']}"
        en = f"{en}, at most {values['most_in_year']} in the year, paid before {values['of_year']}"
    if "base" in values:
        zh, en = f"{zh}，基数仅 {values['base']}", f"{en}, of only {values['base']}"
    return Words(f"{zh}，本次起付 {values['deductible']}", f"{en}, now {values['deductible']}")


def _standard(values: Values) -> tuple[str, str]:
    """Return the sum that the standard deductible comes to: its amount, of this stay, for this person."""
    sums: list[tuple[str, str]] = []
    amount = str(values["amount"])
    if values["basis"]:
        sums.append((f"{values['basis']} = {amount}", f"{values['basis']} = {amount}"))
        amount = ""
    if "stay" in values:
        how = ""
        if "stay_share" in values:
            how = f"×{percent(ratio_of(values['stay_share']))}"
        elif "less" in values:
            how = f"-{values['less']}×{int(str(values['stay'])) - 1}"
        is_first = how in {"×100%", f"-{values.get('less')}×0"}
        stay, equals = values["stay"], f" = {values['of_stay']}"
        if is_first:
            zh, en = f"第 {stay} 次住院", f"stay {stay}"
            sums.append((f"{amount}（{zh}）", f"{amount} ({en})") if amount else (zh, en))
        else:
            sums.append((f"{amount}{how}（第 {stay} 次住院）{equals}", f"{amount}{how} (stay {stay}){equals}"))
        amount = ""
    if "least" in values:
        sums.append((f"最低 {values['least']}", f"at least {values['least']}"))
    factors = values.get("factors")
    if isinstance(factors, Words):
        sums.append((f"{amount}{factors.zh} = {values['standard']}", f"{amount}{factors.en} = {values['standard']}"))
        amount = ""
    if amount:
        sums.append((amount, amount))
    return f"起付标准 {'，'.join(zh for zh, _ in sums)}", f"standard {', '.join(en for _, en in sums)}"


def payment_sentence(values: Values) -> Words:
    """Return what is told of a payment."""
    fund, base = FUNDS[str(values["fund"])], _base(values)
    zh, en = f"基数 {base.zh}", f"base {base.en}"
    if "above" in values:
        zh, en = f"{zh}，起付 {values['above']}", f"{en}, deductible {values['above']}"
    if "scope_left" in values:
        called = _COUNTABLE if values.get("scope_holds") == "above_deductible" else _COUNTABLE_WHOLE
        zh, en = _limit(zh, en, values, ("scope_limit", "scope_used", "scope_left"), called)
    zh, en = f"{zh}，起付线以上计 {values['counted']}", f"{en}, counted above the deductible {values['counted']}"
    if "from" in values:
        zh, en = f"{zh}，分段接 {values['from']} 之后", f"{en}, bands go on after {values['from']}"
    if values["bands"]:
        zh, en = f"{zh}，{values['bands']} = {values['reckoned']}", f"{en}, {values['bands']} = {values['reckoned']}"
    if "rates" in values:
        rates = words_of(values["rates"])
        zh, en = f"{zh}（{rates.zh}）", f"{en} ({rates.en})"
    if "unlaid" in values:
        zh, en = f"{zh}，另 {values['unlaid']} 不在支付分段内", f"{en}, {values['unlaid']} lies in no band"
    if "limit_left" in values:
        zh, en = _limit(zh, en, values, ("limit", "limit_used", "limit_left"), _PAYABLE)
    if "left" in values:
        zh, en = f"{zh}，其他基金支付后仅余 {values['left']}", f"{en}, other funds leave only {values['left']}"
    if "over_cap" in values:
        zh, en = f"{zh}，限额以上未付 {values['over_cap']}", f"{en}, {values['over_cap']} over the cap is not paid"
    return Words(f"{zh}，{fund.zh}支付 {values['paid']}", f"{en}, {fund.en} pays {values['paid']}")


def _base(values: Values) -> Words:
    """Return the money that a layer looks at, with the sum that it is where other funds have paid before."""
    base = str(values["base"])
    if values.get("of") == "over_cap":
        return Words(f"{base}（基本支付限额以上）", f"{base} (over the basic cap)")
    if "of" not in values:
        return Words(base, base)
    zh, en = (
        f"范围内 {values['scope']}-已支付 {values['paid_before']}",
        f"in scope {values['scope']}-paid {values['paid_before']}",
    )
    for name, told in (
        ("less", Words("基本起付", "basic deductible")),
        ("rest", Words("此前未扣足的起付", "owed of it")),
    ):
        if values.get(name):
            zh, en = f"{zh}-{told.zh} {values[name]}", f"{en}-{told.en} {values[name]}"
    return Words(f"{base}（{zh}）", f"{base} ({en})")


def _limit(
    zh: str, en: str, values: Values, names: tuple[str, str, str], called: tuple[Words, Words]
) -> tuple[str, str]:
    """Return two texts with a limit, what was used of it, and what is left."""
    amount, used, left = names
    if amount in values:
        told = words_of(values[amount])
        zh, en = f"{zh}，{called[0].zh} {told.zh}", f"{en}, {called[0].en} {told.en}"
    if used in values:
        span = words_of(values[f"{used}_in"])
        zh, en = f"{zh}，{span.zh}已用 {values[used]}", f"{en}, used {span.en} {values[used]}"
        zh, en = _beside(zh, en, values.get(f"{used}_with"))
    return f"{zh}，{called[1].zh} {values[left]}", f"{en}, {called[1].en} {values[left]}"


def _beside(zh: str, en: str, others: Value | None) -> tuple[str, str]:
    """Return two texts with the rules that have used the same pool, if there are others."""
    if not isinstance(others, Words):
        return zh, en
    return f"{zh}（与{others.zh}合并计算）", f"{en} (together with {others.en})"


def package_sentence(values: Values) -> Words:
    """Return what is told of a package."""
    zh, en = f"包干价 {values['price']}", f"price {values['price']}"
    if "counted_before" in values:
        zh, en = f"{zh}，此前已计 {values['counted_before']}", f"{en}, counted before {values['counted_before']}"
    zh = f"{zh}，范围内 {values['inscp_scp_amt']} 计入 {values['counted']}"
    en = f"{en}, of {values['inscp_scp_amt']} in scope {values['counted']} counts"
    if "whole" in values:
        what = Words("费用", "fees") if values["covers"] == "everything" else Words("范围内费用", "fees in scope")
        zh, en = f"{zh}；{what.zh} {values['whole']}", f"{en}; {what.en} {values['whole']}"
        if "covered_before" in values:
            zh = f"{zh}（此前 {values['covered_before']}）"
            en = f"{en} ({values['covered_before']} before)"
        zh, en = f"{zh} 超出包干价的部分由医疗机构承担", f"{en}, what is above the price is the hospital's"
    if "most" in values:
        zh, en = f"{zh}，至多 {values['most']}", f"{en}, at most {values['most']}"
    return Words(f"{zh}，医疗机构承担 {values['hosp_part_amt']}", f"{en}, the hospital bears {values['hosp_part_amt']}")


def account_sentence(values: Values) -> Words:
    """Return what is told of accounts."""
    own, family = _sum_of(values, "own_parts"), _sum_of(values, "family_parts")
    zh = f"个人负担 {values['psn_part_amt']}；账户可付 {values['own_may_pay']}{own.zh}，余额 {values['balance']}"
    en = (
        f"the person bears {values['psn_part_amt']}; the account may pay {values['own_may_pay']}{own.en}, "
        f"has {values['balance']}"
    )
    zh = f"{zh}，支付 {values['acct_pay']}；共济可付 {values['family_may_pay']}{family.zh}"
    en = f"{en}, pays {values['acct_pay']}; the family's may pay {values['family_may_pay']}{family.en}"
    if "family_left" in values:
        zh, en = f"{zh}，账户支付后仅余 {values['family_left']}", f"{en}, of which {values['family_left']} is left"
    return Words(
        f"{zh}，余额 {values['family_balance']}，支付 {values['acct_mulaid_pay']}",
        f"{en}, have {values['family_balance']}, pay {values['acct_mulaid_pay']}",
    )


def _sum_of(values: Values, name: str) -> Words:
    """Return of what an amount is the sum; nothing if it is nought."""
    told = words_of(values.get(name, ""))
    return Words(f"（{told.zh}）", f" ({told.en})") if told.zh else told
