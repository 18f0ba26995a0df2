"""Does the centre hold what the scanners wrote, all of it, once, and in the right state?

The truth is what the simulated scanners wrote and how each cashier saw the task end. The claim is what the centre
answers through its public interface. The checker compares the two, set against set; it knows nothing else, and every
way of being wrong has a test that plants it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Sale:
    """One sale of one pack."""

    institution: str
    sale: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What must be so for one pack."""

    states: frozenset[str]
    """States that are right; more than one only where time decides (a reservation that runs out)."""
    sales: frozenset[Sale]
    product: str | None
    """The product that it must have been matched to."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the centre says of one pack."""

    state: str
    sales: tuple[Sale, ...]
    """Every sale fact, with repetitions if there are any."""
    products: frozenset[str]
    """Products that its facts name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the centre says when it is asked for one code."""

    claim: Claim
    product: str | None
    """What its matching library takes the code for."""


@dataclass(frozen=True, slots=True)
class EventClaim:
    """One event that the centre holds."""

    id: str
    terminal: str
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one terminal said of its records."""

    shown: frozenset[int]
    """Numbers of the records that its screen showed."""
    receipts: int
    """How many of its records the centre has, by its own account."""


@dataclass(frozen=True, slots=True)
class CentreClaims:
    """Everything the centre said, read by its public interface."""

    ledger: Mapping[str, Claim]
    """The ledger, dumped page by page."""
    answers: Mapping[str, Answer]
    """The answer about each single code, asked one by one; must agree with the ledger."""
    unknown_answers: Mapping[str, str]
    """State claimed for codes that were never scanned."""
    events: tuple[EventClaim, ...]


@dataclass(slots=True)
class Findings:
    """What is wrong, by kind; each entry says which pack and why."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    wrong_states: list[str] = field(default_factory=list)
    false_answers: list[str] = field(default_factory=list)

    @property
    def by_kind(self) -> Mapping[str, list[str]]:
        """What is wrong, by the name of its kind; kinds of which there is nothing are left out."""
        return {one.name: found for one in fields(self) if (found := getattr(self, one.name))}

    @property
    def is_clean(self) -> bool:
        """Nothing is wrong."""
        return not self.by_kind

    def add(self, other: Findings) -> None:
        """Take in what somebody else found."""
        for kind, found in other.by_kind.items():
            getattr(self, kind).extend(found)


def check(
    truth: Mapping[str, Truth],
    recorded: Mapping[str, Recorded],
    claims: CentreClaims,
    *,
    asked: Collection[str] | None = None,
) -> Findings:
    """Return what the centre got wrong.

    Args:
        truth: What must be so, by pack.
        recorded: What the terminals said, by terminal.
        claims: What the centre said.
        asked: Packs about which the centre was asked one by one; all of them if None.
    """
    findings = Findings()
    _check_codes(truth, claims.ledger, findings)
    _check_answers(truth, claims, truth if asked is None else asked, findings)
    _check_events(claims.events, findings)
    _check_records(recorded, claims.events, findings)
    return findings


def _check_codes(truth: Mapping[str, Truth], ledger: Mapping[str, Claim], findings: Findings) -> None:
    for code, must in truth.items():
        claim = ledger.get(code)
        if claim is None:
            findings.lost.append(f"{code}: not in the ledger")
            continue
        missing = must.sales - set(claim.sales)
        findings.lost += [f"{code}: sale {sale.sale} is missing" for sale in sorted(missing, key=str)]
        findings.duplicated += [f"{code}: {why}" for why in _too_many(must, claim)]
        if claim.state not in must.states:
            findings.wrong_states.append(f"{code}: {claim.state}, not {'/'.join(sorted(must.states))}")
        strange = claim.products - ({must.product} if must.product else set())
        findings.false_answers += [f"{code}: a fact names {product}" for product in sorted(strange)]
    findings.false_answers += [
        f"{code}: in the ledger, but no scanner wrote it" for code in ledger if code not in truth
    ]


def _too_many(must: Truth, claim: Claim) -> Iterable[str]:
    for sale, times in Counter(claim.sales).items():
        if sale not in must.sales:
            yield f"sale {sale.sale} never happened"
        elif times > 1:
            yield f"sale {sale.sale} counts {times} times"


def _check_answers(
    truth: Mapping[str, Truth], claims: CentreClaims, asked: Collection[str], findings: Findings
) -> None:
    for code, answer in claims.answers.items():
        if answer.claim != claims.ledger.get(code):
            findings.false_answers.append(f"{code}: the answer differs from the ledger: {answer.claim}")
        if code in truth and answer.product != truth[code].product:
            findings.false_answers.append(f"{code}: matched to {answer.product}, not {truth[code].product}")
    findings.lost += [f"{code}: the centre gave no answer" for code in asked if code not in claims.answers]
    for code, state in claims.unknown_answers.items():
        if state != "unseen":
            findings.false_answers.append(f"{code}: never scanned, but said to be {state}")


def _check_events(events: tuple[EventClaim, ...], findings: Findings) -> None:
    findings.duplicated += [
        f"event {event_id} is held {times} times"
        for event_id, times in Counter(event.id for event in events).items()
        if times > 1
    ]
    in_order = sorted(events, key=lambda event: (event.terminal, event.epoch, event.seq))
    for (terminal, epoch), of_epoch in groupby(in_order, key=lambda event: (event.terminal, event.epoch)):
        seqs = [event.seq for event in of_epoch]
        repeated = sorted(seq for seq, times in Counter(seqs).items() if times > 1)
        missing = sorted(set(range(1, seqs[-1] + 1)) - set(seqs))
        findings.duplicated += [f"{terminal}/{epoch}: number {seq} is held more than once" for seq in repeated]
        findings.lost += [f"{terminal}/{epoch}: number {seq} is missing" for seq in missing]


def _check_records(recorded: Mapping[str, Recorded], events: tuple[EventClaim, ...], findings: Findings) -> None:
    """A gap at the end of a terminal's events has no successor to show it; the terminal knows what came last."""
    for terminal in sorted({*recorded, *(event.terminal for event in events)}):
        said = recorded.get(terminal, Recorded(frozenset(), 0))
        held = [event.seq for event in events if event.terminal == terminal]
        missing = sorted(said.shown - set(held))
        findings.lost += [f"{terminal}: number {seq} was shown, and is not at the centre" for seq in missing]
        receipts = f"{terminal} has {said.receipts} receipts, the centre {len(held)} of its events"
        if said.receipts > len(held):
            findings.lost.append(receipts)
        elif said.receipts < len(held):
            findings.duplicated.append(receipts)
