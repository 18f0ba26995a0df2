"""Why a run of many tasks broke off."""

from __future__ import annotations

from collections.abc import Iterator


def causes_of(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """Yield what went wrong, out of however many task groups it came through."""
    for problem in group.exceptions:
        if isinstance(problem, BaseExceptionGroup):
            yield from causes_of(problem)
        else:
            yield problem
