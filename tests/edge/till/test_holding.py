"""Lists that lie aside: kept with their packs over everything, and taken up again."""

from __future__ import annotations

import pytest

from edge.clock import SHOP_TIME, to_us
from edge.counter.counter import UNNAMED, Request
from edge.counter.errors import (
    ListEmptyError,
    ListNotEmptyError,
    ListNotOpenError,
    PackElsewhereError,
    SettlingError,
)
from edge.counter.gone import PackGoneError
from edge.store.site_sales import PackFact, hear
from edge.till.errors import NotAsideError, OfflineError, TicketUnknownError
from rules.scan_judgement import Mode
from rules.settling import Standing
from tests.edge.till.stand import REQUEST, Stand, pack


def held(stand: Stand, *codes: str, note: str = "线路中断") -> str:
    sale = stand.scan(*codes)
    stand.work(stand.till.hold(UNNAMED, sale, note))
    return sale


def test_list_is_put_aside_without_a_line_and_gives_the_slip(stand: Stand) -> None:
    stand.wire.up = False
    sale = stand.scan(pack(1, 1), pack(2, 1))
    slip = stand.work(stand.till.hold(Request("h1", sale), sale, "线路中断"))
    assert (slip.place, slip.note, slip.totals.boxes, slip.paid_by) == ("held", "线路中断", 2, None)
    assert [line.codes for line in slip.lines] == [(pack(1, 1),), (pack(2, 1),)]
    assert slip.notice.zh.startswith("未结算")
    assert slip.notice.en.startswith("not settled")
    assert stand.work(stand.till.hold(Request("h1", sale), sale, "线路中断")) == slip
    assert [one.sale for one in stand.work(stand.till.show_aside()).tickets] == [sale]
    assert stand.scan(pack(1, 2)) != sale


def test_pack_of_a_list_that_lies_aside_is_said_to_lie_there(stand: Stand) -> None:
    sale = held(stand, pack(1, 1))
    current = stand.scan(pack(1, 2))
    shown = stand.shop.scan(pack(1, 1))
    assert (shown.verdict, shown.tone, shown.sale, shown.line) == ("already_in_sale", "alarm", current, None)
    assert sale in shown.words.zh
    assert stand.show(current).totals.boxes == 1
    stand.shop.counter.cancel(UNNAMED, sale)
    assert stand.shop.scan(pack(1, 1)).verdict == "added", "its packs are free again"


def test_pack_that_was_taken_off_and_sold_since_is_not_put_back(stand: Stand) -> None:
    first = stand.scan(pack(1, 1), pack(1, 2))
    stand.shop.counter.remove(pack(1, 2))
    stand.work(stand.till.hold(UNNAMED, first, ""))
    second = held(stand, pack(1, 2))
    stand.work(stand.till.take_up(UNNAMED, first, holds_open=False))
    with pytest.raises(PackElsewhereError, match=second):
        stand.shop.counter.put_back(pack(1, 2))
    stand.work(stand.till.take_up(UNNAMED, second, holds_open=True))
    stand.shop.counter.close_sale(UNNAMED)
    stand.work(stand.till.take_up(UNNAMED, first, holds_open=False))
    with pytest.raises(PackElsewhereError, match=second):
        stand.shop.counter.put_back(pack(1, 2))


def test_list_is_taken_up_where_the_counter_is_free_and_settled_when_the_line_is_back(stand: Stand) -> None:
    stand.wire.up = False
    sale = stand.tried_offline(pack(1, 1))
    stand.work(stand.till.hold(UNNAMED, sale, ""))
    stand.wire.up = True
    following = stand.scan(pack(1, 5))
    with pytest.raises(ListNotEmptyError):
        stand.work(stand.till.take_up(UNNAMED, sale, holds_open=False))
    assert stand.work(stand.till.take_up(UNNAMED, sale, holds_open=True)).place == "open"
    assert stand.show(following).place == "held"
    assert stand.tried_again(sale).standing is Standing.SETTLED
    assert stand.work(stand.till.take_up(UNNAMED, following, holds_open=False)).place == "open"


def test_what_lies_aside_outlives_a_restart_a_shift_and_a_change_of_mode(stand: Stand) -> None:
    sale = held(stand, pack(1, 1))
    stand.shop.counter.set_mode(Mode.RECEIVE)
    stand.shop.operators.sign_out(f"token-{stand.starts}")
    stand.clock.advance(86_400)
    stand.reopen()
    assert stand.work(stand.till.take_up(UNNAMED, sale, holds_open=False)).place == "open"
    assert stand.shop.counter.show().mode is Mode.DISPENSE
    assert stand.shop.counter.close_sale(UNNAMED).sale == sale


def test_many_lie_aside_and_the_next_list_opens_behind_each(stand: Stand) -> None:
    sales = [held(stand, pack(1, number)) for number in range(1, 5)]
    current = stand.scan(pack(2, 1))
    stand.shop.counter.set_paying(current, is_paying=True)
    following = stand.scan(pack(2, 2))
    assert stand.show(following).place == "waiting"
    stand.work(stand.till.hold(UNNAMED, current, ""))
    assert stand.show(following).place == "open"
    assert [one.sale for one in stand.work(stand.till.show_aside()).tickets] == [*sales, current]


def test_list_whose_outcome_is_unknown_is_not_taken_up(stand: Stand) -> None:
    sale = stand.tried()
    stand.wire.loses = [REQUEST]
    stand.settle(sale)
    with pytest.raises(SettlingError):
        stand.work(stand.till.take_up(UNNAMED, sale, holds_open=False))
    assert stand.show(sale).works["take_up"] is False


def test_what_cannot_be_put_aside_or_taken_up_says_why(stand: Stand) -> None:
    with pytest.raises(ListNotOpenError):
        stand.work(stand.till.hold(UNNAMED, "nothing", ""))
    with pytest.raises(TicketUnknownError):
        stand.work(stand.till.take_up(UNNAMED, "nothing", holds_open=False))
    sale = stand.scan(pack(1, 1))
    stand.shop.counter.remove(pack(1, 1))
    with pytest.raises(ListEmptyError):
        stand.work(stand.till.hold(UNNAMED, sale, ""))
    stand.shop.scan(pack(1, 2))
    stand.shop.counter.close_sale(UNNAMED)
    with pytest.raises(NotAsideError):
        stand.work(stand.till.take_up(UNNAMED, sale, holds_open=False))


def test_without_a_line_nothing_is_settled_and_the_next_steps_are_named(stand: Stand) -> None:
    sale = stand.tried()
    stand.wire.up = False
    with pytest.raises(OfflineError) as refusal:
        stand.settle(sale)
    assert "挂单" in refusal.value.next_step.zh
    assert stand.rows(sale) == ()
    assert stand.shop.counter.close_sale(UNNAMED).sale == sale, "self-pay goes on"


def test_pack_that_was_sold_elsewhere_while_its_list_lay_aside_is_named_and_not_paid_until_it_is_taken_off(
    stand: Stand,
) -> None:
    gone, stays = pack(1, 1), pack(2, 1)
    sale = held(stand, gone, stays)
    told = PackFact(gone, "counter-2-20261123-9", to_us(stand.clock.now()), is_sold=True)
    with stand.connection.begin():
        hear(stand.connection, "counter-2", [told])
    taken_up = stand.work(stand.till.take_up(UNNAMED, sale, holds_open=False))
    assert [(lack.code, lack.line) for lack in taken_up.lacks] == [("counter.pack_gone", 1)]
    assert all(word in str(taken_up.lacks[0].words) for word in (gone, "counter-2", told.sale))
    with pytest.raises(PackGoneError, match=told.sale):
        stand.shop.counter.close_sale(UNNAMED)
    stand.shop.counter.remove(gone)
    assert stand.show(sale).lacks == ()
    assert stand.tried_again(sale).standing is Standing.SETTLED


def test_pack_that_expired_while_its_list_lay_aside_is_named_and_not_paid_until_it_is_taken_off(stand: Stand) -> None:
    until = stand.clock.now().astimezone(SHOP_TIME)
    sale = stand.scan(f"010690000000008317{until:%y%m%d}21SN1", pack(1, 1))
    dated = "(01)06900000000083(21)SN1"
    stand.work(stand.till.hold(UNNAMED, sale, ""))
    assert "counter.pack_gone" not in [lack.code for lack in stand.show(sale).lacks]
    stand.clock.advance(86_400)
    (lack,) = (one for one in stand.work(stand.till.take_up(UNNAMED, sale, holds_open=False)).lacks)
    assert (lack.code, lack.line) == ("counter.pack_gone", 1)
    assert all(word in str(lack.words) for word in (dated, f"{until:%Y-%m-%d}"))
    with pytest.raises(PackGoneError, match="expired"):
        stand.shop.counter.close_sale(UNNAMED)
    stand.shop.counter.remove(dated)
    assert stand.show(sale).lacks == ()
    assert stand.shop.counter.close_sale(UNNAMED).sale == sale
