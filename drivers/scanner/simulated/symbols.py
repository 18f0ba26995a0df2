"""A code's bytes turned into the modules of a symbol, by either of two encoders.

The two share no code, so that a fixture drawn by one checks the other and the decoder: zxing-cpp's writer draws
every carrier, and `Encoder.SECOND` is segno for QR and our own `bars` for Code 128 and EAN. Data Matrix has the first
encoder only. Names of carriers are AIM identifiers, as a scanner sends them.
"""

from __future__ import annotations

from enum import Enum

import numpy as np
import segno

from drivers.scanner.bars import Modules, draw_code128, draw_ean
from drivers.scanner.drawing import CARRIERS, LINEAR, draw

__all__ = ["CARRIERS", "LINEAR", "Encoder", "draw_symbol"]

_QUIET_MATRIX = 4


class Encoder(Enum):
    """Who draws the symbol."""

    FIRST = "zxing-cpp"
    SECOND = "segno or our own bars"


def draw_symbol(raw: bytes, symbology: str, encoder: Encoder = Encoder.FIRST) -> Modules:
    """Return the modules of the symbol that says `raw` in the carrier `symbology`.

    Raises:
        ValueError: The carrier cannot say these bytes, is not known, or the encoder does not draw it.
    """
    if symbology not in CARRIERS:
        raise ValueError(f"no encoder draws {symbology}")
    if encoder is Encoder.FIRST:
        return draw(raw, symbology)
    if symbology in {"]C0", "]C1"}:
        return draw_code128(raw, gs1=symbology == "]C1")
    if symbology in {"]E0", "]E4"}:
        return draw_ean(raw.decode("ascii"))
    if symbology == "]Q1":
        return _draw_segno(raw)
    raise ValueError(f"the second encoder does not draw {symbology}")


def _draw_segno(raw: bytes) -> Modules:
    matrix = np.array([list(row) for row in segno.make_qr(raw).matrix], dtype=np.uint8)
    return np.pad((1 - matrix) * np.uint8(255), _QUIET_MATRIX, constant_values=255)
