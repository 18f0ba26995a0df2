"""The verdict: is everything that a terminal acknowledged at the centre, once?

Set against set: what the terminals said (`load.Journal`) and what the centre says by its public interface. The checker
knows nothing of how either came about, and every way of being wrong has a test that plants it (T-72).

Lost means silently lost. What a terminal itself declared lost to the centre, because its disk was damaged, is counted
apart; and it must be true: a number that was declared lost and is at the centre is a false answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from sim.chaos.load import Answered, Closed, Journal
from sim.checker import CentreClaims, Claim, Findings, Sale, Truth, check

_MAY_BE = frozenset({"unseen", "reserved", "sold"})
"""What a pack may be that was sent to a terminal and never acknowledged."""
_NOT_UNDERSTOOD = ""
"""Stands for the code of a scan that was recorded without one."""


@dataclass(frozen=True, slots=True)
class Held:
    """One event that the centre holds."""

    id: str
    terminal: str
    epoch: str
    seq: int
    kind: str
    code: str | None
    """Of a scan."""
    declared: tuple[tuple[str, int, int], ...] = ()
    """Numbers that it declares lost: epoch, first, last."""


@dataclass(slots=True)
class Verdict:
    """What came of it."""

    acknowledged: int = 0
    at_centre: int = 0
    """How many of the acknowledged records are there."""
    declared_lost: int = 0
    """How many of the acknowledged records the terminals declared lost."""
    findings: Findings = field(default_factory=Findings)


def judge(journals: Sequence[Journal], held: Sequence[Held], claims: CentreClaims, asked: Collection[str]) -> Verdict:
    """Return what is wrong.

    Args:
        journals: What each terminal said.
        held: Every event at the centre.
        claims: The ledger and the answers about single codes.
        asked: The codes about which the centre was asked singly.
    """
    verdict = Verdict()
    gone = _Gone(held)
    _judge_numbers(held, gone, verdict.findings)
    _judge_scans(journals, held, gone, verdict)
    _judge_sales(journals, held, gone, verdict)
    truth = _truth(journals, claims.ledger, gone)
    verdict.findings.add(check(truth, {}, replace(claims, events=()), asked=asked))
    return verdict


class _Gone:
    """What the terminals declared lost."""

    def __init__(self, held: Iterable[Held]) -> None:
        self.numbers: dict[tuple[str, str], set[int]] = defaultdict(set)
        for event in held:
            for epoch, first, last in event.declared:
                self.numbers[event.terminal, epoch].update(range(first, last + 1))

    def has(self, terminal: str, seq: int) -> bool:
        """Tell whether the terminal declared this number lost, in any life of its store."""
        return any(name == terminal and seq in gone for (name, _), gone in self.numbers.items())


def _judge_numbers(held: Sequence[Held], gone: _Gone, findings: Findings) -> None:
    """Every id once, every number once and without a gap; what is declared lost is not there."""
    findings.duplicated += [
        f"event {event_id} is held {times} times"
        for event_id, times in Counter(event.id for event in held).items()
        if times > 1
    ]
    in_order = sorted(held, key=lambda event: (event.terminal, event.epoch, event.seq))
    for (terminal, epoch), of_epoch in groupby(in_order, key=lambda event: (event.terminal, event.epoch)):
        seqs = Counter(event.seq for event in of_epoch)
        lost = gone.numbers[terminal, epoch]
        missing = set(range(1, max(seqs) + 1)) - set(seqs) - lost
        where = f"{terminal}/{epoch}"
        findings.lost += [f"{where}: number {seq} is missing" for seq in sorted(missing)]
        findings.duplicated += [f"{where}: number {seq} is held more than once" for seq in seqs if seqs[seq] > 1]
        findings.false_answers += [
            f"{where}: number {seq} was declared lost and is there" for seq in sorted(lost & set(seqs))
        ]


def _judge_scans(journals: Sequence[Journal], held: Sequence[Held], gone: _Gone, verdict: Verdict) -> None:
    """Each acknowledged scan is an event; each request made one, each pull of a trigger one at most."""
    scans: dict[tuple[str, str], list[Held]] = defaultdict(list)
    for event in held:
        if event.kind == "scanned":
            scans[event.terminal, event.code or _NOT_UNDERSTOOD].append(event)
    for journal in journals:
        for answered in _each_once(journal.answered):
            verdict.acknowledged += 1
            found = scans[journal.terminal, answered.code]
            is_there = any(event.seq == answered.seq for event in found)
            if is_there or _is_torn(answered, journal, scans[journal.terminal, _NOT_UNDERSTOOD]):
                verdict.at_centre += 1
            elif gone.has(journal.terminal, answered.seq):
                verdict.declared_lost += 1
            else:
                verdict.findings.lost.append(f"{journal.terminal}: {answered.code}, number {answered.seq}, is missing")
        for code in journal.asked:
            times, most = len(scans[journal.terminal, code]), journal.pulls.get(code, 1)
            if times > most:
                verdict.findings.duplicated.append(f"{journal.terminal}: {code} was scanned {times} times, not {most}")


def _is_torn(answered: Answered, journal: Journal, not_understood: list[Held]) -> bool:
    """Tell whether this is the rest of a code whose scanner was pulled out in the midst, and which record it is.

    Such a rest is shown as it came and recorded without it. A whole code never is, and one record stands for one
    answer, whatever life of the store has the same number.
    """
    if answered.is_listed or answered.code in journal.asked:
        return False
    record = next((event for event in not_understood if event.seq == answered.seq), None)
    if record is not None:
        not_understood.remove(record)
    return record is not None


def _each_once(answered: Iterable[Answered]) -> list[Answered]:
    """The same answer may be given many times: to a repeated request, and on a screen that reloads."""
    return list({(one.seq, one.code): one for one in answered}.values())


def _judge_sales(journals: Sequence[Journal], held: Sequence[Held], gone: _Gone, verdict: Verdict) -> None:
    """Each line of a closed sale is an event, and each scan that was put on a list is in a sale."""
    ids = {event.id for event in held}
    for journal in journals:
        for closed in journal.closed:
            for event_id, _ in closed.lines:
                verdict.acknowledged += 1
                if event_id in ids:
                    verdict.at_centre += 1
                elif _is_declared(journal.terminal, gone):
                    verdict.declared_lost += 1
                else:
                    verdict.findings.lost.append(f"{journal.terminal}: a line of sale {closed.sale} is missing")
        sold = Counter(code for closed in journal.closed for code in closed.codes)
        twice = [code for code, times in sold.items() if times > 1]
        verdict.findings.duplicated += [f"{journal.terminal}: {code} was sold twice" for code in twice]
        if not _is_declared(journal.terminal, gone):
            verdict.findings.lost += [
                f"{journal.terminal}: {one.code} was put on a list and is in no sale"
                for one in _each_once(journal.answered)
                if one.is_listed and one.code not in sold
            ]


def _is_declared(terminal: str, gone: _Gone) -> bool:
    return any(name == terminal and numbers for (name, _), numbers in gone.numbers.items())


def _truth(journals: Sequence[Journal], ledger: Mapping[str, Claim], gone: _Gone) -> dict[str, Truth]:
    """Return what must be so of each pack that was sold, and what may be so of one that was only sent."""
    truth: dict[str, Truth] = {}
    for journal in journals:
        sold = {code: _sale(closed) for closed in journal.closed for code in closed.codes}
        for code, pack in journal.asked.items():
            if code in sold and not _is_declared(journal.terminal, gone):
                truth[code] = Truth(frozenset({"sold"}), frozenset({sold[code]}), pack.product)
            elif code in ledger:
                truth[code] = Truth(_MAY_BE, frozenset(ledger[code].sales), pack.product)
    return truth


def _sale(closed: Closed) -> Sale:
    return Sale(closed.institution, closed.sale)
