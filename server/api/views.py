"""What the API answers with. Stable: fields are added, never renamed or removed within /api/v1.

Each subject has a module of its own beside this one; here is what they share, and the centre itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from wire.receipts import Trust

MOST_CONFLICTS: Final = 10_000
"""Codes in conflict that are counted: the glance must stay quick, and beyond it nobody needs the number."""


class View(BaseModel):
    """What an answer is made of; it reads the fields of our own records."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)


class WordsView(View):
    """A sentence in both languages."""

    zh: str
    en: str


class StatusView(View):
    """The centre at a glance."""

    version: str
    epoch: str
    """Life of the store."""
    public_key: str
    """Hexadecimal; terminals check receipts with it."""
    fingerprint: str
    started_at: datetime
    is_connected: bool
    """The broker can be reached: records arrive and are answered."""
    hears_terminals: bool
    """Births, deaths and health reports arrive; they have a connection of their own."""
    terminals: dict[Trust, int]
    products: int
    catalogue_revision: int
    conflicts: int
    """Codes in conflict; counting ends at `MOST_CONFLICTS`, 10,000."""
    tally: dict[str, int]
    """Since the start of this process; `docs/centre.md` explains each count."""


class HealthView(View):
    """Whether the centre works."""

    is_ok: bool
