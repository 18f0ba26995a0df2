"""The till and a POS on one counter of a shop that is linked to its centre: who settled a sale is known to all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.blackbox.pos_at_counter import sell_beside_the_till
from tests.blackbox.shop import opened_shop
from tests.blackbox.stand import Seeded


@pytest.mark.slow
@pytest.mark.contract
def test_a_sale_is_whose_who_settled_it_and_one_fact(seeded: Seeded, tmp_path: Path) -> None:
    with opened_shop(seeded.copy(tmp_path / "centre"), tmp_path) as shop:
        _, second = shop.counters
        second.sign_in("zhao")
        sell_beside_the_till(shop, second)
        second.until(lambda: second.ask("GET", f"/days/{shop.today}")["unfinished"]["ledger_due"] == 0)
        sheet = second.ask("POST", f"/days/{shop.today}/end", {})
        assert (sheet["state"], sheet["differences"], sheet["missing"], sheet["elsewhere"]) == ("closed", [], [], 0)
        assert sheet["compared"]
