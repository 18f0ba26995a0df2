"""Fee lines of an open visit: each kept once, split as it comes, taken back or removed while nothing is settled on it.

The same line again is the same line; another content under its serial is refused, and says which field differs. What a
settlement stands on stays as it is. The split is told at once, by the lists of the fee's day; the settlement reckons it
anew, with all that it knows then.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from codes.words import Words
from rules.benefits.case import Visit as RuledVisit
from rules.benefits.outcome import SplitLine
from rules.benefits.split import split_lines
from rules.visits import Charge, overdrawn
from server.errors import StoreContentionError
from server.settlement.checks import Fee, check_roundings, check_sale
from server.settlement.errors import LineEmptyError, LineRepeatedError
from server.settlement.insured_days import insured_to, last_moment, stay_facts_of
from server.settlement.persons import Insured, as_ruled, load_insured, referral_of
from server.settlement.pricing import Priced, price_lines
from server.settlement.reckoning import Ground
from server.settlement.sale import Caller, Sale, SaleLine, key_of, plain
from server.settlement.sent import told_differences
from server.settlement.stay_ends import is_settled_in_mid_stay
from server.settlement.visit_errors import (
    FeeTimeError,
    LineDiffersError,
    LineSettledError,
    RefundError,
    UnknownLineError,
)
from server.settlement.visiting import check_come, refused
from server.store import settlements, visits
from server.store.database import Connection
from server.store.institutions import Institution
from server.store.visits import FeeLine, Visit, VisitKind, VisitState
from wire.fsi.values import BEIJING

ALL = "0000"
"""In place of a batch or a serial: every line that is not settled."""


@dataclass(frozen=True, slots=True)
class Charged:
    """A line as it is kept, and what insurance makes of it."""

    line: FeeLine
    priced: Priced
    is_found: bool
    """It was there before this message."""


def batch_of(line: SaleLine) -> str:
    """Return `chrg_bchno`; a stay's lines have none."""
    return str(line.sent.get("chrg_bchno") or "")


def charge(
    connection: Connection, visit: Visit, lines: Sequence[SaleLine], by: Caller, place: tuple[Institution, Ground]
) -> tuple[Charged, ...]:
    """Keep the lines that are new, and return all of them as they are kept; the person is locked.

    Raises:
        VisitStateError: The visit takes no lines any more.
        FeeTimeError: A fee arose after the discharge, or later than today.
        LineEmptyError: A line has no quantity.
        SumDiffersError: A line is not its quantity times its price, or many are not by a fen each.
        LineDiffersError: A line is there with other contents.
        LineSettledError: Its batch is settled.
        RefundError: A line takes back what was not charged.
    """
    check_chargeable(visit)
    unique = _unique(lines)
    for line in unique:
        _check_count(line)
        _check_time(visit, line, by.at)
    sale = probe_of(visit, unique, by)
    check_sale(sale, by.at.astimezone(BEIJING).date())
    known = {one.feedetl_sn: one for one in visits.load_lines(connection, visit.mdtrt_id)}
    new = [line for line in unique if not _is_known(line, known)]
    _check_batches(connection, visit, new, known)
    institution, ground = place
    priced, split = _split(connection, visit, sale, institution, ground)
    kept = [_kept(visit, one, part) for one, part in zip(priced, split, strict=True)]
    added = [one for one in kept if one.feedetl_sn not in known]
    check_refunds([*known.values(), *added])
    if added:
        _check_roundings([one for one in known.values() if one.setl_id is None] + added)
    if visits.add_lines(connection, added) != len(added):
        raise StoreContentionError(Words("明细刚被上传", "The lines were uploaded just now"))
    return tuple(
        Charged(known.get(one.feedetl_sn, one), found, is_found=one.feedetl_sn in known)
        for one, found in zip(kept, priced, strict=True)
    )


def _check_roundings(lines: Sequence[FeeLine]) -> None:
    """Refuse what its settlement would refuse: better now than when the person pays."""
    for batch in {one.batch for one in lines}:
        check_roundings(Fee(one.feedetl_sn, one.amount, one.count, one.price) for one in lines if one.batch == batch)


def withdraw_batch(connection: Connection, visit: Visit, batch: str) -> int:
    """Remove the lines of a batch, or with `ALL` every line that is not settled; return how many; the person is locked.

    Raises:
        UnknownLineError: There is no such batch.
        LineSettledError: It is settled.
    """
    lines = visits.load_lines(connection, visit.mdtrt_id)
    if batch == ALL:
        return visits.remove_lines(connection, visit.mdtrt_id)
    of_batch = [one for one in lines if one.batch == batch]
    if not of_batch:
        raise UnknownLineError(
            Words(
                f"就诊 {visit.mdtrt_id} 没有收费批次 {batch}{_listed(lines)}",
                f"The visit {visit.mdtrt_id} has no batch {batch}",
            )
        )
    _refuse_settled(of_batch)
    return visits.remove_lines(connection, visit.mdtrt_id, [one.feedetl_sn for one in of_batch])


def withdraw_lines(connection: Connection, visit: Visit, serials: Collection[str]) -> int:
    """Remove lines, or with `ALL` every line that is not settled; return how many; the person is locked.

    Raises:
        UnknownLineError: There is no such line.
        LineSettledError: One of them is settled.
        RefundError: Another line takes one of them back.
    """
    if ALL in serials:
        return visits.remove_lines(connection, visit.mdtrt_id)
    known = {one.feedetl_sn: one for one in visits.load_lines(connection, visit.mdtrt_id)}
    for serial in serials:
        if serial not in known:
            raise UnknownLineError(
                Words(
                    f"就诊 {visit.mdtrt_id} 没有明细 {serial}（feedetl_sn 费用明细流水号）",
                    f"The visit {visit.mdtrt_id} has no line {serial} (feedetl_sn)",
                )
            )
    _refuse_settled([known[serial] for serial in serials])
    check_refunds([one for serial, one in known.items() if serial not in serials])
    return visits.remove_lines(connection, visit.mdtrt_id, list(serials))


def check_chargeable(visit: Visit) -> None:
    """Refuse a visit that takes no lines any more.

    Raises:
        VisitStateError: It was cancelled, or it is settled.
    """
    wish = Words("上传或撤销费用明细", "have its lines changed")
    if visit.state is VisitState.CANCELLED:
        begin = "2201" if visit.kind is VisitKind.OUTPATIENT else "2401"
        raise refused(visit, wish, Words(f"请用 {begin} 重新登记后再上传。", f"Begin a new visit with {begin}."))
    if visit.state is VisitState.SETTLED and not is_settled_in_mid_stay(visit):
        raise refused(visit, wish, Words("请先用 2305 撤销住院结算。", "First cancel the settlement with 2305."))


def probe_of(visit: Visit, lines: Sequence[SaleLine], by: Caller) -> Sale:
    """Return lines of a visit as the sale that they will be part of; those of an outpatient count when they arose."""
    times = [line.at for line in lines] if visit.kind is VisitKind.OUTPATIENT else []
    return Sale(
        by=replace(by, district=visit.district),
        psn_no=visit.psn_no,
        credential=None,
        insutype=visit.insutype,
        insured_district=visit.insured_district,
        med_type=visit.med_type,
        begins=min(times, default=visit.begins_at),
        lines=tuple(lines),
        total=sum((line.amount for line in lines), Decimal(0)),
        uses_account=False,
        disease=visit.dise_codg,
        visit=visit.mdtrt_id,
        ends=max(times, default=visit.ends_at),
        admitted=None if visit.kind is VisitKind.OUTPATIENT else visit.begins_at.astimezone(BEIJING).date(),
    )


def _unique(lines: Sequence[SaleLine]) -> list[SaleLine]:
    """Return the lines without repetitions.

    Raises:
        LineRepeatedError: Two of them differ under one serial.
    """
    found: dict[str, SaleLine] = {}
    for line in lines:
        before = found.setdefault(line.serial, line)
        differences = told_differences(before.sent, line.sent)
        if differences:
            raise LineRepeatedError(
                Words(
                    f"feedetl_sn（费用明细流水号）{line.serial} 在报文中出现两次，内容不同：{differences.zh}",
                    f"feedetl_sn {line.serial} is there twice, with other contents: {differences.en}",
                )
            )
    return list(found.values())


def _check_count(line: SaleLine) -> None:
    if line.count == 0:
        raise LineEmptyError(
            Words(f"明细 {line.serial} 的 cnt（数量）为 0", f"Line {line.serial}: cnt is 0"),
        )


def _check_time(visit: Visit, line: SaleLine, now: datetime) -> None:
    check_come(f"明细 {line.serial} 的 fee_ocur_time（费用发生时间）", f"fee_ocur_time of {line.serial}", line.at, now)
    if visit.ends_at is not None and line.day > visit.ends_at.astimezone(BEIJING).date():
        ends = visit.ends_at.astimezone(BEIJING).date()
        raise FeeTimeError(
            Words(
                f"明细 {line.serial} 的 fee_ocur_time（费用发生时间）{line.day} 晚于出院日 {ends}",
                f"Line {line.serial}: fee_ocur_time is {line.day}, the discharge was on {ends}",
            ),
            next_step=Words(
                "请核对费用时间或出院时间（2405 后重新 2402）。", "Check the time, or that of the discharge."
            ),
        )


def _is_known(line: SaleLine, known: dict[str, FeeLine]) -> bool:
    before = known.get(line.serial)
    if before is None:
        return False
    found = told_differences(before.fields, line.sent)
    if found:
        raise LineDiffersError(
            Words(
                f"明细 {line.serial}（feedetl_sn 费用明细流水号）已上传，内容不同：{found.zh}",
                f"Line {line.serial} (feedetl_sn) is there already, with other contents: {found.en}",
            )
        )
    return True


def _check_batches(connection: Connection, visit: Visit, lines: Sequence[SaleLine], known: dict[str, FeeLine]) -> None:
    """Refuse new lines in a batch that is settled, here or in another visit of the institution."""
    if visit.kind is not VisitKind.OUTPATIENT:
        return
    settled = {one.batch: one.setl_id for one in known.values() if one.setl_id is not None}
    for batch in dict.fromkeys(batch_of(line) for line in lines):
        setl_id = settled.get(batch) or _settled_elsewhere(connection, visit, batch)
        if setl_id:
            raise LineSettledError(
                Words(
                    f"chrg_bchno（收费批次号）{batch} 已结算（setl_id {setl_id}），不能再加明细",
                    f"The batch {batch} (chrg_bchno) is settled ({setl_id}) and takes no more lines",
                )
            )


def _settled_elsewhere(connection: Connection, visit: Visit, batch: str) -> str:
    by = Caller(visit.institution, "", "", "", "", "", visit.made_at)
    standing = settlements.find_standing(connection, key_of(replace(probe_of(visit, (), by), sale_number=batch)))
    return standing.setl_id if standing else ""


def _split(
    connection: Connection, visit: Visit, sale: Sale, institution: Institution, ground: Ground
) -> tuple[tuple[Priced, ...], Sequence[SplitLine]]:
    person = _insured(connection, visit, sale, ground)
    priced = price_lines(connection, sale, institution, person.insurance)
    is_stay = visit.kind is VisitKind.INPATIENT
    ruled = RuledVisit(
        med_type=visit.med_type,
        begins=sale.begins.astimezone(BEIJING).date() if is_stay else sale.day,
        ends=sale.ends.astimezone(BEIJING).date() if is_stay and sale.ends else None,
        level=institution.level,
        institution_kind=institution.kind,
        district=visit.district,
        disease=visit.dise_codg or None,
        referral=referral_of(person, sale),
    )
    force = ground.books.for_district(person.insurance.district).for_visit(ruled)
    facts = force.rules.facts_of(as_ruled(person, force.rules, force.day), ruled)
    return priced, split_lines(force.rules, facts, ruled, [one.reckoned for one in priced])[0]


def _insured(connection: Connection, visit: Visit, sale: Sale, ground: Ground) -> Insured:
    if sale.admitted is None:
        return load_insured(connection, sale, ground.sealer, sale.by.at)
    facts = stay_facts_of(visit, ground.books.for_district(visit.insured_district))
    last = insured_to(connection, visit, facts, sale.by.at)
    if last is not None and sale.ends is not None:
        # Its lines may come after the discharge, and what arose before the insurance ended is settled.
        sale = replace(sale, ends=last_moment(last))
    return load_insured(connection, sale, ground.sealer, sale.by.at, facts)


def _kept(visit: Visit, priced: Priced, split: SplitLine) -> FeeLine:
    line = priced.line
    return FeeLine(
        mdtrt_id=visit.mdtrt_id,
        feedetl_sn=line.serial,
        psn_no=visit.psn_no,
        batch=batch_of(line),
        item=priced.reckoned.item,
        own_item=line.own_code,
        charged_at=line.at,
        count=line.count,
        price=line.price,
        amount=line.amount,
        charge_class=priced.reckoned.charge_class,
        charge_kind=priced.reckoned.kind,
        price_limit=priced.reckoned.price_limit,
        pays_first=priced.reckoned.pays_first,
        over_limit=split.over_limit,
        outside=split.outside,
        first=split.pays_first,
        in_scope=split.in_scope,
        doctor=line.doctor,
        rxno=line.prescription,
        setl_id=None,
        fields=line.sent,
    )


def charge_of(line: FeeLine) -> Charge:
    """Return a line as far as taking back is concerned: within one batch, the same item at the same price."""
    what = (line.batch, line.item, line.own_item, line.price)
    day = line.charged_at.astimezone(BEIJING).date()
    return Charge(line.feedetl_sn, what, line.count, line.amount, str(line.fields.get("init_feedetl_sn") or ""), day)


def check_refunds(lines: Sequence[FeeLine]) -> None:
    """Refuse lines of a visit that take back what was not charged, or what is settled.

    Raises:
        RefundError: One does; it is named with what it could take back.
    """
    free = [line for line in lines if line.setl_id is None]
    settled = {line.feedetl_sn: line.setl_id for line in lines if line.setl_id is not None}
    for found in overdrawn([charge_of(line) for line in free]):
        one = found.charge
        if one.takes_back in settled:
            raise RefundError(
                Words(
                    f"退费明细 {one.serial} 的原明细 {one.takes_back} 已结算（setl_id {settled[one.takes_back]}）",
                    f"Line {one.serial} takes back {one.takes_back}, which is settled ({settled[one.takes_back]})",
                )
            )
        of = f"（init_feedetl_sn 原费用流水号 {one.takes_back}）" if one.takes_back else ""
        raise RefundError(
            Words(
                f"退费明细 {one.serial}{of}：可退数量 {plain(found.count)}、金额 {found.amount:.2f}，"
                f"本次退 {plain(-one.count)}、{-one.amount:.2f}",
                f"Line {one.serial} takes back {plain(-one.count)} for {-one.amount:.2f}; "
                f"{plain(found.count)} for {found.amount:.2f} can be",
            )
        )


def _refuse_settled(lines: Sequence[FeeLine]) -> None:
    for line in lines:
        if line.setl_id is not None:
            raise LineSettledError(
                Words(
                    f"明细 {line.feedetl_sn} 已结算（setl_id {line.setl_id}），不能撤销",
                    f"Line {line.feedetl_sn} is settled ({line.setl_id}) and cannot be withdrawn",
                )
            )


def _listed(lines: Sequence[FeeLine]) -> str:
    batches = sorted({one.batch for one in lines if one.setl_id is None})
    return f"，未结算的批次：{'、'.join(batches)}" if batches else ""
