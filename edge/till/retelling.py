"""What the centre has lost of a sale, because it went back to a backup, is told to it once more.

Whoever was settled has paid and gone: what stands here is asked for again under the sale's number, with what was asked
then, and what was cancelled here is cancelled again. Only where the centre says that it has no such settlement, or that
it stands; else nothing is asked, and no money moves but for what another amount makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
from edge.store.ledger_rows import RowState, rows_of
from edge.store.settlements import SettlementRow
from edge.store.undertakings import Kind, Undertaking
from edge.till.after_errors import NotSettledError, UnderWayError
from edge.till.asked import Person
from edge.till.came_back import HERE, came_back, to_be_told_there
from edge.till.coming_back import paid_by, plan_of
from edge.till.finding import Finding, GoToOriginError, NotFoundError
from edge.till.found import Found
from edge.till.ledger import RETURN, Ledger, Payer, Sold
from edge.till.outcomes import why_not
from edge.till.plans import Ending, Money, Plan, Step, money_of
from edge.till.steps import Parts, Steps, Taking, done_at, warning_of
from edge.till.there import CancelledElsewhereError, NotToldError, There, UnknownThereError, look_there
from rules.settling import Standing

_DIFFERS = "settlement.sale_differs"
_TOLD_MEANWHILE = Words(
    "另一终端已上报该单（可能有退货），本机无需再报；稍后重新查找该单即可办理",
    "Another terminal has told the sale, perhaps without what came back: nothing more is told here; look it up again "
    "in a moment",
)


class NotLostError(EdgeError, RejectedError):
    """The centre has the settlement as it is here."""

    code: ClassVar[str] = "till.not_lost"
    next_step: ClassVar[Words] = Words("无需重新上报；请刷新后核对该单。", "Nothing to tell. Load the sale again.")

    def __init__(self, sale: str) -> None:
        super().__init__(
            Words(f"中心与本机一致：销售 {sale} 的结算未丢失", f"The centre knows of {sale} what is known here")
        )


@dataclass(frozen=True, slots=True)
class _Lost:
    """What the centre does not know any more of a sale."""

    undone: SettlementRow | None
    """Its cancellation here."""
    settled: SettlementRow | None
    back: tuple[str, ...]
    """Packs that are out by it there, and came back here."""
    anew: Found | None = None
    """As what another terminal has told the settlement anew that was cancelled here."""


class Retelling:
    """Tells settlements again. Its methods but those of a verb belong to a thread that may wait."""

    def __init__(self, parts: Parts, steps: Steps, ledger: Ledger, finding: Finding) -> None:
        self._parts, self._steps, self._ledger, self._finding = parts, steps, ledger, finding
        steps.serve(Kind.TELL, self)

    def tell_again(self, sale: str, taking: Taking, *, shown: Person | None = None, password: str | None = None) -> str:
        """Tell the centre once more what it has lost of a sale, as far as it goes now; return the undertaking.

        Args:
            sale: Its number.
            taking: In whose name.
            shown: The person, with what was shown now; None: what was shown at the sale is used again.
            password: What the person typed now, where the area wants it; it is not kept.

        Raises:
            NotLostError: The centre has it all, or another terminal has told it meanwhile: that is known here now.
            NotSettledError: Nothing of it was settled here.
            EdgeError: The centre cannot be asked, or does not tell.
        """
        commits = self._parts.journal.commits
        rows = commits(lambda tx: _rows_here(tx, sale))
        lost = self._lost(rows, taking)
        if lost.undone is None and lost.settled is None and not lost.back:
            raise NotLostError(sale)
        plan = self._planned(lost, shown)
        number = commits(lambda tx: self._begin(tx, taking, plan, rows=rows, lost=lost))
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
        after |= self._ledger.note_return(tx, one.sale, plan.codes, one.operator)
        payer = Payer(plan.rest, row.paid.setl_id, row.nth)
        self._ledger.note_sale(tx, Sold(one.sale, plan.rest.lines, payer, one.operator, plan.rest.begun, after))
        kept.set_into_drawer(tx, one.id, row.paid.cash - plan.before.cash)
        codes = [code for line in plan.rest.lines for code in line.codes]
        elsewhere = to_be_told_there(came_back(tx, self._parts.sealer, one.sale, codes))
        why = " / ".join(str(said) for said in (warning_of(told), elsewhere) if said) or None
        self._end(tx, one, plan, Ending.DONE, money_of(row.paid, plan.rest.fee), why=why)

    def came_to_nothing(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Leave it as it stood here."""
        why = str(why_not(told.outcome))
        if _DIFFERS in why:
            why = f"{_TOLD_MEANWHILE} / {why}"
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
            self._ledger.note_return(tx, one.sale, plan.codes, one.operator)
            self._end(tx, one, plan, Ending.DONE, plan.before, why=why)
        else:
            kept.set_step(tx, one.id, Step.SETTLE)

    def _end(
        self, tx: Connection, one: Undertaking, plan: Plan, ending: Ending, money: Money, *, why: str | None
    ) -> None:
        self._steps.keep_plan(tx, one.id, msgspec.structs.replace(plan, after=money))
        kept.end_undertaking(tx, one.id, self._parts.clock.now(), ending, why)

    def _lost(self, rows: Sequence[SettlementRow], taking: Taking) -> _Lost:
        """Return what the centre has lost of a sale, asking it row by row, the newest first.

        Raises:
            NotLostError: Another terminal has told it meanwhile, which is known here from now on.
        """
        undone = next((row for row in rows if self._still_stands(row, taking)), None)
        settled = next((row for row in rows if self._is_lost(row, taking)), None)
        anew = None
        if undone is None and (settled is not None or rows[0].undone_at is not None):
            anew, undone = self._told_anew(rows, settled, taking)
        return _Lost(undone, settled, self._back(rows, settled, taking), anew)

    def _told_anew(
        self, rows: Sequence[SettlementRow], settled: SettlementRow | None, taking: Taking
    ) -> tuple[Found | None, SettlementRow | None]:
        """Return what another terminal has told of a sale that the centre had lost, and which of ours it stands for.

        Raises:
            NotLostError: It is what stays of it.
        """
        found = self._found(rows[0], taking)
        if found is None:
            return None, None
        same = (row for row in rows if row.undone_at is not None and row.fee == found.asked.fee)
        undone = next((row for row in same if self._codes_of(row) == found.codes), None)
        if undone is not None:
            return found, undone
        if settled is not None and found.codes <= self._codes_of(settled):
            self._parts.journal.commits(lambda tx: self._finding.keep(tx, found, taking.operator, taking.shift))
            raise NotLostError(settled.sale)
        return None, None

    def _found(self, row: SettlementRow, taking: Taking) -> Found | None:
        for code in sorted(self._codes_of(row)):
            try:
                found = self._finding.look_up(code, taking.operator)
            except (NotFoundError, GoToOriginError, CancelledElsewhereError, UnknownThereError, NotToldError):
                continue
            if found.sale == row.sale:
                return found
        return None

    def _back(self, rows: Sequence[SettlementRow], settled: SettlementRow | None, taking: Taking) -> tuple[str, ...]:
        """Return the packs whose return the centre had taken and has lost: by its books they are still out."""
        sale, sealer = rows[0].sale, self._parts.sealer
        named = {code for row in rows for code in self._codes_of(row)}
        named -= set() if settled is None else self._codes_of(settled)

        def known(tx: Connection) -> Sequence[str]:
            here = [code for code, where in came_back(tx, sealer, sale, named).items() if where == HERE]
            taken = self._returns_taken(tx, sale) if here else frozenset()
            return sorted(code for code in here if code in taken)

        codes = self._parts.journal.commits(known)
        return tuple(sorted(self._finding.still_out(sale, codes, taking.operator)))

    def _returns_taken(self, tx: Connection, sale: str) -> frozenset[str]:
        """Return the packs of which the centre has taken the return, and nothing more is on its way."""
        rows = [row for row in rows_of(tx, sale) if row.infno == RETURN and row.state is not RowState.DROPPED]
        codes = [(row.state is RowState.TAKEN, self._ledger.fields_of(row).codes) for row in rows]
        waiting = {code for is_taken, named in codes if not is_taken for code in named}
        return frozenset(code for is_taken, named in codes if is_taken for code in named) - waiting

    def _codes_of(self, row: SettlementRow) -> frozenset[str]:
        return frozenset(code for line in self._ledger.asked_of(row).lines for code in line.codes)

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

    def _planned(self, lost: _Lost, shown: Person | None) -> Plan:
        plan, undone = Plan(), lost.undone
        if lost.settled is not None:
            asked = self._ledger.asked_of(lost.settled)
            plan = plan_of(lost.settled, asked, (), "", asked if shown is None else paid_by(asked, shown, ""))
        plan = msgspec.structs.replace(plan, codes=lost.back)
        if undone is None or undone.paid is None:
            return plan
        paid = undone.paid if lost.anew is None else lost.anew.paid
        maker = (undone.ask_msgid or "") if lost.anew is None else lost.anew.made_by
        cancelled = self._ledger.asked_of(undone)
        return msgspec.structs.replace(
            plan, undone_nth=undone.nth, setl_id=paid.setl_id, mdtrt_id=paid.mdtrt_id, made_by=maker,
            person=cancelled.person.number, district=cancelled.insurance.district,
        )  # fmt: skip

    def _begin(self, tx: Connection, taking: Taking, plan: Plan, *, rows: Sequence[SettlementRow], lost: _Lost) -> str:
        """Keep the undertaking, if all is still as it was looked at."""
        sale = rows[0].sale
        if _rows_here(tx, sale) != rows:
            raise NotSettledError(sale)
        if lost.anew is not None and lost.undone is not None:
            settlements.set_told_anew(tx, sale, lost.undone.nth, lost.anew.paid)
            for one in lost.anew.known:
                self._ledger.note_known(tx, sale, one, taking.operator)
        begins = Step.SETTLE if plan.undone_nth is None else Step.CANCEL
        number = self._steps.begin(tx, taking, plan, kind=Kind.TELL, sale=sale, step=begins)
        if plan.undone_nth is None and plan.rest is None:
            # It knows how it was settled and cancelled, and not what came back.
            self._ledger.note_return(tx, sale, plan.codes, taking.operator)
            kept.end_undertaking(tx, number, self._parts.clock.now(), Ending.DONE)
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
