"""Asking and answering over MQTT: the answer to this very question, or the truth about what is not known."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.conftest import BrokerProcess, wait_until
from wire.envelope import open_sealed, seal
from wire.exchange import Exchange, HearExchange
from wire.keys import SigningKey
from wire.link import Link, LinkListener, LinkSettings, Session, SessionFactory
from wire.link_loss import Cause, LinkLoss
from wire.rpc import FsiCaller, NotSentError, OutcomeUnknownError, sealed_for
from wire.topics import Channel, TerminalTopics, every_terminal, parse_topic

TOPICS = TerminalTopics("350200", "T-001")
ASKED, ANSWERED = TOPICS.on(Channel.FSI), TOPICS.on(Channel.ANSWER)
BODY = b'{"infno":"9001"}'


def new_key() -> SigningKey:
    return SigningKey(Ed25519PrivateKey.generate())


TERMINAL, CENTRE = new_key(), new_key()


def answer_frame(body: bytes, correlation: bytes, *, key: SigningKey = CENTRE, topic: str = ANSWERED) -> bytes:
    return seal(body, sealed_for(topic, correlation), key)


class ScriptedLink:
    """A link whose other end does as a test says, at once and on the caller's own thread."""

    def __init__(self, reply: Callable[[ScriptedLink, bytes, Exchange], None], *, is_up: bool = True) -> None:
        self.reply, self.is_up = reply, is_up
        self.asked: list[tuple[str, bytes, Exchange]] = []
        self.hear: HearExchange = lambda *_: None
        self.listener: LinkListener | None = None
        self.subscriptions: tuple[str, ...] = ()

    def __call__(
        self,
        settings: LinkSettings,
        listener: LinkListener,
        new_session: SessionFactory,
        /,
        *,
        rng: random.Random,
        on_exchange: HearExchange,
    ) -> ScriptedLink:
        self.hear, self.listener = on_exchange, listener
        self.subscriptions = new_session().subscriptions
        return self

    def start(self) -> None: ...

    def stop(self, *, timeout_s: float) -> None: ...

    def exchange(self, topic: str, frame: bytes, exchange: Exchange) -> bool:
        if not self.is_up:
            return False
        self.asked.append((topic, frame, exchange))
        self.reply(self, frame, exchange)
        return True


def caller_on(link: ScriptedLink) -> FsiCaller:
    settings = LinkSettings("T-001-fsi")
    return FsiCaller(settings, TOPICS, TERMINAL, CENTRE.public, rng=random.Random(1), new_link=link)


def test_the_question_names_everything_and_is_sealed_for_itself() -> None:
    link = ScriptedLink(
        lambda link, _, asked: link.hear(ANSWERED, answer_frame(b"yes", asked.correlation), Exchange(asked.correlation))
    )
    caller = caller_on(link)
    assert caller.is_up
    assert caller.call(BODY, 5) == b"yes"
    ((topic, frame, exchange),) = link.asked
    assert (topic, exchange.answer_to, exchange.expires_s) == (ASKED, ANSWERED, 5)
    assert link.subscriptions == (ANSWERED,)
    opened = open_sealed(frame, sealed_for(ASKED, exchange.correlation), lambda _: TERMINAL.public)
    assert opened.body == BODY


def test_whoever_waits_is_told_at_once_when_the_caller_is_stopped() -> None:
    was_asked = threading.Event()
    caller = caller_on(ScriptedLink(lambda *_: was_asked.set()))
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(caller.call, BODY, 600)
        assert was_asked.wait(30)
        caller.stop()
        with pytest.raises(OutcomeUnknownError):
            asked.result(5)
    with pytest.raises(NotSentError):
        caller.call(BODY, 600)


def test_it_says_when_the_connection_is_open() -> None:
    ups: list[int] = []
    settings = LinkSettings("T-001-fsi")
    caller = FsiCaller(
        settings, TOPICS, TERMINAL, CENTRE.public, rng=random.Random(1), new_link=ScriptedLink(lambda *_: None),
        on_up=lambda: ups.append(1),
    )  # fmt: skip
    caller.link_up()
    assert ups == [1]


def wrong_answers() -> Iterator[tuple[str, Callable[[Exchange], tuple[str, bytes, bytes]]]]:
    other = b"o" * 16
    yield "sealed for another question", lambda one: (ANSWERED, answer_frame(b"no", other), one.correlation)
    yield (
        "sealed by somebody else",
        lambda one: (
            ANSWERED,
            answer_frame(b"no", one.correlation, key=new_key()),
            one.correlation,
        ),
    )
    yield "not sealed at all", lambda one: (ANSWERED, b'{"infcode":0}', one.correlation)
    yield "to a question that nobody asked", lambda one: (ANSWERED, answer_frame(b"no", other), other)
    yield "on another topic", lambda one: (ASKED, answer_frame(b"no", one.correlation, topic=ASKED), one.correlation)


@pytest.mark.parametrize("wrong", [one for _, one in wrong_answers()], ids=[name for name, _ in wrong_answers()])
def test_an_answer_that_is_not_the_centres_to_this_question_is_not_taken(
    wrong: Callable[[Exchange], tuple[str, bytes, bytes]],
) -> None:
    def reply(link: ScriptedLink, _frame: bytes, asked: Exchange) -> None:
        topic, frame, correlation = wrong(asked)
        link.hear(topic, frame, Exchange(correlation))
        link.hear(ANSWERED, answer_frame(b"yes", asked.correlation), Exchange(asked.correlation))

    caller = caller_on(ScriptedLink(reply))
    assert caller.call(BODY, 5) == b"yes"
    assert caller.strays == 1


def test_without_a_connection_nothing_has_left_and_the_error_says_so() -> None:
    caller = caller_on(ScriptedLink(lambda *_: None, is_up=False))
    with pytest.raises(NotSentError):
        caller.call(BODY, 0.02)


def test_without_an_answer_the_outcome_is_unknown() -> None:
    link = ScriptedLink(lambda *_: None)
    with pytest.raises(OutcomeUnknownError):
        caller_on(link).call(BODY, 0.02)
    link.hear(ANSWERED, answer_frame(b"late", link.asked[0][2].correlation), Exchange(link.asked[0][2].correlation))


def test_the_same_bytes_are_asked_again_when_the_connection_has_come_back() -> None:
    def reply(link: ScriptedLink, _frame: bytes, asked: Exchange) -> None:
        assert link.listener is not None
        if len(link.asked) < 3:
            link.listener.link_down(LinkLoss(Cause.CLOSED, "gone"))
            link.listener.link_up()
        else:
            link.hear(ANSWERED, answer_frame(b"yes", asked.correlation), Exchange(asked.correlation))

    link = ScriptedLink(reply)
    assert caller_on(link).call(BODY, 60) == b"yes"
    assert len({frame for _, frame, _ in link.asked}) == 1
    assert len({exchange.correlation for *_, exchange in link.asked}) == 1


def test_what_comes_outside_an_exchange_is_counted() -> None:
    caller = caller_on(ScriptedLink(lambda *_: None))
    caller.message("x", b"")
    assert caller.strays == 1


# -- real brokers --------------------------------------------------------------------------------------------------


class Echo:
    """A centre that answers each question with itself, once it has been asked as often as it wants."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, Exchange]] = []
        self.up = threading.Event()
        self.ignores = 0
        settings = LinkSettings("centre-fsi", port=port, backoff_first_s=0.05, backoff_most_s=0.2)
        session = Session((every_terminal(Channel.FSI),))
        self.link = Link(settings, self, lambda: session, rng=random.Random(1), on_exchange=self.hear)
        self.link.start()

    def hear(self, topic: str, frame: bytes, exchange: Exchange) -> None:
        self.heard.append((topic, exchange))
        if self.ignores:
            self.ignores -= 1
            return
        opened = open_sealed(frame, sealed_for(topic, exchange.correlation), lambda _: TERMINAL.public)
        answer_to = parse_topic(topic)[0].on(Channel.ANSWER)
        sealed = seal(opened.body, sealed_for(answer_to, exchange.correlation), CENTRE)
        self.link.exchange(answer_to, sealed, Exchange(exchange.correlation))

    def link_up(self) -> None:
        self.up.set()

    def link_down(self, loss: LinkLoss) -> None:
        self.up.clear()

    def message(self, topic: str, frame: bytes) -> None: ...


@pytest.fixture
def ends(broker: BrokerProcess) -> Iterator[tuple[FsiCaller, Echo]]:
    echo = Echo(broker.port)
    settings = LinkSettings("T-001-fsi", port=broker.port, backoff_first_s=0.05, backoff_most_s=0.2)
    caller = FsiCaller(settings, TOPICS, TERMINAL, CENTRE.public, rng=random.Random(2))
    caller.start()
    wait_until(lambda: caller.is_up and echo.up.is_set())
    yield caller, echo
    caller.stop()
    echo.link.stop()


@pytest.mark.contract
def test_brokers_carry_question_and_answer_whole(ends: tuple[FsiCaller, Echo]) -> None:
    caller, echo = ends
    assert caller.call(BODY, 10) == BODY
    ((_, exchange),) = echo.heard
    assert (exchange.answer_to, len(exchange.correlation)) == (ANSWERED, 16)
    assert exchange.expires_s is not None
    assert 0 < exchange.expires_s <= 10
    large = random.Random(3).randbytes(3_000_000)
    with ThreadPoolExecutor(4) as pool:
        bodies = [large, b"a" * 10, large[::-1], b"b" * 100_000] * 3
        assert list(pool.map(lambda body: caller.call(body, 30), bodies)) == bodies


@pytest.mark.contract
def test_a_question_that_was_lost_is_asked_again(ends: tuple[FsiCaller, Echo], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wire.rpc.ASK_AGAIN_S", 0.05)
    caller, echo = ends
    echo.ignores = 2
    assert caller.call(BODY, 10) == BODY
    assert len(echo.heard) == 3
    assert len({exchange.correlation for _, exchange in echo.heard}) == 1


@pytest.mark.contract
def test_a_call_outlives_the_broker(ends: tuple[FsiCaller, Echo], broker: BrokerProcess) -> None:
    caller, _ = ends
    broker.kill()
    wait_until(lambda: not caller.is_up)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(caller.call, BODY, 30)
        broker.start()
        assert asked.result(30) == BODY
