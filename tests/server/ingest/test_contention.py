from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from codes.words import Words
from server.errors import StoreContentionError
from server.ingest import Ingest
from server.ingest.take import ATTEMPTS
from server.store.database import Connection, Store
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, dispensed, new_key


def test_worker_that_meets_another_steps_aside_for_longer_each_time_and_never_alike(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = FakeTerminal().registered(store)
    writing, others = store.writing, 0

    @contextmanager
    def met() -> Iterator[Connection]:
        nonlocal others
        with writing() as connection:
            yield connection
            if others:
                others -= 1
                raise StoreContentionError(Words("撞车", "another worker"))

    monkeypatch.setattr(store, "writing", met)
    rounds: list[list[float]] = []
    for number in range(20):
        others, slept = ATTEMPTS - 1, list[float]()
        ingest = Ingest(store, new_key(), sleep=slept.append)
        (_reply,) = ingest.take_many([terminal.frame(terminal.say(dispensed(code_of(number))))], NOW)
        rounds.append(slept)

    waits = list(zip(*rounds, strict=True))
    assert [len(wait) for wait in waits] == [20] * (ATTEMPTS - 1)
    assert all(max(wait) <= 0.01 * 2**failures for failures, wait in enumerate(waits))
    assert max(waits[-1]) > 0.01, "drawn from all of a bound that grows"
    assert len({wait for slept in rounds for wait in slept}) > ATTEMPTS
