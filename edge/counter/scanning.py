"""One scan: read, looked up, judged, recorded. Nothing of it is shown before COMMIT has returned.

What is recorded: the scan with its raw bytes, one `scanned` event, the pack on its line, and `code_unmatched` where the
library knows nothing. A second scan of a pack that is on the list is kept as a scan but is no second event (T-23). A
scan while nobody is signed in is kept and reported, but opens no list: the boxes are scanned again after signing in.
Of a patient's credential nothing is kept but a count (C-04).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from codes.pack import ProductKey, pack_key, product_keys
from codes.reading import Flag, Reading
from codes.words import Words
from edge.clock import SHOP_TIME
from edge.counter.explaining import explained
from edge.counter.lines import item_of
from edge.counter.views import ScanShown, to_json
from edge.store import sales
from edge.store.catalogue import Match, look_up
from edge.store.outbox import Outbox
from edge.store.sales import Desk
from edge.store.scanner_profiles import find_gs_ok
from edge.store.scans import ScanRow, add_scan
from edge.store.terminal import count_credential
from rules.scan_judgement import Circumstances, Judgement, Mode, Tone, Verdict, judge
from wire.events import MAX_CODE_LENGTH, CodeUnmatched, Scanned

SIGN_IN_FIRST = "sign_in_first"
"""The verdict on a scan while nobody is signed in, whatever was scanned."""

MAX_RAW_BYTES = 4096
"""Longer than any code. Of a line that never ends only the beginning is kept."""
_MAX_DEVICE = 200
_NO_OPERATOR = (
    Tone.NOTICE,
    Words("尚未登录，此次扫码已留存，未加入清单", "Nobody is signed in; the scan was kept but is on no list"),
    Words("请登录后重新扫描。", "Sign in, then scan it again."),
)


@dataclass(frozen=True, slots=True)
class _Said:
    """The verdict and how to say it."""

    verdict: str
    tone: Tone
    words: Words
    hint: Words | None
    is_on_list: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    """Everything known of one scan when it is recorded."""

    reading: Reading
    pack: str | None
    keys: tuple[ProductKey, ...]
    match: Match | None
    at: datetime
    mode: Mode
    said: _Said


@dataclass(frozen=True, slots=True)
class _Filed:
    """Where the scan went."""

    sale: str | None = None
    line: int | None = None
    quantity: int | None = None
    event: str | None = None
    seq: int | None = None


def record_scan(
    tx: Connection,
    outbox: Outbox,
    reading: Reading,
    *,
    now: datetime,
    reservation: timedelta,
    keeps_separators: bool = False,
) -> ScanShown:
    """Record one scan inside the transaction `tx` and return what to show of it (`explained` says the last flag)."""
    desk = sales.see_desk(tx)
    pack, keys = _pack_of(reading), product_keys(reading)
    match = look_up(tx, keys)
    on_list = sales.find_on_list(tx, desk.sale, pack) if desk.sale and pack else None
    judgement = _judge(tx, desk, reading, pack, match, is_in_sale=on_list is not None)
    if Flag.NO_SEPARATOR in reading.flags:
        # What the set-up has shown of this scanner decides; without one, what it has sent since the start.
        gs_ok = find_gs_ok(tx, reading.source)
        keeps_separators = keeps_separators if gs_ok is None else gs_ok
    judgement = explained(judgement, reading, match, keeps_separators=keeps_separators)
    seen = _Seen(reading, pack, keys, match, now, desk.mode, _say(desk, judgement))
    if reading.kind.is_personal:
        count_credential(tx)
        return _show(seen, _Filed(desk.sale))
    filed = _Filed(desk.sale, *on_list) if on_list else _file(tx, outbox, desk, seen, reservation)
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


def _pack_of(reading: Reading) -> str | None:
    pack = pack_key(reading)
    return pack if pack is not None and len(pack) <= MAX_CODE_LENGTH else None


def _judge(
    tx: Connection, desk: Desk, reading: Reading, pack: str | None, match: Match | None, *, is_in_sale: bool
) -> Judgement:
    return judge(
        Circumstances(
            mode=desk.mode,
            reading=reading,
            pack=pack,
            level=None if match is None else match.level,
            is_in_sale=is_in_sale,
            is_sold_here=pack is not None and sales.is_sold_here(tx, pack),
            received_at=_received_at(tx, desk, pack),
        )
    )


def _received_at(tx: Connection, desk: Desk, pack: str | None) -> datetime | None:
    at = sales.received_at(tx, pack) if pack and desk.mode is Mode.RECEIVE else None
    return at.astimezone(SHOP_TIME) if at else None


def _say(desk: Desk, judgement: Judgement) -> _Said:
    if desk.operator is None and judgement.verdict is not Verdict.CREDENTIAL:
        return _Said(SIGN_IN_FIRST, *_NO_OPERATOR, is_on_list=False)
    return _Said(judgement.verdict, judgement.tone, judgement.words, judgement.hint, judgement.is_on_list)


def _file(tx: Connection, outbox: Outbox, desk: Desk, seen: _Seen, reservation: timedelta) -> _Filed:
    """Put the scan where it belongs, with its events."""
    day = seen.at.astimezone(SHOP_TIME).strftime("%Y%m%d")
    sale = desk.sale
    if sale is None and desk.operator and (seen.said.is_on_list or seen.said.tone is Tone.ALARM):
        sale = sales.start_sale(tx, desk, day=day, operator=desk.operator, now=seen.at)
    # Number 0 of the day stands for "during no sale": wrong codes before the first box, scans before sign-in.
    document = sale or f"{desk.terminal}-{day}-0"
    is_reserved = seen.said.is_on_list and desk.mode is Mode.DISPENSE
    fact = Scanned(
        sale=document,
        reading=seen.reading.kind,
        device=seen.reading.source[:_MAX_DEVICE],
        verdict=seen.said.verdict,
        code=None if Flag.PLACEHOLDER in seen.reading.flags else seen.pack,
        product=seen.match.product if seen.match and seen.pack else None,
        reserved_until=seen.at + reservation if is_reserved else None,
        flags=tuple(seen.reading.flags),
    )
    recorded = outbox.append(tx, fact, operator=desk.operator, now=seen.at)
    if sale is not None and seen.said.tone is Tone.ALARM:
        sales.count_alarm(tx, sale)
    if sale is None or seen.pack is None or not seen.said.is_on_list:
        return _Filed(sale, event=recorded.id, seq=recorded.seq)
    if seen.match is None:
        looked_up: list[tuple[str, str]] = [(key.system, key.key) for key in seen.keys]
        outbox.append(tx, CodeUnmatched(sale, seen.pack, looked_up), operator=desk.operator, now=seen.at)
    item = item_of(seen.match, seen.keys, seen.pack, desk.mode)
    return _Filed(sale, *sales.put_on_list(tx, sale, item, code=seen.pack, reading=recorded), recorded.id, recorded.seq)


def _show(seen: _Seen, filed: _Filed) -> ScanShown:
    match = seen.match
    # A code that is no pack may name a product, but never a price; neither does a delivery.
    is_priced = filed.line is not None and seen.mode is Mode.DISPENSE
    return ScanShown(
        id=None,
        at=seen.at,
        code=seen.pack or seen.reading.value,
        kind=seen.reading.kind,
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
        device=seen.reading.source,
        sale=filed.sale,
        seq=filed.seq,
        flags=tuple(seen.reading.flags),
    )
