"""What one scan means at a counter: the decision table of `rules.scan_table`, walked.

It decides nothing about money. What it says about other places is what was heard of them: a terminal of the same site
tells what it sold, the centre may have answered. Where nothing is known, nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from codes.words import Words
from rules.decision import as_table, conditions_of, first_fit
from rules.scan_facts import (
    Circumstances,
    Listed,
    Mode,
    PackLevel,
    SoldBefore,
    Tone,
    Verdict,
    facts_of,
)
from rules.scan_table import TABLE

__all__ = [
    "Circumstances",
    "Judgement",
    "Listed",
    "Mode",
    "PackLevel",
    "SoldBefore",
    "Tone",
    "Verdict",
    "judge",
    "scan_table",
]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict and how to say it."""

    verdict: Verdict
    tone: Tone
    words: Words
    """What happened."""
    hint: Words | None = None
    """What to do, if there is something to do."""

    @property
    def is_on_list(self) -> bool:
        """The scan makes or extends a line."""
        return self.verdict in {Verdict.ADDED, Verdict.UNMATCHED}


def judge(seen: Circumstances) -> Judgement:
    """Return what the scan means. The order of the rows is the rule."""
    answer = first_fit(TABLE, facts_of(seen)).then
    known = _known(seen)
    hint = None if answer.hint is None else _filled(answer.hint, known)
    return Judgement(answer.verdict, answer.tone, _filled(answer.words, known), hint)


def scan_table() -> str:
    """Return the decision table for the manual."""
    rows = [
        (row.name, conditions_of(row), f"`{row.then.verdict}`", row.then.tone.value, str(row.then.words))
        for row in TABLE
    ]
    return as_table(("row", "when", "verdict", "tone", "words"), rows)


def _known(seen: Circumstances) -> dict[str, str]:
    """Return what the words may name. The sale of this terminal comes first, as its row does."""
    known = {"received": _moment(seen.received_at), "back": _moment(seen.came_back_at), "ticket": seen.held_on or ""}
    known |= {"holder": seen.held_at}
    before = seen.sold_here or seen.sold_at_site
    if before is not None:
        known |= {"terminal": before.terminal, "sale": before.sale, "at": _moment(before.at)}
    return known | {"until": "" if seen.expired_on is None else seen.expired_on.isoformat()}


def _filled(words: Words, known: dict[str, str]) -> Words:
    return Words(words.zh.format_map(known), words.en.format_map(known))


def _moment(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"
