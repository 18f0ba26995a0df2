"""A card reader behind the interface's library: whose card it is, and a PIN that only the card sees."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from drivers.card.errors import CardContentError, CardReaderNotReadyError, CardRefusedError
from drivers.card.heasec import HeaSecCardReader, HeaSecSettings
from drivers.card.simulated import IdCard, InsuranceCard, SimulatedCardReader
from drivers.holder import CertType, Sex
from drivers.vendor.errors import VendorLibraryCrashedError, VendorLibrarySilentError
from drivers.vendor.library import VendorLibrary
from drivers.vendor.twin import Fault

SETTINGS = HeaSecSettings({"IP": "127.0.0.1", "PORT": 8080, "TIMEOUT": 60, "LOG_PATH": "/tmp"})  # noqa: S108
CARD = InsuranceCard("350203197001011236", "陈安", "350200", "X00000019", "350200D156000005BF7C")
PERSON = IdCard("110105198801010014", "李宁", "男", "19880101")


@pytest.fixture
def twin(tmp_path: Path) -> SimulatedCardReader:
    return SimulatedCardReader(tmp_path)


def play(
    twin: SimulatedCardReader,
    scene: Callable[[HeaSecCardReader], Awaitable[object]],
    settings: HeaSecSettings = SETTINGS,
) -> object:
    async def run() -> object:
        reader = HeaSecCardReader(settings, VendorLibrary("card:counter", twin.command))
        try:
            return await scene(reader)
        finally:
            await reader.close()

    return asyncio.run(run())


def test_an_insurance_card_tells_its_holder_with_what_the_interface_asks_for(twin):
    twin.lay(CARD)
    holder = play(twin, lambda reader: reader.read_insurance_card())
    assert (holder.cert_type, holder.cert_number, holder.card_serial) == (
        CertType.INSURANCE_CARD,
        "X00000019",
        "350200D156000005BF7C",
    )
    assert (holder.id_number, holder.name, holder.district) == (CARD.id_number, "陈安", "350200")
    assert (holder.sex, holder.born) == (Sex.MALE, date(1970, 1, 1))


def test_an_identity_card_tells_its_holder(twin):
    twin.lay(PERSON)
    holder = play(twin, lambda reader: reader.read_id_card())
    assert (holder.cert_type, holder.cert_number, holder.name) == (CertType.ID_CARD, PERSON.id_number, "李宁")
    assert (holder.sex, holder.born, holder.district) == (Sex.MALE, date(1988, 1, 1), "")


def test_a_card_number_that_fails_its_check_verifies_nobody(twin):
    twin.lay(IdCard("110105198801010015", "李宁", "男", "19880101"))
    with pytest.raises(CardContentError, match="校验位"):
        play(twin, lambda reader: reader.read_id_card())


def test_the_right_pin_passes_and_a_wrong_one_does_not(twin):
    twin.lay(CARD)
    assert play(twin, lambda reader: reader.check_pin()) is None
    twin.lay(InsuranceCard(CARD.id_number, CARD.name, CARD.district, CARD.number, CARD.serial, types_pin_right=False))
    with pytest.raises(CardRefusedError, match="3：密码错误"):
        play(twin, lambda reader: reader.check_pin())


@pytest.mark.parametrize("laid", [None, PERSON])
def test_no_card_and_another_kind_of_card_are_refused_with_the_readers_words(twin, laid):
    if laid is not None:
        twin.lay(laid)
    with pytest.raises(CardRefusedError, match="未检测到卡片"):
        play(twin, lambda reader: reader.read_insurance_card())


def test_a_reader_that_is_set_up_wrongly_says_so(twin):
    with pytest.raises(CardReaderNotReadyError, match="参数PORT错误"):
        play(twin, lambda reader: reader.read_id_card(), HeaSecSettings({"IP": "127.0.0.1"}))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.GARBAGE, CardContentError),
        (Fault.CRASH, VendorLibraryCrashedError),
        (Fault.HANG, VendorLibrarySilentError),
    ],
)
def test_a_reader_that_fails_verifies_nobody_and_is_set_up_anew_for_the_next_card(twin, fault, error):
    async def scene(reader):
        twin.lay(CARD, fault=fault)
        with pytest.raises(error):
            await reader.read_insurance_card()
        twin.lay(CARD)
        return await reader.read_insurance_card()

    short = replace(SETTINGS, read_s=1.5) if fault is Fault.HANG else SETTINGS
    assert play(twin, scene, short).name == "陈安"


def test_a_reader_whose_service_was_gone_is_set_up_again_for_the_next_card(twin):
    async def scene(reader):
        twin.lay(CARD)
        await reader.read_insurance_card()
        twin.lay(CARD, fault=Fault.FORGET)
        with pytest.raises(CardRefusedError):
            await reader.read_insurance_card()
        twin.lay(CARD)
        return await reader.read_insurance_card()

    assert play(twin, scene).name == "陈安"


def test_a_card_of_a_foreigner_is_no_resident_identity_and_a_name_in_either_encoding_is_read(twin):
    twin.lay(InsuranceCard("FRA350000000001", "叶强", "350200", "X1", "S1"))
    holder = play(twin, lambda reader: reader.read_insurance_card())
    assert (holder.name, holder.id_kind, holder.sex, holder.born) == ("叶强", "99", Sex.UNKNOWN, None)
