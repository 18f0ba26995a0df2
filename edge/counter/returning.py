"""Packs of a closed sale come back: each is judged by the table of returns, then all of them or none (T-24).

What is known here decides: the sale and its packs, when it was closed, the expiry date that the code carries. Recalls
do not reach terminals yet, so none is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection

from codes.classify import read
from codes.pack import parse_pack_key
from codes.reading import Kind
from codes.words import Words
from edge.clock import SHOP_TIME
from edge.counter.errors import (
    NotSignedInError,
    PackExpiredError,
    PackNotSoldError,
    PackRecalledError,
    PackReturnedBeforeError,
    ReturnTooLateError,
    RungUpElsewhereError,
    SaleNotClosedError,
    SaleUnknownError,
    SettlingError,
    SoldAtSiteError,
)
from edge.counter.splitting import SplitNotReturnedError
from edge.counter.views import ReturnedPacks
from edge.errors import EdgeError
from edge.store import sales
from edge.store.outbox import Outbox
from edge.store.pos_codes import held_by_pos
from edge.store.quarantine import Quarantined, quarantine
from edge.store.rung_up import is_cancelled_by_pos, told_as, told_from
from edge.store.sales import PackRow, PackState, SaleRow, SaleState
from edge.store.scans import dated_scans
from edge.store.settlements import settlements_of
from edge.store.site_sales import site_sale
from edge.store.splits import put_units_back
from edge.store.undertakings import open_undertaking_of, self_paid_since
from rules.return_judgement import (
    WORDS,
    PackThere,
    ReturnFacts,
    ReturnVerdict,
    SaleThere,
    is_expired,
    is_in_time,
    judge_return,
)
from rules.scan_judgement import Mode
from rules.settling import Standing
from wire.events import PackInLine, SaleReturned

REFUSALS: Mapping[ReturnVerdict, type[EdgeError]] = MappingProxyType(
    {
        ReturnVerdict.SALE_UNKNOWN: SaleUnknownError,
        ReturnVerdict.SOLD_AT_SITE: SoldAtSiteError,
        ReturnVerdict.SALE_NOT_CLOSED: SaleNotClosedError,
        ReturnVerdict.PACK_NOT_SOLD: PackNotSoldError,
        ReturnVerdict.RETURNED_BEFORE: PackReturnedBeforeError,
        ReturnVerdict.RECALLED: PackRecalledError,
        ReturnVerdict.EXPIRED: PackExpiredError,
        ReturnVerdict.TOO_LATE: ReturnTooLateError,
    }
)
"""How each refusal is called at the border."""

_SALES = MappingProxyType(
    {
        SaleState.OPEN: SaleThere.OPEN,
        SaleState.WAITING: SaleThere.OPEN,
        SaleState.HELD: SaleThere.OPEN,
        SaleState.CLOSED: SaleThere.CLOSED,
        SaleState.CANCELLED: SaleThere.CANCELLED,
    }
)
_PACKS = MappingProxyType({PackState.SOLD: PackThere.SOLD, PackState.RETURNED: PackThere.RETURNED})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to come back."""

    sale: str
    codes: Sequence[str]
    reason: str
    within_days: int
    """How long after the sale; 0 for no limit."""


def return_packs(tx: Connection, outbox: Outbox, wanted: Wanted, *, now: datetime) -> ReturnedPacks:
    """Take packs of a closed sale back, one fact for each line they belong to.

    Raises:
        NotSignedInError: Nobody is signed in.
        RungUpElsewhereError: The institution's own software rang it up.
        SettlingError: The insurance has settled it, or something of it is under way.
        EdgeError: One of `REFUSALS`: a pack may not come back; then none does.
    """
    operator = sales.see_desk(tx).operator
    if operator is None:
        raise NotSignedInError
    _refuse_insured(tx, wanted.sale)
    codes = refuse_return(tx, wanted, now=now)
    events = take_back(tx, outbox, replace(wanted, codes=codes), operator=operator, now=now)
    return ReturnedPacks(wanted.sale, codes, wanted.reason, events)


def _refuse_insured(tx: Connection, sale: str) -> None:
    """Refuse to take packs back for cash that the insurance has paid, or while it is asked."""
    if not _is_cancelled_by_pos(tx, sale):
        refuse_rung_up(tx, sale)
    if is_insured(tx, sale):
        raise SettlingError(sale)


def is_insured(tx: Connection, sale: str) -> bool:
    """Say whether packs of a sale come back by way of the insurance alone.

    A settlement that was cancelled is none that nobody paid: whoever cancelled it has given the money back, and only
    where the person pays for what stays is there cash of this sale in the drawer. Of what the institution's own
    software rang up no money is here at all (`refuse_rung_up`), nor of what it has cancelled: packs of that come back
    without any.
    """
    if open_undertaking_of(tx, sale) is not None:
        return True
    if told_as(tx, sale) is not None or is_cancelled_by_pos(tx, sale):
        return False
    since = self_paid_since(tx, sale)
    rows = (row for row in settlements_of(tx, sale) if row.standing is not Standing.NONE)
    return any(since is None or row.begun_at >= since for row in rows)


def _is_cancelled_by_pos(tx: Connection, sale: str) -> bool:
    """Say whether the institution's own software settled a sale and cancelled it: no money moves for its packs."""
    rows = settlements_of(tx, sale) if told_as(tx, sale) is not None else ()
    return bool(rows) and all(row.standing in {Standing.NONE, Standing.UNDONE} for row in rows)


def refuse_rung_up(tx: Connection, sale: str) -> None:
    """Refuse to move the money of a sale that the institution's own software rang up.

    Raises:
        RungUpElsewhereError: It did.
    """
    number = told_as(tx, sale)
    if number is not None:
        paid = next((row.paid for row in reversed(settlements_of(tx, sale)) if row.paid is not None), None)
        raise RungUpElsewhereError(sale, number, "" if paid is None else paid.setl_id)
    # Where the proxy only listens its packs are closed by hand, and it has settled them all the same.
    held = held_by_pos(tx, sale)
    if held is not None and held.setl_id and not settlements_of(tx, sale):
        raise RungUpElsewhereError(sale, held.setl_id)


def refuse_return(
    tx: Connection, wanted: Wanted, *, now: datetime, back: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, ...]:
    """Let packs pass that may come back, each once; nothing is changed.

    Args:
        tx: The transaction to look in.
        wanted: The packs.
        now: The device's clock.
        back: Packs of the sale that came back, and at which other terminal; empty: at this one.

    Raises:
        EdgeError: One of `REFUSALS`: a pack may not come back; then none does.
    """
    codes = tuple(dict.fromkeys(wanted.codes))
    row = sales.find_sale(tx, wanted.sale)
    there = {pack.code: pack for pack in sales.packs_of(tx, wanted.sale)}
    for code in codes:
        if code in there and there[code].units is not None:
            raise SplitNotReturnedError(code)
    expiries = expiries_carried(tx, wanted.sale, codes)
    is_soon = row is None or row.ended_at is None or is_in_time(row.ended_at, now, wanted.within_days)
    today = now.astimezone(SHOP_TIME).date()
    judged = {
        code: judge_return(
            ReturnFacts(
                sale=_sale_there(tx, wanted.sale, row, code),
                pack=_pack_there(there.get(code), back),
                recalled=False,
                expired=is_expired(expiries.get(code), today),
                in_time=is_soon,
            )
        )
        for code in codes
    }
    refuse_judged(tx, wanted, judged, back)
    return codes


def take_back(
    tx: Connection, outbox: Outbox, wanted: Wanted, *, operator: str, now: datetime, is_apart: bool = True
) -> tuple[str, ...]:
    """Write that packs have come back, one fact for each line, and set them apart; return the facts.

    Args:
        tx: The transaction in which it becomes true.
        outbox: Where the facts go.
        wanted: The packs; whether they may come back was judged before.
        operator: Who takes them; somebody else may be signed in by now.
        now: The device's clock.
        is_apart: They were in a patient's hands, and lie apart until somebody answers for them.
    """
    packs = [pack for pack in sales.packs_of(tx, wanted.sale) if pack.code in wanted.codes]
    number, before = told_as(tx, wanted.sale) or wanted.sale, told_from(tx, wanted.sale)
    events = []
    for line in sorted({pack.line for pack in packs}):
        in_line = [PackInLine(pack.code, pack.reading) for pack in packs if pack.line == line]
        fact = SaleReturned(number, before + line, in_line, wanted.reason)
        events.append(outbox.append(tx, fact, operator=operator, now=now).id)
    for pack in packs:
        if pack.units is not None and not is_apart:
            put_units_back(tx, pack.code, pack.units)
    for code in wanted.codes:
        sales.return_pack(tx, wanted.sale, code)
        if is_apart:
            quarantine(tx, Quarantined(code, wanted.sale, now, wanted.reason, operator))
    return tuple(events)


def expiries_carried(tx: Connection, sale: str, codes: Sequence[str]) -> dict[str, str]:
    """Return the expiry dates that codes of a sale of this terminal carry, as ISO, by pack. A trace code has none."""
    row = sales.find_sale(tx, sale) if any(map(may_carry_a_date, codes)) else None
    return {} if row is None else _expiries(tx, row, [pack for pack in sales.packs_of(tx, sale) if pack.code in codes])


def may_carry_a_date(code: str) -> bool:
    """Say whether the code on a pack may tell when it expires."""
    key = parse_pack_key(code)
    return key is None or key.kind is not Kind.TRACE


def _pack_there(pack: PackRow | None, back: Mapping[str, str]) -> PackThere:
    if pack is None:
        return PackThere.ABSENT
    return PackThere.RETURNED if pack.code in back else _PACKS.get(pack.state, PackThere.ABSENT)


def _sale_there(tx: Connection, number: str, row: SaleRow | None, code: str) -> SaleThere:
    if row is not None and row.mode is Mode.DISPENSE:
        return _SALES[row.state]
    told = site_sale(tx, code)
    return SaleThere.AT_SITE if told is not None and told.sale == number else SaleThere.UNKNOWN


def _expiries(tx: Connection, row: SaleRow, packs: Sequence[PackRow]) -> dict[str, str]:
    dated = [pack for pack in packs if may_carry_a_date(pack.code)]
    scans = dated_scans(tx, row.id) if dated else {}
    found: dict[str, str] = {}
    for pack in dated:
        scan = scans.get(pack.reading)
        expiry = read(scan, row.opened_at.year).fields.get("expiry") if scan else None
        if isinstance(expiry, str):
            found[pack.code] = expiry
    return found


def refuse_judged(
    tx: Connection, wanted: Wanted, judged: Mapping[str, ReturnVerdict], back: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Refuse for the gravest reason there is, in the order of the table, naming each pack of which it is true.

    Raises:
        EdgeError: One of `REFUSALS`.
    """
    refused = next((verdict for verdict in REFUSALS if verdict in judged.values()), None)
    if refused is None:
        return
    codes = [code for code, verdict in judged.items() if verdict is refused]
    told = site_sale(tx, codes[0])
    known = {"sale": wanted.sale, "days": wanted.within_days, "terminal": told.terminal if told else ""}
    words, where = WORDS[refused], _where(codes, back)
    zh, en = words.zh.format(codes="、".join(codes), **known), words.en.format(codes=", ".join(codes), **known)
    raise REFUSALS[refused](Words(zh + where.zh, en + where.en))


def _where(codes: Sequence[str], back: Mapping[str, str]) -> Words:
    """Say at which other terminals packs came back; nothing where none of them did."""
    named = sorted({back[code] for code in codes if back.get(code)})
    return Words(f"（在 {'、'.join(named)}）", f" at {', '.join(named)}") if named else Words("", "")
