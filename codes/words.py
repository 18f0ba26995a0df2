"""A sentence in the two languages of the house.

Everything a person reads (errors, reasons, hints) is a `Words`: both languages are written side by side where
the fact arises, so that neither can be forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence, in Chinese and in English."""

    zh: str
    """The sentence in simplified Chinese."""

    en: str
    """The same sentence in English."""

    def __str__(self) -> str:
        """Return both languages on one line, Chinese first."""
        return f"{self.zh} / {self.en}"

    def of(self, language: Language) -> str:
        """Return the sentence in `language`."""
        return self.zh if language == "zh" else self.en
