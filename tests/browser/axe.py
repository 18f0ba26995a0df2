"""What axe-core finds on a page, as sentences."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

ONLY_FAULTS = {"resultTypes": ["violations"]}
"""Describing what is in order takes as long as finding what is not."""
GRAVE = frozenset({"serious", "critical"})


def grave_findings(page: Page) -> list[str]:
    """Return the violations that keep people from using the page."""
    found = Axe().run(page, options=ONLY_FAULTS).response["violations"]
    return [f"{one['id']}: {one['help']} at {_places(one)}" for one in found if one["impact"] in GRAVE]


def _places(violation: Any) -> str:
    return ", ".join(str(node["target"][0]) for node in violation["nodes"][:5])
