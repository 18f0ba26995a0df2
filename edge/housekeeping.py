"""What is done beside the work: the screens hear of the way to the centre, shifts end, and what is old is put away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec
import structlog
from sqlalchemy import Connection

from edge.clock import Clock
from edge.health import SyncStatus, TerminalStatus
from edge.store.fsi_messages import put_away_messages
from edge.store.lane import InStore
from edge.store.outbox import KEEP_DELIVERED, Outbox
from edge.store.scan_age import empty_texts, mark_scans, put_away_scans
from edge.store.scans import forget_answers
from edge.store.shifts import forget_sessions
from edge.store.site_sales import PUT_AWAY_AT_ONCE, put_away_site_sales
from edge.supervisor import Sleep
from web.live import LiveBus

PULSE_S = 1.0
HEALTH_PULSE_S = 3.0
SHIFT_PULSE_S = 5.0
PUT_AWAY_S = 3_600.0
KEEP_ANSWERS = timedelta(days=7)
"""How long a repeated request still gets its first answer."""

KEEP_MESSAGES = timedelta(days=90)
"""How long a message to the national interface is kept once its outcome is known."""

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def tell_sync(read_sync: Callable[[], Awaitable[SyncStatus]], bus: LiveBus, sleep: Sleep) -> None:
    """Tell the screens whenever the way to the centre has changed; at most once a second."""
    told: SyncStatus | None = None
    while True:
        sync = await read_sync()
        if sync != told:
            bus.publish("sync", msgspec.json.encode(sync).decode())
            told = sync
        await sleep(PULSE_S)


async def tell_health(glance: Callable[[], Awaitable[TerminalStatus]], bus: LiveBus, sleep: Sleep) -> None:
    """Tell the screens when a trouble or a lamp came or went; what only its figures say, they ask for themselves."""
    told: object = None
    while True:
        status = await glance()
        lamps, troubles = status.lamps, status.troubles
        news = lamps, tuple((one.code, one.is_alarm) for one in troubles)
        if news != told:
            bus.publish("health", msgspec.json.encode({"lamps": lamps, "troubles": troubles}).decode())
            told = news
        await sleep(HEALTH_PULSE_S)


async def end_left_shifts(end_left_shift: Callable[[], None], in_store: InStore, sleep: Sleep) -> None:
    """End a shift soon after its last session, whether or not anything is scanned."""
    while True:
        await in_store(end_left_shift)
        await sleep(SHIFT_PULSE_S)


async def put_away(
    connection: Connection, outbox: Outbox, in_store: InStore, clock: Clock, sleep: Sleep, *, steady: Clock
) -> None:
    """Put away what is old enough, once an hour; sessions and answers by the clock that nobody can set.

    Delivered rows after 30 days, answers after a week, sessions that have ended, scans and messages to the national
    interface after 90 days, and the text of what was no code after 24 hours (`edge.store.scan_age` says by which
    clock). What other terminals sold goes last, in parts, between which the counter has its turn.
    """
    looked_at = clock.monotonic_s()

    def once() -> dict[str, int]:
        now, due = clock.now(), steady.now()
        ran = timedelta(seconds=clock.monotonic_s() - looked_at)
        rows = outbox.purge_delivered(now - KEEP_DELIVERED)
        with connection.begin():
            mark_scans(connection, ran)
            return {
                "outbox": rows,
                "answers": forget_answers(connection, due - KEEP_ANSWERS),
                "sessions": forget_sessions(connection, due),
                "texts": empty_texts(connection, now),
                "scans": put_away_scans(connection, now),
                "messages": put_away_messages(connection, now - KEEP_MESSAGES),
            }

    def hints() -> int:
        with connection.begin():
            return put_away_site_sales(connection, clock.now())

    while True:
        done = await in_store(once)
        looked_at = clock.monotonic_s()
        done["site_sales"] = gone = await in_store(hints)
        while gone >= PUT_AWAY_AT_ONCE:
            gone = await in_store(hints)
            done["site_sales"] += gone
        if any(done.values()):
            _logger.info("store.put_away", **done)
        await sleep(PUT_AWAY_S)
