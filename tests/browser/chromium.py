"""Which Chromium draws the pages, and how it is started."""

from __future__ import annotations

import shutil

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The shell first: it is the same engine without a desktop's window, which costs more than most of our pages."""


def find_chromium() -> str | None:
    """Return the program, or None where there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)
