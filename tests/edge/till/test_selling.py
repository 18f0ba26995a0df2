"""The insured sale: from the scan to what the centre settled, once, whatever is lost on the way."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from edge.clock import to_us
from edge.counter.counter import UNNAMED
from edge.counter.errors import SettlingError
from edge.store.site_sales import PackFact, hear
from edge.till.errors import NotReadyError
from edge.till.selling import Wishes
from edge.till.views import TicketShown
from rules.settling import Standing
from tests.edge.till.stand import ANSWER, NOT_SENT, REQUEST, Stand, pack
from wire.events import Dispensed, SplitDispensed


def dispensed(stand: Stand) -> list[tuple[str, int, str]]:
    return [(fact.sale, len(fact.packs), fact.paid_by) for fact in stand.shop.facts() if isinstance(fact, Dispensed)]


def test_sale_is_settled_and_closed_with_its_facts(stand: Stand) -> None:
    sale = stand.tried(pack(1, 1), pack(1, 2), pack(2, 1))
    ticket = stand.settle(sale, key="k1")
    assert (ticket.place, ticket.standing, ticket.paid_by) == ("closed", Standing.SETTLED, "insured")
    assert ticket.paid is not None
    amounts = ticket.paid.amounts
    assert amounts.fee == Decimal("209.81") == amounts.funds + amounts.account + amounts.mutual_aid + amounts.cash
    assert dispensed(stand) == [(sale, 2, "insured"), (sale, 1, "insured")]
    assert stand.at_centre() == ["active"]
    assert stand.settle(sale) == stand.settle(sale, key="k1") == ticket, "a second click is told the same"
    assert stand.at_centre() == ["active"]
    assert stand.live("ticket")[-1]["paid_by"] == "insured"


@pytest.mark.parametrize("lost", [REQUEST, ANSWER])
def test_unknown_outcome_lies_aside_and_closes_when_it_is_known(stand: Stand, lost: str) -> None:
    sale = stand.tried()
    stand.wire.loses = [lost]
    ticket = stand.settle(sale)
    assert (ticket.place, ticket.standing) == ("held", Standing.UNKNOWN)
    following = stand.scan(pack(1, 7))
    assert following != sale, "the next customer is served meanwhile"
    with pytest.raises(SettlingError):
        stand.shop.counter.cancel(UNNAMED, sale)
    assert stand.settle(sale).standing is Standing.UNKNOWN, "it is not asked for again"
    assert stand.resolver.look() == 0
    assert stand.show(sale).paid_by == "insured"
    assert dispensed(stand) == [(sale, 1, "insured"), (sale, 1, "insured")]
    assert stand.show(following).place == "open"
    assert stand.at_centre() == ["active"]
    assert stand.live("ticket")[-1]["standing"] == "settled"


def test_what_never_left_is_open_again_with_the_reason(stand: Stand) -> None:
    sale = stand.tried()
    stand.wire.loses = [NOT_SENT]
    ticket = stand.settle(sale)
    assert (ticket.place, ticket.standing) == ("open", Standing.NONE)
    assert "未发出" in ticket.told
    assert stand.settle(sale).standing is Standing.SETTLED
    assert [row.standing for row in stand.rows(sale)] == [Standing.NONE, Standing.SETTLED]


def test_pack_that_was_sold_elsewhere_since_the_trial_is_not_settled(stand: Stand) -> None:
    gone, stays = pack(1, 1), pack(2, 1)
    sale = stand.tried(gone, stays)
    sold = PackFact(gone, "counter-2-20261123-9", to_us(stand.clock.now()), is_sold=True)
    with stand.connection.begin():
        hear(stand.connection, "counter-2", [sold])
    with pytest.raises(NotReadyError) as caught:
        stand.settle(sale)
    assert all(word in str(caught.value.words) for word in (gone, "counter-2", sold.sale))
    trial = stand.work(stand.till.trial(sale, Wishes()))
    assert [(lack.code, lack.line) for lack in trial.lacks] == [("counter.pack_gone", 1)]
    assert stand.at_centre() == []
    stand.shop.counter.remove(gone)
    assert stand.tried_again(sale).standing is Standing.SETTLED


def test_list_cannot_change_while_it_is_asked_for_and_scans_go_on_to_the_next(stand: Stand) -> None:
    sale = stand.tried(pack(1, 1), pack(1, 2))
    seen: list[object] = []

    def meanwhile() -> None:
        stand.wire.before = lambda: None
        for attempt in (
            lambda: stand.shop.counter.remove(pack(1, 2)),
            lambda: stand.shop.counter.close_sale(UNNAMED),
            lambda: stand.shop.counter.cancel(UNNAMED, sale),
        ):
            with pytest.raises(SettlingError):
                attempt()
        seen.append(stand.shop.scan(pack(1, 3)).is_next)
        seen.append(stand.shop.scan(pack(1, 1)).verdict)

    stand.wire.before = meanwhile
    assert stand.settle(sale).standing is Standing.SETTLED
    assert seen == [True, "already_in_sale"]
    assert dispensed(stand) == [(sale, 2, "insured")]
    assert stand.shop.counter.show().totals.boxes == 1, "the next list is open with what was scanned"


class DeathError(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("dies", ["before", "after"])
def test_terminal_that_died_in_between_finds_out_and_settles_once(stand: Stand, dies: str) -> None:
    sale = stand.tried()

    def die() -> None:
        raise DeathError

    setattr(stand.wire, dies, die)
    with pytest.raises(DeathError):
        stand.settle(sale)
    setattr(stand.wire, dies, lambda: None)
    stand.reopen()
    assert stand.rows(sale)[-1].standing is Standing.ASKED
    assert stand.shop.scan(pack(1, 7)).is_next, "nothing of it changes meanwhile"
    assert stand.resolver.look() == 0
    assert stand.show(sale).paid_by == "insured"
    assert stand.at_centre() == ["active"]
    assert dispensed(stand) == [(sale, 1, "insured"), (sale, 1, "insured")]
    assert stand.shop.counter.show().totals.boxes == 1


def test_units_of_an_opened_pack_are_settled_as_units(stand: Stand) -> None:
    stand.scan(pack(1, 1))
    stand.shop.counter.sell_in_part(pack(1, 1), 6)
    sale = stand.shop.counter.show().id or ""
    assert stand.tried_again(sale).standing is Standing.SETTLED
    (fact,) = (fact for fact in stand.shop.facts() if isinstance(fact, SplitDispensed))
    assert (fact.paid_by, fact.price, fact.packs[0].units) == ("insured", Decimal("4.1667"), 6)
    (row,) = stand.rows(sale)
    assert row.fee == Decimal("25.00")


def test_two_clicks_at_once_are_one_settlement(stand: Stand) -> None:
    sale = stand.tried()

    async def twice() -> list[TicketShown]:
        return list(await asyncio.gather(*(stand.till.settle(UNNAMED, sale) for _ in range(2))))

    first, second = stand.work(twice())
    assert first == second
    assert first.standing is Standing.SETTLED
    assert stand.at_centre() == ["active"]
    assert len(stand.rows(sale)) == 1
