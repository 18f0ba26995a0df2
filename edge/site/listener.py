"""Where the other terminals ask. It binds one address, has one route, and gives every caller the same few seconds.

Connections are accepted one by one and counted before anything is read or encrypted, so nobody can use up the files or
the memory of a terminal: beyond the bounds, callers are let go at once. Refusals are the same bytes for every reason;
the reason is said in our own log, once an hour.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from codes.errors import YimaError
from codes.os_words import words_of_os_error
from codes.words import Words
from edge.clock import Clock
from edge.health import Trouble
from edge.site.errors import CannotListenError, StrangerError
from edge.site.exchange import MOST_HEAD, REFUSAL, TIMEOUT_S, read_question, reply

MOST_CALLERS = 64
MOST_OF_ONE = 4
"""Connections of one address at a time: a hostile machine keeps no other from asking."""
BACKLOG = 32
TELL_AGAIN_S = 3_600.0

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SiteListener:
    """Listens for the other terminals.

    Args:
        host: The one address to bind.
        port: Its port.
        tls: What to encrypt with, if at all.
        answer: Returns the answer to a question, or raises why there is none.
        clock: For telling the same not too often.
    """

    def __init__(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        answer: Callable[[bytes], Awaitable[bytes]],
        clock: Clock,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._answer = answer
        self._clock = clock
        self._callers: Counter[str] = Counter()
        self._told: dict[str, float] = {}
        self.is_listening = asyncio.Event()
        """Set once the others can ask."""
        self.trouble: Trouble | None = None
        """Why nobody can ask."""
        self.refused = 0
        """Callers that got no answer."""

    async def run(self) -> None:
        """Answer until cancelled.

        Raises:
            CannotListenError: The address cannot be used.
        """
        with self._bound() as listener:
            listener.setblocking(False)
            self.trouble = None
            self.is_listening.set()
            _logger.info("site.listening", host=self._host, port=self._port, is_tls=self._tls is not None)
            await self._accept(listener)

    def _bound(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            return socket.create_server((self._host, self._port), family=family, backlog=BACKLOG)
        except OSError as exc:
            why = words_of_os_error(exc)
            place = f"{self._host}:{self._port}"
            refusal = CannotListenError(
                Words(f"本店其他终端无法询问：不能监听 {place}：{why.zh}", f"The site cannot ask at {place}: {why.en}")
            )
            self.trouble = Trouble(refusal.code, refusal.words, refusal.next_step, is_alarm=False)
            raise refusal from exc

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            while True:
                connection, address = await loop.sock_accept(listener)
                caller = str(address[0])
                if self._callers[caller] >= MOST_OF_ONE or self._callers.total() >= MOST_CALLERS:
                    connection.close()
                    self._tell("site.too_many_callers", caller)
                    continue
                self._callers[caller] += 1
                group.create_task(self._serve(connection, caller))

    async def _serve(self, connection: socket.socket, caller: str) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._converse(connection, caller)
        except TimeoutError:
            self._tell("site.slow_caller", caller)
        except OSError as exc:
            # Gone in the middle, or TLS that we do not speak with.
            self._tell("site.caller_lost", caller, reason=str(exc))
        finally:
            connection.close()
            self._callers[caller] -= 1
            if not self._callers[caller]:
                del self._callers[caller]

    async def _converse(self, connection: socket.socket, caller: str) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=MOST_HEAD)
        transport, protocol = await loop.connect_accepted_socket(
            lambda: asyncio.StreamReaderProtocol(reader), connection, ssl=self._tls
        )
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            writer.write(await self._reply(reader, caller))
            await writer.drain()
            # Until the caller has read it all and goes: what is let go earlier may be lost.
            with suppress(ConnectionError):
                await reader.read(1)
        finally:
            transport.abort()

    async def _reply(self, reader: asyncio.StreamReader, caller: str) -> bytes:
        try:
            return reply(await self._answer(await read_question(reader)))
        except YimaError as exc:
            self._tell(exc.code if isinstance(exc, StrangerError) else f"site.refused.{exc.code}", caller)
            return REFUSAL

    def _tell(self, code: str, caller: str, **more: str) -> None:
        """Say it once an hour, whoever it is about: a hostile caller must not fill the log."""
        self.refused += 1
        now_s = self._clock.monotonic_s()
        told_s = self._told.get(code)
        if told_s is None or now_s - told_s >= TELL_AGAIN_S:
            self._told[code] = now_s
            _logger.warning("site.caller_refused", code=code, caller=caller, refused=self.refused, **more)
