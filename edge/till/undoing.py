"""Packs of a sale come back: the settlement is cancelled whole, what stays is settled anew, the ledger is told.

All of it is one undertaking that goes on after any interruption. Before anything is cancelled the centre is asked
whether it would settle what stays; if it refuses after all, a person chooses, and the money is right in each case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar

import msgspec
from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from edge.clock import SHOP_TIME
from edge.counter.errors import PackNotSoldError, ReturnTooLateError
from edge.counter.returning import Wanted, refuse_return, take_back
from edge.errors import EdgeError
from edge.fsi.journal import Told
from edge.fsi.outcome import NotSent, Reversed
from edge.store import sales, settlements
from edge.store import undertakings as kept
from edge.store.outbox import Outbox
from edge.store.quarantine import Quarantined, quarantine
from edge.store.sales import PackState
from edge.store.settlements import SettlementRow
from edge.store.undertakings import Kind, Undertaking
from edge.till.asked import AskedSettlement, Person
from edge.till.errors import InsuranceUnknownError, NotThisPersonError, OfflineError
from edge.till.ledger import Ledger, Payer, Sold
from edge.till.messages import TRIAL, settlement_nodes
from edge.till.outcomes import why_not
from edge.till.plans import Choice, Ending, Money, Plan, Step, money_of
from edge.till.staying import without
from edge.till.steps import Parts, Steps
from rules.return_judgement import is_in_time
from rules.settling import Standing
from wire.ids import uuid7
from wire.rpc import NotSentError, OutcomeUnknownError

_TRACE_NODE = "drug_trac_info"


class UnderWayError(EdgeError, RejectedError):
    """Something of this sale has begun and not ended."""

    code: ClassVar[str] = "till.under_way"
    next_step: ClassVar[Words] = Words(
        "请先在“未完成事项”中处理完该单的退货或补刷。",
        "First end what is open of this sale, in the list of open undertakings.",
    )

    def __init__(self, sale: str) -> None:
        super().__init__(Words(f"销售 {sale} 有未完成的退货或补刷", f"A return or settlement of {sale} is under way"))


class NotSettledError(EdgeError, RejectedError):
    """The sale has no settlement that stands."""

    code: ClassVar[str] = "till.not_settled"
    next_step: ClassVar[Words] = Words("请刷新后核对该单状态。", "Load the sale again and look how it stands.")

    def __init__(self, sale: str) -> None:
        super().__init__(Words(f"销售 {sale} 没有有效的医保结算", f"No settlement of {sale} stands"))


class RestRefusedError(EdgeError, RejectedError):
    """What stays would not be settled, so nothing is cancelled."""

    code: ClassVar[str] = "till.rest_refused"
    next_step: ClassVar[Words] = Words(
        "未做任何更改。请按中心提示处理（如请参保人重新出示凭证）后再退；或整单退回。",
        "Nothing was changed. Do what the centre says, such as showing the credential again; or take all of it back.",
    )


class NotADayError(EdgeError, RejectedError):
    """The sale is not of today: its packs have left, so they come back as a return."""

    code: ClassVar[str] = "till.not_today"
    next_step: ClassVar[Words] = Words("请按退货办理。", "Take the packs back as a return.")

    def __init__(self, sale: str) -> None:
        super().__init__(Words(f"销售 {sale} 不是今天的", f"Sale {sale} is not of today"))


class SplitApartError(EdgeError, RejectedError):
    """Part of what was taken from an opened pack cannot come back."""

    code: ClassVar[str] = "till.split_whole"
    next_step: ClassVar[Words] = Words("请整行退回。", "Take the whole line back.")


class NoChoiceError(EdgeError, RejectedError):
    """There is nothing to choose, or not this."""

    code: ClassVar[str] = "till.no_choice"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    next_step: ClassVar[Words] = Words("请刷新未完成事项。", "Load the open undertakings again.")

    def __init__(self, number: str) -> None:
        super().__init__(Words(f"事项 {number} 现在无需选择", f"Nothing is to be chosen in {number} now"))


@dataclass(frozen=True, slots=True)
class Taking:
    """Who takes packs back."""

    operator: str
    shift: str | None


class Undoing:
    """Takes back packs of insured sales. Its methods but those of a verb belong to a thread that may wait."""

    def __init__(self, parts: Parts, steps: Steps, ledger: Ledger, outbox: Outbox) -> None:
        self._parts, self._steps, self._ledger, self._outbox = parts, steps, ledger, outbox
        steps.serve(Kind.RETURN, self)

    def return_packs(self, wanted: Wanted, taking: Taking, *, shown: Person | None = None) -> str:
        """Take packs of an insured sale back, as far as it goes now; return the undertaking.

        Args:
            wanted: Sale, packs and reason.
            taking: Who takes them.
            shown: The person, with what was shown now; None: what was shown at the sale is used again.

        Raises:
            EdgeError: A pack may not come back, the sale has no settlement that stands, or something is under way.
            RestRefusedError: What stays would not be settled; nothing was changed.
            OfflineError: The insurance cannot be asked; nothing was changed.
        """
        commits = self._parts.journal.commits
        plan = commits(lambda tx: self._planned(tx, wanted, shown))
        self._try_rest(wanted.sale, plan, taking)
        number = commits(lambda tx: self._begin(tx, wanted, plan, taking, shown))
        self._steps.go_on(number)
        return number

    def cancel(self, sale: str, reason: str, taking: Taking) -> str:
        """Cancel the settlement of a sale of today whose packs have not left; they are free again."""
        commits, now = self._parts.journal.commits, self._parts.clock.now()

        def begin(tx: Connection) -> str:
            codes = tuple(pack.code for pack in sales.packs_of(tx, sale) if pack.state is PackState.SOLD)
            wanted = Wanted(sale, codes, reason, 0)
            plan = self._planned(tx, wanted, None)
            row = _standing(tx, sale)
            if row.paid is None or row.paid.at.astimezone(SHOP_TIME).date() != now.astimezone(SHOP_TIME).date():
                raise NotADayError(sale)
            return self._begin(tx, wanted, msgspec.structs.replace(plan, has_left=False), taking, None)

        number = commits(begin)
        self._steps.go_on(number)
        return number

    def choose(self, number: str, choice: Choice, *, shown: Person | None = None, insurance: str = "") -> None:
        """Go on where a settlement was refused.

        Args:
            number: The undertaking.
            choice: How.
            shown: The person, with what was shown now, for `AGAIN`.
            insurance: Which of that person's insurances pays; empty: the same kind as before.

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
            match choice:
                case Choice.AGAIN:
                    assert plan.rest is not None  # noqa: S101 - a choice follows a refused settlement
                    if shown is not None:
                        rest = paid_by(plan.rest, shown, insurance)
                        plan = msgspec.structs.replace(plan, rest=rest, district=rest.insurance.district)
                        self._steps.keep_plan(tx, number, plan)
                    kept.set_step(tx, number, Step.SETTLE)
                case Choice.SELF_PAY:
                    self._finish(tx, one, plan, None)
                case Choice.RESTORE:
                    kept.set_step(tx, number, Step.RESTORE)

        self._parts.journal.commits(within)
        self._steps.go_on(number)

    # -- what follows --------------------------------------------------------------------------------------------------

    def agreed(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Go on to the next step, or end."""
        match Step(one.step):
            case Step.CANCEL:
                plan = msgspec.structs.replace(plan, cancelled_by=told.msgid)
                self._steps.keep_plan(tx, one.id, plan)
                if plan.rest is None:
                    self._finish(tx, one, plan, None)
                else:
                    kept.set_step(tx, one.id, Step.SETTLE)
            case Step.SETTLE:
                self._finish(tx, one, plan, settlements.settlement_by_message(tx, told.msgid))
            case _:
                assert plan.nth is not None  # noqa: S101 - only what was cancelled is restored
                settlements.set_standing_again(tx, one.sale, plan.nth)
                self._end(tx, one, plan, Ending.RESTORED, plan.before)

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

    def _finish(self, tx: Connection, one: Undertaking, plan: Plan, settled: SettlementRow | None) -> None:
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
        money = Money()
        if plan.rest is not None:
            payer = Payer()
            money = Money(fee=plan.rest.fee, cash=plan.rest.fee)
            if settled is not None and settled.paid is not None:
                payer = Payer(plan.rest, settled.paid.setl_id, settled.nth)
                money = money_of(settled.paid, plan.rest.fee)
            self._ledger.note_sale(tx, Sold(one.sale, plan.rest.lines, payer, one.operator, plan.rest.begun, newest))
        is_self_paid = plan.rest is not None and settled is None
        self._end(tx, one, plan, Ending.SELF_PAID if is_self_paid else Ending.DONE, money)

    def _end(
        self, tx: Connection, one: Undertaking, plan: Plan, ending: Ending, money: Money, *, why: str | None = None
    ) -> None:
        self._steps.keep_plan(tx, one.id, msgspec.structs.replace(plan, after=money))
        kept.end_undertaking(tx, one.id, self._parts.clock.now(), ending, why)

    # -- planning ------------------------------------------------------------------------------------------------------

    def _planned(self, tx: Connection, wanted: Wanted, shown: Person | None) -> Plan:
        row = _standing(tx, wanted.sale)
        assert row.paid is not None  # noqa: S101 - what stands was settled
        asked = self._ledger.asked_of(row)
        codes = self._may_come_back(tx, wanted, asked)
        _refuse_parts(asked, codes)
        lines = without(asked.lines, codes)
        rest = msgspec.structs.replace(asked, lines=lines) if lines else None
        if rest is not None and shown is not None:
            rest = paid_by(rest, shown, "")
        return Plan(
            codes=codes, reason=wanted.reason, nth=row.nth, setl_id=row.paid.setl_id, mdtrt_id=row.paid.mdtrt_id,
            person=asked.person.number, district=asked.insurance.district, rest=rest,
            before=money_of(row.paid, row.fee),
        )  # fmt: skip

    def _may_come_back(self, tx: Connection, wanted: Wanted, asked: AskedSettlement) -> tuple[str, ...]:
        """Return the packs, if they may; of a sale of another terminal what the centre told of it decides."""
        now = self._parts.clock.now()
        if sales.find_sale(tx, wanted.sale) is not None:
            return refuse_return(tx, wanted, now=now)
        codes = tuple(dict.fromkeys(wanted.codes))
        strange = [code for code in codes if all(code not in line.codes for line in asked.lines)]
        if strange:
            shown = "、".join(strange)
            raise PackNotSoldError(
                Words(f"销售 {wanted.sale} 中没有 {shown}", f"{', '.join(strange)} is not in sale {wanted.sale}")
            )
        if not is_in_time(asked.begun, now, wanted.within_days):
            raise ReturnTooLateError(
                Words(f"已超过 {wanted.within_days} 天退货期限", f"More than {wanted.within_days} days have passed")
            )
        return codes

    def _begin(self, tx: Connection, wanted: Wanted, plan: Plan, taking: Taking, shown: Person | None) -> str:
        """Keep the undertaking, if all is still as it was planned."""
        now = self._parts.clock.now()
        again = self._planned(tx, wanted, shown)
        if again.setl_id != plan.setl_id or again.codes != plan.codes:
            raise NotSettledError(wanted.sale)
        number = str(uuid7(int(now.timestamp() * 1_000), self._parts.random(10)))
        sealed = self._steps.sealed(number, plan)
        kept.put_undertaking(
            tx,
            Undertaking(
                number, Kind.RETURN, wanted.sale, Step.CANCEL, sealed, taking.operator, taking.shift, now, None, None,
                None, None,
            ),
        )  # fmt: skip
        return number

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


def paid_by(asked: AskedSettlement, shown: Person, kind: str) -> AskedSettlement:
    """Return a settlement as somebody pays it with what they have shown now.

    Raises:
        NotThisPersonError: It is somebody else.
        InsuranceUnknownError: They have no such insurance.
    """
    if shown.number != asked.person.number:
        raise NotThisPersonError
    wanted = kind or asked.insurance.kind
    insurance = next((one for one in shown.insurances if one.kind == wanted), None)
    if insurance is None:
        raise InsuranceUnknownError(Words(f"该人员没有险种 {wanted}", f"This person has no insurance {wanted}"))
    return msgspec.structs.replace(asked, person=shown, insurance=insurance)


def _standing(tx: Connection, sale: str) -> SettlementRow:
    if kept.open_undertaking_of(tx, sale) is not None:
        raise UnderWayError(sale)
    row = settlements.latest_settlement(tx, sale)
    standing = next(
        (one for one in reversed(settlements.settlements_of(tx, sale)) if one.standing is Standing.SETTLED), None
    )
    if standing is None or row is None:
        raise NotSettledError(sale)
    return standing


def _refuse_parts(asked: AskedSettlement, codes: Sequence[str]) -> None:
    for line in asked.lines:
        came = [code for code in line.codes if code in codes]
        if line.is_split and came and len(came) < len(line.codes):
            raise SplitApartError(
                Words(
                    f"{line.name}：拆零销售只能整行退回",
                    f"{line.name}: what was taken from opened packs comes back whole",
                )
            )
