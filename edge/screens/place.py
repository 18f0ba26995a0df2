"""Which terminal a page belongs to, as people call it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Which terminal the page belongs to, as people call it."""

    terminal: str
    """Id of the terminal."""
    label: str
    """Name of the counter; the institution's code where it has none."""
    has_visits: bool = False
    """Steps of visits are done at this terminal."""
    has_report: bool = False
    """The institution's software passes here, and what listening to it found may be looked at."""
