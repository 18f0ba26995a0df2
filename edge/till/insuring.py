"""补刷: a sale that was paid in cash is turned into an insured one, for the very packs that were sold.

The cash is given back and the insurance settles the same sale, under its number and on the day on which it is asked.
To the ledger it stays one sale: its row is told anew with the settlement. Nothing of it may have come back before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import msgspec
from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from edge.counter.returning import refuse_rung_up
from edge.errors import EdgeError
from edge.fsi.journal import Told
from edge.store import sales, settlements
from edge.store import undertakings as kept
from edge.store.sales import PackState, SaleState
from edge.store.site_sales import terminal_of
from edge.store.undertakings import Kind, Undertaking
from edge.till.after_errors import UnderWayError
from edge.till.asked import AskedLine, AskedSettlement, Insurance, Person
from edge.till.basket import Ordered
from edge.till.checks import Limits, needs_second_factor
from edge.till.errors import InsuranceUnknownError, OfflineError, SecondFactorError, TicketUnknownError
from edge.till.finding import Finding, GoToOriginError
from edge.till.ledger import Ledger, Payer, Sold
from edge.till.messages import TRIAL, amounts_of, settlement_nodes
from edge.till.outcomes import why_not
from edge.till.passwords import refuse_without
from edge.till.persons import insurance_of, show_person
from edge.till.plans import Ending, Money, Plan, Step, money_of
from edge.till.selling import Wishes
from edge.till.staying import lines_sold
from edge.till.steps import Parts, Steps, Taking, warning_of
from edge.till.undoing import is_tried_again
from edge.till.views import Amounts, TriedShown
from rules.scan_judgement import Mode
from rules.settling import Standing
from wire.rpc import NotSentError, OutcomeUnknownError


class InsuredBeforeError(EdgeError, RejectedError):
    """The insurance has settled it, or was asked to."""

    code: ClassVar[str] = "till.insured_before"
    next_step: ClassVar[Words] = Words("请刷新后核对该单状态。", "Load the sale again and look how it stands.")

    def __init__(self, sale: str) -> None:
        super().__init__(
            Words(f"销售 {sale} 已医保结算或正在结算", f"Sale {sale} is settled already, or is being settled")
        )


class CameBackError(EdgeError, RejectedError):
    """Packs of it came back: what is left is another sale than the one that was paid."""

    code: ClassVar[str] = "till.came_back"
    next_step: ClassVar[Words] = Words(
        "请将余下药品退回后按新单医保结算。", "Take the rest back as well, and sell it anew with the insurance."
    )

    def __init__(self, sale: str) -> None:
        super().__init__(
            Words(f"销售 {sale} 已有退货，不能补刷", f"Packs of {sale} came back, so it is not insured later")
        )


class TooOldError(EdgeError, RejectedError):
    """It was sold too long ago."""

    code: ClassVar[str] = "till.too_old"
    next_step: ClassVar[Words] = Words(
        "请参保人持票据到经办机构报销。", "The person takes the receipt to the insurer's office."
    )

    def __init__(self, days: int) -> None:
        super().__init__(Words(f"已超过 {days} 天补刷期限", f"It was sold more than {days} days ago"))


class NotInsurableError(EdgeError, RejectedError):
    """A line cannot be told to the insurance, or the insurance refuses; nothing was changed."""

    code: ClassVar[str] = "till.not_insurable"
    next_step: ClassVar[Words] = Words(
        "未做任何更改，原自费销售仍有效。请按提示补全后再试。",
        "Nothing was changed: the sale stays as it was paid. Complete what is named and try again.",
    )


@dataclass(frozen=True, slots=True)
class Insured:
    """Who is to pay for a sale, and how."""

    person: Person
    wishes: Wishes = field(default_factory=Wishes)
    vouched: str = ""
    """What confirmed a large amount (T-38); empty: nothing."""


class Insuring:
    """Turns sales insured. Its methods but those of a verb belong to a thread that may wait."""

    def __init__(
        self, parts: Parts, steps: Steps, ledger: Ledger, finding: Finding, *, within_days: int, limits: Limits
    ) -> None:
        self._parts, self._steps, self._ledger, self._finding = parts, steps, ledger, finding
        self._within_days, self._limits = within_days, limits
        steps.serve(Kind.INSURE, self)

    def trial(self, sale: str, insured: Insured, taking: Taking) -> TriedShown:
        """Say what the sale would come to, and whether that asks for a second factor. Nothing is changed.

        Raises:
            EdgeError: It cannot be turned insured; the error says why.
            NotInsurableError: The insurance refuses.
            OfflineError: It cannot be asked.
        """
        plan = self._parts.journal.commits(lambda tx: self._planned(tx, sale, insured))
        self._refuse_settled(sale, plan, taking)
        amounts = self._tried(plan, taking)
        return TriedShown(amounts, needs_second_factor(amounts, self._limits), show_person(sale, insured.person))

    def check(self, sale: str, insured: Insured, taking: Taking) -> None:
        """Refuse what would be refused.

        Raises:
            EdgeError: As `trial`.
            SecondFactorError: The amount is above a limit, and nobody vouches for the person.
        """
        plan = self._parts.journal.commits(lambda tx: self._planned(tx, sale, insured))
        self._refuse_settled(sale, plan, taking)
        if needs_second_factor(self._tried(plan, taking), self._limits) and not insured.vouched:
            raise SecondFactorError

    def turn_insured(self, sale: str, insured: Insured, taking: Taking, *, password: str | None = None) -> str:
        """Turn a sale insured, as far as it goes now; return the undertaking.

        Args:
            sale: Its number.
            insured: Who is to pay.
            taking: In whose name.
            password: What the person typed now, where the area wants it; it is not kept.

        Raises:
            EdgeError: As `check`.
            DeviceNotConfiguredError: The area wants a password, and nobody was asked for it.
        """
        refuse_without(password, self._parts.area)
        self.check(sale, insured, taking)
        number = self._parts.journal.commits(lambda tx: self._begin(tx, sale, insured, taking))
        self._steps.go_on(number, password=password)
        return number

    def agreed(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Tell the ledger who pays now, and end."""
        row = settlements.settlement_by_message(tx, told.msgid)
        assert row is not None  # noqa: S101 - it was kept with its message
        assert row.paid is not None  # noqa: S101 - the answer was yes
        assert plan.rest is not None  # noqa: S101 - there is something to settle
        payer = Payer(plan.rest, row.paid.setl_id, row.nth)
        after = self._ledger.drop_untold(tx, one.sale)
        self._ledger.note_sale(tx, Sold(one.sale, plan.rest.lines, payer, one.operator, plan.rest.begun, after))
        money = money_of(row.paid, plan.rest.fee)
        self._steps.keep_plan(tx, one.id, msgspec.structs.replace(plan, after=money))
        kept.end_undertaking(tx, one.id, self._parts.clock.now(), Ending.DONE, row.told)

    def was_before(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Give no cash back: another terminal or the POS has settled the sale, and books it there."""
        why = Words(
            f"该单已由其他终端或 POS 医保结算，本机未作任何处理，不退现金：{warning_of(told) or ''}",
            f"Another terminal or POS has settled it: nothing was done here, and no cash is given back. "
            f"{warning_of(told) or ''}",
        )
        self._steps.keep_plan(tx, one.id, msgspec.structs.replace(plan, after=plan.before))
        kept.end_undertaking(tx, one.id, self._parts.clock.now(), Ending.OVERTAKEN, str(why))

    def came_to_nothing(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Leave the sale as it was paid: no money has moved."""
        why = str(why_not(told.outcome))
        if is_tried_again(told) and one.step == Step.SETTLE:
            # The customer may have gone: what was not asked is not asked behind their back.
            kept.end_undertaking(tx, one.id, self._parts.clock.now(), Ending.NOT_SENT, why)
            return
        del plan
        kept.end_undertaking(tx, one.id, self._parts.clock.now(), Ending.REFUSED, why)

    def _planned(self, tx: Connection, sale: str, insured: Insured) -> Plan:
        now = self._parts.clock.now()
        row = sales.find_sale(tx, sale)
        if row is None or row.mode is not Mode.DISPENSE or row.state is not SaleState.CLOSED or row.ended_at is None:
            there = None if row is not None else terminal_of(tx, sale)
            if there is not None:
                raise GoToOriginError(sale, Words(f"由 {there} 售出", f"{there} sold it"))
            raise TicketUnknownError(sale)
        refuse_rung_up(tx, sale)
        if kept.open_undertaking_of(tx, sale) is not None:
            raise UnderWayError(sale)
        since = self._paid_in_cash_since(tx, sale) or row.ended_at
        if now - since > timedelta(days=self._within_days):
            raise TooOldError(self._within_days)
        asked = self._asked(tx, sale, insured)
        fee = asked.fee
        return Plan(
            person=insured.person.number, district=asked.insurance.district, rest=asked, before=Money(fee, cash=fee)
        )

    def _paid_in_cash_since(self, tx: Connection, sale: str) -> datetime | None:
        """Return since when the person pays for what stayed after a return; None: from the sale on.

        Raises:
            InsuredBeforeError: The insurance pays, or was asked to; or its settlement was cancelled whole.
            CameBackError: Packs came back that were paid in cash.
        """
        since = kept.self_paid_since(tx, sale)
        asked = (one for one in settlements.settlements_of(tx, sale) if one.standing is not Standing.NONE)
        if not all(since is not None and one.standing is Standing.UNDONE and one.begun_at < since for one in asked):
            raise InsuredBeforeError(sale)
        back = {pack.code for pack in sales.packs_of(tx, sale) if pack.state is PackState.RETURNED}
        ended = (one for one in kept.undertakings_of(tx, sale) if one.outcome in {Ending.DONE, Ending.SELF_PAID})
        if back.difference(*(self._steps.plan_of(one).codes for one in ended)):
            raise CameBackError(sale)
        return since

    def _asked(self, tx: Connection, sale: str, insured: Insured) -> AskedSettlement:
        insurance = _chosen(insured)
        wishes = insured.wishes
        lines = tuple(_ordered(line, wishes.lines.get(line.line)) for line in lines_sold(tx, sale))
        lacking = [line for line in lines if not line.national or line.amount <= Decimal(0)]
        if lacking or not lines:
            names = "、".join(f"第 {line.line} 行 {line.name}" for line in lacking)
            raise NotInsurableError(
                Words(
                    f"没有国家医保编码或单价：{names}",
                    f"No national code or price: lines {', '.join(str(line.line) for line in lacking)}",
                )
            )
        return AskedSettlement(
            person=insured.person, insurance=insurance, begun=self._parts.clock.now(), category=wishes.category,
            uses_account=wishes.uses_account, lines=lines, pharmacist=wishes.pharmacist, disease=wishes.disease,
            disease_name=wishes.disease_name, vouched=insured.vouched,
        )  # fmt: skip

    def _begin(self, tx: Connection, sale: str, insured: Insured, taking: Taking) -> str:
        """Keep the undertaking, if all is still as it was tried."""
        plan = self._planned(tx, sale, insured)
        return self._steps.begin(tx, taking, plan, kind=Kind.INSURE, sale=sale, step=Step.SETTLE)

    def _refuse_settled(self, sale: str, plan: Plan, taking: Taking) -> None:
        """Refuse what the centre knows as paid by the insurance, whoever settled it and under whatever number."""
        assert plan.rest is not None  # noqa: S101 - it was planned a moment ago
        # That what was cancelled here is paid in cash now, the ledger hears a little later.
        cancelled = self._parts.journal.commits(lambda tx: kept.self_paid_since(tx, sale)) is not None
        for code in (code for line in plan.rest.lines for code in line.codes if not line.is_split):
            found = self._finding.insured_sale_of(code, taking.operator)
            if found is not None and not (cancelled and found == sale):
                raise InsuredBeforeError(sale)

    def _tried(self, plan: Plan, taking: Taking) -> Amounts:
        assert plan.rest is not None  # noqa: S101 - it was planned a moment ago
        who = self._parts.who(taking.operator)
        try:
            answer = self._parts.journal.read(
                who.sender, TRIAL, settlement_nodes(plan.rest, self._parts.area),
                insured_district=plan.district, sign_no=who.sign_no,
            )  # fmt: skip
        except (NotSentError, OutcomeUnknownError) as exc:
            raise OfflineError(exc.words) from exc
        if not answer.is_success:
            words = f"[{answer.code}] {answer.message}"
            raise NotInsurableError(Words(f"医保不予结算：{words}", f"The insurance refuses: {words}"))
        return amounts_of(answer, plan.rest.fee, self._parts.area)


def _ordered(line: AskedLine, ordered: Ordered | None) -> AskedLine:
    """Return a line with what a prescription says of it."""
    if ordered is None:
        return line
    return msgspec.structs.replace(
        line, prescription=ordered.prescription, dose=ordered.dose, frequency=ordered.frequency, days=ordered.days
    )


def _chosen(insured: Insured) -> Insurance:
    found = insurance_of(insured.person, insured.wishes.insurance)
    if found is None:
        kind = insured.wishes.insurance
        raise InsuranceUnknownError(Words(f"该人员没有险种 {kind}", f"This person has no insurance {kind}"))
    return found
