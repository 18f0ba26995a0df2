"""Telling the service manager how we are (systemd's sd_notify): ready, stopping, and that the work goes on.

The watchdog is fed by proofs, never by a timer: each part that must not hang shows that it moved, and only when all of
them did is the manager told. A terminal whose store hangs is so restarted, although its screens still answer.

Outside systemd there is no socket, and all of this does nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import structlog

from codes.errors import TransientError

FEEDS_PER_WINDOW = 3
"""Proofs are asked for so often within the time after which the manager kills us. One may be late, two may not."""

_PATIENCE_S = 0.5
"""A manager that is busy reads a little later."""

Proof = Callable[[], Awaitable[bool]]
"""True once a part has shown that it goes on; False, or no answer at all, if it has not."""
Sleep = Callable[[float], Awaitable[object]]

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """This process as its service manager knows it."""

    address: str | None = None
    """Of the manager's socket; None outside systemd."""
    watchdog_s: float | None = None
    """Without a sign of life for so long we are killed; None if nobody watches."""

    @classmethod
    def of(cls, environ: Mapping[str, str], pid: int) -> Self:
        r"""Return what the environment of process `pid` says.

        >>> Service.of({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 7)
        Service(address='\x00x', watchdog_s=30.0)
        """
        address = environ.get("NOTIFY_SOCKET", "")
        if address[:1] not in {"/", "@"}:
            return cls()
        window = environ.get("WATCHDOG_USEC", "")
        # A child inherits the variables of its parent; the watch is for the one process that they name.
        is_watched = window.isdecimal() and int(window) > 0 and environ.get("WATCHDOG_PID", str(pid)) == str(pid)
        # Linux writes an abstract address with a NUL in front, the environment cannot hold one.
        return cls("\0" + address[1:] if address[0] == "@" else address, int(window) / 1e6 if is_watched else None)

    def ready(self, status: str) -> None:
        """Say that the work has begun; `status` is what `systemctl status` shows."""
        self._tell("READY=1", f"STATUS={status}")

    def alive(self, status: str | None = None) -> None:
        """Feed the watchdog."""
        self._tell("WATCHDOG=1", *([] if status is None else [f"STATUS={status}"]))

    def say(self, status: str) -> None:
        """Change what `systemctl status` shows."""
        self._tell(f"STATUS={status}")

    def stopping(self) -> None:
        """Say that we end because we were asked to."""
        self._tell("STOPPING=1")

    def _tell(self, *lines: str) -> None:
        if self.address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as outgoing:
                outgoing.settimeout(_PATIENCE_S)
                outgoing.sendto("\n".join(lines).encode(), self.address)
        except OSError as exc:
            # The work is worth more than the message: whoever gets none will restart us.
            _logger.warning("service.not_told", said=lines[0], reason=str(exc))


async def feed_watchdog(service: Service, proofs: Mapping[str, Proof], *, sleep: Sleep = asyncio.sleep) -> None:
    """Feed the watchdog while every part proves that it goes on; end at once if nobody watches.

    Args:
        service: Whom to tell.
        proofs: What must go on, by the name under which the log calls it.
        sleep: How to wait.
    """
    if service.watchdog_s is None:
        return
    pause_s = service.watchdog_s / FEEDS_PER_WINDOW
    told: list[str] = []
    while True:
        still = await _still(proofs, pause_s)
        is_news, told = still != told, still
        if still:
            service.say(f"no progress: {', '.join(still)}")
            if is_news:
                _logger.error("watchdog.not_fed", still=still)
        else:
            service.alive("going on" if is_news else None)
            if is_news:
                _logger.info("watchdog.fed_again")
        await sleep(pause_s)


def turning(count: Callable[[], int]) -> Proof:
    """Return the proof that a loop turns: its count is another one than when we last asked."""
    seen: int | None = None

    async def has_turned() -> bool:
        nonlocal seen
        before, seen = seen, count()
        return seen != before

    return has_turned


def answering(ask: Callable[[], Awaitable[object]]) -> Proof:
    """Return the proof that something answers. A refusal that may pass is an answer: a restart would not help it."""

    async def has_answered() -> bool:
        with suppress(TransientError):
            await ask()
        return True

    return has_answered


async def _still(proofs: Mapping[str, Proof], patience_s: float) -> list[str]:
    """Return the names of the parts that did not prove within `patience_s` that they go on."""
    asked = {name: asyncio.ensure_future(proof()) for name, proof in proofs.items()}
    try:
        await asyncio.wait(asked.values(), timeout=patience_s)
        return [name for name, task in asked.items() if not _has_moved(name, task)]
    finally:
        for task in asked.values():
            task.cancel()


def _has_moved(name: str, task: asyncio.Future[bool]) -> bool:
    if not task.done():
        return False
    failure = task.exception()
    if failure is not None:
        # A proof that breaks proves nothing, and whoever looks for the reason of the restart finds it here.
        _logger.error("watchdog.proof_failed", part=name, exc_info=failure)
        return False
    return task.result()
