"""Key presses become scans: every layout, every way to type a separator, and nothing that vanishes."""

from __future__ import annotations

import string
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.classify import read
from codes.reading import Flag, Kind, Scan
from drivers.scanner import input_event as keys
from drivers.scanner import parse_spec
from drivers.scanner.decoder import GAP, MAX_SCAN_BYTES
from drivers.scanner.keystrokes import KeyDecoder
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.strokes import GsTyping, Manner, Stroke, tap, type_code

TRACE = b"83857930000879766660"
GS1 = b"010690123456789217280131" + b"10LOT1\x1d21SN1"
PRINTABLE = (string.ascii_letters + string.digits + string.punctuation + " ").encode()


def decoder(settings: str = "") -> KeyDecoder:
    spec = parse_spec(f"keyboard:/dev/input/event3;name=left{settings}")
    return KeyDecoder(spec, LAYOUTS[spec.layout])


def records(strokes: Iterable[Stroke], *, start: float = 100.0, key_s: float = 0.003) -> bytes:
    """Write strokes as the kernel does, `key_s` apart."""
    written = b""
    for number, stroke in enumerate(strokes):
        for code, value in stroke:
            written += keys.pack(start + number * key_s, keys.EV_KEY, code, value)
            written += keys.pack(start + number * key_s, keys.EV_SYN, keys.SYN_REPORT, 0)
    return written


def typed(code: bytes, layout: str = "us", gs: GsTyping = GsTyping.ALT_029, **pace: float) -> bytes:
    return records([*type_code(code, LAYOUTS[layout], gs), tap(keys.KEY_ENTER)], **pace)


def raws(scans: list[Scan]) -> list[bytes]:
    return [scan.raw for scan in scans]


@pytest.mark.req("T-20")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_printable_character_survives_every_layout(layout):
    (scan,) = decoder(f";layout={layout}").feed(typed(PRINTABLE, layout), 0.0)
    assert scan == Scan(raw=PRINTABLE, source="keyboard:left")


@pytest.mark.req("T-22")
def test_a_layout_that_is_not_the_scanners_gives_another_code():
    (scan,) = decoder(";layout=us").feed(typed(b"AZ-12", "fr"), 0.0)
    assert scan.raw != b"AZ-12"


@pytest.mark.req("T-20")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("gs", [GsTyping.ALT_029, GsTyping.CTRL_BRACKET])
def test_the_group_separator_is_known_without_configuration(layout, gs):
    (scan,) = decoder(f";layout={layout}").feed(typed(GS1, layout, gs), 0.0)
    assert (scan.raw, scan.flags) == (GS1, ())


@pytest.mark.req("T-20")
def test_f8_is_the_separator_of_a_device_that_is_set_so_and_a_gap_elsewhere():
    (scan,) = decoder(";gs=f8").feed(typed(GS1, gs=GsTyping.F8), 0.0)
    assert (scan.raw, scan.flags) == (GS1, ())
    (scan,) = decoder(";gs=dropped").feed(typed(GS1, gs=GsTyping.F8), 0.0)
    assert (GAP in scan.raw, scan.flags) == (True, (Flag.UNDECODABLE,))


@pytest.mark.req("T-20")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_character_that_stands_for_the_separator_is_replaced_and_flagged(layout):
    (scan,) = decoder(f";layout={layout};gs=^").feed(typed(GS1.replace(b"\x1d", b"^"), layout), 0.0)
    assert (scan.raw, scan.flags) == (GS1, (Flag.GS_SUBSTITUTE,))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("manner", [Manner.KEYPAD, Manner.ALT])
def test_digits_on_the_keypad_and_alt_codes_give_the_same_code(layout, manner):
    strokes = [*type_code(GS1, LAYOUTS[layout], GsTyping.ALT_029, manner), tap(keys.KEY_ENTER)]
    (scan,) = decoder(f";layout={layout}").feed(records(strokes), 0.0)
    assert (scan.raw, scan.flags) == (GS1, ())


def test_a_down_arrow_is_the_separator_of_a_device_that_is_set_so():
    (scan,) = decoder(";gs=down").feed(typed(GS1, gs=GsTyping.DOWN), 0.0)
    assert (scan.raw, scan.flags) == (GS1, ())


def test_a_down_arrow_nobody_explained_marks_the_scan_instead_of_joining_two_fields():
    (scan,) = decoder().feed(typed(GS1, gs=GsTyping.DOWN), 0.0)
    assert (scan.raw, scan.flags) == (GS1.replace(b"\x1d", GAP), (Flag.UNDECODABLE,))


def test_a_down_arrow_is_ignored_where_the_device_is_known_to_drop_separators():
    (scan,) = decoder(";gs=dropped").feed(typed(GS1, gs=GsTyping.DOWN), 0.0)
    assert (scan.raw, scan.flags) == (GS1.replace(b"\x1d", b""), ())


@pytest.mark.req("T-20")
@given(code=st.binary(min_size=1, max_size=40), layout=st.sampled_from(list(LAYOUTS)))
def test_any_bytes_survive_typing(code, layout):
    # Line ends are left out, because they end a code however they are typed.
    code = code.replace(b"\r", b"").replace(b"\n", b"") or b"8"
    (scan,) = decoder(f";layout={layout};suffix=enter;aim=off").feed(typed(code, layout), 0.0)
    assert (scan.raw, scan.flags) == (code, ())


@given(code=st.binary(min_size=1, max_size=12).map(bytes.hex), cuts=st.lists(st.integers(1, 50), min_size=1))
def test_records_may_be_cut_anywhere(code, cuts):
    device, stream, scans, place = decoder(), typed(code.encode()), [], 0
    while stream:
        length = cuts[place % len(cuts)]
        piece, stream, place = stream[:length], stream[length:], place + 1
        scans += device.feed(piece, 0.0)
    assert raws(scans) == [code.encode()]


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 2)), max_size=60), st.floats(0, 3))
def test_no_sequence_of_keys_can_break_the_decoder(actions, pace):
    device = decoder()
    device.feed(records([[action] for action in actions], key_s=pace), 0.0)
    device.silence(10.0)
    assert device.deadline is None
    assert device.unfinished_bytes == 0
    release = [[(key, keys.RELEASED)] for key in range(256)]
    caps = [tap(keys.KEY_CAPSLOCK)] * (sum(1 for action in actions if action == (keys.KEY_CAPSLOCK, 1)) % 2)
    device.feed(records(release + caps, start=500.0), 20.0)
    device.silence(30.0)
    assert raws(device.feed(typed(TRACE, start=600.0), 40.0)) == [TRACE]


@pytest.mark.parametrize("key", [keys.KEY_ENTER, keys.KEY_KPENTER, keys.KEY_TAB])
def test_enter_on_either_block_and_tab_end_a_code(key):
    strokes = [*type_code(TRACE, LAYOUTS["us"], GsTyping.ALT_029), tap(key)]
    device = decoder()
    assert raws(device.feed(records(strokes), 0.0)) == [TRACE]
    assert device.deadline is None


def test_tab_belongs_to_the_code_where_enter_ends_it():
    strokes = [*type_code(b"A", LAYOUTS["us"], GsTyping.ALT_029), tap(keys.KEY_TAB), tap(keys.KEY_ENTER)]
    assert raws(decoder(";suffix=enter").feed(records(strokes), 0.0)) == [b"A\t"]


def test_enter_alone_is_no_scan():
    assert decoder().feed(records([tap(keys.KEY_ENTER)] * 3), 0.0) == []


def test_ctrl_m_ends_a_code_as_enter_does():
    m = LAYOUTS["us"].strokes["m"].key
    strokes = [tap(LAYOUTS["us"].strokes["7"].key), tap(m, keys.KEY_LEFTCTRL)]
    assert raws(decoder().feed(records(strokes), 0.0)) == [b"7"]


def test_the_aim_identifier_is_split_off():
    (scan,) = decoder().feed(typed(b"]d2" + GS1), 0.0)
    assert (scan.symbology, scan.raw) == ("]d2", GS1)


def test_shift_held_over_many_keys_counts_for_each():
    a, b = (LAYOUTS["us"].strokes[letter].key for letter in "ab")
    down, up = (keys.KEY_RIGHTSHIFT, 1), (keys.KEY_RIGHTSHIFT, 0)
    strokes = [[down], tap(a), tap(b), [up], tap(a), tap(keys.KEY_ENTER)]
    assert raws(decoder().feed(records(strokes), 0.0)) == [b"ABa"]


def test_keypad_digits_and_signs_are_themselves_whatever_num_lock_says():
    strokes = [tap(keys.KEY_NUMLOCK), tap(79), tap(83), tap(82), tap(98), tap(keys.KEY_KPENTER)]
    assert raws(decoder().feed(records(strokes), 0.0)) == [b"1.0/"]


def test_autorepeat_types_nothing():
    a = LAYOUTS["us"].strokes["a"].key
    strokes = [[(a, 1), (a, 2), (a, 2), (a, 0)], [(keys.KEY_LEFTSHIFT, 2)], tap(a), tap(keys.KEY_ENTER)]
    assert raws(decoder().feed(records(strokes), 0.0)) == [b"aa"]


@pytest.mark.req("T-22")
def test_caps_lock_pressed_by_the_device_itself_turns_letters_only():
    strokes = [tap(keys.KEY_CAPSLOCK), *type_code(b"aB1!", LAYOUTS["us"], GsTyping.ALT_029)]
    strokes += [tap(keys.KEY_CAPSLOCK), *type_code(b"aB", LAYOUTS["us"], GsTyping.ALT_029), tap(keys.KEY_ENTER)]
    assert raws(decoder().feed(records(strokes), 0.0)) == [b"Ab1!aB"]


@pytest.mark.req("T-22")
def test_a_device_that_inverts_case_is_turned_back_where_configured():
    swapped = typed(b"]D2" + GS1.swapcase().replace(b"]D2", b""))
    (scan,) = decoder(";invert_case=yes").feed(swapped, 0.0)
    assert (scan.symbology, scan.raw) == ("]d2", GS1)


def test_text_in_gb18030_comes_by_alt_numbers_of_one_or_two_bytes():
    text = "阿莫西林".encode("gb18030")
    by_byte = typed(text)
    by_character = []
    for place in range(0, len(text), 2):
        digits = str(int.from_bytes(text[place : place + 2], "big"))
        by_character.append(
            [
                (keys.KEY_LEFTALT, 1),
                *(a for d in digits for a in tap({v: k for k, v in keys.KEYPAD.items()}[d])),
                (keys.KEY_LEFTALT, 0),
            ]
        )
    assert raws(decoder().feed(by_byte, 0.0)) == [text]
    assert raws(decoder().feed(records([*by_character, tap(keys.KEY_ENTER)]), 0.0)) == [text]


def test_an_alt_number_that_is_no_character_leaves_a_gap():
    nines = [action for _ in range(6) for action in tap(73)]
    strokes = [[(keys.KEY_LEFTALT, 1), *nines, (keys.KEY_LEFTALT, 0)], tap(keys.KEY_ENTER)]
    (scan,) = decoder().feed(records(strokes), 0.0)
    assert (scan.raw, scan.flags) == (GAP, (Flag.UNDECODABLE,))


@pytest.mark.parametrize(
    "stroke",
    [
        tap(59),
        tap(105),
        tap(30, keys.KEY_LEFTMETA),
        tap(30, keys.KEY_LEFTALT),
        tap(2, keys.KEY_LEFTCTRL),
        tap(86),
    ],
    ids=["F1", "left arrow", "meta+a", "alt+a", "ctrl+1", "key the layout has not"],
)
def test_a_key_that_means_nothing_leaves_a_gap(stroke):
    four, two = (tap(LAYOUTS["us"].strokes[digit].key) for digit in "42")
    (scan,) = decoder().feed(records([four, stroke, two, tap(keys.KEY_ENTER)]), 0.0)
    assert (scan.raw, scan.flags) == (b"4" + GAP + b"2", (Flag.UNDECODABLE,))


def test_a_dead_key_waits_for_the_next_one():
    circumflex, a = 41, LAYOUTS["de"].strokes["a"].key
    strokes = [tap(circumflex), tap(a), tap(circumflex), tap(circumflex), tap(keys.KEY_ENTER)]
    assert raws(decoder(";layout=de").feed(records(strokes), 0.0)) == [b"^a^^"]


def test_ctrl_and_alt_together_are_altgr():
    at = LAYOUTS["de"].strokes["@"].key
    strokes = [tap(at, keys.KEY_LEFTCTRL, keys.KEY_LEFTALT), tap(at, keys.KEY_RIGHTALT), tap(keys.KEY_ENTER)]
    assert raws(decoder(";layout=de").feed(records(strokes), 0.0)) == [b"@@"]


def test_lost_events_mark_the_scan_and_the_next_one_is_right():
    whole = typed(TRACE)
    cut = len(whole) // 3 // keys.RECORD.size * keys.RECORD.size
    dropped = keys.pack(100.0, keys.EV_SYN, keys.SYN_DROPPED, 0)
    untrusted = keys.pack(100.0, keys.EV_KEY, 30, 1) + keys.pack(100.0, keys.EV_SYN, 2, 0)
    report = keys.pack(100.0, keys.EV_SYN, keys.SYN_REPORT, 0)
    device = decoder()
    (scan,) = device.feed(whole[:cut] + dropped + untrusted + report + whole[cut + 480 :], 0.0)
    assert GAP in scan.raw
    assert b"a" not in scan.raw
    assert scan.flags == (Flag.UNDECODABLE,)
    assert raws(device.feed(typed(TRACE, start=101.0), 1.0)) == [TRACE]


def test_events_lost_between_scans_are_shown_as_a_scan_nobody_could_read():
    device = decoder()
    device.feed(keys.pack(1.0, keys.EV_SYN, keys.SYN_DROPPED, 0) + keys.pack(1.0, keys.EV_SYN, 0, 0), 1.0)
    assert device.deadline is not None
    assert device.silence(device.deadline) == [Scan(raw=GAP, source="keyboard:left", flags=(Flag.UNDECODABLE,))]


def test_a_shift_let_go_while_events_were_lost_does_not_stay_down():
    a = LAYOUTS["us"].strokes["a"].key
    lost = keys.pack(0.0, keys.EV_SYN, keys.SYN_DROPPED, 0) + keys.pack(0.0, keys.EV_SYN, keys.SYN_REPORT, 0)
    device = decoder()
    device.feed(records([[(keys.KEY_LEFTSHIFT, 1)]]) + lost, 0.0)
    assert raws(device.feed(records([tap(a), tap(keys.KEY_ENTER)]), 0.0)) == [GAP + b"a"]


def test_the_pace_of_a_hand_is_flagged_and_that_of_a_scanner_is_not():
    (by_hand,) = decoder().feed(typed(TRACE, key_s=0.12), 0.0)
    (scanned,) = decoder().feed(typed(TRACE, key_s=0.008), 0.0)
    (slow_scanner,) = decoder(";hand_pace_ms=80").feed(typed(TRACE, key_s=0.05), 0.0)
    assert by_hand == Scan(raw=TRACE, source="keyboard:left", flags=(Flag.TYPED,))
    assert scanned.flags == slow_scanner.flags == ()


def test_one_slow_key_does_not_make_a_hand():
    strokes = list(type_code(TRACE, LAYOUTS["us"], GsTyping.ALT_029))
    first = records(strokes[:10])
    rest = records([*strokes[10:], tap(keys.KEY_ENTER)], start=100.2)
    (scan,) = decoder().feed(first + rest, 0.0)
    assert (scan.raw, scan.flags) == (TRACE, ())


def test_a_scan_without_suffix_ends_by_silence_and_counts_as_unterminated():
    device = decoder()
    whole = records(type_code(TRACE, LAYOUTS["us"], GsTyping.ALT_029))
    assert device.feed(whole, 10.0) == []
    assert device.deadline == pytest.approx(10.25)
    assert raws(device.silence(10.25)) == [TRACE]
    assert device.unterminated == 1


def test_a_pause_between_two_scans_without_suffix_keeps_them_apart():
    first = records(type_code(TRACE, LAYOUTS["us"], GsTyping.ALT_029))
    second = typed(GS1, start=101.0)
    assert raws(decoder().feed(first + second, 0.0)) == [TRACE, GS1]


@pytest.mark.parametrize("settings", ["", ";suffix=enter"])
def test_a_code_that_is_held_up_on_its_way_is_not_taken_for_two(settings):
    device = decoder(settings)
    assert raws(device.feed(typed(TRACE, start=50.0), 0.0)) == [TRACE]
    assert device.feed(records(type_code(GS1[:30], LAYOUTS["us"], GsTyping.ALT_029)), 1.0) == []
    assert device.deadline == pytest.approx(2.0)
    assert raws(device.feed(typed(GS1[30:], start=100.9), 1.9)) == [GS1]


def test_a_person_has_longer_to_think_than_a_scanner():
    device = decoder()
    device.feed(records(type_code(b"8385", LAYOUTS["us"], GsTyping.ALT_029), key_s=0.4), 10.0)
    assert device.deadline == pytest.approx(12.0)


def test_a_clock_set_back_in_the_middle_of_a_scan_does_no_harm():
    first = records(type_code(TRACE[:10], LAYOUTS["us"], GsTyping.ALT_029), start=5000.0)
    (scan,) = decoder().feed(first + typed(TRACE[10:], start=100.0), 0.0)
    assert (scan.raw, scan.flags) == (TRACE, ())


def test_a_key_that_never_ends_is_bounded():
    device = decoder()
    for _ in range(40):
        device.feed(records(type_code(b"8" * 500, LAYOUTS["us"], GsTyping.ALT_029)), 0.0)
    assert device.unfinished_bytes <= MAX_SCAN_BYTES + 8
    (scan,) = device.feed(records([tap(keys.KEY_ENTER)]), 0.0)
    assert (len(scan.raw), scan.flags) == (MAX_SCAN_BYTES, (Flag.TOO_LONG,))


def test_a_scan_soon_after_an_endless_one_is_not_joined_to_it():
    device = decoder(";suffix=enter")
    device.feed(records(type_code(b"8" * 9000, LAYOUTS["us"], GsTyping.ALT_029), key_s=0.001), 0.0)
    long, good = device.feed(typed(TRACE, start=109.5), 9.5)
    assert (len(long.raw), long.flags) == (MAX_SCAN_BYTES, (Flag.TOO_LONG,))
    assert (good.raw, good.flags) == (TRACE, ())


@pytest.mark.req("T-21")
def test_two_scanners_that_type_in_turns_never_mix():
    left, right = decoder(), decoder(";layout=de;gs=down")
    ours, theirs = typed(b"AbC" + GS1), typed(GS1.swapcase() + b"xYz", "de", GsTyping.DOWN)
    scans: list[Scan] = []
    step = keys.RECORD.size * 2
    for place in range(0, max(len(ours), len(theirs)), step):
        scans += left.feed(ours[place : place + step], 0.0)
        scans += right.feed(theirs[place : place + step], 0.0)
    assert sorted(raws(scans)) == sorted([b"AbC" + GS1, GS1.swapcase() + b"xYz"])


@pytest.mark.req("C-01")
@pytest.mark.parametrize(
    "code", [TRACE, GS1, b"MA.156.M0.100761.21234561.Sx00008.M220117.C3", b"6924561884074", b"+A123BJC5D6E71G"]
)
def test_a_gap_anywhere_keeps_a_code_from_being_read_as_a_whole_one(code):
    for place in range(len(code) + 1):
        scan = Scan(code[:place] + GAP + code[place:], flags=(Flag.UNDECODABLE,))
        assert read(scan).kind is Kind.UNKNOWN


def test_a_number_without_end_on_the_keypad_is_a_gap_and_breaks_nothing():
    alt, digit = keys.KEY_LEFTALT, next(iter(keys.KEYPAD))
    held = [(alt, keys.PRESSED), *[(digit, keys.PRESSED)] * 5_000, (alt, keys.RELEASED)]
    (scan,) = decoder().feed(records([held, tap(keys.KEY_ENTER)]), 0.0)
    assert (scan.raw, scan.flags) == (GAP, (Flag.UNDECODABLE,))
