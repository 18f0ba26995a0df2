"""Going through the sheet with one scanner: any order, wrong codes, breaks, and what is said at the end."""

from __future__ import annotations

import pytest

from drivers.scanner.advice import advise
from drivers.scanner.bursts import MOST_BYTES, QUIET_S, Bursts
from drivers.scanner.conclusion_words import words_of_topic, words_of_values
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.learning import Certainty, Conclusion, Topic, learn
from drivers.scanner.selftest import SHEET
from drivers.scanner.setup import IDLE_S, NoSetUpError, Said, SetUp, Stage
from drivers.scanner.sighting import sightings
from drivers.scanner.simulated.keyboard import reports_of
from drivers.scanner.spec import ScannerKind
from drivers.scanner.spec_line import parse_spec
from drivers.scanner.strokes import GsTyping, tap, type_code

LINE = "serial:/dev/left;name=left"
NAMES = [symbol.name for symbol in SHEET]


class Hand:
    """Somebody who scans, with a clock."""

    def __init__(self, line: str = LINE) -> None:
        self.now = 100.0
        self.setup = SetUp(line, self.now)

    def scan(self, sent: bytes) -> None:
        self.now += 1.0
        self.setup.feed(sent, self.now)
        self.now += QUIET_S
        self.setup.tick(self.now)


def test_symbols_may_come_in_any_order_and_the_last_of_one_counts():
    hand = Hand()
    for symbol in reversed(SHEET):
        hand.scan(symbol.code + b"\n")
        hand.scan(symbol.code + b"\r") if symbol is not SHEET[0] else None
    assert hand.setup.stage is Stage.DONE
    suffix = next(one for one in hand.setup.profile().conclusions if one.topic is Topic.SUFFIX)
    assert (suffix.certainty, suffix.values) == (Certainty.TORN, ("cr", "lf"))


@pytest.mark.parametrize("sent", [b"6901234567892\r", SHEET[0].code + b"\r" + SHEET[1].code + b"\r"])
def test_what_is_not_one_symbol_is_named_and_counts_for_nothing(sent):
    hand = Hand()
    hand.scan(sent)
    shown = hand.setup.show()
    assert (shown.last.said, shown.next_symbol, shown.stage) == (Said.STRANGE, NAMES[0], Stage.RUNNING)
    assert "<CR>" in shown.last.text


def test_a_second_code_within_the_silence_is_heard_when_the_next_one_comes():
    setup = SetUp(LINE, 0.0)
    setup.feed(SHEET[0].code + b"\r", 1.0)
    setup.feed(SHEET[1].code + b"\r", 1.0 + QUIET_S)
    assert (setup.news, setup.next_symbol) == (1, SHEET[1])


def test_skipped_symbols_are_named_as_unread_and_leave_the_separator_open():
    hand = Hand()
    hand.scan(SHEET[0].code + b"\r")
    for name in NAMES:
        hand.setup.skip(name, hand.now)
    assert hand.setup.stage is Stage.DONE
    profile = hand.setup.profile()
    assert (profile.gs_ok, profile.read, profile.is_good) == (None, (NAMES[0],), False)
    assert [one.code for one in profile.advice].count("scanner.setup.not_read") == len(SHEET) - 1
    separator = next(one for one in profile.conclusions if one.topic is Topic.SEPARATOR)
    assert (separator.certainty, separator.values) == (Certainty.OPEN, ())
    assert words_of_values(separator).zh == "还不知道"


def test_a_set_up_ends_after_minutes_without_a_scan_and_takes_nothing_more():
    hand = Hand()
    hand.now += IDLE_S
    hand.setup.tick(hand.now)
    assert hand.setup.stage is Stage.IDLE
    hand.scan(SHEET[0].code + b"\r")
    hand.setup.stop()
    assert (hand.setup.stage, hand.setup.show().profile, hand.setup.next_symbol) == (Stage.IDLE, None, SHEET[0])


def test_a_camera_has_nothing_to_set_up():
    with pytest.raises(NoSetUpError):
        SetUp("camera:0", 0.0)


def test_a_device_that_never_stops_is_not_kept_without_end():
    bursts = Bursts()
    for _ in range(3):
        bursts.feed(b"x" * MOST_BYTES, 0.0)
    assert sum(map(len, bursts.quiet(QUIET_S))) == MOST_BYTES


@pytest.mark.req("C-04")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_persons_number_is_masked_in_whatever_layout_it_was_typed(layout):
    hand = Hand("keyboard:/dev/x")
    strokes = [*type_code(b"11010519491231002X", LAYOUTS[layout], GsTyping.ALT_029), tap(28)]
    hand.scan(b"".join(reports_of(strokes, 1.0)))
    assert "19491231" not in hand.setup.show().last.text
    assert "…" in hand.setup.show().last.text


def codes(line: str, *conclusions: tuple[Topic, str]) -> list[tuple[str, str]]:
    told = [Conclusion(topic, (value,), Certainty.TOLD, ("qr",)) for topic, value in conclusions]
    return [(one.code.rpartition(".")[2], one.setting) for one in advise(told, parse_spec(line), ())]


@pytest.mark.req("T-22")
@pytest.mark.parametrize(
    ("line", "topic", "value", "expected"),
    [
        ("serial:/dev/x", Topic.SEPARATOR, "dropped", [("gs_dropped", "")]),
        ("serial:/dev/x", Topic.SEPARATOR, "space", [("gs_replaced_unusable", "")]),
        ("serial:/dev/x", Topic.SEPARATOR, "$", [("gs_replaced_unusable", "")]),
        ("serial:/dev/x", Topic.SEPARATOR, "^", [("gs_replaced", "gs=^")]),
        ("serial:/dev/x;gs=^", Topic.SEPARATOR, "^", []),
        ("serial:/dev/x;gs=^", Topic.SEPARATOR, "gs", [("gs_replaced_in_vain", "gs=")]),
        ("pos:/dev/x", Topic.SEPARATOR, "^", [("gs_replaced_unusable", "")]),
        ("keyboard:/dev/x", Topic.SEPARATOR, "f8", [("gs_by_key", "gs=f8")]),
        ("keyboard:/dev/x;gs=down", Topic.SEPARATOR, "down", []),
        ("keyboard:/dev/x", Topic.SEPARATOR, "key 105", [("gs_unknown_key", "")]),
        ("keyboard:/dev/x", Topic.CASE, "inverted", [("case_inverted", "invert_case=yes")]),
        ("serial:/dev/x", Topic.CASE, "inverted", [("case_inverted", "")]),
        ("keyboard:/dev/x;invert_case=yes", Topic.CASE, "as_is", [("case_turned_in_vain", "invert_case=no")]),
        ("serial:/dev/x", Topic.CASE, "upper", [("case_folded", "")]),
        ("keyboard:/dev/x", Topic.LAYOUT, "fr", [("layout", "layout=fr")]),
        ("keyboard:/dev/x", Topic.MANNER, "alt", [("alt_codes", "")]),
        ("serial:/dev/x", Topic.SUFFIX, "none", [("suffix_missing", "")]),
        ("serial:/dev/x;suffix=cr", Topic.SUFFIX, "tab", [("suffix_known", "suffix=tab")]),
        ("serial:/dev/x", Topic.SUFFIX, "text '#'", [("suffix", "")]),
        ("serial:/dev/x", Topic.PREFIX, "text 'A'", [("prefix", "")]),
        ("serial:/dev/x;aim=on", Topic.AIM, "off", [("aim_off", "aim=auto")]),
        ("serial:/dev/x;aim=off", Topic.AIM, "on", [("aim_on", "aim=on")]),
        ("pos:/dev/x", Topic.REPORTS, "bare", [("reports", "reports=bare")]),
    ],
)
def test_each_fault_has_its_advice(line, topic, value, expected):
    assert codes(line, (topic, value)) == expected


@pytest.mark.parametrize(
    ("line", "topic", "value", "is_fault", "is_good", "said"),
    [
        ("serial:/dev/x", Topic.SUFFIX, "cr", False, True, "结束符是 CR。"),
        ("serial:/dev/x;suffix=lf", Topic.SUFFIX, "cr", True, False, "结束符是 CR，配置写的是 LF。"),
        ("serial:/dev/x", Topic.AIM, "on", False, True, "扫码枪发送码制标识（AIM ID）。"),
        ("serial:/dev/x;aim=off", Topic.AIM, "on", True, False, "配置却写着不发送"),
        ("serial:/dev/x", Topic.AIM, "off", False, False, "没有发送码制标识"),
        ("keyboard:/dev/x", Topic.MANNER, "alt", False, False, "Alt+数字"),
        ("pos:/dev/x", Topic.REPORTS, "plain", False, True, "plain"),
        ("pos:/dev/x", Topic.REPORTS, "bare", True, False, "bare"),
    ],
)
def test_what_is_well_is_good_news_and_what_is_wrong_says_what_the_configuration_says(
    line, topic, value, *, is_fault, is_good, said
):
    (one,) = advise([Conclusion(topic, (value,), Certainty.TOLD, ("qr",))], parse_spec(line), ())
    assert (one.is_fault, one.is_good) == (is_fault, is_good)
    assert said in one.words.zh


@pytest.mark.req("T-22")
def test_codes_that_contradict_each_other_are_named():
    spec = parse_spec(LINE)
    sent = {NAMES[0]: b"]C0" + SHEET[0].code, NAMES[1]: SHEET[1].code.swapcase(), NAMES[2]: SHEET[2].code}
    seen = {name: sightings((code + b"\r",), spec) for name, code in sent.items()}
    torn = [one for one in learn(seen, ScannerKind.SERIAL) if one.certainty is Certainty.TORN]
    assert [(one.topic, one.values) for one in torn] == [
        (Topic.AIM, ("off", "on")),
        (Topic.CASE, ("as_is", "inverted")),
    ]
    said = [one.words.zh for one in advise(torn, spec, ())]
    assert said == ["各个码的码制标识（AIM ID）不一致（不发送、发送）。", "各个码的大小写不一致（不变、大小写颠倒）。"]


def test_every_topic_has_a_name():
    assert all(words_of_topic(topic).zh for topic in Topic)
