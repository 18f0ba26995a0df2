"""Selling in part on a real terminal: a pack is chosen, scanned again or picked among the opened ones, and undone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import grave_findings
from tests.browser.conftest import OpenPage
from tests.browser.terminal import RunningTerminal, running_terminal

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = [(1366, 768), (1080, 1920), (390, 844)]
UNITS = "#t-split-units"


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTerminal]:
    with running_terminal(tmp_path_factory.mktemp("split")) as terminal:
        yield terminal


def amoxicillin(number: int) -> str:
    """24 capsules for 9.80."""
    return f"8600011{number:013}"


def clavulanate(number: int) -> str:
    """8 tablets for 18.60."""
    return f"8600021{number:013}"


def at_work(terminal: RunningTerminal, open_page: OpenPage, language: str = "zh") -> Page:
    page = open_page(language, SIZES[0])
    terminal.sign_in(page)
    return page


def scan(terminal: RunningTerminal, page: Page, *codes: str) -> None:
    terminal.start_scanning(codes, per_second=10).result()
    expect(page.locator("#c-count-boxes")).to_have_text(str(len(codes)))


def chosen(page: Page) -> str:
    return page.locator("#t-split-packs input:checked").get_attribute("value") or ""


def split(page: Page, units: int) -> None:
    expect(page.locator(UNITS)).to_be_focused()
    page.keyboard.type(str(units))
    page.keyboard.press("Enter")
    expect(page.locator("#t-split-dialog")).to_be_hidden()


def test_pack_that_is_scanned_again_is_sold_in_part_and_whole_after_all(
    terminal: RunningTerminal, open_page: OpenPage
) -> None:
    page = at_work(terminal, open_page)
    scan(terminal, page, amoxicillin(1), clavulanate(1))
    page.keyboard.press("F4")
    expect(page.locator(UNITS)).to_be_focused()
    assert chosen(page) == clavulanate(1), "the newest one is meant"
    expect(page.locator("#t-split-send")).to_be_disabled()
    terminal.start_scanning([amoxicillin(1)], per_second=10).result()
    expect(page.locator("#t-split-packs label", has=page.locator("input:checked"))).to_contain_text("阿莫西林胶囊")
    expect(page.locator(UNITS)).to_be_focused()
    page.keyboard.type("6")
    expect(page.locator("#t-split-sums")).to_contain_text("¥0.4083")
    expect(page.locator("#t-split-sums")).to_contain_text("¥2.45")
    expect(page.locator("#t-split-sums")).to_contain_text("18")
    assert grave_findings(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("#t-split-dialog")).to_be_hidden()
    line = page.locator(".c-line", has_text="拆零")
    expect(line).to_contain_text("拆零 6")
    expect(line).to_contain_text("¥2.45")
    expect(page.locator("#c-amount")).to_have_text("¥21.05")
    expect(page.locator("#c-alarm")).to_be_hidden()
    expect(page.locator("#c-undo-what")).to_have_text("已拆零 阿莫西林胶囊")
    page.keyboard.press("Control+z")
    expect(page.locator("#c-amount")).to_have_text("¥28.40")
    expect(page.locator("#c-undo-bar")).to_be_hidden()
    page.keyboard.press("F4")
    page.locator(f"#t-split-packs input[value='{amoxicillin(1)}']").check()
    page.locator("[data-step='1']").click()
    page.locator(UNITS).press("ArrowUp")
    expect(page.locator(UNITS)).to_have_value("2")
    page.locator("#t-split-send").click()
    expect(page.locator("#t-split-dialog")).to_be_hidden()
    expect(page.locator("#c-amount")).to_have_text("¥19.42")
    page.keyboard.press("F4")
    page.locator(f"#t-split-packs input[value='{amoxicillin(1)}']").check()
    page.locator("#t-split-whole").click()
    expect(page.locator("#t-split-dialog")).to_be_hidden()
    expect(page.locator("#c-amount")).to_have_text("¥28.40")
    page.keyboard.press("F10")
    expect(page.locator("#c-last")).to_be_visible()


def test_opened_pack_is_picked_or_scanned_and_says_what_is_left(terminal: RunningTerminal, open_page: OpenPage) -> None:
    page = at_work(terminal, open_page, "en")
    scan(terminal, page, amoxicillin(2))
    page.keyboard.press("F4")
    split(page, 20)
    page.keyboard.press("F10")
    expect(page.locator("#c-last")).to_be_visible()
    page.keyboard.press("F4")
    expect(page.locator("#t-split-packs")).to_contain_text("4 of 24 left")
    expect(page.locator(UNITS)).to_be_focused()
    page.keyboard.type("5")
    expect(page.locator("#t-split-send")).to_be_disabled()
    page.keyboard.press("Backspace")
    split(page, 3)
    expect(page.locator(".c-line")).to_contain_text("3 units")
    expect(page.locator("#c-amount")).to_have_text("¥1.22")
    page.keyboard.press("Control+z")
    expect(page.locator("#c-count-boxes")).to_have_text("0")
    scan(terminal, page, amoxicillin(2))
    expect(page.locator(".c-row").first).to_contain_text("4 units left")
    expect(page.locator(".c-line")).to_contain_text("1 unit")
    expect(page.locator(".c-row__price").first).to_have_text("in part")
    page.keyboard.press("F4")
    expect(page.locator("#t-split-whole")).to_be_hidden()
    split(page, 4)
    expect(page.locator("#c-amount")).to_have_text("¥1.63")
    page.keyboard.press("F10")
    expect(page.locator("#c-last")).to_be_visible()


def test_dialog_fits_every_screen_and_says_when_nothing_can_be_sold_in_part(
    terminal: RunningTerminal, open_page: OpenPage
) -> None:
    page = at_work(terminal, open_page)
    page.locator("#c-split").click()
    expect(page.locator("#t-split-none")).to_be_visible()
    expect(page.locator("#t-split-send")).to_be_disabled()
    assert grave_findings(page) == []
    page.keyboard.press("Escape")
    scan(terminal, page, *(amoxicillin(number) for number in range(10, 18)))
    page.keyboard.press("F4")
    expect(page.locator("#t-split-packs label")).to_have_count(8)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        box = page.locator("#t-split-send").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height, "the button stands at the bottom of the screen"
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.keyboard.press("Escape")
    page.locator("#c-cancel").click()
    page.locator("#c-cancel-yes").click()
    page.locator('[data-mode="receive"]').click()
    expect(page.locator("#c-split")).to_be_disabled()
    page.locator('[data-mode="dispense"]').click()
