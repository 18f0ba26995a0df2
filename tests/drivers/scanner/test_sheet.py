"""The calibration sheet can be read: as a picture, and as the page that people print."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from drivers.scanner.ladder import decode_frame
from drivers.scanner.selftest import SHEET
from drivers.scanner.sheet import sheet_as_html, sheet_as_png

EXPECTED = {(symbol.code, symbol.symbology) for symbol in SHEET}


def read(picture: np.ndarray) -> set[tuple[bytes, str | None]]:
    found = decode_frame(picture, budget_ms=20_000, expect=len(SHEET)).codes
    return {(code.raw, code.aim) for code in found}


def test_the_picture_holds_every_symbol():
    picture = cv2.imdecode(np.frombuffer(sheet_as_png(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert read(picture) == EXPECTED


def test_the_page_holds_every_symbol_and_asks_no_other_host():
    page = sheet_as_html()
    drawn = [rastered(*found) for found in re.findall(r'viewBox="0 0 (\d+) (\d+)".*?<path d="(.*?)"', page)]
    height, width = sum(one.shape[0] for one in drawn), max(one.shape[1] for one in drawn)
    paper = np.full((height + 100, width + 100), 255, np.uint8)
    top = 50
    for one in drawn:
        paper[top : top + one.shape[0], 50 : 50 + one.shape[1]] = one
        top += one.shape[0]
    assert read(paper) == EXPECTED
    assert "http" not in page
    assert 'lang="zh-CN"' in page


def rastered(width: str, height: str, path: str) -> np.ndarray:
    """Draw what the page's path says, as a browser would."""
    pixels = np.full((int(height), int(width)), 255, np.uint8)
    for left, top, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path):
        pixels[int(top), int(left) : int(left) + int(run)] = 0
    return pixels


@pytest.mark.req("T-22")
def test_the_sheet_has_bars_a_gs1_symbol_with_two_variable_fields_and_a_qr_code():
    assert [symbol.symbology for symbol in SHEET] == ["]C0", "]d2", "]Q1"]
    assert SHEET[1].code.count(b"\x1d") == 1
