"""Drawing a code as a symbol with zxing-cpp's writer: every carrier that we read, GS1 by its content type.

Names of carriers are AIM identifiers, as a scanner sends them.
"""

from __future__ import annotations

import biip
import numpy as np
import zxingcpp

from drivers.scanner.bars import Modules

_QUIET_MATRIX = 4
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


def draw(raw: bytes, symbology: str) -> Modules:
    """Return the modules of the symbol that says `raw` in the carrier `symbology`, one of `CARRIERS`.

    Raises:
        ValueError: The carrier cannot say these bytes.
    """
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
