"""Rows of sales and deliveries: one open list at most, its lines, and the packs on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql
from edge.store.outbox import Recorded
from edge.store.site_units import OPENED
from rules.scan_judgement import Mode

SELECT_DESK = """
SELECT t.terminal,
  t.terminal || CASE WHEN EXISTS (SELECT 1 FROM former_store) THEN '.' || substr(t.epoch, -4) ELSE '' END,
  t.mode, h.id, h.operator, s.id, w.id,
  EXISTS (
    SELECT 1 FROM settlement AS x WHERE x.sale = s.id AND x.standing IN ('asked', 'unknown', 'settled', 'undoing',
      'undoing_unknown')
  )
FROM terminal_state AS t
LEFT JOIN shift AS h ON h.closed_at IS NULL AND EXISTS (SELECT 1 FROM session WHERE session.shift = h.id)
LEFT JOIN sale AS s ON s.state = 'open' AND s.place = 0
LEFT JOIN sale AS w ON w.state = 'open' AND w.place = 1
"""
_SALE = "id, mode, state, operator, opened_at, ended_at, alarms, place, note, aside_at"
SELECT_SALE = f"SELECT {_SALE} FROM sale WHERE id = ?"  # noqa: S608 - ours
SELECT_ASIDE = f"SELECT {_SALE} FROM sale WHERE state = 'open' AND place >= 2 ORDER BY aside_at, place"  # noqa: S608 - ours
START_SALE = """
INSERT INTO sale (id, day, number, mode, state, operator, opened_at)
SELECT ?1 || '-' || ?2 || '-' || n, ?2, n, ?3, 'open', ?4, ?5
FROM (SELECT coalesce(max(number), 0) + 1 AS n FROM sale WHERE day = ?2)
RETURNING id
"""
START_WAITING = """
INSERT INTO sale (id, day, number, mode, state, operator, opened_at, place)
SELECT ?1 || '-' || d || '-' || n, d, n, ?3, 'open', ?4, ?5, 1
FROM (
  SELECT d, (SELECT coalesce(max(number), 0) + 1 FROM sale WHERE day = d) AS n
  FROM (SELECT max(?2, day) AS d FROM sale WHERE state = 'open' AND place = 0)
)
RETURNING id
"""
OPEN_WAITING = """
UPDATE sale SET place = 0, aside_at = NULL
WHERE id = ? AND state = 'open' AND NOT EXISTS (SELECT 1 FROM sale WHERE state = 'open' AND place = 0)
"""
PUT_ASIDE = """
UPDATE sale SET place = (SELECT max(1, max(place)) + 1 FROM sale WHERE state = 'open'), note = ?, aside_at = ?
WHERE id = ? AND state = 'open'
"""
SET_NOTE = "UPDATE sale SET note = ? WHERE id = ?"
WHICH_ASIDE_HAS = """
SELECT s.id FROM sale AS s JOIN sale_pack AS p ON p.sale = s.id AND p.code = ? AND p.state = 'listed'
WHERE s.state = 'open' AND s.place >= 2
"""
END_SALE = "UPDATE sale SET state = ?, ended_at = ?, place = 0, aside_at = NULL WHERE id = ?"
COUNT_ALARM = "UPDATE sale SET alarms = alarms + 1 WHERE id = ?"
READ_ALARMS = "SELECT alarms FROM sale WHERE id = ?"
PUT_ON_LINE = """
INSERT INTO sale_line (sale, line, item, product, name, spec, insurance_class, price, quantity)
VALUES (?1, (SELECT coalesce(max(line), 0) + 1 FROM sale_line WHERE sale = ?1), ?2, ?3, ?4, ?5, ?6, ?7, 1)
ON CONFLICT (sale, item) DO UPDATE SET quantity = quantity + 1
RETURNING line, quantity
"""
PUT_PACK = """
INSERT INTO sale_pack (sale, code, line, reading, placed, state) VALUES (?, ?, ?, ?, ?, 'listed')
ON CONFLICT (sale, code)
DO UPDATE SET line = excluded.line, reading = excluded.reading, placed = excluded.placed, state = 'listed', units = NULL
"""
TAKE_PACK_OFF = """
UPDATE sale_pack SET state = 'removed' WHERE sale = ? AND code = ? AND state = 'listed' RETURNING line, units
"""
TAKE_ONE_OFF_LINE = """
UPDATE sale_line SET quantity = quantity - 1, units = units - ? WHERE sale = ? AND line = ? RETURNING quantity
"""
PUT_PACK_BACK = """
UPDATE sale_pack SET state = 'listed' WHERE sale = ? AND code = ? AND state = 'removed' RETURNING line, units
"""
PUT_ONE_ON_LINE = """
UPDATE sale_line SET quantity = quantity + 1, units = units + ? WHERE sale = ? AND line = ? RETURNING quantity
"""
SELECT_LINES = """
SELECT line, product, name, spec, insurance_class, price, quantity, event, units FROM sale_line
WHERE sale = ? AND quantity > 0 ORDER BY line
"""
SELECT_LINE = "SELECT line, quantity FROM sale_line WHERE sale = ? AND line = ?"
SELECT_PACKS = "SELECT code, line, reading, state, units FROM sale_pack WHERE sale = ? ORDER BY line, placed"
WHERE_ON_LIST = "SELECT line FROM sale_pack WHERE sale = ? AND code = ? AND state = 'listed'"
WHICH_SALE_SOLD = f"""
SELECT s.id, s.ended_at, s.operator, p.line
FROM sale_pack AS p INDEXED BY sale_pack_sold JOIN sale AS s ON s.id = p.sale
WHERE p.code = ?1 AND p.state = 'sold'
  AND (p.units IS NULL OR EXISTS (SELECT 1 FROM ({OPENED} WHERE code = ?1 GROUP BY code) AS o WHERE o.rest = 0))
  AND NOT EXISTS (SELECT 1 FROM site_back AS b WHERE b.code = ?1 AND b.sale = s.id)
ORDER BY s.ended_at DESC
"""  # noqa: S608 - ours
LAST_RECEIVED_OR_RETURNED = """
SELECT p.state, s.ended_at FROM sale_pack AS p INDEXED BY sale_pack_here JOIN sale AS s ON s.id = p.sale
WHERE p.code = ? AND p.state IN ('received', 'returned') ORDER BY p.placed DESC LIMIT 1
"""
MOVE_PACKS = "UPDATE sale_pack SET state = ? WHERE sale = ? AND state = 'listed'"
RETURN_PACK = "UPDATE sale_pack SET state = 'returned' WHERE sale = ? AND code = ? AND state = 'sold'"
NOTE_LINE_EVENT = "UPDATE sale_line SET event = ? WHERE sale = ? AND line = ?"


class SaleState(StrEnum):
    """Where a sale or delivery stands."""

    OPEN = "open"
    WAITING = "waiting"
    """Begun while another sale was being paid; it opens when that one ends."""
    HELD = "held"
    """Put aside (挂单): its packs are kept for it until it is taken up again."""
    CLOSED = "closed"
    CANCELLED = "cancelled"


class PackState(StrEnum):
    """Where a pack of a sale or delivery stands."""

    LISTED = "listed"
    SOLD = "sold"
    RECEIVED = "received"
    REMOVED = "removed"
    """Taken off the list before it was closed, or the list was cancelled."""
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies on the counter when a scan comes in."""

    terminal: str
    numbers: str
    """What the numbers of new sales begin with: the terminal; after an accident to its store also a mark of its new
    life, because nobody knows which numbers the life before gave out last."""
    mode: Mode
    shift: str | None
    operator: str | None
    """Who is signed in."""
    sale: str | None
    """The open sale or delivery."""
    waiting: str | None
    """The next sale, begun while the open one was being paid."""
    is_settling: bool = False
    """The insurance was asked to settle the open sale: nothing of it may change."""


@dataclass(frozen=True, slots=True)
class SaleRow:
    """A sale or delivery."""

    id: str
    mode: Mode
    state: SaleState
    operator: str
    """Who opened it."""
    opened_at: datetime
    ended_at: datetime | None
    alarms: int
    """Packs that must not be handed out and were scanned meanwhile."""
    note: str = ""
    """Why it was put aside, or why it could not be settled."""
    aside_at: datetime | None = None
    """When it was put aside."""


@dataclass(frozen=True, slots=True)
class LineItem:
    """What a line stands for; packs of the same item share a line."""

    item: str
    """Equal for packs that belong together: product and pack level, or what is known of it."""
    product: str | None
    name: str | None
    spec: str | None
    insurance_class: str | None
    price: Decimal | None
    """Yuan per pack, kept from the moment the line began."""


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line that has packs on it."""

    line: int
    product: str | None
    name: str | None
    spec: str | None
    insurance_class: str | None
    price: Decimal | None
    quantity: int
    event: str | None
    """The event that closed the line; None until then."""
    units: int | None = None
    """Smallest units, where its packs are sold in part; the price is then that of a unit."""

    @property
    def count(self) -> int:
        """What the price is multiplied by."""
        return self.quantity if self.units is None else self.units


@dataclass(frozen=True, slots=True)
class PackRow:
    """A pack of a sale or delivery."""

    code: str
    line: int
    reading: str
    """The `scanned` event that put it there."""
    state: PackState
    units: int | None = None
    """Units of it that are meant, if it is sold in part."""


@dataclass(frozen=True, slots=True)
class SoldBy:
    """The sale by which a pack left."""

    sale: str
    closed_at: datetime
    operator: str
    """Who opened it."""
    line: int


def see_desk(tx: Connection) -> Desk:
    """Return mode, operator, open list and the one that waits."""
    terminal, numbers, mode, shift, operator, sale, waiting, is_settling = sql.one(tx, SELECT_DESK)
    return Desk(terminal, numbers, Mode(mode), shift, operator, sale, waiting, bool(is_settling))


def find_sale(tx: Connection, sale: str) -> SaleRow | None:
    """Return a sale or delivery by its number."""
    row = sql.first(tx, SELECT_SALE, (sale,))
    return None if row is None else _sale(row)


def sales_aside(tx: Connection) -> list[SaleRow]:
    """Return the sales that were put aside, the one that lies longest first."""
    return [_sale(row) for row in sql.rows(tx, SELECT_ASIDE)]


def aside_with(tx: Connection, code: str) -> str | None:
    """Return the sale that was put aside and has a pack on it."""
    found = sql.first(tx, WHICH_ASIDE_HAS, (code,))
    return None if found is None else str(found[0])


def put_aside(tx: Connection, sale: str, note: str, now: datetime) -> None:
    """Put an open sale aside, behind those that lie there."""
    sql.change(tx, PUT_ASIDE, (note, to_us(now), sale))


def set_note(tx: Connection, sale: str, note: str) -> None:
    """Say why a sale lies aside."""
    sql.change(tx, SET_NOTE, (note, sale))


def start_sale(tx: Connection, desk: Desk, *, day: str, operator: str, now: datetime) -> str:
    """Open a sale or delivery and return its number: terminal (and life), day, and a count within the day."""
    return str(sql.one(tx, START_SALE, (desk.numbers, day, desk.mode, operator, to_us(now)))[0])


def start_waiting(tx: Connection, desk: Desk, *, day: str, operator: str, now: datetime) -> str:
    """Begin the next sale behind the open one and return its number."""
    return str(sql.one(tx, START_WAITING, (desk.numbers, day, desk.mode, operator, to_us(now)))[0])


def open_waiting(tx: Connection, sale: str) -> None:
    """Open the sale that waited or was put aside, if no other is open."""
    sql.change(tx, OPEN_WAITING, (sale,))


def end_sale(tx: Connection, sale: str, state: SaleState, now: datetime) -> None:
    """Close or cancel a sale or delivery."""
    sql.change(tx, END_SALE, (state, to_us(now), sale))


def count_alarm(tx: Connection, sale: str) -> None:
    """Note that a pack was scanned that must not be handed out."""
    sql.change(tx, COUNT_ALARM, (sale,))


def alarms_of(tx: Connection, sale: str) -> int:
    """Return how many such packs were scanned during a sale."""
    return int(sql.one(tx, READ_ALARMS, (sale,))[0])


def put_on_list(tx: Connection, sale: str, item: LineItem, *, code: str, reading: Recorded) -> tuple[int, int]:
    """Put a pack on its line, starting the line if there is none; return the line and how many are on it now."""
    price = None if item.price is None else str(item.price)
    values = (sale, item.item, item.product, item.name, item.spec, item.insurance_class, price)
    line, quantity = sql.one(tx, PUT_ON_LINE, values)
    sql.change(tx, PUT_PACK, (sale, code, line, reading.id, reading.hlc))
    return line, quantity


def take_off_list(tx: Connection, sale: str, code: str) -> tuple[int, int] | None:
    """Take a pack off; return its line and how many are left on it, None if it was not on the list."""
    found = sql.first(tx, TAKE_PACK_OFF, (sale, code))
    if found is None:
        return None
    line, units = found
    return line, sql.one(tx, TAKE_ONE_OFF_LINE, (units, sale, line))[0]


def put_back_on_list(tx: Connection, sale: str, code: str) -> tuple[int, int] | None:
    """Put a pack back where it was; return its line and how many are on it now, None if it was not taken off."""
    found = sql.first(tx, PUT_PACK_BACK, (sale, code))
    if found is None:
        return None
    line, units = found
    return line, sql.one(tx, PUT_ONE_ON_LINE, (units, sale, line))[0]


def find_on_list(tx: Connection, sale: str, code: str) -> tuple[int, int] | None:
    """Return the line on which a pack is and how many are on it, None if it is not on the list."""
    found = sql.first(tx, WHERE_ON_LIST, (sale, code))
    if found is None:
        return None
    line, quantity = sql.one(tx, SELECT_LINE, (sale, found[0]))
    return line, quantity


def received_at(tx: Connection, code: str) -> datetime | None:
    """Return when this terminal received a pack; None if it did not, or if a sale of the pack came back since."""
    row = sql.first(tx, LAST_RECEIVED_OR_RETURNED, (code,))
    return from_us(row[1]) if row is not None and row[0] == PackState.RECEIVED else None


def find_sale_of(tx: Connection, code: str) -> SoldBy | None:
    """Return the sale that handed out a pack; None if this terminal did not, or it came back, here or in the site."""
    row = sql.first(tx, WHICH_SALE_SOLD, (code,))
    return None if row is None else SoldBy(row[0], from_us(row[1]), row[2], row[3])


def lines_of(tx: Connection, sale: str) -> list[LineRow]:
    """Return the lines that have packs on them, in order."""
    return [
        LineRow(line, product, name, spec, class_, None if price is None else Decimal(price), quantity, event, units)
        for line, product, name, spec, class_, price, quantity, event, units in sql.rows(tx, SELECT_LINES, (sale,))
    ]


def packs_of(tx: Connection, sale: str) -> list[PackRow]:
    """Return every pack that was ever on the list, by line and in the order of scanning."""
    return [
        PackRow(code, line, reading, PackState(state), units)
        for code, line, reading, state, units in sql.rows(tx, SELECT_PACKS, (sale,))
    ]


def move_packs(tx: Connection, sale: str, state: PackState) -> None:
    """Say what became of the packs that are on the list."""
    sql.change(tx, MOVE_PACKS, (state, sale))


def return_pack(tx: Connection, sale: str, code: str) -> None:
    """Note that a sold pack came back."""
    sql.change(tx, RETURN_PACK, (sale, code))


def note_line_event(tx: Connection, sale: str, line: int, event: str) -> None:
    """Keep which event closed a line."""
    sql.change(tx, NOTE_LINE_EVENT, (event, sale, line))


_AT_THE_COUNTER, _NEXT = 0, 1


def _sale(row: sql.Row) -> SaleRow:
    id_, mode, state, operator, opened_at, ended_at, alarms, place, note, aside_at = row
    ended, aside = (None if at is None else from_us(at) for at in (ended_at, aside_at))
    stands = SaleState(state)
    if stands is SaleState.OPEN and place != _AT_THE_COUNTER:
        stands = SaleState.WAITING if place == _NEXT else SaleState.HELD
    return SaleRow(id_, Mode(mode), stands, operator, from_us(opened_at), ended, alarms, note, aside)
