"""Packs of a sale come back: the settlement is cancelled whole, what stays is settled anew, the ledger is told.

All of it is one undertaking that goes on after any interruption. Before anything is cancelled the centre is asked
whether it would settle what stays; if it refuses after all, a person chooses, and the money is right in each case.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime

import msgspec
from sqlalchemy import Connection

from codes.words import Words
from edge.clock import SHOP_TIME
from edge.counter.errors import PackReturnedBeforeError
from edge.counter.returning import Wanted, refuse_rung_up, take_back
from edge.errors import EdgeError
from edge.fsi.journal import Told
from edge.fsi.outcome import Agreed, NotSent, Reversed
from edge.store import sales, settlements
from edge.store import undertakings as kept
from edge.store.outbox import Outbox
from edge.store.quarantine import Quarantined, quarantine
from edge.store.sales import PackState
from edge.store.settlements import SettlementRow
from edge.store.undertakings import Kind, Undertaking
from edge.till.after_errors import NoChoiceError, NotADayError, NotSettledError, RestRefusedError
from edge.till.asked import Person
from edge.till.coming_back import paid_by, plan_of, planned_return, refuse_returned
from edge.till.errors import OfflineError
from edge.till.finding import GoToOriginError
from edge.till.ledger import Ledger, Payer, Sold
from edge.till.messages import TRIAL, paid_of, settlement_nodes
from edge.till.outcomes import why_not
from edge.till.passwords import refuse_without
from edge.till.plans import Choice, Ending, Money, Plan, Step, choices_of, money_of, with_all_back
from edge.till.refreshing import Refreshing, last_settled
from edge.till.steps import Parts, Steps, Taking, made_by, warning_of
from wire.rpc import NotSentError, OutcomeUnknownError

_TRACE_NODE = "drug_trac_info"
_LEFT_THERE = Words(
    "取消只在原终端办理；已带走的药品可在本机退货",
    "it is cancelled where it was made; packs that have left come back here as a return",
)


class Undoing:
    """Takes back packs of insured sales. Its methods but those of a verb belong to a thread that may wait."""

    def __init__(self, parts: Parts, steps: Steps, ledger: Ledger, outbox: Outbox, refreshing: Refreshing) -> None:
        self._parts, self._steps, self._ledger, self._outbox = parts, steps, ledger, outbox
        self._refreshing = refreshing
        steps.serve(Kind.RETURN, self)

    def check(self, wanted: Wanted, taking: Taking, *, shown: Person | None = None) -> bool:
        """Refuse what would be refused; say whether something stays that has to be settled anew.

        Raises:
            EdgeError: As `return_packs`.
        """
        self._look(wanted, taking)
        plan = self._parts.journal.commits(lambda tx: self._planned(tx, wanted, shown))
        self._try_rest(wanted.sale, plan, taking)
        return plan.rest is not None

    def return_packs(
        self, wanted: Wanted, taking: Taking, *, shown: Person | None = None, password: str | None = None
    ) -> str:
        """Take packs of an insured sale back, as far as it goes now; return the undertaking.

        Args:
            wanted: Sale, packs and reason.
            taking: Who takes them.
            shown: The person, with what was shown now; None: what was shown at the sale is used again.
            password: What the person typed now, where the area wants it; it is not kept.

        Raises:
            EdgeError: A pack may not come back, the sale has no settlement that stands, or something is under way.
            RestRefusedError: What stays would not be settled; nothing was changed.
            OfflineError: The insurance cannot be asked; nothing was changed.
            DeviceNotConfiguredError: The area wants a password, and nobody was asked for it; nothing was changed.
        """
        commits = self._parts.journal.commits
        maker = self._look(wanted, taking)
        plan = msgspec.structs.replace(commits(lambda tx: self._planned(tx, wanted, shown)), made_by=maker)
        if plan.rest is not None:
            refuse_without(password, self._parts.area)
        self._try_rest(wanted.sale, plan, taking)
        number = commits(lambda tx: self._begin(tx, wanted, plan, taking, shown))
        self._steps.go_on(number, password=password)
        return number

    def refresh(self, sale: str, codes: Sequence[str], taking: Taking) -> str:
        """Bring what is known of a sale up to what stands at the centre (`Refreshing.refresh`)."""
        return self._refreshing.refresh(sale, codes, taking.operator, taking.shift)

    def cancel(self, sale: str, reason: str, taking: Taking) -> str:
        """Cancel the settlement of a sale of today whose packs have not left; all of them are free again.

        Raises:
            GoToOriginError: Another terminal sold it: whether its packs have left is known there.
            NotADayError: It is of another day.
            EdgeError: As `refresh`.
        """
        commits, now = self._parts.journal.commits, self._parts.clock.now()
        maker = self.refresh(sale, (), taking)

        def begin(tx: Connection) -> str:
            row = last_settled(tx, sale)
            there = sales.find_sale(tx, sale)
            if there is None:
                raise GoToOriginError(sale, _LEFT_THERE)
            if row.paid is None or _day(row.paid.at) != _day(now):
                raise NotADayError(sale)
            codes = tuple(pack.code for pack in sales.packs_of(tx, sale) if pack.state is PackState.SOLD)
            plan = plan_of(row, self._ledger.asked_of(row), codes, reason, None)
            return self._keep(tx, sale, msgspec.structs.replace(plan, has_left=False, made_by=maker), taking)

        number = commits(begin)
        self._steps.go_on(number)
        return number

    def choose(
        self, number: str, choice: Choice, *, shown: Person | None = None, insurance: str = "",
        password: str | None = None,
    ) -> None:  # fmt: skip
        """Go on where a settlement was refused.

        Args:
            number: The undertaking.
            choice: How.
            shown: The person, with what was shown now, for `AGAIN`.
            insurance: Which of that person's insurances pays; empty: the same kind as before.
            password: What the person typed now, where the area wants it; it is not kept.

        Raises:
            NoChoiceError: Nothing is to be chosen.
            NotThisPersonError: Somebody else showed a credential.
            InsuranceUnknownError: The person has no such insurance.
        """

        def within(tx: Connection) -> None:
            one = kept.find_undertaking(tx, number)
            if one is None or one.kind is not Kind.RETURN or one.step != Step.CHOICE:
                raise NoChoiceError(number)
            plan = self._steps.plan_of(one)
            if choice not in choices_of(plan):
                raise NoChoiceError(number)
            match choice:
                case Choice.ELSEWHERE:
                    self._finish(tx, one, plan, None)
                case Choice.AGAIN:
                    assert plan.rest is not None  # noqa: S101 - a choice follows a refused settlement
                    if shown is not None:
                        rest = paid_by(plan.rest, shown, insurance)
                        plan = msgspec.structs.replace(plan, rest=rest, district=rest.insurance.district)
                    self._steps.keep_plan(tx, number, msgspec.structs.replace(plan, stranger=""))
                    kept.set_step(tx, number, Step.SETTLE)
                case Choice.SELF_PAY:
                    self._finish(tx, one, plan, None)
                case Choice.ALL_BACK:
                    self._finish(tx, one, with_all_back(plan), None)
                case Choice.RESTORE:
                    kept.set_step(tx, number, Step.RESTORE)

        self._parts.journal.commits(within)
        self._steps.go_on(number, password=password)

    # -- what follows --------------------------------------------------------------------------------------------------

    def agreed(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Go on to the next step, or end."""
        match Step(one.step):
            case Step.CANCEL:
                plan = msgspec.structs.replace(plan, cancelled_by=told.msgid)
                self._steps.keep_plan(tx, one.id, plan)
                if plan.rest is None:
                    self._finish(tx, one, plan, None, why=warning_of(told))
                else:
                    kept.set_step(tx, one.id, Step.SETTLE)
            case Step.SETTLE:
                settled = settlements.settlement_by_message(tx, told.msgid)
                self._finish(tx, one, plan, settled, why=warning_of(told))
            case _:
                assert plan.nth is not None  # noqa: S101 - only what was cancelled is restored
                settlements.set_standing_again(tx, one.sale, plan.nth)
                self._end(tx, one, plan, Ending.RESTORED, plan.before)

    def was_before(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Move no money: somebody else has cancelled it, or settled what stays, which a person has to look at."""
        assert isinstance(told.outcome, Agreed)  # noqa: S101 - it was agreed to
        answer = told.outcome.answer
        if one.step == Step.CANCEL:
            self._end(tx, one, plan, Ending.OVERTAKEN, plan.before, why=str(_was_before(made_by(answer))))
            return
        setl_id = paid_of(answer, self._parts.clock.now(), self._parts.area).setl_id
        self._steps.keep_plan(tx, one.id, msgspec.structs.replace(plan, stranger=setl_id or made_by(answer)))
        kept.set_step(tx, one.id, Step.CHOICE, str(_settled_before(setl_id)))

    def came_to_nothing(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Stop where somebody has to choose; a settlement that never left goes out when the line is back."""
        why = str(why_not(told.outcome))
        match Step(one.step):
            case Step.CANCEL:
                ending = Ending.NOT_SENT if isinstance(told.outcome, NotSent) else Ending.REFUSED
                self._end(tx, one, plan, ending, plan.before, why=why)
            case Step.SETTLE if is_tried_again(told):
                kept.set_step(tx, one.id, Step.SETTLE, why)
            case _:
                kept.set_step(tx, one.id, Step.CHOICE, why)

    def _finish(
        self, tx: Connection, one: Undertaking, plan: Plan, settled: SettlementRow | None, *, why: str | None = None
    ) -> None:
        """Take the packs, tell the ledger, and end: in the transaction that makes it true."""
        now = self._parts.clock.now()
        wanted = Wanted(one.sale, plan.codes, plan.reason, 0)
        if sales.find_sale(tx, one.sale) is not None:
            take_back(tx, self._outbox, wanted, operator=one.operator, now=now, is_apart=plan.has_left)
        else:
            # Another terminal told of the sale; that the packs came back the centre hears by the 3506.
            for code in plan.codes:
                quarantine(tx, Quarantined(code, one.sale, now, plan.reason, one.operator))
        self._ledger.drop_untold(tx, one.sale)
        newest = self._ledger.note_return(tx, one.sale, plan.codes, one.operator)
        money, is_elsewhere = Money(), bool(plan.stranger)
        if plan.rest is not None and not is_elsewhere:
            payer = Payer()
            money = Money(fee=plan.rest.fee, cash=plan.rest.fee)
            if settled is not None and settled.paid is not None:
                payer = Payer(plan.rest, settled.paid.setl_id, settled.nth)
                money = money_of(settled.paid, plan.rest.fee)
            self._ledger.note_sale(tx, Sold(one.sale, plan.rest.lines, payer, one.operator, plan.rest.begun, newest))
        ending = Ending.DONE
        if is_elsewhere:
            ending = Ending.ELSEWHERE
        elif plan.rest is not None and settled is None:
            ending = Ending.SELF_PAID
            kept.set_into_drawer(tx, one.id, money.cash)
        self._end(tx, one, plan, ending, money, why=why)

    def _end(
        self, tx: Connection, one: Undertaking, plan: Plan, ending: Ending, money: Money, *, why: str | None = None
    ) -> None:
        self._steps.keep_plan(tx, one.id, msgspec.structs.replace(plan, after=money))
        kept.end_undertaking(tx, one.id, self._parts.clock.now(), ending, why)

    # -- planning ------------------------------------------------------------------------------------------------------

    def _look(self, wanted: Wanted, taking: Taking) -> str:
        """Refuse what came back already; bring the rest up to date, and return the message that made what stands."""

        def within(tx: Connection) -> None:
            refuse_rung_up(tx, wanted.sale)
            refuse_returned(tx, self._parts.sealer, wanted)

        try:
            self._parts.journal.commits(within)
        except PackReturnedBeforeError:
            # The sale is shown as it stands all the same, as far as the centre can tell.
            with suppress(EdgeError):
                self.refresh(wanted.sale, wanted.codes, taking)
            raise
        return self.refresh(wanted.sale, wanted.codes, taking)

    def _planned(self, tx: Connection, wanted: Wanted, shown: Person | None) -> Plan:
        now, sealer = self._parts.clock.now(), self._parts.sealer
        return planned_return(tx, self._ledger, sealer, wanted, shown=shown, now=now)

    def _begin(self, tx: Connection, wanted: Wanted, plan: Plan, taking: Taking, shown: Person | None) -> str:
        """Keep the undertaking, if all is still as it was planned."""
        again = self._planned(tx, wanted, shown)
        if again.setl_id != plan.setl_id or again.codes != plan.codes:
            raise NotSettledError(wanted.sale)
        return self._keep(tx, wanted.sale, plan, taking)

    def _keep(self, tx: Connection, sale: str, plan: Plan, taking: Taking) -> str:
        return self._steps.begin(tx, taking, plan, kind=Kind.RETURN, sale=sale, step=Step.CANCEL)

    def _try_rest(self, sale: str, plan: Plan, taking: Taking) -> None:
        """Ask whether what stays would be settled, before anything is cancelled."""
        if plan.rest is None:
            return
        who = self._parts.who(taking.operator)
        # Codes are left out: they are paid with the settlement that still stands.
        asked = settlement_nodes(plan.rest, self._parts.area, number=sale)
        nodes = {name: value for name, value in asked.items() if name != _TRACE_NODE}
        try:
            answer = self._parts.journal.read(
                who.sender, TRIAL, nodes, insured_district=plan.rest.insurance.district, sign_no=who.sign_no
            )
        except (NotSentError, OutcomeUnknownError) as exc:
            raise OfflineError(exc.words) from exc
        if not answer.is_success:
            words = f"[{answer.code}] {answer.message}"
            raise RestRefusedError(Words(f"余下药品不能结算：{words}", f"What stays would not be settled: {words}"))


def is_tried_again(told: Told) -> bool:
    """Say whether a settlement that came to nothing may simply be asked for again: nobody has refused it."""
    return isinstance(told.outcome, Reversed) or (isinstance(told.outcome, NotSent) and not told.outcome.is_lasting)


def _day(at: datetime) -> date:
    return at.astimezone(SHOP_TIME).date()


def _was_before(by: str) -> Words:
    return Words(
        f"该结算已由其他终端或 POS 撤销（报文 {by}），退款已在那里办理，本机未作任何处理；仍要退的，请重新查找该单",
        f"Another terminal or POS has cancelled the settlement ({by}) and paid back: nothing was done here. To take "
        "something back all the same, look the sale up again",
    )


def _settled_before(setl_id: str) -> Words:
    return Words(
        f"该单余下药品已由其他终端或 POS 结算（{setl_id}），请选择以其为准、再次结算或恢复原结算",
        f"Another terminal or POS has settled what stays ({setl_id}): choose to go by that, to settle once more, or to "
        "have the first settlement back",
    )
