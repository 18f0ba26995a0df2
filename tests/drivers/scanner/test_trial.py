"""Trying a scanner out with the calibration sheet: simulated scanners on real pseudo-terminals and pipes."""

from __future__ import annotations

import asyncio
import functools

import pytest

from drivers.errors import DeviceLostError, DeviceMissingError
from drivers.scanner import open_scanner, parse_spec
from drivers.scanner.selftest import TRIAL
from drivers.scanner.simulated.keyboard import SimulatedKeyboardScanner
from drivers.scanner.simulated.serial import SimulatedSerialScanner
from drivers.scanner.simulated.twin import Fault
from drivers.scanner.trial import Notice, SilentScannerError, Step, distinct, try_scanner

BARS, MATRIX, QR = TRIAL


@pytest.fixture
def serial(tmp_path, random, no_wait):
    return functools.partial(SimulatedSerialScanner, tmp_path / "gun", random=random, wait=no_wait, sends_aim=True)


def play(gun, act, *, line: str | None = None, timeout_s: float = 30.0) -> tuple[tuple[Step, ...], list[Notice]]:
    """Try `gun` out; `act` is what the technician does when asked for a symbol."""
    spec = parse_spec((line or gun.spec) + ";silence_ms=20")
    notices: list[Notice] = []

    async def run() -> tuple[Step, ...]:
        asked: asyncio.Queue = asyncio.Queue()

        def tell(notice, symbol):
            notices.append(notice)
            if notice not in {Notice.DONE, Notice.TIMED_OUT}:
                asked.put_nowait(symbol)

        async def technician():
            while True:
                await act(await asked.get())

        person = asyncio.create_task(technician())
        try:
            return await try_scanner(open_scanner(spec), spec, timeout_s=timeout_s, tell=tell)
        finally:
            person.cancel()

    try:
        return asyncio.run(run()), notices
    finally:
        gun.close()


def ends(steps: tuple[Step, ...]) -> list[str]:
    return [finding.code.rpartition(".")[2] for finding in distinct(steps)]


@pytest.mark.req("T-22")
def test_a_scanner_that_is_set_well_passes(serial):
    gun = serial()
    steps, notices = play(gun, lambda symbol: gun.scan(symbol.code, symbol.symbology))
    assert distinct(steps) == ()
    assert [step.scan.raw for step in steps] == [symbol.code for symbol in TRIAL]
    assert notices == [Notice.PLEASE_SCAN, Notice.DONE] * 3


@pytest.mark.req("T-22")
def test_a_scanner_that_drops_the_separator_is_named(serial):
    gun = serial()
    steps, _ = play(gun, lambda symbol: gun.scan(symbol.code, symbol.symbology, fault=Fault.DROP_GS))
    assert [bool(step.findings) for step in steps] == [False, True, False]
    assert ends(steps) == ["gs_missing"]


def test_what_shows_with_every_symbol_is_told_once(serial):
    gun = serial(sends_aim=False)
    steps, _ = play(gun, lambda symbol: gun.scan(symbol.code, symbol.symbology, fault=Fault.NO_SUFFIX))
    assert ends(steps) == ["no_aim", "no_suffix"]


def test_a_keyboard_scanner_with_the_wrong_layout_is_named_at_the_first_symbol(tmp_path, random, no_wait):
    gun = SimulatedKeyboardScanner(tmp_path / "keys", random=random, wait=no_wait, layout="fr", sends_aim=True)
    line = gun.spec.replace("layout=fr", "layout=us")
    steps, _ = play(gun, lambda symbol: gun.scan(symbol.code, symbol.symbology), line=line)
    assert {finding.setting for step in steps for finding in step.findings} == {"layout=fr"}


def test_a_symbol_that_the_scanner_does_not_read_is_named_and_the_others_go_on(serial):
    gun = serial()

    async def bars_only(symbol):
        if symbol is not MATRIX:
            await gun.scan(symbol.code, symbol.symbology)

    steps, notices = play(gun, bars_only, timeout_s=0.5)
    assert [step.scan is not None for step in steps] == [True, False, True]
    assert ends(steps) == ["not_read"]
    assert "DataMatrix" in steps[1].findings[0].words.zh
    assert Notice.TIMED_OUT in notices


def test_another_symbol_of_the_sheet_is_asked_for_again(serial):
    gun = serial()
    pulls = []

    async def confused(symbol):
        pulls.append(symbol)
        shown = QR if len(pulls) == 1 else symbol
        await gun.scan(shown.code, shown.symbology)

    steps, notices = play(gun, confused)
    assert distinct(steps) == ()
    assert notices[:3] == [Notice.PLEASE_SCAN, Notice.ANOTHER_SYMBOL, Notice.DONE]


def test_what_is_not_on_the_sheet_is_given_up_after_three_tries(serial):
    gun = serial()
    steps, notices = play(gun, lambda symbol: gun.scan(b"6901234567892", "]E0"))
    assert ends(steps) == ["unexplained"]
    assert notices[:4] == [Notice.PLEASE_SCAN, Notice.NOT_THE_SHEET, Notice.NOT_THE_SHEET, Notice.DONE]


def test_a_scanner_from_which_nothing_comes_is_an_error_after_the_first_symbol(serial):
    async def nothing(_symbol):
        pass

    with pytest.raises(SilentScannerError) as silent:
        play(serial(), nothing, timeout_s=0.2)
    assert silent.value.code == "scanner.selftest.silent"
    assert "0.2" in silent.value.words.zh


def test_a_device_that_is_not_there_asks_nobody_to_scan(tmp_path):
    spec = parse_spec(f"serial:{tmp_path}/none")
    told = []
    with pytest.raises(DeviceMissingError):
        asyncio.run(try_scanner(open_scanner(spec), spec, timeout_s=5, tell=lambda *news: told.append(news)))
    assert told == []


def test_a_cable_that_comes_out_ends_the_test(serial):
    gun = serial()

    async def pull(_symbol):
        gun.unplug()

    with pytest.raises(DeviceLostError):
        play(gun, pull)
