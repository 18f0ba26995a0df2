"""What became of a message: one of five, and what each means to a settlement that waits for it."""

from __future__ import annotations

from dataclasses import dataclass

from codes.words import Words
from rules.settling import News
from wire.fsi.asking import Answer


@dataclass(frozen=True, slots=True)
class Agreed:
    """The answer is yes."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer is no, and nothing was done."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class NotSent:
    """It provably never left."""

    why: Words
    is_lasting: bool = False
    """It will not leave later either: a key is missing, or the person's password, which is not kept."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It left, or may have left, and no answer is known; it is being found out."""

    why: Words


@dataclass(frozen=True, slots=True)
class Reversed:
    """Whatever it did was taken back (2601), and a late copy of it does nothing any more."""


Outcome = Agreed | Refused | NotSent | Unknown | Reversed


def news_of(outcome: Outcome) -> News:
    """Return what an outcome is to a settlement or its cancellation."""
    match outcome:
        case Agreed():
            return News.AGREED
        case Refused():
            return News.REFUSED
        case NotSent():
            return News.NOT_SENT
        case Unknown():
            return News.UNANSWERED
        case Reversed():
            return News.REVERSED
