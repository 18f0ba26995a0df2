"""What the centre has lost of a sale, because it went back to a backup, is told to it once more.

Whoever was settled has paid and gone: what stands here is asked for again under the sale's number, with what was asked
then, and what was cancelled here is cancelled again. Only where the centre says that it has no such settlement, or that
it stands; else nothing is asked, and no money moves but for what another amount makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from edge.counter.returning import refuse_rung_up
from edge.errors import EdgeError
from edge.fsi.journal import Told
from edge.fsi.outcome import NotSent
from edge.store import settlements
from edge.store import undertakings as kept
from edge.store.settlements import SettlementRow
from edge.store.undertakings import Kind, Undertaking
from edge.till.after_errors import NotSettledError, UnderWayError
from edge.till.asked import Person
from edge.till.coming_back import paid_by, plan_of
from edge.till.ledger import Ledger, Payer, Sold
from edge.till.outcomes import why_not
from edge.till.plans import Ending, Money, Plan, Step, money_of
from edge.till.steps import Parts, Steps, done_at, warning_of
from edge.till.there import There, UnknownThereError, look_there
from edge.till.undoing import Taking
from rules.settling import Standing
from wire.ids import uuid7


class NotLostError(EdgeError, RejectedError):
    """The centre has the settlement as it is here."""

    code: ClassVar[str] = "till.not_lost"
    next_step: ClassVar[Words] = Words("无需重新上报；请刷新后核对该单。", "Nothing to tell. Load the sale again.")

    def __init__(self, sale: str) -> None:
        super().__init__(
            Words(f"中心与本机一致：销售 {sale} 的结算未丢失", f"The centre knows of {sale} what is known here")
        )


class Retelling:
    """Tells settlements again. Its methods but those of a verb belong to a thread that may wait."""

    def __init__(self, parts: Parts, steps: Steps, ledger: Ledger) -> None:
        self._parts, self._steps, self._ledger = parts, steps, ledger
        steps.serve(Kind.TELL, self)

    def tell_again(self, sale: str, taking: Taking, *, shown: Person | None = None, password: str | None = None) -> str:
        """Tell the centre once more what it has lost of a sale, as far as it goes now; return the undertaking.

        Args:
            sale: Its number.
            taking: In whose name.
            shown: The person, with what was shown now; None: what was shown at the sale is used again.
            password: What the person typed now, where the area wants it; it is not kept.

        Raises:
            NotLostError: The centre has it all.
            NotSettledError: Nothing of it was settled here.
            EdgeError: The centre cannot be asked, or does not tell.
        """
        commits = self._parts.journal.commits
        rows = commits(lambda tx: _rows_here(tx, sale))
        undone = next((row for row in rows if self._still_stands(row, taking)), None)
        settled = next((row for row in rows if self._is_lost(row, taking)), None)
        if undone is None and settled is None:
            raise NotLostError(sale)
        plan = self._planned(undone, settled, shown)
        number = commits(lambda tx: self._begin(tx, sale, plan, taking, rows))
        self._steps.go_on(number, password=password)
        return number

    def agreed(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Go on to the settlement of what stays; or tell the ledger anew what it pays for, and end."""
        if one.step == Step.CANCEL:
            assert plan.undone_nth is not None  # noqa: S101 - it names what was cancelled
            settlements.set_undone_again(tx, one.sale, plan.undone_nth, told.msgid, done_at(told, self._parts))
            self._cancelled(tx, one, plan, warning_of(told))
            return
        row = settlements.settlement_by_message(tx, told.msgid)
        assert row is not None  # noqa: S101 - it was kept with its message
        assert row.paid is not None  # noqa: S101 - the answer was yes
        assert plan.rest is not None  # noqa: S101 - it is what was settled
        after = self._ledger.drop_untold(tx, one.sale)
        payer = Payer(plan.rest, row.paid.setl_id, row.nth)
        self._ledger.note_sale(tx, Sold(one.sale, plan.rest.lines, payer, one.operator, plan.rest.begun, after))
        kept.set_into_drawer(tx, one.id, row.paid.cash - plan.before.cash)
        self._end(tx, one, plan, Ending.DONE, money_of(row.paid, plan.rest.fee), why=warning_of(told))

    def came_to_nothing(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Leave it as it stood here."""
        why = str(why_not(told.outcome))
        if one.step == Step.SETTLE:
            assert plan.nth is not None  # noqa: S101 - it names what stands
            settlements.set_standing(tx, one.sale, plan.nth, Standing.SETTLED, why)
        ending = Ending.NOT_SENT if isinstance(told.outcome, NotSent) else Ending.REFUSED
        self._end(tx, one, plan, ending, plan.before, why=why)

    def was_before(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Note that somebody else has settled the sale, or cancelled it, meanwhile."""
        if one.step == Step.CANCEL:
            self._cancelled(tx, one, plan, warning_of(told))
            return
        assert plan.nth is not None  # noqa: S101 - it names what stood
        settlements.set_overtaken(tx, one.sale, plan.nth, warning_of(told))
        self._end(tx, one, plan, Ending.OVERTAKEN, plan.before, why=warning_of(told))

    def _cancelled(self, tx: Connection, one: Undertaking, plan: Plan, why: str | None) -> None:
        if plan.rest is None:
            self._end(tx, one, plan, Ending.DONE, plan.before, why=why)
        else:
            kept.set_step(tx, one.id, Step.SETTLE)

    def _end(
        self, tx: Connection, one: Undertaking, plan: Plan, ending: Ending, money: Money, *, why: str | None
    ) -> None:
        self._steps.keep_plan(tx, one.id, msgspec.structs.replace(plan, after=money))
        kept.end_undertaking(tx, one.id, self._parts.clock.now(), ending, why)

    def _still_stands(self, row: SettlementRow, taking: Taking) -> bool:
        """Say whether what was cancelled here stands at the centre, which has lost the cancellation."""
        if row.undone_at is None:
            return False
        try:
            return self._there(row, taking).stands
        except UnknownThereError:
            return False

    def _is_lost(self, row: SettlementRow, taking: Taking) -> bool:
        if row.standing is not Standing.SETTLED or row.is_elsewhere:
            return False
        try:
            self._there(row, taking)
        except UnknownThereError:
            return True
        return False

    def _there(self, row: SettlementRow, taking: Taking) -> There:
        assert row.paid is not None  # noqa: S101 - it was settled
        person = self._ledger.asked_of(row).person.number
        named = {"psn_no": person, "setl_id": row.paid.setl_id, "mdtrt_id": row.paid.mdtrt_id}
        return look_there(self._parts, taking.operator, row.sale, named)

    def _planned(self, undone: SettlementRow | None, settled: SettlementRow | None, shown: Person | None) -> Plan:
        plan = Plan()
        if settled is not None:
            asked = self._ledger.asked_of(settled)
            plan = plan_of(settled, asked, (), "", asked if shown is None else paid_by(asked, shown, ""))
        if undone is None or undone.paid is None:
            return plan
        cancelled = self._ledger.asked_of(undone)
        return msgspec.structs.replace(
            plan, undone_nth=undone.nth, setl_id=undone.paid.setl_id, mdtrt_id=undone.paid.mdtrt_id,
            person=cancelled.person.number, district=cancelled.insurance.district, made_by=undone.ask_msgid or "",
        )  # fmt: skip

    def _begin(self, tx: Connection, sale: str, plan: Plan, taking: Taking, rows: Sequence[SettlementRow]) -> str:
        """Keep the undertaking, if all is still as it was looked at."""
        if _rows_here(tx, sale) != rows:
            raise NotSettledError(sale)
        now = self._parts.clock.now()
        number = str(uuid7(int(now.timestamp() * 1_000), self._parts.random(10)))
        sealed = self._steps.sealed(number, plan)
        step = Step.SETTLE if plan.undone_nth is None else Step.CANCEL
        kept.put_undertaking(
            tx,
            Undertaking(
                number, Kind.TELL, sale, step, sealed, taking.operator, taking.shift, now, None, None, None, None
            ),
        )
        return number


def _rows_here(tx: Connection, sale: str) -> tuple[SettlementRow, ...]:
    """Return what was settled of a sale here, the newest first.

    Raises:
        RungUpElsewhereError: The institution's own software rang it up.
        UnderWayError: Something of it is under way here.
        NotSettledError: Nothing was settled here.
    """
    refuse_rung_up(tx, sale)
    if kept.open_undertaking_of(tx, sale) is not None:
        raise UnderWayError(sale)
    rows = tuple(row for row in reversed(settlements.settlements_of(tx, sale)) if row.paid is not None)
    if not rows:
        raise NotSettledError(sale)
    return rows
