"""A run over random cases: years of random people under random rules, every settlement held against the claims.

The seed and the number of a year are all it takes to see a failure again.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from rules.benefits import Book, CaseError, YearTotals, settle
from rules.benefits.tally import STAYS
from rules.money import ZERO
from tests.identities.claims import ALWAYS, BY_TURNS, Case
from tests.identities.random_books import random_book
from tests.identities.random_cases import random_cart, random_person, random_visit, taking_back

VISITS_IN_A_YEAR = 8
PEOPLE_PER_BOOK = 6


@dataclass(frozen=True)
class Failure:
    """A claim that does not hold."""

    claim: str
    year: int
    """Number of the person's year: with the seed it gives the same case again."""
    said: str


@dataclass
class Report:
    """What a run came to."""

    cases: int = 0
    refused: int = 0
    """Cases that contradict themselves, and were refused as they should be."""
    failures: list[Failure] = field(default_factory=list)
    claims: Counter[str] = field(default_factory=Counter)
    funds: Counter[str] = field(default_factory=Counter)
    """Cases in which each fund paid."""
    steps: Counter[str] = field(default_factory=Counter)
    fees: Decimal = ZERO
    paid: Decimal = ZERO


def run_years(seed: int, cases: int, only: int | None = None) -> Iterator[Report]:
    """Yield the report, growing, after each person's year until there were so many cases."""
    report = Report()
    number = 0 if only is None else only
    book = _book(seed, number)
    while report.cases < cases:
        if number % PEOPLE_PER_BOOK == 0:
            book = _book(seed, number)
        _live_a_year(report, book, number, random.Random(f"{seed}-{number}"))
        yield report
        if only is not None:
            return
        number += 1


def _book(seed: int, number: int) -> Book:
    return random_book(random.Random(f"book-{seed}-{number // PEOPLE_PER_BOOK}"))


def _live_a_year(report: Report, book: Book, number: int, rng: random.Random) -> None:
    person = random_person(rng)
    totals: dict[int, YearTotals] = {}
    for turn in range(VISITS_IN_A_YEAR):
        cart = random_cart(rng)
        lines = [*cart, *taking_back(rng, cart)]
        visit = random_visit(rng, lines, int(sum(one.of(STAYS) for one in totals.values())))
        year = book.year_of(visit)
        before = totals.get(year, YearTotals())
        try:
            settled = settle(book, person, visit, lines, before)
        except CaseError:
            report.refused += 1
            continue
        case = Case(book, person, visit, lines, before, settled)
        _hold_against_claims(report, case, number, turn, rng)
        # Now and then a settlement is taken back at once, as after a return.
        if rng.random() < 0.9:
            totals[year] = before.plus(settled.increments)


def _hold_against_claims(report: Report, case: Case, number: int, turn: int, rng: random.Random) -> None:
    settled = case.settlement
    for claim in (*ALWAYS, BY_TURNS[(number + turn) % len(BY_TURNS)]):
        said = claim(case, rng)
        report.claims[claim.__name__] += 1
        if said:
            report.failures.append(Failure(claim.__name__, number, said))
    report.cases += 1
    report.fees += settled.medfee_sumamt
    report.paid += settled.fund_pay_sumamt
    report.funds.update({payment.fund.value for payment in settled.payments if payment.paid})
    report.steps.update({step.kind.value for step in settled.steps})
