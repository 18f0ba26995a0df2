"""HID-POS reports become scans, in each maker's framing, with symbology and separators untouched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.reading import Flag, Scan
from drivers.scanner import parse_spec
from drivers.scanner.decoder import GAP, MAX_SCAN_BYTES
from drivers.scanner.pos_report import ReportDecoder

TRACE = b"83857930000879766660"
GS1 = b"010690123456789217280131" + b"10LOT1\x1d21SN1"


def decoder(settings: str = "", report_bytes: int | None = None) -> ReportDecoder:
    return ReportDecoder(parse_spec(f"pos:/dev/hidraw0;name=left{settings}"), report_bytes)


def aim_report(part: bytes, aim: bytes = b"]C0", *, more: int = 0) -> bytes:
    return bytes([2, len(part)]) + aim + part.ljust(56, b"\0") + b"j\0" + bytes([more])


def plain_report(part: bytes, *, more: int = 0) -> bytes:
    return bytes([2, len(part)]) + part.ljust(56, b"\0") + bytes(5) + bytes([more])


def bare_report(part: bytes) -> bytes:
    return bytes([len(part)]) + part.ljust(63, b"\0")


@pytest.mark.req("T-20")
def test_a_report_holds_symbology_and_separators():
    (scan,) = decoder().feed(aim_report(GS1, b"]d2"), 0.0)
    assert scan == Scan(raw=GS1, symbology="]d2", source="pos:left")


def test_a_code_longer_than_one_report_is_put_together():
    # The shape of a published dump: 60 bytes in two reports, the second with 4 bytes and no more to follow.
    whole = b"M1GATHERGOOD/MICHAEL  YABCDEF LHRDURAK 3542 052Y003D23  0100"
    device = decoder()
    assert device.feed(aim_report(whole[:56], b"]Q0", more=1), 0.0) == []
    assert device.unfinished_bytes == 56
    (scan,) = device.feed(aim_report(whole[56:], b"]Q0"), 0.001)
    assert (scan.raw, scan.symbology, scan.flags) == (whole, "]Q0", ())
    assert device.deadline is None


def test_the_layout_without_identifier_is_told_by_its_bytes():
    (scan,) = decoder().feed(plain_report(GS1), 0.0)
    assert (scan.raw, scan.symbology) == (GS1, None)


def test_an_identifier_counted_as_data_is_still_an_identifier():
    (scan,) = decoder().feed(plain_report(b"]d2" + GS1), 0.0)
    assert (scan.raw, scan.symbology) == (GS1, "]d2")
    (short,) = decoder().feed(plain_report(b"]E0"), 0.0)
    assert (short.raw, short.symbology) == (b"", "]E0")


def test_an_empty_identifier_field_means_no_symbology():
    (scan,) = decoder().feed(aim_report(TRACE, bytes(3)), 0.0)
    assert (scan.raw, scan.symbology) == (TRACE, None)


@pytest.mark.parametrize(
    ("layout", "report"), [("aim", aim_report(GS1, b"]d2")), ("plain", plain_report(b"]d2" + GS1))]
)
def test_a_configured_layout_is_not_guessed(layout, report):
    (scan,) = decoder(f";reports={layout}").feed(report, 0.0)
    assert (scan.raw, scan.symbology) == (GS1, "]d2")


def test_a_bare_report_has_only_length_and_data():
    device = decoder(";reports=bare")
    assert [scan.raw for scan in device.feed(bare_report(GS1), 0.0)] == [GS1]
    assert device.feed(bare_report(b"8" * 63), 1.0) == []
    assert [scan.raw for scan in device.feed(bare_report(b"99"), 1.001)] == [b"8" * 63 + b"99"]


def test_a_bare_code_that_just_fills_a_report_ends_by_silence_unharmed():
    device = decoder(";reports=bare")
    device.feed(bare_report(b"8" * 63), 5.0)
    assert device.deadline == pytest.approx(6.0)
    (scan,) = device.silence(6.0)
    assert (scan.raw, scan.flags) == (b"8" * 63, ())


def test_a_continuation_that_never_comes_leaves_a_gap():
    device = decoder()
    device.feed(aim_report(b"8" * 56, more=1), 5.0)
    (scan,) = device.silence(6.0)
    assert (scan.raw, scan.flags) == (b"8" * 56 + GAP, (Flag.UNDECODABLE,))
    assert device.silence(7.0) == []
    assert device.unterminated == 0


def test_another_symbol_after_a_lost_continuation_is_another_scan():
    device = decoder()
    device.feed(aim_report(b"8" * 56, b"]C0", more=1), 0.0)
    torn, whole = device.feed(aim_report(GS1, b"]d2"), 0.1)
    assert (torn.raw, torn.flags) == (b"8" * 56 + GAP, (Flag.UNDECODABLE,))
    assert (whole.raw, whole.symbology, whole.flags) == (GS1, "]d2", ())


def test_a_length_that_does_not_fit_the_report_marks_the_scan():
    report = bytearray(aim_report(TRACE))
    report[1] = 60
    (scan,) = decoder().feed(bytes(report), 0.0)
    assert (scan.raw, scan.flags) == (TRACE + GAP, (Flag.UNDECODABLE,))


@pytest.mark.parametrize("report", [b"", b"\x02", b"\x02\x01]C0", b"\x05" + bytes(63), aim_report(b"")])
def test_reports_without_a_code_are_no_scans(report):
    assert decoder().feed(report, 0.0) == []


def test_a_code_of_many_reports_is_bounded():
    device = decoder()
    for _ in range(200):
        assert device.feed(aim_report(b"8" * 56, more=1), 0.0) == []
        assert device.unfinished_bytes <= MAX_SCAN_BYTES + 1
    (scan,) = device.feed(aim_report(b"9"), 0.0)
    assert (len(scan.raw), scan.flags) == (MAX_SCAN_BYTES, (Flag.TOO_LONG,))


@given(codes=st.lists(st.binary(min_size=1, max_size=200), max_size=5), cut=st.integers(1, 200))
def test_reports_in_a_pipe_may_be_cut_anywhere(codes, cut):
    stream = b""
    for code in codes:
        for start in range(0, len(code), 56):
            stream += aim_report(code[start : start + 56], b"]d1", more=int(start + 56 < len(code)))
    device = decoder(";reports=aim", report_bytes=64)
    scans = [scan for start in range(0, len(stream), cut) for scan in device.feed(stream[start : start + cut], 0.0)]
    assert [scan.raw for scan in scans] == codes


@given(st.lists(st.binary(max_size=70), max_size=20), st.sampled_from(["auto", "aim", "plain", "bare"]))
def test_no_report_can_break_the_decoder(reports, layout):
    device = decoder(f";reports={layout}")
    for report in reports:
        device.feed(report, 0.0)
    device.silence(9.0)
    assert device.deadline is None
