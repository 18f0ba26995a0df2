"""Steps as sentences, and the process text within its length."""

from __future__ import annotations

from decimal import Decimal

import pytest

from codes.words import Words
from rules.benefits import Referral, Settlement, StepKind, YearTotals, process_info, settle
from rules.benefits.telling import LONGEST
from tests.identities.sums_told import wrong_sums
from tests.rules.benefits.scene import BASIC, HEAD, TITLE, book, line, pay, person, visit

RULES = book(
    "[amounts]\nwage = 8084\n[[identity]]\ncode = '011'\n" + TITLE
    + "[[pays_first]]\nid = 'first'\n" + TITLE + "lines = { item = ['X2'] }\ninstead = 0.2\n"
    + "[[pays_first]]\nid = 'away'\n" + TITLE + "when = { place = ['outside'] }\nfurther = 0.1\n"
    + "[[portion]]\nid = 'apart'\n" + TITLE + "lines = { item = ['X9'] }\nas = { med_type = '15', level = '2' }\n"
    + "[[package]]\nid = 'eye'\n" + TITLE + "when = { disease = ['H25'] }\nprice = 5500\n"
    + "[[adjust]]\nid = 'away-adjust'\n" + TITLE + "when = { place = ['outside'] }\npoints = -0.105\n"
    "rate_factor = 0.9\ndeductible_factor = 2\ncap_factor = 0.5\n"
    + BASIC + "[[layer.deductible]]\nshare = 0.05\nof = 'wage'\nper = 'year'\n[[layer.cap]]\namount = 9000\n"
    "[[layer.rate]]\nbands = [{ to = 1000, rate = 0.675 }, { rate = 0.9 }]\n"
    + "[[account]]\nid = 'account'\n" + TITLE + "own = ['in_scope']\nfamily = ['outside']\n"
)  # fmt: skip


def rich_case() -> Settlement:
    cart = [
        line(4000, "a1", item="X1", charge_class="02", pays_first=Decimal("0.1")),
        line(1000, "a2", item="X2", price_limit=Decimal(900)),
        line(300, "a3", charge_class="03"),
        line(800, "a4", item="X9"),
    ]
    where = visit(district="440100", disease="H25", uses_account=True, referral=Referral.RECORD)
    who = person(account_balance=Decimal(100), mutual_aid=Decimal(50))
    return settle(RULES, who, where, cart, YearTotals({"dedc:basic": Decimal(100)}))


TOLD = """\
【待遇计算】town 版本 1
1. 示例：按 2026-03-02 有效的规则，险种 职工基本医疗保险（310），人员类别 在职（11），40 岁，医疗类别 普通住院（21），机构等级 三级，跨省异地，已备案
2. 规则：1 行共 900.00 的先行自付比例改为 20%，逐行计，共 180.00〔first@1〕
3. 规则：3 行的范围内部分 5120.00 再先行自付 10%，逐行计，共 512.00〔away@1〕
4. 示例：4 行共 6100.00 = 超限价 100.00 + 全自费 300.00 + 先行自付 1092.00 + 政策范围内 4608.00
5. 规则：1 行、范围内 720.00 单独结算，按医疗类别 特药（地方）（15）、机构等级 二级〔apart@1〕
6. 规则：包干价 5500.00，范围内 3888.00 计入 3888.00，医疗机构承担 0.00〔eye@1〕
7. 规则：支付比例 -10.5 个百分点，支付比例 ×0.9，起付线 ×2，限额 ×0.5〔away-adjust@1〕
8. 规则：起付标准 8084.00×5% = 404.20，×2（规则） = 808.40，本年度此前已付 100.00，本次起付 708.40〔basic@1〕
9. 规则：基数 3888.00，起付 708.40，起付线以上计 3179.60，1000.00×51.3% + 2179.60×71.55% = 2072.50（51.3% = （67.5%-10.5%）×0.9，71.55% = （90%-10.5%）×0.9），限额 9000.00×0.5（规则） = 4500.00，剩余限额 4500.00，统筹基金支付 2072.50〔basic@1〕
10. 规则：支付比例 -10.5 个百分点，支付比例 ×0.9，起付线 ×2，限额 ×0.5〔away-adjust@1〕
11. 规则：起付标准 8084.00×5% = 404.20，×2（规则） = 808.40，本年度此前已付 808.40，本次起付 0.00〔basic@1〕
12. 规则：基数 720.00，起付线以上计 720.00，分段接 3179.60 之后，720.00×71.55% = 515.16（71.55% = （90%-10.5%）×0.9），限额 9000.00×0.5（规则） = 4500.00，本年度已用 2072.50，剩余限额 2427.50，统筹基金支付 515.16〔basic@1〕
13. 规则：个人负担 3512.34；账户可付 2020.34（范围内 2020.34），余额 100.00，支付 100.00；共济可付 300.00（全自费 300.00），余额 50.00，支付 50.00〔account@1〕
明细 a1 X1：4000.00 = 先行自付 760.00（10%，再 10%） + 范围内 3240.00
明细 a2 X2：1000.00 = 超限价 100.00（限价 900×1） + 先行自付 252.00（20%，再 10%） + 范围内 648.00
明细 a3：300.00 = 全自费 300.00
明细 a4 X9：800.00 = 先行自付 80.00（0%，再 10%） + 范围内 720.00
14. 示例：总额 6100.00 = 基金 2587.66 + 个人 3512.34 + 医疗机构 0.00；个人 = 账户 100.00 + 共济 50.00 + 现金 3362.34"""  # noqa: E501


def test_every_number_of_a_settlement_is_told_in_chinese() -> None:
    assert process_info(rich_case()).splitlines() == TOLD.splitlines()


def test_every_step_is_told_in_english_with_the_same_numbers() -> None:
    for step in rich_case().steps:
        numbers = [str(value) for _, value in step.result if isinstance(value, Decimal)]
        for words in (step.words.zh, step.words.en):
            assert all(number in words for number in numbers)
        assert step.sentence == step.words.zh
    assert "pooled fund pays 2072.50" in rich_case().steps[8].words.en


def test_every_figure_follows_from_the_words_of_its_step() -> None:
    assert wrong_sums(rich_case()) == ""


def test_a_settlement_without_basic_rule_says_so() -> None:
    rules = book(BASIC + "when = { med_type = ['11'] }\n[[layer.rate]]\nrate = 1\n")
    assert "3. 示例：没有适用的基本支付规则，范围内 100.00 由个人负担\n" in process_info(pay(rules, 100))


def long_case(lines: int, slots: int = 0) -> Settlement:
    more = "".join(
        f"[[layer]]\nid = 'more-{n}'\nslot = 'slot-{n}'\nfund = 'oth_pay'\n{TITLE}"
        f"[[layer.deductible]]\namount = {n % 2 * 100}\n[[layer.rate]]\nrate = 0.01\n"
        for n in range(slots)
    )
    cart = [line(10, f"serial-{n:020}", item="X" * 23, charge_class="03") for n in range(lines)]
    rules = book(BASIC + "[[layer.rate]]\nrate = 0.5\n" + more, HEAD)
    return settle(rules, person(), visit(), [*cart, line(1000, "scope")], YearTotals())


def test_lines_that_do_not_fit_are_counted() -> None:
    settled = long_case(200)
    told = process_info(settled).splitlines()
    assert len("\n".join(told)) <= LONGEST
    assert told[-1] == f"{len(settled.steps)}. {settled.steps[-1].sentence}"
    shown = sum(text.startswith("明细") for text in told)
    assert told[-2] == f"（另有 {200 - shown} 行明细从略）"
    assert shown > 20
    assert sum(text.startswith("2. ") for text in told) == 1


def test_of_too_many_steps_those_that_moved_no_money_go_first() -> None:
    settled = long_case(1, slots=37)
    told = process_info(settled).splitlines()
    assert len("\n".join(told)) <= LONGEST
    assert not any(text.startswith("明细") for text in told)
    assert told[-3].endswith("步从略）")
    assert told[-2] == "（另有 1 行明细从略）"
    assert sum("支付 " in text for text in told) == 38
    assert sum("本次起付 0.00" in text for text in told) < 20


@pytest.mark.parametrize("longest", [400, 500, 700, 1000, 2000, 3000])
def test_beginning_and_end_stay_however_short(longest: int) -> None:
    for settled in (rich_case(), long_case(50, slots=60)):
        text = process_info(settled, longest)
        assert len(text) <= longest
        assert text.startswith("【待遇计算】town 版本 1\n")
        assert text.endswith(settled.steps[-1].sentence)
        assert ("从略" in text) is (len(process_info(settled, 10**6)) > longest)


def test_a_step_carries_its_rule_and_its_numbers() -> None:
    step = next(step for step in rich_case().steps if step.kind is StepKind.DEDUCTIBLE)
    assert (step.rule, step.version, step.title.zh) == ("basic", "1", "规则")
    assert dict(step.given) == {
        "amount": Decimal("404.20"),
        "basis": "8084.00×5%",
        "factors": Words("×2（规则）", "×2 (Rule)"),
        "standard": Decimal("808.40"),
        "before": Decimal(100),
        "since": Words("本年度", "in the year"),
    }
    assert dict(step.result) == {"deductible": Decimal("708.40")}
