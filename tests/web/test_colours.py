"""Each text colour reaches the contrast of WCAG 2.2 AA on every ground it is used on."""

from __future__ import annotations

import re
from typing import Final

import pytest

from web.assets import FOLDER

TOKENS: Final = dict(re.findall(r"--y-([\w-]+): (#[0-9a-f]{6});", (FOLDER / "css/tokens.css").read_text("utf-8")))
TEXT: Final = 4.5
PARTS: Final = 3.0

ON = [
    ("ink", "paper", TEXT),
    ("ink", "page", TEXT),
    ("muted", "paper", TEXT),
    ("muted", "page", TEXT),
    ("muted", "quiet", TEXT),
    ("muted", "ok-tint", TEXT),
    ("nav-ink", "nav", TEXT),
    ("nav-muted", "nav", TEXT),
    ("nav-ink", "nav-raised", TEXT),
    ("nav-ink", "ok-nav", TEXT),
    ("nav-ink", "warn", TEXT),
    ("nav-ink", "bad", TEXT),
    ("paper", "primary", TEXT),
    ("paper", "bad", TEXT),
    ("primary", "paper", TEXT),
    ("primary-strong", "paper", TEXT),
    ("ok", "ok-tint", TEXT),
    ("ok", "paper", TEXT),
    ("warn", "warn-tint", TEXT),
    ("warn", "paper", TEXT),
    ("bad", "bad-tint", TEXT),
    ("bad-strong", "bad-tint", TEXT),
    ("bad", "paper", TEXT),
    ("line-strong", "paper", PARTS),
    ("focus-ink", "focus", PARTS),
]


def luminance(colour: str) -> float:
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize(("front", "back", "least"), ON, ids=str)
def test_colours_can_be_told_apart(front: str, back: str, least: float) -> None:
    assert contrast(TOKENS[front], TOKENS[back]) >= least
