"""A disk that is full: nothing is shown, nothing is half kept, and work goes on by itself once there is room."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.store.chain import check_chain
from edge.store.errors import DiskFullError, store_errors
from rules.scan_judgement import Verdict
from tests.edge.scene import EPOCH, Shop

ROOM_FOREVER = 1_000_000


def limit_pages(shop: Shop, pages: int) -> None:
    """Let SQLite find the disk full at so many pages, by its own error."""
    driver = shop.connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA max_page_count = {pages}")


def scan_until_full(shop: Shop) -> int:
    for number in range(10_000):
        with store_errors(Path("store")):
            shop.scan(f"8600011{number:013}")
    raise AssertionError("the disk was never full")


@pytest.mark.req("T-09")
def test_full_disk_refuses_aloud_and_recovers_by_itself(shop: Shop) -> None:
    limit_pages(shop, 1)
    with pytest.raises(DiskFullError) as caught:
        scan_until_full(shop)
    assert caught.value.code == "store.disk_full"
    with pytest.raises(DiskFullError):
        scan_until_full(shop)
    recorded = shop.count("scan")
    assert len(shop.heard("scan")) == recorded, "nothing is shown that is not kept"
    limit_pages(shop, ROOM_FOREVER)
    assert shop.scan("86000219999999999999").verdict == Verdict.ADDED
    assert shop.count("scan") == recorded + 1
    assert check_chain(shop.connection, EPOCH).broken_at is None
