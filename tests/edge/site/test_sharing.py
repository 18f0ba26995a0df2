"""Terminals of one site know what the others sold, without any centre or broker."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Connection

from codes.words import Words
from edge.clock import SHOP_TIME
from edge.site import answering, asking, messages
from edge.site.asking import CATCH_UP_S, MISSING_S, MOST_WAIT_S, NOTE_AGAIN, PULSE_S
from edge.site.errors import BadAnswerError
from edge.site.exchange import MOST_ANSWER
from edge.store import settlements, sql
from edge.store.errors import DiskFullError
from edge.store.site_sales import find_peer
from edge.store.undertakings import Kind, Undertaking, end_undertaking, put_undertaking
from rules.day_sheet import Group, Sums, sheet_of
from tests.edge.scene import OTHER_TRACE, TRACE_1, TRACE_2
from tests.edge.site.neighbours import Neighbour, new_key, opened_neighbours, write_list
from tests.web.certificates import written_pair
from wire.envelope import seal


@pytest.mark.req("T-71")
def test_terminal_in_a_later_life_of_its_store_is_heard_with_its_new_sale_numbers(two: list[Neighbour]) -> None:
    first, second = two
    with first.shop.connection.begin():
        first.shop.outbox.begin_epoch(first.shop.connection, "copied", first.shop.clock.now())
    sale = first.sell(TRACE_1)

    async def scene() -> None:
        async with first.listening():
            await second.asker(first.name).listen()

    asyncio.run(scene())
    known = second.knows(TRACE_1)
    assert known is not None
    assert (known.terminal, known.sale) == (first.name, sale)


@pytest.mark.req("T-23")
def test_pack_sold_at_one_terminal_is_known_at_the_others_until_it_comes_back(three: list[Neighbour]) -> None:
    first, second, third = three
    sale = first.sell(TRACE_1, TRACE_2)

    async def scene() -> None:
        async with first.listening(), second.listening(), third.listening():
            for other in (second, third):
                assert await other.asker(first.name).listen() == PULSE_S
                known = other.knows(TRACE_1)
                assert known is not None
                assert (known.terminal, known.sale) == (first.name, sale)
                assert other.asker(first.name).status().is_heard
            await first.asker(second.name).listen()
            assert first.table() == [], "what one hears is not passed on"
            first.shop.clock.advance(1)
            first.take_back(sale, TRACE_1)
            await second.asker(first.name).listen()
            assert (second.knows(TRACE_1), second.knows(TRACE_2) is None) == (None, False)

    asyncio.run(scene())


def test_what_is_heard_never_becomes_a_fact_of_ours(two: list[Neighbour]) -> None:
    first, second = two
    first.sell(TRACE_1)
    before = second.shop.facts()

    async def scene() -> None:
        async with first.listening():
            await second.asker(first.name).listen()

    asyncio.run(scene())
    assert second.knows(TRACE_1) is not None
    assert second.shop.facts() == before


def test_pack_that_went_round_the_site_is_where_it_was_sold_last(three: list[Neighbour]) -> None:
    first, second, third = three
    sale = first.sell(TRACE_1)
    first.shop.clock.advance(10)
    first.take_back(sale, TRACE_1)
    second.shop.clock.advance(20)
    second.sell(TRACE_1)

    async def scene() -> None:
        async with first.listening(), second.listening():
            await third.asker(second.name).listen()
            await third.asker(first.name).listen()

    asyncio.run(scene())
    known = third.knows(TRACE_1)
    assert known is not None
    assert known.terminal == second.name, "the return is older, though it was heard later"


def test_after_a_week_away_everything_is_heard_in_parts(two: list[Neighbour], monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = two
    monkeypatch.setattr("edge.site.answering.ROWS_PER_ANSWER", 2)
    for code in (TRACE_1, TRACE_2, OTHER_TRACE):
        first.sell(code)
        first.shop.clock.advance(86_400)

    async def scene() -> list[float]:
        waits: list[float] = []
        async with first.listening():
            while not waits or waits[-1] != PULSE_S:
                waits.append(await second.asker(first.name).listen())
                assert second.asker(first.name).status().is_heard == (waits[-1] == PULSE_S)
        return waits

    waits = asyncio.run(scene())
    assert waits[:-1] == [CATCH_UP_S] * (len(waits) - 1)
    assert len(waits) > 2
    assert len(second.table()) == 3


def test_killed_while_it_writes_a_terminal_hears_the_rest_afterwards(
    two: list[Neighbour], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    monkeypatch.setattr(asking, "PIECE", 1)
    first.sell(TRACE_1, TRACE_2, OTHER_TRACE)
    written = 0

    async def in_store(work: Callable[[], object]) -> object:
        nonlocal written
        if written == 2:
            raise DiskFullError(Words("已断电", "the power is gone"))
        written += 1
        return work()

    monkeypatch.setattr(second, "in_store", in_store)
    second.join(tmp_path / "site.toml")

    async def scene() -> None:
        async with first.listening():
            with pytest.raises(DiskFullError):
                await second.asker(first.name).listen()
            assert len(second.table()) == 2
            monkeypatch.undo()
            second.join(tmp_path / "site.toml")
            await second.asker(first.name).listen()
            assert len(second.table()) == 3

    asyncio.run(scene())


def test_a_restarted_terminal_goes_on_where_it_stood(two: list[Neighbour], tmp_path: Path) -> None:
    first, second = two
    first.sell(TRACE_1)
    asked: list[dict[str, int]] = []

    async def scene() -> None:
        async with first.listening():
            await second.asker(first.name).listen()
            with second.shop.connection.begin():
                sql.change(second.shop.connection, "DELETE FROM sold_at_site")
            second.join(tmp_path / "site.toml")
            asker = second.asker(first.name)

            async def once(_wait_s: float) -> None:
                asked.append(dict(asker._heard))
                raise asyncio.CancelledError

            object.__setattr__(asker.hearing, "sleep", once)
            with pytest.raises(asyncio.CancelledError):
                await asker.run()

    asyncio.run(scene())
    assert asked == [{"epoch-of-counter-1": len(first.shop.events())}]
    assert second.table() == [], "what was heard before is not sent again"


def test_silence_is_said_once_and_asked_about_ever_more_rarely(
    two: list[Neighbour], logged: list[dict[str, object]]
) -> None:
    first, second = two
    asker, clock = second.asker(first.name), second.shop.clock

    async def scene() -> None:
        waits = [await asker.listen() for _ in range(6)]
        assert waits == [2.0, 4.0, 8.0, MOST_WAIT_S, MOST_WAIT_S, MOST_WAIT_S]
        status = asker.status()
        assert (status.is_heard, status.heard_at, status.problem) == (False, None, "site.unreachable")
        assert not status.is_missing
        clock.advance(MISSING_S + 1)
        assert asker.status().is_missing
        async with first.listening():
            assert await asker.listen() == PULSE_S
        assert asker.status().problem is None
        assert not asker.status().is_missing

    asyncio.run(scene())
    assert [line["event"] for line in logged if str(line["event"]).startswith("site.")] == [
        "site.not_heard",
        "site.listening",
        "site.heard_again",
    ]


def test_the_store_is_not_written_every_second(two: list[Neighbour]) -> None:
    first, second = two
    clock = second.shop.clock

    def noted() -> object:
        with second.shop.connection.begin():
            return find_peer(second.shop.connection, first.name)

    async def scene() -> None:
        async with first.listening():
            await second.asker(first.name).listen()
            before = noted()
            clock.advance(60)
            first.shop.scan(TRACE_1)
            await second.asker(first.name).listen()
            assert noted() == before, "a scan is no sale"
            clock.advance(NOTE_AGAIN / timedelta(seconds=1))
            await second.asker(first.name).listen()
            assert noted() != before

    asyncio.run(scene())


def test_sites_with_an_authority_of_their_own_speak_tls_only(tmp_path: Path) -> None:
    certificate, key = written_pair(tmp_path, "site")
    tls = {"ca_file": certificate, "certificate_file": certificate, "key_file": key}
    with opened_neighbours(tmp_path, 3) as (first, second, plain):
        listed = write_list(tmp_path / "site.toml", [first, second, plain])
        first.join(listed, **tls)
        second.join(listed, **tls)
        plain.join(listed)
        first.sell(TRACE_1)

        async def scene() -> None:
            async with first.listening():
                await second.asker(first.name).listen()
                await plain.asker(first.name).listen()

        asyncio.run(scene())
        assert second.knows(TRACE_1) is not None
        assert plain.knows(TRACE_1) is None
        assert plain.asker(first.name).status().problem == "site.unreachable"


def test_one_event_of_the_most_packs_fits_an_answer() -> None:
    order = random.Random(1)
    codes = (f"8{order.randrange(10**19):019d}" for _ in range(messages.MOST_FACTS))
    facts = [messages.SaidFact(code, "counter-1-20261121-1", 2**50, True) for code in codes]
    body = messages.encode(messages.Answer(1, "n" * 32, {"e": 1}, True, facts))
    assert len(seal(body, "purpose", new_key())) < MOST_ANSWER
    assert len(messages.decode(body, messages.Answer).pack_facts()) == messages.MOST_FACTS


@pytest.mark.parametrize(
    "fact",
    [
        messages.SaidFact("c", "s", 2**61, True),
        messages.SaidFact("c", "s", -1, True),
        messages.SaidFact("", "s", 1, True),
        messages.SaidFact("c" * 101, "s", 1, True),
        messages.SaidFact("c", "s" * 65, 1, True),
        messages.SaidFact("c", "<b>s</b>", 1, True),
    ],
)
def test_a_fact_beyond_all_bounds_is_not_taken(fact: messages.SaidFact) -> None:
    body = messages.encode(messages.Answer(1, "n" * 32, {}, True, [fact]))
    with pytest.raises(BadAnswerError):
        messages.decode(body, messages.Answer)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", b'{"v":2}', b'{"v":1,"nonce":"short","heard":{}}'])
def test_what_is_no_message_of_this_version_is_refused(body: bytes) -> None:
    with pytest.raises(BadAnswerError):
        messages.decode(body, messages.Ask)


def test_sums_of_a_day_are_told_to_who_asks_and_of_a_silent_one_nothing_is_known(two: list[Neighbour]) -> None:
    first, second = two
    noon = first.shop.clock.now()
    with first.shop.connection.begin():
        put_settled(first.shop.connection, "S1", noon)
    day = noon.astimezone(SHOP_TIME).date()

    async def scene() -> None:
        async with first.listening():
            sheets = await second.sharing.day_sheets(day, day)
            assert sheets == {
                first.name: {
                    Group("310", "41", "350203"): Sums(
                        1, Decimal("100.00"), Decimal("60.00"), Decimal("30.00"), Decimal("10.00")
                    )
                }
            }
            assert await second.sharing.day_sheets(day - timedelta(days=1), day - timedelta(days=1)) == {first.name: {}}
            # Within a time of any day, its end left out.
            assert await second.sharing.sums_between(noon, noon + timedelta(seconds=1)) == sheets
            assert await second.sharing.sums_between(noon - timedelta(hours=9), noon) == {first.name: {}}
        assert await second.sharing.day_sheets(day, day) == {first.name: None}
        assert await second.sharing.sums_between(noon, noon) == {first.name: None}

    asyncio.run(scene())


def test_what_is_not_brought_to_its_end_is_told_to_who_asks_and_never_too_much(
    two: list[Neighbour], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    noon = first.shop.clock.now()
    monkeypatch.setattr(messages, "MOST_OPEN", 3)

    async def scene() -> None:
        async with first.listening():
            assert await second.sharing.open_sales() == {first.name: ()}
            with first.shop.connection.begin():
                for number, standing in enumerate(("settled", "undone", "unknown", "undoing")):
                    put_settled(first.shop.connection, f"S{number}", noon + timedelta(seconds=number))
                    first.shop.connection.exec_driver_sql(
                        f"UPDATE settlement SET standing = '{standing}' WHERE sale = 'S{number}'"  # noqa: S608 - ours
                    )
                for number, ended in (("U1", None), ("U2", noon)):
                    one = Undertaking(
                        number, Kind.RETURN, f"S-{number}", "choice", b"", "li", None, noon, None, None, None, None
                    )
                    put_undertaking(first.shop.connection, one)
                    if ended is not None:
                        end_undertaking(first.shop.connection, number, ended, "done", None)
            assert await second.sharing.open_sales() == {first.name: ("S2", "S3", "S-U1")}
        assert await second.sharing.open_sales() == {first.name: None}

    asyncio.run(scene())


def test_an_older_terminal_that_does_not_tell_what_is_open_is_not_known_to_have_nothing() -> None:
    answer = messages.decode(messages.encode(messages.Answer(1, "0" * 32, {}, True, [])), messages.Answer)
    assert answer.open_sales is None


def test_records_of_a_day_are_told_in_pieces_and_nothing_of_a_person(
    two: list[Neighbour], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    noon = first.shop.clock.now()
    monkeypatch.setattr(messages, "RECORDS_PER_ANSWER", 2)
    monkeypatch.setattr(answering, "RECORDS_PER_ANSWER", 2)
    with first.shop.connection.begin():
        for number in range(5):
            put_settled(first.shop.connection, f"S{number}", noon)
    day = noon.astimezone(SHOP_TIME).date()

    async def scene() -> None:
        async with first.listening():
            book = (await second.sharing.day_books(day, day))[first.name]
            assert book is not None
            assert (len(book.records), {(one.asked, one.mdtrt_id, one.sale) for one in book.records}) == (
                5, {(b"", "", "")},
            )  # fmt: skip
            assert (
                sheet_of((one.group, one.sums) for one in book.records)
                == (await second.sharing.day_sheets(day, day))[first.name]
            )
        assert await second.sharing.day_books(day, day) == {first.name: None}

    asyncio.run(scene())


def put_settled(tx: Connection, sale: str, at: datetime) -> None:
    nth = settlements.put_settlement(
        tx, sale=sale, operator="wang", shift=None, begun_at=at, asked=b"", ask_msgid="m1", insutype="310",
        fee=Decimal("100.00"),
    )  # fmt: skip
    money = (Decimal("60.00"), Decimal("30.00"), Decimal("0.00"), Decimal("10.00"))
    settlements.set_settled(tx, sale, nth, settlements.Paid("setl1", "mdtrt1", "41", "350203", at, *money))
