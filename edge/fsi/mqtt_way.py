"""The connection to the centre for questions of the interface: kept up while the terminal runs, made anew if it dies.

It is another one than the records' (`edge.carrier`): a month of records on their way holds up no sale.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar, Protocol

from codes.errors import TransientError
from codes.words import Words
from edge.errors import EdgeError
from edge.fsi.line import Caller
from wire.rpc import NotSentError

NAME = "-fsi"
"""What the terminal's name at the broker is followed by on this connection."""


class LinkThreadEndedError(EdgeError, TransientError):
    """The thread that keeps the connection up has ended although nobody stopped it."""

    code: ClassVar[str] = "fsi.link_ended"


class HeldCaller(Caller, Protocol):
    """A connection that can be opened and ended once (`wire.rpc.FsiCaller`)."""

    @property
    def is_up(self) -> bool:
        """The connection is open."""
        ...

    def start(self) -> None:
        """Begin to connect."""
        ...

    def stop(self) -> None:
        """End the connection."""
        ...


NewCaller = Callable[[Callable[[], None]], HeldCaller]
"""Makes a connection; it is told what to call if the thread of it ends unasked."""


class MqttWay:
    """Where the line finds the connection of the moment."""

    def __init__(self, new_caller: NewCaller) -> None:
        self._new_caller = new_caller
        self._caller: HeldCaller | None = None

    @property
    def is_up(self) -> bool:
        """The connection is open."""
        return self._caller is not None and self._caller.is_up

    def call(self, body: bytes, timeout_s: float) -> bytes:
        """Send a message and return the bytes of its answer.

        Raises:
            NotSentError: It never left; nothing was done.
            OutcomeUnknownError: It left, and no answer came.
        """
        caller = self._caller
        if caller is None:
            raise NotSentError(Words("与中心的连接尚未建立", "There is no connection to the centre yet"))
        return caller.call(body, timeout_s)

    async def run(self) -> None:
        """Keep the connection up until cancelled.

        Raises:
            LinkThreadEndedError: It died; whoever runs this starts it again.
        """
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def note_ended() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(ended.set)

        caller = self._caller = self._new_caller(note_ended)
        caller.start()
        try:
            await ended.wait()
            raise LinkThreadEndedError(Words("医保接口的连接线程意外结束", "The interface's link ended unasked"))
        finally:
            self._caller = None
            await asyncio.to_thread(caller.stop)
