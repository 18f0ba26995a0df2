from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from server.settlement.comparing import Difference, Record, Result, Totals, compare, compare_totals, totals_of
from server.settlement.statement_file import DOWN, Figures, StatementLine


def figures(total: str, fund: str, account: str) -> Figures:
    return Figures(Decimal(total), Decimal(fund), Decimal(account))


A = Record("S1", "S1", "M1", "P1", "msg1", date(2026, 11, 20), figures("100.00", "60.00", "30.00"), is_refund=False)
B = Record("S2", "S2", "M2", "P2", "msg2", date(2026, 11, 20), figures("50.00", "20.00", "0.00"), is_refund=False)
UNDONE = Record("S2", "C2", "M2", "P2", "msg3", date(2026, 11, 20), figures("-50.00", "-20.00", "0.00"), is_refund=True)
OURS = (A, B, UNDONE)


def line(record: Record, number: int = 1) -> StatementLine:
    return StatementLine(
        number, record.setl_id, record.mdtrt_id, record.psn_no, record.figures, is_refund=record.is_refund
    )


def nowhere(_: str) -> Sequence[Record]:
    return ()


def compared(theirs: Sequence[StatementLine], ours: Sequence[Record] = OURS) -> tuple[Difference, ...]:
    return compare(theirs, ours, nowhere)


def test_equal_books_have_no_difference() -> None:
    assert compared([line(one) for one in reversed(OURS)]) == ()


def test_a_refund_may_be_called_by_its_own_id_or_by_that_of_the_settlement() -> None:
    assert compared([line(A), line(B), replace(line(UNDONE), setl_id="C2")]) == ()


def test_what_the_institution_left_empty_is_not_compared() -> None:
    assert compared([replace(line(A), mdtrt_id="", psn_no=""), line(B), line(UNDONE)]) == ()


@pytest.mark.req("T-72")
@pytest.mark.parametrize(
    ("theirs", "result", "setl_id", "memo"),
    [
        ([line(A), line(B)], Result.DIFFERS, "S2", "仅中心有：机构缺该笔退费，结算仍记为有效"),
        ([line(B), line(UNDONE)], Result.DIFFERS, "S1", "仅中心有：机构缺该笔结算"),
        (
            [*map(line, OURS), replace(line(A), setl_id="S9")],
            Result.INSTITUTION_ALONE,
            "S9",
            "仅机构有：中心没有该笔结算",
        ),
        (
            [*map(line, OURS), replace(line(A), is_refund=True)],
            Result.INSTITUTION_ALONE,
            "S1",
            "仅机构有：退费记录，但中心的该笔结算未被撤销",
        ),
        (
            [*map(line, OURS), replace(line(UNDONE), setl_id="S9")],
            Result.INSTITUTION_ALONE,
            "S9",
            "仅机构有：中心没有该笔退费",
        ),
        ([*map(line, OURS), line(A, 4)], Result.INSTITUTION_ALONE, "S1", "文件中重复：第 1 行与第 4 行"),
        (
            [replace(line(A), figures=figures("100.00", "60.01", "29.99")), line(B), line(UNDONE)],
            Result.DIFFERS,
            "S1",
            "fund_pay_sumamt 机构 60.01 中心 60.00；acct_pay 机构 29.99 中心 30.00",
        ),
        (
            [replace(line(A), mdtrt_id="M9", psn_no="P9"), line(B), line(UNDONE)],
            Result.DIFFERS,
            "S1",
            "mdtrt_id 机构 M9 中心 M1；psn_no 机构 P9 中心 P1",
        ),
        (
            [line(A), line(B), replace(line(UNDONE), figures=B.figures)],
            Result.DIFFERS,
            "S2",
            "medfee_sumamt 机构 50.00 中心 -50.00；fund_pay_sumamt 机构 20.00 中心 -20.00",
        ),
    ],
    ids=[
        "refund missing",
        "settlement missing",
        "settlement unknown",
        "refund of what stands",
        "refund unknown",
        "twice",
        "amounts",
        "ids",
        "refund not negative",
    ],
)
def test_a_difference_is_found_and_named(theirs: list[StatementLine], result: Result, setl_id: str, memo: str) -> None:
    (found,) = compared(theirs)
    assert (found.result, found.setl_id, found.memo.zh) == (result, setl_id, memo)


def test_a_record_of_another_day_is_told_with_its_day() -> None:
    other = replace(A, setl_id="S7", own_id="S7", day=date(2026, 11, 19))
    (found,) = compare([*map(line, OURS), line(other)], OURS, lambda setl_id: [other] if setl_id == "S7" else [])
    assert found.result is Result.INSTITUTION_ALONE
    assert "2026-11-19" in found.memo.zh
    assert "2026-11-19" in found.memo.en


@pytest.mark.parametrize(
    ("only_refunds", "theirs", "zh", "en"),
    [
        (False, UNDONE, "该行是退费，而报文 refd_setl_flag（退费结算标志）为 0", "refd_setl_flag 0"),
        (True, A, "该行是结算，而报文 refd_setl_flag（退费结算标志）为 1", "refd_setl_flag 1"),
    ],
)
def test_a_line_that_the_flag_of_the_message_leaves_out_is_explained_by_it(
    only_refunds: bool, theirs: Record, zh: str, en: str
) -> None:
    ours = [one for one in OURS if one.is_refund is only_refunds]
    lines = [*map(line, ours), line(theirs)]
    (found,) = compare(lines, ours, lambda _: [theirs], only_refunds=only_refunds)
    assert found.result is Result.INSTITUTION_ALONE
    assert zh in found.memo.zh
    assert en in found.memo.en


def test_the_row_of_a_difference_has_the_columns_of_the_file() -> None:
    (missing,) = compared([line(A), line(B)])
    row = dict(zip(DOWN, missing.row(), strict=True))
    assert row == {
        "psn_no": "P2",
        "mdtrt_id": "M2",
        "setl_id": "S2",
        "msgid": "msg3",
        "stmt_rslt": "000103",
        "refd_setl_flag": "1",
        "memo": f"{missing.memo.zh} / centre only: the institution lacks the refund and still counts the settlement",
        "medfee_sumamt": "-50.00",
        "fund_pay_sumamt": "-20.00",
        "acct_pay": "0.00",
    }


@pytest.mark.parametrize(
    ("theirs", "result"),
    [
        (totals_of(OURS), Result.EQUAL),
        (Totals(4, figures("110.00", "60.00", "30.00")), Result.INSTITUTION_ALONE),
        (Totals(2, figures("150.00", "80.00", "30.00")), Result.DIFFERS),
        (Totals(3, figures("100.00", "60.00", "30.01")), Result.DIFFERS),
    ],
)
def test_totals_differ_by_number_or_by_figures_and_both_sides_are_named(theirs: Totals, result: Result) -> None:
    found, words = compare_totals(theirs, totals_of(OURS), refunds=1)
    assert found is result
    if result is not Result.EQUAL:
        assert ("笔数 机构" in words.zh) == (theirs.count != 3)
        assert ("账户 机构 30.01 中心 30.00" in words.zh) == (theirs.figures.account != 30)
        assert len(words.zh) <= 200
