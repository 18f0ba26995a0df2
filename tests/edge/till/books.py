"""A terminal whose settlements stand at a centre, and the ends of its days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from edge.clock import SHOP_TIME
from edge.fsi.journal import Journal
from edge.fsi.line import MqttLine
from edge.fsi.numbering import Numbering
from edge.sealing import Sealer
from edge.site import messages
from edge.store import settlements
from edge.store.day_records import DayBook, records_between, sums_of_days
from edge.store.settlements import Paid, asked_place
from edge.store.terminal import ensure_state
from edge.till.asked import AskedLine, AskedSettlement, Insurance, Person
from edge.till.day_end import DayEnds
from edge.till.messages import without_account
from edge.till.reconciling import Books, Others
from rules.business_day import calendar_days
from rules.day_sheet import Sheet
from rules.scan_judgement import Mode
from rules.settling import Standing
from tests.edge.new_store import opened_or_new
from tests.edge.scene import EPOCH, FakeClock, Shop
from tests.server.fsi.counter import CARD, LI, Counter
from tests.server.fsi.office import NOON, PHARMACY
from wire.fsi.areas import Area
from wire.fsi.asking import Answer, Asker, Nodes, Sender
from wire.fsi.signing import Secrets, protection_of

_T = TypeVar("_T")
DESK = 3


@dataclass
class Till:
    """One terminal of the pharmacy."""

    counter: Counter
    shop: Shop
    desk: int = DESK
    begins_h: int = 0
    others: dict[str, Sheet | None] = field(default_factory=dict)
    books: dict[str, DayBook | None] = field(default_factory=dict)
    open_there: dict[str, Sequence[str] | None] = field(default_factory=dict)
    sealer: Sealer = field(default_factory=lambda: Sealer(b"k" * 32))
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        area = self.area
        asker = Asker(area, protection_of(area), Secrets())
        self.journal = Journal(
            asker, MqttLine(self, area, Secrets(), self.shop.clock), self.commits, sealer=self.sealer,
            numbering=Numbering(self.desk), clock=self.shop.clock,
        )  # fmt: skip
        books = Books(self.asks, area, institution=PHARMACY, district="350200", desk=f"{self.desk:02}")
        self.days = DayEnds(
            lambda _: books, self.sealer, in_store=self.in_store, connection=self.shop.connection, read=self.read,
            others=Others(self.gather, self.gather_books, self.gather_between, self.gather_open),
            clock=self.shop.clock, begins_h=self.begins_h,
        )  # fmt: skip

    @property
    def area(self) -> Area:
        return self.counter.office.area

    def call(self, body: bytes, timeout_s: float) -> bytes:
        """Carry a message to the centre."""
        return self.counter.office.post(body)[0].body

    async def asks(self, infno: str, nodes: Nodes) -> Answer:
        self.asked.append(infno)
        return self.journal.read(Sender(PHARMACY, "示例药店", "350200", "li01", "李"), infno, nodes)

    async def in_store(self, work: Callable[[], _T]) -> _T:
        return work()

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        return self.commits(work)

    async def gather(self, first: date, last: date) -> Mapping[str, Sheet | None]:
        return self.others

    async def gather_books(self, first: date, last: date) -> Mapping[str, DayBook | None]:
        return self.books

    async def gather_between(self, start: datetime, end: datetime) -> Mapping[str, Sheet | None]:
        return self.others

    async def gather_open(self) -> Mapping[str, Sequence[str] | None]:
        return self.open_there

    def hear(self, other: Till, day: date) -> None:
        """Let another terminal tell its sums and records."""
        within = calendar_days(day, day, SHOP_TIME)
        name = f"counter-{other.desk}"
        self.others[name] = other.commits(lambda tx: sums_of_days(tx, day, day))
        told = messages.said_records(other.commits(lambda tx: records_between(tx, *within)))
        answer = messages.Answer(1, "0" * 32, {}, True, [], records=told, desk=f"{other.desk:02}")
        records = messages.decode(messages.encode(answer), messages.Answer).day_records()
        self.books[name] = DayBook(answer.desk, tuple(records or ()))

    def commits(self, work: Callable[[Connection], _T], /) -> _T:
        with self.shop.connection.begin():
            return work(self.shop.connection)

    def at(self, moment: datetime) -> None:
        self.counter.office.clock.now = self.shop.clock.wall = moment

    def settle(self, sale: str, price: str = "100.00", *, is_kept: bool = True) -> dict[str, object]:
        """Settle a sale at the centre, and keep it here as the till does."""
        msgid = self.commits(self._number)
        setlinfo = self.counter.settle(self.counter.sale(self.counter.line(price=price)), msgid=msgid)
        if is_kept:
            self.commits(lambda tx: self.keep(tx, sale, msgid, setlinfo))
        return setlinfo

    def cancel(self, sale: str, *, is_kept: bool = True) -> None:
        row = self.commits(lambda tx: settlements.latest_settlement(tx, sale))
        assert row is not None
        assert row.paid is not None
        said = {"setl_id": row.paid.setl_id, "mdtrt_id": row.paid.mdtrt_id, "psn_no": LI}
        assert self.counter.cancel(said)["infcode"] == 0
        if is_kept:
            self.commits(lambda tx: settlements.set_undone(tx, sale, row.nth, self.shop.clock.now()))

    def _number(self, tx: Connection) -> str:
        return Numbering(self.desk).next_msgid(tx, PHARMACY, self.shop.clock.now())

    def keep(self, tx: Connection, sale: str, msgid: str, setlinfo: Mapping[str, object]) -> None:
        insurance = Insurance("310", "350200", Decimal("0.00"))
        asked = AskedSettlement(
            Person(LI, "李一", "02", CARD[LI], (insurance,)), insurance, self.shop.clock.now(), "41", True, _LINES
        )
        sealed = self.sealer.seal(msgspec.json.encode(asked), asked_place(sale))
        fee = Decimal(str(setlinfo["medfee_sumamt"]))
        nth = settlements.put_settlement(
            tx, sale=sale, operator="wang", shift=None, begun_at=self.shop.clock.now(), asked=sealed, ask_msgid=msgid,
            insutype="310", fee=fee,
        )  # fmt: skip
        money = [
            Decimal(str(setlinfo[name])) for name in ("fund_pay_sumamt", "acct_pay", "acct_mulaid_pay", "psn_cash_pay")
        ]
        money[0] = without_account(money[0], money[1], self.area)
        paid = Paid(
            str(setlinfo["setl_id"]), str(setlinfo["mdtrt_id"]), str(setlinfo["clr_type"]),
            str(setlinfo["clr_optins"]), self.shop.clock.now(), *money,
        )  # fmt: skip
        settlements.set_settled(tx, sale, nth, paid)

    def stands(self, sale: str, standing: Standing) -> None:
        """Let the newest settlement of a sale stand so."""
        self.commits(lambda tx: settlements.set_standing(tx, sale, 1, standing))


_LINES = (AskedLine("1", 1, "D0001", "X", "药", Decimal("1.00"), Decimal(1), Decimal("1.00"), ()),)


@contextmanager
def opened_till(folder: Path, counter: Counter, *, desk: int = DESK, begins_h: int = 0) -> Iterator[Till]:
    """Open a terminal at noon of the centre's day, with somebody signed in."""
    with opened_or_new(folder) as connection:
        ensure_state(connection, terminal=f"counter-{desk}", new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock(wall=NOON))
        shop.stock()
        shop.sign_in()
        yield Till(counter, shop, desk, begins_h)
