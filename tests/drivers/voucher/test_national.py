"""A voucher terminal behind the national library: whose code it is, whose face, and what the person is shown."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from drivers.holder import CertType, Holder, Sex
from drivers.vendor.errors import VendorLibraryCrashedError, VendorLibrarySilentError
from drivers.vendor.library import VendorLibrary
from drivers.vendor.twin import Fault
from drivers.voucher.errors import VoucherAnswerError, VoucherFieldError, VoucherRefusedError
from drivers.voucher.national import NationalSettings, NationalVoucherTerminal
from drivers.voucher.port import Asking, Kind, Shown, ShownLine, Use
from drivers.voucher.simulated import Person, SimulatedVoucherTerminal

ASKING = Asking(Use.PHARMACY_PURCHASE, "001", "王店员", "K01", "药店柜台")
SETTINGS = NationalSettings("http://127.0.0.1:9/localQrCodeQuery", "H35020000001", person_s=10.0)
PERSON = Person("350203197001011236", "陈安", "350200", "女", "1970.01.01")
SHOWN = Shown(
    is_settled=True,
    kind=Kind.SETTLE,
    settlement="S1",
    at=datetime(2026, 1, 2, 9, 30),  # noqa: DTZ001 - as the terminal shows it
    institution_name="安心药店",
    doctor_name="无",
    total=Decimal("56.8"),
    own=Decimal(20),
    balance=Decimal("100.5"),
    insured=Decimal("36.80"),
    lines=(ShownLine("XA01", "阿莫西林", True, Decimal("28.4"), Decimal(2), Decimal("56.8")),),
)


@pytest.fixture
def twin(tmp_path: Path) -> SimulatedVoucherTerminal:
    return SimulatedVoucherTerminal(tmp_path)


def play(
    twin: SimulatedVoucherTerminal,
    scene: Callable[[NationalVoucherTerminal], Awaitable[object]],
    settings: NationalSettings = SETTINGS,
) -> object:
    serials: Iterator[str] = (f"B{number}" for number in itertools.count(1))

    async def run() -> object:
        library = VendorLibrary("voucher:counter", twin.command)
        terminal = NationalVoucherTerminal(settings, library, new_serial=lambda: next(serials))
        try:
            return await scene(terminal)
        finally:
            await terminal.close()

    return asyncio.run(run())


@pytest.mark.parametrize("reads_itself", [False, True])
def test_a_code_tells_whose_it_is_and_a_token_that_is_another_one_each_time(twin, reads_itself):
    async def scene(terminal):
        twin.hold_code(PERSON)
        return [await terminal.read_code(ASKING) for _ in range(2)]

    first, second = play(twin, scene, replace(SETTINGS, reads_itself=reads_itself))
    assert (first.cert_type, first.id_number, first.id_kind, first.name) == (
        CertType.VOUCHER,
        PERSON.id_number,
        "01",
        "陈安",
    )
    assert (first.district, first.sex, first.born) == ("350200", Sex.FEMALE, date(1970, 1, 1))
    assert len(first.cert_number) == 38
    assert first.cert_number != second.cert_number


def test_a_face_tells_whose_it_is_with_the_proof(twin):
    async def scene(terminal):
        twin.look_in(PERSON)
        return await terminal.verify_face(ASKING)

    holder = play(twin, scene)
    assert (holder.name, holder.request, holder.proof[:3]) == ("陈安", "B1", "ano")


def test_the_person_is_shown_what_was_settled_under_the_serial_of_the_request(twin):
    async def scene(terminal):
        twin.hold_code(PERSON)
        holder = await terminal.read_code(ASKING)
        await terminal.show_result(ASKING, holder, SHOWN)
        return holder

    holder = play(twin, scene)
    (shown,) = twin.shown
    state = (shown["medicalSettleState"], shown["medicalSettleNo"], shown["outBizNo"])
    assert state == ("SUCCESS", "S1", holder.request)
    amounts = [shown[name] for name in ("totalFee", "ownAmt", "hifAmt", "balance")]
    assert amounts == ["56.80", "20.00", "36.80", "100.50"]
    assert "acctAmt" not in shown
    assert json.loads(shown["drugList"]) == [
        {
            "ITEM_NO": "XA01",
            "ITEMNAME": "阿莫西林",
            "HI_ITEM": "Y",
            "PRIC": "28.40",
            "ITEM_CNT": "2",
            "ITEM_AMT": "56.80",
            "DRUG_FRQU": "",
            "DRUG_DOS": "",
        }
    ]


def test_nobody_is_printed(twin):
    async def scene(terminal):
        twin.hold_code(PERSON)
        return await terminal.read_code(ASKING)

    assert f"{play(twin, scene)}" == "Holder(VOUCHER, 陈*)"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.REFUSE, VoucherRefusedError),
        (Fault.GARBAGE, VoucherAnswerError),
        (Fault.CRASH, VendorLibraryCrashedError),
        (Fault.HANG, VendorLibrarySilentError),
    ],
)
def test_a_terminal_that_fails_verifies_nobody_and_serves_the_next_person(twin, fault, error):
    async def scene(terminal):
        twin.hold_code(PERSON, fault=fault)
        with pytest.raises(error) as caught:
            await terminal.read_code(ASKING)
        assert PERSON.id_number not in f"{caught.value.words.zh} {caught.value.words.en}"
        twin.hold_code(PERSON)
        return await terminal.read_code(ASKING)

    short = replace(SETTINGS, person_s=1.5) if fault is Fault.HANG else SETTINGS
    assert play(twin, scene, short).name == "陈安"


def test_a_refusal_gives_the_services_own_words(twin):
    async def scene(terminal):
        twin.hold_code(PERSON, fault=Fault.REFUSE)
        await terminal.read_code(ASKING)

    with pytest.raises(VoucherRefusedError, match="1001：二维码已失效") as caught:
        play(twin, scene)
    assert (caught.value.reason_code, caught.value.reason) == ("1001", "二维码已失效")


def test_a_person_who_walks_away_holds_nobody_up(twin):
    async def scene(terminal):
        waiting = asyncio.create_task(terminal.read_code(ASKING))
        await asyncio.sleep(0.3)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        twin.hold_code(PERSON)
        return await terminal.read_code(ASKING)

    assert play(twin, scene).name == "陈安"


def test_what_does_not_fit_the_fields_is_named_before_anything_is_sent(twin):
    async def scene(terminal):
        with pytest.raises(VoucherFieldError) as caught:
            await terminal.read_code(replace(ASKING, operator="9" * 21))
        assert caught.value.field == "operatorId"
        with pytest.raises(VoucherFieldError) as caught:
            await terminal.read_code(replace(ASKING, office=""))
        assert caught.value.field == "officeId"
        holder = Holder(CertType.VOUCHER, "t", PERSON.id_number, "01", "陈安", request="B1")
        with pytest.raises(VoucherFieldError) as caught:
            await terminal.show_result(ASKING, holder, replace(SHOWN, settlement=""))
        assert caught.value.field == "medicalSettleNo"

    play(twin, scene)
    assert twin.shown == []
