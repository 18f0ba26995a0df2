"""A headless Chromium of the system, and pages that notice every request that would leave the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import FLAGS, find_chromium

OpenPage = Callable[..., Page]

# What a page shows comes from other processes, which on a busy machine may have to wait for their turn.
expect.set_options(timeout=20_000)


# Per module: while it is open an event loop runs in this thread, and other tests need to start their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = find_chromium()
    if chromium is None:
        pytest.skip(
            "no Chromium on this machine: install `chromium-headless-shell` or `chromium` for the browser tests"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open pages that must stay on this machine and must not fail in their scripts."""
    with watched_pages(browser) as open_:
        yield open_


@pytest.fixture(scope="module")
def open_lasting_page(browser: Browser) -> Iterator[OpenPage]:
    """Open such pages for all tests of a module: for those that only look, so that they sign in once."""
    with watched_pages(browser) as open_:
        yield open_


@contextmanager
def watched_pages(browser: Browser) -> Iterator[OpenPage]:
    """Give what opens pages; in the end none of them may have left this machine or failed in its scripts."""
    contexts = []
    strangers: list[str] = []
    failures: list[str] = []

    def open_(language: str = "zh", size: tuple[int, int] = (1440, 900)) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN" if language == "zh" else "en-GB",
            timezone_id="Asia/Shanghai",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: _note_stranger(request.url, strangers))
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("console", lambda said: failures.append(said.text) if _is_refusal(said.text) else None)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert strangers == [], "requests left the machine"
    assert failures == [], "scripts failed, or the page broke its own security policy"


def _note_stranger(url: str, strangers: list[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"data", "blob"} and parts.hostname != "127.0.0.1":
        strangers.append(url)


def _is_refusal(text: str) -> bool:
    return "Content Security Policy" in text or "Uncaught" in text
