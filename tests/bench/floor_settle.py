"""The floors of P-08: a round trip in which nothing is settled.

HTTP: `GET /healthz` of the same centre. MQTT: the same bytes back, neither sealed nor read, from a process that does
nothing else, over the same broker. What a commit costs besides is measured in `settling_store`.
"""

from __future__ import annotations

import multiprocessing
import queue
import random
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wire.exchange import Exchange
from wire.link import Link, LinkSettings, Session
from wire.link_loss import LinkLoss

_ECHO = "bench/echo"
_PATIENCE_S = 10.0


class _Ear:
    """Waits for the connection and takes no messages of its own."""

    def __init__(self) -> None:
        self.is_up = threading.Event()

    def link_up(self) -> None:
        self.is_up.set()

    def link_down(self, loss: LinkLoss) -> None: ...

    def message(self, topic: str, frame: bytes) -> None: ...


class EchoCaller:
    """Asks for its own bytes."""

    def __init__(self, name: str, port: int) -> None:
        self._answer_topic, self._arrived = f"bench/answer/{name}", queue.SimpleQueue[bytes]()
        ear = _Ear()
        self._link = Link(
            LinkSettings(f"{name}-echo", port=port),
            ear,
            lambda: Session((self._answer_topic,)),
            rng=random.Random(1),
            on_exchange=lambda _topic, frame, _exchange: self._arrived.put(frame),
        )
        self._link.start()
        if not ear.is_up.wait(_PATIENCE_S):
            raise RuntimeError("the broker does not take the floor's caller")

    def call(self, body: bytes) -> bytes:
        """Return the body, once around."""
        self._link.exchange(_ECHO, body, Exchange(secrets.token_bytes(16), self._answer_topic, 10))
        return self._arrived.get(timeout=_PATIENCE_S)

    def stop(self) -> None:
        """End the connection."""
        self._link.stop(timeout_s=1.0)


def serve_echo(port: int, ready: Any) -> None:
    """Send back whatever comes, until killed."""

    def hear(_topic: str, frame: bytes, exchange: Exchange) -> None:
        link.exchange(exchange.answer_to, frame, Exchange(exchange.correlation))

    ear = _Ear()
    settings = LinkSettings("bench-echo", port=port)
    link = Link(settings, ear, lambda: Session((_ECHO,)), rng=random.Random(1), on_exchange=hear)
    link.start()
    ear.is_up.wait(_PATIENCE_S)
    ready.set()
    threading.Event().wait()


@contextmanager
def echo(port: int) -> Iterator[None]:
    """Have a process that sends everything back."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=serve_echo, args=(port, ready), daemon=True)
    process.start()
    try:
        if not ready.wait(20):
            raise RuntimeError("the echo did not start")
        yield
    finally:
        process.kill()
        process.join(5)
