"""Listen-only mode: what goes by is watched, nothing of it is changed, and the sales that would stay unpaid are told.

Here facts of exchanges are put together, in their order; `edge.pos.overheard` makes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from codes.words import Words
from edge.pos.overheard import (
    Fact,
    Passed,
    Returned,
    Settled,
    Tried,
    Undone,
    Unread,
    Upload,
    Uploaded,
    VisitLines,
)
from edge.pos.ports import Goods
from rules.scan_binding import SaleLine
from rules.unpaid import ToldCodes, UnpaidReport, WatchedSale, report_on
from wire.fsi.areas import Area, Channel
from wire.fsi.values import BEIJING

GRACE = timedelta(hours=24)
"""How long an upload may take before its lack is told."""
_MOST_LINES_HELD = 10_000
_MOST_UNREAD_KINDS = 100


@dataclass(slots=True)
class _Sale:
    """What is known of one sale so far."""

    watched: WatchedSale
    at: datetime
    attempt: str
    uploads: list[ToldCodes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Heard:
    """What listening found."""

    unpaid: UnpaidReport
    waiting: int
    """Settled a short time ago and not uploaded yet: nothing is said of them."""
    exchanges: int
    unread: Mapping[Words, int]
    """Messages that could not be read, and why."""
    unjoined: int
    """Uploads of insured sales that name no settlement that went by."""


class Listener:
    """Puts exchanges together, in their order."""

    def __init__(self, area: Area, goods: Goods) -> None:
        self._area = area
        self._goods = goods
        self._sales: dict[str, _Sale] = {}
        self._visit_lines: dict[tuple[str, str], tuple[SaleLine, ...]] = {}
        self._trials: dict[str, Decimal] = {}
        self._sold: dict[str, str] = {}
        self._msgids: dict[str, str] = {}
        self._unread: Counter[Words] = Counter()
        self._exchanges = 0
        self._unjoined = 0

    def add(self, at: datetime, fact: Fact) -> None:  # noqa: C901 - one branch a kind of fact
        """Take one fact."""
        self._exchanges += 1
        match fact:
            case VisitLines(lines):
                self._note_visit_lines(lines)
            case Tried(attempt, amount):
                self._trials[attempt] = amount
            case Settled():
                self._settlement(at, fact)
            case Undone(setl_id, msgid):
                self._forget(setl_id or self._msgids.get(msgid, ""))
            case Uploaded():
                for row in fact.rows:
                    self._upload(row, fact)
            case Returned(codes):
                for code in codes:
                    self._sold.pop(code, None)
            case Unread(zh, en):
                self._cannot_read(Words(zh, en))
            case Passed():
                pass

    def report(self, until: datetime, grace: timedelta = GRACE, since: date = date.min) -> Heard:
        """Return what would have been unpaid of all that went by until now, of sales since a day."""
        settled = {one.attempt for one in self._sales.values() if one.watched.is_settled}
        ready, waiting = [], 0
        for one in self._sales.values():
            if one.watched.day < since:
                continue
            if not one.watched.is_settled and one.attempt and one.attempt in settled:
                continue
            sale = replace(one.watched, uploads=self._uploads_of(one))
            if sale.is_settled and sale.uploads == () and sale.lines and until - one.at < grace:
                waiting += 1
            else:
                ready.append(sale)
        unpaid = report_on(ready, self._goods.about)
        return Heard(unpaid, waiting, self._exchanges, dict(self._unread), self._unjoined)

    def _uploads_of(self, sale: _Sale) -> tuple[ToldCodes, ...] | None:
        return tuple(sale.uploads) if Channel.SALE in self._area.trace_channels else None

    def _note_visit_lines(self, lines: Sequence[tuple[str, str, SaleLine]]) -> None:
        for visit, charge, line in lines:
            key = (visit, charge)
            self._visit_lines[key] = (*self._visit_lines.get(key, ()), line)
        while len(self._visit_lines) > _MOST_LINES_HELD:
            del self._visit_lines[next(iter(self._visit_lines))]

    def _settlement(self, at: datetime, fact: Settled) -> None:
        key = fact.key
        if key in self._sales and self._sales[key].watched.is_settled:
            return  # the answer to a repeated message
        lines = fact.lines if fact.visit is None else self._visit_lines.get(fact.visit, ())
        sale = WatchedSale(
            key=key,
            day=at.astimezone(BEIJING).date(),
            lines=tuple(line for line in lines if line.needs),
            amount=fact.amount if fact.is_settled else self._trials.get(fact.attempt, Decimal(0)),
            is_settled=fact.is_settled,
            refusal=fact.refusal,
            at_settlement=self._at_settlement(fact, lines),
            scanned=None if fact.scanned is None else Counter(fact.scanned),
        )
        self._sales[key] = _Sale(sale, at, fact.attempt)
        self._msgids[fact.msgid] = key

    def _at_settlement(self, fact: Settled, lines: Sequence[SaleLine]) -> tuple[ToldCodes, ...] | None:
        if Channel.SETTLEMENT not in self._area.trace_channels:
            return None
        items = {line.serial: line.item for line in lines}
        told: dict[str, list[str]] = {}
        for serial, code in fact.codes:
            told.setdefault(items.get(serial, ""), []).append(code)
        if not fact.is_settled:
            return ()
        return tuple(self._told(fact.key, item, codes) for item, codes in told.items())

    def _told(self, sale: str, item: str, codes: Sequence[str]) -> ToldCodes:
        before = frozenset(code for code in codes if self._sold.setdefault(code, sale) != sale)
        return ToldCodes(item, tuple(codes), sold_before=before)

    def _upload(self, row: Upload, fact: Uploaded) -> None:
        sale = self._sales.get(row.setl_id)
        self._unjoined += sale is None and bool(row.setl_id)
        if fact.is_accepted:
            told = self._told(row.setl_id or row.document, row.item, row.codes)
        else:
            told = ToldCodes(row.item, row.codes, is_accepted=False, said=fact.reason)
        if sale is not None:
            sale.uploads.append(told)

    def _forget(self, key: str) -> None:
        """A sale that was undone is none; its packs may be sold again."""
        if self._sales.pop(key, None) is not None:
            self._sold = {code: sale for code, sale in self._sold.items() if sale != key}

    def _cannot_read(self, why: Words) -> None:
        if why in self._unread or len(self._unread) < _MOST_UNREAD_KINDS:
            self._unread[why] += 1
