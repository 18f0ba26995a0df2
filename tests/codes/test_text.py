"""From bytes to text: what is stripped, what is kept, what is flagged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.reading import Flag, Scan
from codes.text import LONGEST_CODE_BYTES, parse_text


@pytest.mark.req("C-03")
@pytest.mark.parametrize(
    ("raw", "text", "flags"),
    [
        (b"ABC", "ABC", ()),
        (b"ABC\r\n", "ABC", (Flag.AFFIX_STRIPPED,)),
        (b"\t\r\nABC\t", "ABC", (Flag.AFFIX_STRIPPED,)),
        (b"\x1dABC", "ABC", (Flag.AFFIX_STRIPPED,)),
        (b"\x1d\x1dABC", "\x1dABC", (Flag.AFFIX_STRIPPED,)),
        (b"ABC\x1d", "ABC\x1d", ()),
        (b" ABC ", " ABC ", ()),
        ("ＡＢ１２　＋".encode(), "AB12 +", (Flag.NORMALISED_WIDTH,)),
        ("\ufeffA\u200bB\u200c\u200d".encode(), "AB", (Flag.ZERO_WIDTH_REMOVED,)),
        ("①²é阿".encode(), "①²é阿", ()),
        ("阿莫西林".encode("gb18030"), "阿莫西林", (Flag.GB18030,)),
        ("８３".encode("gb18030"), "83", (Flag.GB18030, Flag.NORMALISED_WIDTH)),
        (b"A\x00B", "A\x00B", (Flag.CONTROL_CHARACTERS,)),
        (b"A\nB", "A\nB", (Flag.CONTROL_CHARACTERS,)),
        (b"\xff\xfe", "\\xff\\xfe", (Flag.UNDECODABLE,)),
    ],
)
def test_does_only_what_it_flags(raw, text, flags):
    parsed = parse_text(Scan(raw))

    assert parsed.text == text
    assert parsed.flags == flags


@pytest.mark.parametrize(
    ("raw", "given_symbology", "text", "symbology"),
    [
        (b"]d2ABC", None, "ABC", "]d2"),
        (b"]d2ABC", "]d2", "ABC", "]d2"),
        (b"]d2ABC", "]Q1", "]d2ABC", "]Q1"),
        (b"]d2\x1dABC", None, "ABC", "]d2"),
        (b"\x1d]d2ABC", None, "ABC", "]d2"),
        (b"]?2ABC", None, "]?2ABC", None),
        (b"]d", None, "]d", None),
        (b"ABC", "]C1", "ABC", "]C1"),
        (b"ABC", "", "ABC", None),
        (b"]d2", None, "", "]d2"),
    ],
)
def test_takes_a_symbology_identifier_off_unless_the_device_named_another(raw, given_symbology, text, symbology):
    parsed = parse_text(Scan(raw, given_symbology))

    assert (parsed.text, parsed.symbology) == (text, symbology)


@pytest.mark.parametrize("symbology", ["QR_CODE", "d2", "]d", "]d22", "]?1", "]d2\n"])
def test_ignores_a_malformed_symbology_and_says_so(symbology):
    parsed = parse_text(Scan(b"ABC", symbology))

    assert parsed.symbology is None
    assert [reason.code for reason in parsed.reasons] == ["symbology.malformed"]


@pytest.mark.parametrize("raw", [b"", b"\r\n", "\ufeff".encode(), b"\x1d"])
def test_nothing_is_no_code(raw):
    parsed = parse_text(Scan(raw))

    assert not parsed.is_readable
    assert [reason.code for reason in parsed.reasons] == ["text.empty"]


def test_the_longest_code_is_read_and_one_byte_more_is_not():
    assert parse_text(Scan(b"8" * LONGEST_CODE_BYTES)).is_readable
    over = parse_text(Scan("码".encode() * LONGEST_CODE_BYTES))

    assert not over.is_readable
    assert over.text == "码" * 256
    assert over.flags == (Flag.TOO_LONG,)


@given(st.binary(max_size=200), st.none() | st.text(max_size=5))
def test_never_raises(raw, symbology):
    parsed = parse_text(Scan(raw, symbology))

    assert isinstance(parsed.text.encode(), bytes)
    assert parsed.is_readable or parsed.reasons
