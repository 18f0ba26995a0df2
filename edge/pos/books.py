"""Who paid, in the books of this terminal: settlements that the institution's software made through the proxy.

One answer for everybody who asks whether a sale is insured: the till, the ticket, the end of the day. What that
software cancels is cancelled here as well, whoever had settled it.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec
from sqlalchemy import Connection

from codes.words import Words
from edge.alerts import Alert, alert_json
from edge.clock import SHOP_TIME, Clock
from edge.counter.returning import Wanted, take_back
from edge.pos.ports import Cancelled, Settled
from edge.pos.stored import Commits
from edge.sealing import SealBrokenError, Sealer
from edge.store import rung_up, sales
from edge.store.outbox import Outbox
from edge.store.rung_up import RungUp
from edge.store.settlements import (
    SettlementRow,
    asked_place,
    set_overtaken,
    set_standing_again,
    settlements_of,
)
from edge.till.asked import AskedSettlement, Insurance, Person
from rules.scan_judgement import Tone
from rules.settling import Standing
from web.live import LiveBus

LONGEST_NUMBER = 64
"""Of a sale in a fact."""
NOT_GONE = timedelta(minutes=30)
"""So soon after a settlement its cancellation means that the packs have not left; later they come back, or stay out."""
_NAMED = "pos.cancelled"
_NEXT = Words(
    "请勿再退款；药品退回时请照常办理退货。", "Pay nothing back. Take the packs back as a return when they come."
)
_TAKEN_BACK = Words("收银软件已冲正（2601）", "taken back by the institution's own software (2601)")
_CAME_BACK = "收银软件撤销 / cancelled by the POS"


class CounterBooks:
    """Writes them, each in one transaction; what is written twice stands once."""

    def __init__(self, commits: Commits, sealer: Sealer, outbox: Outbox, bus: LiveBus, clock: Clock) -> None:
        self._commits, self._sealer, self._outbox = commits, sealer, outbox
        self._bus, self._clock = bus, clock

    async def settled(self, one: Settled) -> str:
        """Keep a settlement; return the number under which its sale is told."""
        return await self._commits(lambda tx: self._settled(tx, one))

    async def number_of(self, setl_id: str, otherwise: str) -> str:
        """Return the number under which the sale of a settlement is told; of one that is not kept here, another."""
        found = await self._commits(lambda tx: rung_up.number_of(tx, setl_id, "")) if setl_id else None
        return found or otherwise[:LONGEST_NUMBER] or setl_id

    async def undone(self, one: Cancelled) -> None:
        """Let a settlement not stand any more, or stand again."""
        cancelled = await self._commits(lambda tx: self._undone(tx, one))
        if cancelled is not None and not cancelled.is_by_pos:
            words = Words(
                f"销售 {cancelled.sale} 的医保结算已由收银软件撤销",
                f"The institution's own software has cancelled the settlement of {cancelled.sale}",
            )
            self._bus.publish("alert", alert_json(Alert(_NAMED, Tone.NOTICE, words, _NEXT)))

    def _settled(self, tx: Connection, one: Settled) -> str:
        known = rung_up.number_of(tx, one.paid.setl_id, one.msgid)
        if known is not None:
            return known
        number = one.number if self._is_usable(tx, one) else one.paid.setl_id or one.msgid
        insurance = Insurance(one.insutype, one.district, one.fee * 0)
        asked = AskedSettlement(
            Person(one.person, "", "", "", (insurance,)), insurance, one.begun, one.category, one.uses_account, ()
        )
        sealed = self._sealer.seal(msgspec.json.encode(asked), asked_place(number))
        desk = sales.see_desk(tx)
        rung_up.put_rung_up(
            tx,
            RungUp(
                number, one.operator, desk.shift, one.msgid, one.begun, sealed, one.insutype, one.fee, one.paid,
                one.is_found,
            ),
        )  # fmt: skip
        return number

    def _is_usable(self, tx: Connection, one: Settled) -> bool:
        """Say whether a sale can be kept under the software's number: it is nobody else's, and no other day's.

        Who counts anew each day gives a number to many. Of one that is settled anew on its day the centre has cancelled
        the settlement before, be it that nobody here has heard of it.
        """
        if not 0 < len(one.number) <= LONGEST_NUMBER or rung_up.is_taken(tx, one.number):
            return False
        rows = [row for row in settlements_of(tx, one.number) if row.paid is not None]
        return all(self._is_same(row, one) for row in rows)

    def _is_same(self, row: SettlementRow, one: Settled) -> bool:
        days = {at.astimezone(SHOP_TIME).date() for at in (one.paid.at, row.paid.at if row.paid else one.paid.at)}
        is_over = row.standing is Standing.UNDONE
        return person_of(row, self._sealer) == one.person and (is_over or len(days) == 1)

    def _undone(self, tx: Connection, one: Cancelled) -> SettlementRow | None:
        """Return the settlement that was cancelled by this, if it is known here and stood."""
        row = rung_up.settlement_named(tx, one.setl_id, one.omsgid)
        if row is None:
            return None
        if one.omsgid and row.undo_msgid == one.omsgid:
            if row.standing is Standing.UNDONE:
                set_standing_again(tx, row.sale, row.nth, str(_TAKEN_BACK))
            return None
        if row.standing is not Standing.SETTLED:
            # What this terminal is undoing itself it hears of by its own message.
            return None
        if row.is_by_pos:
            self._take_untold(tx, row, one)
        told = str(_cancelled_by(one))
        if one.omsgid:
            rung_up.strike_out(tx, row, str(_TAKEN_BACK))
        elif one.is_found:
            set_overtaken(tx, row.sale, row.nth, told)
        else:
            rung_up.undo_by(tx, row, one.msgid, one.at, told)
        return row

    def _take_untold(self, tx: Connection, row: SettlementRow, one: Cancelled) -> None:
        """Let packs that no ledger has been told of lie at the counter again, if they cannot have left it."""
        paid, now = row.paid, self._clock.now()
        if paid is None or now - paid.at > NOT_GONE:
            return
        for sale, code in rung_up.untold_packs(tx, row.sale, paid.setl_id):
            wanted = Wanted(sale, (code,), _CAME_BACK, 0)
            operator = sales.see_desk(tx).operator or row.operator or one.institution
            take_back(tx, self._outbox, wanted, operator=operator, now=now, is_apart=False)


def person_of(row: SettlementRow, sealer: Sealer) -> str | None:
    """Return whose settlement it is; None if nobody can read that any more."""
    try:
        plain = sealer.open(row.asked, asked_place(row.sale))
    except SealBrokenError:
        return None
    return msgspec.json.decode(plain, type=AskedSettlement).person.number


def _cancelled_by(one: Cancelled) -> Words:
    return Words(f"由收银软件撤销（报文 {one.msgid}）", f"cancelled by the institution's own software ({one.msgid})")
