"""A scan carries every byte of its frame, so that it can go on as it came, however the bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.scanner import parse_spec
from drivers.scanner.decoder import MAX_SCAN_BYTES
from drivers.scanner.framing import LineDecoder

TRACE = b"83857930000879766660"
GS1 = b"]d2010690123456789217280131" + b"10LOT1\x1d21SN1"


def decoder(settings: str = "") -> LineDecoder:
    return LineDecoder(parse_spec(f"serial:/dev/ttyACM0;name=left{settings}"))


@pytest.mark.parametrize(
    ("settings", "frames"),
    [
        (";suffix=cr", [TRACE + b"\r", GS1 + b"\r"]),
        (";suffix=crlf", [TRACE + b"\r\n", GS1 + b"\r\n"]),
        (";suffix=tab", [TRACE + b"\t", GS1 + b"\t"]),
        (";suffix=etx", [b"\x02" + TRACE + b"\x03", b"\x02" + GS1 + b"\x03"]),
        (";suffix=cr", [b"\n" + TRACE + b"\r", b"  A|B\r"]),
        (";suffix=cr;gs=|", [b"A|B\r", TRACE + b"\r"]),
        ("", [TRACE + b"\r", GS1 + b"\r"]),
        ("", [TRACE + b"\r\n", GS1 + b"\r\n"]),
    ],
)
@given(cut=st.integers(1, 90))
def test_frames_are_the_bytes_that_came(settings, frames, cut):
    line, sent = decoder(settings), b"".join(frames)
    # Nothing is cut between the CR and the LF of a scanner that nobody has described.
    chunks = [sent[:cut], sent[cut:]] if settings or not sent[:cut].endswith(b"\r") else [sent]
    got = [scan.frame for chunk in chunks for scan in line.feed(chunk, 0.0)]
    assert got == frames


def test_a_frame_without_a_suffix_ends_with_the_silence():
    line = decoder(";suffix=none")
    assert line.feed(TRACE, 0.0) == []
    assert [scan.frame for scan in line.silence(1.0)] == [TRACE]


def test_what_is_too_long_to_be_kept_whole_has_no_frame():
    (scan,) = decoder(";suffix=cr").feed(b"8" * (MAX_SCAN_BYTES + 1), 0.0)
    assert scan.frame == b""


def test_a_frame_is_not_shown_with_its_scan():
    (scan,) = decoder(";suffix=cr").feed(b"\x02" + TRACE + b"\r", 0.0)
    assert "frame" not in repr(scan)
