"""Whose insurance pays: every way of showing it, at the simulated devices and a true centre."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from drivers.card.heasec import HeaSecCardReader, HeaSecSettings
from drivers.card.simulated import START, InsuranceCard, SimulatedCardReader
from drivers.card.simulated import IdCard as ShownIdCard
from drivers.errors import DriverError
from drivers.pinpad.port import Pin
from drivers.vendor.library import VendorLibrary
from drivers.voucher.national import NationalSettings, NationalVoucherTerminal
from drivers.voucher.simulated import Person as Passer
from drivers.voucher.simulated import SimulatedVoucherTerminal
from edge.counter.errors import ListNotOpenError
from edge.counter_devices import DeviceNotConfiguredError
from edge.credentials import Way
from edge.operators.accounts import add_account
from edge.operators.errors import SignInRefusedError
from edge.till.checks import Limits
from edge.till.confirming import Proof
from edge.till.errors import (
    InsuranceUnknownError,
    NotThisPersonError,
    PersonMissingError,
    PersonUnknownError,
    SecondFactorError,
    SecondOperatorError,
    TrialMissingError,
)
from edge.till.identifying import Typed
from edge.till.parts import Devices
from edge.till.selling import Wishes
from edge.till.till import Till
from rules.settling import Standing
from tests.edge.till.stand import CHEN_CARD, CHEN_ID, CHEN_TOKEN, LI_TYPED, Stand, pack
from tests.server.conftest import NewStore

PASSES = Passer(CHEN_ID, "陈安心", "350200", token=CHEN_TOKEN)
LAYS = InsuranceCard(CHEN_ID, "陈安心", "350200", CHEN_CARD, "SN1")
STRANGER = "110105198801010014"
MUCH = Decimal("100.00")
"""Yuan, of the packs that `scan` takes."""


class Twins:
    """The devices beside the till, and who stands before them."""

    def __init__(self, folder: Path) -> None:
        self.voucher, self.card = SimulatedVoucherTerminal(folder / "voucher"), SimulatedCardReader(folder / "card")
        settings = NationalSettings(url="http://127.0.0.1/", institution="P35020000001", reads_itself=True)
        terminal = NationalVoucherTerminal(
            settings, VendorLibrary("voucher", self.voucher.command, folder=folder / "voucher"), new_serial=lambda: "s1"
        )
        reader = HeaSecCardReader(
            HeaSecSettings(dict(START)), VendorLibrary("card", self.card.command, folder=folder / "card")
        )
        self.devices = Devices(terminal, reader)


@pytest.fixture
def twins(tmp_path: Path) -> Twins:
    return Twins(tmp_path)


@pytest.fixture
def equipped(twins: Twins, standing_store: NewStore, tmp_path: Path) -> Iterator[Stand]:
    made = Stand(standing_store("sqlite"), tmp_path / "till", devices=twins.devices)
    yield made
    made.close()


def show(twins: Twins, way: Way) -> None:
    """Have Chen show who he is."""
    match way:
        case Way.VOUCHER:
            twins.voucher.hold_code(PASSES)
        case Way.FACE:
            twins.voucher.look_in(PASSES)
        case Way.CARD:
            twins.card.lay(LAYS)
        case Way.ID:
            twins.card.lay(ShownIdCard(CHEN_ID, "陈安心", "男", "19850607"))


@pytest.mark.parametrize("way", list(Way))
def test_every_credential_leads_to_a_settlement(equipped: Stand, twins: Twins, way: Way) -> None:
    sale = equipped.scan(pack(1, 1))
    show(twins, way)
    person = equipped.work(equipped.till.identify(sale, way))
    assert (person.name, person.number, person.chosen) == ("陈**", "**************0011", "310")
    assert [one.kind for one in person.insurances] == ["310", "390"]
    assert equipped.work(equipped.till.trial(sale, Wishes())).lacks == ()
    assert equipped.settle(sale).standing is Standing.SETTLED


def test_card_whose_pin_is_wrong_identifies_nobody(equipped: Stand, twins: Twins) -> None:
    sale = equipped.scan(pack(1, 1))
    twins.card.lay(InsuranceCard(CHEN_ID, "陈安心", "350200", CHEN_CARD, "SN1", types_pin_right=False))
    with pytest.raises(DriverError):
        equipped.work(equipped.till.identify(sale, Way.CARD))
    with pytest.raises(PersonMissingError):
        equipped.work(equipped.till.trial(sale, Wishes()))


def test_operator_chooses_among_insurances(stand: Stand) -> None:
    sale = stand.scan(pack(1, 1))
    stand.work(stand.till.identify(sale, Way.ID, Typed(CHEN_ID)))
    assert stand.work(stand.till.trial(sale, Wishes(insurance="390"))).lacks == ()
    stand.settle(sale)
    assert stand.rows(sale)[-1].insutype == "390"
    following = stand.scan(pack(1, 2))
    stand.work(stand.till.identify(following, Way.ID, LI_TYPED))
    with pytest.raises(InsuranceUnknownError):
        stand.work(stand.till.trial(following, Wishes(insurance="390")))


def test_nobody_is_identified_by_what_nobody_holds_nor_for_what_is_not_open(stand: Stand) -> None:
    with pytest.raises(ListNotOpenError):
        stand.work(stand.till.identify("nothing", Way.ID, LI_TYPED))
    sale = stand.scan(pack(1, 1))
    with pytest.raises(PersonUnknownError):
        stand.work(stand.till.identify(sale, Way.ID, Typed(STRANGER)))
    for way in (Way.VOUCHER, Way.CARD):
        with pytest.raises(DeviceNotConfiguredError):
            stand.work(stand.till.identify(sale, way))


@pytest.mark.parametrize("ends", ["time", "shift", "sale", "forgotten"])
def test_person_is_forgotten(stand: Stand, ends: str) -> None:
    sale = stand.tried(pack(1, 1))
    match ends:
        case "time":
            stand.clock.advance(600)
        case "shift":
            stand.shop.sign_in("li", "another")
        case "sale":
            assert stand.settle(sale).person is None
            assert stand.till.persons.of(sale, stand.rows(sale)[-1].shift) is None
            return
        case _:
            stand.work(stand.till.forget(sale))
    with pytest.raises(PersonMissingError):
        stand.settle(sale)
    assert stand.rows(sale) == ()


def large(stand: Stand, limits: Limits) -> str:
    """Try a sale of 100 yuan, of which the account pays all."""
    stand.till = Till(replace(stand.till.parts, habits=replace(stand.habits, limits=limits)))
    sale = stand.scan(pack(1, 1))
    stand.work(stand.till.identify(sale, Way.ID, Typed(CHEN_ID)))
    return sale


@pytest.mark.req("T-38")
@pytest.mark.parametrize(
    ("own", "total", "is_asked"),
    [
        (MUCH, MUCH, False),
        (MUCH - Decimal("0.01"), MUCH, True),
        (MUCH, MUCH - Decimal("0.01"), True),
        (MUCH + Decimal("0.01"), MUCH + Decimal("0.01"), False),
    ],
)
def test_second_factor_is_asked_for_above_a_limit_and_not_at_it(
    stand: Stand, own: Decimal, total: Decimal, *, is_asked: bool
) -> None:
    sale = large(stand, Limits(own=own, total=total))
    trial = stand.work(stand.till.trial(sale, Wishes()))
    assert trial.amounts is not None
    assert trial.amounts.account == trial.amounts.fee == MUCH
    assert trial.needs_second_factor is is_asked
    if is_asked:
        with pytest.raises(SecondFactorError):
            stand.settle(sale)
        stand.vouch(sale)
    assert stand.settle(sale).standing is Standing.SETTLED


def test_the_limits_are_5000_from_accounts_and_50000_in_all() -> None:
    assert (Limits().own, Limits().total) == (Decimal(5_000), Decimal(50_000))


@pytest.mark.req("T-38")
@pytest.mark.parametrize("way", [Way.FACE, Way.CARD])
def test_person_confirms_a_large_amount_and_nobody_else_does(equipped: Stand, twins: Twins, way: Way) -> None:
    sale = large(equipped, Limits(own=Decimal(1)))
    equipped.work(equipped.till.trial(sale, Wishes()))
    other = (STRANGER, "某人", "350200")
    if way is Way.FACE:
        twins.voucher.look_in(Passer(*other))
    else:
        twins.card.lay(InsuranceCard(*other, "ZZ1", "SN2"))
    with pytest.raises(NotThisPersonError):
        equipped.work(equipped.till.confirm(sale, Proof(way)))
    show(twins, way)
    equipped.work(equipped.till.confirm(sale, Proof(way)))
    assert equipped.settle(sale).standing is Standing.SETTLED


@pytest.mark.req("T-38")
def test_second_operator_is_another_one_with_the_right_password_and_for_this_trial_alone(stand: Stand) -> None:
    sale = large(stand, Limits(own=Decimal(1)))
    password = add_account(stand.connection, "zhang", "张", stand.clock.now()).password
    with pytest.raises(TrialMissingError):
        stand.work(stand.till.confirm(sale, Proof(operator="zhang", password=password)))
    stand.work(stand.till.trial(sale, Wishes()))
    with pytest.raises(SecondOperatorError):
        stand.work(stand.till.confirm(sale, Proof(operator="wang", password=password)))
    with pytest.raises(SignInRefusedError):
        stand.work(stand.till.confirm(sale, Proof(operator="zhang", password="wrong")))
    stand.work(stand.till.confirm(sale, Proof(operator="zhang", password=password)))
    stand.work(stand.till.trial(sale, Wishes(uses_account=True)))
    with pytest.raises(SecondFactorError):
        stand.settle(sale)


@pytest.mark.parametrize("way", [Way.VOUCHER, Way.FACE])
def test_person_sees_at_the_voucher_terminal_what_was_settled(equipped: Stand, twins: Twins, way: Way) -> None:
    sale = equipped.scan(pack(1, 1))
    show(twins, way)
    equipped.work(equipped.till.identify(sale, way))
    equipped.work(equipped.till.trial(sale, Wishes()))
    assert twins.voucher.shown == []
    done = equipped.settle(sale)
    equipped.work(equipped.rest())
    assert done.paid is not None
    (shown,) = twins.voucher.shown
    assert (shown["medicalSettleState"], shown["medicalSettleNo"]) == ("SUCCESS", done.paid.setl_id)
    assert (shown["totalFee"], shown["acctAmt"]) == ("100.00", "100.00")
    assert json.loads(shown["drugList"])[0]["HI_ITEM"] == "Y"


@pytest.mark.req("T-38")
@pytest.mark.parametrize("way", [Way.FACE, Way.CARD])
def test_for_a_sale_that_is_closed_the_person_confirms_and_nobody_else_does(
    equipped: Stand, twins: Twins, way: Way
) -> None:
    person = equipped.work(equipped.till.look_up(Way.ID, Typed(CHEN_ID)))
    other = (STRANGER, "某人", "350200")
    if way is Way.FACE:
        twins.voucher.look_in(Passer(*other))
    else:
        twins.card.lay(InsuranceCard(*other, "ZZ1", "SN2"))
    with pytest.raises(NotThisPersonError):
        equipped.work(equipped.till.vouch(person, Proof(way)))
    show(twins, way)
    assert equipped.work(equipped.till.vouch(person, Proof(way))) == way.value


@pytest.mark.req("T-38")
def test_for_a_sale_that_is_closed_another_operator_vouches(stand: Stand) -> None:
    person = stand.work(stand.till.look_up(Way.ID, Typed(CHEN_ID)))
    password = add_account(stand.connection, "zhang", "张", stand.clock.now()).password
    with pytest.raises(SecondOperatorError):
        stand.work(stand.till.vouch(person, Proof(operator="wang", password=password)))
    with pytest.raises(SignInRefusedError):
        stand.work(stand.till.vouch(person, Proof(operator="zhang", password="wrong")))
    assert stand.work(stand.till.vouch(person, Proof(operator="zhang", password=password))) == "operator zhang"


def test_where_the_area_wants_a_password_the_person_types_it_and_nobody_keeps_it(
    standing_store: NewStore, tmp_path: Path
) -> None:
    """The person's password travels with the settlement alone."""
    stand = Stand(standing_store("sqlite"), tmp_path / "till", devices=Devices(pinpad=Pad()))
    stand.interface.area = replace(stand.area, checks_password=frozenset({"2102"}))
    sale = stand.tried(pack(1, 1))
    asked: list[str | None] = []
    stand.on_password = asked.append
    stand.settle(sale)
    assert asked == ["135790"]
    stand.close_store()
    assert all(b"135790" not in file.read_bytes() for file in stand.folder.iterdir() if file.is_file())


class Pad:
    """A PIN pad at which somebody types."""

    device = "pinpad"

    async def ask(self, *, again: bool = False) -> Pin:
        del again
        return Pin("135790")
