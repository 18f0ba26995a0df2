"""Steps of visits at a terminal, with a hospital's system that answers, refuses, or is silent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import httpx
import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs

from drivers.holder import CertType, Holder
from edge.config_visits import Order
from edge.sealing import Sealer
from edge.store import sql
from edge.store.visit_steps import Telling, count_due
from edge.visits.catching_up import CatchingUp
from edge.visits.desk import StepShown, VisitDesk, Wanted
from edge.visits.errors import HospitalRefusedError, NoItemError, OtherPersonError, StepDoneError, StepTooEarlyError
from edge.visits.hospital import Hospital
from rules.visit_flow import VisitStep
from tests.edge.scene import Shop, seeded_bytes
from wire.events import VisitStepped

_T = TypeVar("_T")
S = VisitStep
TOKEN = "vouchertoken" + "0" * 28
LI = Holder(CertType.VOUCHER, TOKEN, "350203198001010011", "01", "李一")
LI_BY_CARD = Holder(CertType.INSURANCE_CARD, "C0001", "350203198001010011", "01", "李一", card_serial="S1")
WANG = Holder(CertType.ID_CARD, "350203198202020022", "350203198202020022", "01", "王二")


@dataclass
class His:
    """A hospital's system."""

    status: int = 200
    is_up: bool = True
    message: str = "请到 3 号诊室"
    said: list[dict[str, object]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not self.is_up:
            raise httpx.ConnectError("refused")
        assert request.headers["Authorization"] == "Bearer his-token"
        self.keys.append(request.headers["Idempotency-Key"])
        self.said.append(json.loads(request.content))
        return httpx.Response(self.status, json={"message": self.message} if self.message else None)


@dataclass
class Hall:
    """A terminal in the hall of a hospital."""

    shop: Shop
    his: His | None
    order: Order = Order.TERMINAL

    def __post_init__(self) -> None:
        hospital = None
        if self.his is not None:
            client = httpx.AsyncClient(transport=httpx.MockTransport(self.his))
            hospital = Hospital(
                "https://his.example/steps", "his-token", terminal="hall-1", client=client, clock=self.shop.clock
            )
        self.desk = VisitDesk(
            self.shop.connection, self.shop.outbox, sealer=Sealer(b"k" * 32), hospital=hospital,
            in_store=self.in_store, read=self.read, clock=self.shop.clock, random=seeded_bytes(7),
            on_recorded=lambda: None, order=self.order,
        )  # fmt: skip
        self.catching_up = CatchingUp(self.desk, self.read, self.shop.clock, asyncio.sleep)

    async def in_store(self, work: Callable[[], _T]) -> _T:
        return work()

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        with self.shop.connection.begin():
            return work(self.shop.connection)

    def do(self, step: S, holder: Holder = LI, item: str = "", visit: str = "V1") -> StepShown:
        self.shop.clock.advance(1)
        return asyncio.run(self.desk.do(Wanted(visit, step, item), holder, "wang"))

    def catch_up(self, seconds: float = 120.0) -> int:
        self.shop.clock.advance(seconds)
        return asyncio.run(self.catching_up.look())

    def facts(self) -> list[tuple[str, bool]]:
        return [(one.step, one.is_done) for one in self.shop.facts() if isinstance(one, VisitStepped)]


@pytest.fixture
def hall(shop: Shop) -> Hall:
    return Hall(shop, His())


def test_a_visit_goes_by_one_voucher_and_by_card_where_there_is_no_phone(hall: Hall) -> None:
    assert hall.his is not None
    shown = hall.do(S.REGISTER)
    assert (shown.telling, shown.by, shown.message) == (Telling.TOLD, "voucher", "请到 3 号诊室")
    hall.do(S.CHECK_IN, LI_BY_CARD)
    hall.do(S.EXAM, item="X1")
    hall.do(S.EXAM, item="X2")
    hall.do(S.PICK_UP_REPORT, item="X1")
    hall.do(S.SETTLE, item="B1")
    hall.do(S.PICK_UP_DRUGS, item="B1")
    assert [one["step"] for one in hall.his.said] == ["01101", "01201", "01203", "01203", "01303", "01301", "01302"]
    assert hall.his.said[0]["person"] == {
        "name": "李一", "psn_cert_type": "01", "certno": "350203198001010011", "mdtrt_cert_type": "01",
        "mdtrt_cert_no": TOKEN, "card_sn": "", "insuplc_admdvs": "",
    }  # fmt: skip
    assert len(hall.facts()) == 7


@pytest.mark.parametrize(
    ("step", "holder", "refusal"),
    [
        (S.REGISTER, LI, StepDoneError),
        (S.PICK_UP_DRUGS, LI, StepTooEarlyError),
        (S.CHECK_IN, WANG, OtherPersonError),
    ],
)
def test_what_cannot_be_done_leaves_nothing(hall: Hall, step: S, holder: Holder, refusal: type[Exception]) -> None:
    hall.do(S.REGISTER)
    with pytest.raises(refusal):
        hall.do(step, holder, item="B1")
    assert len(hall.facts()) == 1


def test_drugs_are_handed_out_once_for_what_was_settled_however_it_is_spelt(hall: Hall) -> None:
    assert hall.his is not None
    hall.do(S.REGISTER)
    hall.do(S.SETTLE, item="b1")
    for item, refusal in (("never-settled", StepTooEarlyError), ("", NoItemError), (" ", NoItemError)):
        with pytest.raises(refusal):
            hall.do(S.PICK_UP_DRUGS, item=item)
    with pytest.raises(StepTooEarlyError, match="b2") as early:
        hall.do(S.PRINT_RECEIPT, item="b2")
    assert "结算（b2）" in early.value.words.zh
    shown = hall.do(S.PICK_UP_DRUGS, item=" B1")
    assert (shown.item, hall.his.said[-1]["item"]) == ("b1", "b1")
    for item in ("b1", "B1", "Ｂ1"):
        with pytest.raises(StepDoneError):
            hall.do(S.PICK_UP_DRUGS, item=item)
    assert [one["step"] for one in hall.his.said] == ["01101", "01301", "01302"]


def test_where_steps_are_done_elsewhere_too_the_hospital_judges_what_comes_before(shop: Shop) -> None:
    his = His()
    hall = Hall(shop, his, Order.HOSPITAL)
    hall.do(S.PICK_UP_DRUGS, item="R1")
    with pytest.raises(StepDoneError):
        hall.do(S.PICK_UP_DRUGS, item="R1")
    with pytest.raises(OtherPersonError):
        hall.do(S.PRINT_RECEIPT, WANG, item="B1")
    his.status, his.message = 409, "未缴费"
    with pytest.raises(HospitalRefusedError, match="未缴费"):
        hall.do(S.PICK_UP_DRUGS, item="R2")
    with pytest.raises(NoItemError):
        hall.do(S.PICK_UP_DRUGS)
    assert hall.facts() == [("01302", True), ("01302", False)]


def test_a_step_that_is_refused_when_the_person_has_gone_on_is_in_the_log(hall: Hall) -> None:
    assert hall.his is not None
    hall.his.is_up = False
    hall.do(S.REGISTER)
    hall.his.is_up, hall.his.status = True, 422
    with capture_logs() as logs:
        assert hall.catch_up() == 1
    assert [(one["event"], one["step"], one["answer"]) for one in logs] == [("visit.refused_late", "01101", "HTTP 422")]
    assert hall.facts() == [("01101", False)]


def test_what_the_hospital_refuses_is_as_if_it_had_not_been_done(hall: Hall) -> None:
    assert hall.his is not None
    hall.his.status = 409
    with pytest.raises(HospitalRefusedError, match="请到 3 号诊室"):
        hall.do(S.REGISTER)
    hall.his.status = 200
    hall.do(S.REGISTER)
    assert hall.facts() == [("01101", False), ("01101", True)]


@pytest.mark.parametrize("trouble", ["no line", "500", "429", "401"])
def test_a_silent_hospital_hears_of_everything_later_in_its_order(hall: Hall, trouble: str) -> None:
    assert hall.his is not None
    hall.his.is_up, hall.his.status = trouble != "no line", int(trouble) if trouble.isdigit() else 200
    assert hall.do(S.REGISTER).telling is Telling.DUE
    hall.do(S.CHECK_IN)
    assert hall.catch_up() == 0
    hall.his.is_up, hall.his.status = True, 200
    hall.his.said.clear()
    assert (hall.catch_up(), hall.catch_up()) == (1, 1)
    assert [one["step"] for one in hall.his.said] == ["01101", "01201"]
    with hall.shop.connection.begin():
        assert count_due(hall.shop.connection) == (0, None)
    assert hall.facts() == [("01101", True), ("01201", True)]


def test_a_step_told_late_says_when_it_was_shown(hall: Hall) -> None:
    assert hall.his is not None
    hall.his.is_up = False
    shown = hall.do(S.REGISTER)
    hall.his.is_up = True
    hall.catch_up(seconds=3_600)
    (fact,) = (one for one in hall.shop.facts() if isinstance(one, VisitStepped))
    assert fact.at == shown.at


def test_a_step_told_again_has_the_same_number(hall: Hall) -> None:
    assert hall.his is not None
    hall.his.status = 503
    hall.do(S.REGISTER)
    hall.his.status = 200
    hall.catch_up()
    assert len(set(hall.his.keys)) == 1


def test_once_told_nothing_of_the_person_is_left(hall: Hall) -> None:
    hall.do(S.REGISTER)
    with hall.shop.connection.begin():
        rows = sql.rows(hall.shop.connection, "SELECT holder, person FROM visit_step")
    ((holder, person),) = rows
    assert holder is None
    assert LI.id_number not in person
    kept = b"".join(bytes(str(row), "utf-8") for row in hall.shop.facts())
    assert LI.id_number.encode() not in kept


def test_without_a_hospital_system_steps_are_kept_all_the_same(shop: Shop) -> None:
    hall = Hall(shop, None)
    assert hall.do(S.REGISTER).telling is Telling.NONE
    with pytest.raises(StepDoneError):
        hall.do(S.REGISTER)
    assert hall.facts() == [("01101", True)]
