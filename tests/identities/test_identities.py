"""The claims of `make identities` on fewer cases; and that each of them can fail."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from rules.benefits import Settlement, Step, StepKind, YearTotals, settle
from tests.identities import __main__ as command
from tests.identities import claims, run
from tests.identities.claims import ALWAYS, BY_TURNS, Case
from tests.identities.random_books import random_book
from tests.identities.random_cases import random_cart, random_person, random_visit
from tests.identities.run import Report, run_years

CASES = 4_000
FEN = Decimal("0.01")


@pytest.fixture(scope="module")
def report() -> Report:
    report = Report()
    for report in run_years(seed=20_261, cases=CASES):  # noqa: B007
        pass
    return report


def test_every_claim_holds_on_random_settlements(report: Report) -> None:
    assert report.failures == []
    assert report.cases >= CASES


def test_random_settlements_meet_every_claim_fund_and_step(report: Report) -> None:
    assert set(report.claims) == {claim.__name__ for claim in (*ALWAYS, *BY_TURNS)}
    assert len(report.funds) == 7
    assert set(report.steps) == {kind.value for kind in StepKind}
    assert 0 < report.refused < report.cases / 100


def test_the_same_seed_gives_the_same_run() -> None:
    def fees(seed: int) -> list[Decimal]:
        return [report.fees for report in run_years(seed, 100)]

    assert fees(5) == fees(5) != fees(6)


def paying(settled: Settlement, **given: object) -> tuple[Step, ...]:
    return tuple(
        replace(step, given=tuple((dict(step.given) | given).items())) if step.kind is StepKind.PAYMENT else step
        for step in settled.steps
    )


FEN_MORE = {
    name: (lambda s, name=name: replace(s, **{name: getattr(s, name) + FEN})) for name in ("psn_cash_pay", "hifp_pay")
}
SPOILT: list[tuple[str, Callable[[Settlement], Settlement]]] = [
    ("identities_hold", FEN_MORE["psn_cash_pay"]),
    ("identities_hold", lambda s: replace(s, lines=s.lines[1:])),
    (
        "identities_hold",
        lambda s: replace(s, lines=(replace(s.lines[0], in_scope=s.lines[0].in_scope + FEN), *s.lines[1:])),
    ),
    ("identities_hold_as_areas_read_them", FEN_MORE["hifp_pay"]),
    ("nothing_is_negative_or_finer_than_a_fen", lambda s: replace(s, acct_pay=-FEN)),
    ("nothing_is_negative_or_finer_than_a_fen", lambda s: replace(s, acct_pay=FEN / 10)),
    ("nothing_is_negative_or_finer_than_a_fen", lambda s: replace(s, increments={"dedc:a": -FEN})),
    ("funds_pay_no_more_than_is_in_scope", lambda s: replace(s, fund_pay_sumamt=s.inscp_scp_amt + FEN)),
    ("funds_pay_no_more_than_is_in_scope", lambda s: replace(s, pool_prop_selfpay=Decimal(2))),
    ("accounts_give_no_more_than_they_have", lambda s: replace(s, acct_pay=Decimal(10**9))),
    ("steps_say_what_was_reckoned", lambda s: replace(s, steps=paying(s, reckoned=Decimal(1)))),
    ("steps_say_what_was_reckoned", FEN_MORE["hifp_pay"]),
    ("every_figure_follows_from_its_sentence", lambda s: replace(s, steps=paying(s, base=Decimal(10**9)))),
    ("every_figure_follows_from_its_sentence", lambda s: replace(s, steps=paying(s, above=Decimal(10**6)))),
    ("process_text_fits", lambda s: replace(s, area="x" * 4_000)),
    ("the_same_case_comes_to_the_same", FEN_MORE["psn_cash_pay"]),
    ("order_of_lines_does_not_matter", FEN_MORE["psn_cash_pay"]),
    ("more_in_scope_never_lowers_what_funds_pay", lambda s: replace(s, fund_pay_sumamt=Decimal(10**9))),
    ("parts_of_a_stay_come_to_the_whole", lambda s: replace(s, act_pay_dedc=s.act_pay_dedc + FEN)),
    ("parts_of_a_stay_come_to_the_whole", lambda s: replace(s, hifp_pay=s.hifp_pay + 1)),
    ("the_poor_never_pay_more", lambda s: replace(s, psn_part_amt=Decimal(10**9))),
]


@pytest.mark.req("T-72")
@pytest.mark.parametrize(("claim", "spoil"), SPOILT)
def test_a_settlement_that_was_spoilt_is_found_out(claim: str, spoil: Callable[[Settlement], Settlement]) -> None:
    rng = random.Random(4)
    while (book := random_book(rng)).versions[0].portions:
        pass
    person = replace(random_person(rng), assistance="011")
    cart = random_cart(rng)
    visit = random_visit(rng, cart, 0)
    settled = settle(book, person, visit, cart, YearTotals())
    case = Case(book, person, visit, cart, YearTotals(), spoil(settled))
    assert getattr(claims, claim)(replace(case, settlement=settled), rng) == ""
    assert getattr(claims, claim)(case, rng) != ""


def test_the_command_prints_what_it_saw(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--cases", "50", "--seed", "3"]) == 0
    told = capsys.readouterr().out
    assert "identities_hold" in told
    assert told.endswith("ok: 0 failures\n")


def test_the_command_fails_and_says_how_to_see_it_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "ALWAYS", (never_holds,))
    assert command.main(["--cases", "50", "--seed", "3", "--year", "8"]) == 1
    told = capsys.readouterr().out
    assert "FAILED never_holds: never" in told
    assert "--seed 3 --year 8" in told


def never_holds(case: Case, rng: random.Random) -> str:
    return "never"
