"""The counter as the scanners, the screens and the POS see it: one verb each, each one transaction.

All methods run in the thread that owns the store. A method returns, and the screens hear, only after COMMIT: the live
event, the answer and the light on the uplink all stand behind the disk (T-01).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, TypeVar

from sqlalchemy import Connection

from codes.classify import read
from codes.reading import Reading, Scan
from codes.words import Words
from edge.clock import Clock
from edge.counter import closing
from edge.counter.double_scans import DoubleScans
from edge.counter.errors import KeyReusedError, NotApartError
from edge.counter.owing import NOTHING_OWED, Owes
from edge.counter.payment import Payment
from edge.counter.returning import Wanted, return_packs
from edge.counter.scanning import Around, record_scan
from edge.counter.views import (
    CancelledList,
    ClosedList,
    ListChange,
    ListShown,
    ReturnedPacks,
    ScanShown,
    Totals,
    View,
    from_json,
    to_json,
)
from edge.store import quarantine
from edge.store.outbox import Outbox
from edge.store.sales import see_desk
from edge.store.scans import find_answer, keep_answer
from edge.store.site_apart import apart_at_site
from rules.scan_judgement import Mode, Tone
from web.live import LiveBus

NoteScan = Callable[[str, Tone, float], None]
"""Takes the device of a scan, its tone, and the seconds that it took."""

_GS = b"\x1d"
_Answer = TypeVar("_Answer", ScanShown, ClosedList, CancelledList, ReturnedPacks)


@dataclass(frozen=True, slots=True)
class Request:
    """What makes a repeated request the same one."""

    key: str | None
    """The client's `Idempotency-Key`, if it gave one."""
    asked: str
    """What was asked, in a form that is equal for equal requests."""


UNNAMED: Final = Request(None, "")
"""A request that is never the same as another."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How this shop works, from its configuration."""

    reservation: timedelta = timedelta(minutes=30)
    """How long a scanned pack is set aside."""
    double_scan_s: float = 3.0
    """A second scan of a pack within this time is a trembling hand; 0: it never is."""
    return_days: int = 10
    """How long after the sale a pack may come back; 0: no limit."""


class Counter:
    """One counter with one list at a time.

    Args:
        connection: The writer's connection.
        outbox: Where facts go, on the same connection.
        bus: Where screens listen.
        clock: The device's clock.
        habits: How this shop works.
        on_recorded: Called after each commit that put facts into the outbox.
        note_scan: Called once for each scan that was committed, wherever it came from.
        owes: Told within the transaction what was sold and what came back, for the centre's ledger.
        refuse_if_full: Raises if there is no room for new business. What has begun may always be ended.
    """

    def __init__(
        self,
        connection: Connection,
        outbox: Outbox,
        bus: LiveBus,
        *,
        clock: Clock,
        habits: Habits,
        on_recorded: Callable[[], None],
        note_scan: NoteScan = lambda *_: None,
        refuse_if_full: Callable[[Connection], None] = lambda _: None,
        owes: Owes = NOTHING_OWED,
    ) -> None:
        self._connection = connection
        self._outbox = outbox
        self._bus = bus
        self._clock = clock
        self._refuse_if_full = refuse_if_full
        self._owes = owes
        self._habits = habits
        self._on_recorded = on_recorded
        self._note_scan = note_scan
        self._keep_separators: set[str] = set()
        """Devices that have sent a GS since the start, so that one that is missing was not lost on the way."""
        self._payment = Payment(clock)
        self._double_scans = DoubleScans(habits.double_scan_s, clock)
        self._sold_s = float("-inf")
        """When the last sale was closed."""

    def take(self, scan: Scan, request: Request = UNNAMED, *, came_s: float | None = None) -> ScanShown:
        """Record one scan and show it. A request that was answered before gets its answer and records nothing.

        Args:
            scan: What was read.
            request: What makes a repeat the same request.
            came_s: When it came, on the monotonic clock; it may have waited while a sale was being closed.
        """
        now, began_s = self._clock.now(), self._clock.monotonic_s()
        reading = read(scan, now.year)
        totals: Totals | None = None
        if _GS in scan.raw:
            self._keep_separators.add(scan.source)

        def record() -> ScanShown:
            nonlocal totals
            self._refuse_if_full(self._connection)
            around = Around(
                reservation=self._habits.reservation,
                paid=self._payment.sale,
                came_during_close=came_s is not None and came_s < self._sold_s,
                is_repeat=self._double_scans.is_repeat,
                keeps_separators=scan.source in self._keep_separators,
            )
            shown = record_scan(self._connection, self._outbox, reading, around, now=now)
            # A credential changes nothing; without a list there is nothing to sum up; the next one is not shown yet.
            if shown.id is not None and shown.sale is not None and not shown.is_next:
                totals = closing.show_totals(self._connection, shown.sale)
            return shown

        shown, is_new = self._once(_without_secrets(request, reading), ScanShown, record)
        if not is_new:
            return shown
        if shown.line is not None:
            self._double_scans.note(shown.code)
        self._on_recorded()
        self._note_scan(shown.device, shown.tone, self._clock.monotonic_s() - (began_s if came_s is None else came_s))
        self._publish("scan", replace(shown, committed_at=self._clock.now().timestamp()))
        if totals is not None:
            self._publish("totals", totals)
        return shown

    def show(self) -> ListShown:
        """Return the open list."""
        with self._connection.begin():
            return self._show()

    def sell_in_part(self, code: str, units: int) -> ListShown:
        """Let a pack on the open list stand for some of its smallest units (拆零)."""
        with self._connection.begin():
            change = closing.sell_in_part(self._connection, code, units)
            after = self._show()
        self._tell(change)
        return after

    def sell_whole(self, code: str) -> ListShown:
        """Let a pack on the open list stand for all of itself after all, if nothing was sold of it before."""
        with self._connection.begin():
            change = closing.sell_whole(self._connection, code)
            after = self._show()
        self._tell(change)
        return after

    def set_paying(self, sale: str, *, is_paying: bool) -> ListShown:
        """Declare that the open sale is being paid, or is not any more; meanwhile scans go on the next one."""
        with self._connection.begin():
            if is_paying:
                closing.sale_to_pay(self._connection, sale)
                self._payment.begin(sale)
            else:
                closing.refuse_nobody(self._connection)
                self._payment.end(sale)
            after = self._show()
        self._publish("scan_update", ListChange(sale, "paying"))
        return after

    def close_sale(self, request: Request, sale: str | None = None) -> ClosedList:
        """Close the open sale, paid by the customer: one `dispensed` fact per line."""
        return self._close(request, Mode.DISPENSE, sale)

    def close_delivery(self, request: Request, delivery: str | None = None) -> ClosedList:
        """Close the open delivery: one `received` fact per line."""
        return self._close(request, Mode.RECEIVE, delivery)

    def cancel(self, request: Request, number: str | None = None) -> CancelledList:
        """Give up the open list."""
        answer, is_new = self._once(
            request,
            CancelledList,
            lambda: closing.cancel_list(self._connection, asked_for=number, now=self._clock.now()),
        )
        if is_new:
            self._ended(ListChange(answer.sale, "cancelled"))
        return answer

    def remove(self, code: str) -> ListShown:
        """Take a pack off the open list."""
        with self._connection.begin():
            change = closing.remove_pack(self._connection, code)
            after = self._show()
        self._tell(change)
        return after

    def put_back(self, code: str) -> ListShown:
        """Put a pack that was taken off the open list back."""
        with self._connection.begin():
            change = closing.put_pack_back(self._connection, code)
            after = self._show()
        if change is not None:
            self._tell(change)
        return after

    def return_packs(self, request: Request, sale: str, codes: Sequence[str], reason: str) -> ReturnedPacks:
        """Take packs of a closed sale back: one `sale_returned` fact per line."""

        def take_back() -> ReturnedPacks:
            self._refuse_if_full(self._connection)
            wanted = Wanted(sale, codes, reason, self._habits.return_days)
            done = return_packs(self._connection, self._outbox, wanted, now=self._clock.now())
            self._owes.came_back(self._connection, done.sale, done.codes, self._operator())
            return done

        answer, is_new = self._once(request, ReturnedPacks, take_back)
        if is_new:
            self._on_recorded()
            self._tell(ListChange(answer.sale, "returned"))
        return answer

    def release(self, code: str, reason: str) -> None:
        """Let a pack go that came back and lies apart: whoever is signed in answers for it.

        Raises:
            NotSignedInError: Nobody is signed in.
            NotApartError: It does not lie apart.
        """
        with self._connection.begin():
            closing.refuse_nobody(self._connection)
            if not quarantine.release(self._connection, code, self._operator(), reason, self._clock.now()):
                there = apart_at_site(self._connection, code)
                raise NotApartError(code, "" if there is None else there.terminal)

    def set_mode(self, mode: Mode) -> ListShown:
        """Sell or receive."""
        with self._connection.begin():
            closing.change_mode(self._connection, mode, self._clock.now())
            after = self._show()
        self._publish("totals", after.totals)
        return after

    def _close(self, request: Request, mode: Mode, number: str | None) -> ClosedList:
        def close() -> ClosedList:
            is_open = number is None or number == see_desk(self._connection).sale
            done = closing.close_list(self._connection, self._outbox, mode, asked_for=number, now=self._clock.now())
            if is_open and mode is Mode.DISPENSE:
                self._owes.sold(self._connection, done.sale, self._operator())
            return done

        answer, is_new = self._once(request, ClosedList, close)
        if is_new:
            self._on_recorded()
            if mode is Mode.DISPENSE:
                self._sold_s = self._clock.monotonic_s()
            self._ended(ListChange(answer.sale, "closed"))
        return answer

    def _operator(self) -> str:
        return see_desk(self._connection).operator or ""

    def _once(self, request: Request, view: type[_Answer], work: Callable[[], _Answer]) -> tuple[_Answer, bool]:
        """Do `work` in a transaction, unless the same request was answered before; tell whether it was done now."""
        with self._connection.begin():
            known = find_answer(self._connection, request.key) if request.key else None
            if known is not None:
                asked, answer = known
                if asked != request.asked:
                    raise KeyReusedError(
                        Words("同一 Idempotency-Key 用于不同请求", "This Idempotency-Key was used for another request")
                    )
                return from_json(view, answer), False
            done = work()
            if request.key:
                keep_answer(
                    self._connection,
                    key=request.key,
                    asked=request.asked,
                    answer=to_json(done),
                    now=self._clock.now(),
                )
        return done, True

    def _show(self) -> ListShown:
        shown = closing.show_list(self._connection)
        return replace(shown, is_paying=shown.is_paying or (shown.id is not None and shown.id == self._payment.sale))

    def _ended(self, change: ListChange) -> None:
        self._payment.end(change.sale)
        self._tell(change)

    def _tell(self, change: ListChange) -> None:
        self._publish("scan_update", change)
        self._publish("totals", self.show().totals)

    def ended(self, number: str, change: str) -> None:
        """Tell the screens what became of a list: `closed` with insurance, put aside, or come back from settling."""
        if change == "closed":
            self._on_recorded()
            self._sold_s = self._clock.monotonic_s()
        self._ended(ListChange(number, change))

    def _publish(self, event: str, view: View) -> None:
        self._bus.publish(event, to_json(view).decode())


def _without_secrets(request: Request, reading: Reading) -> Request:
    """Return the request as it may be kept: nothing of a credential, not even a digest, which can be guessed (C-04)."""
    if reading.kind.is_personal:
        return UNNAMED
    return Request(request.key, "a hidden code") if reading.is_masked else request
