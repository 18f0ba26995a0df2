"""A line says whether anything left, and never guesses."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from edge.fsi.line import HttpLine, MqttLine, UnsendableError
from edge.fsi.outcome import NotSent, Reversed
from rules.settling import Standing
from tests.edge.fsi.centre import AREA, DISTRICT, LOSE_ANSWER, LOSE_REQUEST, NAMELESS, SENDER, SHOP, UNDO, Centre, asker
from tests.edge.fsi.desk import Desk, at_desk, over_http
from tests.edge.scene import NOON, FakeClock
from wire.fsi.asking import Asked, Asker
from wire.fsi.signing import Secrets, protection_of
from wire.rpc import NotSentError, OutcomeUnknownError

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n"


def a_message() -> Asked:
    return asker().compose(SENDER, "2103", f"{SHOP}202611211200000700", UNDO, at=NOON, insured_district=DISTRICT)


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """Give the address of somebody who does as he likes with one connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            taken, _ = server.accept()
            with taken:
                serve(taken)

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


def silent(taken: socket.socket) -> None:
    """Take the message and wait until the other side has had enough."""
    while taken.recv(65_536):
        pass


def cut_short(taken: socket.socket) -> None:
    taken.recv(65_536)
    taken.sendall(HEAD + b'{"infcode":0')


def redirecting(taken: socket.socket) -> None:
    taken.recv(65_536)
    taken.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")


def gone_at_once(taken: socket.socket) -> None:
    taken.recv(1)


def trickling(taken: socket.socket) -> None:
    taken.recv(65_536)
    taken.sendall(HEAD)
    done = threading.Event()
    try:
        while not done.wait(0.02):
            taken.sendall(b" ")
    except OSError:
        pass


@pytest.mark.parametrize("serve", [silent, cut_short, redirecting, gone_at_once, trickling])
def test_whatever_happens_after_the_first_byte_is_unknown(serve, clock: FakeClock) -> None:
    with listening(serve) as place, pytest.raises(OutcomeUnknownError):
        over_http(f"http://{place}/", clock).ask(a_message(), 0.1)


@pytest.mark.parametrize("url", ["http://no-such-host.invalid/", "http://127.0.0.1:1/", "ftp://127.0.0.1/"])
def test_what_reached_nobody_never_left(url: str, clock: FakeClock) -> None:
    with pytest.raises(NotSentError):
        over_http(url, clock).ask(a_message(), 0.5)


def test_tls_that_cannot_be_set_up_lets_nothing_out(clock: FakeClock) -> None:
    heard: list[bytes] = []

    def in_clear(taken: socket.socket) -> None:
        heard.append(taken.recv(65_536))
        taken.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with listening(in_clear) as place, pytest.raises(NotSentError):
        over_http(f"https://{place}/", clock).ask(a_message(), 0.5)
    assert SHOP.encode() not in heard[0]


def test_proxies_of_the_environment_are_not_asked(door, clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert over_http(door.url, clock).ask(a_message(), 1).is_success


def test_message_that_cannot_be_signed_never_left_and_will_not(door, centre: Centre, clock) -> None:
    area = replace(AREA, signer="gateway")
    line = HttpLine(door.url, Asker(area, protection_of(area), Secrets()), clock, keeps_answers=True)
    with pytest.raises(UnsendableError):
        line.ask(a_message(), 1)
    assert centre.heard == []


def test_inside_the_seal_only_the_password_is_left_of_the_area(centre: Centre, clock) -> None:
    bodies: list[bytes] = []

    class Broker:
        def call(self, body: bytes, timeout_s: float) -> bytes:
            bodies.append(body)
            return centre.answer(body) or b""

    area = replace(AREA, signer="card_password+gateway", encryptor="sm4", checks_password=frozenset({"2103"}))
    line = MqttLine(Broker(), area, Secrets(), clock)
    assert line.ask(a_message(), 1, password="123456").is_success
    assert b'"cainfo":"123456"' in bodies[0].replace(b": ", b":")
    with pytest.raises(UnsendableError):
        line.ask(a_message(), 1)


def test_message_whose_password_is_gone_is_taken_back(folder, centre: Centre, door, clock: FakeClock) -> None:
    """The password is not kept, so that after a restart the same message cannot be signed again."""

    class Forgetting(HttpLine):
        def ask(self, asked, within_s, *, password=None):
            if asked.infno == "2103" and centre.heard:
                raise UnsendableError(UnsendableError.next_step)
            return super().ask(asked, within_s, password=password)

    centre.script = [LOSE_ANSWER]
    with at_desk(folder, Forgetting(door.url, asker(), clock, keeps_answers=True), clock) as desk:
        desk.settle()
        assert desk.resolver.look() == 0
        assert isinstance(desk.heard[-1].outcome, Reversed)
        assert (centre.standing, desk.standing()) == ([], Standing.NONE)


@pytest.mark.parametrize("script", [[LOSE_REQUEST], [LOSE_REQUEST, NAMELESS]])
def test_copy_that_comes_late_does_nothing_any_more(desk: Desk, centre: Centre, script: list[str]) -> None:
    """Delayed on its way, the first copy arrives when the question is settled."""
    centre.script = list(script)
    desk.settle()
    assert desk.resolver.look() == 0
    before = list(centre.done)
    centre.answer(centre.bodies[0])
    assert centre.done == before
    assert (desk.standing() is Standing.SETTLED) == bool(centre.standing)


def test_line_that_is_down_while_it_is_found_out_changes_nothing(folder, centre: Centre, door, clock) -> None:
    centre.script = [LOSE_ANSWER]
    with at_desk(folder, over_http(door.url, clock), clock) as desk:
        desk.settle()
        door.close()
        assert desk.resolver.look() == 1
        assert (desk.standing(), desk.rows()) == (Standing.UNKNOWN, [("2103", "unknown", 0)])
        assert not [told for told in desk.heard if isinstance(told.outcome, NotSent)]
