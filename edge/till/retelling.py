"""A settlement that the centre has lost, because it went back to a backup, is told to it once more.

Whoever was settled has paid and gone: what stands here is asked for again under the sale's number, with what was asked
then. Only where the centre says that it has no such settlement; where it has one, nothing is asked.
"""

from __future__ import annotations

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
from edge.till.after_errors import NotSettledError
from edge.till.asked import Person
from edge.till.coming_back import paid_by, plan_of
from edge.till.ledger import Ledger, Payer, Sold
from edge.till.outcomes import why_not
from edge.till.plans import Ending, Money, Plan, Step, money_of
from edge.till.refreshing import last_settled
from edge.till.steps import Parts, Steps, warning_of
from edge.till.there import UnknownThereError, look_there
from edge.till.undoing import Taking
from rules.settling import Standing
from wire.ids import uuid7


class NotLostError(EdgeError, RejectedError):
    """The centre has the settlement."""

    code: ClassVar[str] = "till.not_lost"
    next_step: ClassVar[Words] = Words("无需重新上报；请刷新后核对该单。", "Nothing to tell. Load the sale again.")

    def __init__(self, sale: str) -> None:
        super().__init__(Words(f"中心有销售 {sale} 的结算", f"The centre has the settlement of {sale}"))


class Retelling:
    """Tells settlements again. Its methods but those of a verb belong to a thread that may wait."""

    def __init__(self, parts: Parts, steps: Steps, ledger: Ledger) -> None:
        self._parts, self._steps, self._ledger = parts, steps, ledger
        steps.serve(Kind.TELL, self)

    def tell_again(self, sale: str, taking: Taking, *, shown: Person | None = None, password: str | None = None) -> str:
        """Have a settlement that the centre has lost settled once more, as far as it goes now; return the undertaking.

        Args:
            sale: Its number.
            taking: In whose name.
            shown: The person, with what was shown now; None: what was shown at the sale is used again.
            password: What the person typed now, where the area wants it; it is not kept.

        Raises:
            NotLostError: The centre has it.
            NotSettledError: None stands here, or another terminal made it.
            EdgeError: The centre cannot be asked, or does not tell.
        """
        commits = self._parts.journal.commits
        plan = commits(lambda tx: self._planned(tx, sale, shown))
        data = {"psn_no": plan.person, "setl_id": plan.setl_id, "mdtrt_id": plan.mdtrt_id}
        try:
            look_there(self._parts, taking.operator, sale, data)
        except UnknownThereError:
            number = commits(lambda tx: self._begin(tx, sale, plan, taking, shown))
        else:
            raise NotLostError(sale)
        self._steps.go_on(number, password=password)
        return number

    def agreed(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Tell the ledger anew what the settlement pays for, and end."""
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
        assert plan.nth is not None  # noqa: S101 - it names what stands
        why = str(why_not(told.outcome))
        settlements.set_standing(tx, one.sale, plan.nth, Standing.SETTLED, why)
        ending = Ending.NOT_SENT if isinstance(told.outcome, NotSent) else Ending.REFUSED
        self._end(tx, one, plan, ending, plan.before, why=why)

    def was_before(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Note that somebody else has settled the sale meanwhile."""
        assert plan.nth is not None  # noqa: S101 - it names what stood
        settlements.set_overtaken(tx, one.sale, plan.nth, warning_of(told))
        self._end(tx, one, plan, Ending.OVERTAKEN, plan.before, why=warning_of(told))

    def _end(
        self, tx: Connection, one: Undertaking, plan: Plan, ending: Ending, money: Money, *, why: str | None
    ) -> None:
        self._steps.keep_plan(tx, one.id, msgspec.structs.replace(plan, after=money))
        kept.end_undertaking(tx, one.id, self._parts.clock.now(), ending, why)

    def _planned(self, tx: Connection, sale: str, shown: Person | None) -> Plan:
        refuse_rung_up(tx, sale)
        row = _own(last_settled(tx, sale))
        asked = self._ledger.asked_of(row)
        return plan_of(row, asked, (), "", asked if shown is None else paid_by(asked, shown, ""))

    def _begin(self, tx: Connection, sale: str, plan: Plan, taking: Taking, shown: Person | None) -> str:
        if self._planned(tx, sale, shown).setl_id != plan.setl_id:
            raise NotSettledError(sale)
        now = self._parts.clock.now()
        number = str(uuid7(int(now.timestamp() * 1_000), self._parts.random(10)))
        sealed = self._steps.sealed(number, plan)
        kept.put_undertaking(
            tx,
            Undertaking(
                number, Kind.TELL, sale, Step.SETTLE, sealed, taking.operator, taking.shift, now, None, None, None, None
            ),
        )
        return number


def _own(row: SettlementRow) -> SettlementRow:
    if row.is_elsewhere:
        raise NotSettledError(row.sale)
    return row
