"""Where the area checks the person's password: it is asked for before anything is cancelled, and kept by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from drivers.pinpad.port import Pin
from edge.counter.counter import UNNAMED
from edge.counter_devices import DeviceNotConfiguredError
from edge.credentials import Way
from edge.till import aftercare
from edge.till.after_errors import RestRefusedError
from edge.till.aftercare import Aftercare, Verbs
from edge.till.insuring import Insured, NotInsurableError
from edge.till.parts import Devices
from edge.till.passwords import pad_troubles
from edge.till.plans import Choice
from edge.till.selling import Wishes
from server.store.standings import Standing as Allowed
from tests.edge.till.aisle import WANG, A, Aisle, B, C, new_centre, opened, person
from tests.edge.till.stand import LI_TYPED, Stand, pack
from tests.server.conftest import NewStore
from wire.fsi.areas import Area, shipped_area

_T = TypeVar("_T")
WANTED = frozenset({"2102", "2207", "2304"})


@dataclass
class Pad:
    """A PIN pad at which somebody types."""

    device: str = "pinpad"
    asked: int = 0

    async def ask(self, *, again: bool = False) -> Pin:
        del again
        self.asked += 1
        return Pin("135790")


@dataclass
class Line:
    area: Area

    def is_up(self) -> bool:
        return True


@dataclass
class Counter:
    aisle: Aisle
    pad: Pad | None
    sent: list[tuple[str, str | None]] = field(default_factory=list)
    """Messages that change something, with the password that went along."""

    def __post_init__(self) -> None:
        aisle = self.aisle
        verbs = Verbs(
            aisle.steps, aisle.undoing, aisle.finding, aisle.insuring, aisle.retelling, aisle.ledger, aisle.uploader
        )  # fmt: skip

        async def in_store(work: Callable[[], _T]) -> _T:
            return work()

        self.care = Aftercare(
            Line(aisle.centre.office.area), verbs, in_store=in_store, connection=aisle.shop.connection,  # type: ignore[arg-type]
            clock=aisle.shop.clock, return_days=10, devices=Devices(pinpad=self.pad),
        )  # fmt: skip
        ask = aisle.journal.ask

        def heard(sender: Any, infno: str, *args: Any, **said: Any) -> Any:
            self.sent.append((infno, said.get("password")))
            return ask(sender, infno, *args, **said)

        aisle.journal.ask = heard  # type: ignore[method-assign]

    def do(self, asked: Awaitable[_T]) -> _T:
        async def wait() -> _T:
            return await asked

        return asyncio.run(wait())


@pytest.fixture
def aisle(standing_store: NewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aisle]:
    async def aside(work: Callable[[], _T]) -> _T:
        return work()

    # One thread owns the store here.
    monkeypatch.setattr(aftercare, "aside", aside)
    centre = new_centre(standing_store("sqlite"))
    centre.office.area = replace(centre.office.area, checks_password=WANTED)
    with opened(centre, tmp_path / "till") as aisle:
        yield aisle


def test_without_a_pad_nothing_is_cancelled_and_nothing_settled(aisle: Aisle) -> None:
    sale, cash = aisle.settle(A, B), aisle.sell(C)
    counter = Counter(aisle, None)
    with pytest.raises(DeviceNotConfiguredError):
        counter.do(counter.care.return_packs(UNNAMED, sale, [B], "不合适"))
    with pytest.raises(DeviceNotConfiguredError):
        counter.do(counter.care.turn_insured(UNNAMED, cash, Insured(person())))
    with pytest.raises(DeviceNotConfiguredError):
        counter.do(counter.care.try_insured(cash, Insured(person())))
    assert counter.sent == []
    assert len(aisle.standing(sale)) == 1
    # Where nothing is settled anew nobody has to type anything.
    assert counter.do(counter.care.return_packs(UNNAMED, sale, [A, B], "不合适")).outcome == "done"


@pytest.mark.parametrize(("wanted", "lacks"), [(WANTED, ["device.none"]), (frozenset(), [])], ids=["wanted", "not"])
def test_without_a_pad_the_trial_of_a_sale_says_so(stand: Stand, wanted: frozenset[str], lacks: list[str]) -> None:
    stand.interface.area = replace(stand.area, checks_password=wanted)
    sale = stand.scan(pack(1, 1))
    stand.work(stand.till.identify(sale, Way.ID, LI_TYPED))
    trial = stand.work(stand.till.trial(sale, Wishes()))
    assert [one.code for one in trial.lacks] == lacks
    assert (trial.amounts is None) is bool(lacks)


@pytest.mark.parametrize(
    ("wanted", "has_pad", "told"), [(WANTED, False, 1), (WANTED, True, 0), (frozenset(), False, 0)]
)
def test_a_terminal_that_lacks_a_pad_says_so_from_the_start(wanted: frozenset[str], has_pad: bool, told: int) -> None:
    area = replace(shipped_area("neimenggu"), checks_password=wanted)
    troubles = list(pad_troubles(area, has_pad=has_pad))
    assert [(one.code, one.is_alarm, bool(one.next_step.zh)) for one in troubles] == [
        ("device.none", True, True)
    ] * told


def test_the_person_types_it_before_the_settlement_is_cancelled(aisle: Aisle) -> None:
    sale, pad = aisle.settle(A, B), Pad()
    counter = Counter(aisle, pad)
    assert counter.do(counter.care.return_packs(UNNAMED, sale, [B], "不合适")).outcome == "done"
    assert counter.sent == [("2103", None), ("2102", "135790")]
    assert pad.asked == 1


def test_a_cash_sale_is_turned_insured_with_it_and_nobody_types_it_for_what_is_refused(aisle: Aisle) -> None:
    sale, pad = aisle.sell(A), Pad()
    counter = Counter(aisle, pad)
    aisle.centre.office.stand(Allowed.SUSPENDED, until=aisle.shop.clock.now().replace(minute=59))
    with pytest.raises(NotInsurableError):
        counter.do(counter.care.turn_insured(UNNAMED, sale, Insured(person())))
    assert pad.asked == 0
    aisle.wait(hours=2)
    assert counter.do(counter.care.turn_insured(UNNAMED, sale, Insured(person()))).outcome == "done"
    assert counter.sent == [("2102", "135790")]


def test_what_was_typed_before_an_interruption_is_asked_for_again(aisle: Aisle) -> None:
    sale, pad = aisle.settle(A, B), Pad()
    counter = Counter(aisle, pad)
    aisle.way.fail("2103", "lost answer")
    begun = counter.do(counter.care.return_packs(UNNAMED, sale, [B], "不合适"))
    assert begun.ended_at is None
    aisle.recover()
    stopped = counter.do(counter.care.show(begun.id))
    assert (stopped.step, "again" in stopped.choices) == ("choice", True)
    assert ("2102", None) not in counter.sent
    assert counter.do(counter.care.go_on(begun.id, Choice.AGAIN)).outcome == "done"
    assert pad.asked == 2


def test_what_cancels_nothing_ends_where_nobody_typed_it(aisle: Aisle) -> None:
    sale = aisle.settle(A)
    with aisle.centre.office.store.writing() as tx:
        tx.exec_driver_sql("UPDATE settlement SET institution = 'H00000000000', sale_key = 'lost-' || setl_id")
    one = aisle.undertaking(aisle.retelling.tell_again(sale, WANG))
    assert (one.step, one.outcome) == ("ended", "not_sent")
    assert len(aisle.standing(sale)) == 1


def test_what_would_be_refused_asks_nobody(aisle: Aisle) -> None:
    sale = aisle.settle(A, B)
    pad = Pad()
    counter = Counter(aisle, pad)
    aisle.centre.office.stand(Allowed.SUSPENDED)
    with pytest.raises(RestRefusedError):
        counter.do(counter.care.return_packs(UNNAMED, sale, [B], "不合适"))
    assert (counter.sent, pad.asked) == ([], 0)
