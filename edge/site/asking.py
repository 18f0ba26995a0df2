"""Asks one other terminal of the site, once a second, and keeps what it hears.

A terminal that does not answer is asked ever more rarely, up to a quarter of a minute; nothing else waits for it. What
is heard goes into the store in small pieces, and how far it was heard with the last of them: hearing a piece again
changes nothing.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from codes.words import Words
from edge.clock import Clock, to_us
from edge.health import SitePeer
from edge.site import messages
from edge.site.errors import BadAnswerError, ForgedAnswerError, OldAnswerError, SiteError
from edge.site.exchange import ask
from edge.site.messages import Answer, Ask
from edge.site.site_list import Peer, Site
from edge.store.day_records import DayBook, Record
from edge.store.lane import InStore, Reading
from edge.store.site_apart import hear_apart
from edge.store.site_held import hear_held
from edge.store.site_sales import Heard, PackFact, find_peer, hear, hear_back, note_peer
from edge.store.site_units import UnitsFact, hear_units
from edge.supervisor import Sleep
from rules.day_sheet import Sheet
from wire.envelope import open_sealed, seal
from wire.errors import ForgedMessageError, UnknownKeyError, WireError
from wire.keys import SigningKey

PULSE_S = 1.0
CATCH_UP_S = 0.2
"""Between two answers of one that has more to say: the counter comes first."""
MOST_WAIT_S = 15.0
JITTER = (0.75, 1.25)
HEARD_S = 10.0
"""One lost question is no silence."""
MISSING_S = 3_600.0
PIECE = 500
NOTE_AGAIN = timedelta(minutes=10)
"""How often the store is told that somebody is heard who has nothing to say."""
GLANCE_S = 2.0
"""Whoever only looks at a screen does not wait longer for another terminal."""
_NONCE_BYTES = 16

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Hearing:
    """What all that ask have in common."""

    site: Site
    key: SigningKey
    connection: Connection
    """The writer's; used in the writing lane only."""
    in_store: InStore
    read: Reading
    clock: Clock
    random_bytes: Callable[[int], bytes]
    rng: random.Random
    """For the jitter."""
    sleep: Sleep
    tls: ssl.SSLContext | None = None


@dataclass(slots=True)
class PeerAsker:
    """Asks one terminal."""

    peer: Peer
    hearing: Hearing
    _since_s: float = field(init=False)
    """When it was heard last, or first asked, on the clock that never jumps."""
    _heard: Heard = field(default_factory=dict)
    _heard_at: datetime | None = None
    _noted_at: datetime | None = None
    _is_up_to_date: bool = False
    _apart_as: str = ""
    """The state in which its packs apart were heard; after a start they are heard anew."""
    _failures: int = 0
    _problem: SiteError | None = None

    def __post_init__(self) -> None:
        self._since_s = self.hearing.clock.monotonic_s()

    def status(self) -> SitePeer:
        """Return how it is heard."""
        silent_s, problem = self.hearing.clock.monotonic_s() - self._since_s, self._problem
        return SitePeer(
            self.peer.terminal,
            is_heard=self._is_up_to_date and silent_s <= HEARD_S,
            heard_at=self._heard_at,
            problem=None if problem is None else problem.code,
            words=None if problem is None else problem.words,
            next_step=None if problem is None else problem.next_step,
            is_missing=silent_s > MISSING_S,
        )

    async def run(self) -> None:
        """Ask until cancelled. What the store cannot keep now is asked for again."""
        kept = await self.hearing.read(lambda tx: find_peer(tx, self.peer.terminal))
        if kept is not None:
            self._heard, self._noted_at = kept.heard, kept.at
            self._heard_at = self._heard_at or kept.at
        while True:
            wait_s = await self.listen()
            await self.hearing.sleep(wait_s * self.hearing.rng.uniform(*JITTER))

    async def listen(self) -> float:
        """Ask once; return how long to wait."""
        try:
            answer = await self._ask()
        except SiteError as exc:
            return self._note_failure(exc)
        await self._keep(answer)
        await self._keep_apart(answer)
        self._note_heard(answer)
        return PULSE_S if answer.is_all else CATCH_UP_S

    async def day_sheet(self, first: date, last: date) -> Sheet | None:
        """Return what the terminal settled on these calendar days; None if it does not answer, or does not tell."""
        try:
            answer = await self._ask((first, last))
        except SiteError as exc:
            self._note_failure(exc)
            return None
        return answer.day_sheet()

    async def sums_between(self, start: datetime, end: datetime) -> Sheet | None:
        """Return what the terminal settled from `start` until before `end`; None if it does not say so at once."""
        try:
            async with asyncio.timeout(GLANCE_S):
                answer = await self._ask(within=(to_us(start), to_us(end)))
        except TimeoutError:
            return None
        except SiteError as exc:
            self._note_failure(exc)
            return None
        return answer.day_sheet()

    async def open_sales(self) -> tuple[str, ...] | None:
        """Return the sales that the terminal has not brought to their end; None if it does not say so at once."""
        try:
            async with asyncio.timeout(GLANCE_S):
                answer = await self._ask(is_open_asked=True)
        except TimeoutError:
            return None
        except SiteError as exc:
            self._note_failure(exc)
            return None
        return None if answer.open_sales is None else tuple(answer.open_sales)

    async def day_book(self, first: date, last: date) -> DayBook | None:
        """Return its records of these calendar days; None if it does not answer, or does not tell."""
        found: list[Record] = []
        while True:
            try:
                answer = await self._ask((first, last), len(found))
            except SiteError as exc:
                self._note_failure(exc)
                return None
            told = answer.day_records()
            if told is None:
                return None
            found += told
            if len(told) < messages.RECORDS_PER_ANSWER:
                return DayBook(answer.desk, tuple(found))

    async def _ask(
        self, days: tuple[date, date] | None = None, records_from: int | None = None, *,
        within: tuple[int, int] | None = None, is_open_asked: bool = False,
    ) -> Answer:  # fmt: skip
        site, peer, mine = self.hearing.site, self.peer.terminal, self.hearing
        nonce = mine.random_bytes(_NONCE_BYTES).hex()
        apart = self._apart_as if days is None and within is None and not is_open_asked else None
        asked = Ask(messages.VERSION, nonce, dict(self._heard), days, records_from, apart, within, is_open_asked)
        question = seal(messages.encode(asked), site.ask_purpose(site.terminal, peer), mine.key)
        frame = await ask(self.peer.host, self.peer.port, question, mine.tls)
        answer = messages.decode(self._opened(frame), Answer)
        if answer.nonce != nonce:
            raise OldAnswerError(
                Words("应答的不是本次询问，可能是重放", "It answers another question; somebody may be replaying one")
            )
        if not answer.is_all and answer.heard == self._heard:
            raise BadAnswerError(Words("应答没有进展", "It says that there is more, and never says it"))
        return answer

    def _opened(self, frame: bytes) -> bytes:
        site, peer = self.hearing.site, self.peer
        try:
            return open_sealed(frame, site.answer_purpose(peer.terminal, site.terminal), peer.find_key).body
        except (ForgedMessageError, UnknownKeyError) as exc:
            raise ForgedAnswerError(
                Words(
                    "应答不是该终端签名的，或不是给本终端的", "It is not signed by that terminal, or not for this one"
                )
            ) from exc
        except WireError as exc:
            raise BadAnswerError(exc.words) from exc

    async def _keep(self, answer: Answer) -> None:
        facts, now = answer.pack_facts(), self.hearing.clock.now()
        units = answer.units_facts()
        for start in range(0, len(units), PIECE):
            await self.hearing.in_store(partial(self._store_units, units[start : start + PIECE]))
        pieces = [facts[start : start + PIECE] for start in range(0, len(facts), PIECE)]
        for piece in pieces[:-1]:
            await self.hearing.in_store(partial(self._store, piece))
        if pieces or units or self._noted_at is None or abs(now - self._noted_at) >= NOTE_AGAIN:
            last = pieces[-1] if pieces else []
            await self.hearing.in_store(partial(self._store, last, answer.heard))
            self._noted_at = now

    async def _keep_apart(self, answer: Answer) -> None:
        packs = answer.packs_apart()
        if packs is None:
            return
        connection, peer = self.hearing.connection, self.peer.terminal

        def keep() -> None:
            with connection.begin():
                hear_apart(connection, peer, packs)
                hear_back(connection, peer, answer.packs_back())
                hear_held(connection, peer, answer.packs_held())

        await self.hearing.in_store(keep)
        self._apart_as = answer.apart_as

    def _store(self, facts: list[PackFact], heard: Heard | None = None) -> None:
        connection, peer = self.hearing.connection, self.peer.terminal
        with connection.begin():
            hear(connection, peer, facts)
            if heard is not None:
                note_peer(connection, peer, heard, self.hearing.clock.now())

    def _store_units(self, units: list[UnitsFact]) -> None:
        with self.hearing.connection.begin():
            hear_units(self.hearing.connection, self.peer.terminal, units)

    def _note_heard(self, answer: Answer) -> None:
        if self._problem is not None:
            _logger.info("site.heard_again", peer=self.peer.terminal)
        self._heard, self._heard_at = answer.heard, self.hearing.clock.now()
        self._since_s = self.hearing.clock.monotonic_s()
        self._is_up_to_date = answer.is_all
        self._failures, self._problem = 0, None

    def _note_failure(self, problem: SiteError) -> float:
        if self._problem is None or self._problem.code != problem.code:
            # The same failure again and again is one story.
            _logger.warning("site.not_heard", peer=self.peer.terminal, code=problem.code, problem=problem.words.en)
        self._problem = problem
        self._failures += 1
        return min(MOST_WAIT_S, PULSE_S * 2.0 ** min(self._failures, 16))
