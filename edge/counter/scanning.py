"""One scan: read, looked up, judged, recorded. Nothing of it is shown before COMMIT has returned.

What is recorded: the scan with its raw bytes, one `scanned` event, the pack on its line, and `code_unmatched` where the
library knows nothing. A second scan of a pack that is on the list is kept as a scan but is no second event (T-23). A
scan while nobody is signed in is kept and reported, but opens no list: the boxes are scanned again after signing in.
While a sale is being paid, it stays as it is: what is scanned goes on the next one, which waits for it. Of a patient's
credential nothing is kept but a count (C-04).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from codes.pack import ProductKey, pack_key, product_keys
from codes.reading import Flag, Reading
from codes.words import Words
from edge.clock import SHOP_TIME
from edge.counter.expiring import find_expired, with_lot_named
from edge.counter.explaining import explained
from edge.counter.lines import item_of
from edge.counter.splitting import split_pack
from edge.counter.views import ScanShown, to_json
from edge.store import sales
from edge.store.catalogue import Match, look_up
from edge.store.outbox import Outbox
from edge.store.quarantine import find_quarantined
from edge.store.sales import Desk
from edge.store.scanner_profiles import find_gs_ok
from edge.store.scans import ScanRow, add_scan
from edge.store.site_apart import apart_at_site
from edge.store.site_held import held_at_site
from edge.store.site_sales import site_sale
from edge.store.splits import find_opened
from edge.store.terminal import count_credential
from rules.scan_judgement import Circumstances, Judgement, Listed, Mode, SoldBefore, Tone, Verdict, judge
from wire.events import MAX_CODE_LENGTH, CodeUnmatched, Scanned

SIGN_IN_FIRST = Verdict.SIGN_IN_FIRST
"""The verdict on a scan while nobody is signed in, whatever was scanned."""

MAX_RAW_BYTES = 4096
"""Longer than any code. Of a line that never ends only the beginning is kept."""
_MAX_DEVICE = 200


@dataclass(frozen=True, slots=True)
class Around:
    """What the counter remembers beside the store when a scan comes in."""

    reservation: timedelta
    """How long a scanned pack is set aside."""
    paid: str | None = None
    """The sale that is being paid."""
    came_during_close: bool = False
    """The scanner read it while the sale before was being closed."""
    is_repeat: Callable[[str], bool] = lambda _: False
    """Whether a pack was scanned a moment ago."""
    keeps_separators: bool = False
    """The device has sent a GS since the start."""


@dataclass(frozen=True, slots=True)
class _Place:
    """The list that a scan belongs to, and where its pack stands already."""

    sale: str | None
    """None if no such list was begun."""
    is_next: bool
    """It is the list after the one that is being paid."""
    listed: Listed = Listed.NO
    found: _Filed | None = None
    """Where the pack stands, if it is on a list."""
    aside: str | None = None
    """The list that was put aside and has it."""
    aside_at: str = ""
    """The other terminal of the site at which that lies; empty: here."""
    rest: int = 0
    """Units that are left in it, if it was opened."""


@dataclass(frozen=True, slots=True)
class _Code:
    """What was scanned, and what the library knows of it."""

    reading: Reading
    pack: str | None
    keys: tuple[ProductKey, ...]
    match: Match | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """Everything known of one scan when it is recorded."""

    code: _Code
    at: datetime
    mode: Mode
    said: Judgement
    reserved_until: datetime | None
    """Only what may be handed out is set aside."""


@dataclass(frozen=True, slots=True)
class _Filed:
    """Where the scan went."""

    sale: str | None = None
    line: int | None = None
    quantity: int | None = None
    event: str | None = None
    seq: int | None = None
    is_next: bool = False
    """On the list after the one that is being paid."""
    units: int | None = None
    """That an opened pack stands for."""


def record_scan(tx: Connection, outbox: Outbox, reading: Reading, around: Around, *, now: datetime) -> ScanShown:
    """Record one scan inside the transaction `tx` and return what to show of it."""
    desk = sales.see_desk(tx)
    code = _look_up(tx, reading)
    place = _place(tx, desk, code.pack, around)
    circumstances = _circumstances(tx, desk, code, place, is_paying=place.is_next or around.came_during_close)
    expired = find_expired(tx, reading, code.match, now) if code.pack and desk.mode is Mode.DISPENSE else None
    if expired is not None:
        circumstances = replace(circumstances, expired_on=expired.until)
    judgement = with_lot_named(judge(circumstances), expired)
    judgement = _said_where(tx, code.pack, judgement)
    keeps_separators = around.keeps_separators
    if Flag.NO_SEPARATOR in reading.flags:
        # What the set-up has shown of this scanner decides; without one, what it has sent since the start.
        gs_ok = find_gs_ok(tx, reading.source)
        keeps_separators = keeps_separators if gs_ok is None else gs_ok
    if place.rest and judgement.is_on_list:
        judgement = replace(judgement, words=_left(place.rest), hint=_COUNT_UNITS)
    judgement = explained(judgement, reading, code.match, keeps_separators=keeps_separators)
    is_reserved = judgement.is_on_list and desk.mode is Mode.DISPENSE
    seen = _Seen(code, now, desk.mode, judgement, now + around.reservation if is_reserved else None)
    if reading.kind.is_personal:
        count_credential(tx)
        return _show(seen, _Filed(desk.sale))
    filed = place.found or _file(tx, outbox, desk, seen, place)
    # The number is not known before the row is there, so the text that is kept has none.
    shown = _show(seen, filed)
    row = ScanRow(
        at=now,
        device=reading.source,
        symbology=reading.symbology,
        raw=reading.raw[:MAX_RAW_BYTES],
        kind=reading.kind,
        verdict=seen.said.verdict,
        sale=filed.sale,
        event=filed.event,
        shown=to_json(shown),
    )
    return replace(shown, id=add_scan(tx, row))


_FIRST = 1
"""Units that an opened pack stands for until somebody says how many."""
_COUNT_UNITS = Words("请填写本次售出的最小单位数。", "Say how many of its smallest units are sold.")


def _left(units: int) -> Words:
    return Words(f"拆零盒，余 {units}，先计 1", f"An opened pack with {units} units left; one is counted")


def _look_up(tx: Connection, reading: Reading) -> _Code:
    pack, keys = pack_key(reading), product_keys(reading)
    is_short = pack is not None and len(pack) <= MAX_CODE_LENGTH
    return _Code(reading, pack if is_short else None, keys, look_up(tx, keys))


def _place(tx: Connection, desk: Desk, pack: str | None, around: Around) -> _Place:
    is_next = desk.sale is not None and (desk.is_settling or desk.sale == around.paid)
    sale = desk.waiting if is_next else desk.sale
    if pack is None:
        return _Place(sale, is_next)
    # The list that is written on is looked at first: what it holds is a repeat, what the other one holds is news.
    for place, listed in (
        (desk.sale, Listed.BEING_PAID if is_next else Listed.BEFORE),
        (desk.waiting, Listed.BEFORE if is_next else Listed.NEXT),
    ):
        on_list = sales.find_on_list(tx, place, pack) if place else None
        if on_list is not None:
            is_repeat = listed is not Listed.NEXT and around.is_repeat(pack)
            return _Place(
                sale,
                is_next,
                Listed.JUST_NOW if is_repeat else listed,
                _Filed(place, *on_list, is_next=place == desk.waiting),
            )
    aside = sales.aside_with(tx, pack)
    # The list at the counter hears of it, and stays as it is.
    if aside is not None:
        return _Place(sale, is_next, Listed.HELD, _Filed(desk.sale), aside)
    there = held_at_site(tx, pack) if _is_free(tx, pack) else None
    if there is not None:
        return _Place(sale, is_next, Listed.HELD_AT_SITE, _Filed(desk.sale), there.sale, there.terminal)
    opened = find_opened(tx, pack) if desk.mode is Mode.DISPENSE else None
    return _Place(sale, is_next, rest=0 if opened is None else opened.rest)


def _is_free(tx: Connection, pack: str) -> bool:
    """Say whether nothing worse is known of a pack than that it may lie aside somewhere."""
    return sales.find_sale_of(tx, pack) is None and site_sale(tx, pack) is None and _came_back_at(tx, pack) is None


def _circumstances(tx: Connection, desk: Desk, code: _Code, place: _Place, *, is_paying: bool) -> Circumstances:
    pack, match = code.pack, code.match
    here = sales.find_sale_of(tx, pack) if pack else None
    there = site_sale(tx, pack) if pack and here is None else None
    return Circumstances(
        mode=desk.mode,
        reading=code.reading,
        pack=pack,
        level=None if match is None else match.level,
        listed=place.listed,
        held_on=place.aside,
        held_at=place.aside_at,
        sold_here=SoldBefore(desk.terminal, here.sale, here.closed_at.astimezone(SHOP_TIME)) if here else None,
        sold_at_site=SoldBefore(there.terminal, there.sale, there.at.astimezone(SHOP_TIME)) if there else None,
        came_back_at=_came_back_at(tx, pack),
        received_at=_received_at(tx, desk, pack),
        is_paying=is_paying,
        is_signed_in=desk.operator is not None,
    )


def _came_back_at(tx: Connection, pack: str | None) -> datetime | None:
    apart = (find_quarantined(tx, pack) or apart_at_site(tx, pack)) if pack else None
    return None if apart is None else apart.since.astimezone(SHOP_TIME)


def _said_where(tx: Connection, pack: str | None, judgement: Judgement) -> Judgement:
    """Name the terminal at which a pack lies apart, and is released, if that is another one."""
    if judgement.verdict is not Verdict.QUARANTINED or pack is None or find_quarantined(tx, pack) is not None:
        return judgement
    there = apart_at_site(tx, pack)
    if there is None:
        return judgement
    hint = Words(
        f"该盒在终端 {there.terminal} 隔离（单号 {there.sale}）：请放回；可再售的，在该终端由负责人解除隔离。",
        f"It lies apart at {there.terminal} (sale {there.sale}): put it back, or have it released by name there first.",
    )
    return replace(judgement, hint=hint)


def _received_at(tx: Connection, desk: Desk, pack: str | None) -> datetime | None:
    at = sales.received_at(tx, pack) if pack and desk.mode is Mode.RECEIVE else None
    return at.astimezone(SHOP_TIME) if at else None


def _file(tx: Connection, outbox: Outbox, desk: Desk, seen: _Seen, place: _Place) -> _Filed:
    """Put the scan where it belongs, with its events."""
    day = seen.at.astimezone(SHOP_TIME).strftime("%Y%m%d")
    sale = place.sale
    if sale is None and desk.operator and (seen.said.is_on_list or seen.said.tone is Tone.ALARM):
        start = sales.start_waiting if place.is_next else sales.start_sale
        sale = start(tx, desk, day=day, operator=desk.operator, now=seen.at)
    # Number 0 of the day stands for "during no sale": wrong codes before the first box, scans before sign-in.
    document = sale or f"{desk.terminal}-{day}-0"
    code = seen.code
    fact = Scanned(
        sale=document,
        reading=code.reading.kind,
        device=code.reading.source[:_MAX_DEVICE],
        verdict=seen.said.verdict,
        code=None if Flag.PLACEHOLDER in code.reading.flags else code.pack,
        product=code.match.product if code.match and code.pack else None,
        reserved_until=seen.reserved_until,
        flags=tuple(code.reading.flags),
    )
    recorded = outbox.append(tx, fact, operator=desk.operator, now=seen.at)
    if sale is not None and seen.said.tone is Tone.ALARM:
        sales.count_alarm(tx, sale)
    where = _Filed(sale, event=recorded.id, seq=recorded.seq, is_next=place.is_next)
    if sale is None or code.pack is None or not seen.said.is_on_list:
        return where
    if code.match is None:
        looked_up: list[tuple[str, str]] = [(key.system, key.key) for key in code.keys]
        outbox.append(tx, CodeUnmatched(sale, code.pack, looked_up), operator=desk.operator, now=seen.at)
    item = item_of(code.match, code.keys, code.pack, desk.mode)
    line, quantity = sales.put_on_list(tx, sale, item, code=code.pack, reading=recorded)
    if not place.rest:
        return replace(where, line=line, quantity=quantity)
    split_pack(tx, sale, code.pack, _FIRST)
    line, quantity = sales.find_on_list(tx, sale, code.pack) or (line, quantity)
    return replace(where, line=line, quantity=quantity, units=_FIRST)


def _show(seen: _Seen, filed: _Filed) -> ScanShown:
    code, match = seen.code, seen.code.match
    # A code that is no pack may name a product, but never a price; neither does a delivery.
    is_priced = filed.line is not None and seen.mode is Mode.DISPENSE
    return ScanShown(
        id=None,
        at=seen.at,
        code=code.pack or code.reading.value,
        kind=code.reading.kind,
        verdict=seen.said.verdict,
        tone=seen.said.tone,
        words=seen.said.words,
        hint=seen.said.hint,
        product=match.product if match else None,
        name=match.name if match else None,
        spec=match.spec if match else None,
        insurance_class=match.insurance_class if match else None,
        price=match.price if match and is_priced else None,
        line=filed.line,
        quantity=filed.quantity,
        device=code.reading.source,
        sale=filed.sale,
        seq=filed.seq,
        flags=tuple(code.reading.flags),
        is_next=filed.is_next,
        units=filed.units,
    )
