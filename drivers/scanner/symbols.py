"""One code found in a picture: its bytes, its carrier, where it is, and who found it.

The bytes are the truth. `text` is a reading of them for people: UTF-8 if they are UTF-8, else GB18030, else with
escapes. Whether a symbol is GS1 is decided by its content type, not by the decoder's identifier: a Data Matrix in
the rectangular extension says `]d8` for what every parser knows as `]d2`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import zxingcpp
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""An 8-bit grey picture, rows first."""
Point = tuple[float, float]
"""x to the right and y down, in pixels; the middle of the first pixel is (0, 0)."""


class Carrier(StrEnum):
    """The symbologies that the camera reads."""

    CODE_128 = "Code128"
    EAN_13 = "EAN13"
    """UPC-A too, which is an EAN-13 with a leading zero."""
    EAN_8 = "EAN8"
    DATA_MATRIX = "DataMatrix"
    QR_CODE = "QRCode"

    @property
    def is_linear(self) -> bool:
        """Bars: guarded by one check character only, so that one sight of it is not enough."""
        return self in {Carrier.CODE_128, Carrier.EAN_13, Carrier.EAN_8}

    @property
    def is_ean(self) -> bool:
        """Digits with a mod 10 check: one misread in ten passes it."""
        return self in {Carrier.EAN_13, Carrier.EAN_8}


_AIM = {
    Carrier.CODE_128: ("]C0", "]C1"),
    Carrier.EAN_13: ("]E0", "]E0"),
    Carrier.EAN_8: ("]E4", "]E4"),
    Carrier.DATA_MATRIX: ("]d1", "]d2"),
    Carrier.QR_CODE: ("]Q1", "]Q3"),
}


@dataclass(frozen=True, slots=True)
class Quad:
    """Where a symbol lies: its corners in reading order, so a box that lies upside down starts at its own left."""

    top_left: Point
    top_right: Point
    bottom_right: Point
    bottom_left: Point

    @property
    def points(self) -> tuple[Point, Point, Point, Point]:
        return (self.top_left, self.top_right, self.bottom_right, self.bottom_left)

    @property
    def centre(self) -> Point:
        return (sum(x for x, _ in self.points) / 4, sum(y for _, y in self.points) / 4)

    @property
    def length(self) -> float:
        """The mean of its two sides along the reading direction."""
        return (math.dist(self.top_left, self.top_right) + math.dist(self.bottom_left, self.bottom_right)) / 2

    @property
    def height(self) -> float:
        """The mean of its two sides across the reading direction; bars seen by one scan line have none."""
        return (math.dist(self.top_left, self.bottom_left) + math.dist(self.top_right, self.bottom_right)) / 2

    def moved(self, back: NDArray[np.float64]) -> Quad:
        """Return the quad under the affine map `back` (2x3)."""
        moved = np.asarray(self.points) @ back[:, :2].T + back[:, 2]
        corners = [(float(x), float(y)) for x, y in moved]
        return Quad(corners[0], corners[1], corners[2], corners[3])

    def covers(self, point: Point, *, slack: float = 0.0) -> bool:
        """Tell whether `point` is inside, give or take `slack` of the longer side."""
        left = ((self.top_left[0] + self.bottom_left[0]) / 2, (self.top_left[1] + self.bottom_left[1]) / 2)
        right = ((self.top_right[0] + self.bottom_right[0]) / 2, (self.top_right[1] + self.bottom_right[1]) / 2)
        angle = math.atan2(right[1] - left[1], right[0] - left[0])
        dx, dy = point[0] - self.centre[0], point[1] - self.centre[1]
        along = abs(dx * math.cos(angle) + dy * math.sin(angle))
        across = abs(dy * math.cos(angle) - dx * math.sin(angle))
        margin = slack * max(self.length, self.height)
        return along <= self.length / 2 + margin and across <= self.height / 2 + margin

    def is_at(self, other: Quad, *, slack: float) -> bool:
        """Tell whether the two are sights of one place."""
        return self.covers(other.centre, slack=slack) or other.covers(self.centre, slack=slack)


@dataclass(frozen=True, slots=True)
class Code:
    """One symbol that was read."""

    raw: bytes
    """What it says. Group separators are 0x1D."""
    carrier: Carrier
    aim: str | None
    """AIM symbology identifier; unknown if None, because zbar does not tell FNC1."""
    is_gs1: bool
    position: Quad
    """In the coordinates of the picture that was given, even if it was found in a turned or enlarged copy."""
    step: str
    """The step of the ladder that found it first."""

    @property
    def text(self) -> str:
        """The bytes for people to read."""
        return text_of(self.raw)


def text_of(raw: bytes) -> str:
    """Return `raw` as text: UTF-8 if it is that, else GB18030, else ASCII with escapes."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("ascii", "backslashreplace")


def aim_of(carrier: Carrier, *, is_gs1: bool) -> str:
    """Return the AIM identifier in the form that parsers know."""
    return _AIM[carrier][is_gs1]


_VARIANTS = {"MicroQRCode": Carrier.QR_CODE, "RMQRCode": Carrier.QR_CODE, "UPCA": Carrier.EAN_13}
"""What the decoder calls by a name of its own although only its family was asked for."""


def carrier_of(barcode: zxingcpp.Barcode) -> Carrier | None:
    """Return the symbology, None if it is none that we read."""
    name = barcode.format.name
    return _VARIANTS.get(name) or next((carrier for carrier in Carrier if carrier == name), None)


def code_of(barcode: zxingcpp.Barcode, carrier: Carrier, step: str, back: NDArray[np.float64]) -> Code:
    """Return zxing-cpp's answer as ours, with its position taken `back` to the given picture."""
    is_gs1 = barcode.content_type == zxingcpp.ContentType.GS1
    found = barcode.position
    corners = (found.top_left, found.top_right, found.bottom_right, found.bottom_left)
    top_left, top_right, bottom_right, bottom_left = ((float(corner.x), float(corner.y)) for corner in corners)
    return Code(
        raw=barcode.bytes,
        carrier=carrier,
        aim=aim_of(carrier, is_gs1=is_gs1),
        is_gs1=is_gs1,
        position=Quad(top_left, top_right, bottom_right, bottom_left).moved(back),
        step=step,
    )
