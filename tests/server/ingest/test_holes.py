"""What one box said is lost is asked of another that keeps it: what is not here of it, twice, at a bounded cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from server.ingest.holes import MOST_SESSIONS, Holes
from server.ingest.seeking import RETRY
from server.store import events
from server.store.database import Store
from server.store.events import EventRow, StreamRow
from server.store.times import micros
from tests.server.fake_terminal import NOW
from wire.events import Span
from wire.presence import KeptEpoch

pytestmark = pytest.mark.req("T-70")


class Scene:
    """One life of which something was said to be lost, and the boxes that keep it."""

    def __init__(self, store: Store, told: Iterable[Span], here: Iterable[int] = ()) -> None:
        self.store = store
        self.holes = Holes()
        self.read: list[int] = []
        with store.writing() as connection:
            self.id = events.open_streams(connection, {("T-001", "e1")})["T-001", "e1"].id
            events.add_lost(connection, self.id, told, micros(NOW))
        self.come(here)

    def come(self, numbers: Iterable[int]) -> None:
        with self.store.writing() as connection:
            rows = (EventRow(self.id, seq, b"h%d" % seq, b"i%d" % seq, "scanned", 1, b"{}") for seq in numbers)
            events.add_events(connection, list(rows))

    def row(self) -> StreamRow:
        with self.store.reading() as connection:
            return events.load_streams(connection, "T-001")[0]

    def asked(
        self, kept: Span, now: datetime = NOW, *, session: str = "s1", left: int = 2_000, has_left: bool = True
    ) -> list[Span]:
        """Let a session report what it keeps; return what it is asked for."""
        with self.store.reading() as connection:
            said = KeptEpoch("e1", *kept)
            found = self.holes.find(connection, self.row(), said, session, now, most=64, left=left)
        self.read.append(found.read)
        if found.asked is None:
            return []
        if has_left:
            found.asked.note_asked(now)
        return list(found.asked.unsent)


def numbers_of(asks: Iterable[Span]) -> Counter[int]:
    return Counter(seq for first, last in asks for seq in range(first, last + 1))


def test_only_what_is_not_here_is_asked_for_also_after_a_restart(store: Store) -> None:
    scene = Scene(store, [(10, 350)], here=(seq for seq in range(10, 351) if seq != 77))
    assert scene.asked((1, 400)) == [(77, 77)]
    scene.holes = Holes()
    assert scene.asked((1, 400)) == [(77, 77)]
    scene.come([77])
    assert scene.asked((1, 400), NOW + RETRY) == []


@pytest.mark.parametrize("told", [[(10, 1_000)], [(10, 1_000), (10, 500), (12, 12), (400, 2_000)]])
def test_no_number_is_asked_of_a_session_more_than_twice_while_it_grows(store: Store, told: list[Span]) -> None:
    """Each report overtakes its newest event, and the oldest are put away."""
    scene, asks = Scene(store, told), list[Span]()
    for turn in range(15):
        asks += scene.asked((max(1, turn - 5), 10 + turn), NOW + turn * RETRY)
        scene.come([10 + turn])
    assert asks == [(10, 10)]
    assert scene.asked((1, 300), NOW + 15 * RETRY) == []
    assert scene.asked((1, 300), NOW + 16 * RETRY) == [(25, 300)]


def test_a_window_that_moves_and_spans_that_are_told_anew_begin_nothing_anew(store: Store) -> None:
    scene, asks = Scene(store, [(10, 200)]), list[Span]()
    for turn in range(12):
        asks += scene.asked((turn * 10, 500), NOW + turn * RETRY)
        with store.writing() as connection:
            events.add_lost(connection, scene.id, [(100 + turn, min(200 + turn, 208))], micros(NOW))
    assert set(numbers_of(asks).values()) == {2}
    assert numbers_of(asks).keys() == set(range(10, 209))


def test_only_requests_that_left_count(store: Store) -> None:
    scene = Scene(store, [(10, 14)])
    assert [scene.asked((1, 20), has_left=False) for _ in range(3)] == [[(10, 14)]] * 3
    assert scene.asked((1, 20)) == [(10, 14)]
    assert scene.asked((1, 20)) == []
    assert scene.asked((1, 20), NOW + RETRY) == [(10, 14)]


def test_more_than_one_question_holds_is_asked_for_in_turn(store: Store) -> None:
    scene = Scene(store, [(1, 301)], here=range(1, 302, 2))
    asks = [span for turn in range(8) for span in scene.asked((1, 400), NOW + turn * RETRY)]
    assert numbers_of(asks) == dict.fromkeys(range(2, 301, 2), 2)


def test_thousands_of_numbers_are_read_a_bounded_look_at_a_time(store: Store) -> None:
    scene = Scene(store, [(seq, seq + 600) for seq in range(1, 1_000)], here=range(1, 1_500))
    asks = [span for turn in range(12) for span in scene.asked((1, 5_000), NOW + turn * RETRY, left=200)]
    assert asks == [(1_500, 1_599)] * 2
    assert max(scene.read) <= 220
    assert scene.read[-3:] == [0] * 3
    # Of what is far from each other each look costs.
    apart = [(seq, seq) for seq in range(10_000, 12_000, 2)]
    with store.writing() as connection:
        events.add_lost(connection, scene.id, apart, micros(NOW))
    scene.come(seq for seq, _ in apart)
    assert [scene.asked((1, 20_000), NOW + 20 * RETRY, left=200) for _ in range(2)] == [[], []]
    assert 200 <= scene.read[-1] <= 220


def test_the_session_that_reported_longest_ago_makes_room(store: Store) -> None:
    scene = Scene(store, [(10, 14)])
    for turn in range(2):
        assert scene.asked((1, 20), NOW + turn * RETRY, session="first") == [(10, 14)]
    for number in range(2 * MOST_SESSIONS):
        assert scene.asked((1, 20), NOW + timedelta(hours=1), session=f"other {number}") == [(10, 14)]
        assert scene.asked((1, 20), NOW + timedelta(hours=1), session="first") == []
