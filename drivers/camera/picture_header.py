"""The first bytes of an image file: what format, how large, which side up. Pure.

Read before any decoder runs, so that a picture of a gigapixel in a kilobyte is refused unopened, and so that only
the formats named here reach a decoder at all.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

UPRIGHT = 1
_TAG_WIDTH, _TAG_HEIGHT, _TAG_ORIENTATION = 256, 257, 274
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers that carry no length."""
_BMP_CORE_HEADER = 12


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """What the first bytes say."""

    kind: str
    """`png`, `jpeg`, `gif`, `bmp`, `webp` or `tiff`."""
    width: int
    height: int
    """As stored, before the picture is turned upright."""
    orientation: int = UPRIGHT
    """EXIF orientation 1 to 8, where the header itself has it (TIFF)."""


def parse_header(image: bytes) -> PictureHeader | None:
    """Return what the first bytes say, or None if they begin no picture of a format we read."""
    for magic, kind, parse in _FORMATS:
        if image.startswith(magic):
            try:
                width, height, orientation = parse(image)
            except (struct.error, IndexError, StopIteration):
                return None
            return PictureHeader(kind, width, height, orientation) if width > 0 and height > 0 else None
    return None


def parse_orientation(exif: bytes) -> int:
    """Return the orientation that an EXIF block tells: 1 to 8, upright if it tells none."""
    try:
        orientation = _tiff_tags(exif).get(_TAG_ORIENTATION, UPRIGHT)
    except (struct.error, IndexError):
        return UPRIGHT
    return orientation if orientation in range(1, 9) else UPRIGHT


_Parsed = tuple[int, int, int]


def _png(image: bytes) -> _Parsed:
    width, height = struct.unpack_from(">II", image, 16)
    return width, height, UPRIGHT


def _gif(image: bytes) -> _Parsed:
    width, height = struct.unpack_from("<HH", image, 6)
    return width, height, UPRIGHT


def _bmp(image: bytes) -> _Parsed:
    is_core = struct.unpack_from("<I", image, 14)[0] == _BMP_CORE_HEADER
    width, height = struct.unpack_from("<HH" if is_core else "<ii", image, 18)
    # A negative height means that the rows are stored from the top.
    return width, abs(height), UPRIGHT


def _webp(image: bytes) -> _Parsed:
    kind = image[8:16]
    if kind == b"WEBPVP8X":
        width = int.from_bytes(image[24:27], "little") + 1
        height = int.from_bytes(image[27:30], "little") + 1
    elif kind == b"WEBPVP8L":
        bits = struct.unpack_from("<I", image, 21)[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"WEBPVP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", image, 26))
    else:
        return 0, 0, UPRIGHT
    return width, height, UPRIGHT


def _jpeg(image: bytes) -> _Parsed:
    height, width = next(
        struct.unpack_from(">HH", image, place + 5) for marker, place in _jpeg_markers(image) if marker in _JPEG_FRAMES
    )
    return width, height, UPRIGHT


def _jpeg_markers(image: bytes) -> Iterator[tuple[int, int]]:
    place = 2
    while image[place] == 0xFF:  # noqa: PLR2004 - every marker begins so
        marker = image[place + 1]
        if marker in _JPEG_BARE or marker == 0xFF:  # noqa: PLR2004 - padding before a marker
            place += 1 if marker == 0xFF else 2  # noqa: PLR2004 - as above
            continue
        yield marker, place
        place += 2 + struct.unpack_from(">H", image, place + 2)[0]


def _tiff(image: bytes) -> _Parsed:
    tags = _tiff_tags(image)
    orientation = tags.get(_TAG_ORIENTATION, UPRIGHT)
    return tags.get(_TAG_WIDTH, 0), tags.get(_TAG_HEIGHT, 0), orientation if orientation in range(1, 9) else UPRIGHT


def _tiff_tags(image: bytes) -> dict[int, int]:
    """Return the whole-number tags of the first directory: TIFF files and EXIF blocks are built alike."""
    order = {b"II": "<", b"MM": ">"}.get(image[:2])
    if order is None:
        return {}
    directory = struct.unpack_from(f"{order}I", image, 4)[0]
    count = struct.unpack_from(f"{order}H", image, directory)[0]
    tags = {}
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f"{order}HH", image, entry)
        if kind in _TIFF_WHOLE:
            tags[tag] = struct.unpack_from(f"{order}{_TIFF_WHOLE[kind]}", image, entry + 8)[0]
    return tags


_TIFF_WHOLE = {3: "H", 4: "I"}
_FORMATS: tuple[tuple[bytes, str, Callable[[bytes], _Parsed]], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png", _png),
    (b"\xff\xd8\xff", "jpeg", _jpeg),
    (b"GIF8", "gif", _gif),
    (b"BM", "bmp", _bmp),
    (b"RIFF", "webp", _webp),
    (b"II*\x00", "tiff", _tiff),
    (b"MM\x00*", "tiff", _tiff),
)
