"""Packs that came back at one terminal of a site lie apart in the whole of it, until they are released there."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from edge.counter.errors import NotApartError
from edge.site import messages
from edge.site.exchange import MOST_ANSWER
from edge.site.sharing import keep_to_list
from edge.store.site_apart import MOST_APART, MOST_BACK, OwnApart, all_apart_at_site
from edge.store.site_held import MOST_HELD
from rules.scan_facts import Verdict
from tests.edge.scene import TRACE_1, TRACE_2
from tests.edge.site.neighbours import Neighbour, new_key
from wire.envelope import seal


def hearing(who: Neighbour, whom: Neighbour, *deeds: Callable[[], object]) -> None:
    """Let one hear the other, then again after each deed."""

    async def scene() -> None:
        async with whom.listening():
            await who.asker(whom.name).listen()
            for deed in deeds:
                deed()
                await who.asker(whom.name).listen()
                assert who.asker(whom.name).status().problem is None

    asyncio.run(scene())


def forget(one: Neighbour) -> None:
    with one.shop.connection.begin():
        one.shop.connection.exec_driver_sql("DELETE FROM site_apart")


def known(one: Neighbour) -> list[tuple[str, str, str]]:
    with one.shop.connection.begin():
        return [(pack.code, pack.terminal, pack.sale) for pack in all_apart_at_site(one.shop.connection)]


def apart(one: Neighbour, *codes: str) -> str:
    """Sell packs, and take them back."""
    sale = one.sell(*codes)
    one.shop.clock.advance(5)
    one.take_back(sale, *codes)
    return sale


def test_what_came_back_is_sold_at_no_other_terminal_until_it_is_released(two: list[Neighbour]) -> None:
    first, second = two
    sale = apart(first, TRACE_1)

    def released() -> None:
        assert known(second) == [(TRACE_1, first.name, sale)]
        shown = second.shop.scan(TRACE_1)
        assert shown.verdict is Verdict.QUARANTINED
        assert shown.hint is not None
        assert first.name in shown.hint.en
        with pytest.raises(NotApartError) as caught:
            second.shop.counter.release(TRACE_1, "外观完好")
        assert first.name in caught.value.words.zh
        first.shop.counter.release(TRACE_1, "外观完好")

    hearing(second, first, released)
    assert known(second) == []
    second.shop.clock.advance(10)
    assert second.shop.scan(TRACE_1).verdict is Verdict.ADDED


def test_the_list_is_told_when_it_has_changed_and_to_whoever_starts_anew(two: list[Neighbour]) -> None:
    first, second = two
    apart(first, TRACE_1)

    def more() -> None:
        assert known(second) == [], "what was told is not told again"
        apart(first, TRACE_2)

    def start_anew() -> None:
        assert {code for code, _, _ in known(second)} == {TRACE_1, TRACE_2}
        forget(second)
        second.asker(first.name)._apart_as = ""

    hearing(second, first, lambda: forget(second), more, start_anew)
    assert {code for code, _, _ in known(second)} == {TRACE_1, TRACE_2}


@pytest.mark.parametrize("is_listed", [True, False])
def test_nothing_lies_apart_at_a_terminal_that_left_the_site(two: list[Neighbour], *, is_listed: bool) -> None:
    first, second = two
    apart(first, TRACE_1)
    hearing(second, first)

    async def sleep(_: float) -> None:
        raise asyncio.CancelledError

    listed = [first.name] if is_listed else ["counter-9"]
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(keep_to_list(second.shop.connection, second.in_store, sleep, listed))
    assert len(known(second)) == is_listed


def test_as_many_packs_as_are_told_fit_an_answer(two: list[Neighbour]) -> None:
    order, since = random.Random(1), two[0].shop.clock.now()
    sale = "counter-1-20261121-12345"
    packs = [
        OwnApart(f"8{order.randrange(10**19):019d}", sale, since + timedelta(microseconds=order.randrange(10**12)))
        for _ in range(MOST_APART)
    ]
    facts = [messages.SaidFact(pack.code, sale, 2**50, True) for pack in packs[: messages.FACTS_PER_ANSWER]]
    apart, state = messages.said_apart(packs), "-".join(["9" * 16] * 5)
    answer = messages.Answer(
        1, "n" * 32, {"e": 1}, True, facts, apart=apart, apart_as=state, back=apart[:MOST_BACK], held=apart[:MOST_HELD]
    )
    body = messages.encode(answer)
    assert len(seal(body, "purpose", new_key())) < MOST_ANSWER
    assert messages.decode(body, messages.Answer).packs_apart() == packs
