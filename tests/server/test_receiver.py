"""Frames in, receipts out: what is answered, what is counted, and what ends the program."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from codes.words import Words
from edge.asks import TIMELY
from server import inbox
from server import receiver as module
from server.errors import StoreRefusedError, StoreUnavailableError
from server.fleet import Noted
from server.inbox import BATCHES_AT_ONCE, NOTES_AT_ONCE
from server.receiver import Receiver, Report
from tests.conftest import wait_until
from wire.errors import ForgedMessageError, WireError
from wire.link import LinkListener, LinkSettings, Session, SessionFactory
from wire.link_loss import Cause, LinkLoss
from wire.presence import Health
from wire.topics import Channel, TerminalTopics

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TOPICS = TerminalTopics("350200", "counter-1")
EVENTS, PRESENCE, HEALTH = TOPICS.on(Channel.EVENTS), TOPICS.on(Channel.PRESENCE), TOPICS.on(Channel.HEALTH)
DEADLINE_S = 30.0
GONE, REFUSED = LinkLoss(Cause.ENDED, "gone"), LinkLoss(Cause.REFUSED, "refused")
TAKEN = LinkLoss(Cause.TAKEN_OVER, "another")


@dataclass(frozen=True, slots=True)
class Receipt:
    topic: str
    frame: bytes


@dataclass
class FakeLink:
    """The line as the receiver sees it."""

    session: Session
    listener: LinkListener
    client_id: str
    end: Callable[[], None]
    published: list[tuple[str, bytes]] = field(default_factory=list)
    refusals: int = 0
    is_started: bool = False
    on_publish: Callable[[], None] = lambda: None

    def start(self) -> None:
        self.is_started = True

    def stop(self, *, timeout_s: float) -> None:
        assert timeout_s <= 1.0
        self.is_started = False

    def publish(self, topic: str, frame: bytes) -> bool:
        self.on_publish()
        if self.refusals:
            self.refusals -= 1
            return False
        self.published.append((topic, frame))
        return True


@dataclass
class FakeCentre:
    """Ingest and fleet: they note what they are given, and fail when told to."""

    taken: list[list[bytes]] = field(default_factory=list)
    noted: list[tuple[str, bytes]] = field(default_factory=list)
    together: list[int] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    def take_many(self, frames: Sequence[tuple[str, bytes]], now: datetime) -> Sequence[Receipt]:
        assert now == NOW
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append([frame for _, frame in frames])
        return [Receipt("receipts", b"for " + frame) for _, frame in frames]

    def note_many(self, messages: Sequence[tuple[str, bytes, datetime]]) -> list[Noted]:
        self.together.append(len(messages))
        return [self._note(topic.rsplit("/", 1)[-1], frame, at) for topic, frame, at in messages]

    missing: bool = False
    puzzles: list[Exception] = field(default_factory=list)
    """What goes wrong while it is looked what is missing."""
    is_sound: bool = False
    """Nobody's report leaves a doubt."""
    blindness: list[Exception] = field(default_factory=list)
    """What goes wrong before that, while it is looked of whom anything may be missing."""
    asked: list[str] = field(default_factory=list)

    def doubtful(self, reports: Sequence[Report]) -> Sequence[Report]:
        if self.blindness:
            raise self.blindness.pop(0)
        return [] if self.is_sound else reports

    def question(self, topics: TerminalTopics, said: Health, now: datetime) -> Receipt | None:
        assert topics == TOPICS
        assert said.at <= now
        if self.puzzles:
            raise self.puzzles.pop(0)
        return Receipt("questions", b"send again") if self.missing else None

    def note_asked(self, topics: TerminalTopics, now: datetime) -> None:
        assert now >= NOW
        self.asked.append(topics.terminal)

    def _note(self, kind: str, frame: bytes, now: datetime) -> Noted:
        failure = self.failures.pop(0) if self.failures else None
        if isinstance(failure, WireError):
            return Noted(refusal=failure)
        if failure is not None:
            raise failure
        self.noted.append((kind, frame))
        return Noted(Health(1, TOPICS.terminal, "s1", now, 0, 0, None, []) if kind == Channel.HEALTH else None)


class Scene:
    """A receiver between a fake line and a fake centre, with a clock that moves only when somebody sleeps."""

    def __init__(self, group: str | None = None) -> None:
        self.centre = FakeCentre()
        self.slept: list[float] = []
        self.passed = timedelta()
        """On the centre's clock."""
        self.wait = timedelta()
        """How long messages lie before they are taken."""
        self.links: list[FakeLink] = []
        self.has_failed = threading.Event()
        self.receiver = Receiver(
            ingest=self.centre,
            fleet=self.centre,
            asking=self.centre,
            settings=LinkSettings("centre"),
            now=lambda: NOW + self.passed,
            on_fatal=self.has_failed.set,
            group=group,
            new_link=self._new_link,
            monotonic=lambda: sum(self.slept),
            sleep=self.slept.append,
        )

    def _new_link(
        self,
        settings: LinkSettings,
        listener: LinkListener,
        new_session: SessionFactory,
        *,
        rng: random.Random,
        on_fatal: Callable[[], None],
    ) -> FakeLink:
        del rng
        link = FakeLink(new_session(), listener, settings.client_id, on_fatal)
        self.links.append(link)
        return link

    @property
    def link(self) -> FakeLink:
        """The connection for events and receipts."""
        return self.links[0]

    @property
    def notes_link(self) -> FakeLink:
        """The connection for what terminals say of themselves."""
        return self.links[1]

    def hears(self, *messages: tuple[str, bytes]) -> None:
        for topic, frame in messages:
            link = self.link if topic == EVENTS else self.notes_link
            link.listener.message(topic, frame)

    def plays(self, *messages: tuple[str, bytes]) -> None:
        """Hear messages, let them be taken, then stop."""
        for link in self.links:
            link.listener.link_up()
        self.hears(*messages)
        self.passed += self.wait
        self.receiver.start()
        wait_until(lambda: not self.receiver.waiting)
        self.receiver.stop()


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs() as lines:
        yield lines


def events_of(logged: list[MutableMapping[str, Any]]) -> list[str]:
    return [line["event"] for line in logged if line["log_level"] != "info"]


def test_it_asks_for_three_kinds_of_messages_and_shares_only_the_events() -> None:
    plain, shared = Scene(), Scene(group="ingest")
    ends = [[topic.rsplit("/", 1)[-1] for topic in link.session.subscriptions] for link in plain.links]
    assert ends == [[Channel.EVENTS], [Channel.PRESENCE, Channel.HEALTH]]
    assert shared.link.session.subscriptions[0].startswith("$share/ingest/")
    assert shared.notes_link.session == plain.notes_link.session


@pytest.mark.req("T-14")
def test_events_and_what_terminals_say_of_themselves_have_a_connection_each(scene: Scene) -> None:
    assert [link.client_id for link in scene.links] == ["centre", "centre-notes"]
    states = []
    for link, step in ((0, "up"), (1, "up"), (0, "down"), (0, "up"), (1, "down")):
        listener = scene.links[link].listener
        listener.link_up() if step == "up" else listener.link_down(GONE)
        states.append((scene.receiver.takes_records, scene.receiver.hears_terminals))
    assert states == [(True, False), (True, True), (False, True), (True, True), (True, False)]
    scene.receiver.start()
    assert all(link.is_started for link in scene.links)
    scene.receiver.stop()
    assert not any(link.is_started for link in scene.links)


def test_each_batch_is_taken_and_its_receipt_goes_out(scene: Scene) -> None:
    scene.plays((EVENTS, b"a"), (EVENTS, b"b"))
    assert scene.centre.taken == [[b"a", b"b"]]
    assert scene.link.published == [("receipts", b"for a"), ("receipts", b"for b")]
    assert not scene.link.is_started


def test_what_has_gathered_is_committed_together_and_bounded(scene: Scene) -> None:
    scene.plays(*((EVENTS, b"%d" % number) for number in range(BATCHES_AT_ONCE + 3)))
    assert [len(batch) for batch in scene.centre.taken] == [BATCHES_AT_ONCE, 3]


def test_presence_and_health_go_to_the_fleet(scene: Scene) -> None:
    scene.plays((PRESENCE, b"born"), (EVENTS, b"a"), (HEALTH, b"well"))
    assert scene.centre.noted == [("presence", b"born"), ("health", b"well")]
    assert scene.centre.taken == [[b"a"]]
    assert scene.receiver.refused == 0
    assert [topic for topic, _ in scene.link.published] == ["receipts"]


@pytest.mark.req("T-14")
def test_a_storm_of_births_is_noted_together_and_bounded_and_holds_no_batch_up(scene: Scene) -> None:
    births = [(PRESENCE, b"%d" % number) for number in range(NOTES_AT_ONCE + 3)]
    scene.plays(*births[:-1], (EVENTS, b"a"), births[-1])
    assert scene.centre.together == [NOTES_AT_ONCE, 3]
    assert scene.centre.noted == [("presence", frame) for _, frame in births]
    assert scene.centre.taken == [[b"a"]]


def test_what_came_with_the_report_is_committed_before_it_is_looked_what_is_missing(scene: Scene) -> None:
    scene.centre.missing = True
    scene.plays((HEALTH, b"well"), (EVENTS, b"a"))
    assert [topic for topic, _ in scene.link.published] == ["receipts", "questions"]


def test_only_whose_report_leaves_a_doubt_is_looked_at(scene: Scene) -> None:
    scene.centre.missing, scene.centre.is_sound = True, True
    scene.plays((HEALTH, b"well"))
    assert scene.link.published == []


def test_presence_that_a_store_is_not_there_to_keep_is_counted_and_told_once(
    scene: Scene, logged: list[MutableMapping[str, Any]]
) -> None:
    scene.centre.failures = [StoreUnavailableError(Words("不在", "away"))]
    scene.plays((PRESENCE, b"born"), (PRESENCE, b"gone"), (EVENTS, b"a"))
    assert (scene.receiver.refused, scene.centre.noted, scene.centre.taken) == (2, [], [[b"a"]])
    assert events_of(logged) == ["receiver.store_failed"]


def test_a_report_that_waited_has_the_time_at_which_it_came(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[datetime] = []
    monkeypatch.setattr(scene.centre, "note_many", lambda messages: [came.append(at) or Noted() for *_, at in messages])
    scene.wait = timedelta(seconds=40)
    scene.plays((HEALTH, b"well"))
    assert came == [NOW]


@pytest.mark.req("T-07")
@pytest.mark.parametrize(("waited", "questions"), [(module.ANSWERED_WITHIN, 1), (TIMELY, 0)])
def test_a_report_that_no_question_could_reach_in_time_is_not_asked_about(
    scene: Scene, waited: timedelta, questions: int
) -> None:
    scene.centre.missing = True
    scene.wait = waited
    scene.plays((HEALTH, b"well"))
    assert len(scene.link.published) == questions


@pytest.mark.req("T-07")
def test_a_terminal_is_asked_for_what_is_missing_after_its_report(scene: Scene) -> None:
    scene.centre.missing = True
    scene.plays((HEALTH, b"well"))
    assert scene.link.published == [("questions", b"send again")]
    assert scene.centre.asked == [TOPICS.terminal]


def test_report_that_the_store_cannot_look_into_costs_the_next_one_nothing(
    scene: Scene, logged: list[MutableMapping[str, Any]]
) -> None:
    scene.centre.missing = True
    scene.centre.puzzles = [StoreRefusedError(Words("不合适", "does not fit"))]
    scene.plays((HEALTH, b"odd"), (HEALTH, b"well"))
    assert scene.link.published == [("questions", b"send again")]
    assert events_of(logged) == ["receiver.not_asked"]


def test_reports_that_the_store_is_not_there_to_look_into_are_told_once_and_stop_nothing(
    scene: Scene, logged: list[MutableMapping[str, Any]]
) -> None:
    scene.centre.missing = True
    scene.centre.blindness = [StoreUnavailableError(Words("不在", "away"))]
    scene.plays((HEALTH, b"well"), (HEALTH, b"well"), (EVENTS, b"a"))
    assert [topic for topic, _ in scene.link.published] == ["receipts"]
    assert events_of(logged) == ["receiver.store_failed"]


def test_a_look_at_all_reports_that_the_store_refuses_is_one_at_each(
    scene: Scene, logged: list[MutableMapping[str, Any]]
) -> None:
    scene.centre.missing = True
    scene.centre.blindness = [StoreRefusedError(Words("不合适", "does not fit"))]
    scene.plays((HEALTH, b"well"), (HEALTH, b"well"))
    assert [topic for topic, _ in scene.link.published] == ["questions"] * 2
    assert events_of(logged) == ["receiver.not_looked"]


def test_a_question_that_cannot_leave_is_not_noted_as_asked(scene: Scene) -> None:
    scene.centre.missing = True
    scene.link.refusals = 1
    scene.link.on_publish = lambda: scene.link.listener.link_down(GONE)
    scene.plays((HEALTH, b"well"))
    assert (scene.link.published, scene.centre.asked) == ([], [])


@pytest.mark.parametrize("message", [("somewhere/else", b"x"), (PRESENCE, b""), (TOPICS.on(Channel.RECEIPT), b"x")])
def test_what_is_not_for_the_centre_is_counted_and_stops_nothing(scene: Scene, message: tuple[str, bytes]) -> None:
    scene.plays(message, (EVENTS, b"a"))
    assert (scene.receiver.refused, scene.centre.taken, scene.centre.noted) == (1, [[b"a"]], [])


def test_a_forged_presence_is_told_and_counted(scene: Scene, logged: list[MutableMapping[str, Any]]) -> None:
    scene.centre.failures = [ForgedMessageError(Words("冒充", "forged"))]
    scene.plays((PRESENCE, b"forged"), (PRESENCE, b"true"))
    assert (scene.receiver.refused, scene.centre.noted) == (1, [("presence", b"true")])
    assert [(line["event"], line["code"]) for line in logged if "code" in line] == [("receiver.refused", "wire.forged")]


def test_a_store_that_is_away_gets_no_receipt_out_and_is_asked_again(
    scene: Scene, logged: list[MutableMapping[str, Any]]
) -> None:
    scene.centre.failures = [StoreUnavailableError(Words("不在", "away"))]
    first = [(EVENTS, b"%d" % number) for number in range(BATCHES_AT_ONCE)]
    scene.plays(*first, (EVENTS, b"later"))
    assert scene.link.published == [("receipts", b"for later")]
    assert scene.slept == [1.0]
    assert events_of(logged) == ["receiver.store_failed"]
    assert scene.has_failed.is_set(), "the end of the worker is always told"


def test_a_bug_in_the_ingest_ends_the_program_rather_than_the_facts(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    died: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    scene.centre.failures = [RuntimeError("a bug")]
    scene.receiver.start()
    scene.hears((EVENTS, b"a"))
    assert scene.has_failed.wait(DEADLINE_S)
    scene.receiver.stop()
    assert [one.exc_type for one in died] == [RuntimeError]
    assert scene.link.published == []


def test_a_stop_comes_to_an_end_even_if_the_worker_died_before_a_full_queue(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    scene.centre.failures = [RuntimeError("a bug")]
    scene.receiver.start()
    scene.hears((EVENTS, b"a"))
    assert scene.has_failed.wait(DEADLINE_S)
    monkeypatch.setattr(inbox, "MOST_BYTES", 3 * inbox.FRAME_BYTES)
    scene.hears(*((EVENTS, b"%d" % number) for number in range(5)))
    stopping = threading.Thread(target=scene.receiver.stop, daemon=True)
    stopping.start()
    stopping.join(DEADLINE_S)
    assert not stopping.is_alive()


def test_frames_beyond_the_queue_are_dropped_counted_and_told_once(
    scene: Scene, logged: list[MutableMapping[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "MOST_BYTES", 3 * (inbox.FRAME_BYTES + 1))
    scene.hears(*((EVENTS, b"%d" % number) for number in range(6)))
    scene.hears(*((HEALTH, b"x") for _ in range(5)))
    assert scene.receiver.dropped == 5
    assert [(line["event"], line["client_id"]) for line in logged] == [
        ("receiver.queue_full", "centre"),
        ("receiver.queue_full", "centre-notes"),
    ]


def test_a_stop_answers_what_is_in_work_and_takes_nothing_that_waits(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = scene.centre.take_many
    stopping = threading.Thread(target=scene.receiver.stop)

    def take_slowly(frames: Sequence[tuple[str, bytes]], now: datetime) -> Sequence[Receipt]:
        scene.hears((EVENTS, b"waits"))
        stopping.start()
        wait_until(lambda: not scene.receiver.waiting)
        return take(frames, now)

    monkeypatch.setattr(scene.centre, "take_many", take_slowly)
    scene.link.on_publish = lambda: states.append(scene.link.is_started)
    states: list[bool] = []
    scene.link.listener.link_up()
    scene.receiver.start()
    scene.hears((EVENTS, b"a"))
    wait_until(lambda: scene.link.published)
    stopping.join(DEADLINE_S)
    assert (scene.link.published, states, scene.link.is_started) == ([("receipts", b"for a")], [True], False)
    assert scene.receiver.waiting == 0


def test_a_receipt_waits_for_room_on_the_line(scene: Scene) -> None:
    scene.link.refusals = 4
    scene.plays((EVENTS, b"a"))
    assert scene.link.published == [("receipts", b"for a")]
    assert len(scene.slept) == 4


def test_a_receipt_is_given_up_in_time_because_the_terminal_asks_again(scene: Scene) -> None:
    scene.link.refusals = 1_000_000
    scene.plays((EVENTS, b"a"))
    assert scene.link.published == []
    assert module.PUBLISH_PATIENCE_S < sum(scene.slept) < module.PUBLISH_PATIENCE_S + 0.1


def test_a_stop_does_not_wait_for_a_broker_that_takes_nothing(scene: Scene) -> None:
    scene.link.refusals = 1_000_000
    scene.link.listener.link_up()
    scene.link.on_publish = scene.receiver._stopping.set
    scene.hears((EVENTS, b"a"))
    scene.receiver.start()
    wait_until(lambda: scene.link.refusals < 1_000_000)
    scene.receiver.stop()
    assert (scene.link.refusals, scene.slept) == (999_999, [])


def test_a_receipt_is_given_up_at_once_when_the_line_is_down(scene: Scene) -> None:
    scene.link.refusals = 1
    scene.link.on_publish = lambda: scene.link.listener.link_down(GONE)
    scene.plays((EVENTS, b"a"))
    assert (scene.link.published, scene.slept) == ([], [])


def test_a_line_that_is_down_is_told_once_until_it_is_back(
    scene: Scene, logged: list[MutableMapping[str, Any]]
) -> None:
    listener, notes = scene.link.listener, scene.notes_link.listener
    states = []
    for step in (listener.link_up, *[lambda: listener.link_down(REFUSED)] * 3, listener.link_up):
        step()
        notes.link_down(TAKEN)
        states.append(scene.receiver.takes_records)
    listener.link_down(GONE)
    listener.link_down(REFUSED)
    assert states == [True, False, False, False, True]
    assert [(line["client_id"], line["event"], line.get("cause")) for line in logged] == [
        ("centre", "receiver.link_up", None),
        ("centre-notes", "receiver.link_down", "taken_over"),
        ("centre", "receiver.link_down", "refused"),
        ("centre", "receiver.link_up", None),
        ("centre", "receiver.link_down", "ended"),
        ("centre", "receiver.link_down", "refused"),
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_a_link_that_ends_unasked_ends_the_program(scene: Scene, which: int) -> None:
    scene.links[which].end()
    assert scene.has_failed.is_set()


@pytest.mark.req("T-48")
def test_watchdog_sees_the_worker_turn_while_nothing_comes_and_stand_still_where_a_commit_hangs(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_IDLE_TURN_S", 0.01)
    hanging, release = threading.Event(), threading.Event()

    def hang(_frames: object, _now: datetime) -> Sequence[Receipt]:
        hanging.set()
        release.wait(DEADLINE_S)
        return []

    monkeypatch.setattr(scene.centre, "take_many", hang)
    scene.receiver.start()
    idle = scene.receiver.turns
    wait_until(lambda: scene.receiver.turns > idle + 3)
    scene.hears((EVENTS, b"a"))
    assert hanging.wait(DEADLINE_S)
    stuck = scene.receiver.turns
    assert not release.wait(0.1)
    assert scene.receiver.turns == stuck
    release.set()
    wait_until(lambda: scene.receiver.turns > stuck)
    scene.receiver.stop()
