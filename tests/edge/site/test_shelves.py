"""What the terminals of a site know of each other's opened packs, lists that lie aside, and packs that came back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from edge.counter.counter import UNNAMED
from edge.counter.gone import PackGoneError
from edge.counter.returning import Wanted, take_back
from edge.counter.splitting import NotWholeError, UnitsLeftError
from edge.site.answering import _answer
from edge.site.messages import VERSION, Answer, Ask, decode, encode
from edge.store import sales
from edge.store.quarantine import Quarantined, quarantine
from edge.store.splits import opened_packs
from edge.till.holding import hold
from rules.scan_judgement import Mode
from tests.edge.scene import OTHER_TRACE, TRACE_1, TRACE_2
from tests.edge.site.neighbours import Neighbour


def hear_all(members: Sequence[Neighbour]) -> None:
    """Let each hear each other one, until nothing more is said."""

    async def scene() -> None:
        for whom in members:
            assert whom.sharing.listener is not None
            whom.sharing.listener.is_listening = asyncio.Event()
            async with whom.listening():
                for who in members:
                    if who is not whom:
                        await who.asker(whom.name).listen()
                        assert who.asker(whom.name).status().problem is None

    asyncio.run(scene())


def sell_units(one: Neighbour, code: str, units: int) -> str:
    one.shop.scan(code)
    one.shop.counter.sell_in_part(code, units)
    return one.shop.counter.close_sale(UNNAMED).sale


def put_aside(one: Neighbour, *codes: str) -> str:
    for code in codes:
        one.shop.scan(code)
    sale = one.shop.counter.show().id
    assert sale is not None
    with one.shop.connection.begin():
        hold(one.shop.connection, sale, "", one.shop.clock.now())
    return sale


def come_back(one: Neighbour, sale: str, code: str) -> None:
    """Let a pack of another terminal's sale lie apart at one, as a return of it ends."""
    with one.shop.connection.begin():
        quarantine(one.shop.connection, Quarantined(code, sale, one.shop.clock.now(), "不需要", "wang"))


def left(one: Neighbour) -> dict[str, int]:
    with one.shop.connection.begin():
        return {pack.code: pack.rest for pack in opened_packs(one.shop.connection, 10)}


# -- opened packs ------------------------------------------------------------------------------------------------------


def test_a_pack_that_was_opened_at_one_terminal_is_an_opened_one_at_all(three: list[Neighbour]) -> None:
    first, second, third = three
    sell_units(first, TRACE_1, 10)
    second.shop.clock.advance(60)
    hear_all(three)
    shown = second.shop.scan(TRACE_1)
    assert (shown.verdict, shown.units) == ("added", 1)
    assert "余 14" in shown.words.zh
    with pytest.raises(NotWholeError):
        second.shop.counter.sell_whole(TRACE_1)
    with pytest.raises(UnitsLeftError) as refusal:
        second.shop.counter.sell_in_part(TRACE_1, 15)
    assert refusal.value.left == 14
    second.shop.counter.sell_in_part(TRACE_1, 14)
    emptied = second.shop.counter.close_sale(UNNAMED).sale
    hear_all(three)
    assert [left(one) for one in three] == [{}, {}, {}]
    assert [one.shop.scan(TRACE_1).verdict for one in (first, second)] == ["sold_here", "sold_here"]
    shown = third.shop.scan(TRACE_1)
    assert shown.verdict == "sold_at_site"
    assert emptied in shown.words.zh


def test_what_is_heard_again_counts_once_and_units_that_never_left_do_not_count(two: list[Neighbour]) -> None:
    first, second = two
    sell_units(first, TRACE_1, 5)
    sale = sell_units(first, TRACE_1, 6)
    hear_all(two)
    second.asker(first.name)._heard = {}
    hear_all(two)
    assert left(second) == left(first) == {TRACE_1: 13}
    with first.shop.connection.begin():
        first.shop.clock.advance(5)
        wanted = Wanted(sale, (TRACE_1,), "没拿走", 0)
        now = first.shop.clock.now()
        take_back(first.shop.connection, first.shop.outbox, wanted, operator="wang", now=now, is_apart=False)
    hear_all(two)
    assert left(second) == left(first) == {TRACE_1: 19}


def test_a_pack_that_is_opened_elsewhere_while_it_lies_on_a_list_is_neither_sold_whole_nor_overdrawn(
    two: list[Neighbour],
) -> None:
    first, second = two
    second.shop.scan(TRACE_1)
    sell_units(first, TRACE_1, 20)
    hear_all(two)
    with pytest.raises(PackGoneError, match="4"):
        second.shop.counter.close_sale(UNNAMED)
    second.shop.counter.sell_in_part(TRACE_1, 4)
    second.shop.counter.close_sale(UNNAMED)
    hear_all(two)
    assert left(first) == {}


# -- lists that lie aside ----------------------------------------------------------------------------------------------


def test_a_pack_on_a_list_that_lies_aside_is_said_to_lie_there_at_all_terminals(two: list[Neighbour]) -> None:
    first, second = two
    second.shop.scan(TRACE_2)
    sale = put_aside(first, TRACE_1)
    hear_all(two)
    shown = second.shop.scan(TRACE_1)
    assert (shown.verdict, shown.tone, shown.line) == ("already_in_sale", "alarm", None)
    assert sale in shown.words.zh
    assert first.name in shown.words.en
    assert shown.hint is not None
    assert first.name in shown.hint.zh
    first.shop.counter.cancel(UNNAMED, sale)
    hear_all(two)
    assert second.shop.scan(TRACE_1).verdict == "added"
    assert second.shop.counter.close_sale(UNNAMED).totals.boxes == 2


def test_a_pack_that_was_put_aside_elsewhere_after_it_was_scanned_is_not_paid(two: list[Neighbour]) -> None:
    first, second = two
    second.shop.scan(TRACE_1)
    sale = put_aside(first, TRACE_1)
    hear_all(two)
    with pytest.raises(PackGoneError, match=sale):
        second.shop.counter.close_sale(UNNAMED)


# -- between scan and payment ------------------------------------------------------------------------------------------


def test_a_pack_that_is_sold_elsewhere_while_it_lies_on_a_list_is_not_paid_until_it_is_taken_off(
    two: list[Neighbour],
) -> None:
    first, second = two
    for code in (TRACE_1, TRACE_2):
        second.shop.scan(code)
    sold = first.sell(TRACE_1)
    hear_all(two)
    with pytest.raises(PackGoneError) as caught:
        second.shop.counter.close_sale(UNNAMED)
    assert all(word in str(caught.value.words) for word in (TRACE_1, first.name, sold))
    assert TRACE_2 not in str(caught.value.words)
    second.shop.counter.remove(TRACE_1)
    done = second.shop.counter.close_sale(UNNAMED)
    assert (done.totals.boxes, done.lines[0].codes) == (1, (TRACE_2,))
    with second.shop.connection.begin():
        assert sales.find_sale_of(second.shop.connection, TRACE_1) is None


def test_what_is_received_is_not_asked_about(two: list[Neighbour]) -> None:
    first, second = two
    second.shop.counter.set_mode(Mode.RECEIVE)
    second.shop.scan(TRACE_1)
    first.sell(TRACE_1)
    hear_all(two)
    assert second.shop.counter.close_delivery(UNNAMED).totals.boxes == 1


# -- packs of another terminal's sale ----------------------------------------------------------------------------------


@pytest.mark.parametrize("skew_s", [0, -600])
def test_what_comes_back_at_another_terminal_lies_apart_everywhere_and_is_sold_again_once_released(
    three: list[Neighbour], skew_s: int
) -> None:
    first, second, third = three
    sale = first.sell(TRACE_1)
    hear_all(three)
    assert [one.shop.scan(TRACE_1).verdict for one in three] == ["sold_here", "sold_at_site", "sold_at_site"]
    # Its clock may be behind.
    second.shop.clock.advance(30 + skew_s)
    come_back(second, sale, TRACE_1)
    hear_all(three)
    shown = [one.shop.scan(TRACE_1) for one in three]
    assert [one.verdict for one in shown] == ["quarantined"] * 3
    assert all(second.name in str(one.hint) for one in (shown[0], shown[2]))
    second.shop.counter.release(TRACE_1, "外观完好")
    hear_all(three)
    for one in three:
        assert one.shop.scan(TRACE_1).verdict == "added"
        one.shop.counter.cancel(UNNAMED)
    third.shop.clock.advance(60)
    again = third.sell(TRACE_1)
    hear_all(three)
    shown = [one.shop.scan(TRACE_1) for one in three]
    assert [one.verdict for one in shown] == ["sold_at_site", "sold_at_site", "sold_here"]
    assert all(again in one.words.zh for one in shown)


# -- terminals of other versions ---------------------------------------------------------------------------------------


class _OldFact(msgspec.Struct, frozen=True, array_like=True):
    code: str
    sale: str
    hlc: int
    is_sold: bool


class _OldAnswer(msgspec.Struct, frozen=True):
    """What terminals before this version read."""

    v: int
    nonce: str
    heard: dict[str, int]
    is_all: bool
    facts: list[_OldFact]


def test_an_older_terminal_reads_what_it_knows_and_nothing_else_is_in_the_way(two: list[Neighbour]) -> None:
    first, _ = two
    sold = first.sell(TRACE_2)
    sell_units(first, TRACE_1, 3)
    put_aside(first, OTHER_TRACE)
    with first.shop.connection.begin():
        tx = first.shop.connection
        asked = (Ask(VERSION, "a" * 32, {}), Ask(VERSION, "b" * 32, {}, apart=""))
        bodies = [encode(_answer(tx, one, "")) for one in asked]
    for body in bodies:
        old = msgspec.json.decode(body, type=_OldAnswer)
        assert [(one.code, one.sale, one.is_sold) for one in old.facts] == [(TRACE_2, sold, True)]
    plain, whole = (msgspec.json.decode(body) for body in bodies)
    assert (plain["apart"], plain["held"], len(whole["held"])) == (None, [], 1)
    older = {name: plain[name] for name in ("v", "nonce", "heard", "is_all", "facts")}
    assert decode(msgspec.json.encode(older), Answer).units == []
