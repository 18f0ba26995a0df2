"""Pictures of every screen in every state, into `test-artifacts/screens/`: `python -m tests.browser.screenshots`.

They are looked at by a person; no test compares them. `--only counter-normal` takes those whose name begins so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import beside_states, test_console_pages, test_counter_accessibility
from tests.browser.afterwards import BesidePage, beside
from tests.browser.centre import staged_console
from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.counter_page import CounterPage
from tests.browser.serving import serving
from tests.browser.settled import settle_some
from tests.browser.stage import Stage, staged_app
from tests.browser.terminal import running_terminal
from tests.browser.unwell import UNWELL

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "test-artifacts" / "screens"
SIZES = [(1366, 768), (1080, 1920), (390, 844)]
"""A small desktop, a kiosk on its end, and a phone."""
LANGUAGES = ("zh", "en")
SETTLED_MS = 400
TRANSLATED = str.maketrans({" ": "-", "#": ""})


def main() -> int:
    """Take the pictures; return how many."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", default="", help="take only pictures whose name begins so")
    only = asked.parse_args().only
    chromium = find_chromium()
    if chromium is None:
        sys.stderr.write("no Chromium on this machine\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for language in LANGUAGES:
            for state in (*test_counter_accessibility.STATES, *UNWELL):
                _counter(browser, state, language, only)
            _console(browser, language, only, is_empty=False)
            _console(browser, language, only, is_empty=True)
            _setup(browser, language, only)
            for beside_state in beside_states.STATES:
                _beside(browser, beside_state, language, only)
        browser.close()
    return 0


def _page(browser: Browser, language: str) -> Page:
    locale = "zh-CN" if language == "zh" else "en-GB"
    return browser.new_context(locale=locale, timezone_id="Asia/Shanghai").new_page()


def _counter(browser: Browser, state: Callable[[CounterPage], None], language: str, only: str) -> None:
    name = f"counter-{state.__name__}-{language}".translate(TRANSLATED)
    if not name.startswith(only):
        return
    stage = Stage()
    with serving(staged_app(stage)) as address:
        page = _page(browser, language)
        page.goto(f"{address}/counter")
        page.wait_for_selector("html[data-ready]")
        state(CounterPage(page, stage, address))
        _take(page, name)
        page.context.close()
        stage.bus.close()


def _beside(browser: Browser, state: Callable[[BesidePage], None], language: str, only: str) -> None:
    name = f"{state.__name__}-{language}".replace("_", "-")
    if not name.startswith(only):
        return
    page = _page(browser, language)
    with beside(page) as desk:
        state(desk)
        _take(page, name, is_whole=True)
        page.context.close()


def _console(browser: Browser, language: str, only: str, *, is_empty: bool) -> None:
    prefix = f"console-{'empty' if is_empty else 'busy'}"
    if not prefix.startswith(only[: len(prefix)]):
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        staged_console(Path(folder), is_empty=is_empty) as stage,
        serving(stage.app) as address,
    ):
        desk = test_console_pages.sign_in(_page(browser, language), stage, address)
        settled = {} if is_empty else settle_some(stage)
        for page_name, path in (test_console_pages.PAGES | settled).items():
            name = f"{prefix}-{page_name}-{language}".translate(TRANSLATED)
            if name.startswith(only):
                desk.go(path)
                _take(desk.page, name)
        desk.page.context.close()
        stage.centre.bus.close()


def _setup(browser: Browser, language: str, only: str) -> None:
    if not "setup".startswith(only[:5]):
        return
    with tempfile.TemporaryDirectory() as folder, running_terminal(Path(folder)) as terminal:
        page = _page(browser, language)
        page.goto(f"{terminal.address}setup")
        page.wait_for_selector("html[data-ready]")
        _take(page, f"setup-signed-out-{language}")
        terminal.sign_in(page)
        page.goto(f"{terminal.address}setup")
        page.wait_for_selector("html[data-ready]")
        _take(page, f"setup-ready-{language}")
        page.locator("#s-list button").press("Enter")
        page.wait_for_selector("#s-run-title:focus")
        _take(page, f"setup-running-{language}")
        page.context.close()


def _take(page: Page, name: str, *, is_whole: bool = False) -> None:
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(SETTLED_MS)
        page.screenshot(path=FOLDER / f"{name}-{width}x{height}.png", full_page=is_whole)


if __name__ == "__main__":
    sys.exit(main())
