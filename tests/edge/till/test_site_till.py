"""Terminals of one site that sell, take back and settle packs of each other, by way of the scan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.store.quarantine import release
from edge.store.site_apart import hear_apart, own_apart, own_back
from edge.store.site_sales import hear, hear_back, own_facts
from edge.store.site_units import hear_units
from edge.till.finding import NotFoundError
from tests.edge.till.aisle import A, Aisle, B, new_centre, opened
from tests.server.conftest import NewStore


@pytest.fixture
def site(standing_store: NewStore, tmp_path: Path) -> Iterator[dict[str, Aisle]]:
    centre = new_centre(standing_store("sqlite"), "base")
    with opened(centre, tmp_path / "1") as one, opened(centre, tmp_path / "2", desk=4) as two:
        yield {"counter-3": one, "counter-4": two}


def tell(site: dict[str, Aisle]) -> None:
    """Let each hear what the other one tells."""
    for name, whom in site.items():
        found = whom.look(lambda tx: own_facts(tx, {}, most_facts=500, most_rows=500))
        back, apart = whom.look(own_back), whom.look(own_apart)
        for who in site.values():
            if who is not whom:
                with who.shop.connection.begin():
                    tx = who.shop.connection
                    hear(tx, name, found.facts)
                    hear_units(tx, name, found.units)
                    hear_back(tx, name, back)
                    hear_apart(tx, name, apart)


def scanned(site: dict[str, Aisle], code: str) -> list[str]:
    """Return what each says of a pack, and leave nothing on a list."""
    said = []
    for one in site.values():
        said.append(one.shop.scan(code).verdict.value)
        one.wait(seconds=10)
        if said[-1] == "added":
            one.shop.counter.remove(code)
    return said


def test_a_pack_that_came_back_elsewhere_and_was_released_is_sold_again_by_scanning_it(site: dict[str, Aisle]) -> None:
    one, two = site.values()
    first = one.settle(A, B)
    one.upload()
    tell(site)
    assert scanned(site, A) == ["sold_here", "sold_at_site"]
    assert two.finding.find(A, "wang", None) == first
    assert two.take_back(first, A).outcome == "done"
    two.upload()
    tell(site)
    assert scanned(site, A) == ["quarantined", "quarantined"]
    assert scanned(site, B) == ["sold_here", "sold_at_site"]
    two.look(lambda tx: release(tx, A, "wang", "外观完好", two.shop.clock.now()))
    tell(site)
    assert scanned(site, A) == ["added", "added"]
    again = one.settle(A)
    one.upload()
    tell(site)
    assert scanned(site, A) == ["sold_here", "sold_at_site"]
    assert two.finding.find(A, "wang", None) == again
    assert one.states(A, B) == ["sold", "sold"]


def test_of_two_sales_of_one_pack_each_is_found_by_its_number_at_a_third_terminal(
    site: dict[str, Aisle], tmp_path: Path
) -> None:
    """What two terminals scanned before they had heard of each other: the centre keeps both, and pays for one."""
    one, two = site.values()
    first = one.settle(A, B)
    one.upload()
    one.wait(seconds=30)
    two.shop.clock.advance(30)
    second = two.settle(A)
    two.upload()
    assert first != second
    with opened(one.centre, tmp_path / "3", desk=5) as three:
        three.shop.clock.advance(60)
        assert [three.finding.find(A, "wang", None, named=sale) for sale in (first, second)] == [first, second]
        assert three.take_back(second, A).outcome == "done"
        three.upload()
        assert [one.paid_with(A, B), len(one.at_the_centre())] == [one.paid_with(B, B), 1]
        with pytest.raises(NotFoundError):
            three.finding.find(A, "wang", None, named="counter-9-20260310-1")
