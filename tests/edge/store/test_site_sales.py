"""What other terminals sold: the latest fact stands, in whatever order it is heard."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.counter.counter import Request
from edge.store import site_sales, sql
from edge.store.database import opened_store
from edge.store.site_sales import (
    KEEP,
    PackFact,
    SiteSale,
    find_peer,
    hear,
    note_peer,
    own_facts,
    put_away_site_sales,
    site_sale,
)
from edge.store.site_units import UnitsFact, hear_units
from edge.store.splits import opened_packs
from tests.edge.scene import NOON, TRACE_1, TRACE_2, Shop
from wire.receipts import Receipt

CODES = (TRACE_1, TRACE_2)
PEERS = ("counter-2", "counter-3")
SOLD = PackFact(TRACE_1, "counter-2-20261121-1", to_us(NOON), True)
BACK = PackFact(TRACE_1, "counter-2-20261121-1", to_us(NOON) + 1, False)

named = (st.sampled_from(CODES), st.sampled_from(("s-1", "s-2")), st.integers(0, 3))
told = st.tuples(
    st.sampled_from(PEERS),
    st.one_of(
        st.builds(PackFact, *named, st.booleans()),
        st.builds(UnitsFact, *named, st.just("D0001"), st.integers(1, 12), st.sampled_from((12, 24))),
    ),
)


def table(tx: Connection) -> list[sql.Row]:
    return sql.rows(tx, "SELECT * FROM sold_at_site ORDER BY code")


def all_heard(tx: Connection) -> list[object]:
    """Return everything that is known by hearsay, and what it comes to."""
    tables = ("sold_at_site", "site_back", "site_units")
    rows = [sql.rows(tx, f"SELECT * FROM {name} ORDER BY 1, 2, 3") for name in tables]  # noqa: S608 - ours
    return [*rows, [(one.code, one.rest) for one in opened_packs(tx, 100)], [site_sale(tx, code) for code in CODES]]


def heard_in_order(connection: Connection, facts: Sequence[tuple[str, PackFact | UnitsFact]]) -> list[object]:
    with connection.begin():
        for name in ("sold_at_site", "site_back", "site_units"):
            sql.change(connection, f"DELETE FROM {name}")  # noqa: S608 - ours
        for peer, fact in facts:
            if isinstance(fact, UnitsFact):
                hear_units(connection, peer, [fact])
            else:
                hear(connection, peer, [fact])
        return all_heard(connection)


def all_of(shop: Shop, heard: dict[str, int], *, most_facts: int = 500, most_rows: int = 2_000) -> site_sales.PackFacts:
    with shop.connection.begin():
        return own_facts(shop.connection, heard, most_facts=most_facts, most_rows=most_rows)


def sell(shop: Shop, *codes: str) -> str:
    for code in codes:
        shop.scan(code)
    return shop.counter.close_sale(Request(None, "close")).sale


def test_pack_is_sold_at_the_terminal_that_said_so_until_it_says_otherwise(connection: Connection) -> None:
    with connection.begin():
        hear(connection, "counter-2", [SOLD])
        assert site_sale(connection, TRACE_1) == SiteSale("counter-2", SOLD.sale, NOON)
        assert site_sale(connection, TRACE_2) is None
        hear(connection, "counter-2", [BACK])
        assert site_sale(connection, TRACE_1) is None
        hear(connection, "counter-2", [SOLD])
        assert site_sale(connection, TRACE_1) is None, "what is heard late is not what happened last"


@settings(max_examples=60, deadline=None)
@given(st.lists(told, max_size=12), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_give_the_same_table(
    facts: list[tuple[str, PackFact | UnitsFact]], shuffling: random.Random
) -> None:
    again = [*facts, *shuffling.choices(facts, k=5)] if facts else []
    shuffling.shuffle(again)
    with tempfile.TemporaryDirectory() as folder, opened_store(Path(folder)) as connection:
        assert heard_in_order(connection, facts) == heard_in_order(connection, again)


def test_own_facts_are_sales_and_returns_and_nothing_else(shop: Shop) -> None:
    sale = sell(shop, TRACE_1, TRACE_2)
    shop.clock.advance(60)
    shop.counter.return_packs(Request(None, "return"), sale, [TRACE_2], "changed mind")
    told = all_of(shop, {})
    assert [(one.code, one.sale, one.is_sold) for one in told.facts] == [
        (TRACE_1, sale, True),
        (TRACE_2, sale, True),
        (TRACE_2, sale, False),
    ]
    assert from_us(told.facts[2].hlc) - from_us(told.facts[0].hlc) >= timedelta(seconds=59)
    assert told.is_all
    assert all_of(shop, dict(told.heard)).facts == []


@pytest.mark.parametrize(("most_facts", "most_rows"), [(1, 2_000), (500, 1), (500, 3), (2, 2)])
def test_parts_together_are_the_whole(shop: Shop, most_facts: int, most_rows: int) -> None:
    sale = sell(shop, TRACE_1, TRACE_2)
    shop.counter.return_packs(Request(None, "return"), sale, [TRACE_2], "changed mind")
    shop.counter.release(TRACE_2, "sealed as it was")
    shop.outbox.leave_epoch("epoch-1", "forked", NOON)
    sell(shop, TRACE_2)
    whole = all_of(shop, {})
    heard: dict[str, int] = {}
    facts: list[PackFact] = []
    parts = 0
    while True:
        part = all_of(shop, heard, most_facts=most_facts, most_rows=most_rows)
        facts += part.facts
        heard = dict(part.heard)
        parts += 1
        if part.is_all:
            break
    assert (facts, heard) == (list(whole.facts), dict(whole.heard))
    assert parts > 1


def test_a_damaged_row_is_no_fact(shop: Shop) -> None:
    sell(shop, TRACE_1)
    with shop.connection.begin():
        sql.change(shop.connection, "UPDATE outbox SET bytes = x'00' WHERE kind = 'dispensed'")
    assert all_of(shop, {}).facts == []


def test_how_far_a_peer_was_heard_is_kept(connection: Connection) -> None:
    with connection.begin():
        assert find_peer(connection, "counter-2") is None
        note_peer(connection, "counter-2", {"e": 7}, NOON)
        note_peer(connection, "counter-2", {"e": 9}, NOON)
        kept = find_peer(connection, "counter-2")
        assert kept is not None
        assert (kept.heard, kept.at) == ({"e": 9}, NOON)
        sql.change(connection, "UPDATE site_peer SET heard_to = 'x'")
        assert find_peer(connection, "counter-2") is None, "everything is heard once more"


def test_old_hints_are_put_away_by_the_centres_clock_only(shop: Shop) -> None:
    later = NOON + KEEP + timedelta(seconds=1)
    connection = shop.connection
    with connection.begin():
        hear(connection, "counter-2", [SOLD])
        assert put_away_site_sales(connection, later) == 0, "a clock that was set makes nothing old"
    shop.outbox.apply_receipts([Receipt(1, "t", "epoch-1", "c", later, "n" * 16, [(1, 1)])], NOON)
    with connection.begin():
        assert put_away_site_sales(connection, NOON) == 0
        assert put_away_site_sales(connection, later) == 1


def test_units_and_returns_that_were_heard_are_put_away_when_they_are_old(shop: Shop) -> None:
    later = NOON + KEEP + timedelta(seconds=1)
    shop.outbox.apply_receipts([Receipt(1, "t", "epoch-1", "c", later, "n" * 16, [(1, 1)])], NOON)
    with shop.connection.begin():
        hear(shop.connection, "counter-2", [BACK])
        hear_units(shop.connection, "counter-2", [UnitsFact(TRACE_2, "counter-2-20261121-2", to_us(NOON), "", 3, 12)])
        assert put_away_site_sales(shop.connection, later + timedelta(seconds=1)) == 3
        assert all_heard(shop.connection) == [[], [], [], [], [None, None]]


def test_hints_beyond_the_bound_go_the_oldest_first(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_sales, "MOST_HINTS", 2)
    with connection.begin():
        hear(connection, "counter-2", [PackFact(code, "s", at, True) for code, at in (("a", 3), ("b", 1), ("c", 2))])
        assert put_away_site_sales(connection, NOON) == 1
        assert [row[0] for row in table(connection)] == ["a", "c"]
