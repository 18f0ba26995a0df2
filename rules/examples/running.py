"""A file of examples worked out case by case: what failed, why, and the steps of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import DecimalException

from codes.errors import YimaError
from codes.words import Words
from rules.examples.aggregate import Counted, aggregated, expected_of
from rules.examples.errors import NothingExpectedError, TooLargeError, UnknownKindError
from rules.examples.given import Given
from rules.examples.judging import Check, judge
from rules.examples.kinds import KINDS
from rules.examples.reading import ExamplesFile, Unreadable
from rules.examples.task import Case, Example, Kind, Task
from rules.examples.worked import Step, Worked
from rules.payment.subsidy import SubsidyYear

AGGREGATE = "aggregate"
_NOTHING: tuple[object, ...] = (0, "0", "0.00")
"""Zero is a fund that does not pay here; which fund does is told by the others."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One case, worked out and compared."""

    id: str
    case: str
    """Name or number of the case; empty where the example is its own only case."""
    section: str
    kind: str
    title: str
    checks: tuple[Check, ...]
    steps: tuple[Step, ...]
    remarks: tuple[Words, ...]
    problem: YimaError | None
    """Why nothing could be compared."""

    @property
    def is_passed(self) -> bool:
        """Whether something was expected and all of it was got."""
        return self.problem is None and bool(self.checks) and all(check.is_equal for check in self.checks)

    @property
    def label(self) -> str:
        """The case as a person names it."""
        return f"{self.id} · {self.case}" if self.case else self.id


def run(file: ExamplesFile, subsidy_years: tuple[SubsidyYear, ...] = ()) -> Iterator[Verdict]:
    """Yield the verdict on every case of a file, in its order."""
    for entry in file.entries:
        if isinstance(entry, Unreadable):
            yield Verdict(entry.id, "", entry.section, "", "", (), (), (), entry.problem)
        else:
            yield from _run_example(entry, subsidy_years)


def _run_example(example: Example, subsidy_years: tuple[SubsidyYear, ...]) -> Iterator[Verdict]:
    counted: list[Counted] = []
    for label, case in zip(_labels(example.cases), example.cases, strict=True):
        given = Given(case.inputs)
        task = Task(given, _asked(case), case, example, subsidy_years)
        try:
            worked = _worked(task)
            checks = judge(case.expected, worked)
        except YimaError as problem:
            yield _verdict(example, label, case, None, (), problem=problem)
            continue
        counted.append(Counted(case.inputs, worked))
        yield _verdict(example, label, case, worked, checks, remarks=_unused(given))
    if example.aggregate:
        yield _over_all(example, counted)


def _labels(cases: tuple[Case, ...]) -> Iterator[str]:
    """Yield what each case is called: its name, counted where several have the same or none."""
    names = Counter(case.name for case in cases)
    seen: Counter[str] = Counter()
    for case in cases:
        seen[case.name] += 1
        yield case.name if names[case.name] == 1 else f"{case.name} {seen[case.name]}".strip()


def _asked(case: Case) -> frozenset[str]:
    return frozenset(name for name, wanted in case.expected.items() if wanted not in _NOTHING)


def _worked(task: Task) -> Worked:
    """Work one case out.

    Raises:
        ExampleError: It cannot be, and why.
    """
    kind: Kind | None = KINDS.get(task.case.kind)
    if kind is None:
        raise UnknownKindError(task.case.kind, tuple(KINDS))
    if not task.case.expected:
        raise NothingExpectedError
    try:
        return kind(task)
    except DecimalException as exc:
        raise TooLargeError from exc


def _over_all(example: Example, counted: list[Counted]) -> Verdict:
    whole = Case(AGGREGATE, example.cases[0].kind, {}, {}, "")
    try:
        worked = aggregated(example.aggregate, counted)
        checks = judge(expected_of(example.aggregate), worked)
        if not checks:
            raise NothingExpectedError
    except (YimaError, DecimalException) as exc:
        problem = exc if isinstance(exc, YimaError) else TooLargeError()
        return _verdict(example, AGGREGATE, whole, None, (), problem=problem)
    return _verdict(example, AGGREGATE, whole, worked, checks)


def _unused(given: Given) -> tuple[Words, ...]:
    names = ", ".join(given.unused())
    return (Words(f"未用到的输入：{names}。", f"Inputs that no rule used: {names}."),) if names else ()


def _verdict(
    example: Example,
    label: str,
    case: Case,
    worked: Worked | None,
    checks: tuple[Check, ...],
    *,
    remarks: tuple[Words, ...] = (),
    problem: YimaError | None = None,
) -> Verdict:
    return Verdict(
        id=example.id,
        case=label,
        section=example.section,
        kind=case.kind,
        title=example.title,
        checks=checks,
        steps=() if worked is None else worked.steps,
        remarks=remarks if worked is None else (*worked.remarks, *remarks),
        problem=problem,
    )
