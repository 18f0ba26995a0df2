"""A short form of `make malformed`, without a process: each kind of damage, and every transaction."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from server.fsi.dispatch import HANDLERS
from server.fsi.figures import Outcome
from server.fsi.post import Post
from server.store.database import open_store
from tests.malformed.claims import Tally
from tests.malformed.messages import Json, Malformed, damaged, envelope_faults, field_faults
from tests.server.fsi.counter import Counter, open_counter
from tests.server.fsi.office import NOON, VOICE
from wire.fsi.areas import shipped_area

BASE = shipped_area("base")
ONE_OF = 7
STATUSES = {Outcome.FAILED: 500, Outcome.BUSY: 503, Outcome.UNPROVED: 401}
ASKED_FOR = {
    *("missing", "wrong type", "too long", "wrong code", "out of range", "doubled", "nested too deep", "NUL"),
    *("surrogate", "huge number", "wrong encoding", "damaged"),
}


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    store = open_store(f"sqlite:///{tmp_path}/centre.db", new_epoch=lambda: "e")
    yield open_counter(store)
    store.close()


def frame(counter: Counter, infno: str) -> Json:
    said: Json = json.loads(counter.office.body(infno, {}))
    del said["input"]
    return said


def some(chance: random.Random, counter: Counter) -> Iterator[Malformed]:
    """Yield every seventh message of each transaction, not always the same ones."""

    def framed(infno: str) -> Json:
        return frame(counter, infno)

    yield from envelope_faults(BASE, framed, chance)
    for infno in sorted(HANDLERS):
        yield from islice(field_faults(infno, BASE, framed, chance), chance.randrange(ONE_OF), None, ONE_OF)
        yield from damaged(infno, BASE, framed, chance, times=2)


def test_whatever_is_malformed_is_refused_and_the_field_is_named(counter: Counter) -> None:
    tally = Tally()
    for message in some(random.Random(1), counter):
        reply = counter.office.answering.answer(Post(message.body, {}, VOICE, NOON))
        tally.take(message, STATUSES.get(reply.outcome, 200), reply.body)
    assert tally.failures == []
    assert set(tally.sent) == ASKED_FOR
    assert tally.total > 1_000
    assert counter.settle(counter.sale(counter.line()))["setl_id"]
