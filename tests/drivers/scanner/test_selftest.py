"""The calibration scan names what is wrong with a scanner's settings, and the setting that puts it right."""

from __future__ import annotations

import asyncio
import functools
import itertools

import pytest

from codes.reading import Scan
from drivers.scanner import parse_spec
from drivers.scanner.selftest import CALIBRATION_CODE, CALIBRATION_SYMBOLOGY, TRIAL, Finding, examine
from drivers.scanner.simulated.keyboard import SimulatedKeyboardScanner
from drivers.scanner.simulated.serial import SimulatedSerialScanner
from drivers.scanner.simulated.twin import Fault
from drivers.scanner.strokes import GsTyping

LAYOUTS = ("us", "uk", "de", "fr")


def calibrate(gun, spec: str, listen, fault: Fault | None = None) -> tuple[Finding, ...]:
    """Scan the calibration symbol with a simulated scanner, read as `spec` says, and examine what came."""

    async def play() -> tuple[Scan, bool]:
        async with listen(spec + ";silence_ms=20") as ear:
            await gun.scan(CALIBRATION_CODE, CALIBRATION_SYMBOLOGY, fault=fault)
            scans = await ear.count(1)
            return scans[0], ear.scanner.progress.unterminated == 0

    scan, was_terminated = asyncio.run(play())
    gun.close()
    return examine(scan, parse_spec(spec), was_terminated=was_terminated)


@pytest.fixture
def typist(tmp_path, random, no_wait):
    """Make a simulated keyboard scanner with these settings."""
    return functools.partial(SimulatedKeyboardScanner, tmp_path / "keys", random=random, wait=no_wait)


def ends(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.code.rpartition(".")[2], finding.setting) for finding in findings]


@pytest.mark.req("T-22")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_scanner_that_is_set_well_has_no_findings(typist, listen, layout):
    gun = typist(layout=layout, sends_aim=True)
    assert calibrate(gun, gun.spec, listen) == ()


@pytest.mark.req("T-22")
@pytest.mark.parametrize("sends_aim", [False, True])
@pytest.mark.parametrize(("layout", "configured"), list(itertools.permutations(LAYOUTS, 2)))
def test_a_wrong_layout_is_named_with_the_right_one(typist, listen, layout, configured, sends_aim):
    gun = typist(layout=layout, sends_aim=sends_aim)
    findings = calibrate(gun, gun.spec.replace(f"layout={layout}", f"layout={configured}"), listen)
    assert ends(findings) == [("layout", f"layout={layout}")] + ([] if sends_aim else [("no_aim", "")])
    assert layout in findings[0].words.zh
    assert configured in findings[0].words.en


@pytest.mark.req("T-22")
@pytest.mark.parametrize(
    ("settings", "fault", "expected"),
    [
        ({}, Fault.INVERTED_CASE, [("case_inverted", "invert_case=yes")]),
        ({}, Fault.DROP_GS, [("gs_missing", "")]),
        ({"gs": GsTyping.DOWN}, None, [("gs_by_arrow", "gs=down")]),
        ({}, Fault.NO_SUFFIX, [("no_suffix", "")]),
        (
            {"layout": "de", "gs": GsTyping.DOWN},
            Fault.INVERTED_CASE,
            [("layout", "layout=de"), ("gs_by_arrow", "gs=down"), ("case_inverted", "invert_case=yes")],
        ),
        ({"layout": "fr"}, Fault.DROP_GS, [("layout", "layout=fr"), ("gs_missing", "")]),
    ],
)
def test_what_a_keyboard_scanner_does_wrong_is_named(typist, listen, settings, fault, expected):
    gun = typist(**settings)
    findings = calibrate(gun, gun.spec.partition(";")[0], listen, fault)
    assert sorted(ends(findings)) == sorted([*expected, ("no_aim", "")])


@pytest.mark.req("T-22")
@pytest.mark.parametrize(("fold", "came"), [("upper", bytes.upper), ("lower", bytes.lower)])
def test_folded_case_is_named_and_has_no_setting_that_would_undo_it(fold, came):
    spec = parse_spec("keyboard:/dev/input/event3")
    findings = examine(Scan(came(CALIBRATION_CODE), CALIBRATION_SYMBOLOGY), spec, was_terminated=True)
    assert ends(findings) == [("case_folded", "")]


@pytest.mark.req("T-22")
def test_case_that_is_turned_back_without_need_is_named(typist, listen):
    gun = typist(sends_aim=True)
    assert ends(calibrate(gun, f"{gun.spec};invert_case=yes", listen)) == [("case_not_inverted", "invert_case=no")]


@pytest.mark.req("T-22")
def test_findings_that_a_setting_cures_are_gone_with_it(typist, listen):
    gun = typist(layout="fr", gs=GsTyping.DOWN, sends_aim=True)
    address = gun.spec.partition(";")[0]

    async def examine_with(settings: str) -> tuple[Finding, ...]:
        async with listen(f"{address}{settings}") as ear:
            await gun.scan(CALIBRATION_CODE, CALIBRATION_SYMBOLOGY, fault=Fault.INVERTED_CASE)
            (scan,) = await ear.count(1)
            return examine(scan, parse_spec(f"{address}{settings}"), was_terminated=True)

    async def play():
        first = await examine_with(";layout=us")
        settings = "".join(f";{finding.setting}" for finding in first if finding.setting)
        return settings, await examine_with(settings)

    settings, after = asyncio.run(play())
    assert settings == ";layout=fr;gs=down;invert_case=yes"
    assert after == ()
    gun.close()


@pytest.mark.req("T-22")
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (CALIBRATION_CODE, []),
        (CALIBRATION_CODE.replace(b"\x1d", b""), [("gs_missing", "")]),
        (CALIBRATION_CODE.replace(b"\x1d", b"~"), [("gs_replaced", "gs=~")]),
        (CALIBRATION_CODE.upper().replace(b"\x1d", b"|"), [("gs_replaced", "gs=|"), ("case_folded", "")]),
        (CALIBRATION_CODE[:-1], [("unexplained", "")]),
        (b"83857930000879766660", [("unexplained", "")]),
    ],
)
def test_what_a_serial_scanner_does_wrong_is_named(raw, expected):
    spec = parse_spec("serial:/dev/ttyACM0")
    assert ends(examine(Scan(raw, CALIBRATION_SYMBOLOGY), spec, was_terminated=True)) == expected


def test_a_serial_scanner_straight_from_the_box_is_told_to_send_suffix_and_symbology(tmp_path, random, no_wait, listen):
    gun = SimulatedSerialScanner(tmp_path / "gun", random=random, wait=no_wait)
    findings = calibrate(gun, gun.spec, listen, Fault.NO_SUFFIX)
    assert ends(findings) == [("no_aim", ""), ("no_suffix", "")]


@pytest.mark.req("T-22")
@pytest.mark.parametrize(
    ("raw", "symbology", "expected"),
    [
        (CALIBRATION_CODE, "]d2", []),
        (CALIBRATION_CODE.replace(b"\x1d", b""), None, [("gs_missing", ""), ("no_aim", "")]),
    ],
)
def test_a_hid_pos_scanner_is_examined_too(raw, symbology, expected):
    spec = parse_spec("pos:/dev/hidraw0")
    assert ends(examine(Scan(raw, symbology), spec, was_terminated=True)) == expected


@pytest.mark.parametrize("symbol", TRIAL, ids=[symbol.name for symbol in TRIAL])
@pytest.mark.parametrize(
    ("line", "turn", "expected"),
    [
        ("serial:/dev/ttyACM0", bytes, []),
        ("keyboard:/dev/input/event3", bytes, []),
        ("keyboard:/dev/input/event3;invert_case=yes", bytes, []),
        ("serial:/dev/ttyACM0", bytes.upper, [("case_folded", "")]),
    ],
)
def test_every_symbol_of_the_sheet_is_examined_by_the_same_rules(symbol, line, turn, expected):
    scan = Scan(turn(symbol.code), symbol.symbology)
    if symbol.name == "code128":
        expected = []  # no letters: case cannot be told
    assert ends(examine(scan, parse_spec(line), was_terminated=True, symbol=symbol)) == expected


def test_another_code_on_a_keyboard_scanner_is_not_explained_away():
    spec = parse_spec("keyboard:/dev/input/event3")
    scan = Scan(b"83857930000879766660", "]C0")
    assert ends(examine(scan, spec, was_terminated=True)) == [("unexplained", "")]
