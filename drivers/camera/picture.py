"""A picture from a file, as the 8-bit grey that decoders read.

PNG, JPEG, BMP, GIF (its first frame), WebP and TIFF; alpha is laid on white, EXIF orientation is applied, deeper
pixels are spread over 8 bits. Files and pictures beyond a bound are refused before they are opened; a picture larger
than decoders need is made smaller, and `scale` says by how much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from codes.os_words import words_of_os_error
from codes.words import Words
from drivers.camera.picture_header import UPRIGHT, parse_header, parse_orientation
from drivers.errors import DriverError

LARGEST_FILE_BYTES = 128 * 1024 * 1024
LARGEST_PIXELS = 120_000_000
"""A picture with more is refused: decoding it would take gigabytes."""
DECODED_PIXELS = 16_000_000
"""A picture with more is made smaller first."""
_GREY, _BGR, _BGRA = 2, 3, 4


class PictureError(DriverError):
    """An image file cannot be read."""

    code = "picture.unreadable"
    next_step = Words(
        "请用 PNG、JPEG、BMP、GIF、WebP 或 TIFF 格式重新保存图片。",
        "Save the picture again as PNG, JPEG, BMP, GIF, WebP or TIFF.",
    )


class PictureMissingError(PictureError):
    """There is no such file, or it may not be read."""

    code = "picture.missing"
    next_step = Words("请检查文件名和读取权限。", "Check the file's name and whether you may read it.")


class PictureTooLargeError(PictureError):
    """The file or the picture is beyond the bound."""

    code = "picture.too_large"
    next_step = Words("请先缩小图片，或裁剪出条码部分。", "Make it smaller first, or cut out the part with the code.")


@dataclass(frozen=True, slots=True)
class GreyPicture:
    """A picture, ready for decoding."""

    image: NDArray[np.uint8]
    """8-bit grey, upright, contiguous."""
    scale: float
    """Pixels of the file for one pixel of `image`, 1 or more."""


def load_picture(path: Path) -> GreyPicture:
    """Read an image file.

    Raises:
        PictureMissingError: There is no file, or it may not be read.
        PictureTooLargeError: The file or the picture is too large.
        PictureError: It is no picture of a format we read, or it is damaged.
    """
    name = str(path)
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE_BYTES:
            raise PictureTooLargeError(
                name, Words(f"{name}：文件过大（{size} 字节）。", f"{name}: the file is too large ({size} bytes).")
            )
        contents = path.read_bytes()
    except OSError as exc:
        why = words_of_os_error(exc)
        raise PictureMissingError(
            name, Words(f"{name}：打不开文件（{why.zh}）。", f"{name}: the file cannot be opened ({why.en}).")
        ) from exc
    return parse_picture(contents, name)


def parse_picture(contents: bytes, name: str) -> GreyPicture:
    """Read an image file's contents; see `load_picture`."""
    header = parse_header(contents)
    if header is None:
        raise PictureError(
            name, Words(f"{name}：不是可识别的图片格式。", f"{name}: no picture of a format that can be read.")
        )
    if header.width * header.height > LARGEST_PIXELS:
        size = f"{header.width}x{header.height}"
        raise PictureTooLargeError(
            name, Words(f"{name}：图片尺寸过大（{size}）。", f"{name}: the picture is too large ({size}).")
        )
    try:
        image, kinds, blocks = cv2.imdecodeWithMetadata(np.frombuffer(contents, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        image = None
    if image is None or not image.size:
        raise PictureError(name, Words(f"{name}：图片已损坏。", f"{name}: the picture is damaged."))
    exif = next(
        (bytes(block) for kind, block in zip(kinds, blocks, strict=False) if kind == cv2.IMAGE_METADATA_EXIF), b""
    )
    orientation = parse_orientation(exif) if exif else header.orientation
    return _sized(_upright(_grey(_eight_bit(image)), orientation))


def _eight_bit(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Spread deeper pixels over 8 bits: sensors of 10 or 12 bits leave most of 16 unused."""
    if image.dtype == np.uint8:
        return np.asarray(image, dtype=np.uint8)
    deep = np.nan_to_num(image.astype(np.float32), posinf=0.0, neginf=0.0)
    darkest, brightest = float(deep.min()), float(deep.max())
    return np.asarray((deep - darkest) * (255 / max(brightest - darkest, 1e-6)), dtype=np.uint8)


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.ndim == _GREY:
        return image
    channels = image.shape[2]
    if channels == _BGR:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    if channels == _BGRA:
        opaque = cv2.cvtColor(image, cv2.COLOR_BGRA2GRAY).astype(np.uint16)
        alpha = image[:, :, 3].astype(np.uint16)
        return np.asarray((opaque * alpha + 255 * (255 - alpha)) // 255, dtype=np.uint8)
    return np.ascontiguousarray(image[:, :, 0])


_TURNS = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}
_MIRRORED = {2: UPRIGHT, 4: 3, 5: 8, 7: 6}
"""Mirrored orientations, each with the turn that remains once the picture is mirrored left to right."""


def _upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    if orientation in _MIRRORED:
        image = np.asarray(cv2.flip(image, 1), dtype=np.uint8)
        orientation = _MIRRORED[orientation]
    turn = _TURNS.get(orientation)
    return image if turn is None else np.asarray(cv2.rotate(image, turn), dtype=np.uint8)


def _sized(image: NDArray[np.uint8]) -> GreyPicture:
    if image.size <= DECODED_PIXELS:
        return GreyPicture(np.ascontiguousarray(image), 1.0)
    scale = math.sqrt(image.size / DECODED_PIXELS)
    small = cv2.resize(image, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
    return GreyPicture(np.asarray(small, dtype=np.uint8), scale)
