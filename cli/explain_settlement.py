"""`yima settle explain`: how a settlement at the centre came about, step by step."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import typer

from cli.centre import opened_centre
from cli.listing import Block, show_blocks
from codes.words import Words
from rules.benefits.meanings import insutype_words, med_type_words, psn_type_words
from server.settlement.errors import UnknownSettlementError
from server.settlement.explaining import STATES, ExplainedStep, Explanation, explain
from server.settlement.funds import FundRow
from server.settlement.labels import meaning_of, transaction_name
from server.settlement.naming import MESSAGE_STATES, REASONS, told_total, words_of_total
from server.store.fsi_messages import Message
from server.store.medical_accounts import Movement
from server.store.settlements import SettledLine
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
    block = [
        ("结算 / settlement", record.setl_id),
        ("状态 / state", str(STATES[record.state])),
        ("时间 / settled at", _at(record.settled_at)),
        ("机构 / institution", record.institution),
        ("人员 / person", record.psn_no),
        ("险种 / insurance", str(insutype_words(record.insutype))),
        ("人员类别 / person kind", str(psn_type_words(record.psn_type))),
        ("参保地 / insured at", record.insured_district),
        ("就诊 / visit", record.mdtrt_id),
        ("医疗类别 / category", str(med_type_words(record.med_type))),
    ]
    if record.sale_number:
        block.append(("单据号 / sale number", record.sale_number))
    if record.cancels:
        block.append(("撤销的结算 / cancels", record.cancels))
    if found.negative is not None:
        undone = found.negative
        told = f"{undone.setl_id}  {_at(undone.settled_at)}  msgid {undone.msgid}"
        block.append(("撤销 / cancelled by", told))
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


def _chapters(found: Explanation) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the chapters that have something in them, each under its heading."""
    is_negative = found.record.cancels is not None
    steps = "被撤销结算的步骤 / Steps of the settlement that it cancels" if is_negative else "步骤 / Steps"
    lines = "被撤销结算的明细 / Lines of the settlement that it cancels" if is_negative else "明细 / Lines"
    chapters = (
        (steps, [line for n, step in enumerate(found.steps, 1) for line in _step(n, step)]),
        (lines, [_line(one) for one in found.lines]),
        ("基金 / Funds", [_fund(one) for one in found.funds]),
        ("年度累计 / Totals of the year", list(_totals(found))),
        ("账户变动 / Accounts", [_movement(one) for one in found.movements]),
        ("报文 / Messages", [_message(one) for one in found.messages]),
    )
    return (chapter for chapter in chapters if chapter[1])


def _step(number: int, step: ExplainedStep) -> tuple[str, str]:
    return f"{number}. {step.words.zh}  〔{step.rule}@{step.version}〕", f"   {step.words.en}"


def _line(one: SettledLine) -> str:
    return (
        f"{one.feedetl_sn}  {one.item}  {one.amount:.2f} = 超限价 / above the limit {one.over_limit:.2f}"
        f" + 全自费 / outside the catalogue {one.outside:.2f} + 先行自付 / paid first {one.first:.2f}"
        f" + 范围内 / in scope {one.in_scope:.2f}"
    )


def _fund(one: FundRow) -> str:
    meant = meaning_of("fund_pay_type", one.fund_pay_type)
    name = f"{one.name}（{one.fund_pay_type}）" if meant.zh == one.fund_pay_type else str(meant)
    return f"{name}  {one.paid:.2f}  可支付 / payable {one.payable:.2f}"


def _totals(found: Explanation) -> Iterator[str]:
    for key, amount in found.increments.items():
        yield f"{found.record.year}  {words_of_total(key, found.titles)}  {told_total(key, amount, '+.2f')}"


def _movement(one: Movement) -> str:
    used_by = f"  用于 / for {one.used_by}" if one.used_by and one.used_by != one.psn_no else ""
    return f"{one.psn_no}  {one.amount:+.2f}  {_at(one.moved_at)}  {REASONS[one.reason]}{used_by}"


def _message(one: Message) -> str:
    reversed_by = f"  2601 {one.reversed_by}" if one.reversed_by else ""
    return f"{one.infno} {transaction_name(one.infno)}  {one.msgid}  {MESSAGE_STATES[one.state]}{reversed_by}"


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
