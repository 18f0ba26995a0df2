"""`yima settle explain`: how a settlement at the centre came about, step by step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import typer

from cli.centre import opened_centre
from cli.listing import Block, show_blocks
from codes.words import Words
from server.settlement.errors import UnknownSettlementError
from server.settlement.explaining import STATES, Explanation, explain
from wire.fsi.values import BEIJING

_CHECK_IT = Words(
    "请核对结算ID（2102、2207、2304 返回的 setl_id）与配置文件。",
    "Check the id (setl_id in the answer of 2102, 2207 or 2304) and the configuration.",
)


def explain_settlement(setl_id: str, config: Path, *, as_json: bool) -> None:
    """Print all that is kept of a settlement."""
    with opened_centre(config, {UnknownSettlementError.code: _CHECK_IT}) as store, store.reading() as connection:
        found = explain(connection, setl_id)
    if as_json:
        typer.echo(json.dumps(found.as_record(), ensure_ascii=False))
        return
    show_blocks([_head(found), _amounts(found)])
    for heading, told in _chapters(found):
        typer.echo(f"\n{heading}")
        for one in told:
            typer.echo(f"  {one}")


def _head(found: Explanation) -> Block:
    record = found.record
    state = STATES[record.state]
    settled = record.settled_at.astimezone(BEIJING)
    block = [
        ("结算 / settlement", record.setl_id),
        ("状态 / state", str(state)),
        ("时间 / settled at", f"{settled:%Y-%m-%d %H:%M:%S}"),
        ("机构 / institution", record.institution),
        ("人员 / person", f"{record.psn_no}  险种 / insurance {record.insutype}  {record.psn_type}"),
        ("就诊 / visit", f"{record.mdtrt_id}  医疗类别 / category {record.med_type}"),
        ("参保地 / insured at", record.insured_district),
    ]
    if record.cancels:
        block.append(("撤销的结算 / cancels", record.cancels))
    if found.negative is not None:
        undone = found.negative.settled_at.astimezone(BEIJING)
        block.append(("撤销 / cancelled", f"{undone:%Y-%m-%d %H:%M:%S}  msgid {found.negative.msgid}"))
    return block


def _amounts(found: Explanation) -> Block:
    record = found.record
    return [
        ("总额 / total", f"{record.medfee_sumamt:.2f}"),
        ("政策范围内 / in scope", f"{record.inscp_scp_amt:.2f}"),
        ("基金支付 / funds", f"{record.fund_pay_sumamt:.2f}"),
        ("个人负担 / person", f"{record.psn_part_amt:.2f}"),
        ("个人账户 / account", f"{record.acct_pay:.2f}"),
        ("家庭共济 / family", f"{record.acct_mulaid_pay:.2f}"),
        ("现金 / cash", f"{record.psn_cash_pay:.2f}"),
    ]


def _chapters(found: Explanation) -> Iterator[tuple[str, Iterator[str]]]:
    yield (
        "步骤 / Steps",
        (line for n, step in enumerate(found.steps, 1) for line in _told(n, step.words, step.rule, step.version)),
    )
    yield (
        "明细 / Lines",
        (
            f"{one.feedetl_sn}  {one.item}  {one.amount:.2f} = 超限价 {one.over_limit:.2f} + 全自费 {one.outside:.2f}"
            f" + 先行自付 {one.first:.2f} + 范围内 {one.in_scope:.2f}"
            for one in found.lines
        ),
    )
    yield (
        "年度累计 / Totals of the year",
        (f"{found.record.year}  {key}  {amount:+.2f}" for key, amount in found.increments.items()),
    )
    yield (
        "账户变动 / Accounts",
        (
            f"{one.psn_no}  {one.amount:+.2f}  {one.moved_at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}  {one.reason.value}"
            for one in found.movements
        ),
    )
    yield (
        "报文 / Messages",
        (
            f"{one.infno}  {one.msgid}  {one.state.value}" + (f"  2601 {one.reversed_by}" if one.reversed_by else "")
            for one in found.messages
        ),
    )


def _told(number: int, words: Words, rule: str, version: str) -> Iterator[str]:
    yield f"{number}. {words.zh}  〔{rule}@{version}〕"
    yield f"   {words.en}"
