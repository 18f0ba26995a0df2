"""The counter page as a test uses it: opened on a stage, and read by what a person sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.serving import serving
from tests.browser.stage import Stage, staged_app


@dataclass(frozen=True)
class CounterPage:
    """An open counter page and what is behind it."""

    page: Page
    stage: Stage
    address: str

    def row_texts(self) -> list[str]:
        """The rows from the top, each as one line."""
        rows: list[str] = self.page.locator(".c-row").evaluate_all(
            "rows => rows.map(row => row.innerText.split(/\\s+/).join(' ').trim())"
        )
        return rows

    def expect_rows(self, count: int) -> None:
        expect(self.page.locator(".c-row")).to_have_count(count)

    def tones(self) -> list[str]:
        """The tones that the page has played since `listen_to_tones`."""
        tones: list[str] = self.page.evaluate("window.tones")
        return tones

    def listen_to_tones(self) -> None:
        self.page.evaluate(
            "window.tones = []; document.addEventListener('yima:tone', e => "
            "window.tones.push(e.detail.loudness > 0 ? e.detail.tone : `${e.detail.tone} silent`))"
        )


@contextmanager
def counter(
    open_page: OpenPage, stage: Stage | None = None, language: str = "zh", size: tuple[int, int] = (1440, 900)
) -> Iterator[CounterPage]:
    """Open the counter page on a stage and wait until it is ready."""
    stage = stage or Stage()
    with serving(staged_app(stage)) as address:
        page = open_page(language, size)
        page.goto(f"{address}/counter")
        page.wait_for_selector("html[data-ready]")
        try:
            yield CounterPage(page, stage, address)
        finally:
            stage.bus.close()
