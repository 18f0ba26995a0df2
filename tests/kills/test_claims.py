"""That nothing a death leaves is overlooked: each claim is tried on books that were spoilt on purpose."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.kills.books import AtCentre, Books
from tests.kills.claims import about_money, cash_moved
from tests.kills.commits import Where
from tests.kills.deeds import Deed, PosCancel, PosSettle, Settle
from tests.kills.gate import At
from tests.kills.rounds import groups_of
from tests.kills.steps import AtMessage, Fate, InCommit, Undisturbed, steps_of

D = Decimal
ACTIVE = AtCentre("S-1", "active", D("50.40"), D("10.00"), D("30.40"), D("10.00"), D(0), D("-30.40"))
HERE = ("settled", "S-1", "50.40", "10.00", "30.40", "10.00")
RIGHT = Books((ACTIVE,), (HERE,))
UNDONE = (
    replace(ACTIVE, state="cancelled"),
    replace(ACTIVE, setl_id="S-2", state="cancelling", fee=D("-50.40"), cash=D("-10.00"), moved=D("30.40")),
)


def deed(kind: type[Deed]) -> Deed:
    made = kind.__new__(kind)
    made.sale = "counter-1-1"
    return made


@pytest.mark.parametrize(
    ("books", "what"),
    [
        (RIGHT, []),
        (
            replace(RIGHT, centre=(*UNDONE, replace(ACTIVE, setl_id="S-3", state="reversed", moved=D(0)), ACTIVE)),
            ["set"],
        ),
        (replace(RIGHT, centre=(ACTIVE, replace(ACTIVE, setl_id="S-4"))), ["settlements", "the accounts"]),
        (Books((), ()), ["settlements"]),
        (replace(RIGHT, centre=()), ["settlements", "at the counter"]),
        (replace(RIGHT, standing=()), ["at the counter"]),
        (replace(RIGHT, standing=(("unknown", *HERE[1:]),)), ["at the counter"]),
        (replace(RIGHT, standing=((*HERE[:5], "10.01"),)), ["at the counter"]),
        (replace(RIGHT, centre=(replace(ACTIVE, fee=D("33.60")),)), ["the centre settled", "at the counter"]),
        (replace(RIGHT, centre=(replace(ACTIVE, moved=D("-60.80")),)), ["the accounts"]),
    ],
)
def test_a_settlement_too_many_too_few_or_otherwise_is_named(books: Books, what: list[str]) -> None:
    found = list(about_money(deed(Settle), books))
    assert len(found) == len(what)
    assert all(one.startswith(start) for one, start in zip(found, what, strict=True)), found


def test_what_is_cancelled_leaves_nothing() -> None:
    assert list(about_money(deed(PosCancel), Books(UNDONE, ()))) == []
    assert list(about_money(deed(PosCancel), Books(UNDONE, (HERE,)))) != []


def test_only_what_the_till_settles_goes_through_its_drawer() -> None:
    assert cash_moved(deed(Settle), RIGHT) == D("10.00")
    assert cash_moved(deed(PosSettle), RIGHT) == 0


def test_what_moves_money_dies_on_each_side_and_what_only_asks_once() -> None:
    steps = list(steps_of(Undisturbed(("5203", "2103", "2102", "2102", "3505"), 2)))
    assert steps[0] == AtMessage("5203", 1, At.LOST, Fate.TERMINAL)
    assert sum(isinstance(one, AtMessage) and one.infno == "2103" for one in steps) == 11
    assert AtMessage("2102", 2, At.LEAVING, Fate.LINE) in steps
    assert [one for one in steps if isinstance(one, InCommit)] == [
        InCommit(1, Where.TORN), InCommit(1, Where.WRITTEN), InCommit(2, Where.TORN), InCommit(2, Where.WRITTEN)
    ]  # fmt: skip


def test_who_kills_the_centre_is_played_alone() -> None:
    steps = list(steps_of(Undisturbed(("2102",), 3)))
    groups = list(groups_of([(Settle, one) for one in steps]))
    assert sorted(str(one) for group in groups for _, one in group) == sorted(map(str, steps))
    assert all(len(group) == 1 for group in groups if any(one.touches_centre for _, one in group))
    assert sum(len(group) == 2 for group in groups) >= 6
