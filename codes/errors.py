"""The root of every error that a person may see.

An error is a stable code, one sentence in each language, and a next step. Each package has one base of its own
below `YimaError`; the classes below that say what the caller should do (retry, stop, tell the user, quarantine).
"""

from __future__ import annotations

from typing import ClassVar

from codes.words import Words


class YimaError(Exception):
    """An error with a stable code, words in both languages and a next step.

    Subclasses set `code` and `next_step`; the words are given where the error is raised, because they carry the
    values (path, port, line) that make the message useful.
    """

    code: ClassVar[str] = "yima.error"
    """Stable, dotted, never reused for another meaning."""

    next_step: ClassVar[Words] = Words("请联系管理员。", "Ask your administrator.")
    """What the reader can do now."""

    def __init__(self, words: Words) -> None:
        super().__init__(str(words))
        self.words = words
