"""What axe-core finds on a page, as sentences."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = frozenset({"serious", "critical"})
SCRIPT: str = Axe().axe_script
FIND = """() => axe.run({
  resultTypes: ["violations"],
  rules: Object.fromEntries(
    axe._audit.rules.filter(one => ["minor", "moderate"].includes(one.impact)).map(one => [one.id, { enabled: false }])
  ),
}).then(found => found.violations)"""
"""Describing what is in order takes as long as finding what is not, and rules whose finds are never grave a third of
the rest."""


def grave_findings(page: Page) -> list[str]:
    """Return the violations that keep people from using the page."""
    page.evaluate(SCRIPT)
    return [f"{one['id']}: {one['help']} at {_places(one)}" for one in page.evaluate(FIND) if one["impact"] in GRAVE]


def _places(violation: Any) -> str:
    return ", ".join(str(node["target"][0]) for node in violation["nodes"][:5])
