"""A code's bytes turned into the modules of a symbol, by either of two encoders.

The two share no code, so that a fixture drawn by one checks the other and the decoder: zxing-cpp's writer draws
every carrier, and `Encoder.SECOND` is segno for QR and our own `bars` for Code 128 and EAN. Data Matrix has the first
encoder only. Names of carriers are AIM identifiers, as a scanner sends them.
"""

from __future__ import annotations

from enum import Enum

import biip
import numpy as np
import segno
import zxingcpp

from drivers.scanner.bars import Modules, draw_code128, draw_ean

_QUIET_MATRIX = 4


class Encoder(Enum):
    """Who draws the symbol."""

    FIRST = "zxing-cpp"
    SECOND = "segno or our own bars"


_FORMATS = {
    "]C": zxingcpp.BarcodeFormat.Code128,
    "]E": zxingcpp.BarcodeFormat.EAN13,
    "]d": zxingcpp.BarcodeFormat.DataMatrix,
    "]Q": zxingcpp.BarcodeFormat.QRCode,
}
_GS1 = frozenset({"]C1", "]d2", "]Q3"})
LINEAR = frozenset({"]C0", "]C1", "]E0", "]E4"})
"""The carriers that are bars."""
CARRIERS = LINEAR | {"]d1", "]d2", "]Q1", "]Q3"}
"""What can be drawn."""


def draw_symbol(raw: bytes, symbology: str, encoder: Encoder = Encoder.FIRST) -> Modules:
    """Return the modules of the symbol that says `raw` in the carrier `symbology`.

    Raises:
        ValueError: The carrier cannot say these bytes, is not known, or the encoder does not draw it.
    """
    if symbology not in CARRIERS:
        raise ValueError(f"no encoder draws {symbology}")
    if encoder is Encoder.FIRST:
        return _draw_zxing(raw, symbology)
    if symbology in {"]C0", "]C1"}:
        return draw_code128(raw, gs1=symbology == "]C1")
    if symbology in {"]E0", "]E4"}:
        return draw_ean(raw.decode("ascii"))
    if symbology == "]Q1":
        return _draw_segno(raw)
    raise ValueError(f"the second encoder does not draw {symbology}")


def _draw_zxing(raw: bytes, symbology: str) -> Modules:
    zxing_format = zxingcpp.BarcodeFormat.EAN8 if symbology == "]E4" else _FORMATS[symbology[:2]]
    is_gs1 = symbology in _GS1
    # Data Matrix would come out in its rectangular extension, which no pack carries.
    shape = {"force_square": True} if symbology[:2] == "]d" else {}
    barcode = zxingcpp.create_barcode(_content(raw, is_gs1), zxing_format, gs1=is_gs1, **shape)
    image = np.array(barcode.to_image(scale=1, add_quiet_zones=True))
    return image[:1] if symbology in LINEAR else np.pad(image, _QUIET_MATRIX, constant_values=255)


def _content(raw: bytes, is_gs1: bool) -> str | bytes:
    """Return what the writer takes: brackets for GS1, text for ASCII, and bytes for all else."""
    if is_gs1:
        message = biip.parse(raw.decode("ascii")).gs1_message
        if message is None:
            raise ValueError("no GS1 element string")
        return message.as_hri()
    return raw.decode("ascii") if raw.isascii() else raw


def _draw_segno(raw: bytes) -> Modules:
    matrix = np.array([list(row) for row in segno.make_qr(raw).matrix], dtype=np.uint8)
    return np.pad((1 - matrix) * np.uint8(255), _QUIET_MATRIX, constant_values=255)
