"""The counter of a pharmacy that settles: one terminal and its centre as processes, people with their credentials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.blackbox.shop import Counter, Shop, opened_shop
from tests.blackbox.stand import seed


@dataclass(frozen=True)
class InsuredCounter:
    """A counter that settles, and what is behind it."""

    shop: Shop
    desk: Counter

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.desk.port}"

    def sign_in(self, page: Page, login: str = "li") -> None:
        """Open the counter page, signed in."""
        page.goto(f"{self.address}/counter")
        page.wait_for_selector("html[data-ready]")
        if page.locator("#c-sign-in").is_visible():
            page.locator("#c-operator-name").fill(login)
            page.locator("#c-password").fill(self.desk.passwords[login])
            page.locator("#c-sign-in-form button").click()
        expect(page.locator("#c-pay")).to_be_visible()


@contextmanager
def insured_counter(folder: Path) -> Iterator[InsuredCounter]:
    """Open a pharmacy that settles."""
    for name in ("centre", "shop"):
        (folder / name).mkdir(parents=True)
    with opened_shop(seed(folder / "centre"), folder / "shop") as shop:
        desk = shop.counters[0]
        for device in ("voucher", "card"):
            (desk.folder / device).mkdir(exist_ok=True)
        yield InsuredCounter(shop, desk)
