"""The pages beside the counter on a stage: what the terminal answers is set by a test, in its true shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Route
from pydantic import TypeAdapter

from codes.words import Words
from edge.api.days import DayShown, DaysShown, DrawerShown
from edge.api.listening import HeardShown
from edge.api.listening import shown as shown_heard
from edge.counter.views import LineShown, SoldPack, Totals
from edge.health import InterfaceStatus, Lamp, LampState, LineHealth
from edge.pos.listening import Heard
from edge.store.day_ends import COUNTED_TWICE, DayState, Difference
from edge.store.unfinished import OpenThere, Unfinished
from edge.till.after_views import (
    MoneyShown,
    QuarantinedShown,
    QuarantineShown,
    RowShown,
    RowsShown,
    UndertakingShown,
    UndertakingsShown,
)
from edge.till.day_sheets import DaySheet, GroupShown, OtherShown, reasons_of
from edge.till.handing_over import Drawer, TakenOver
from edge.till.views import Amounts, PaidShown, TicketShown
from rules.day_sheet import Group, Sums
from rules.settling import Standing, told
from rules.unpaid import CAUSE_WORDS, Cause, Finding, UnpaidReport, UnpaidSale
from tests.browser.calm import AT
from tests.browser.serving import serving
from tests.browser.stage import Stage, staged_app

PREFIX = "/api/v1"
DAY = AT.date()
SALE = "T-0301-20261121-14"
OTHER_SALE = "T-0301-20261121-9"
PACKS = ("86000110000000000001", "86000110000000000002", "86000210000000000003")
NOTHING = Unfinished((), (), (), 0, 0, 0, 0)
OPEN_THERE = (OpenThere("T-0303", ("T-0303-20261121-4",)),)


@dataclass(frozen=True)
class Refusal:
    """An answer that says no."""

    status: int
    code: str
    words: Words
    next_step: Words


FAULT = Refusal(
    507, "store.full", Words("磁盘已满，无法记录", "The disk is full"), Words("请清理。", "Free some space.")
)
CLOSED = Refusal(
    409,
    "till.too_late",
    Words("已超过可退货的 10 天", "More than the 10 days within which packs come back have gone by"),
    Words("请按医保部门的流程人工处理。", "Handle it by hand, as the insurance wants it."),
)
REST_REFUSED = Refusal(
    409,
    "till.rest_refused",
    Words("剩余药品无法结算", "What stays would not be settled"),
    Words("请参保人重新出示凭证。", "Show the credential again."),
)
UNKNOWN_HERE = Refusal(
    404, "till.ticket_unknown", Words("没有该销售", "There is no such sale"), Words("请核对。", "Check it.")
)


@dataclass
class Asked:
    """A request that changes something."""

    path: str
    body: Any
    key: str | None


@dataclass
class Answers:
    """What the terminal answers, by method and path below the prefix; the rest is the stage's."""

    said: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)
    """Paths and queries of what only looks."""
    lost: int = 0
    """So many answers to changes get lost on their way."""

    def __call__(self, route: Route) -> None:
        request = route.request
        address = urlsplit(request.url)
        path = address.path.removeprefix(PREFIX)
        if request.method == "GET":
            self.looked.append(f"{path}?{address.query}")
        if request.method != "GET":
            key = request.headers.get("idempotency-key")
            self.asked.append(Asked(path, json.loads(request.post_data or "null"), key))
            if self.lost:
                self.lost -= 1
                route.abort()
                return
        asked = f"{request.method} {path}"
        found = self.said.get(asked, self.said.get(f"{asked.rpartition('/')[0]}/*"))
        if found is None:
            route.continue_()
        elif isinstance(found, Refusal):
            body = {"status": found.status, "code": found.code, "zh": found.words.zh, "en": found.words.en}
            step = {"zh": found.next_step.zh, "en": found.next_step.en}
            route.fulfill(status=found.status, json=body | {"next": step})
        else:
            route.fulfill(json=shaped(found))


@dataclass(frozen=True)
class BesidePage:
    """An open page beside the counter, and what is behind it."""

    page: Page
    stage: Stage
    answers: Answers
    address: str

    def begin_anew(self) -> None:
        """Let a terminal that is well have nothing to show."""
        self.stage.operator = "chen"
        self.stage.status |= insured()
        self.answers.said = quiet().said

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")
        self.page.wait_for_selector("html[data-ready]")


@contextmanager
def beside(page: Page, answers: Answers | None = None) -> Iterator[BesidePage]:
    """Serve the pages to a browser's page, with nothing to be seen but what the answers say."""
    stage = Stage()
    stage.status |= insured()
    answers = answers or quiet()
    page.route(f"**{PREFIX}/**", answers)
    with serving(staged_app(stage)) as address:
        try:
            yield BesidePage(page, stage, answers, address)
        finally:
            stage.bus.close()


def shaped(value: Any) -> Any:
    """Return a value as it crosses the border."""
    return TypeAdapter(type(value)).dump_python(value, mode="json", by_alias=True)


def insured(*, is_up: bool = True) -> dict[str, Any]:
    """What the status of a terminal says that settles with the insurance."""
    line = LineHealth.UP if is_up else LineHealth.NO_LINE
    way = InterfaceStatus("mqtt", line, is_up, AT, 0, None, (), signed_in=True)
    down = Words("医保线路不通，已 4 分钟", "The insurance cannot be reached, for 4 minutes")
    lamp = (
        Lamp(LampState.OK, "settlement.up", Words("医保结算正常", "Settlement works"))
        if is_up
        else Lamp(LampState.DOWN, "settlement.no_line", down)
    )
    calm = Stage().status["lamps"]
    return {"interface": shaped(way), "lamps": calm | {"settlement": shaped(lamp)}}


def quiet() -> Answers:
    """Nothing was sold, nothing is open."""
    return Answers(
        {
            "GET /undertakings": UndertakingsShown(()),
            "GET /ledger-rows": RowsShown(()),
            "GET /quarantine": QuarantineShown(()),
            "GET /days": DaysShown(DAY, 0, [DAY], []),
            "GET /days/*": a_day(),
            "GET /drawer": a_drawer(),
            "GET /pos/report": an_empty_report(is_listening=True),
        }
    )


def busy() -> Answers:
    """A morning behind the counter: something of everything."""
    answers = quiet()
    answers.said |= {
        "GET /undertakings": UndertakingsShown((an_undertaking("choice"), an_undertaking("cancel", OTHER_SALE))),
        "GET /ledger-rows": RowsShown(tuple(some_rows())),
        "GET /quarantine": QuarantineShown(tuple(some_apart())),
        "GET /sales": SoldPack(PACKS[0], SALE, AT, "chen", "D0001", "阿莫西林胶囊", "0.25g×24粒", yuan("9.80")),
        f"GET /tickets/{SALE}": a_ticket(),
        "GET /days": DaysShown(DAY, 0, [DAY], some_ends()),
        "GET /days/*": a_day(is_busy=True),
        "GET /pos/report": a_report(),
    }
    return answers


def some_ends() -> list[DayShown]:
    """How the last three days ended."""
    return [
        DayShown(DAY - timedelta(days=one), 1 + one % 2, state, "chen", AT - timedelta(days=one), None, None)
        for one, state in enumerate((DayState.CLOSED, DayState.DIFFERS, DayState.REOPENED), start=1)
    ]


def a_ticket(*, is_insured: bool = True, came_back: tuple[str, ...] = ()) -> TicketShown:
    """A closed sale of three packs."""
    lines = (
        LineShown(
            1, "D0001", "阿莫西林胶囊", "0.25g×24粒", "甲", yuan("9.80"), 2, PACKS[:2], yuan("19.60"), "added", "e"
        ),
        LineShown(
            2, "D0002", "缬沙坦胶囊", "80mg×14粒", "乙", yuan("28.65"), 1, PACKS[2:], yuan("28.65"), "added", "e"
        ),
    )
    amounts = Amounts(yuan("48.25"), yuan("31.20"), yuan("10.00"), yuan("0.00"), yuan("7.05"), yuan("203.15"))
    standing = Standing.SETTLED if is_insured else Standing.NONE
    return TicketShown(
        SALE, "closed", standing, lines, Totals(3, 3, 0, 0, yuan("48.25")), AT, told(standing),
        paid=PaidShown("3502000000123", "3502000000122", AT, amounts) if is_insured else None,
        paid_by="insured" if is_insured else "self_pay", came_back=came_back,
    )  # fmt: skip


def an_undertaking(step: str, sale: str = SALE) -> UndertakingShown:
    """A return in which somebody has to choose, or that waits for an answer."""
    is_choice = step == "choice"
    said = "结算额度不足 / The limit is used up" if is_choice else ""
    before = MoneyShown(yuan("48.25"), yuan("31.20"), yuan("10.00"), yuan("0.00"), yuan("7.05"))
    return UndertakingShown(
        f"u-{sale}", "return", sale, PACKS[:1], step, not is_choice,
        ("again", "self_pay", "restore") if is_choice else (), None, said, before, None, None, "chen", AT, None,
    )  # fmt: skip


def some_rows() -> Iterator[RowShown]:
    """Rows that wait, were refused, and are on their way."""
    lot = Words("登记簿中没有批次", "the lot is in no register")
    first = Words("等待第 41 条（待补全）", "waits for row 41 (it lacks something)")
    compare = Words("请与中心核对后搁置或重传。", "Compare it with the centre, then set it aside or send it again.")
    refused = "已有记录，内容不同 [stock.record_differs] / The record differs [stock.record_differs]"
    yield RowShown(41, "3505", OTHER_SALE, 1, "D0001", "waiting", (lot,), False, "", AT, 0)
    yield RowShown(42, "3505", SALE, 1, "D0001", "refused", (), False, refused, AT, 3, next_step=compare)
    yield RowShown(43, "3506", OTHER_SALE, 1, "D0001", "due", (), False, "", AT, 0, 41, first)


def some_apart() -> Iterator[QuarantinedShown]:
    """A pack that lies apart here, and one that does elsewhere."""
    yield QuarantinedShown(PACKS[0], SALE, AT, "未拆封", "chen")
    yield QuarantinedShown(PACKS[2], "T-0302-20261120-3", AT, "", "", "T-0302")


def a_group(insutype: str, count: int, fee: str, cash: str, result: str = "000000") -> GroupShown:
    """Sums of one insurance."""
    funds = yuan(fee) - yuan(cash) - 10
    return GroupShown(
        Group(insutype, "41", "350200"), Sums(count, yuan(fee), funds, yuan("10.00"), yuan(cash)), result, ""
    )


def a_day(*, is_busy: bool = False, state: DayState | None = None) -> DaySheet:
    """A business day."""
    groups = (a_group("310", 12, "1204.50", "86.20"), a_group("390", 3, "88.00", "20.00")) if is_busy else ()
    left = Unfinished(
        (OTHER_SALE,), ("T-0301-20261121-11",), (SALE,), 2, 1, 1, 14, ("P3502030042620261121",), 3, OPEN_THERE
    )
    return DaySheet(
        DAY, DAY, DAY, groups, groups if state else (), yuan("312.40") if is_busy else yuan("0.00"),
        yuan("106.20") if is_busy else yuan("0.00"), 0, left if is_busy else NOTHING, ("T-0302",) if is_busy else (), 0,
        (OtherShown("T-0303", Sums(4, yuan("96.00"), yuan("70.00"), yuan("6.00"), yuan("20.00"))),) if state else (),
        state,
    )  # fmt: skip


def a_day_that_differs() -> DaySheet:
    """A day that was ended, with records in which the books differ."""
    day = a_day(is_busy=True, state=DayState.DIFFERS)
    found = (
        Difference("000102", "3502000000991", "P3502030042620261121", False, "1", yuan("30.00"), ""),
        Difference("000103", "3502000000992", "", True, "", yuan("-16.80"), "金额不符 / other amount"),
        Difference(COUNTED_TWICE, "3502000000993", "", True, "01、02", yuan("-16.80"), "记了 2 次 / counted 2 times"),
    )
    reasons = tuple(reasons_of(found, [], day.missing))
    groups = (a_group("310", 12, "1204.50", "86.20", "000101"), a_group("390", 3, "88.00", "20.00"))
    return replace(day, compared=groups, differences=found, reasons=reasons, elsewhere=2)


def a_report(*, is_listening: bool = True, day: date | None = None, cause: Cause | None = None) -> HeardShown:
    """What listening found in a week."""
    causes = (Cause.NO_CODE, Cause.NOT_UPLOADED, Cause.SOLD_BEFORE, Cause.FEWER_CODES)
    sales = tuple(
        UnpaidSale(
            f"35020000009{number:02}", DAY - timedelta(days=number % 5), yuan("38.20") * (1 + number % 4),
            tuple(Finding(one, "1", "XJ01CAB001A001020199101", CAUSE_WORDS[one]) for one in causes[number % 4 :][:2]),
        )
        for number in range(18)
    )  # fmt: skip
    unread = {Words("报文不是 JSON", "the message is no JSON"): 3}
    heard = Heard(UnpaidReport(sales, 412), 2, 1_904, unread, 1)
    return shown_heard(heard, is_listening=is_listening, day=day, cause=cause)


def an_empty_report(*, is_listening: bool, watched: int = 0) -> HeardShown:
    """Nothing that would have been unpaid."""
    return shown_heard(Heard(UnpaidReport((), watched), 0, 0, {}, 0), is_listening=is_listening, day=None, cause=None)


def a_drawer() -> DrawerShown:
    """What the drawer should hold."""
    drawer = Drawer(yuan("200.00"), yuan("312.40"), yuan("106.20"), 0, NOTHING, AT, "chen", (TakenOver("li", AT),))
    return DrawerShown(drawer, drawer.expected)


def yuan(text: str) -> Decimal:
    """Return an amount."""
    return Decimal(text)
