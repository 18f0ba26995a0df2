"""The root of every error that a person may see.

An error is a stable code, one sentence in each language, and a next step. Each package has one base of its own
below `YimaError`. Beside it stands the advice, once for all packages: an error is also a `TransientError`, a
`ConfigError`, a `RejectedError` or a `CorruptStoreError`, so that whoever catches it knows what to do without knowing
where it came from: `class DiskFullError(EdgeError, TransientError)`.
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

    def __init__(self, words: Words, *, next_step: Words | None = None) -> None:
        super().__init__(str(words))
        self.words = words
        if next_step is not None:
            self.next_step = next_step  # type: ignore[misc] # this one knows more than its class, such as a path


class TransientError(YimaError):
    """It may pass by itself: keep what you hold and try again, with back-off."""

    code: ClassVar[str] = "yima.transient"
    next_step: ClassVar[Words] = Words(
        "系统会自动重试；若持续出现，请联系管理员。",
        "It is tried again by itself; ask your administrator if it stays.",
    )


class ConfigError(YimaError):
    """It will not pass by itself: stop and tell the administrator."""

    code: ClassVar[str] = "yima.config"


class RejectedError(YimaError):
    """What was asked cannot be done as it is: tell the user."""

    code: ClassVar[str] = "yima.rejected"


class CorruptStoreError(YimaError):
    """What was stored is damaged: leave it as it is, so that nothing in it is lost."""

    code: ClassVar[str] = "yima.corrupt_store"
