"""Every error of the house has a code of its own, words and a next step, and at most one advice."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from codes.errors import ConfigError, CorruptStoreError, RejectedError, TransientError, YimaError

ROOT = Path(__file__).parents[2]
ADVICE = (TransientError, ConfigError, RejectedError, CorruptStoreError)
ROOMS = ("codes", "rules", "wire", "drivers", "edge", "server", "web")


def below(kind: type[YimaError]) -> Iterator[type[YimaError]]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


def every_error() -> list[type[YimaError]]:
    for path in itertools.chain.from_iterable((ROOT / room).rglob("*.py") for room in ROOMS):
        source = path.read_text(encoding="utf-8")
        if "Error):" in source and "migrations" not in path.parts:
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    found = {kind for kind in below(YimaError) if kind.__module__.split(".")[0] in ROOMS}
    return sorted(found - set(ADVICE), key=lambda kind: (kind.__module__, kind.__name__))


@pytest.mark.parametrize("error", every_error())
def test_an_error_speaks_for_itself(error: type[YimaError]) -> None:
    assert error.code.count(".") >= 1
    assert not error.code.startswith("yima."), "an advice is no error of its own: give it a code"
    assert error.next_step.zh
    assert error.next_step.en
    assert sum(issubclass(error, advice) for advice in ADVICE) <= 1


def test_one_code_has_one_advice_wherever_it_is_used() -> None:
    advice_of: dict[str, set[tuple[bool, ...]]] = {}
    for error in every_error():
        advice_of.setdefault(error.code, set()).add(tuple(issubclass(error, one) for one in ADVICE))
    assert {code: found for code, found in advice_of.items() if len(found) > 1} == {}
