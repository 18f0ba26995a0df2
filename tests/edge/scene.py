"""A terminal at noon in Xiamen: the clock, the names and the randomness that the tests share."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from codes.pack import ProductSystem
from codes.reading import Scan
from edge.counter.counter import Counter, Habits
from edge.counter.views import ScanShown
from edge.operators.desk import OperatorDesk
from edge.store import sql
from edge.store.catalogue import replace_catalogue
from edge.store.outbox import Outbox
from edge.store.shifts import OperatorRow, add_operator, find_operator
from rules.catalogue import CatalogueFile, Identifier, Product
from rules.scan_judgement import PackLevel
from web.live import LiveBus
from wire.events import Event, Fact, thaw

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
"""12:00 in Xiamen."""
TERMINAL = "counter-1"
EPOCH = "epoch-1"
TOKEN = "token-1"


@dataclass
class FakeClock:
    """A clock that moves when it is told to."""

    wall: datetime = NOON
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.wall

    def monotonic_s(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds


def seeded_bytes(seed: int = 1) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes


TRACE_1 = "86000110000000000011"
TRACE_2 = "86000110000000000022"
OTHER_TRACE = "86000210000000000013"
CARTON_TRACE = "86000130000000000014"
UNKNOWN_TRACE = "81773220288616423835"
EAN = "6900000000014"
UDI_RAW = b"01069000000000141728013110LOT1\x1d21SN1"
UDI_PACK = "(01)06900000000014(21)SN1"
VOUCHER = "4241234567890123456712350000"
ID_NUMBER = "11010519491231002X"

CATALOGUE = CatalogueFile(
    products=(
        Product("D0001", "阿莫西林胶囊", "0.25g×24粒", "虚构制药", "甲", Decimal("9.805"), "盒", 24, False, True),
        Product("D0002", "头孢呋辛酯片", "0.25g×12片", "虚构制药", "乙", Decimal("21.50"), "盒", 12, False, True),
    ),
    identifiers=(
        Identifier(ProductSystem.TRACE_PREFIX, "8600011", "D0001", PackLevel.UNIT, 1),
        Identifier(ProductSystem.TRACE_PREFIX, "8600013", "D0001", PackLevel.CARTON, 200),
        Identifier(ProductSystem.GTIN, "06900000000014", "D0001", PackLevel.UNIT, 1),
        Identifier(ProductSystem.TRACE_PREFIX, "8600021", "D0002", PackLevel.UNIT, 1),
    ),
    problems=(),
)


@dataclass
class Shop:
    """A terminal without its edges: store, outbox, counter and operators, all in this thread."""

    connection: Connection
    clock: FakeClock
    bus: LiveBus = field(default_factory=LiveBus)
    recorded: int = 0
    seed: int = 1
    habits: Habits = field(default_factory=Habits)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.connection, random=seeded_bytes(self.seed))
        self.counter = Counter(
            self.connection,
            self.outbox,
            self.bus,
            clock=self.clock,
            habits=self.habits,
            on_recorded=self._note_recorded,
        )
        self.operators = OperatorDesk(
            self.connection,
            self.outbox,
            self.bus,
            clock=self.clock,
            random=seeded_bytes(self.seed + 1_000),
            session_length=timedelta(hours=12),
            on_recorded=self._note_recorded,
        )

    def _note_recorded(self) -> None:
        self.recorded += 1

    def stock(self, catalogue: CatalogueFile = CATALOGUE) -> None:
        with self.connection.begin():
            replace_catalogue(self.connection, catalogue, source="test.csv", digest="0", now=self.clock.now())

    def sign_in(self, login: str = "wang", token: str = TOKEN) -> str:
        with self.connection.begin():
            known = find_operator(self.connection, login)
        if known is None:
            with self.connection.begin():
                add_operator(self.connection, OperatorRow(login, login.title(), "no-hash", self.clock.now()))
        self.operators.admit(login, token, None)
        return token

    def scan(self, code: str | bytes, symbology: str | None = None, device: str = "serial:left") -> ScanShown:
        raw = code if isinstance(code, bytes) else code.encode()
        return self.counter.take(Scan(raw, symbology, device))

    def facts(self) -> list[Fact]:
        return [event.fact for event in self.events()]

    def events(self) -> list[Event]:
        with self.connection.begin():
            found = sql.rows(self.connection, "SELECT bytes FROM outbox ORDER BY epoch, seq")
        return [thaw(frozen) for (frozen,) in found]

    def count(self, table: str) -> int:
        with self.connection.begin():
            return int(sql.one(self.connection, f"SELECT count(*) FROM {table}")[0])  # noqa: S608 - names are ours

    def heard(self, event: str | None = None) -> list[tuple[str, dict[str, object]]]:
        """What screens were told so far."""
        return [(live.event, json.loads(live.data)) for live in self.bus._ring if event is None or live.event == event]
