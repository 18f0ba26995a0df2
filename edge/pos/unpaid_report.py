"""The report of listen-only mode, for a person, for a table and for a program: each sale, its yuan, its cause."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

from edge.pos.listening import Heard
from rules.unpaid import CAUSE_WORDS, UnpaidSale

COLUMNS = ("day", "sale", "yuan", "cause", "zh", "en")


def as_text(heard: Heard) -> str:
    """Return the report in both languages."""
    report = heard.unpaid
    number, total = len(report.sales), _yuan(report.amount)
    lines = [
        f"共观察 {report.watched} 笔医保结算，其中 {number} 笔将得不到支付，合计 ¥{total}",
        f"Of {report.watched} insured sales, {number} would have been unpaid, ¥{total}",
        "",
    ]
    for cause, (count, amount) in sorted(report.by_cause().items()):
        words = CAUSE_WORDS[cause]
        lines.append(f"{cause}  {count}  ¥{_yuan(amount)}  {words.zh} / {words.en}")
    lines.append("")
    for day, (count, amount) in sorted(report.by_day().items()):
        lines.append(f"{day.isoformat()}  {count}  ¥{_yuan(amount)}")
    for sale in report.sales:
        lines += ["", f"{sale.day.isoformat()}  {sale.key}  ¥{_yuan(sale.amount)}"]
        lines += [f"  {one.cause}  {one.words.zh} / {one.words.en}" for one in sale.findings]
    lines += _beside(heard)
    return "\n".join(lines) + "\n"


def as_csv(heard: Heard) -> str:
    """Return one row a sale; several findings stand in one cell, the gravest gives the cause."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(COLUMNS)
    table.writerows([_cell(one) for one in _row(sale)] for sale in heard.unpaid.sales)
    return written.getvalue()


def as_json(heard: Heard) -> str:
    """Return everything; amounts are texts, so that no reader rounds them."""
    report = heard.unpaid
    told = {
        "watched": report.watched,
        "unpaid": len(report.sales),
        "yuan": _yuan(report.amount),
        "waiting": heard.waiting,
        "exchanges": heard.exchanges,
        "unjoined_uploads": heard.unjoined,
        "unread": [{"count": count, "zh": words.zh, "en": words.en} for words, count in heard.unread.items()],
        "by_cause": {
            cause: {"count": n, "yuan": _yuan(sum_)} for cause, (n, sum_) in sorted(report.by_cause().items())
        },
        "by_day": {day.isoformat(): {"count": n, "yuan": _yuan(sum_)} for day, (n, sum_) in report.by_day().items()},
        "sales": [
            {
                "day": sale.day.isoformat(),
                "sale": sale.key,
                "yuan": _yuan(sale.amount),
                "cause": sale.cause,
                "findings": [
                    {"cause": one.cause, "lines": one.lines, "item": one.item, "zh": one.words.zh, "en": one.words.en}
                    for one in sale.findings
                ],
            }
            for sale in report.sales
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _row(sale: UnpaidSale) -> tuple[str, ...]:
    zh = "；".join(one.words.zh for one in sale.findings)
    en = "; ".join(one.words.en for one in sale.findings)
    return (sale.day.isoformat(), sale.key, _yuan(sale.amount), sale.cause, zh, en)


def _cell(text: str) -> str:
    # A spreadsheet would run what begins so, and the words of a refusal are somebody else's.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _beside(heard: Heard) -> list[str]:
    lines = []
    if heard.waiting:
        lines += ["", f"另有 {heard.waiting} 笔刚结算，尚在等待上传 / {heard.waiting} more wait for their upload"]
    if heard.unjoined:
        lines += [
            "",
            f"{heard.unjoined} 条上传找不到对应结算 / {heard.unjoined} uploads name no settlement that went by",
        ]
    lines += [f"未能读懂 {n} 条：{words.zh} / {n} could not be read: {words.en}" for words, n in heard.unread.items()]
    return lines


def _yuan(amount: Decimal) -> str:
    return f"{amount:.2f}"
