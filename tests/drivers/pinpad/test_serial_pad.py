"""A PIN pad on a serial line: what a person types, and nothing typed before or after."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.errors import DeviceLostError, DeviceMissingError
from drivers.pinpad.errors import PinLengthError, PinTimeoutError
from drivers.pinpad.port import Pin
from drivers.pinpad.serial import Say, SerialPinPad, SerialPinPadSettings
from drivers.pinpad.simulated import SimulatedPinPad


@pytest.fixture(params=[False, True], ids=["seven bits", "high bit set"])
def pad(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SimulatedPinPad]:
    pad = SimulatedPinPad(tmp_path / "pad", sets_high_bit=request.param)
    yield pad
    with contextlib.suppress(OSError):
        pad.unplug()


async def asked(driver: SerialPinPad, pad: SimulatedPinPad, *keys: str, again: bool = False) -> Pin:
    asking = asyncio.create_task(driver.ask(again=again))
    async with asyncio.timeout(30):
        while not pad.is_asking and not asking.done():  # noqa: ASYNC110 - the pad is another party
            await asyncio.sleep(0.01)
    for pressed in keys:
        pad.press(pressed)
    return await asking


def settings(tmp_path: Path) -> SerialPinPadSettings:
    return SerialPinPadSettings(str(tmp_path / "pad"), name="counter", person_s=30.0)


@pytest.mark.parametrize(
    ("keys", "digits"),
    [("123456\r", "123456"), ("12345<678\r", "1234678"), ("99!654321\r", "654321"), ("<<12345678\r", "12345678")],
)
def test_what_is_typed_until_enter_is_the_pin(pad, tmp_path, keys, digits):
    assert asyncio.run(asked(SerialPinPad(settings(tmp_path)), pad, keys)) == Pin(digits)
    pad.hear()
    assert pad.said == [Say.ASK, Say.WELCOME]


def test_keys_pressed_before_and_after_go_nowhere(pad, tmp_path):
    async def scene():
        driver = SerialPinPad(settings(tmp_path))
        pad.press("000000\r")
        first = await asked(driver, pad, "123", "456\r")
        pad.press("111111\r")
        return first, await asked(driver, pad, "654321\r", again=True)

    assert asyncio.run(scene()) == (Pin("123456"), Pin("654321"))
    pad.hear()
    assert pad.said == [Say.ASK, Say.WELCOME, Say.AGAIN, Say.WELCOME]


@pytest.mark.parametrize("keys", ["12345\r", "123456789\r", "\r"])
def test_too_few_and_too_many_digits_are_no_pin(pad, tmp_path, keys):
    with pytest.raises(PinLengthError):
        asyncio.run(asked(SerialPinPad(settings(tmp_path)), pad, keys))


def test_nobody_at_the_pad_ends_the_asking(pad, tmp_path):
    with pytest.raises(PinTimeoutError):
        asyncio.run(asked(SerialPinPad(replace(settings(tmp_path), person_s=0.3)), pad, "123"))
    pad.hear()
    assert pad.said == [Say.ASK, Say.WELCOME]


def test_a_pad_that_is_pulled_out_says_so(pad, tmp_path):
    async def scene():
        asking = asyncio.create_task(SerialPinPad(settings(tmp_path)).ask())
        async with asyncio.timeout(30):
            while not pad.is_asking:  # noqa: ASYNC110 - the pad is another party
                await asyncio.sleep(0.01)
        pad.unplug()
        await asking

    with pytest.raises(DeviceLostError):
        asyncio.run(scene())


def test_a_pad_that_is_not_there_says_so(tmp_path):
    with pytest.raises(DeviceMissingError):
        asyncio.run(SerialPinPad(settings(tmp_path)).ask())


def test_a_pin_is_never_printed():
    assert repr(Pin("123456")) == "Pin(…)"


def test_a_key_that_sticks_is_no_pin(pad, tmp_path):
    with pytest.raises(PinLengthError):
        asyncio.run(asked(SerialPinPad(settings(tmp_path)), pad, "1" * 200, "\r"))
