"""Frames with medicine boxes in them, as a camera on a counter would see them.

A box is a white panel with one symbol, some print beside it and clutter around. `Look` says how it stands before the
camera and how good the picture is; the same seed gives the same frame. Nothing here knows the decoder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.scanner.bars import Modules
from drivers.scanner.simulated.symbols import Encoder, draw_symbol

Frame = NDArray[np.uint8]
"""An 8-bit grey picture."""

_COUNTER_GREY = 118
_PANEL_GREY = 242
_BAR_HEIGHT_MODULES = 36
_MARGIN_MODULES = 6


@dataclass(frozen=True, slots=True)
class Symbol:
    """One code on one box."""

    raw: bytes
    """What the symbol says."""
    symbology: str
    """AIM identifier of the carrier, for example `]d2`."""
    encoder: Encoder = Encoder.FIRST
    """Who draws it."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the boxes stand before the camera, and how good the picture is."""

    px_per_module: float = 3.0
    """Pixels for the narrowest bar."""
    angle_deg: float = 0.0
    """Turn of the box, counter-clockwise."""
    blur_px: float = 0.0
    """Sigma of the lens's blur."""
    noise: float = 2.0
    """Sigma of the sensor's noise, of 255."""
    light: float = 1.0
    """1 is a lit counter, 0.18 a dark one."""
    inverted: bool = False
    """Light symbol on dark ground."""


PLAIN = Look()


def draw_box(symbol: Symbol, look: Look = PLAIN) -> Frame:
    """Return the panel with its symbol, upright, without blur, noise or darkness."""
    modules = draw_symbol(symbol.raw, symbol.symbology, symbol.encoder)
    printed = _enlarge(modules, look.px_per_module)
    if look.inverted:
        printed = 255 - printed
    margin = math.ceil(_MARGIN_MODULES * look.px_per_module)
    panel = np.pad(printed, margin, constant_values=0 if look.inverted else 255)
    panel = np.minimum(panel, np.uint8(_PANEL_GREY))
    foot = max(14, margin * 2)
    panel = np.pad(panel, ((0, foot), (0, 0)), constant_values=_PANEL_GREY)
    caption = symbol.raw[:24].decode("ascii", "replace").replace("\x1d", " ")
    scale = foot / 40
    origin = (margin, panel.shape[0] - foot // 3)
    cv2.putText(panel, caption, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, 30, 1, cv2.LINE_AA)
    return panel


def draw_scene(
    symbols: Sequence[Symbol],
    look: Look = PLAIN,
    *,
    size: tuple[int, int] = (1280, 720),
    skew_deg: float = 0.0,
    seed: int = 0,
) -> Frame:
    """Return a frame of `size` (width, height) with the boxes laid out in a grid.

    Args:
        symbols: One box each; none gives the empty counter.
        look: Shared by all boxes.
        size: Of the frame.
        skew_deg: Each box is turned by up to this much more, either way.
        seed: Of skew, texture and noise.

    Raises:
        ValueError: The boxes do not fit.
    """
    random = np.random.default_rng(seed)
    frame = _counter(size, random)
    boxes = [
        _turned(draw_box(symbol, look), look.angle_deg + random.uniform(-skew_deg, skew_deg)) for symbol in symbols
    ]
    for (panel, mask), (x, y) in zip(boxes, _grid([panel for panel, _ in boxes], size), strict=True):
        height, width = panel.shape
        place = frame[y : y + height, x : x + width]
        place[mask] = panel[mask]
    return _seen(frame, look, random)


def _enlarge(modules: Modules, px_per_module: float) -> Frame:
    """Draw each module at its true width, with grey where an edge falls inside a pixel."""
    fine = 8
    rows = _BAR_HEIGHT_MODULES if modules.shape[0] == 1 else modules.shape[0]
    tall = np.repeat(modules, rows, axis=0) if modules.shape[0] == 1 else modules
    big = cv2.resize(tall, None, fx=fine, fy=fine, interpolation=cv2.INTER_NEAREST)
    width, height = (max(1, round(side * px_per_module)) for side in (tall.shape[1], tall.shape[0]))
    shrink = cv2.INTER_AREA if px_per_module < fine else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(big, (width, height), interpolation=shrink), dtype=np.uint8)


def _turned(panel: Frame, angle_deg: float) -> tuple[Frame, NDArray[np.bool_]]:
    """Turn the panel about its middle, on a canvas that holds it, with the mask of where it is."""
    height, width = panel.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    new_width, new_height = math.ceil(width * cos + height * sin), math.ceil(width * sin + height * cos)
    turn[:, 2] += (new_width - width) / 2, (new_height - height) / 2
    turned = cv2.warpAffine(panel, turn, (new_width, new_height), flags=cv2.INTER_LINEAR)
    mask = cv2.warpAffine(np.full_like(panel, 255), turn, (new_width, new_height), flags=cv2.INTER_NEAREST)
    return np.asarray(turned, dtype=np.uint8), np.asarray(mask > 0)


def _grid(panels: Sequence[Frame], size: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the top left corner of each panel in a grid of equal cells, each panel in its cell's middle."""
    if not panels:
        return []
    cell_width = max(panel.shape[1] for panel in panels)
    cell_height = max(panel.shape[0] for panel in panels)
    columns = min(len(panels), size[0] // cell_width)
    rows = math.ceil(len(panels) / columns) if columns else 0
    if not columns or rows * cell_height > size[1]:
        raise ValueError(f"{len(panels)} boxes of {cell_width}x{cell_height} do not fit into {size[0]}x{size[1]}")
    pitch_x, pitch_y = size[0] / columns, size[1] / rows
    return [
        (
            round((place % columns + 0.5) * pitch_x - panel.shape[1] / 2),
            round((place // columns + 0.5) * pitch_y - panel.shape[0] / 2),
        )
        for place, panel in enumerate(panels)
    ]


def _counter(size: tuple[int, int], random: np.random.Generator) -> Frame:
    """An empty counter: a lamp's fall-off and a slow grain."""
    width, height = size
    across = np.linspace(-8, 8, width, dtype=np.float32)[None, :]
    grain = random.normal(0, 5, (height // 8 + 1, width // 8 + 1)).astype(np.float32)
    top = cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(_COUNTER_GREY + across + top, 0, 255), dtype=np.uint8)


def _seen(frame: Frame, look: Look, random: np.random.Generator) -> Frame:
    """What the sensor makes of it: blur, then little light, then noise."""
    seen = cv2.GaussianBlur(frame, (0, 0), look.blur_px) if look.blur_px else frame
    lit = seen.astype(np.float32) * look.light
    if look.noise:
        lit += random.normal(0, look.noise, lit.shape).astype(np.float32)
    return np.asarray(np.clip(lit, 0, 255), dtype=np.uint8)
