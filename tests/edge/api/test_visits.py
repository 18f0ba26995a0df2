"""Steps of visits through the interface, with the voucher terminal and the card reader as their twins."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from drivers.card.heasec import HeaSecCardReader, HeaSecSettings
from drivers.card.simulated import START, IdCard, InsuranceCard, SimulatedCardReader
from drivers.vendor.library import VendorLibrary
from drivers.voucher.national import NationalSettings, NationalVoucherTerminal
from drivers.voucher.simulated import Person, SimulatedVoucherTerminal
from edge.operators.accounts import add_account, disable_account
from edge.till.parts import Devices
from tests.edge.api.conftest import Client
from tests.edge.api.test_routes import problem
from tests.edge.scene import NOON, Shop
from tests.edge.visits.test_desk import Hall, His

ID = "350203198506070011"
PATIENCE_S = 3.0
TOKEN = "tokenof" + "9" * 30
HOLDS = Person(ID, "陈安心", "350200", token=TOKEN)
LAYS = InsuranceCard(ID, "陈安心", "350200", "D12345678", "SN1")
WHOLE = [
    ("01101", ""), ("01201", ""), ("01202", "X1"), ("01203", "X1"), ("01301", "B1"), ("01303", "X1"), ("01302", "B1"),
    ("01304", "B1"),
]  # fmt: skip
"""A visit from its registration to its receipt, with an examination."""


@dataclass
class Twins:
    """A voucher terminal and a card reader, and the people before them."""

    folder: Path
    runner: asyncio.Runner
    voucher: SimulatedVoucherTerminal = field(init=False)
    card: SimulatedCardReader = field(init=False)
    devices: Devices = field(init=False)

    def __post_init__(self) -> None:
        self.voucher = SimulatedVoucherTerminal(self.folder / "voucher")
        self.card = SimulatedCardReader(self.folder / "card")
        settings = NationalSettings(
            url="http://127.0.0.1/", institution="H35020300901", reads_itself=True, person_s=PATIENCE_S
        )
        self.libraries = [
            VendorLibrary("voucher", self.voucher.command, folder=self.folder / "voucher"),
            VendorLibrary("card", self.card.command, folder=self.folder / "card"),
        ]
        self.devices = Devices(
            NationalVoucherTerminal(settings, self.libraries[0], new_serial=lambda: "s1"),
            HeaSecCardReader(HeaSecSettings(dict(START)), self.libraries[1]),
        )


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    with asyncio.Runner() as runner:
        made = Twins(tmp_path_factory.mktemp("twins"), runner)
        yield made
        for library in made.libraries:
            runner.run(library.close())


@dataclass
class Kiosk:
    """A terminal in a hall, asked over its interface."""

    client: Client
    his: His
    twins: Twins

    def step(self, step: str, by: str, item: str = "", visit: str = "M1") -> httpx.Response:
        self.client.shop.clock.advance(1)
        return self.client.ask("POST", f"/api/v1/visits/{visit}/steps", {"step": step, "by": by, "item": item})


@pytest.fixture
def kiosk(stocked: Shop, twins: Twins) -> Kiosk:
    his = His()
    twins.voucher.hold_code(HOLDS)
    twins.card.lay(LAYS)
    made = Client(stocked, visits=Hall(stocked, his).desk, devices=twins.devices, run=twins.runner.run)
    made.sign_in()
    return Kiosk(made, his, twins)


@pytest.mark.parametrize("by", ["voucher", "card"])
def test_a_whole_visit_goes_by_one_voucher_and_by_card_alone(kiosk: Kiosk, by: str) -> None:
    answers = [kiosk.step(step, by, item) for step, item in WHOLE]
    assert [(one.status_code, one.json().get("message")) for one in answers] == [(200, "请到 3 号诊室")] * len(WHOLE)
    steps = kiosk.client.get("/visits/M1/steps")
    assert [(one["step"], one["by"], one["telling"]) for one in steps] == [(step, by, "told") for step, _ in WHOLE]
    assert [one["person"]["certno"] for one in kiosk.his.said] == [ID] * len(WHOLE)


def test_a_visit_begun_by_phone_goes_on_by_identity_card(kiosk: Kiosk) -> None:
    assert kiosk.step("01101", "voucher").status_code == 200
    kiosk.twins.card.lay(IdCard(ID, "陈安心", "男", "19850607"))
    assert kiosk.step("01201", "id").json()["by"] == "id"
    kiosk.twins.card.lay(IdCard("110105198801010014", "李一", "男", "19880101"))
    refused = kiosk.step("01203", "id", "X1")
    assert problem(refused) == "visit_step.other_person"


def test_each_step_is_done_once_and_in_its_order(kiosk: Kiosk) -> None:
    early = kiosk.step("01302", "voucher", "R1")
    assert kiosk.step("01101", "voucher").status_code == 200
    assert problem(early) == "visit_step.too_early"
    assert "结算" in early.json()["zh"]
    assert problem(kiosk.step("01101", "voucher")) == "visit_step.done"


def test_whoever_walks_away_has_done_nothing(kiosk: Kiosk) -> None:
    kiosk.twins.voucher.walk_away()
    gone = kiosk.step("01101", "voucher")
    assert problem(gone) == "vendor.silent"
    assert (kiosk.client.get("/visits/M1/steps"), kiosk.his.said) == ([], [])
    assert kiosk.step("01101", "card").status_code == 200, "there is always another way"


def test_a_device_that_is_missing_is_named(stocked: Shop) -> None:
    client = Client(stocked, visits=Hall(stocked, His()).desk)
    client.sign_in()
    answers = [
        client.ask("POST", "/api/v1/visits/M1/steps", {"step": "01101", "by": by})
        for by in ("voucher", "face", "card", "id")
    ]
    assert [problem(one) for one in answers] == ["device.none"] * 4
    assert client.get("/visits/M1/steps") == []


def test_where_visits_are_off_the_interface_says_so_to_anybody(client: Client, at_work: Client) -> None:
    for asker in (client, at_work):
        answer = asker.ask("POST", "/api/v1/visits/M1/steps", {"step": "01101", "by": "card"})
        assert problem(answer) == "visit_step.off"


def test_what_is_no_step_is_refused(kiosk: Kiosk) -> None:
    for form in ({"step": "01102", "by": "card"}, {"step": "01101", "by": "fingerprint"}, {"step": "01101"}):
        assert kiosk.client.ask("POST", "/api/v1/visits/M1/steps", form).status_code == 422


def test_what_the_hospital_refuses_is_shown_in_its_words(kiosk: Kiosk) -> None:
    kiosk.his.status = 409
    answer = kiosk.step("01101", "card")
    assert problem(answer) == "visit_step.refused"
    assert "请到 3 号诊室" in answer.json()["zh"]
    assert [one["telling"] for one in kiosk.client.get("/visits/M1/steps")] == ["refused"]


def test_no_token_and_no_number_of_a_person_is_answered(kiosk: Kiosk) -> None:
    said = kiosk.step("01101", "voucher").text + json.dumps(kiosk.client.get("/visits/M1/steps"))
    assert TOKEN not in said
    assert ID not in said


KIOSK = "zizhu01"


@pytest.fixture
def unattended(stocked: Shop, twins: Twins) -> Kiosk:
    """A kiosk with an operator of its own, at which nobody is signed in."""
    his = His()
    twins.card.lay(LAYS)
    add_account(stocked.connection, KIOSK, "自助机1号", NOON)
    desk = Hall(stocked, his).desk
    made = Client(stocked, visits=desk, devices=twins.devices, run=twins.runner.run, kiosk_operator=KIOSK)
    return Kiosk(made, his, twins)


def test_unattended_kiosk_does_its_steps_in_the_name_of_its_own_operator(unattended: Kiosk) -> None:
    assert unattended.step("01101", "card").status_code == 200
    (told,) = unattended.his.said
    assert told["operator"] == KIOSK
    assert [event.operator for event in unattended.client.shop.events()][-1] == KIOSK
    assert problem(unattended.client.ask("GET", "/api/v1/visits/M1/steps")) == "session.required", "it shows nobody's"


def test_whoever_is_signed_in_at_a_kiosk_answers_for_its_steps(unattended: Kiosk) -> None:
    unattended.client.sign_in()
    assert unattended.step("01101", "card").status_code == 200
    assert unattended.his.said[0]["operator"] == unattended.client.login
    unattended.client.shop.clock.advance(13 * 3600)
    assert unattended.step("01201", "card").status_code == 200, "an old sign-in does not stop the kiosk"
    assert unattended.his.said[1]["operator"] == KIOSK


def test_only_the_kiosk_itself_goes_without_a_sign_in(unattended: Kiosk) -> None:
    unattended.client.caller = "192.168.1.20"
    assert problem(unattended.step("01101", "card")) == "session.required"
    unattended.client.caller = "127.0.0.1"
    disable_account(unattended.client.shop.connection, KIOSK, NOON)
    assert problem(unattended.step("01101", "card")) == "visit_step.kiosk"
    assert unattended.his.said == []


def test_kiosk_whose_operator_nobody_added_says_so(stocked: Shop) -> None:
    client = Client(stocked, visits=Hall(stocked, His()).desk, kiosk_operator="nobody")
    answer = client.ask("POST", "/api/v1/visits/M1/steps", {"step": "01101", "by": "card"})
    assert problem(answer) == "visit_step.kiosk"
    assert "人工窗口" in answer.text, "what is wrong is not for the patient to mend"
