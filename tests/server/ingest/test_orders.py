"""Whatever the network does to the order, the ledger is the same."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.ingest import Ingest
from server.store.database import Store, open_store
from tests.server.conftest import EPOCH, emptied
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, dispensed, new_key, received, returned, scanned
from tests.server.ingest import looking
from wire.events import Fact

KEY = new_key()
TERMINAL_KEYS = {name: new_key() for name in ("T-1", "T-2", "T-3")}
INSTITUTIONS = {"T-1": "P1", "T-2": "P2", "T-3": "P1"}

codes = st.integers(1, 4).map(code_of)
sales = st.sampled_from(["S1", "S2", "S3"])
facts = st.one_of(
    st.builds(scanned, codes, sale=sales, reserved_s=st.sampled_from([900, None])),
    st.builds(lambda packs, sale: dispensed(*packs, sale=sale), st.lists(codes, min_size=1, max_size=3), sales),
    st.builds(lambda code, sale: returned(code, sale=sale), codes, sales),
    st.builds(lambda code, delivery: received(code, delivery=delivery), codes, st.sampled_from(["R1", "R2"])),
)
HOUR_US = 3_600_000_000
drifts = st.one_of(st.integers(-50, 50), st.sampled_from([HOUR_US, 24 * HOUR_US]))
said = st.lists(st.tuples(st.sampled_from(sorted(INSTITUTIONS)), facts, drifts), min_size=1, max_size=14)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store that is emptied between examples."""
    if request.param == "sqlite":
        path: Path = tmp_path_factory.mktemp("orders") / "centre.db"
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("migrated_database")()
    made = open_store(url, new_epoch=lambda: EPOCH)
    yield made
    made.close()


def fresh_terminals(store: Store) -> dict[str, FakeTerminal]:
    emptied(store)
    return {
        name: FakeTerminal(name=name, institution=INSTITUTIONS[name], key=key).registered(store)
        for name, key in TERMINAL_KEYS.items()
    }


def spoken(terminals: dict[str, FakeTerminal], history: list[tuple[str, Fact, int]]) -> list[tuple[str, bytes]]:
    """Each event's bytes with its terminal, in the order in which they were said."""
    frozen = []
    for step, (name, fact, drift) in enumerate(history):
        # Terminals' clocks disagree, two may say the same, and one may lead by hours.
        hlc = terminals[name].hlc + 1 if drift < 0 else terminals["T-1"].hlc + 10 * step + drift
        frozen.append((name, terminals[name].say(fact, hlc=max(hlc, terminals[name].hlc + 1))))
    return frozen


def delivered(
    store: Store, terminals: dict[str, FakeTerminal], frozen: list[tuple[str, bytes]], rng: random.Random
) -> None:
    """Hand everything to the ingest at least once: shuffled, repeated, cut into batches and calls at random."""
    ingest, now = Ingest(store, KEY), NOW
    waiting = frozen + rng.sample(frozen, rng.randint(0, len(frozen)))
    rng.shuffle(waiting)
    frames = []
    while waiting:
        name = waiting[0][0]
        mine = [one for one in waiting if one[0] == name][: rng.randint(1, 5)]
        for one in mine:
            waiting.remove(one)
        frames.append(terminals[name].frame(*(event for _, event in mine)))
    while frames:
        size = rng.randint(1, 4)
        # Before, within and after the lead of a clock.
        now += timedelta(minutes=rng.choice([0, 1, 45]))
        ingest.take_many(frames[:size], now)
        frames = frames[size:]


@pytest.mark.req("T-05")
@settings(deadline=None, max_examples=40, suppress_health_check=[*HealthCheck])
@given(history=said, rng=st.randoms(use_true_random=False))
def test_any_order_duplication_and_batching_come_to_the_same_ledger(
    shared: Store, history: list[tuple[str, Fact, int]], rng: random.Random
) -> None:
    terminals = fresh_terminals(shared)
    frozen = spoken(terminals, history)
    Ingest(shared, KEY).take_many([terminals[name].frame(event) for name, event in frozen], NOW)
    expected = by_stream_name(shared)
    assert set(looking.alarm_codes(shared)) <= {"terminal.clock_ahead"}

    fresh_terminals(shared)
    delivered(shared, terminals, frozen, rng)

    assert by_stream_name(shared) == expected
    assert looking.count(shared, "event") == len(frozen)
    assert set(looking.alarm_codes(shared)) <= {"terminal.clock_ahead"}
    for terminal in terminals.values():
        row = looking.stream(shared, terminal.name)
        assert (row.contiguous_to, row.tip_seq) == (terminal.seq, terminal.seq)
        assert terminal.seq == 0 or row.tip_hash.hex() == terminal.prev


def by_stream_name(store: Store) -> dict[str, tuple[object, ...]]:
    """The ledger, with streams by their terminal: their numbers depend on who came first."""
    names = {looking.stream(store, name).id: name for name in INSTITUTIONS}
    places = (9, 15)
    return {
        code: tuple(names.get(cell, cell) if place in places else cell for place, cell in enumerate(row))  # type: ignore[call-overload]
        for code, row in looking.ledger(store).items()
    }
