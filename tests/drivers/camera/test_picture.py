"""Pictures from files: every format, right side up, on white, within bounds."""

from __future__ import annotations

import contextlib
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.camera.picture import (
    DECODED_PIXELS,
    PictureError,
    PictureMissingError,
    PictureTooLargeError,
    load_picture,
    parse_picture,
)
from drivers.camera.picture_header import PictureHeader, parse_header, parse_orientation
from drivers.scanner.ladder import decode_frame
from drivers.scanner.simulated.boxes import Look, Symbol, draw_scene
from drivers.scanner.symbols import Grey

TRACE = b"83857930000879766660"
SCENE = draw_scene([Symbol(TRACE, "]C0")], Look(2.5), size=(600, 300))
FORMATS = {"png": ".png", "jpeg": ".jpg", "bmp": ".bmp", "gif": ".gif", "webp": ".webp", "tiff": ".tiff"}


def encoded(picture: np.ndarray, suffix: str, *options: int) -> bytes:
    is_done, contents = cv2.imencode(suffix, picture, list(options))
    assert is_done
    return contents.tobytes()


def codes_in(image: Grey) -> list[tuple[bytes, str]]:
    return [(code.raw, code.step) for code in decode_frame(image, budget_ms=60_000, expect=1).codes]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_measured_by_its_header_and_decoded(kind: str) -> None:
    colour = np.asarray(cv2.cvtColor(SCENE, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    contents = encoded(colour, FORMATS[kind])
    assert parse_header(contents) == PictureHeader(kind, 600, 300)
    picture = parse_picture(contents, "x")
    assert (picture.image.shape, picture.image.dtype, picture.scale) == ((300, 600), np.uint8, 1.0)
    assert codes_in(picture.image) == [(TRACE, "fast")]


def test_lossless_and_lossy_webp_are_both_measured() -> None:
    for quality in (50, 101):
        assert parse_header(encoded(SCENE, ".webp", cv2.IMWRITE_WEBP_QUALITY, quality)) == PictureHeader(
            "webp", 600, 300
        )


def test_progressive_jpeg_is_measured() -> None:
    contents = encoded(SCENE, ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    assert parse_header(contents) == PictureHeader("jpeg", 600, 300)


def test_what_shines_through_is_white() -> None:
    see_through = np.zeros((300, 600, 4), np.uint8)
    see_through[:, :, 3] = 255 - SCENE  # black ink of varying density on nothing
    picture = parse_picture(encoded(see_through, ".png"), "x")
    assert np.abs(picture.image.astype(int) - SCENE).max() <= 1
    assert codes_in(picture.image) == [(TRACE, "fast")]


def test_sixteen_bits_with_a_twelve_bit_sensor_are_spread() -> None:
    deep = SCENE.astype(np.uint16) * 16
    for suffix in (".png", ".tiff"):
        picture = parse_picture(encoded(deep, suffix), "x")
        assert picture.image.max() == 255
        assert codes_in(picture.image) == [(TRACE, "fast")]


def test_deep_colour_with_alpha_is_read() -> None:
    deep = np.dstack([SCENE] * 3 + [np.full_like(SCENE, 255)]).astype(np.uint16) * 257
    assert codes_in(parse_picture(encoded(deep, ".png"), "x").image) == [(TRACE, "fast")]


def exif(orientation: int) -> bytes:
    return b"II*\x00\x08\x00\x00\x00" + struct.pack("<HHHIHHI", 1, 274, 3, 1, orientation, 0, 0)


def with_exif(jpeg: bytes, orientation: int) -> bytes:
    block = b"Exif\x00\x00" + exif(orientation)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


def stored_for(orientation: int) -> Grey:
    """Return the scene as a camera that notes this orientation would store it."""
    stored = {
        1: SCENE,
        2: SCENE[:, ::-1],
        3: SCENE[::-1, ::-1],
        4: SCENE[::-1],
        5: SCENE.T,
        6: np.rot90(SCENE),
        7: np.rot90(SCENE, 2).T,
        8: np.rot90(SCENE, -1),
    }[orientation]
    return np.ascontiguousarray(stored)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_the_way_its_exif_says(orientation: int) -> None:
    jpeg = with_exif(encoded(stored_for(orientation), ".jpg", cv2.IMWRITE_JPEG_QUALITY, 98), orientation)
    picture = parse_picture(jpeg, "x")
    assert picture.image.shape == SCENE.shape
    assert np.abs(picture.image.astype(int) - SCENE).mean() < 3


def test_orientation_that_makes_no_sense_is_upright() -> None:
    for block in (
        b"",
        b"II",
        exif(0),
        exif(9),
        exif(6)[:12],
        b"XX*\x00" + exif(6)[4:],
        exif(6).replace(b"\x08", b"\xff", 1),
    ):
        assert parse_orientation(block) == 1
    assert parse_orientation(exif(6)) == 6


def test_a_large_picture_is_made_smaller_and_says_by_how_much() -> None:
    large = cv2.resize(SCENE, None, fx=12, fy=12)
    picture = parse_picture(encoded(large, ".png", cv2.IMWRITE_PNG_COMPRESSION, 1), "x")
    assert picture.image.size <= DECODED_PIXELS * 1.01
    assert picture.scale == pytest.approx(1.273, abs=0.001)


def png_of(width: int, height: int) -> bytes:
    """Return a PNG of one grey that promises this size and holds next to nothing."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = (header, b"IDAT" + zlib.compress(b"\x00" * 100), b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )


def test_a_picture_that_would_unpack_to_gigabytes_is_refused_unopened() -> None:
    with pytest.raises(PictureTooLargeError, match="60000x60000") as caught:
        parse_picture(png_of(60_000, 60_000), "bomb.png")
    assert caught.value.code == "picture.too_large"


def test_a_file_beyond_the_bound_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    with pytest.raises(PictureTooLargeError):
        load_picture(path)


@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_pictures_are_refused_or_read_but_never_crash(kind: str) -> None:
    contents = encoded(np.dstack([SCENE] * 3), FORMATS[kind])
    random = np.random.default_rng(3)
    for _ in range(40):
        damaged = bytearray(contents[: int(random.integers(1, len(contents)))])
        for place in random.integers(0, len(damaged), 5):
            damaged[place] = int(random.integers(0, 256))
        with contextlib.suppress(PictureError):
            assert parse_picture(bytes(damaged), "x").image.dtype == np.uint8


@pytest.mark.parametrize(
    "contents", [b"", b"GIF8", b"BM", b"RIFF", b"\xff\xd8\xff", b"%PDF-1.7", b"<svg/>", b"II*\x00"]
)
def test_what_is_no_picture_is_refused_in_words(contents: bytes) -> None:
    with pytest.raises(PictureError) as caught:
        parse_picture(contents, "x")
    assert caught.value.code == "picture.unreadable"


def test_missing_files_and_folders_are_told_apart_from_bad_ones(tmp_path: Path) -> None:
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(PictureMissingError) as caught:
            load_picture(path)
        assert str(path) in caught.value.words.en
