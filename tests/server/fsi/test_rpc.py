"""The national interface over MQTT: who is answered, where, and how soon."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from codes.errors import YimaError
from codes.words import Words
from server.errors import StoreUnavailableError
from server.fsi import waiting_calls
from server.fsi.figures import Outcome
from server.fsi.post import Post, Reply
from server.fsi.rpc import FsiLine
from server.store import terminals
from server.store.database import Store, open_store
from tests.conftest import BrokerProcess, wait_until
from tests.server.fake_terminal import FakeTerminal, new_key
from tests.server.fsi.office import NOON, PHARMACY, SIGN_IN, Office
from wire.envelope import open_sealed, seal
from wire.exchange import Exchange, HearExchange
from wire.keys import SigningKey
from wire.link import LinkListener, LinkSettings, SessionFactory
from wire.receipts import Trust
from wire.rpc import FsiCaller, sealed_for
from wire.topics import Channel, TerminalTopics

CORRELATION = b"0123456789abcdef"
CENTRE = new_key()


@dataclass
class Answerer:
    """Answers every message with its own body."""

    posts: list[Post] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    fails: Exception | None = None

    def __post_init__(self) -> None:
        self.gate.set()

    def answer(self, post: Post) -> Reply:
        self.posts.append(post)
        self.gate.wait(30)
        if self.fails is not None:
            raise self.fails
        return Reply(b"re:" + post.body, Outcome.ANSWERED)

    def refuse(self, error: YimaError, arrived_at: object, outcome: Outcome = Outcome.REFUSED) -> Reply:
        self.refused.append(error.code)
        return Reply(error.code.encode(), outcome, error.code)


class ScriptedLink:
    """The broker's side of the line."""

    def __init__(self) -> None:
        self.said: list[tuple[str, bytes, Exchange]] = []
        self.is_open = True
        self.subscriptions: tuple[str, ...] = ()
        self.settings: LinkSettings | None = None

    def __call__(
        self,
        settings: LinkSettings,
        listener: LinkListener,
        new_session: SessionFactory,
        /,
        *,
        rng: random.Random,
        on_fatal: Callable[[], None],
        on_exchange: HearExchange,
    ) -> ScriptedLink:
        self.settings, self.subscriptions = settings, new_session().subscriptions
        return self

    def start(self) -> None: ...

    def stop(self, *, timeout_s: float) -> None: ...

    def exchange(self, topic: str, frame: bytes, exchange: Exchange) -> bool:
        if self.is_open:
            self.said.append((topic, frame, exchange))
        return self.is_open


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = open_store(f"sqlite:///{Path(tmp_path_factory.mktemp('rpc'))}/centre.db", new_epoch=lambda: "e")
    yield made
    made.close()


@pytest.fixture(scope="module")
def terminal(store: Store) -> FakeTerminal:
    """An approved terminal of the pharmacy, a pending one and a revoked one."""
    for name, trust in (("T-002", Trust.PENDING), ("T-003", Trust.REVOKED)):
        FakeTerminal(name=name, institution=PHARMACY).registered(store, trust)
    made = FakeTerminal(institution=PHARMACY)
    made.registered(store)
    return made


@dataclass
class Line:
    line: FsiLine
    link: ScriptedLink
    answers: Answerer
    deaths: list[str]
    clock: list[float]

    def ask(
        self,
        frame: bytes,
        *,
        topic: str = TerminalTopics("350200", "T-001").on(Channel.FSI),
        correlation: bytes = CORRELATION,
        answer_to: str = "",
        expires_s: int | None = 10,
    ) -> None:
        self.line.hear(topic, frame, Exchange(correlation, answer_to, expires_s))

    def settled(self) -> None:
        """Wait until nothing is asked any more."""
        wait_until(lambda: self.line.waiting == 0 and not self.line._calls._in_hand)


def opened_line(store: Store, *, takes_unsealed: bool = False, workers: int = 1) -> Line:
    link, answers, deaths, clock = ScriptedLink(), Answerer(), [], [0.0]
    line = FsiLine(
        answers=answers,
        store=store,
        key=CENTRE,
        settings=LinkSettings("yima-centre"),
        now=lambda: NOON,
        on_fatal=lambda: deaths.append("died"),
        workers=workers,
        takes_unsealed=takes_unsealed,
        new_link=link,
        monotonic=lambda: clock[0],
        sleep=lambda _: clock.__setitem__(0, clock[0] + 1),
    )
    line.start()
    line.link_up()
    return Line(line, link, answers, deaths, clock)


@pytest.fixture
def line(store: Store, terminal: FakeTerminal) -> Iterator[Line]:
    made = opened_line(store)
    yield made
    made.answers.gate.set()
    made.line.stop()


def question(key: SigningKey, body: bytes = b"{}", *, name: str = "T-001", correlation: bytes = CORRELATION) -> bytes:
    return seal(body, sealed_for(TerminalTopics("350200", name).on(Channel.FSI), correlation), key)


def test_it_has_a_connection_of_its_own(line: Line) -> None:
    assert line.link.settings is not None
    assert line.link.settings.client_id == "yima-centre-fsi"
    assert line.link.subscriptions == ("yima/1/+/+/+/fsi",)


def test_a_proved_question_is_answered_on_the_terminals_own_topic_under_the_centres_seal(
    line: Line, terminal: FakeTerminal
) -> None:
    line.ask(question(terminal.key, b"hello"), answer_to=terminal.topics.on(Channel.ANSWER))
    line.settled()
    ((topic, frame, exchange),) = line.link.said
    assert (topic, exchange.correlation) == (terminal.topics.on(Channel.ANSWER), CORRELATION)
    assert open_sealed(frame, sealed_for(topic, CORRELATION), lambda _: CENTRE.public).body == b"re:hello"
    (post,) = line.answers.posts
    assert (post.body, str(post.voice), post.arrived_at) == (b"hello", "terminal:T-001", NOON)
    assert post.voice is not None
    assert post.voice.institution == PHARMACY


@pytest.mark.req("T-41")
@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (("T-002", CORRELATION, ""), "fsi.terminal_not_approved"),
        (("T-003", CORRELATION, ""), "fsi.terminal_not_approved"),
        (("T-001", b"", ""), "fsi.correlation"),
        (("T-001", b"x" * 65, ""), "fsi.correlation"),
        (("T-001", CORRELATION, "yima/1/350200/00/T-009/answer"), "fsi.answer_topic"),
        (("T-001", CORRELATION, "yima/1/350200/00/T-001/events"), "fsi.answer_topic"),
        (("T-001", CORRELATION, "somewhere/else"), "fsi.answer_topic"),
    ],
)
def test_a_terminal_that_may_not_is_told_why_on_its_own_topic_only(
    line: Line, store: Store, terminal: FakeTerminal, asked: tuple[str, bytes, str], code: str
) -> None:
    name, correlation, answer_to = asked
    key = terminal.key if name == "T-001" else new_key()
    if name != "T-001":
        with store.writing() as connection:
            terminals.change_terminal(connection, name, public_key=key.public.raw)
    topics = TerminalTopics("350200", name)
    line.ask(
        question(key, name=name, correlation=correlation),
        topic=topics.on(Channel.FSI),
        correlation=correlation,
        answer_to=answer_to,
    )
    line.settled()
    assert [topic for topic, _, _ in line.link.said] == [topics.on(Channel.ANSWER)]
    assert (line.answers.refused, line.answers.posts) == ([code], [])


def unproved(key: SigningKey) -> Iterator[tuple[str, bytes]]:
    yield "another key", question(new_key())
    yield "sealed for another question", question(key, correlation=b"another question")
    yield "not sealed", b'{"infno":"9001"}'
    yield "noise", b"\x00" * 100
    yield "cut short", question(key)[:50]


@pytest.mark.req("T-41", "T-45")
@pytest.mark.parametrize("kind", ["another key", "sealed for another question", "not sealed", "noise", "cut short"])
def test_what_proves_nothing_gets_no_answer(line: Line, terminal: FakeTerminal, kind: str) -> None:
    line.ask(dict(unproved(terminal.key))[kind])
    line.settled()
    assert (line.link.said, line.line.refused) == ([], 1)


@pytest.mark.parametrize("topic", ["yima/1/350200/00/T-999/fsi", "yima/1/350200/events", "x", "yima/1/350200/59/T/fsi"])
def test_strangers_get_no_answer(line: Line, topic: str) -> None:
    line.ask(question(new_key()), topic=topic)
    line.ask(b"", topic=TerminalTopics("350200", "T-001").on(Channel.FSI))
    line.settled()
    assert (line.link.said, line.line.refused) == ([], 2)


def test_behind_a_broker_that_proves_topics_a_bare_message_is_answered_barely(
    store: Store, terminal: FakeTerminal
) -> None:
    line = opened_line(store, takes_unsealed=True)
    line.ask(b"{}")
    line.settled()
    assert [frame for _, frame, _ in line.link.said] == [b"re:{}"]
    line.line.stop()


def test_a_question_that_came_too_late_for_its_asker_is_dropped(line: Line, terminal: FakeTerminal) -> None:
    line.answers.gate.clear()
    line.ask(question(terminal.key, b"first"))
    wait_until(lambda: len(line.answers.posts) == 1)
    line.ask(question(terminal.key, b"late", correlation=b"another question"), correlation=b"another question")
    line.clock[0] = 10.0
    line.answers.gate.set()
    line.settled()
    assert [post.body for post in line.answers.posts] == [b"first"]
    assert line.line.dropped == 1


def test_while_a_question_is_in_hand_its_repeats_are_no_work_and_afterwards_they_are(
    line: Line, terminal: FakeTerminal
) -> None:
    line.answers.gate.clear()
    frame = question(terminal.key)
    for _ in range(3):
        line.ask(frame)
    line.answers.gate.set()
    line.settled()
    assert len(line.answers.posts) == 1
    line.ask(frame)
    line.settled()
    assert len(line.answers.posts) == 2


def test_what_finds_no_room_is_dropped(line: Line, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_calls, "MOST_WAITING", 2)
    line.answers.gate.clear()
    line.ask(question(terminal.key))
    wait_until(lambda: len(line.answers.posts) == 1)
    for number in range(4):
        correlation = f"question number {number}".encode()
        line.ask(question(terminal.key, correlation=correlation), correlation=correlation)
    assert (line.line.waiting, line.line.dropped) == (2, 2)


def test_an_answer_that_cannot_leave_is_given_up_after_a_while(line: Line, terminal: FakeTerminal) -> None:
    line.link.is_open = False
    line.ask(question(terminal.key))
    line.settled()
    assert line.line.dropped == 1
    line.link.is_open = True
    line.ask(question(terminal.key))
    line.settled()
    assert len(line.link.said) == 1


def test_a_database_that_is_away_costs_the_question_and_not_the_worker(line: Line, terminal: FakeTerminal) -> None:
    line.answers.fails = StoreUnavailableError(Words("断开", "gone"))
    line.ask(question(terminal.key))
    line.settled()
    line.answers.fails = None
    line.ask(question(terminal.key))
    line.settled()
    assert (len(line.link.said), line.line.dropped, line.deaths) == (1, 1, [])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_ends_unasked_ends_the_centre(line: Line, terminal: FakeTerminal) -> None:
    line.answers.fails = ZeroDivisionError()
    line.ask(question(terminal.key))
    wait_until(lambda: line.deaths == ["died"])


@pytest.mark.contract
def test_over_a_broker_a_terminal_is_answered_and_the_answer_is_kept(
    broker: BrokerProcess, store: Store, terminal: FakeTerminal
) -> None:
    office = Office(store).furnish()
    settings = LinkSettings("yima-centre", port=broker.port, backoff_first_s=0.05, backoff_most_s=0.2)
    line = FsiLine(
        answers=office.answering,
        store=store,
        key=CENTRE,
        settings=settings,
        now=office.clock,
        on_fatal=lambda: None,
        workers=4,
    )
    line.start()
    own = LinkSettings("T-001-fsi", port=broker.port, backoff_first_s=0.05, backoff_most_s=0.2)
    caller = FsiCaller(own, terminal.topics, terminal.key, CENTRE.public, rng=random.Random(1))
    caller.start()
    try:
        wait_until(lambda: line.is_up and caller.is_up)
        bodies = [office.body("9001", SIGN_IN) for _ in range(12)]
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda body: caller.call(body, 20), bodies))
        assert [json.loads(answer)["infcode"] for answer in answers] == [0] * 12
        assert caller.call(bodies[0], 20) == answers[0]
        foreign = json.loads(caller.call(office.body("9001", SIGN_IN, fixmedins_code="P99999999999"), 20))
        assert "fsi.not_your_institution" in foreign["err_msg"]
    finally:
        caller.stop()
        line.stop()
