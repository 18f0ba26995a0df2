"""The counter page on a real terminal: a scanner's bytes on a serial line become rows in a real browser."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.axe import grave_findings
from tests.browser.conftest import OpenPage
from tests.browser.terminal import pack_codes, running_terminal

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PER_SECOND = 20
SECONDS = 21
UNMATCHED = "89999999999999999999"
STAND_IN = "22000000000000000000"
SAY_PAYING = """async (sale) => {
  const body = JSON.stringify({ sale, is_paying: true });
  const headers = { "content-type": "application/json" };
  const answer = await fetch("/api/v1/sale/paying", { method: "PUT", headers, body });
  if (!answer.ok) throw new Error(String(answer.status));
}"""
RELEASE = """async (code) => {
  const body = JSON.stringify({ reason: "包装完好" });
  const headers = { "content-type": "application/json" };
  return (await fetch(`/api/v1/quarantine/${code}/release`, { method: "POST", headers, body })).status;
}"""
HIBC = "+A123BJC5D6E71/$+77DAA1C"


@pytest.mark.timeout(180)
def test_twenty_scans_a_second_lose_no_row(open_page: OpenPage, tmp_path: Path) -> None:
    codes = pack_codes(PER_SECOND * SECONDS)
    with running_terminal(tmp_path) as terminal:
        page = open_page()
        terminal.sign_in(page)
        pulled = terminal.start_scanning(codes, per_second=PER_SECOND)
        expect(page.locator("#c-earlier-open")).to_have_text(
            f"更早 {len(codes) - 200} 行", timeout=(SECONDS + 30) * 1_000
        )
        assert len(pulled.result()) == len(codes)

        expect(page.locator("#c-count-boxes")).to_have_text(str(len(codes)))
        expect(page.locator("#c-count-matched")).to_have_text(str(len(codes)))
        for rows in (400, len(codes)):
            # By keyboard: rows that are painted for the first time move the button away from under a pointer.
            page.locator("#c-earlier-open").press("Enter")
            expect(page.locator(".c-row")).to_have_count(rows)
        shown = page.locator(".c-row__code").evaluate_all("cells => cells.map(cell => cell.textContent)")
        assert shown == codes[::-1]
        numbers = page.locator(".c-row__number").evaluate_all("cells => cells.map(cell => cell.textContent)")
        assert numbers == [str(number) for number in range(len(codes), 0, -1)]
        quantities = page.locator(".c-line").evaluate_all("all => all.map(line => Number(line.dataset.quantity))")
        assert sum(quantities) == len(codes)
        assert grave_findings(page) == []


def test_sale_from_sign_in_to_close_and_its_second_scan(open_page: OpenPage, tmp_path: Path) -> None:
    first, second, third = pack_codes(3)
    with running_terminal(tmp_path) as terminal:
        page = open_page("en")
        terminal.scan_all([first])
        page.goto(terminal.address)
        expect(page.locator(".c-row__state")).to_have_text("Sign in first")
        terminal.sign_in(page)

        terminal.scan_all([first, second, first, UNMATCHED, STAND_IN])
        expect(page.locator('.c-row[data-verdict="already_in_sale"]')).to_contain_text("Seen twice")
        expect(page.locator("#c-alarm")).to_contain_text("Stand-in")
        expect(page.locator("#c-alarm-more")).to_be_hidden()
        expect(page.locator(".c-line")).to_have_count(3)
        page.keyboard.press("F10")
        expect(page.locator("#c-message")).to_contain_text("See to the alarms first")
        page.keyboard.press("Escape")
        page.keyboard.press("F10")
        expect(page.locator("#c-last")).to_contain_text("Sale closed")
        expect(page.locator("#c-last")).to_contain_text("T-0301-")
        expect(page.locator(".c-row")).to_have_count(0)

        terminal.scan_all([first, third])
        expect(page.locator("#c-alarm")).to_contain_text("Sold before")
        expect(page.locator(".c-row")).to_have_count(2)
        page.reload()
        expect(page.locator(".c-row")).to_have_count(2)
        expect(page.locator("#c-alarm")).to_contain_text("Sold before")


@pytest.mark.req("T-23")
def test_scan_during_a_payment_is_said_at_once_and_shown_with_the_next_sale(
    open_page: OpenPage, tmp_path: Path
) -> None:
    first, second, third = pack_codes(3)
    with running_terminal(tmp_path) as terminal:
        page = open_page("en")
        terminal.sign_in(page)
        terminal.scan_all([first])
        expect(page.locator(".c-row")).to_have_count(1)
        page.evaluate(SAY_PAYING, page.locator("#c-sale-number").text_content())
        paying = page.locator("#c-paying")
        expect(paying).to_have_text("This sale is being paid; what is scanned goes on the next one")
        terminal.scan_all([second])
        expect(page.locator("#c-message")).to_contain_text("A sale is being paid")
        expect(paying).to_contain_text("1 box is on the next sale")
        page.keyboard.press("Escape")
        # A dialog hides what is beside it: what the counter says moves in, and out again when it closes.
        page.keyboard.press("F1")
        terminal.scan_all([third])
        expect(page.locator("dialog[open] #c-message")).to_contain_text("A sale is being paid")
        assert grave_findings(page) == []
        page.keyboard.press("Escape")
        expect(page.locator(".c-side > #c-message")).to_contain_text("The next list")
        expect(page.locator("dialog #c-shout")).to_have_count(0)
        expect(page.locator("#c-count-boxes")).to_have_text("1")
        page.reload()
        expect(page.locator(".c-row")).to_have_count(1)
        expect(paying).to_contain_text("2 boxes are on the next sale")
        assert paying.evaluate("line => line.scrollWidth <= line.clientWidth"), "the line is cut off"
        assert grave_findings(page) == []
        page.keyboard.press("F10")
        expect(page.locator("#c-count-boxes")).to_have_text("2")
        expect(page.locator(".c-row")).to_have_count(2)
        expect(paying).to_be_hidden()
        page.reload()
        expect(page.locator(".c-row__code")).to_have_text([third, second])
        expect(page.locator("#c-count-boxes")).to_have_text("2")


def test_box_that_was_sold_comes_back_and_is_sold_again_once_it_is_released(
    open_page: OpenPage, tmp_path: Path
) -> None:
    first, second = pack_codes(2)
    with running_terminal(tmp_path) as terminal:
        page = open_page()
        terminal.sign_in(page)
        terminal.scan_all([first, second])
        expect(page.locator(".c-row")).to_have_count(2)
        page.keyboard.press("F10")
        number = page.locator("#c-last-facts dd").first.text_content()
        assert number

        terminal.scan_all([first])
        page.locator("#c-alarm-return").click()
        expect(page.locator("#c-return-sale")).to_have_value(number)
        page.locator("#c-return-sale").fill("T-0301-19990101-1")
        page.locator("#c-return-send").click()
        expect(page.locator("#c-return-problem")).to_contain_text("counter.sale_unknown")
        terminal.scan_all([second])
        expect(page.locator("#c-return-list li")).to_have_count(2)
        page.locator("#c-return-list button").last.click()
        expect(page.locator("#c-return-sale")).to_have_value(number)
        page.locator("#c-return-send").click()
        expect(page.locator("#c-message")).to_contain_text("已退货 1 盒")
        expect(page.locator("#c-alarm")).to_contain_text(second[-4:])
        page.keyboard.press("Escape")
        assert page.evaluate(RELEASE, first) == HTTPStatus.OK
        terminal.scan_all([first])
        expect(page.locator(".c-line__quantity")).to_have_text("×1")


def test_remove_put_back_receive_and_sign_out(open_page: OpenPage, tmp_path: Path) -> None:
    (first,) = pack_codes(1)
    with running_terminal(tmp_path) as terminal:
        page = open_page()
        terminal.sign_in(page)
        terminal.scan_all([HIBC, first])
        expect(page.locator(".c-row")).to_have_count(2)
        page.locator(".c-row").nth(1).focus()
        page.keyboard.press("Delete")
        expect(page.locator(".c-line")).to_have_count(1)
        page.keyboard.press("Control+z")
        expect(page.locator(".c-line")).to_have_count(2)
        expect(page.locator(".c-row")).to_have_count(2)

        page.locator("#c-leave").click()
        expect(page.locator("#c-message")).to_contain_text("counter.list_not_empty")
        page.locator("#c-cancel").click()
        page.locator("#c-cancel-yes").click()
        expect(page.locator(".c-row")).to_have_count(0)

        page.locator('[data-mode="receive"]').click()
        expect(page.locator('[data-mode="receive"]')).to_have_attribute("aria-pressed", "true")
        terminal.scan_all([first])
        expect(page.locator("#c-close")).to_be_enabled()
        page.keyboard.press("F10")
        expect(page.locator("#c-last")).to_contain_text("已入库")
        page.locator("#c-leave").click()
        expect(page.locator("#c-sign-in")).to_be_visible()


def test_pulled_cable_and_killed_daemon_are_said_and_mended(open_page: OpenPage, tmp_path: Path) -> None:
    codes = pack_codes(2)
    page = open_page()
    with running_terminal(tmp_path) as terminal:
        terminal.sign_in(page)
        terminal.scan_all(codes[:1])
        expect(page.locator(".c-row")).to_have_count(1)
        terminal.scanner.unplug()
        expect(page.locator("#c-device-fault")).to_be_visible()
        expect(page.locator("#c-devices-text")).to_have_text("扫码枪 0/1")
        terminal.scanner.plug()
        expect(page.locator("#c-devices-text")).to_have_text("扫码枪 1/1", timeout=10_000)
        terminal.scan_all(codes[1:])
        expect(page.locator(".c-row")).to_have_count(2)
        port = int(terminal.address.rstrip("/").rsplit(":", 1)[1])
    expect(page.locator("#c-lost")).to_be_visible()
    with running_terminal(tmp_path, port=port):
        expect(page.locator("#c-lost")).to_be_hidden(timeout=10_000)
        expect(page.locator(".c-row")).to_have_count(2)
        expect(page.locator("#c-operator")).to_contain_text("药师")
