"""The listening report through the interface: sums of the period, the list by day and cause, and who may see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pytest

from codes.words import Words
from edge.pos.listening import Heard
from rules.unpaid import CAUSE_WORDS, Cause, Finding, UnpaidReport, UnpaidSale
from tests.edge.api.conftest import Client
from tests.edge.api.test_routes import problem
from tests.edge.scene import Shop

MONDAY, TUESDAY = date(2026, 11, 2), date(2026, 11, 3)
GARBLED = Words("不是 JSON", "it is no JSON")


def unpaid(key: str, day: date, yuan: str, cause: Cause) -> UnpaidSale:
    return UnpaidSale(key, day, Decimal(yuan), (Finding(cause, "1", "XA01", CAUSE_WORDS[cause]),))


@dataclass
class Report:
    """What was heard in two days."""

    is_listening: bool = True
    asked: list[int | None] = field(default_factory=list)

    async def of(self, days: int | None) -> Heard:
        self.asked.append(days)
        sales = (
            unpaid("S1", MONDAY, "10.00", Cause.NO_CODE),
            unpaid("S2", TUESDAY, "200.00", Cause.SOLD_BEFORE),
            unpaid("S3", TUESDAY, "30.50", Cause.NO_CODE),
        )
        return Heard(UnpaidReport(sales, 40), 2, 99, {GARBLED: 3}, 1)


@pytest.fixture
def client(stocked: Shop) -> Client:
    made = Client(stocked, report=Report())
    made.sign_in()
    return made


def test_report_says_what_would_have_been_unpaid_and_why(client: Client) -> None:
    told = client.get("/pos/report?days=7")
    assert client.report.asked == [7]
    assert (told["watched"], told["unpaid"], told["yuan"], told["waiting"]) == (40, 3, "240.50", 2)
    assert [(one["cause"], one["count"], one["yuan"]) for one in told["by_cause"]] == [
        ("unpaid.sold_before", 1, "200.00"),
        ("unpaid.no_code", 2, "40.50"),
    ]
    assert [(one["day"], one["count"]) for one in told["by_day"]] == [("2026-11-03", 2), ("2026-11-02", 1)]
    assert [one["sale"] for one in told["sales"]] == ["S2", "S3", "S1"]
    assert told["sales"][0]["findings"][0]["words"]["zh"] == CAUSE_WORDS[Cause.SOLD_BEFORE].zh
    assert told["unread"] == [{"words": {"zh": GARBLED.zh, "en": GARBLED.en}, "count": 3}]


@pytest.mark.parametrize(
    ("narrowed", "sales", "yuan"),
    [
        ("day=2026-11-03", ["S2", "S3"], "230.50"),
        ("cause=unpaid.no_code", ["S3", "S1"], "40.50"),
        ("day=2026-11-02&cause=unpaid.no_code", ["S1"], "10.00"),
        ("day=2026-11-02&cause=unpaid.sold_before", [], "0"),
    ],
)
def test_list_is_narrowed_and_the_sums_stay(client: Client, narrowed: str, sales: list[str], yuan: str) -> None:
    told = client.get(f"/pos/report?{narrowed}")
    assert [one["sale"] for one in told["sales"]] == sales
    assert (told["listed"], told["listed_yuan"], told["unpaid"], told["yuan"]) == (len(sales), yuan, 3, "240.50")


def test_nothing_was_heard_where_no_software_passes(stocked: Shop) -> None:
    client = Client(stocked)
    assert problem(client.ask("GET", "/api/v1/pos/report")) == "session.required"
    client.sign_in()
    told = client.get("/pos/report")
    assert (told["is_listening"], told["watched"], told["sales"]) == (False, 0, [])
    assert client.ask("GET", "/api/v1/pos/report?cause=nothing").status_code == 422
