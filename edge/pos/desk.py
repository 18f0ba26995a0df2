"""The counter as the proxy sees it: what lies scanned at its desk, its library, its screen.

Packs that leave with a sale of the POS leave the open list as a sale that is closed, one `dispensed` fact a line, told
under the number that the messages of the POS name: so it is the same fact as theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import msgspec
from sqlalchemy import Connection

from codes.words import Words
from edge.alerts import Alert, alert_json
from edge.clock import Clock
from edge.counter.returning import Wanted, take_back
from edge.counter.splitting import NotDivisibleError, UnitsLeftError, note_units, size_of, split_pack
from edge.counter.views import ListChange, to_json
from edge.pos.errors import CodesShortError
from edge.pos.ports import LineScans, SaleRef
from edge.pos.reading import needs_code_by_form
from edge.pos.still_out import codes_still_out, pay_by
from edge.pos.stored import Commits
from edge.pos.till_first import Asked, refuse_what_the_till_has
from edge.sealing import Sealer
from edge.store import pos_codes, rung_up, sales, shifts
from edge.store.outbox import Outbox, is_return_pending
from edge.store.pos_codes import AtDesk, Owner
from edge.store.pos_goods import find_drug, items_of_product, pack_of
from edge.store.sales import LineRow, PackRow, PackState, SaleState
from edge.store.splits import find_opened
from rules.scan_binding import ScannedPack
from rules.scan_judgement import Mode, Tone
from rules.unpaid import AboutCode
from web.live import LiveBus
from wire.events import Dispensed, PackInLine, SplitDispensed

LINE_IS_DOWN = timedelta(seconds=10)
"""The centre hears of nothing at once if it has not heard of what is so old."""
_CAME_BACK = "收银软件退货 / returned at the POS"


@dataclass(frozen=True, slots=True)
class Lanes:
    """Which desk is which scanner's; all others are this terminal's own."""

    desk: str
    """The terminal's own."""
    by_desk: Mapping[str, str] = field(default_factory=dict)
    """Names of scanners by the desks that have one of their own."""


class CounterScans:
    """The codes that were scanned at the terminal's counter."""

    def __init__(
        self, commits: Commits, outbox: Outbox, bus: LiveBus, *, lanes: Lanes, sealer: Sealer, clock: Clock,
        on_recorded: Callable[[], None],
    ) -> None:  # fmt: skip
        self._commits = commits
        self._sealer = sealer
        self._outbox = outbox
        self._bus = bus
        self._lanes = lanes
        self._clock = clock
        self._on_recorded = on_recorded

    async def at_desk(self, desk: str, *, is_delivery: bool = False) -> Sequence[ScannedPack]:
        """Return what was scanned at a desk and belongs to nothing yet."""
        return await self._commits(lambda tx: self._at_desk(tx, desk, Mode.RECEIVE if is_delivery else Mode.DISPENSE))

    async def of_sale(self, sale: SaleRef) -> Sequence[ScannedPack]:
        """Return what was taken for a sale before."""

        def found(tx: Connection) -> list[ScannedPack]:
            return _packs(tx, pos_codes.codes_of_settlement(tx, sale.institution, sale.setl_id))

        return await self._commits(found)

    async def still_out(self, sale: SaleRef) -> Sequence[ScannedPack]:
        """Return what is still out of a cancelled sale that this one settles anew."""
        return await self._commits(lambda tx: _packs(tx, codes_still_out(tx, sale, self._sealer)))

    async def told(self, codes: Iterable[str], sale: SaleRef) -> None:
        """Keep under which receipt the ledger was told of codes; those of a cancelled sale belong to this one now."""
        mine, owner, now = tuple(codes), Owner(sale.institution, sale.msgid, sale.setl_id), self._clock.now()

        def told(tx: Connection) -> None:
            number = rung_up.number_of(tx, sale.setl_id, "") or ""
            known = pos_codes.codes_of_settlement(tx, sale.institution, sale.setl_id)
            moved = [code for code in mine if pay_by(tx, code, number) and code not in known]
            pos_codes.bind_codes(tx, moved, owner, now)
            pos_codes.note_receipt(tx, mine, owner, sale.number)

        if sale.setl_id:
            await self._commits(told)

    async def take(self, codes: Iterable[str], sale: SaleRef) -> None:
        """Let codes belong to a sale from now on."""
        mine, owner, now = tuple(codes), Owner(sale.institution, sale.msgid, sale.setl_id), self._clock.now()
        await self._commits(lambda tx: pos_codes.bind_codes(tx, mine, owner, now))

    async def hold(self, codes: Iterable[str], sale: SaleRef, *, desk: str, lacks: frozenset[str]) -> None:
        """Keep codes for a settlement that is about to be asked for.

        Raises:
            TillSettlesError: The till asks for these packs, or has settled or sold them.
        """
        mine, owner = tuple(codes), Owner(sale.institution, sale.msgid, "")

        def hold(tx: Connection) -> None:
            devices = pos_codes.devices_of_packs(tx) if self._lanes.by_desk else {}
            asked = Asked(mine, lacks, sale.person, lambda code: self._lane_of(devices, code) == desk)
            refuse_what_the_till_has(tx, asked, self._sealer, self._clock.now())
            pos_codes.bind_codes(tx, mine, owner, self._clock.now())

        await self._commits(hold)

    async def leave(self, lines: Sequence[LineScans], number: str, *, is_insured: bool) -> None:
        """Let packs leave the counter with a sale that stands, told under a number of whoever rang it up.

        Of a pack that is sold in part the units leave, and the rest of it is scanned for another sale.
        """
        change, overdrawn = await self._commits(lambda tx: self._leave(tx, lines, number, is_insured=is_insured))
        if change is not None:
            self._on_recorded()
            self._bus.publish("scan_update", to_json(change).decode())
        for error in overdrawn:
            alert = Alert(error.code, Tone.NOTICE, error.words, error.next_step)
            self._bus.publish("alert", alert_json(alert))

    async def is_return_unheard(self, codes: Iterable[str]) -> bool:
        """Say whether a return of one of these packs is on its way to the centre; not while the line is down."""
        mine, since = tuple(codes), self._clock.now() - LINE_IS_DOWN
        return await self._commits(lambda tx: is_return_pending(tx, mine, since))

    async def release(self, institution: str, msgid: str) -> None:
        """Let what was kept for a message lie at the desk again."""
        await self._commits(lambda tx: pos_codes.release_codes(tx, institution, msgid))

    async def undone(self, sale: SaleRef) -> None:
        """Let nothing be owed of a sale, and its packs be scanned for another."""
        owner = Owner(sale.institution, sale.msgid, sale.setl_id)
        await self._commits(lambda tx: pos_codes.sale_undone(tx, owner))

    async def free(self, codes: Iterable[str]) -> None:
        """Forget to whom packs were sold; those that left here lie apart now."""
        back = tuple(codes)
        if await self._commits(lambda tx: self._free(tx, back)):
            self._on_recorded()

    def _at_desk(self, tx: Connection, desk: str, mode: Mode) -> list[ScannedPack]:
        lanes = self._lanes
        if (desk != lanes.desk and desk not in lanes.by_desk) or sales.see_desk(tx).mode is not mode:
            return []
        packs = pos_codes.packs_at_desk(tx)
        if lanes.by_desk:
            devices = pos_codes.devices_of_packs(tx)
            packs = [one for one in packs if self._lane_of(devices, one.code) == desk]
        return [_at_desk(tx, one) for one in packs]

    def _lane_of(self, devices: Mapping[str, str], code: str) -> str:
        """Return the desk at which a pack was scanned."""
        others = {device: name for name, device in self._lanes.by_desk.items()}
        return others.get(devices.get(code, ""), self._lanes.desk)

    def _free(self, tx: Connection, codes: Sequence[str]) -> bool:
        """Take packs back; say whether any of them had left here."""
        now, of_sale = self._clock.now(), defaultdict[str, list[str]](list)
        for code in codes:
            sale = rung_up.sale_that_sold(tx, code) or _cancelled_there(tx, code)
            if sale is not None:
                of_sale[sale].append(code)
        for number, mine in of_sale.items():
            row = sales.find_sale(tx, number)
            operator = sales.see_desk(tx).operator or ("" if row is None else row.operator)
            take_back(tx, self._outbox, Wanted(number, mine, _CAME_BACK, 0), operator=operator, now=now)
        pos_codes.free_codes(tx, codes)
        return bool(of_sale)

    def _leave(
        self, tx: Connection, lines: Sequence[LineScans], told_as: str, *, is_insured: bool
    ) -> tuple[ListChange | None, Sequence[UnitsLeftError]]:
        now, desk = self._clock.now(), sales.see_desk(tx)
        codes = {code for one in lines for code in one.codes}
        # While nobody knew what came of it, somebody may have put the list aside.
        sources, overdrawn = pos_codes.lists_with(tx, codes), []
        for source in sources:
            overdrawn += [error for one in lines for error in _open_packs(tx, source, one)]
            number = pos_codes.sale_of_packs(tx, desk.numbers, source, codes, now)
            self._close(tx, number, told_as or number, is_insured=is_insured)
            if number == source:
                sales.end_sale(tx, source, SaleState.CLOSED, now)
            if number == desk.sale and desk.waiting is not None:
                sales.open_waiting(tx, desk.waiting)
        for code in codes:
            pay_by(tx, code, told_as)
        if not sources:
            return None, ()
        if desk.shift:
            shifts.count_sale(tx, desk.shift)
        return ListChange(desk.sale or sources[0], "closed"), overdrawn

    def _close(self, tx: Connection, number: str, told_as: str, *, is_insured: bool) -> None:
        """Write that the packs of a list are sold: one fact a line."""
        now, desk, sale = self._clock.now(), sales.see_desk(tx), sales.find_sale(tx, number)
        packs = [one for one in sales.packs_of(tx, number) if one.state is PackState.LISTED]
        operator = desk.operator or ("" if sale is None else sale.operator)
        before = rung_up.tell_as(tx, number, told_as)
        for line in sales.lines_of(tx, number):
            fact = _dispensed(tx, told_as, line, packs, before=before, is_insured=is_insured)
            event = self._outbox.append(tx, fact, operator=operator, now=now)
            sales.note_line_event(tx, number, line.line, event.id)
            note_units(tx, fact, now)
        sales.move_packs(tx, number, PackState.SOLD)
        pos_codes.keep_at_desk(tx, [pack.code for pack in packs if pack.units is not None])


class CatalogueGoods:
    """The matching library, on a connection that only reads; asked in the thread that opened it."""

    def __init__(self, reading: Connection) -> None:
        self._reading = reading

    def needs_code(self, item: str) -> bool:
        """Tell whether a pack of this national code must be told with its code: western and patent drugs."""
        return needs_code_by_form(item)

    def units_per_pack(self, item: str) -> int:
        """Return how many smallest units a pack holds; 1 if nobody knows."""
        with self._reading.begin():
            found = find_drug(self._reading, item)
        return 1 if found is None else max(1, found.units_per_pack)

    def name(self, item: str) -> str:
        """Return what people call it, or nothing."""
        with self._reading.begin():
            found = find_drug(self._reading, item)
        return "" if found is None else found.name

    def about(self, code: str) -> AboutCode:
        """Return what is known of a trace code."""
        with self._reading.begin():
            return about_code(self._reading, code)


class CounterScreen:
    """Shows on the counter's screens what is short or extra."""

    def __init__(self, bus: LiveBus) -> None:
        self._bus = bus

    async def warn(self, desk: str, remarks: Sequence[Words]) -> None:
        """Show it, while the sale goes on."""
        zh, en = "；".join(one.zh for one in remarks), "; ".join(one.en for one in remarks)
        words = Words(f"收银软件（台 {desk}）：{zh}", f"POS, desk {desk}: {en}")
        alert = Alert(CodesShortError.code, Tone.NOTICE, words, CodesShortError.next_step)
        self._bus.publish("alert", alert_json(alert))
        told = {"desk": desk, "remarks": [{"zh": one.zh, "en": one.en} for one in remarks]}
        self._bus.publish("warn", msgspec.json.encode(told).decode())


def about_code(tx: Connection, code: str) -> AboutCode:
    """Return what the library knows of the code of a pack."""
    found = pack_of(tx, code)
    return AboutCode() if found is None else AboutCode(found.items, is_carton=found.is_carton)


def _cancelled_there(tx: Connection, code: str) -> str | None:
    """Return the sale of the till that a pack left with, if the software has cancelled it: it takes it back as well."""
    found = sales.find_sale_of(tx, code)
    return found.sale if found is not None and rung_up.is_cancelled_by_pos(tx, found.sale) else None


def _packs(tx: Connection, codes: Iterable[str]) -> list[ScannedPack]:
    return [ScannedPack(code, about_code(tx, code).items) for code in codes]


def _at_desk(tx: Connection, one: AtDesk) -> ScannedPack:
    items = frozenset[str]() if one.product is None else items_of_product(tx, one.product)
    if one.units is None:
        return ScannedPack(one.code, items)
    opened = find_opened(tx, one.code)
    return ScannedPack(one.code, items, size_of(tx, one.code, one.product or "") if opened is None else opened.rest)


def _open_packs(tx: Connection, sale: str, one: LineScans) -> list[UnitsLeftError]:
    """Let packs on the list stand for the units that the software has sold of them; return which do not hold them."""
    listed = [code for code in one.codes if sales.find_on_list(tx, sale, code) is not None]
    left, overdrawn = one.line.units, []
    for code in listed if left else ():
        opened = find_opened(tx, code)
        holds = one.line.units_per_pack if opened is None else opened.rest
        mine = left or 0 if code == listed[-1] else min(left or 0, holds)
        try:
            split_pack(tx, sale, code, max(1, mine))
        except UnitsLeftError as exc:
            overdrawn.append(exc)
            split_pack(tx, sale, code, exc.left)
        except NotDivisibleError:
            # Of a pack whose units nobody can count no rest is known: it leaves whole.
            continue
        left = max(0, (left or 0) - mine)
    return overdrawn


def _dispensed(
    tx: Connection, sale: str, line: LineRow, packs: Sequence[PackRow], *, before: int, is_insured: bool
) -> Dispensed | SplitDispensed:
    mine = [PackInLine(pack.code, pack.reading, pack.units) for pack in packs if pack.line == line.line]
    paid_by: Literal["self_pay", "insured"] = "insured" if is_insured else "self_pay"
    if line.units is None:
        return Dispensed(sale, before + line.line, line.product, mine, line.price, paid_by)
    size = size_of(tx, mine[0].code, line.product or "")
    return SplitDispensed(sale, before + line.line, line.product, mine, size, line.price, paid_by)
