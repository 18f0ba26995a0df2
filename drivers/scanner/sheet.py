"""The calibration sheet: the symbols of the self-test on one page, to be printed or shown on a screen.

As HTML it needs nothing but itself: the symbols are drawn in SVG, in units of modules. A module is a whole number of
pixels wide, so that neither a screen nor a printer has to guess where its edge is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import cv2
import numpy as np

from drivers.scanner.bars import Modules
from drivers.scanner.drawing import LINEAR, draw
from drivers.scanner.selftest import SHEET, Symbol

_BAR_WIDTH = 2
_BAR_HEIGHT = 70
_MATRIX_MODULE = 5
_MARGIN = 60
_PNG_SCALE = 2

_PAGE = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>一码 · 扫码枪校准页 / Yima scanner calibration sheet</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #000; background: #fff; margin: 2em; }}
figure {{ margin: 0 0 4em; }}
svg {{ display: block; }}
</style>
<h1>扫码枪校准页 <small>Scanner calibration sheet</small></h1>
<p>运行 <code>yima scanner setup 扫码枪</code>，按提示依次扫描。打印时请选“实际大小”，用屏幕显示时请调到最亮。<br>
Run <code>yima scanner setup SCANNER</code> and scan one after the other as it asks. Print at actual size, or show it on
a bright screen.</p>
{figures}
</html>
"""
_FIGURE = """<figure>
<figcaption>{number}. {zh} <span lang="en">{en}</span></figcaption>
{svg}
</figure>"""


def sheet_as_html(symbols: Sequence[Symbol] = SHEET) -> str:
    """Return the sheet as a page of its own."""
    figures = (
        _FIGURE.format(number=number, zh=escape(one.words.zh), en=escape(one.words.en), svg=_svg(one, ""))
        for number, one in enumerate(symbols, 1)
    )
    return _PAGE.format(figures="\n".join(figures))


def symbol_as_svg(symbol: Symbol) -> str:
    """Return one symbol as a picture of its own."""
    return _svg(symbol, ' xmlns="http://www.w3.org/2000/svg"') + "\n"


def sheet_as_svg(symbols: Sequence[Symbol] = SHEET) -> str:
    """Return the sheet as one picture, each symbol with its number."""
    top, width, drawn = _MARGIN, 0, []
    for number, one in enumerate(symbols, 1):
        across, down = _size(one)
        label = f'<text x="{_MARGIN // 4}" y="{top + _MARGIN // 2}" font-size="24">{number}</text>'
        drawn.append(f'{label}<g transform="translate({_MARGIN} {top})">{_svg(one, "")}</g>')
        top, width = top + down + _MARGIN, max(width, across + 2 * _MARGIN)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top}" viewBox="0 0 {width} {top}">'
    paper = f'<rect width="{width}" height="{top}" fill="#fff"/>'
    return "\n".join([head, paper, *drawn, "</svg>", ""])


def sheet_as_png(symbols: Sequence[Symbol] = SHEET) -> bytes:
    """Return the sheet as a picture, each symbol with its number."""
    drawn = [_enlarged(one).repeat(_PNG_SCALE, axis=0).repeat(_PNG_SCALE, axis=1) for one in symbols]
    width = max(one.shape[1] for one in drawn) + 2 * _MARGIN
    height = sum(one.shape[0] + 2 * _MARGIN for one in drawn)
    page = np.full((height, width), 255, np.uint8)
    top = _MARGIN
    for number, one in enumerate(drawn, 1):
        cv2.putText(page, str(number), (_MARGIN // 3, top + _MARGIN // 2), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 0, 2)
        page[top : top + one.shape[0], _MARGIN : _MARGIN + one.shape[1]] = one
        top += one.shape[0] + 2 * _MARGIN
    _, encoded = cv2.imencode(".png", page)
    return encoded.tobytes()


def _enlarged(symbol: Symbol) -> Modules:
    modules = draw(symbol.code, symbol.symbology)
    if symbol.symbology in LINEAR:
        return modules.repeat(_BAR_WIDTH, axis=1).repeat(_BAR_HEIGHT, axis=0)
    return modules.repeat(_MATRIX_MODULE, axis=0).repeat(_MATRIX_MODULE, axis=1)


def _size(symbol: Symbol) -> tuple[int, int]:
    """Return how many pixels wide and high a symbol is drawn."""
    height, width = draw(symbol.code, symbol.symbology).shape
    is_linear = symbol.symbology in LINEAR
    return (width * _BAR_WIDTH, _BAR_HEIGHT) if is_linear else (width * _MATRIX_MODULE, height * _MATRIX_MODULE)


def _svg(symbol: Symbol, attributes: str) -> str:
    modules = draw(symbol.code, symbol.symbology)
    (height, columns), (width_px, height_px) = modules.shape, _size(symbol)
    down = _BAR_HEIGHT // _BAR_WIDTH if symbol.symbology in LINEAR else 1
    path = "".join(f"M{left} {top}h{run}v{down}h-{run}z" for top, row in enumerate(modules) for left, run in _runs(row))
    return (
        f'<svg{attributes} width="{width_px}" height="{height_px}" viewBox="0 0 {columns} {height * down}" '
        f'shape-rendering="crispEdges"><path d="{path}"/></svg>'
    )


def _runs(row: Modules) -> Iterator[tuple[int, int]]:
    """Yield where ink begins in a row of pixels, and how far it goes."""
    edges = np.flatnonzero(np.diff(np.concatenate(([255], row, [255])).astype(np.int16)))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(begin), int(end - begin)
