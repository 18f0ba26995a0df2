"""The proxy of a terminal put together: what it keeps, whom it passes on to, and where it answers."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import structlog
from sqlalchemy import Connection
from starlette.types import ASGIApp, Receive, Scope, Send

from codes.errors import YimaError
from codes.words import Words
from edge.aftercare_opening import pharmacists_of
from edge.clock import Clock
from edge.config_pos import Network, PosMode, PosSection
from edge.config_till import TillSection
from edge.core import Core
from edge.fsi.numbering import Numbering
from edge.fsi_opening import area_of, keys_of
from edge.health import Trouble
from edge.pos.books import CounterBooks
from edge.pos.deciding import Decider, Keys, Policy
from edge.pos.desk import CatalogueGoods, CounterScans, CounterScreen, Lanes
from edge.pos.kept_report import KeptReport
from edge.pos.overheard import Understanding
from edge.pos.owing import Owing, Signs, Uploads
from edge.pos.passing import Around, Passage
from edge.pos.proxy import Desks, Proxy
from edge.pos.resolving import Resolver
from edge.pos.reversing import Reversing
from edge.pos.stored import StoredHears, StoredJournal, StoredLater, StoredOpen
from edge.pos.upstream import Upstream
from edge.sealing import KEY_FILE, Sealer, load_or_create_sealer
from edge.store.database import reading_store
from edge.store.pos_codes import owed_codes, put_away_codes
from edge.store.pos_exchanges import PUT_AWAY_AT_ONCE, put_away_exchanges
from edge.store.pos_questions import put_away_questions
from edge.supervisor import Beside
from edge.web_server import WebServer, take_port
from web.live import LiveBus
from web.tls import tls_files
from wire.fsi.areas import Area
from wire.fsi.signing import Secrets, protection_of

KEEP_ANSWERS = timedelta(days=7)
"""How long a POS that asks again hears what was found out."""
TIDY_S = 3_600.0
COUNT_S = 10.0
OWED_FOR = timedelta(hours=1)
"""So long the POS may take for its own 3505 before a person is told."""
_STOP_S = 2.0
_T = TypeVar("_T")
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _State:
    """What the screens are told."""

    open: StoredOpen | None = None
    resolver: Resolver | None = None
    owed: int = 0
    problem: YimaError | None = None


@dataclass(frozen=True, slots=True)
class OpenedPos:
    """The proxy and what runs for it."""

    core: Core
    section: PosSection
    area: Area
    secrets: Secrets
    sealer: Sealer
    bus: LiveBus
    clock: Clock
    on_recorded: Callable[[], None]
    uploads: Uploads | None = None
    """The interface, for a 3505 of our own."""
    _state: _State = field(default_factory=_State)

    def work(self) -> Beside:
        """Return what runs beside the counter."""
        if self.uploads is None or self.section.mode is not PosMode.PROXY:
            return {"pos": self.run}
        owing = Owing(self.uploads, self._commits, signs_of(self.section, self.core.config.till), self.clock)
        return {"pos": self.run, "pos owed": owing.run}

    def report(self) -> KeptReport:
        """Return the report of what went by while the terminal only listened."""
        is_listening = self.section.mode is PosMode.LISTEN
        return KeptReport(self.core.config.store.folder, self.sealer, self.area, self.clock, is_listening)

    def troubles(self) -> Iterator[Trouble]:
        """Yield what a person should know."""
        state, section = self._state, self.section
        if state.problem is not None:
            yield Trouble(state.problem.code, state.problem.words, state.problem.next_step)
        if state.open is not None and state.open.unreadable:
            count = len(state.open.unreadable)
            yield Trouble(
                "pos.unreadable", Words(f"{count} 条未决报文无法打开", f"{count} open messages do not open"), _LOOK
            )
        if state.resolver is not None and (state.resolver.stuck or state.resolver.unread):
            yield _stuck(len(state.resolver.stuck | state.resolver.unread), len(state.resolver.unread))
        if state.owed:
            words = Words(f"{state.owed} 个追溯码尚未随 3505 上传", f"{state.owed} trace codes have not gone by a 3505")
            yield Trouble("pos.owed", words, _LOOK, is_alarm=False)
        if section.mode is PosMode.LISTEN:
            words = Words("收银软件代理只旁听，不补码", "The proxy only listens and puts no codes in")
            yield Trouble("pos.listening", words, _REPORT, is_alarm=False)

    async def run(self) -> None:
        """Answer until cancelled.

        Raises:
            PortTakenError: Somebody else listens there.
        """
        section = self.section
        with reading_store(self.core.config.store.folder) as reading:
            opened = StoredOpen(self._commits, self.sealer, self.clock)
            # Before anything is answered: a repeat must find its question.
            await opened.load()
            upstream = Upstream(section.url, section.answer_s, verify=_trust(section))
            try:
                proxy, resolver = self._proxy(reading, opened, upstream)
                self._state.open, self._state.resolver = opened, resolver
                with self._port_told(), take_port(section.host, section.port) as listener:
                    application = OnlyFrom(proxy.application(), section.networks() if section.is_exposed else ())
                    await self._serve(WebServer(application, section, has_date=False), listener, resolver)
            finally:
                await upstream.close()

    def _proxy(self, reading: Connection, opened: StoredOpen, upstream: Upstream) -> tuple[Proxy, Resolver]:
        section, area, core, now = self.section, self.area, self.core, self.clock.now
        protection = protection_of(area, is_test_area=core.config.fsi.is_test_area)
        goods = CatalogueGoods(reading)
        lanes = Lanes(section.desk, section.scanner_of_desk)
        scans = CounterScans(
            self._commits, core.outbox, self.bus, lanes=lanes, sealer=self.sealer, clock=self.clock,
            on_recorded=self.on_recorded,
        )  # fmt: skip
        keys = Keys(protection, self.secrets, section.signs_unsigned)
        decider = Decider(area, Policy(section.policy), keys, scans, goods)
        later = StoredLater(self._commits, self.clock)
        books = CounterBooks(self._commits, self.sealer, core.outbox, self.bus, self.clock)
        around = Around(StoredJournal(self._commits), opened, later, scans, CounterScreen(self.bus), books)
        passage = Passage(area, upstream, decider, around, now)
        # Without a desk number of its own it might give out a number that another desk has used.
        numbers = None if core.config.fsi.desk is None else self._next_msgid
        reversing = Reversing(area, upstream, decider, numbers, now)
        resolver = Resolver(passage, reversing, self.clock.monotonic_s, keeps_answers=section.keeps_answers)
        listens = None
        if section.mode is PosMode.LISTEN:
            listens = StoredHears(self._commits, Understanding(area, decider.reader, goods), self.sealer)
        desks = Desks(section.desk_header.lower(), section.desk_of_operator, section.desk_of_address, section.desk)
        proxy = Proxy(area, passage, resolver, desks=desks, listens=listens, sees_scans=section.sees_scans)
        return proxy, resolver

    async def _serve(self, server: WebServer, listener: object, resolver: Resolver) -> None:
        serving = asyncio.create_task(server.serve([listener]), name="pos server")  # type: ignore[list-item]
        _logger.info("pos.listening", mode=self.section.mode, port=self.section.port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(resolver.run(), name="pos resolver")
                group.create_task(self._tidy(), name="pos tidy")
                group.create_task(self._count(), name="pos count")
                await asyncio.shield(serving)
        finally:
            server.should_exit = True
            with suppress(TimeoutError):
                await asyncio.wait_for(serving, _STOP_S)

    async def _tidy(self) -> None:
        while True:
            now = self.clock.now()
            keep = timedelta(days=self.section.keep_days)

            def once(tx: Connection) -> int:
                put_away_questions(tx, now - KEEP_ANSWERS)  # noqa: B023 - run before the next turn
                put_away_codes(tx, now - keep)  # noqa: B023
                return put_away_exchanges(tx, now - keep)  # noqa: B023

            while await self._commits(once) >= PUT_AWAY_AT_ONCE:
                pass
            await asyncio.sleep(TIDY_S)

    async def _count(self) -> None:
        while True:
            late = self.clock.now() - OWED_FOR
            self._state.owed = sum(one.at < late for one in await self.core.read(owed_codes))
            await asyncio.sleep(COUNT_S)

    async def _next_msgid(self, institution: str) -> str:
        numbering = Numbering(self.core.config.fsi.desk or 0)
        return await self._commits(lambda tx: numbering.next_msgid(tx, institution, self.clock.now()))

    async def _commits(self, work: Callable[[Connection], _T]) -> _T:
        def within() -> _T:
            with self.core.connection.begin():
                return work(self.core.connection)

        return await self.core.in_store(within)

    @contextmanager
    def _port_told(self) -> Iterator[None]:
        """Let the screens say that nobody can reach the proxy."""
        try:
            yield
        except YimaError as exc:
            self._state.problem = exc
            raise


class OnlyFrom:
    """Lets this machine ask, and whom the configuration names."""

    def __init__(self, application: ASGIApp, networks: tuple[Network, ...]) -> None:
        self._application = application
        self._networks = networks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse without a look at what was sent."""
        if scope["type"] == "http" and not self._may_ask(scope):
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._application(scope, receive, send)

    def _may_ask(self, scope: Scope) -> bool:
        try:
            address = ipaddress.ip_address((scope.get("client") or ("",))[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return mapped.is_loopback or any(mapped in network for network in self._networks)


def open_pos(
    core: Core, bus: LiveBus, clock: Clock, *, on_recorded: Callable[[], None], uploads: Uploads | None = None
) -> OpenedPos | None:
    """Return the proxy; None if the configuration has none. Nothing runs yet.

    Raises:
        ConfigError: Area, keys or certificates cannot be used.
    """
    section, fsi = core.config.pos, core.config.fsi
    if section.mode is PosMode.NONE:
        return None
    tls_files(section)
    sealer = load_or_create_sealer(core.config.store.folder / KEY_FILE)
    return OpenedPos(core, section, area_of(fsi), keys_of(fsi), sealer, bus, clock, on_recorded, uploads)


def signs_of(section: PosSection, till: TillSection) -> Signs:
    """Return who stands for a 3505 of our own: the pharmacist is the till's, unless the proxy names another."""
    pharmacist, licence = section.pharmacist, section.pharmacist_licence
    if not pharmacist and not licence:
        for on_duty in pharmacists_of(till)[:1]:
            pharmacist, licence = on_duty.name, on_duty.licence
    return Signs(section.operator, section.operator, pharmacist, licence)


def _stuck(count: int, unread: int) -> Trouble:
    words = Words(
        f"收银软件有 {count} 条报文结果未知，本机查不清", f"{count} messages of the POS cannot be cleared up here"
    )
    if not unread:
        return Trouble("pos.stuck", words, _LOOK)
    more = Words(
        f"{words.zh}；其中 {unread} 条的应答已交给收银软件，但本机读不懂",
        f"{words.en}; the POS has the answers to {unread} of them, which cannot be read here",
    )
    return Trouble("pos.stuck", more, _LOOK)


def _trust(section: PosSection) -> ssl.SSLContext | bool:
    return True if section.ca_file is None else ssl.create_default_context(cafile=section.ca_file)


_LOOK = Words(
    "运行 yima pos open 查看，在中心核对后可用 yima pos close 了结。",
    "Look with `yima pos open`; once the centre has told, end it with `yima pos close`.",
)
_REPORT = Words(
    "结果见本机“旁听报告”页（/listening），也可运行 yima pos report。",
    "What was found stands on the page /listening; `yima pos report` shows it too.",
)
