"""Small books and cases for the tests of benefits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from rules.benefits import Book, Line, Person, Settlement, StepKind, Visit, YearTotals, load_book, settle

FIRST_DAY = date(2026, 3, 2)

HEAD = """
area = "town"
version = "1"
title = { zh = "示例", en = "Example" }
from = 2026-01-01
districts = ["3502"]
"""
TITLE = 'title = { zh = "规则", en = "Rule" }\n'
BASIC = '[[layer]]\nid = "basic"\nfund = "hifp_pay"\n' + TITLE


def book(body: str, head: str = HEAD) -> Book:
    """Return a book of one version; `TITLE` in the text stands for some title."""
    return load_book({"town.toml": head + body.replace("TITLE", TITLE)})


def basic(body: str, more: str = "") -> Book:
    """Return a book whose basic layer holds for everybody."""
    return book(BASIC + body + more)


def person(**changes: object) -> Person:
    facts: dict[str, object] = {"insutype": "310", "psn_type": "11", "age": 40, "insured_district": "350203"}
    return Person(**(facts | changes))  # type: ignore[arg-type]


def visit(**changes: object) -> Visit:
    facts: dict[str, object] = {
        "med_type": "21",
        "begins": FIRST_DAY,
        "level": "3",
        "institution_kind": "hospital",
        "district": "350203",
    }
    return Visit(**(facts | changes))  # type: ignore[arg-type]


def line(amount: str | int, serial: str = "1", **changes: object) -> Line:
    money = Decimal(amount)
    facts: dict[str, object] = {
        "serial": serial,
        "amount": money,
        "quantity": Decimal(1 if money >= 0 else -1),
        "price": abs(money),
        "charge_class": "01",
    }
    return Line(**(facts | changes))  # type: ignore[arg-type]


def pay(
    rules: Book,
    amount: str | int,
    who: Person | None = None,
    where: Visit | None = None,
    totals: YearTotals | None = None,
) -> Settlement:
    """Settle one line of so much, all of it in scope."""
    return settle(rules, who or person(), where or visit(), [line(amount)], totals or YearTotals())


def told(settled: Settlement, kind: StepKind) -> list[dict[str, object]]:
    """Return the numbers of the steps of a kind."""
    return [dict((*step.given, *step.result)) for step in settled.steps if step.kind is kind]


def year_of(rules: Book, amounts: list[int], who: Person | None = None, where: Visit | None = None) -> list[Settlement]:
    """Settle visits one after the other in a year."""
    totals, settled = YearTotals(), []
    for amount in amounts:
        settled.append(pay(rules, amount, who, where, totals))
        totals = totals.plus(settled[-1].increments)
    return settled
