"""The link against real brokers: it comes back, it says so, and it never queues."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import MQTTMessageInfo

from tests.conftest import BrokerProcess, free_port, make_broker, wait_until
from tests.web.certificates import written_pair
from wire.link import MAX_IN_FLIGHT, Link, LinkSettings, Retained, Session
from wire.link_loss import Cause, LinkLoss

pytestmark = pytest.mark.contract
CONNACK, SUBACK, TAKEN_OVER = bytes.fromhex("2003000000"), bytes.fromhex("900400010001"), bytes.fromhex("e0028e00")


class Ear:
    def __init__(self) -> None:
        self.up = threading.Event()
        self.downs: list[LinkLoss] = []
        self.heard: list[tuple[str, bytes]] = []

    def link_up(self) -> None:
        self.up.set()

    def link_down(self, loss: LinkLoss) -> None:
        self.up.clear()
        self.downs.append(loss)

    def message(self, topic: str, frame: bytes) -> None:
        self.heard.append((topic, frame))


def open_link(name: str, port: int, session: Session, **more: str) -> tuple[Link, Ear]:
    ear = Ear()
    settings = LinkSettings(name, port=port, backoff_first_s=0.05, backoff_most_s=0.2, **more)
    link = Link(settings, ear, lambda: session, rng=random.Random(1))
    link.start()
    return link, ear


@pytest.fixture
def pair(broker: BrokerProcess) -> Iterator[tuple[Link, Ear, Link, Ear]]:
    speaker, speaker_ear = open_link(
        "speaker", broker.port, Session((), will=Retained("p/speaker", b"lost"), greeting=Retained("p/speaker", b"hi"))
    )
    listener, listener_ear = open_link("listener", broker.port, Session(("t/#", "p/#")))
    assert speaker_ear.up.wait(30)
    assert listener_ear.up.wait(30)
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
    assert speaker_ear.up.wait(30)
    ear.heard.clear()
    speaker.stop(Retained("p/speaker", b"stopped"))
    wait_until(lambda: ("p/speaker", b"stopped") in ear.heard)
    assert ("p/speaker", b"lost") not in ear.heard


@pytest.mark.req("T-61")
def test_a_farewell_that_cannot_leave_is_left_to_the_will(
    pair: tuple[Link, Ear, Link, Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wire.link._FAREWELL_S", 0.05)
    speaker, _, _, ear = pair
    wait_until(lambda: ("p/speaker", b"hi") in ear.heard)
    client = speaker._client
    assert client is not None
    while client.user_data_get().acquire(timeout=0.2):
        """Nothing is acknowledged any more."""
    speaker.stop(Retained("p/speaker", b"stopped"))
    wait_until(lambda: ("p/speaker", b"lost") in ear.heard)
    assert ("p/speaker", b"stopped") not in ear.heard


@pytest.mark.req("T-61")
def test_a_farewell_is_acknowledged_before_the_line_is_closed(
    pair: tuple[Link, Ear, Link, Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The order is told here, not how long it takes.
    monkeypatch.setattr("wire.link._FAREWELL_S", 10.0)
    speaker, _, _, ear = pair
    wait_until(lambda: ("p/speaker", b"hi") in ear.heard)
    client = speaker._client
    assert client is not None
    wait_until(lambda: not client._out_messages)
    told, acknowledge, disconnect = [], client.on_publish, client.disconnect
    assert acknowledge is not None

    def acknowledge_late(*details: object) -> None:
        time.sleep(0.05)
        told.append("acknowledged")
        acknowledge(*details)

    monkeypatch.setattr(client, "disconnect", lambda: (told.append("disconnect"), disconnect()))
    client.on_publish = acknowledge_late
    speaker.stop(Retained("p/speaker", b"stopped"))
    assert told == ["acknowledged", "disconnect"]


@pytest.mark.req("T-61")
def test_a_session_that_breaks_during_the_farewell_is_not_followed_by_another(
    pair: tuple[Link, Ear, Link, Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker, speaker_ear, _, ear = pair
    wait_until(lambda: ("p/speaker", b"hi") in ear.heard)

    def break_meanwhile(*_: object) -> None:
        client = speaker._client
        sock = None if client is None else client.socket()
        assert sock is not None
        speaker_ear.up.clear()
        sock.shutdown(socket.SHUT_RDWR)
        # It would be back within a tenth of this.
        speaker_ear.up.wait(1.0)

    monkeypatch.setattr(MQTTMessageInfo, "wait_for_publish", break_meanwhile)
    speaker.stop(Retained("p/speaker", b"stopped"))
    assert not speaker_ear.up.is_set()
    wait_until(lambda: ("p/speaker", b"lost") in ear.heard)
    assert ear.heard.count(("p/speaker", b"hi")) == 1


@pytest.mark.req("T-61")
def test_a_session_that_comes_up_during_the_stop_greets_nobody() -> None:
    subscribed, confirm, said = threading.Event(), threading.Event(), bytearray()

    def play_broker(listening: socket.socket) -> None:
        session, _ = listening.accept()
        with session:
            session.recv(1_000)
            session.sendall(CONNACK)
            session.recv(1_000)
            subscribed.set()
            confirm.wait(30)
            session.sendall(SUBACK)
            while piece := session.recv(1_000):
                said.extend(piece)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        broker = threading.Thread(target=play_broker, args=(listening,), daemon=True)
        broker.start()
        link, ear = open_link("late", listening.getsockname()[1], Session(("t",), greeting=Retained("p", b"hi")))
        assert subscribed.wait(30)
        link._stopping.set()
        confirm.set()
        broker.join(10)
    assert b"hi" not in said
    assert not ear.up.is_set()
    link.stop()


def test_a_flood_is_refused_rather_than_queued(pair: tuple[Link, Ear, Link, Ear]) -> None:
    speaker, _, _, ear = pair
    wait_until(lambda: ("p/speaker", b"hi") in ear.heard)
    offered = MAX_IN_FLIGHT * 50
    taken = sum(speaker.publish("t/flood", b"x" * 2_000) for _ in range(offered))
    # The greeting may still wait for its acknowledgement.
    assert MAX_IN_FLIGHT - 1 <= taken < offered
    wait_until(lambda: sum(topic == "t/flood" for topic, _ in ear.heard) == taken)


def test_acknowledged_messages_never_narrow_the_window(pair: tuple[Link, Ear, Link, Ear]) -> None:
    # An acknowledgement may arrive while the publishing thread is still inside paho: it must free its place too.
    speaker, _, _, _ = pair
    for number in range(MAX_IN_FLIGHT * 20):
        wait_until(lambda number=number: speaker.publish("t/steady", b"%d" % number))
    client = speaker._client
    assert client is not None
    wait_until(lambda: client.user_data_get()._value == MAX_IN_FLIGHT)


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
        assert ear.downs[0].cause is Cause.CLOSED
        link.stop()


def causes_of(port: int, **more: str) -> set[Cause]:
    """Return what is told in the first two attempts of a link that is then stopped."""
    link, ear = open_link("asker", port, Session(()), **more)
    wait_until(lambda: len(ear.downs) >= 2)
    assert link._thread.is_alive(), "it goes on trying"
    link.stop()
    return {loss.cause for loss in ear.downs[:2]}


def test_files_that_went_away_or_are_none_are_told_and_tried_again(tmp_path: Path) -> None:
    chain, key = written_pair(tmp_path, "a")
    _, other = written_pair(tmp_path, "b")
    _, encrypted = written_pair(tmp_path, "c", b"secret")
    for files in (
        {"ca_file": str(tmp_path / "none")},
        {"ca_file": str(chain), "certificate_file": str(chain), "key_file": str(other)},
        {"ca_file": str(chain), "certificate_file": str(chain), "key_file": str(encrypted)},
    ):
        assert causes_of(free_port(), **files) == {Cause.TLS}
    assert causes_of(free_port(), ca_file=str(chain), certificate_file=str(chain), key_file=str(key)) == {Cause.REFUSED}


def test_a_name_that_leads_nowhere_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert causes_of(1, host="mq.example") == {Cause.NAME}


def test_a_broker_that_speaks_no_tls_is_told(broker: BrokerProcess, tmp_path: Path) -> None:
    chain, _ = written_pair(tmp_path, "a")
    assert causes_of(broker.port, ca_file=str(chain)) <= {Cause.TLS, Cause.CLOSED}


def test_a_login_that_is_refused_is_told(tmp_path: Path) -> None:
    broker = make_broker("mosquitto", tmp_path)
    conf = tmp_path / "mosquitto.conf"
    conf.write_text(conf.read_text().replace("allow_anonymous true", "allow_anonymous false"))
    broker.start()
    try:
        assert causes_of(broker.port) == {Cause.LOGIN}
    finally:
        broker.kill()


def test_a_second_client_of_the_same_id_is_noticed_although_brokers_say_nothing(broker: BrokerProcess) -> None:
    pairs = [open_link("twin", broker.port, Session(())) for _ in range(2)]
    for _, ear in pairs:
        wait_until(lambda ear=ear: any(loss.cause in {Cause.TAKEN_OVER, Cause.UNSTEADY} for loss in ear.downs))
    for link, _ in pairs:
        link.stop()


def test_a_session_that_the_broker_says_was_taken_over_counts_as_a_failure() -> None:
    bounds: list[float] = []

    class Rng(random.Random):
        def uniform(self, a: float, b: float) -> float:
            bounds.append(b)
            return 0.0

    ear = Ear()
    with socket.create_server(("127.0.0.1", 0)) as broker:
        settings = LinkSettings("twin", port=broker.getsockname()[1], backoff_first_s=0.001)
        link = Link(settings, ear, lambda: Session(()), rng=Rng())
        link.start()
        for _ in range(3):
            session, _ = broker.accept()
            with session:
                session.recv(1_000)
                session.sendall(CONNACK + TAKEN_OVER)
                session.recv(1_000)
        wait_until(lambda: len(bounds) >= 3)
        link.stop()
    assert [loss.cause for loss in ear.downs[:3]] == [Cause.TAKEN_OVER] * 3
    assert bounds[:3] == [0.002, 0.004, 0.008]


def test_the_owner_is_told_when_the_thread_ends_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    died: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    told = threading.Event()

    def fail() -> Session:
        raise RuntimeError("a bug")

    link = Link(LinkSettings("broken"), Ear(), fail, rng=random.Random(1), on_fatal=told.set)
    link.start()
    assert told.wait(30)
    wait_until(lambda: not link._thread.is_alive())
    assert [one.exc_type for one in died] == [RuntimeError]


def test_a_stop_that_was_asked_for_alarms_nobody() -> None:
    told = threading.Event()
    link = Link(
        LinkSettings("alone", port=free_port()), Ear(), lambda: Session(()), rng=random.Random(1), on_fatal=told.set
    )
    link.start()
    link.stop()
    assert not link._thread.is_alive()
    assert not told.is_set()
