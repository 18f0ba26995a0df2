"""One thing that was looked at, and how it was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from codes.errors import YimaError
from codes.words import Words
from edge.health import Trouble


class Level(StrEnum):
    """How it was found."""

    OK = "ok"
    NOTICE = "notice"
    """It works, or may pass by itself; a person should know."""
    FAULT = "fault"
    """A person has to do something."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor."""

    code: str
    """Stable, dotted."""
    level: Level
    words: Words
    next_step: Words | None = None
    """What to do; None where nothing has to be done."""


def fine(code: str, zh: str, en: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(code, Level.OK, Words(zh, en))


def notice(code: str, words: Words, next_step: Words) -> Finding:
    """Return what a person should know."""
    return Finding(code, Level.NOTICE, words, next_step)


def fault(code: str, words: Words, next_step: Words) -> Finding:
    """Return what a person has to do something about."""
    return Finding(code, Level.FAULT, words, next_step)


def fault_of(error: YimaError) -> Finding:
    """Return what an error of ours says."""
    return fault(error.code, error.words, error.next_step)


def finding_of(trouble: Trouble) -> Finding:
    """Return what the terminal itself says."""
    return Finding(trouble.code, Level.FAULT if trouble.is_alarm else Level.NOTICE, trouble.words, trouble.next_step)
