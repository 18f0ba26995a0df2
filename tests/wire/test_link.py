"""The link against real brokers: it comes back, it says so, and it never queues."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.conftest import BrokerProcess, free_port, wait_until
from wire.link import MAX_IN_FLIGHT, Link, LinkSettings, Retained, Session

pytestmark = pytest.mark.contract


class Ear:
    def __init__(self) -> None:
        self.up = threading.Event()
        self.downs: list[str] = []
        self.heard: list[tuple[str, bytes]] = []

    def link_up(self) -> None:
        self.up.set()

    def link_down(self, reason: str) -> None:
        self.up.clear()
        self.downs.append(reason)

    def message(self, topic: str, frame: bytes) -> None:
        self.heard.append((topic, frame))


def open_link(name: str, port: int, session: Session) -> tuple[Link, Ear]:
    ear = Ear()
    settings = LinkSettings(name, port=port, backoff_first_s=0.05, backoff_most_s=0.2)
    link = Link(settings, ear, lambda: session, rng=random.Random(1))
    link.start()
    return link, ear


@pytest.fixture
def pair(broker: BrokerProcess) -> Iterator[tuple[Link, Ear, Link, Ear]]:
    speaker, speaker_ear = open_link(
        "speaker", broker.port, Session((), will=Retained("p/speaker", b"lost"), greeting=Retained("p/speaker", b"hi"))
    )
    listener, listener_ear = open_link("listener", broker.port, Session(("t/#", "p/#")))
    assert speaker_ear.up.wait(10)
    assert listener_ear.up.wait(10)
    yield speaker, speaker_ear, listener, listener_ear
    speaker.stop()
    listener.stop()


def test_frames_arrive_and_the_greeting_is_retained(pair: tuple[Link, Ear, Link, Ear]) -> None:
    speaker, _, _, ear = pair
    frame = bytes(range(256)) * 400
    assert speaker.publish("t/a", frame)
    wait_until(lambda: ("t/a", frame) in ear.heard)
    wait_until(lambda: ("p/speaker", b"hi") in ear.heard)


@pytest.mark.req("T-06")
def test_after_the_broker_died_the_link_returns_and_nothing_was_queued(
    broker: BrokerProcess, pair: tuple[Link, Ear, Link, Ear]
) -> None:
    speaker, speaker_ear, _, ear = pair
    broker.kill()
    wait_until(lambda: not speaker.is_up)
    assert not speaker.publish("t/lost", b"must not be sent later")
    broker.start()
    wait_until(lambda: speaker_ear.up.is_set() and ear.up.is_set())
    assert speaker.publish("t/after", b"back")
    wait_until(lambda: ("t/after", b"back") in ear.heard)
    assert all(topic != "t/lost" for topic, _ in ear.heard)


@pytest.mark.req("T-61")
def test_a_broken_connection_brings_the_will_and_a_clean_stop_does_not(pair: tuple[Link, Ear, Link, Ear]) -> None:
    speaker, speaker_ear, _, ear = pair
    client = speaker._client
    assert client is not None
    sock = client.socket()
    assert sock is not None
    speaker_ear.up.clear()
    sock.shutdown(2)
    wait_until(lambda: ("p/speaker", b"lost") in ear.heard)
    assert speaker_ear.up.wait(10)
    ear.heard.clear()
    speaker.stop(Retained("p/speaker", b"stopped"))
    wait_until(lambda: ("p/speaker", b"stopped") in ear.heard)
    assert ("p/speaker", b"lost") not in ear.heard


def test_a_flood_is_refused_rather_than_queued(pair: tuple[Link, Ear, Link, Ear]) -> None:
    speaker, _, _, ear = pair
    taken = sum(speaker.publish("t/flood", b"x" * 2_000) for _ in range(MAX_IN_FLIGHT * 50))
    assert taken >= MAX_IN_FLIGHT
    wait_until(lambda: sum(topic == "t/flood" for topic, _ in ear.heard) == taken)


def test_without_a_broker_it_keeps_trying_and_stops_when_told() -> None:
    link, ear = open_link("alone", free_port(), Session(()))
    wait_until(lambda: len(ear.downs) >= 3)
    assert not link.publish("t/a", b"")
    link.stop()
    assert not link._thread.is_alive()


def test_a_broker_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wire.link.HANDSHAKE_S", 0.0)
    monkeypatch.setattr("wire.link._LOOP_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        link, ear = open_link("patient", silent.getsockname()[1], Session(()))
        wait_until(lambda: len(ear.downs) >= 2)
        link.stop()
