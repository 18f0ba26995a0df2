"""When a code that was seen counts as a scan."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.scanner.confirm import Confirmation
from drivers.scanner.symbols import Carrier, Code, Quad

BARS = Carrier.CODE_128
MATRIX = Carrier.DATA_MATRIX


def code(raw: bytes = b"83857930000879766660", carrier: Carrier = BARS, *, x: float = 0) -> Code:
    return Code(raw, carrier, None, is_gs1=False, position=Quad((x, 0), (x + 9, 0), (x + 9, 9), (x, 9)), step="fast")


def test_bars_need_two_frames_of_three() -> None:
    confirmation = Confirmation()
    assert confirmation.see([code()], 0.0) == []
    assert confirmation.is_waiting
    assert confirmation.see([], 0.1) == []
    assert confirmation.see([code()], 0.2) == [code()]
    assert not confirmation.is_waiting


def test_bars_seen_in_one_frame_of_three_are_no_scan() -> None:
    confirmation = Confirmation()
    for frame in ([code()], [], [], [code()], [], [], [code()]):
        assert confirmation.see(frame, 0.0) == []


def test_a_misread_between_two_good_frames_is_no_scan() -> None:
    confirmation = Confirmation()
    wrong = code(b"83857930000879766661")
    assert confirmation.see([code()], 0.0) == []
    assert confirmation.see([wrong], 0.1) == []
    assert confirmation.see([code()], 0.2) == [code()]
    assert confirmation.see([code()], 0.3) == []


def test_two_dimensional_codes_count_at_once() -> None:
    confirmation = Confirmation()
    assert confirmation.see([code(carrier=MATRIX)], 0.0) == [code(carrier=MATRIX)]
    assert not confirmation.is_waiting


def test_what_stays_in_view_is_reported_once() -> None:
    confirmation = Confirmation(absent_s=2.0)
    reported = [scan for tick in range(100) for scan in confirmation.see([code(), code(b"x", MATRIX)], tick * 0.1)]
    assert len(reported) == 2
    for tick in range(100, 300):
        confirmation.see_no_change(tick * 0.1)
    assert confirmation.see([code(), code(b"x", MATRIX)], 30.0) == []


def test_a_flicker_shorter_than_the_absence_is_not_a_second_scan() -> None:
    confirmation = Confirmation(absent_s=2.0)
    assert confirmation.see([code(carrier=MATRIX)], 0.0)
    assert confirmation.see([], 1.0) == []
    assert confirmation.see([code(carrier=MATRIX)], 1.9) == []


def test_after_an_absence_the_same_code_is_reported_again() -> None:
    confirmation = Confirmation(absent_s=2.0)
    assert confirmation.see([code(carrier=MATRIX)], 0.0)
    confirmation.see([], 1.0)
    confirmation.see([], 2.0)
    assert confirmation.see([code(carrier=MATRIX)], 2.1) == [code(carrier=MATRIX)]


def test_bars_that_come_back_need_two_new_frames() -> None:
    confirmation = Confirmation(absent_s=1.0)
    confirmation.see([code()], 0.0)
    assert confirmation.see([code()], 0.1)
    for tick in (0.5, 0.9, 1.2):
        confirmation.see([], tick)
    assert confirmation.see([code()], 1.3) == []
    assert confirmation.see([code()], 1.4) == [code()]


def test_two_boxes_of_one_product_are_two_scans() -> None:
    confirmation = Confirmation()
    left, right = code(), code(x=500)
    confirmation.see([left], 0.0)
    assert len(confirmation.see([left], 0.1)) == 1
    confirmation.see([left, right], 0.2)
    assert len(confirmation.see([left, right], 0.3)) == 1
    assert confirmation.see([left, right], 0.4) == []


def test_a_long_gap_between_frames_is_no_absence() -> None:
    confirmation = Confirmation(absent_s=2.0)
    assert confirmation.see([code(carrier=MATRIX)], 0.0)
    assert confirmation.see([code(carrier=MATRIX)], 60.0) == []
    confirmation.see_no_change(120.0)
    assert confirmation.see([code(carrier=MATRIX)], 121.0) == []


def test_no_change_before_the_first_frame_does_no_harm() -> None:
    Confirmation().see_no_change(0.0)


@given(st.lists(st.sets(st.sampled_from([b"a", b"b", b"c"])), max_size=40))
def test_a_scan_of_bars_always_rests_on_two_of_the_last_three_frames(frames: list[set[bytes]]) -> None:
    confirmation = Confirmation(absent_s=5.0)
    for number, texts in enumerate(frames):
        for scan in confirmation.see([code(raw) for raw in sorted(texts)], float(number)):
            assert sum(scan.raw in frame for frame in frames[max(0, number - 2) : number + 1]) >= 2
