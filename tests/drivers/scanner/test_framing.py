"""Bytes of a serial line become scans: by suffix, by silence, bounded, and the same however they are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.reading import Flag, Scan
from drivers.scanner import parse_spec
from drivers.scanner.decoder import MAX_SCAN_BYTES
from drivers.scanner.framing import LineDecoder

TRACE = b"83857930000879766660"
GS1 = b"010690123456789217280131" + b"10LOT1\x1d21SN1"


def decoder(settings: str = "") -> LineDecoder:
    return LineDecoder(parse_spec(f"serial:/dev/ttyACM0;name=left{settings}"))


def raws(scans: list[Scan]) -> list[bytes]:
    return [scan.raw for scan in scans]


@pytest.mark.parametrize(
    ("suffix", "ending"),
    [("cr", b"\r"), ("lf", b"\n"), ("crlf", b"\r\n"), ("tab", b"\t"), ("etx", b"\x03")],
)
def test_the_configured_suffix_ends_a_scan_at_once(suffix, ending):
    line = decoder(f";suffix={suffix}")
    assert raws(line.feed(TRACE + ending + GS1 + ending, 0.0)) == [TRACE, GS1]
    assert line.deadline is None
    assert line.unterminated == 0


def test_other_line_ends_belong_to_the_code_when_the_suffix_is_configured():
    line = decoder(";suffix=crlf")
    assert raws(line.feed(b"BEGIN:VCARD\nN:Li\rX\r\n", 0.0)) == [b"BEGIN:VCARD\nN:Li\rX"]


def test_a_suffix_cut_in_two_is_still_one_suffix():
    line = decoder(";suffix=crlf")
    assert line.feed(TRACE + b"\r", 0.0) == []
    assert raws(line.feed(b"\n" + TRACE, 0.01)) == [TRACE]


def test_stx_before_a_code_that_etx_ends_is_taken_off():
    assert raws(decoder(";suffix=etx").feed(b"\x02" + TRACE + b"\x03", 0.0)) == [TRACE]
    assert raws(decoder(";suffix=cr").feed(b"\x02" + TRACE + b"\r", 0.0)) == [b"\x02" + TRACE]


@pytest.mark.parametrize("ending", [b"\r", b"\n", b"\r\n"])
def test_line_ends_need_no_configuration(ending):
    line = decoder()
    assert raws(line.feed((TRACE + ending) * 2, 0.0)) == [TRACE, TRACE]


@pytest.mark.parametrize("ending", [b"\t", b"\x03"])
def test_tab_and_etx_are_learnt_from_the_first_silence(ending):
    line = decoder()
    assert line.feed(TRACE + ending, 0.0) == []
    assert raws(line.silence(0.25)) == [TRACE]
    assert raws(line.feed(TRACE + ending, 1.0)) == [TRACE]
    assert line.unterminated == 0


def test_a_learnt_suffix_leaves_other_line_ends_in_the_code():
    line = decoder()
    assert raws(line.feed(TRACE + b"\r", 0.0)) == [TRACE]
    assert raws(line.feed(b"two\nlines\r", 1.0)) == [b"two\nlines"]


def test_another_suffix_is_learnt_when_the_device_is_set_anew():
    line = decoder()
    line.feed(TRACE + b"\r", 0.0)
    assert line.feed(TRACE + b"\n", 1.0) == []
    assert raws(line.silence(1.25)) == [TRACE]
    assert raws(line.feed(TRACE + b"\n", 2.0)) == [TRACE]


def test_cr_learnt_from_half_of_crlf_is_put_right_by_the_next_silence():
    line = decoder()
    assert raws(line.feed(TRACE + b"\r", 0.0)) == [TRACE]
    assert raws(line.feed(b"\n" + GS1 + b"\r", 1.0)) == [GS1]
    assert line.feed(b"\n", 1.01) == []
    assert line.silence(1.3) == []
    assert raws(line.feed(TRACE + b"\r\n", 2.0)) == [TRACE]
    assert line.unterminated == 0


def test_silence_ends_a_scan_without_suffix_and_says_that_it_was_missing():
    line = decoder(";silence_ms=100")
    assert line.feed(TRACE, 5.0) == []
    assert line.deadline == pytest.approx(5.1)
    assert raws(line.silence(5.1)) == [TRACE]
    assert line.unterminated == 1
    assert line.deadline is None


@pytest.mark.parametrize("settings", [";suffix=cr;silence_ms=100", ";silence_ms=100"])
def test_a_code_that_is_held_up_on_its_way_is_not_taken_for_two(settings):
    line = decoder(settings)
    line.feed(GS1 + b"\r", 0.0)
    line.feed(b"", 1.0)
    assert line.feed(GS1[:30], 2.0) == []
    assert line.deadline == pytest.approx(2.4)
    assert raws(line.feed(GS1[30:] + b"\r", 2.3)) == [GS1]


def test_silence_is_the_rule_for_a_scanner_without_suffix():
    line = decoder(";suffix=none")
    line.feed(TRACE[:5], 0.0)
    line.feed(TRACE[5:], 0.2)
    assert raws(line.silence(0.5)) == [TRACE]
    assert line.unterminated == 0


def test_bytes_after_a_silence_nobody_waited_for_are_another_scan():
    line = decoder(";suffix=none;silence_ms=100")
    line.feed(TRACE, 0.0)
    assert raws(line.feed(GS1, 7.0)) == [TRACE]
    assert raws(line.silence(7.1)) == [GS1]


@pytest.mark.parametrize("settings", [";suffix=cr", ""])
def test_bytes_that_came_while_their_reader_was_held_up_end_the_code_that_had_begun(settings):
    line = decoder(settings)
    assert line.feed(TRACE[:5], 0.0) == []
    assert raws(line.feed(TRACE[5:] + b"\r", 7.0)) == [TRACE]


def test_where_no_suffix_has_come_silence_parts_codes_although_their_reader_was_held_up():
    line = decoder()
    line.feed(TRACE, 0.0)
    assert raws(line.silence(0.3)) == [TRACE]
    line.feed(TRACE, 1.0)
    assert raws(line.feed(GS1, 7.0)) == [TRACE]


def test_glued_scans_are_passed_on_whole():
    line = decoder(";suffix=cr")
    assert raws(line.feed(TRACE + TRACE + b"\r", 0.0)) == [TRACE * 2]


def test_empty_lines_are_no_scans():
    assert decoder().feed(b"\r\r\n\n\r", 0.0) == []
    assert decoder(";suffix=tab").feed(b"\t\t", 0.0) == []


def test_bytes_that_are_no_text_are_passed_on_as_they_came():
    gb = "阿莫西林".encode("gb18030")
    assert raws(decoder().feed(b"\xff\xfe\x00\x80\r" + gb + b"\r", 0.0)) == [b"\xff\xfe\x00\x80", gb]


def test_a_megabyte_without_suffix_is_one_bounded_scan_and_the_next_scan_is_right():
    line = decoder(";suffix=cr")
    scans: list[Scan] = []
    for place in range(256):
        scans += line.feed(b"8" * 4096, place / 1000)
        assert line.unfinished_bytes <= MAX_SCAN_BYTES
    assert [(len(scan.raw), scan.flags) for scan in scans] == [(MAX_SCAN_BYTES, (Flag.TOO_LONG,))]
    assert line.feed(b"9" * 100, 0.3) == []
    assert line.silence(0.6) == []
    assert line.deadline is None
    assert raws(line.feed(TRACE + b"\r", 1.0)) == [TRACE]
    assert line.unterminated == 0


def test_a_scan_soon_after_an_endless_line_is_not_dropped_with_it():
    line = decoder(";suffix=cr")
    assert [len(scan.raw) for scan in line.feed(b"8" * 20_000, 0.0)] == [MAX_SCAN_BYTES]
    assert raws(line.feed(TRACE + b"\r", 0.3)) == [TRACE]


def test_a_megabyte_with_a_suffix_at_last_is_one_bounded_scan():
    line = decoder(";suffix=crlf")
    scans: list[Scan] = []
    for place in range(256):
        scans += line.feed(b"8" * 4096, place / 1000)
    scans += line.feed(b"\r", 0.3) + line.feed(b"\n" + TRACE + b"\r\n", 0.31)
    assert [len(scan.raw) for scan in scans] == [MAX_SCAN_BYTES, len(TRACE)]


def test_a_long_line_that_comes_in_one_piece_is_bounded_too():
    (scan,) = decoder().feed(b"8" * 20_000 + b"\r", 0.0)
    assert (len(scan.raw), scan.flags) == (MAX_SCAN_BYTES, (Flag.TOO_LONG,))


@pytest.mark.parametrize(
    ("aim", "line", "symbology", "raw"),
    [
        ("auto", b"]d2" + GS1, "]d2", GS1),
        ("auto", b"]C0" + TRACE, "]C0", TRACE),
        ("auto", TRACE, None, TRACE),
        ("auto", b"]xy1", None, b"]xy1"),
        ("off", b"]d2" + GS1, None, b"]d2" + GS1),
        ("on", b"]zA" + GS1, "]zA", GS1),
        ("on", TRACE, None, TRACE),
        ("on", b"]d", None, b"]d"),
        ("on", b"]\xff1A", None, b"]\xff1A"),
    ],
)
def test_the_symbology_is_split_off_where_it_is_one(aim, line, symbology, raw):
    (scan,) = decoder(f";aim={aim}").feed(line + b"\r", 0.0)
    assert (scan.symbology, scan.raw, scan.source) == (symbology, raw, "serial:left")


def test_a_configured_stand_in_for_the_separator_is_replaced_and_flagged():
    (scan,) = decoder(";gs=~").feed(GS1.replace(b"\x1d", b"~") + b"\r", 0.0)
    assert (scan.raw, scan.flags) == (GS1, (Flag.GS_SUBSTITUTE,))
    (other,) = decoder(";gs=~").feed(TRACE + b"\r", 0.0)
    assert other.flags == ()


@pytest.mark.req("T-20")
@given(
    codes=st.lists(st.binary(min_size=1, max_size=60).filter(lambda code: b"\r" not in code), max_size=8),
    cuts=st.lists(st.integers(1, 40), min_size=1),
)
def test_codes_arrive_byte_for_byte_however_the_line_is_cut(codes, cuts):
    line = decoder(";suffix=cr;aim=off")
    stream = b"".join(code + b"\r" for code in codes)
    scans: list[Scan] = []
    place = 0
    while stream:
        length = cuts[place % len(cuts)]
        piece, stream = stream[:length], stream[length:]
        scans += line.feed(piece, place / 1000)
        place += 1
    assert raws(scans) == codes
    assert line.unfinished_bytes == 0


CODES = st.text(st.sampled_from("0123456789ABCxyz()+/\x1d"), min_size=1, max_size=30).map(str.encode)


@pytest.mark.req("T-20", "T-21")
@given(
    noise=st.one_of(st.binary(max_size=60), st.sampled_from([b"x\t", b"x\x03", b"x\r\n", b"x\n"])),
    codes=st.lists(CODES, min_size=1, max_size=8),
    ending=st.sampled_from([b"\r", b"\n", b"\r\n", b"\t", b"\x03"]),
    cuts=st.lists(st.integers(1, 40), min_size=1),
)
def test_no_noise_and_no_cutting_merges_two_codes(noise, codes, ending, cuts):
    line = decoder(";aim=off")
    line.feed(noise, 0.0)
    line.silence(2.0)
    stream = b"".join(code + ending for code in codes)
    scans: list[Scan] = []
    for place in range(len(stream)):
        length = cuts[place % len(cuts)]
        piece, stream = stream[:length], stream[length:]
        scans += line.feed(piece, 3 + place / 1000)
    scans += line.silence(9.0)
    assert raws(scans) == codes


@given(st.lists(st.tuples(st.binary(max_size=80), st.floats(0, 2)), max_size=20))
def test_nothing_a_device_sends_can_break_the_decoder_or_get_lost(pieces):
    line = decoder()
    now = 0.0
    scans: list[Scan] = []
    for piece, pause in pieces:
        now += pause
        scans += line.feed(piece, now)
    scans += line.silence(now + 1)
    sent = b"".join(piece for piece, _ in pieces)
    affixes = bytes([*b"\r\n\t\x02\x03"])
    passed = b"".join((scan.symbology or "").encode() + scan.raw for scan in scans)
    assert passed.translate(None, affixes) == sent.translate(None, affixes)
