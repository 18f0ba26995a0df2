"""The retry ladder: looks at one picture, cheapest first, until the time is up or nothing more is wanted.

What it promises:

- A picture takes no longer than its budget and one step: the clock is read between steps.
- One code is one `Code`, however many steps saw it: sights of the same bytes at the same place are one. The same
  bytes at another place are another box.
- It does not stop at the first hit, because a tray of twelve has eleven others. It stops when `expect` codes are
  believed, when the steps are used up, or when the budget is; `rest` says what was not tried, so that the next frame
  of the same still scene can go on there.
- A code that is only suspected is not given. Two-dimensional codes carry error correction and are believed at once.
  A linear code is believed if drawing it again proves it (`proof`), or if independent witnesses agree (`Witness`);
  what zbar says must also pass the rules of `drivers.scanner.zbar`. Two linear codes that claim one place contradict
  each other: the proved one stays, else the one with more witnesses, and none if they are equal.

What it does not do: decide what the code means (`codes`), or ask for a second frame (`drivers.scanner.confirm`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from drivers.scanner import proof
from drivers.scanner.steps import LADDER, Step, Witness
from drivers.scanner.symbols import Code, Grey
from drivers.scanner.zbar import ZbarLook, ZbarPort

_SAME_PLACE = 0.15
"""Sights of one symbol differ by up to this part of its length: steps see other parts of the bars."""
_CONTRADICTS = 0.02
_WITNESSES_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one picture gave."""

    codes: tuple[Code, ...]
    """Believed codes, in the order they were found."""
    ran: tuple[str, ...]
    """The steps that were run."""
    rest: tuple[Step, ...]
    """The steps that were not, because the budget was used up or enough was found."""
    telling: tuple[str, ...]
    """The steps that it takes to see the same again: what the believed and the doubted codes rest on."""
    doubted: int
    """Codes that were seen but not believed."""
    elapsed_ms: float


@dataclass(slots=True)
class _Sight:
    """One code at one place, with all that speaks for it."""

    code: Code
    steps: list[str] = field(default_factory=list)
    telling: list[str] = field(default_factory=list)
    """The steps up to the one that made it believed."""
    witnesses: set[Witness] = field(default_factory=set)
    is_proved: bool = False

    def add(self, step: str, witness: Witness, *, proves: bool) -> None:
        """Take one more sight of it."""
        is_open = not self.telling or not self.is_believed()
        if is_open and (proves or witness not in self.witnesses):
            self.telling.append(step)
        self.steps.append(step)
        self.witnesses.add(witness)
        self.is_proved = self.is_proved or proves

    def is_believed(self) -> bool:
        is_certain = not self.code.carrier.is_linear
        return is_certain or self.is_proved or len(self.witnesses) >= _WITNESSES_ENOUGH

    def weight(self) -> tuple[bool, int, int]:
        """Order by which one of two contradicting sights stays."""
        return (self.is_proved, len(self.witnesses), len(self.steps))


def decode_frame(
    image: Grey,
    *,
    budget_ms: float,
    steps: Sequence[Step] = LADDER,
    zbar: ZbarPort | None = None,
    expect: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Decoded:
    """Read the codes in one picture.

    Args:
        image: 8-bit grey, contiguous.
        budget_ms: No step is started after this time. The first step always runs.
        steps: The looks to take, in order.
        zbar: The second opinion, asked last; left out if None or if its library is absent.
        expect: Stop once so many codes are believed. None means: there may always be more.
        clock: Seconds.
    """
    begun = clock()
    plan = [*steps, ZbarLook(zbar)] if zbar is not None and zbar.is_available else list(steps)
    sights: list[_Sight] = []
    ran: list[str] = []
    while plan:
        step = plan[0]
        is_suited = step.suits(image)
        if is_suited and ran and (_spent_ms(clock, begun) >= budget_ms or _has_enough(sights, expect)):
            break
        plan.pop(0)
        if not is_suited:
            continue
        ran.append(step.name)
        for code in step.find(image):
            _merge(sights, code, step.witness, image)
    kept = _without_contradictions([sight for sight in sights if sight.is_believed()])
    return Decoded(
        codes=tuple(sight.code for sight in kept),
        ran=tuple(ran),
        rest=tuple(plan),
        telling=tuple(dict.fromkeys(step for sight in sights for step in sight.telling)),
        doubted=len(sights) - len(kept),
        elapsed_ms=_spent_ms(clock, begun),
    )


def _spent_ms(clock: Callable[[], float], begun: float) -> float:
    return (clock() - begun) * 1000


def _has_enough(sights: Sequence[_Sight], expect: int | None) -> bool:
    return expect is not None and sum(sight.is_believed() for sight in sights) >= expect


def _merge(sights: list[_Sight], code: Code, witness: Witness, image: Grey) -> None:
    """Add one sight to those of the same bytes at the same place, or begin a new one."""
    sight = next((known for known in sights if _is_same(known.code, code)), None)
    if sight is None:
        sight = _Sight(code)
        sights.append(sight)
    proves = not sight.is_believed() and proof.is_proved(image, code)
    sight.add(code.step, witness, proves=proves)


def _is_same(one: Code, other: Code) -> bool:
    return (
        one.raw == other.raw and one.carrier is other.carrier and one.position.is_at(other.position, slack=_SAME_PLACE)
    )


def _without_contradictions(sights: Sequence[_Sight]) -> list[_Sight]:
    """Leave out each linear sight that another one of at least its weight contradicts."""
    return [
        sight
        for sight in sights
        if not any(_contradicts(sight, other) and other.weight() >= sight.weight() for other in sights)
    ]


def _contradicts(one: _Sight, other: _Sight) -> bool:
    return (
        one is not other
        and one.code.carrier.is_linear
        and other.code.carrier.is_linear
        and one.code.raw != other.code.raw
        and one.code.position.is_at(other.code.position, slack=_CONTRADICTS)
    )
