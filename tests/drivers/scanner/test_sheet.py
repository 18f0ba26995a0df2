"""The calibration sheet can be read: as a picture, and as the page that people print."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from codes.classify import read as classified
from codes.reading import Kind, Scan
from drivers.scanner.ladder import decode_frame
from drivers.scanner.selftest import SHEET
from drivers.scanner.sheet import sheet_as_html, sheet_as_png, sheet_as_svg, symbol_as_svg

PICTURES = Path(__file__).parents[3] / "web" / "static" / "img" / "setup"
EXPECTED = {(symbol.code, symbol.symbology) for symbol in SHEET}


def read(picture: np.ndarray) -> set[tuple[bytes, str | None]]:
    found = decode_frame(picture, budget_ms=20_000, expect=len(SHEET)).codes
    return {(code.raw, code.aim) for code in found}


def test_the_picture_holds_every_symbol():
    picture = cv2.imdecode(np.frombuffer(sheet_as_png(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert read(picture) == EXPECTED


def read_page(page: str) -> set[tuple[bytes, str | None]]:
    """Read every symbol that is drawn in a page."""
    drawn = [
        rastered(*found) for found in re.findall(r'width="(\d+)"[^>]*viewBox="0 0 (\d+) (\d+)".*?<path d="(.*?)"', page)
    ]
    height, width = sum(one.shape[0] + 40 for one in drawn), max(one.shape[1] for one in drawn)
    paper = np.full((height + 100, width + 100), 255, np.uint8)
    top = 50
    for one in drawn:
        paper[top : top + one.shape[0], 50 : 50 + one.shape[1]] = one
        top += one.shape[0] + 40
    return read(paper)


def test_the_page_holds_every_symbol_and_asks_no_other_host():
    page = sheet_as_html()
    assert read_page(page) == EXPECTED
    assert "http" not in page
    assert 'lang="zh-CN"' in page


def test_the_sheet_as_one_drawing_holds_every_symbol_with_its_number():
    drawing = sheet_as_svg()
    assert read_page(drawing.partition("\n")[2]) == EXPECTED
    assert re.findall(r">(\d)</text>", drawing) == [str(number) for number in range(1, len(SHEET) + 1)]


def test_the_pictures_of_the_set_up_page_are_the_symbols_of_the_sheet():
    # They are kept drawn, so that a terminal without the camera extra can show them.
    pictures = {path.name: path.read_text("utf-8") for path in PICTURES.glob("*.svg")}
    assert pictures == {f"{symbol.name}.svg": symbol_as_svg(symbol) for symbol in SHEET}


def rastered(width_px: str, columns: str, rows: str, path: str) -> np.ndarray:
    """Draw what the page's path says, as a browser would."""
    modules = np.full((int(rows), int(columns)), 255, np.uint8)
    for left, top, run, down in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z", path):
        modules[int(top) : int(top) + int(down), int(left) : int(left) + int(run)] = 0
    scale = int(width_px) // int(columns)
    return modules.repeat(scale, axis=0).repeat(scale, axis=1)


@pytest.mark.req("T-22")
def test_the_sheet_has_bars_a_gs1_symbol_with_two_variable_fields_and_a_qr_code():
    assert [symbol.symbology for symbol in SHEET] == ["]C0", "]d2", "]Q1", "]C0", "]C0"]
    assert SHEET[1].code.count(b"\x1d") == 1


@pytest.mark.req("T-22")
def test_the_sheet_has_a_true_hibc_code_in_each_case():
    upper, lower = (symbol.code for symbol in SHEET if symbol.name.startswith("hibc"))
    assert (upper, lower) == (upper.upper(), lower.lower())
    assert [classified(Scan(code)).kind for code in (upper, lower)] == [Kind.HIBC] * 2
