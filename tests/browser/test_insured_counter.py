"""Insured sales in a real browser at a real terminal and centre: every way through, by keyboard, in both languages."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.blackbox.shop import BY_ID, BY_VOUCHER
from tests.browser.axe import grave_findings
from tests.browser.conftest import OpenPage
from tests.browser.insured import InsuredCounter, insured_counter

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SMALL, TOUCH = (1366, 768), (1280, 800)
WAIT_MS = 20_000
FOUND_OUT_MS = 60_000


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InsuredCounter]:
    pytest.importorskip("iotcore", reason="the embedded broker needs yima[server]")
    with insured_counter(tmp_path_factory.mktemp("insured")) as counter:
        yield counter


def ibuprofen(number: int) -> str:
    return f"8600081{number:013}"


def opened(counter: InsuredCounter, open_page: OpenPage, language: str, size: tuple[int, int]) -> Page:
    page = open_page(language, size)
    counter.sign_in(page)
    for cookie in page.context.cookies():
        counter.desk.http.cookies.set(cookie["name"], cookie["value"])
    if counter.desk.ask("GET", "/sale")["lines"]:
        counter.desk.ask("POST", "/sale/cancel", {})
    expect(page.locator("#c-count-boxes")).to_have_text("0")
    return page


def scanned(counter: InsuredCounter, page: Page, *codes: str) -> str:
    counter.desk.scan(*codes)
    expect(page.locator("#c-count-boxes")).to_have_text(str(len(codes)))
    return counter.desk.sale


def typed(page: Page) -> None:
    page.locator("#t-number").fill(BY_ID.id_number)
    page.locator("#t-name").fill(BY_ID.name)
    page.keyboard.press("Enter")


@pytest.mark.timeout(120)
def test_insured_sale_by_keyboard_from_the_scan_to_the_cash(counter: InsuredCounter, open_page: OpenPage) -> None:
    page = opened(counter, open_page, "zh", SMALL)
    sale = scanned(counter, page, *(ibuprofen(number) for number in (1, 2, 3)))
    page.keyboard.press("F9")
    expect(page.locator("[data-way=voucher]")).to_be_focused()
    assert grave_findings(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("#t-pay-wait")).to_contain_text("出示医保码")
    expect(page.locator("[data-way=card]")).to_be_disabled()
    counter.desk.voucher.hold_code(BY_VOUCHER)
    expect(page.locator("#t-settle")).to_be_focused(timeout=WAIT_MS)
    counter.desk.voucher.walk_away()
    expect(page.locator("#t-who-name")).to_have_text("虚**")
    expect(page.locator("#t-sums")).to_contain_text("¥50.40")
    expect(page.locator("#t-cuts tbody tr")).to_have_count(1)
    assert grave_findings(page) == []
    page.keyboard.press("F10")
    expect(page.locator("#t-result")).to_contain_text("应收现金", timeout=WAIT_MS)
    expect(page.locator("#t-settle")).to_be_hidden()
    assert counter.desk.ticket(sale)["standing"] == "settled"
    assert grave_findings(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("#c-last")).to_contain_text("医保结算完成")


@pytest.mark.timeout(120)
def test_what_is_missing_is_named_with_its_field_and_a_changed_list_is_tried_again(
    counter: InsuredCounter, open_page: OpenPage
) -> None:
    page = opened(counter, open_page, "en", TOUCH)
    scanned(counter, page, f"8600051{1:013}")
    page.locator("#c-insured").click()
    typed(page)
    expect(page.locator("#t-lacks")).to_contain_text("till.prescription_missing", timeout=WAIT_MS)
    expect(page.locator("#t-settle")).to_be_disabled()
    expect(page.locator("[name=rxno]")).to_be_focused()
    assert grave_findings(page) == []
    said = {"rxno": "RX1", "doctor_code": "D350203000001", "doctor": "虚构医一"}
    for name, text in said.items():
        page.locator(f"[name={name}]").fill(text)
    page.locator("#t-pharmacist").fill("Y350203000001")
    page.keyboard.press("F8")
    expect(page.locator("#t-settle")).to_be_enabled(timeout=WAIT_MS)
    counter.desk.scan(ibuprofen(10))
    expect(page.locator("#t-changed")).to_be_visible()
    expect(page.locator("#t-settle")).to_be_disabled()
    page.keyboard.press("F8")
    expect(page.locator("#t-settle")).to_be_enabled(timeout=WAIT_MS)
    page.locator("#t-settle").dblclick()
    expect(page.locator("#t-result")).to_contain_text("Cash to take", timeout=WAIT_MS)


@pytest.mark.timeout(120)
def test_cash_for_a_sale_that_the_insurance_was_asked_about_is_asked_for_twice(
    counter: InsuredCounter, open_page: OpenPage
) -> None:
    page = opened(counter, open_page, "zh", TOUCH)
    sale = scanned(counter, page, ibuprofen(15))
    page.locator("#c-insured").click()
    typed(page)
    expect(page.locator("#t-settle")).to_be_enabled(timeout=WAIT_MS)
    page.keyboard.press("Escape")
    page.keyboard.press("F10")
    expect(page.locator("#c-cash-what")).to_contain_text("虚**")
    expect(page.locator("#c-cash-insured")).to_be_focused()
    assert grave_findings(page) == []
    page.keyboard.press("F10")
    assert counter.desk.ask("GET", "/sale")["id"] == sale, "the key by itself closes nothing"
    page.keyboard.press("Enter")
    expect(page.locator("#t-settle")).to_be_enabled(timeout=WAIT_MS)
    page.keyboard.press("Escape")
    page.keyboard.press("F10")
    page.locator("#c-cash-yes").click()
    expect(page.locator("#c-last")).to_contain_text(sale)


@pytest.mark.timeout(120)
def test_unknown_outcome_is_worded_and_told_when_it_is_known(counter: InsuredCounter, open_page: OpenPage) -> None:
    page = opened(counter, open_page, "en", SMALL)
    scanned(counter, page, ibuprofen(20))
    page.keyboard.press("F9")
    expect(page.locator("[data-way=voucher]")).to_be_focused()
    typed(page)
    expect(page.locator("#t-settle")).to_be_enabled(timeout=WAIT_MS)
    centre = counter.shop.stage.actors["centre"].pid
    os.kill(centre, signal.SIGSTOP)
    try:
        page.keyboard.press("F10")
        expect(page.locator("#t-result")).to_contain_text("Outcome unknown", timeout=WAIT_MS)
        expect(page.locator("#t-result")).to_contain_text("Do not settle it again")
        page.keyboard.press("Escape")
        page.keyboard.press("F6")
        expect(page.locator("#t-held-list")).to_contain_text("Outcome unknown")
        expect(page.locator("#t-held-list .y-button--primary")).to_be_disabled()
        assert grave_findings(page) == []
        page.keyboard.press("Escape")
    finally:
        os.kill(centre, signal.SIGCONT)
    expect(page.locator("#c-message")).to_contain_text("is settled with the insurance", timeout=FOUND_OUT_MS)
    expect(page.locator("#c-message")).to_contain_text("Cash to take")


@pytest.mark.timeout(120)
def test_list_is_put_aside_with_its_slip_and_taken_up_over_another(
    counter: InsuredCounter, open_page: OpenPage
) -> None:
    page = opened(counter, open_page, "zh", TOUCH)
    page.evaluate("window.print = () => { window.printed = document.getElementById('t-slip').textContent; }")
    first = scanned(counter, page, ibuprofen(30))
    page.keyboard.press("F7")
    expect(page.locator("#t-note")).to_be_focused()
    page.keyboard.type("等家属")
    page.locator("#t-hold-print").check()
    page.locator("#t-hold-send").click()
    expect(page.locator("#c-held-text")).to_have_text("挂单 1")
    page.wait_for_function("window.printed !== undefined")
    slip = page.evaluate("window.printed")
    for part in (first, ibuprofen(30), "未结算", "not settled", "¥16.80"):
        assert part in slip
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    second = scanned(counter, page, ibuprofen(31))
    page.keyboard.press("F6")
    expect(page.locator("#t-held-list")).to_contain_text("等家属")
    expect(page.locator("#t-held-open")).to_be_visible()
    assert grave_findings(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("#t-held-dialog")).to_be_hidden()
    expect(page.locator("#c-sale-number")).to_have_text(first)
    expect(page.locator(".c-row")).to_have_count(1)
    assert [one["sale"] for one in counter.desk.ask("GET", "/tickets")["tickets"]] == [second]
    page.keyboard.press("F10")
    expect(page.locator("#c-last")).to_contain_text(first)
    page.keyboard.press("F6")
    expect(page.locator("#t-held-list .y-button--primary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#t-held-dialog")).to_be_hidden()
    expect(page.locator("#c-sale-number")).to_have_text(second)
    page.locator("#c-cancel").click()
    page.locator("#c-cancel-yes").click()


@pytest.mark.timeout(120)
def test_after_the_sale_packs_come_back_and_a_cash_sale_is_turned_insured(
    counter: InsuredCounter, open_page: OpenPage
) -> None:
    page = opened(counter, open_page, "zh", SMALL)
    sale = scanned(counter, page, ibuprofen(40), ibuprofen(41))
    page.keyboard.press("F10")
    expect(page.locator("#c-last")).to_contain_text(sale)
    page.locator("#c-after").click()
    page.wait_for_selector("html[data-ready]")
    page.keyboard.type(ibuprofen(40))
    page.keyboard.press("Enter")
    expect(page.locator("#t-sale-number")).to_have_text(sale)
    page.locator("#t-insure").click()
    page.locator("#t-insure-way").select_option("typed")
    page.locator("#t-insure-number").fill(BY_ID.id_number)
    page.locator("#t-insure-name").fill(BY_ID.name)
    page.keyboard.press("F8")
    expect(page.locator("#t-insure-back")).to_have_text(re.compile(r"¥\d"), timeout=WAIT_MS)
    assert grave_findings(page) == []
    page.keyboard.press("F10")
    expect(page.locator("#t-sale-state")).to_contain_text("已医保结算", timeout=WAIT_MS)
    page.locator(f"#t-codes input[value='{ibuprofen(40)}']").check()
    page.locator("#t-return").click()
    expect(page.locator("#t-codes .t-came-back")).to_contain_text("已退", timeout=FOUND_OUT_MS)
    expect(page.locator("#t-apart")).to_contain_text(re.compile(r"8600\s*0810"))
    assert grave_findings(page) == []
    page.locator("#t-apart button").first.click()
    page.locator("#t-ask-reason").fill("包装完好")
    page.locator("#t-ask-send").click()
    expect(page.locator("#t-apart-none")).to_be_visible()


@pytest.mark.timeout(120)
def test_row_that_lacks_its_lot_goes_when_it_is_named(counter: InsuredCounter, open_page: OpenPage) -> None:
    page = opened(counter, open_page, "en", TOUCH)
    page.goto(f"{counter.address}/after")
    page.wait_for_selector("html[data-ready]")
    waiting = page.locator("#t-rows li", has_text="the lot is in no register")
    before = waiting.count()
    assert before > 0
    waiting.first.locator("button").first.click()
    for name, text in {"batch": "B1", "lot": "L1", "made_on": "2026-01-01", "expires_on": "2028-01-01"}.items():
        page.locator(f"#t-ask-{name}").fill(text)
    assert grave_findings(page) == []
    page.locator("#t-ask-send").click()
    expect(page.locator("#t-ask-dialog")).to_be_hidden()
    expect(waiting).not_to_have_count(before, timeout=WAIT_MS)


@pytest.mark.timeout(120)
def test_day_is_ended_opened_again_and_handed_over(counter: InsuredCounter, open_page: OpenPage) -> None:
    page = opened(counter, open_page, "en", SMALL)
    page.goto(f"{counter.address}/day")
    page.wait_for_selector("html[data-ready]")
    expect(page.locator("#t-sales tbody tr")).not_to_have_count(0)
    assert grave_findings(page) == []
    page.locator("#t-end").click()
    expect(page.locator("#t-state")).to_contain_text("the books agree", timeout=WAIT_MS)
    expect(page.locator("#t-compared tbody tr").first).to_contain_text("Equal")
    expect(page.locator("#t-end")).to_be_disabled()
    assert grave_findings(page) == []
    page.locator("#t-reopen").click()
    page.locator("#t-ask-reason").fill("late return")
    page.keyboard.press("Enter")
    expect(page.locator("#t-history")).to_contain_text("late return")
    page.locator("#t-hand-over").click()
    expected = str(Decimal(json.loads(counter.desk.http.get("/api/v1/drawer").content)["expected"]))
    expect(page.locator("#t-ask-text")).to_contain_text(expected)
    page.locator("#t-ask-cash_counted").fill(expected)
    page.locator("#t-ask-operator").fill("li")
    page.locator("#t-ask-password").fill(counter.desk.passwords["li"])
    page.keyboard.press("Enter")
    expect(page.locator("#t-ask-problem")).to_contain_text("hand_over.same_person")
    assert grave_findings(page) == []
    page.locator("#t-ask-operator").fill("zhao")
    page.locator("#t-ask-password").fill(counter.desk.passwords["zhao"])
    page.keyboard.press("Enter")
    expect(page.locator("#t-ask-dialog")).to_be_hidden()
    expect(page.locator("#t-operator")).to_contain_text("zhao")


@pytest.mark.timeout(120)
def test_without_a_line_the_pages_say_what_works(counter: InsuredCounter, open_page: OpenPage) -> None:
    page = opened(counter, open_page, "zh", SMALL)
    counter.shop.stage.actors["broker"].kill()
    scanned(counter, page, ibuprofen(60))
    expect(page.locator("#c-insured-why")).to_contain_text("settlement.no_line", timeout=WAIT_MS)
    expect(page.locator("#c-insured")).to_be_disabled(timeout=WAIT_MS)
    for way in ("#c-close", "#c-hold", "#c-cancel"):
        expect(page.locator(way)).to_be_enabled()
    assert grave_findings(page) == []
    page.keyboard.press("F10")
    expect(page.locator("#c-last")).to_be_visible()
    for path, off in (("after", "#t-cancel"), ("day", "#t-end")):
        page.goto(f"{counter.address}/{path}")
        page.wait_for_selector("html[data-ready]")
        expect(page.locator("#t-offline")).to_be_visible()
        if path == "day":
            expect(page.locator(off)).to_be_disabled()
        assert grave_findings(page) == []
