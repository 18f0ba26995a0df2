"""A linear code is proved by drawing it again.

Bars carry one check character. An EAN misread passes it one time in ten, and blurred or coarse bars misread the same
way in every scan line and in every frame, so neither line count nor a second frame helps. The bars that the claimed
text would have are therefore laid over the picture at the place of the claim, and every stretch of one character's
width must fit: one wrong character in a long code hardly shows in the whole. Figures are in docs/decode.md.

Curved and crumpled packs fit badly though read right, which is why the ladder also accepts independent witnesses.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.scanner.bars import DigitPairs, Modules, draw_code128, draw_ean
from drivers.scanner.symbols import Carrier, Code, Grey, Quad

_PROVED = 0.83
"""Correlation that the worst stretch must reach. Of 1,000 reads at the edge of sight, true ones had 0.85 and more,
misreads 0.78 and less."""
_WHOLE = 0.85
"""Correlation of the whole below which the stretches are not looked at."""
_STRETCH_MODULES = 11
"""One character of Code 128, one and a half digits of EAN."""

_SAMPLES = 5
"""A module is sampled so often."""
_SLACK = 2 * _SAMPLES
"""The claimed place may be off by two modules along the bars' row."""
_LENGTHENED = (0, 2, -2, 4, -4, 6, -6)
"""Its length may be off too, by so many samples at each end."""
_BLURS_MODULES = (0.1, 0.3, 0.6, 0.9)
_LINES = 3

_Profiles = NDArray[np.float32]


def is_proved(image: Grey, code: Code) -> bool:
    """Tell whether the bars that the claimed text would have are there, at the claimed place."""
    return any(
        _fits(lines, blurred)
        for bars in _drawings(code.carrier, code.raw, code.is_gs1)
        for lines in (_lines(image, code.position, bars.shape[1], longer) for longer in _LENGTHENED)
        for blurred in bars
    )


def _drawings(carrier: Carrier, raw: bytes, is_gs1: bool) -> Iterator[_Profiles]:
    """Yield the bars that encoders would print for the text, each as one profile per blur."""
    if carrier.is_ean:
        yield _ean(raw)
        return
    # zbar hides a leading FNC1, but not the separators that only a GS1 symbol has.
    is_gs1 = is_gs1 or b"\x1d" in raw
    drawn: list[_Profiles] = []
    for pairs in DigitPairs if raw.isascii() else ():
        bars = _code128(raw, is_gs1, pairs)
        if not any(np.array_equal(bars, known) for known in drawn):
            drawn.append(bars)
            yield bars


@functools.lru_cache(maxsize=256)
def _ean(digits: bytes) -> _Profiles:
    return _blurred(draw_ean(digits.decode("ascii")))


@functools.lru_cache(maxsize=256)
def _code128(raw: bytes, is_gs1: bool, pairs: DigitPairs) -> _Profiles:
    return _blurred(draw_code128(raw, gs1=is_gs1, pairs=pairs))


def _blurred(modules: Modules) -> _Profiles:
    ink = np.flatnonzero(modules[0] == 0)
    bars = np.repeat(modules[:, ink[0] : ink[-1] + 1].astype(np.float32), _SAMPLES, axis=1)
    edge = cv2.BORDER_REPLICATE
    blurs = [
        cv2.GaussianBlur(bars, (0, 0), sigmaX=blur * _SAMPLES, sigmaY=0.1, borderType=edge) for blur in _BLURS_MODULES
    ]
    return np.asarray(np.vstack(blurs), dtype=np.float32)


def _lines(image: Grey, place: Quad, samples: int, longer: int) -> _Profiles:
    """Return grey values along lines across the bars, and their mean, with slack at both ends."""
    top_left, top_right, bottom_right, bottom_left = (np.array(point) for point in place.points)
    down = np.linspace(0.1, 0.9, _LINES)[:, None]
    left, right = top_left + (bottom_left - top_left) * down, top_right + (bottom_right - top_right) * down
    across = (np.arange(-_SLACK, samples + _SLACK) + 0.5) / samples
    across = ((across - 0.5) * (1 + 2 * longer / samples) + 0.5)[None]
    xs = (left[:, :1] + (right - left)[:, :1] * across).astype(np.float32)
    ys = (left[:, 1:] + (right - left)[:, 1:] * across).astype(np.float32)
    lines = cv2.remap(image, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    return np.vstack([lines, lines.mean(axis=0, keepdims=True)])


def _fits(lines: _Profiles, bars: _Profiles) -> bool:
    """Tell whether the bars fit the line that they fit best, in every stretch of it."""
    fits = cv2.matchTemplate(lines, bars[None], cv2.TM_CCOEFF_NORMED)
    # Light bars on dark ground fit as well, the other way round.
    number, shift = np.unravel_index(np.abs(fits).argmax(), fits.shape)
    whole = float(fits[number, shift])
    if abs(whole) < _WHOLE:
        return False
    line = lines[number : number + 1, shift : shift + bars.size] * math.copysign(1, whole)
    return _worst_stretch(line, bars[None]) >= _PROVED


def _worst_stretch(line: _Profiles, bars: _Profiles) -> float:
    """Return the least correlation of any stretch of the line with the same stretch of the bars."""
    width = _STRETCH_MODULES * _SAMPLES

    def mean(profile: _Profiles) -> _Profiles:
        return np.asarray(cv2.blur(profile, (width, 1)), dtype=np.float32)

    line_mean, bars_mean = mean(line), mean(bars)
    spread = (mean(line * line) - line_mean**2) * (mean(bars * bars) - bars_mean**2)
    together = mean(line * bars) - line_mean * bars_mean
    correlation = together / np.sqrt(np.maximum(spread, 1e-3))
    return float(correlation[0, width // 2 : -(width // 2)].min())
