"""A line of our own between a terminal and what it asks: it stops at a chosen message, and lets it through or not.

Whoever sets a snare says at which message, on which side of it, and what happens there; that is done while the message
lies in the gate, so that no time plays a part. A message that is sent again is the same one.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from tests.kills.messages import Cutter, Message

_RESET = struct.pack("ii", 1, 0)
_HOST, _CHUNK = "127.0.0.1", 65_536


class At(StrEnum):
    """On which side of a message."""

    LEAVING = "before it arrives"
    """The question is on its way and never comes there."""
    LOST = "answered, and the answer is lost"
    TOLD = "answered, and the answer has just come"


@dataclass
class Snare:
    """What waits for a message."""

    infno: str
    nth: int
    """Which of that kind, from the moment on when it was set; the first is 1."""
    at: At
    spring: Callable[[], object]
    is_met: bool = False
    """It was the message; what happens there happens now, or has."""
    sprung: threading.Event = field(default_factory=threading.Event)
    """... and it has."""
    caught: str = ""
    """The number of the message."""


class Gate:
    """Carries bytes to a port of this machine until it is closed."""

    def __init__(self, target: int, new_cutter: Callable[[], Cutter]) -> None:
        self._target, self._new_cutter = target, new_cutter
        self._listener = socket.create_server((_HOST, 0))
        self._lock = threading.Lock()
        self._snare: Snare | None = None
        self._is_shut = False
        self._open: set[socket.socket] = set()
        self.heard: list[Message] = []
        """Questions since the last `listen`, each once."""
        threading.Thread(target=self._accept, name="gate", daemon=True).start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def listen(self, snare: Snare | None = None) -> None:
        """Count messages anew, and wait for one of them."""
        with self._lock:
            self.heard, self._snare = [], snare

    def shut(self) -> None:
        """Reset every connection, and every new one until `reopen`."""
        self._is_shut = True
        with self._lock:
            lines = list(self._open)
        for one in lines:
            _reset(one)

    def reopen(self) -> None:
        self._is_shut = False

    def close(self) -> None:
        self._listener.close()
        self.shut()

    # -- on threads of its own -----------------------------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = None if self._is_shut else socket.create_connection((_HOST, self._target))
            except OSError:
                far = None
            if far is None:
                _reset(near)
                continue
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {near, far}
            cutter = self._new_cutter()
            for source, sink, is_back in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._carry, args=(source, sink, cutter, is_back), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, cutter: Cutter, is_back: bool) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(_CHUNK):
                for piece, message in cutter.feed(chunk, is_back=is_back):
                    self._pass(piece, message, sink)
        for one in (source, sink):
            _reset(one)
        with self._lock:
            self._open -= {source, sink}

    def _pass(self, piece: bytes, message: Message | None, sink: socket.socket) -> None:
        snare = None if message is None else self._met(message)
        if snare is None:
            sink.sendall(piece)
            return
        if snare.at is At.TOLD:
            sink.sendall(piece)
        snare.spring()
        snare.sprung.set()

    def _met(self, message: Message) -> Snare | None:
        """Count a message; return the snare if it is the one that it waits for."""
        with self._lock:
            snare = self._snare
            if message.is_answer:
                is_met = snare is not None and snare.at is not At.LEAVING and snare.caught == message.msgid
            else:
                is_met = self._count(message, snare) and snare is not None and snare.at is At.LEAVING
            if not is_met or snare is None:
                return None
            self._snare, snare.is_met = None, True
            return snare

    def _count(self, message: Message, snare: Snare | None) -> bool:
        """Note a question; say whether it is the one that is waited for."""
        if message not in self.heard:
            self.heard.append(message)
        if snare is None or snare.infno != message.infno:
            return False
        same = [one for one in self.heard if one.infno == message.infno]
        if same.index(message) + 1 != snare.nth:
            return False
        snare.caught = message.msgid
        return True


def _reset(one: socket.socket) -> None:
    """Close as a cable pulled out of a router does: no polite end."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
