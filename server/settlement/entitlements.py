"""What entitles to a sale, by the rules of the day and by what is on record: the port of `entitlement` made real.

A look names everything that is missing, line by line, and changes nothing, so that a trial refuses what the settlement
would. What the settlement uses up of e-prescriptions is taken in its own transaction. How much of a drug somebody has
had is counted from the settlements that stand, so that a cancellation gives it back by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import ClassVar

from codes.words import Words
from rules.entitlements.approval import Approved, Claim, lacks_of_claim, missing
from rules.entitlements.book import EntitlementBook
from rules.entitlements.judging import judge
from rules.entitlements.prescription import (
    Dispensing,
    OnFile,
    OnFileLine,
    Stage,
    Wanted,
    lacks_of_dispensing,
)
from rules.entitlements.purchase import Bought, Drug, Earlier, Lack, Prescribed, Purchase
from rules.entitlements.rule_set import Rest, RuleSet, Unapproved
from server.eprescription import dispensing
from server.eprescription.dispensing import NothingLeftError, Taken
from server.settlement.dispensed_by import DispensedBy, dispensed_by
from server.settlement.entitlement import Entitled
from server.settlement.errors import SettlementError
from server.settlement.meanwhile import check_limits_unused
from server.settlement.pricing import Priced, as_listed
from server.settlement.sale import Sale, SaleLine
from server.store import entitlements as store
from server.store import insurance_catalogue
from server.store.database import Connection
from server.store.entitlements import Approval, ApprovalState, Prescription, PrescriptionState
from server.store.institutions import Institution, InstitutionKind
from wire.fsi.values import BEIJING

_STAGES: Mapping[PrescriptionState, Stage] = {
    PrescriptionState.UPLOADED: Stage.UNISSUED,
    PrescriptionState.SIGNED: Stage.UNISSUED,
    PrescriptionState.ISSUED: Stage.ISSUED,
    PrescriptionState.REVIEWED: Stage.REVIEWED,
    PrescriptionState.REFUSED: Stage.REFUSED,
    PrescriptionState.USED: Stage.USED,
    PrescriptionState.WITHDRAWN: Stage.WITHDRAWN,
}


class EntitlementError(SettlementError):
    """The sale lacks something; its code is that of the first thing, and `lacks` has every one of them."""

    code: ClassVar[str] = "entitlement.refused"

    def __init__(self, lacks: Sequence[Lack]) -> None:
        first = lacks[0]
        steps = Words(
            "；".join(f"明细 {one.serial}：{one.words.zh} [{one.code}] {one.next_step.zh}" for one in lacks),
            "; ".join(f"line {one.serial}: {one.words.en}. {one.next_step.en}" for one in lacks),
        )
        more = len(lacks) - 1
        also = Words(f"；另缺 {more} 项，见 warn_msg", f"; and {more} more") if more else Words("", "")
        super().__init__(
            Words(f"明细 {first.serial}：{first.words.zh}{also.zh}", f"Line {first.serial}: {first.words.en}{also.en}"),
            next_step=steps if more else first.next_step,
        )
        self.code = first.code  # type: ignore[misc] # each lack has a code of its own
        self.lacks = tuple(lacks)


@dataclass(frozen=True, slots=True)
class _Case:
    """A sale, and all that is on record for it."""

    sale: Sale
    institution: Institution
    rules: RuleSet
    priced: Sequence[Priced]
    prescriptions: Mapping[str, Prescription]
    approvals: Sequence[Approval]
    earlier: tuple[Earlier, ...]

    def on_file(self, line: SaleLine) -> Prescription | None:
        return self.prescriptions.get(line.prescription)


@dataclass(frozen=True, slots=True)
class StoredEntitlements:
    """Asks the rules and the store."""

    book: EntitlementBook
    now: Callable[[], datetime]

    def look(self, connection: Connection, sale: Sale, institution: Institution, priced: Sequence[Priced]) -> Entitled:
        """Return what a sale may claim.

        Raises:
            EntitlementError: Something is missing; everything that is, is named.
            NoEntitlementRulesError: No rules hold on the day of the sale.
        """
        case = _case(connection, self.book.on(sale.day), sale, institution, priced)
        dual_channel, lacks, remarks = _dual_channel(case)
        lacks = [*judge(case.rules, _purchase(case)), *_dispensing(connection, case), *lacks]
        if lacks:
            places = {one.line.serial: place for place, one in enumerate(priced)}
            raise EntitlementError(sorted(lacks, key=lambda lack: places[lack.serial]))
        return Entitled(frozenset(dual_channel), tuple(remarks))

    def use(self, connection: Connection, sale: Sale, setl_id: str) -> None:
        """Take what the sale claims of e-prescriptions.

        Raises:
            NothingLeftError: Somebody else has taken it.
        """
        found = _on_record(connection, sale)
        if not found:
            return
        taken = [
            Taken(line.prescription, line.item, line.count)
            for line in as_listed(connection, sale).lines
            if line.prescription in found
        ]
        rest = self.book.on(sale.day).rest
        dispensing.take(connection, taken, setl_id, sale.by.institution, sale.by.at, is_last=rest is Rest.NOWHERE)

    def give_back(self, connection: Connection, setl_id: str) -> None:
        """Put back what a settlement took."""
        dispensing.give_back(connection, setl_id, None, self.now())

    def use_again(self, connection: Connection, setl_id: str) -> None:
        """Take again what was put back.

        Raises:
            NothingLeftError: Somebody else has taken it meanwhile.
            ReversalError: The person has had of the same limited drugs meanwhile.
        """
        at = self.now()
        rules = self.book.on(at.astimezone(BEIJING).date())
        dispensing.take_again(connection, setl_id, at, is_last=rules.rest is Rest.NOWHERE)
        check_limits_unused(connection, rules, setl_id)


__all__ = ["EntitlementError", "NothingLeftError", "StoredEntitlements"]


def _on_record(connection: Connection, sale: Sale) -> dict[str, Prescription]:
    """Return the e-prescriptions that lines name.

    A hospital numbers its own prescriptions as it likes: only what it issued itself, or what comes from outside, is
    looked for there.
    """
    numbers = {line.prescription for line in sale.lines if line.prescription}
    if not numbers:
        return {}
    outside = {line.prescription for line in sale.lines if line.is_from_outside}
    is_pharmacy = not sale.visit
    return {
        number: one
        for number, one in store.load_prescriptions(connection, numbers).items()
        if is_pharmacy or number in outside or one.institution == sale.by.institution
    }


def _case(
    connection: Connection, rules: RuleSet, sale: Sale, institution: Institution, priced: Sequence[Priced]
) -> _Case:
    drugs = {one.line.serial: _drug(one) for one in priced}
    approvals: Sequence[Approval] = ()
    if institution.kind is InstitutionKind.PHARMACY:
        approvals = store.load_approvals_of(connection, sale.psn_no, {drug.item for drug in drugs.values()})
    days = max(
        rules.remembers(institution.kind.value, drugs.values()),
        max((_window_of(one)[1] for one in approvals), default=0),
    )
    return _Case(
        sale, institution, rules, priced, _on_record(connection, sale), approvals, _earlier(connection, sale, days)
    )


def _earlier(connection: Connection, sale: Sale, days: int) -> tuple[Earlier, ...]:
    """Return what the person was settled in the last days, the whole day of the sale included."""
    if not days:
        return ()
    midnight = datetime.combine(sale.day, time(), BEIJING)
    begins, ends = midnight - timedelta(days=days), midnight + timedelta(days=1)
    charged = store.load_charged(connection, sale.psn_no, begins=begins, ends=ends)
    listed = insurance_catalogue.load_items_on(connection, {one.item for one in charged}, sale.day)
    found: list[Earlier] = []
    for one in charged:
        item = listed.get(one.item)
        drug = Drug(one.item, item.name, item.is_prescription, item.is_negotiated) if item else Drug(one.item)
        days_of = _number(one.fields.get("prd_days"))
        found.append(Earlier(drug, one.at.astimezone(BEIJING).date(), one.count, days_of))
    return tuple(found)


def _drug(priced: Priced) -> Drug:
    item = priced.item
    if item is None:
        return Drug(priced.reckoned.item)
    return Drug(item.code, item.name, item.is_prescription, item.is_negotiated)


def _purchase(case: _Case) -> Purchase:
    sale = case.sale
    return Purchase(
        day=sale.day,
        institution_kind=case.institution.kind.value,
        certificate=sale.credential.kind if sale.credential else "",
        lines=tuple(_bought(case, one) for one in case.priced),
        earlier=case.earlier,
    )


def _bought(case: _Case, priced: Priced) -> Bought:
    line, on_file = priced.line, case.on_file(priced.line)
    prescribed = Prescribed.ON_PAPER if line.prescription else Prescribed.NOT
    return Bought(
        serial=line.serial,
        drug=_drug(priced),
        count=line.count,
        days=line.days,
        prescribed=Prescribed.ELECTRONICALLY if on_file else prescribed,
        has_doctor=bool(line.doctor or on_file),
        # Whether an e-prescription was reviewed is asked of the prescription itself.
        is_reviewed=bool(case.sale.pharmacist or on_file),
    )


def _dispensing(connection: Connection, case: _Case) -> Iterator[Lack]:
    """Yield what keeps lines from being dispensed on the e-prescriptions that they name."""
    if not case.prescriptions:
        return
    lines = store.load_prescription_lines(connection, case.prescriptions)
    ever = store.load_uses(connection, case.prescriptions)
    uses = [one for one in ever if one.given_back_at is None]
    known = dispensed_by(connection, case.sale, ever, lines)
    for number, one in case.prescriptions.items():
        on_file = OnFile(
            number=number,
            psn_no=one.psn_no,
            doctor=one.doctor,
            stage=_STAGES[one.state],
            issued_at=one.issued_at,
            valid_to=one.valid_to_at,
            lines=tuple(OnFileLine(line.n, line.item, line.left) for line in lines[number]),
            dispensed_at=tuple(use.institution for use in uses if use.number == number),
        )
        wanted = [_wanted(priced, known) for priced in case.priced if priced.line.prescription == number]
        where = Dispensing(case.sale.psn_no, case.institution.code)
        yield from lacks_of_dispensing(on_file, wanted, where, case.rules.rest)


def _wanted(priced: Priced, known: DispensedBy) -> Wanted:
    line, drug = priced.line, _drug(priced)
    return Wanted(line.serial, drug, line.count, line.at, line.doctor, known.of(line, drug.item))


def _dual_channel(case: _Case) -> tuple[list[str], list[Lack], list[Words]]:
    """Return the lines that are settled as at the hospital, what others lack for it, and what is remarkable."""
    serials: list[str] = []
    lacks: list[Lack] = []
    remarks: list[Words] = []
    if case.institution.kind is not InstitutionKind.PHARMACY:
        return serials, lacks, remarks
    before = list(case.earlier)
    for priced in case.priced:
        claim, drug = _claim(case, priced, before), _drug(priced)
        before.append(Earlier(drug, priced.line.day, priced.line.count))
        approvals = [_approved(one) for one in case.approvals if one.item == drug.item]
        of_list = case.rules.dual_channel_of(drug)
        if approvals:
            found = lacks_of_claim(claim, approvals)
            lacks += found
            serials += [] if found else [priced.line.serial]
        elif of_list is not None and of_list.unapproved is Unapproved.REFUSE:
            lacks.append(missing(claim))
        elif of_list is not None:
            serial, name = priced.line.serial, drug.name or drug.item
            remarks.append(
                Words(
                    f"明细 {serial}：{of_list.title.zh} {name} 无双通道审批，不享受双通道待遇",
                    f"line {serial}: {of_list.title.en}, no approval; not settled as a dual-channel drug",
                )
            )
    return serials, lacks, remarks


def _claim(case: _Case, priced: Priced, before: Sequence[Earlier]) -> Claim:
    line, drug, on_file = priced.line, _drug(priced), case.on_file(priced.line)
    return Claim(
        serial=line.serial,
        drug=drug,
        day=line.day,
        count=line.count,
        pharmacy=case.institution.code,
        is_dual_channel_pharmacy=case.institution.is_dual_channel,
        doctor=line.doctor or (on_file.doctor if on_file else ""),
        is_prescribed=bool(line.prescription),
        earlier=tuple(one for one in before if one.drug.item == drug.item),
    )


def _approved(one: Approval) -> Approved:
    quantity, days = _window_of(one)
    return Approved(
        one.doctor, one.pharmacy, one.from_day, one.to_day, one.state is ApprovalState.WITHDRAWN, quantity, days
    )


def _window_of(one: Approval) -> tuple[Decimal | None, int]:
    """Return how much an approval is for, within how many days."""
    quantity = _number(one.detail.get("quantity"))
    return quantity, int(one.detail.get("window_days", "1"))


def _number(said: object) -> Decimal | None:
    try:
        return None if said is None or said == "" else Decimal(str(said))
    except InvalidOperation:
        return None
