"""One bit of a key: SQLite's quick check sees nothing, and whoever looks by that key finds another row or none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.counter.counter import Request
from edge.store.database import FILE_NAME, opened_store
from edge.store.salvage import mend
from edge.store.salvage_build import Owner
from edge.store.salvage_check import Look, look_over
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, NOON, TERMINAL, FakeClock, Shop, seeded_bytes

SALES = 40
PAGE = 4096
OWNER = Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes(3))


def sell(shop: Shop, number: int) -> None:
    for pack in (1, 2):
        assert shop.scan(f"8600011{number:010}{pack:03}").line == 1
    shop.counter.close_sale(Request(None, ""))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Forty sales, and one that is open."""
    folder = tmp_path_factory.mktemp("sold")
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock())
        shop.stock()
        shop.sign_in()
        for number in range(SALES):
            sell(shop, number)
        shop.scan(f"8600011{SALES:013}")
    return (folder / FILE_NAME).read_bytes()


def flip(path: Path, table: str, key: str) -> None:
    """Flip a bit of the last character of a key, in the pages of the table itself."""
    with closing(sqlite3.connect(path)) as store:
        pages = store.execute("SELECT pageno FROM dbstat WHERE name = ?", (table,)).fetchall()
    content = bytearray(path.read_bytes())
    for (number,) in pages:
        at = content.find(key.encode(), (number - 1) * PAGE, number * PAGE)
        if at >= 0:
            content[at + len(key) - 1] ^= 0x10
            path.write_bytes(content)
            return
    raise AssertionError(f"{key} is not in {table}")


@pytest.mark.req("T-10")
@pytest.mark.parametrize("number", [7, 18, 29, SALES, SALES + 1])
@pytest.mark.parametrize("table", ["sale", "sale_line", "sale_pack"])
def test_a_terminal_sells_on_after_one_bit_of_a_sales_number(
    tmp_path: Path, whole: bytes, table: str, number: int
) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(whole)
    flip(path, table, f"{TERMINAL}-20261121-{number}")
    assert look_over(path).damage
    assert mend(path, OWNER).is_salvaged
    assert look_over(path) == Look(wrong=[])
    with opened_store(tmp_path) as connection:
        shop = Shop(connection, FakeClock(), seed=5)
        shop.sign_in(token="another")
        shop.counter.cancel(Request(None, "")) if shop.counter.show().id else None
        for more in range(SALES):
            sell(shop, 1_000 + more)
    assert look_over(path) == Look(wrong=[])
