"""The checker must see each way of being wrong: one planted loss, double, wrong state, false answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.checker import Answer, CentreClaims, Claim, EventClaim, Recorded, Sale, Truth, check

SALE = Sale("P1", "s1")
TRUTH = {
    "A": Truth(frozenset({"sold"}), frozenset({SALE}), "D1"),
    "B": Truth(frozenset({"in_stock"}), frozenset(), "D2"),
    "C": Truth(frozenset({"conflict"}), frozenset({Sale("P1", "s2"), Sale("P2", "s9")}), None),
    "D": Truth(frozenset({"reserved", "unseen"}), frozenset(), "D1"),
}
LEDGER = {
    "A": Claim("sold", (SALE,), frozenset({"D1"})),
    "B": Claim("in_stock", (), frozenset({"D2"})),
    "C": Claim("conflict", (Sale("P1", "s2"), Sale("P2", "s9")), frozenset()),
    "D": Claim("reserved", (), frozenset({"D1"})),
}
EVENTS = tuple(EventClaim(f"{terminal}-{seq}", terminal, "e", seq) for terminal in ("t1", "t2") for seq in (1, 2, 3))
RECORDED = {terminal: Recorded(frozenset({1, 2}), 3) for terminal in ("t1", "t2")}


def answers_of(ledger: dict[str, Claim]) -> dict[str, Answer]:
    return {
        code: Answer(ledger.get(code, Claim("unseen", (), frozenset())), must.product) for code, must in TRUTH.items()
    }


ANSWERS = answers_of(LEDGER)
RIGHT = CentreClaims(ledger=LEDGER, answers=ANSWERS, unknown_answers={"X": "unseen"}, events=EVENTS)


def with_ledger(**changes: Claim | None) -> CentreClaims:
    ledger = {code: claim for code, claim in {**LEDGER, **changes}.items() if claim is not None}
    return replace(RIGHT, ledger=ledger, answers={code: a for code, a in answers_of(ledger).items() if code in ledger})


def test_a_centre_that_is_right_is_clean() -> None:
    assert check(TRUTH, RECORDED, RIGHT).is_clean


@pytest.mark.req("T-72")
@pytest.mark.parametrize(
    ("claims", "kind"),
    [
        (with_ledger(B=None), "lost"),
        (with_ledger(A=Claim("sold", (), frozenset({"D1"}))), "lost"),
        (replace(RIGHT, events=EVENTS[:1] + EVENTS[2:]), "lost"),
        (with_ledger(A=Claim("sold", (SALE, SALE), frozenset({"D1"}))), "duplicated"),
        (with_ledger(A=Claim("sold", (SALE, Sale("P2", "s7")), frozenset({"D1"}))), "duplicated"),
        (replace(RIGHT, events=(*EVENTS, EVENTS[0])), "duplicated"),
        (replace(RIGHT, events=(*EVENTS, replace(EVENTS[0], id="other"))), "duplicated"),
        (replace(RIGHT, events=(*EVENTS, EventClaim("t3-1", "t3", "e", 1))), "duplicated"),
        (with_ledger(B=Claim("sold", (), frozenset({"D2"}))), "wrong_states"),
        (with_ledger(D=Claim("sold", (), frozenset({"D1"}))), "wrong_states"),
        (with_ledger(A=Claim("sold", (SALE,), frozenset({"D9"}))), "false_answers"),
        (with_ledger(C=replace(LEDGER["C"], products=frozenset({"D1"}))), "false_answers"),
        (with_ledger(Z=Claim("sold", (), frozenset())), "false_answers"),
        (replace(RIGHT, unknown_answers={"X": "sold"}), "false_answers"),
        (replace(RIGHT, answers={**ANSWERS, "A": replace(ANSWERS["A"], claim=LEDGER["B"])}), "false_answers"),
        (replace(RIGHT, answers={**ANSWERS, "A": replace(ANSWERS["A"], product="D9")}), "false_answers"),
        (replace(RIGHT, answers={**ANSWERS, "A": replace(ANSWERS["A"], product=None)}), "false_answers"),
        (replace(RIGHT, answers={code: one for code, one in ANSWERS.items() if code != "A"}), "lost"),
    ],
)
def test_each_planted_fault_is_found_and_named(claims: CentreClaims, kind: str) -> None:
    findings = check(TRUTH, RECORDED, claims)
    assert not findings.is_clean
    assert set(findings.by_kind) == {kind}


@pytest.mark.req("T-72")
def test_the_last_record_of_a_terminal_cannot_go_missing() -> None:
    """A gap at the end has no successor to show it; whoever saw it on the screen knows of it."""
    shown = {**RECORDED, "t2": Recorded(frozenset({1, 2, 3, 4}), 3)}
    assert check(TRUTH, shown, RIGHT).lost == ["t2: number 4 was shown, and is not at the centre"]


@pytest.mark.req("T-72")
def test_a_receipt_for_what_the_centre_does_not_have_is_a_loss() -> None:
    receipts = {**RECORDED, "t2": Recorded(frozenset(), 4)}
    assert set(check(TRUTH, receipts, RIGHT).by_kind) == {"lost"}
