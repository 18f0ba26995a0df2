"""The steps of the retry ladder: each is one look at the picture that buys one defect.

A step prepares the picture (turned, enlarged, lightened …), reads it once with zxing-cpp, and gives the codes in the
coordinates of the picture it was given. It is the smallest thing that runs: the ladder looks at the clock between
steps, so no step does two looks. What each buys and costs is in docs/decode.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from drivers.scanner.symbols import Code, Grey, carrier_of, code_of

Affine = NDArray[np.float64]
"""A 2x3 map from the prepared picture back to the given one."""

_SAME: Affine = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
_BARS = (zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.EAN13, zxingcpp.BarcodeFormat.EAN8)
_LINEAR = zxingcpp.BarcodeFormats(_BARS)
_ALL = zxingcpp.BarcodeFormats((*_BARS, zxingcpp.BarcodeFormat.DataMatrix, zxingcpp.BarcodeFormat.QRCode))
_DARK_BELOW = 130
"""A picture whose brightest hundredth is darker than this lacks light."""
_ENLARGE_UP_TO_PX = 10_000_000
"""Beyond this an enlarged copy takes longer than any budget, and a module already has pixels enough."""
_HALVE_FROM_PX = 300_000


class Witness(Enum):
    """Looks that err together count as one witness (`drivers.scanner.ladder`)."""

    PLAIN = "at its own size"
    ENLARGED = "enlarged"
    ZBAR = "zbar"


class Step(Protocol):
    """One look at a picture."""

    @property
    def name(self) -> str:
        """As codes name it in `Code.step`."""
        ...

    @property
    def witness(self) -> Witness: ...

    def suits(self, image: Grey) -> bool:
        """Tell whether this look can show anything in such a picture."""
        ...

    def find(self, image: Grey) -> list[Code]:
        """Return what this one look finds."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """One look with zxing-cpp."""

    name: str
    prepare: Callable[[Grey], tuple[Grey, Affine]] = lambda image: (image, _SAME)
    linear_only: bool = False
    """Leave 2D codes out: they were found at any angle before."""
    rotate: bool = True
    """Look for codes turned by a quarter as well."""
    downscale: bool = False
    invert: bool = False
    """Look for 2D codes in light on dark as well."""
    witness: Witness = Witness.PLAIN
    when: Callable[[Grey], bool] = lambda image: bool(image.size)

    def suits(self, image: Grey) -> bool:
        return self.when(image)

    def find(self, image: Grey) -> list[Code]:
        prepared, back = self.prepare(image)
        barcodes = zxingcpp.read_barcodes(
            prepared,
            formats=_LINEAR if self.linear_only else _ALL,
            try_rotate=self.rotate,
            try_downscale=self.downscale,
            try_invert=self.invert,
            text_mode=zxingcpp.TextMode.Plain,
        )
        found = ((barcode, carrier_of(barcode)) for barcode in barcodes)
        return [code_of(barcode, carrier, self.name, back) for barcode, carrier in found if carrier is not None]


def _enlarged(image: Grey) -> tuple[Grey, Affine]:
    big = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return np.asarray(big, dtype=np.uint8), np.array([[0.5, 0.0, -0.25], [0.0, 0.5, -0.25]])


def _sharpened(image: Grey) -> tuple[Grey, Affine]:
    # Sharpening the enlarged copy reads more than enlarging the sharpened one, with fewer misread EANs.
    big, back = _enlarged(image)
    # Blurred before it is enlarged: the same softness for a tenth of the time.
    soft = cv2.resize(cv2.GaussianBlur(image, (0, 0), 1.5), None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.addWeighted(big, 3, soft, -2, 0), dtype=np.uint8), back


def _lightened(image: Grey) -> tuple[Grey, Affine]:
    # Three times the light shows three times the noise, hence the blur.
    light = cv2.convertScaleAbs(image, alpha=3)
    return np.asarray(cv2.GaussianBlur(light, (0, 0), 1), dtype=np.uint8), _SAME


def _lightened_and_enlarged(image: Grey) -> tuple[Grey, Affine]:
    soft = cv2.GaussianBlur(image, (0, 0), 0.75)
    return _enlarged(np.asarray(cv2.convertScaleAbs(soft, alpha=4), dtype=np.uint8))


def _halved(image: Grey) -> tuple[Grey, Affine]:
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8), np.array([[2.0, 0.0, 0.5], [0.0, 2.0, 0.5]])


def _inverted(image: Grey) -> tuple[Grey, Affine]:
    return np.asarray(cv2.bitwise_not(image), dtype=np.uint8), _SAME


def _turned(angle_deg: float) -> Callable[[Grey], tuple[Grey, Affine]]:
    def turn(image: Grey) -> tuple[Grey, Affine]:
        height, width = image.shape
        forth = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
        cos, sin = abs(forth[0, 0]), abs(forth[0, 1])
        new_width, new_height = round(width * cos + height * sin), round(width * sin + height * cos)
        forth[:, 2] += (new_width - width) / 2, (new_height - height) / 2
        turned = cv2.warpAffine(
            image, forth, (new_width, new_height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(turned, dtype=np.uint8), np.asarray(cv2.invertAffineTransform(forth))

    return turn


def _is_dark(image: Grey) -> bool:
    return float(np.percentile(image[::8, ::8], 99)) < _DARK_BELOW


def _can_enlarge(image: Grey) -> bool:
    return image.size <= _ENLARGE_UP_TO_PX


def _can_halve(image: Grey) -> bool:
    return image.size >= _HALVE_FROM_PX


def _turn(angle_deg: int) -> Look:
    return Look(f"turn{angle_deg:+d}", _turned(angle_deg), linear_only=True)


FAST = Look("fast", rotate=False)
"""The cheapest look: what a moving frame gets."""

WATCHING: tuple[Step, ...] = (
    FAST,
    Look("rotate"),
    Look("lighten", _lightened, when=_is_dark),
    Look("lighten+upscale", _lightened_and_enlarged, rotate=False, witness=Witness.ENLARGED, when=_is_dark),
    Look("half", _halved, when=_can_halve),
    Look("upscale", _enlarged, rotate=False, witness=Witness.ENLARGED, when=_can_enlarge),
    Look("full", downscale=True, invert=True),
    Look("invert", _inverted, linear_only=True),
    Look("upscale+rotate", _enlarged, witness=Witness.ENLARGED, when=_can_enlarge),
    Look("sharpen", _sharpened, rotate=False, witness=Witness.ENLARGED, when=_can_enlarge),
    *(_turn(angle) for angle in (15, -15, 30, -30, 45)),
)
"""The looks at a camera's still scene, the cheapest first. 45° either way is one look: it also tries the quarter."""

LADDER: tuple[Step, ...] = (
    *WATCHING,
    Look("sharpen+rotate", _sharpened, witness=Witness.ENLARGED, when=_can_enlarge),
    *(_turn(angle) for angle in (20, -20, 40, -40)),
)
"""Every look with zxing-cpp, for a picture that there is only one of."""
