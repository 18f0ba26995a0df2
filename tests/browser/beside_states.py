"""The states of the pages beside the counter: for their pictures, and for axe."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from edge.store.day_ends import DayState
from tests.browser.afterwards import (
    CLOSED,
    FAULT,
    PACKS,
    BesidePage,
    a_day,
    a_day_that_differs,
    a_ticket,
    an_empty_report,
    busy,
    insured,
    quiet,
)

AFTER, DAY, LISTENING = "/after", "/day", "/listening"


def _find(desk: BesidePage) -> None:
    desk.page.locator("#t-find").fill(PACKS[0])
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("#t-sale-number")).to_be_visible()


def after_empty(desk: BesidePage) -> None:
    desk.answers.said |= quiet().said
    desk.open(AFTER)
    expect(desk.page.locator("#t-under-none")).to_be_visible()


def after_normal(desk: BesidePage) -> None:
    desk.answers.said |= busy().said
    desk.open(AFTER)
    _find(desk)
    expect(desk.page.locator("#t-codes input")).to_have_count(3)


def after_came_back(desk: BesidePage) -> None:
    desk.answers.said |= busy().said | {f"GET /tickets/{a_ticket().sale}": a_ticket(came_back=PACKS[:1])}
    desk.open(AFTER)
    _find(desk)


def after_refused(desk: BesidePage) -> None:
    after_normal(desk)
    desk.answers.said[f"POST /sales/{a_ticket().sale}/return"] = CLOSED
    desk.page.locator("#t-return").click()
    expect(desk.page.locator("#t-problem")).to_contain_text(CLOSED.code)


def after_fault(desk: BesidePage) -> None:
    desk.answers.said |= busy().said | {"GET /ledger-rows": FAULT}
    desk.open(AFTER)
    expect(desk.page.locator("#t-problem")).to_contain_text(FAULT.code)
    expect(desk.page.locator("#t-under li")).to_have_count(2)


def after_offline(desk: BesidePage) -> None:
    desk.stage.status |= insured(is_up=False)
    after_normal(desk)
    expect(desk.page.locator("#t-offline")).to_be_visible()
    expect(desk.page.locator("#t-cancel")).to_be_disabled()


def after_signed_out(desk: BesidePage) -> None:
    desk.stage.operator = None
    desk.open(AFTER)
    expect(desk.page.locator("#t-signed-out")).to_be_visible()


def after_cash_only(desk: BesidePage) -> None:
    """Nothing is settled with the insurance here."""
    desk.stage.status |= {"interface": None}
    desk.open(AFTER)
    expect(desk.page.locator("#t-no-insurance")).to_be_visible()
    expect(desk.page.locator("#t-problem")).to_be_empty()


def after_asking(desk: BesidePage) -> None:
    after_normal(desk)
    desk.page.locator("#t-cancel").click()
    expect(desk.page.locator("#t-ask-reason")).to_be_focused()


def after_insuring(desk: BesidePage) -> None:
    desk.answers.said |= busy().said | {f"GET /tickets/{a_ticket().sale}": a_ticket(is_insured=False)}
    desk.open(AFTER)
    _find(desk)
    desk.page.locator("#t-insure").click()
    expect(desk.page.locator("#t-insure-dialog")).to_be_visible()


def day_empty(desk: BesidePage) -> None:
    desk.answers.said |= quiet().said
    desk.open(DAY)
    expect(desk.page.locator("#t-open-none")).to_be_visible()


def day_normal(desk: BesidePage) -> None:
    desk.answers.said |= busy().said
    desk.open(DAY)
    expect(desk.page.locator("#t-sales tbody tr")).to_have_count(2)


def day_closed(desk: BesidePage) -> None:
    desk.answers.said |= busy().said | {"GET /days/*": a_day(is_busy=True, state=DayState.CLOSED)}
    desk.open(DAY)
    expect(desk.page.locator("#t-compared tbody tr")).to_have_count(2)
    expect(desk.page.locator("#t-others tbody tr")).to_contain_text("T-0303")


def day_differs(desk: BesidePage) -> None:
    desk.answers.said |= busy().said | {"GET /days/*": a_day_that_differs()}
    desk.open(DAY)
    expect(desk.page.locator("#t-differences tbody tr")).to_have_count(3)
    expect(desk.page.locator("#t-reasons li")).to_have_count(4)


def day_fault(desk: BesidePage) -> None:
    desk.answers.said |= busy().said | {"GET /days/*": FAULT}
    desk.open(DAY)
    expect(desk.page.locator("#t-problem")).to_contain_text(FAULT.code)


def day_offline(desk: BesidePage) -> None:
    desk.stage.status |= insured(is_up=False)
    day_normal(desk)
    expect(desk.page.locator("#t-end")).to_be_disabled()


def day_signed_out(desk: BesidePage) -> None:
    desk.stage.operator = None
    desk.open(DAY)
    expect(desk.page.locator("#t-signed-out")).to_be_visible()


def day_cash_only(desk: BesidePage) -> None:
    """Nothing is settled with the insurance here: the drawer is counted all the same."""
    desk.stage.status |= {"interface": None}
    desk.open(DAY)
    expect(desk.page.locator("#t-no-insurance")).to_be_visible()
    expect(desk.page.locator("#t-count")).to_be_enabled()


def day_unfinished(desk: BesidePage) -> None:
    day_normal(desk)
    desk.page.locator("#t-end").click()
    expect(desk.page.locator("#t-ask-dialog")).to_be_visible()


def day_handing_over(desk: BesidePage) -> None:
    day_normal(desk)
    desk.page.locator("#t-hand-over").click()
    expect(desk.page.locator("#t-ask-cash_counted")).to_be_focused()


def listening_normal(desk: BesidePage) -> None:
    desk.answers.said |= busy().said
    desk.open(LISTENING)
    expect(desk.page.locator("#t-unpaid tbody tr")).to_have_count(18)


def listening_empty(desk: BesidePage) -> None:
    desk.answers.said |= quiet().said
    desk.open(LISTENING)
    expect(desk.page.locator("#t-heard-none")).to_be_visible()
    expect(desk.page.locator("#t-heard-print")).to_be_disabled()


def listening_off(desk: BesidePage) -> None:
    desk.answers.said |= {"GET /pos/report": an_empty_report(is_listening=False)}
    desk.open(LISTENING)
    expect(desk.page.locator("#t-heard-none")).to_contain_text("listen")


def listening_all_paid(desk: BesidePage) -> None:
    desk.answers.said |= {"GET /pos/report": an_empty_report(is_listening=True, watched=230)}
    desk.open(LISTENING)
    expect(desk.page.locator("#t-heard-verdict")).to_contain_text("230")


def listening_fault(desk: BesidePage) -> None:
    desk.answers.said |= {"GET /pos/report": FAULT}
    desk.open(LISTENING)
    expect(desk.page.locator("#t-problem")).to_contain_text(FAULT.code)


def listening_signed_out(desk: BesidePage) -> None:
    desk.stage.operator = None
    desk.open(LISTENING)
    expect(desk.page.locator("#t-signed-out")).to_be_visible()


STATES: list[Callable[[BesidePage], None]] = [
    after_empty,
    after_normal,
    after_came_back,
    after_refused,
    after_fault,
    after_offline,
    after_signed_out,
    after_cash_only,
    after_asking,
    after_insuring,
    day_empty,
    day_normal,
    day_closed,
    day_differs,
    day_fault,
    day_offline,
    day_signed_out,
    day_cash_only,
    day_unfinished,
    day_handing_over,
    listening_normal,
    listening_empty,
    listening_off,
    listening_all_paid,
    listening_fault,
    listening_signed_out,
]
