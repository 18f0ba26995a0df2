"""Codes as values, geometry, and the two encoders that fixtures are drawn with."""

from __future__ import annotations

import math

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.scanner.bars import DigitPairs, draw_code128, draw_ean
from drivers.scanner.simulated.boxes import Look, Symbol, draw_scene
from drivers.scanner.simulated.symbols import Encoder, draw_symbol
from drivers.scanner.symbols import Carrier, Quad, aim_of, text_of

SQUARE = Quad((10, 10), (30, 10), (30, 20), (10, 20))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"83857930000879766660", "83857930000879766660"),
        ("阿莫西林".encode(), "阿莫西林"),
        ("阿莫西林".encode("gb18030"), "阿莫西林"),
        (b"10LOT1\x1d21SN1", "10LOT1\x1d21SN1"),
        (b"\xff\xfe\x00A", "\\xff\\xfe\x00A"),
        (b"", ""),
    ],
)
def test_text_is_utf8_then_gb18030_then_escapes(raw: bytes, text: str) -> None:
    assert text_of(raw) == text


@given(st.binary(max_size=60))
def test_text_is_found_for_all_bytes(raw: bytes) -> None:
    assert isinstance(text_of(raw), str)


def test_the_identifier_is_the_one_that_parsers_know() -> None:
    assert aim_of(Carrier.DATA_MATRIX, is_gs1=True) == "]d2"
    assert aim_of(Carrier.CODE_128, is_gs1=False) == "]C0"


def test_the_rectangular_extension_of_data_matrix_is_gs1_by_its_content() -> None:
    barcode = zxingcpp.create_barcode(
        "(01)06901234567892(17)280131(10)LOT1(21)SN1", zxingcpp.BarcodeFormat.DataMatrix, gs1=True
    )
    [read] = zxingcpp.read_barcodes(np.array(barcode.to_image(scale=4)))
    assert read.symbology_identifier == "]d8"  # what the decoder says, and no GS1 parser knows
    assert read.content_type == zxingcpp.ContentType.GS1


def test_a_quad_knows_its_measures() -> None:
    assert (SQUARE.centre, SQUARE.length, SQUARE.height) == ((20, 15), 20, 10)


def test_a_quad_covers_what_is_inside_and_a_little_around() -> None:
    assert SQUARE.covers((11, 11))
    assert not SQUARE.covers((20, 22))
    assert SQUARE.covers((20, 22), slack=0.15)
    assert not SQUARE.covers((35, 15), slack=0.15)


@given(st.floats(-180, 180), st.floats(-500, 500), st.floats(-500, 500))
def test_a_quad_that_is_turned_and_moved_covers_the_same_points(angle: float, x: float, y: float) -> None:
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    move = np.array([[cos, -sin, x], [sin, cos, y]])

    def moved(point: tuple[float, float]) -> tuple[float, float]:
        at = move[:, :2] @ np.array(point) + move[:, 2]
        return float(at[0]), float(at[1])

    quad = SQUARE.moved(move)
    assert quad.length == pytest.approx(20)
    assert quad.covers(moved((12, 12)))
    assert not quad.covers(moved((40, 15)))
    assert not quad.covers(moved((20, 25)))


def test_bars_seen_by_one_line_have_a_place_too() -> None:
    line = Quad((10, 10), (30, 10), (30, 10), (10, 10))
    assert line.covers((20, 11), slack=0.1)
    assert line.is_at(SQUARE, slack=0.3)


def read_back(modules: np.ndarray) -> list[zxingcpp.Barcode]:
    height = 40 if modules.shape[0] == 1 else 3
    picture = np.kron(modules, np.ones((height, 3), np.uint8))
    return list(zxingcpp.read_barcodes(np.ascontiguousarray(np.pad(picture, 20, constant_values=255))))


ANY_ASCII = st.binary(min_size=1, max_size=40).map(lambda raw: bytes(byte & 0x7F for byte in raw))
MOSTLY_DIGITS = st.text("0123456789A", min_size=1, max_size=30).map(str.encode)


@settings(deadline=None)
@given(ANY_ASCII | MOSTLY_DIGITS, st.sampled_from(DigitPairs))
def test_our_code_128_says_any_ascii(raw: bytes, pairs: DigitPairs) -> None:
    assert [code.bytes for code in read_back(draw_code128(raw, pairs=pairs))] == [raw]


@settings(deadline=None)
@given(st.text("0123456789AB", min_size=1, max_size=12), st.text("0123456789CD", min_size=1, max_size=12))
def test_our_gs1_128_keeps_separators(lot: str, serial: str) -> None:
    raw = f"010690123456789210{lot}\x1d21{serial}".encode()
    [code] = read_back(draw_code128(raw, gs1=True))
    assert (code.bytes, code.symbology_identifier) == (raw, "]C1")


@settings(deadline=None)
@given(st.integers(0, 10**12 - 1), st.booleans())
def test_our_ean_says_its_digits(number: int, is_short: bool) -> None:
    body = f"{number:012d}"[: 7 if is_short else 12]
    weights = (3, 1) if is_short else (1, 3)
    check = -sum(int(digit) * weights[place % 2] for place, digit in enumerate(body)) % 10
    digits = f"{body}{check}"
    [code] = read_back(draw_ean(digits))
    assert code.bytes == digits.encode()


@pytest.mark.parametrize("digits", ["6924561884073", "123", "69245618840X4", "", "６９２４５６１８８４０７４"])
def test_an_ean_that_is_none_is_not_drawn(digits: str) -> None:
    with pytest.raises(ValueError, match="digit"):
        draw_ean(digits)


@pytest.mark.parametrize(
    ("raw", "symbology", "encoder"),
    [
        (b"x", "]A0", Encoder.FIRST),
        (b"x", "]d1", Encoder.SECOND),
        ("阿".encode(), "]C0", Encoder.SECOND),
        (b"no element string", "]d2", Encoder.FIRST),
    ],
)
def test_what_an_encoder_cannot_say_is_refused(raw: bytes, symbology: str, encoder: Encoder) -> None:
    with pytest.raises(ValueError, match=r".+"):
        draw_symbol(raw, symbology, encoder)


def test_boxes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        draw_scene([Symbol(b"83857930000879766660", "]C0")] * 50, Look(4), size=(640, 480))


def test_the_same_seed_draws_the_same_frame() -> None:
    box = [Symbol(b"6924561884074", "]E0")]
    first, again, other = (draw_scene(box, Look(2), size=(640, 480), skew_deg=9, seed=seed) for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
