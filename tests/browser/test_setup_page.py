"""The page that sets scanners up, on a real terminal: a simulated scanner on its serial line, a real browser."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from drivers.scanner.selftest import SHEET
from drivers.scanner.simulated.habit import Habit
from tests.browser.axe import grave_findings
from tests.browser.conftest import OpenPage
from tests.browser.terminal import RunningTerminal, pack_codes, running_terminal

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = [(1440, 900), (1366, 768), (1080, 1440), (390, 844)]
DROPS_GS, SET_WELL = Habit(gs=b""), Habit()


def pull(terminal: RunningTerminal, code: bytes) -> None:
    """Pull the trigger once, in a thread of its own: the browser runs an event loop in this one."""
    with ThreadPoolExecutor(1) as hand:
        delivery = hand.submit(lambda: asyncio.run(terminal.scanner.scan(code))).result()
    assert delivery.is_whole


def go(page: Page, terminal: RunningTerminal) -> None:
    page.goto(f"{terminal.address}setup")
    page.wait_for_selector("html[data-ready]")


def scan_sheet(page: Page, terminal: RunningTerminal) -> None:
    """Scan what the page shows until it shows nothing more."""
    for number, symbol in enumerate(SHEET, 1):
        expect(page.locator(f"#s-symbol-{symbol.name}")).to_be_visible()
        expect(page.locator("#s-what")).to_contain_text(str(number))
        pull(terminal, symbol.code)
    expect(page.locator("#s-result")).to_be_visible()


@pytest.mark.req("T-22")
@pytest.mark.timeout(180)
def test_a_scanner_is_set_up_by_the_page_and_its_scans_go_into_no_sale(open_page: OpenPage, tmp_path: Path) -> None:
    with running_terminal(tmp_path) as terminal:
        page = open_page()
        go(page, terminal)
        expect(page.locator("#s-signed-out")).to_be_visible()
        expect(page.locator("#s-list button")).to_be_disabled()
        terminal.sign_in(page)
        go(page, terminal)
        assert grave_findings(page) == []

        terminal.scanner.program(DROPS_GS)
        page.locator("#s-list button").press("Enter")
        expect(page.locator("#s-run-title")).to_be_focused()
        pull(terminal, pack_codes(1)[0].encode())
        expect(page.locator("#s-last")).to_contain_text("这不是校准页上的一个码")
        assert grave_findings(page) == []
        scan_sheet(page, terminal)
        expect(page.locator("#s-advice")).to_contain_text("丢掉了分隔符 GS")
        expect(page.locator("#s-advice")).to_contain_text("scanner.setup.gs_dropped")
        expect(page.locator("#s-list")).to_contain_text("丢失分隔符 GS")
        expect(page.locator("#s-advice > .y-message--bad")).to_contain_text("scanner.setup.gs_dropped")
        expect(page.locator("#s-line-title")).to_contain_text("应写成")
        assert grave_findings(page) == []

        terminal.scanner.program(SET_WELL)
        page.locator('#s-list button[data-act="begin"]').click()
        scan_sheet(page, terminal)
        expect(page.locator("#s-result-words")).to_contain_text("设置正确")
        # The suffix is known and no AIM id is sent: good news and a tip, and neither looks like a warning.
        expect(page.locator("#s-advice > .y-message--ok")).to_contain_text("scanner.setup.suffix_known")
        expect(page.locator("#s-advice > .y-message--info")).to_contain_text("scanner.setup.aim_off")
        expect(page.locator("#s-advice > li")).to_have_count(2)
        expect(page.locator("#s-line-title")).to_contain_text("可以写得更明确")
        assert grave_findings(page) == []

        page.goto(f"{terminal.address}counter")
        page.wait_for_selector("html[data-ready]")
        expect(page.locator("#c-count-boxes")).to_have_text("0")
        expect(page.locator(".c-row")).to_have_count(0)
        pull(terminal, pack_codes(1)[0].encode())
        expect(page.locator(".c-row")).to_have_count(1)


@pytest.mark.timeout(180)
def test_a_set_up_is_given_up_by_keyboard_and_nothing_is_cut_off_at_any_size(
    open_page: OpenPage, tmp_path: Path
) -> None:
    with running_terminal(tmp_path) as terminal:
        page = open_page("en")
        terminal.sign_in(page)
        go(page, terminal)
        page.locator("#s-list button").press("Enter")
        for symbol in SHEET[:2]:
            expect(page.locator(f"#s-symbol-{symbol.name}")).to_be_visible()
            page.locator("#s-skip").press("Enter")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
        page.locator("#s-stop").press("Enter")
        expect(page.locator("#s-message")).to_contain_text("nothing was kept")
        expect(page.locator("#s-run")).to_be_hidden()
