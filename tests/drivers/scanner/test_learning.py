"""What the scans of the sheet tell: exactly how the scanner is set, or that it cannot be told."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.scanner.bursts import Burst
from drivers.scanner.case import Case
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.learning import Certainty, Topic, learn
from drivers.scanner.profile import delivered, make_profile
from drivers.scanner.selftest import SHEET, Symbol
from drivers.scanner.sighting import sightings
from drivers.scanner.simulated.habit import Habit
from drivers.scanner.simulated.keyboard import reports_of
from drivers.scanner.simulated.pos import encode_reports
from drivers.scanner.spec import ReportLayout, ScannerSpec
from drivers.scanner.spec_line import parse_spec
from drivers.scanner.strokes import END_KEYS, EndKey, GsTyping, Manner, tap, type_code

SERIAL = "serial:/dev/ttyACM0"
KEYBOARD = "keyboard:/dev/input/event3"
POS = "pos:/dev/hidraw0"
NAMES = tuple(symbol.name for symbol in SHEET)


@dataclass(frozen=True)
class Device:
    """A simulated device: what it sends for a symbol, and how it is set, as `learn` should say it."""

    spec: ScannerSpec
    bursts: dict[str, Burst]
    truth: dict[Topic, str]


SEPARATORS = {b"\x1d": "gs", b"": "dropped", b" ": "space", b"^": "^", b"|": "|", b"~": "~", b"<GS>": "text '<GS>'"}
SERIAL_SUFFIXES = {b"\r": "cr", b"\n": "lf", b"\r\n": "crlf", b"\t": "tab", b"\x03": "etx", b"": "none"}
PREFIXES = {b"": "none", b"\x02": "text '\\x02'", b"A": "text 'A'"}


def aim_of(symbol: Symbol, *, sends_aim: bool) -> bytes:
    return symbol.symbology.encode() if sends_aim else b""


@st.composite
def serial_devices(draw) -> Device:
    gs, suffix = draw(st.sampled_from(list(SEPARATORS))), draw(st.sampled_from(list(SERIAL_SUFFIXES)))
    prefix, case, sends_aim = draw(st.sampled_from(list(PREFIXES))), draw(st.sampled_from(Case)), draw(st.booleans())
    habit = Habit(prefix, gs, case, turns_aim=draw(st.booleans()))
    cut = draw(st.integers(1, 9))
    bursts = {}
    for symbol in SHEET:
        whole = habit.sent(symbol.code, aim_of(symbol, sends_aim=sends_aim)) + suffix
        bursts[symbol.name] = tuple(whole[at : at + cut] for at in range(0, len(whole), cut))
    truth = {
        Topic.SUFFIX: SERIAL_SUFFIXES[suffix],
        Topic.PREFIX: PREFIXES[prefix],
        Topic.AIM: "on" if sends_aim else "off",
        Topic.SEPARATOR: SEPARATORS[gs],
        Topic.CASE: case.value,
    }
    return Device(parse_spec(SERIAL), bursts, truth)


ENDS = {EndKey.ENTER: "cr", EndKey.KEYPAD_ENTER: "cr", EndKey.TAB: "tab", None: "none"}
TYPED_GS = {
    GsTyping.ALT_029: "alt_029",
    GsTyping.CTRL_BRACKET: "ctrl_bracket",
    GsTyping.DOWN: "down",
    GsTyping.F8: "f8",
    GsTyping.DROPPED: "dropped",
}


@st.composite
def keyboard_devices(draw) -> Device:
    layout, typing = draw(st.sampled_from(list(LAYOUTS))), draw(st.sampled_from(GsTyping))
    gs = draw(st.sampled_from([b"\x1d", b"^", b" ", b"|"]))
    end, manner = draw(st.sampled_from(list(ENDS))), draw(st.sampled_from(Manner))
    prefix, case, sends_aim = draw(st.sampled_from([b"", b"A"])), draw(st.sampled_from(Case)), draw(st.booleans())
    habit = Habit(prefix, gs, case, turns_aim=draw(st.booleans()))
    bursts = {}
    for symbol in SHEET:
        sent = habit.sent(symbol.code, aim_of(symbol, sends_aim=sends_aim))
        strokes = [*type_code(sent, LAYOUTS[layout], typing, manner), *([] if end is None else [tap(END_KEYS[end])])]
        bursts[symbol.name] = tuple(reports_of(strokes, 100.0))
    truth = {
        Topic.SUFFIX: ENDS[end],
        Topic.PREFIX: PREFIXES[prefix],
        Topic.AIM: "on" if sends_aim else "off",
        Topic.SEPARATOR: TYPED_GS[typing] if gs == b"\x1d" else SEPARATORS[gs],
        Topic.CASE: case.value,
        Topic.LAYOUT: layout,
        Topic.MANNER: manner.value,
    }
    return Device(parse_spec(KEYBOARD), bursts, truth)


@st.composite
def pos_devices(draw) -> Device:
    layout = draw(st.sampled_from([ReportLayout.AIM, ReportLayout.PLAIN, ReportLayout.BARE]))
    gs, suffix = draw(st.sampled_from(list(SEPARATORS))), draw(st.sampled_from([b"", b"\r"]))
    case, sends_aim = draw(st.sampled_from(Case)), draw(st.booleans())
    habit = Habit(gs=gs, case=case)
    bursts = {}
    for symbol in SHEET:
        aim, in_field = aim_of(symbol, sends_aim=sends_aim), layout is ReportLayout.AIM
        sent = habit.sent(symbol.code, b"" if in_field else aim) + suffix
        bursts[symbol.name] = tuple(encode_reports(sent, aim if in_field else b"", layout))
    truth = {
        Topic.SUFFIX: SERIAL_SUFFIXES[suffix],
        Topic.PREFIX: "none",
        Topic.AIM: "on" if sends_aim else "off",
        Topic.SEPARATOR: SEPARATORS[gs],
        Topic.CASE: case.value,
        Topic.REPORTS: layout.value,
    }
    return Device(parse_spec(POS), bursts, truth)


DEVICES = st.one_of(serial_devices(), keyboard_devices(), pos_devices())


def learned(device: Device, names: frozenset[str] = frozenset(NAMES)) -> dict:
    seen = {name: sightings(device.bursts[name], device.spec) for name in NAMES if name in names}
    return {one.topic: one for one in learn(seen, device.spec.kind)}


@pytest.mark.req("T-22")
@pytest.mark.req("T-20")
@given(DEVICES)
@settings(max_examples=150, deadline=None)
def test_the_whole_sheet_tells_exactly_how_a_scanner_is_set(device):
    conclusions = learned(device)
    is_by_number = device.truth.get(Topic.MANNER) == Manner.ALT
    for topic, value in device.truth.items():
        if topic is Topic.LAYOUT and is_by_number:
            assert set(conclusions[topic].values) == set(LAYOUTS)
            assert conclusions[topic].certainty is Certainty.OPEN
        else:
            assert (topic, conclusions[topic].told) == (topic, value)


@pytest.mark.req("T-22")
@given(DEVICES, st.frozensets(st.sampled_from(NAMES)))
@settings(max_examples=150, deadline=None)
def test_a_part_of_the_sheet_tells_the_truth_or_leaves_it_open(device, names):
    for topic, conclusion in learned(device, names).items():
        assert conclusion.certainty is not Certainty.TORN
        if conclusion.values:
            assert device.truth[topic] in conclusion.values
        if conclusion.certainty is Certainty.TOLD:
            assert conclusion.told == device.truth[topic]
            assert set(conclusion.evidence) <= names


LINES = {
    "serial": (SERIAL, {";gs=~", ";aim=off", ";suffix=tab"}),
    "keyboard": (KEYBOARD, {";layout=de", ";gs=~", ";aim=off", ";suffix=tab"}),
    "pos": (POS, set()),
}
"""Where each kind is, and the wrong settings that its line may have."""


def arriving(device: Device) -> set[str]:
    """The separators that the terminal gets, once the line is right."""
    stand_ins = set() if device.spec.kind == "pos" else {"^", "|", "~"}
    return {"gs", "alt_029", "ctrl_bracket", "down", "f8"} | stand_ins


AT_THE_SCANNER = {
    "scanner.setup.gs_dropped",
    "scanner.setup.gs_replaced_unusable",
    "scanner.setup.gs_replaced",
    "scanner.setup.case_folded",
    "scanner.setup.case_inverted",
    "scanner.setup.prefix",
    "scanner.setup.suffix",
}
"""Advice that, without a setting, only the scanner's own programming can follow."""


@pytest.mark.req("T-20")
@pytest.mark.req("T-22")
@given(DEVICES, st.sampled_from(["", ";layout=de", ";gs=~", ";aim=off", ";suffix=tab"]))
@settings(max_examples=150, deadline=None)
def test_with_the_proposed_line_every_code_comes_to_the_byte_or_the_scanner_is_to_blame(device, wrong):
    address, known = LINES[device.spec.kind]
    line = address + wrong if wrong in known else address
    seen = {name: sightings(device.bursts[name], device.spec) for name in NAMES}
    profile = make_profile(line, device.bursts, seen)

    to_blame = {one.code for one in profile.advice if one.is_fault and not one.setting}
    spec = parse_spec(profile.proposed)
    came = {name: delivered(spec, device.bursts[name]) for name in NAMES}
    if not to_blame & AT_THE_SCANNER:
        assert came == {symbol.name: (symbol.code,) for symbol in SHEET}
    after = make_profile(profile.proposed, device.bursts, seen)
    assert {one.code for one in after.advice if one.setting} == set()
    assert after.proposed == profile.proposed
    assert after.gs_ok == any(b"\x1d" in raw for raw in came["gs1_datamatrix"])
    assert after.gs_ok == (device.truth[Topic.SEPARATOR] in arriving(device))
