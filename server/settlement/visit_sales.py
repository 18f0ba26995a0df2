"""The sale that lines of a visit make: a charge batch of a registration, or what is not settled yet of a stay.

What is settled already makes the same sale again, so that a message about it finds the settlement that stands. The
parts of a stay are numbered, since two weeks on the same ward cost the same and are not the same sale.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from codes.words import Words
from rules.pack_meant import NoPack, pack_meant
from rules.visits import net_counts
from server.settlement.charging import charge_of
from server.settlement.errors import NoLinesError, ReversalError
from server.settlement.insured_days import last_moment
from server.settlement.insured_part import insurance_ended, insured_part
from server.settlement.sale import Caller, Credential, Sale, SaleLine, SoldCode
from server.settlement.visit_errors import (
    CodesMissingError,
    DiagnosisError,
    LineSettledError,
    MedTypeError,
    UnknownLineError,
)
from server.settlement.visiting import refused, settled_lines, standing_settlements
from server.store import visits
from server.store.database import Connection
from server.store.settlements import Settlement
from server.store.visits import FeeLine, Visit, VisitKind, VisitState
from wire.fsi.values import BEIJING

_CODED: Final = ("X", "Z")
"""How the national codes of western and of patent medicine begin: their packs bear trace codes."""
_OUTSIDE: Final = "03"
_MOST_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What a settlement of a visit, or its trial, states."""

    by: Caller
    psn_no: str
    credential: Credential
    insutype: str
    insured_district: str
    total: Decimal
    uses_account: bool
    invoice: str = ""
    codes: tuple[SoldCode, ...] = ()


@dataclass(frozen=True, slots=True)
class VisitSale:
    """A sale, and the lines of the visit that it is about."""

    sale: Sale
    lines: tuple[FeeLine, ...]
    is_settled: bool
    """A settlement stands on these lines."""


def batch_sale(connection: Connection, visit: Visit, batch: str, med_type: str, asked: Asked) -> VisitSale:
    """Return a charge batch of a registration as a sale.

    Raises:
        VisitStateError: The registration was cancelled.
        MedTypeError: Category or insurance are not those of the visit.
        DiagnosisError: 2203 has not told what the visit is about.
        UnknownLineError: The visit has no such batch.
    """
    if visit.state is VisitState.CANCELLED:
        raise refused(visit, Words("结算", "be settled"), Words("请用 2201 重新挂号。", "Register anew with 2201."))
    if not visits.load_diagnoses(connection, visit.mdtrt_id):
        raise DiagnosisError(
            Words(
                f"就诊 {visit.mdtrt_id} 尚未上传就诊信息（2203），不能结算",
                f"Nothing was told of the visit {visit.mdtrt_id} yet (2203)",
            ),
            next_step=Words("请先用 2203 上传诊断与医疗类别。", "Send diagnoses and category with 2203 first."),
        )
    _check_same(visit, "med_type（医疗类别）", "med_type", visit.med_type, med_type)
    _check_same(visit, "insutype（险种类型）", "insutype", visit.insutype, asked.insutype)
    lines = visits.load_lines(connection, visit.mdtrt_id, batch)
    if not lines:
        known = sorted({one.batch for one in visits.load_lines(connection, visit.mdtrt_id)})
        there = f"，已上传的批次：{'、'.join(known[:_MOST_NAMED])}" if known else "，请先用 2204 上传费用明细"
        raise UnknownLineError(
            Words(
                f"就诊 {visit.mdtrt_id} 没有 chrg_bchno（收费批次号）{batch} 的明细{there}",
                f"The visit {visit.mdtrt_id} has no lines of the batch {batch} (chrg_bchno)",
            )
        )
    # A registration may be months older than what is charged on it.
    times = [one.charged_at for one in lines]
    sale = replace(_sale(visit, lines, asked, number=batch, ends=max(times)), begins=min(times))
    return VisitSale(sale, tuple(lines), is_settled=bool(settled_lines(lines)))


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a settlement of a stay reaches."""

    is_mid_stay: bool
    """`mid_setl_flag`: it is not to be the last one."""
    stay_number: int
    insured_to: date | None = None
    """The last insured day, where the stay lasts longer."""


def stay_sale(connection: Connection, visit: Visit, asked: Asked, reach: Reach) -> VisitSale:
    """Return as a sale what of a stay is not settled, or, if nothing is left, what was settled last.

    Of a stay that lasts longer than its insurance only what arose until then, which is settled in mid-stay.

    Raises:
        VisitStateError: The person was not discharged and the message is no mid-stay settlement, or the reverse; or the
            admission was cancelled.
        MedTypeError: The insurance is not that of the stay.
        UnknownLineError: There are no lines.
        NoLinesError: Nothing is left, and the sum is not that of the last part; it is named.
        InsuranceEndedError: What is left arose after the insurance ended, or is not to be settled in mid-stay.
    """
    _check_settleable(visit, reach)
    _check_same(visit, "insutype（险种类型）", "insutype", visit.insutype, asked.insutype)
    lines = visits.load_lines(connection, visit.mdtrt_id)
    if not lines:
        raise UnknownLineError(
            Words(
                f"就诊 {visit.mdtrt_id} 没有费用明细，请先用 2301 上传",
                f"The stay {visit.mdtrt_id} has no fee lines (2301)",
            )
        )
    parts = standing_settlements(connection, visit)
    free = [one for one in lines if one.setl_id is None]
    ends = asked.by.at if visit.ends_at is None else visit.ends_at
    if free and reach.insured_to is not None:
        sums = [max(parts, key=part_number).medfee_sumamt] if parts else []
        part = insured_part(free, reach.insured_to)
        is_repeated = part.is_nothing and asked.total in sums
        if part.astride or not reach.is_mid_stay or (part.is_nothing and not is_repeated):
            raise insurance_ended(visit, reach.insured_to, free)
        free, ends = [] if is_repeated else list(part.lines), last_moment(reach.insured_to)
    if not free and parts:
        last = max(parts, key=part_number)
        _check_repeated(visit, last, asked)
        again = [one for one in lines if one.setl_id == last.setl_id]
        return VisitSale(
            _stay(visit, again, asked, _Part(part_number(last), last.ends_at, reach.stay_number)),
            tuple(again),
            is_settled=True,
        )
    # After the highest that stands: one number is never two parts at a time.
    number = max((part_number(one) for one in parts), default=0) + 1
    return VisitSale(_stay(visit, free, asked, _Part(number, ends, reach.stay_number)), tuple(free), is_settled=False)


def part_number(record: Settlement) -> int:
    """Return which part of a stay a settlement is."""
    return int(record.sale_number.rpartition("-")[2])


def check_last_part(connection: Connection, visit: Visit, record: Settlement) -> None:
    """Refuse to undo a part of a stay before the parts that were reckoned on top of it.

    Raises:
        LineSettledError: A later part stands.
    """
    later = [one for one in standing_settlements(connection, visit) if part_number(one) > part_number(record)]
    if later:
        last = max(later, key=part_number).setl_id
        raise LineSettledError(
            Words(
                f"结算 {record.setl_id} 之后的分段结算 {last} 尚未撤销",
                f"The part {last}, which was settled after {record.setl_id}, stands",
            ),
            next_step=Words(f"请先用 2305 撤销结算 {last}。", f"First cancel {last} with 2305."),
        )


def check_next_part(connection: Connection, visit: Visit, record: Settlement) -> None:
    """Refuse to let a part of a stay stand again on other parts than those that it was reckoned on.

    Raises:
        ReversalError: A part before it does not stand, or another one stands in its place.
    """
    standing = {part_number(one): one for one in standing_settlements(connection, visit)}
    own = part_number(record)
    missing = next((n for n in range(1, own) if n not in standing), None)
    if missing is not None:
        raise ReversalError(
            Words(
                f"结算 {record.setl_id} 是就诊 {visit.mdtrt_id} 的第 {own} 段，第 {missing} 段已撤销",
                f"{record.setl_id} is part {own} of the stay {visit.mdtrt_id}, of which part {missing} is cancelled",
            ),
            next_step=Words("请按先后顺序冲正：先冲正前一段的撤销。", "Reverse in order: first the part before it."),
        )
    later = next((one for n, one in standing.items() if n >= own or one.n > record.n), None)
    if later is not None:
        raise ReversalError(
            Words(
                f"结算 {record.setl_id} 撤销后，就诊 {visit.mdtrt_id} 已另行结算（{later.setl_id}）",
                f"The stay {visit.mdtrt_id} was settled otherwise since ({later.setl_id})",
            ),
            next_step=Words(f"请先用 2305 撤销结算 {later.setl_id}。", f"First cancel {later.setl_id} with 2305."),
        )


def _check_repeated(visit: Visit, last: Settlement, asked: Asked) -> None:
    """Let pass what repeats the last part of a stay; with another sum it means lines that are not there."""
    if asked.total != last.medfee_sumamt:
        raise NoLinesError(
            Words(
                f"就诊 {visit.mdtrt_id} 没有未结算的费用：最后一次结算为 {last.setl_id}（第 {part_number(last)} 段，"
                f"{last.medfee_sumamt:.2f}），medfee_sumamt（医疗费总额）{asked.total:.2f} 无对应明细",
                f"Nothing is left to settle of {visit.mdtrt_id}: the last part was {last.setl_id} (part "
                f"{part_number(last)}, {last.medfee_sumamt:.2f}); no lines make {asked.total:.2f} (medfee_sumamt)",
            ),
            next_step=Words(
                "已无费用的，住院在出院（2402）时即为已结算，无需再发 2304；另有费用的请先用 2301 上传。",
                "Without further fees the stay is settled with its discharge (2402) and wants no 2304; upload further "
                "fees with 2301 first.",
            ),
        )


def refuse_nothing(found: VisitSale) -> None:
    """Refuse lines of which everything was taken back.

    Raises:
        NoLinesError: There is nothing to settle.
    """
    if sum(one.count for one in found.lines) == 0:
        raise NoLinesError(
            Words("费用明细已全部退费，无需结算", "Every line was taken back; there is nothing to settle"),
            next_step=Words(
                "请撤销这些明细（门诊 2205、住院 2302）。", "Withdraw the lines, with 2205 or for a stay 2302."
            ),
        )


def check_codes(asked: Asked, found: VisitSale, *, are_required: bool) -> None:
    """Check the trace codes that travel with a settlement (channel A).

    Raises:
        CodesMissingError: An insured drug line has none where the area demands it, a code names a line that is not
            settled here, is no pack's, or a whole pack is there twice.
    """
    serials = {one.feedetl_sn for one in found.lines}
    seen: set[str] = set()
    for code in asked.codes:
        if code.line not in serials:
            raise _code_error(code, Words("所指明细不在本次结算中", "its line is not settled here"))
        meant = pack_meant(code.code)
        if isinstance(meant, NoPack):
            raise _code_error(code, meant.words)
        if meant.key in seen and not code.is_split:
            raise _code_error(code, Words("整盒的码在报文中出现两次", "a whole pack is there twice"))
        seen.add(meant.key)
    if are_required:
        _check_missing(found.lines, {code.line for code in asked.codes})


def _check_missing(lines: Iterable[FeeLine], coded: set[str]) -> None:
    rows = list(lines)
    left = net_counts(charge_of(one) for one in rows)
    missing = [
        one
        for one in rows
        if one.count > 0
        and one.item.startswith(_CODED)
        and one.charge_class != _OUTSIDE
        and left[charge_of(one).what] > 0
        and one.feedetl_sn not in coded
    ]
    if missing:
        named = "、".join(f"{one.feedetl_sn}（{one.item}）" for one in missing[:_MOST_NAMED])
        listed = ", ".join(f"{one.feedetl_sn} ({one.item})" for one in missing[:_MOST_NAMED])
        raise CodesMissingError(
            Words(
                f"drug_trac_info（药品追溯码信息）缺少明细 {named} 的追溯码",
                f"drug_trac_info has no trace code for the lines {listed}",
            )
        )


def _code_error(code: SoldCode, why: Words) -> CodesMissingError:
    shown = f"…{code.code[-6:]}"
    return CodesMissingError(
        Words(
            f"drug_trac_info（药品追溯码信息）明细 {code.line} 的码 {shown}：{why.zh}",
            f"drug_trac_info: the code {shown} of line {code.line}: {why.en}",
        )
    )


def _check_settleable(visit: Visit, reach: Reach) -> None:
    wish = Words("结算", "be settled")
    if visit.state is VisitState.CANCELLED:
        raise refused(visit, wish, Words("请用 2401 重新办理入院。", "Admit anew with 2401."))
    if visit.state is VisitState.OPEN and not reach.is_mid_stay:
        raise refused(
            visit,
            wish,
            Words(
                "请先用 2402 办理出院；中途结算请填 mid_setl_flag=1。",
                "Discharge with 2402 first; for a mid-stay settlement set mid_setl_flag to 1.",
            ),
        )
    if visit.state is not VisitState.OPEN and reach.is_mid_stay and reach.insured_to is None:
        raise refused(
            visit,
            Words("中途结算", "be settled in mid-stay"),
            Words("出院后请以 mid_setl_flag=0 结算。", "After the discharge set mid_setl_flag to 0."),
        )


def _check_same(visit: Visit, label: str, name: str, there: str, stated: str) -> None:
    if there != stated:
        told = "2203" if visit.kind is VisitKind.OUTPATIENT else "2401"
        raise MedTypeError(
            Words(
                f"{label}{stated} 与就诊 {visit.mdtrt_id} 登记的 {there} 不一致（{told}）",
                f"{name} is {stated}, that of the visit {visit.mdtrt_id} is {there} ({told})",
            )
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a stay that is settled for itself."""

    n: int
    """Counted from 1; there is one if nothing was settled in mid-stay."""
    ends: datetime
    stay_number: int


def _stay(visit: Visit, lines: Sequence[FeeLine], asked: Asked, part: _Part) -> Sale:
    sale = _sale(visit, lines, asked, number=f"{visit.mdtrt_id}-{part.n}", ends=part.ends)
    admitted = visit.begins_at.astimezone(BEIJING).date()
    return replace(sale, admitted=admitted, stay_number=part.stay_number)


def _sale(visit: Visit, lines: Sequence[FeeLine], asked: Asked, *, number: str, ends: datetime | None) -> Sale:
    return Sale(
        by=replace(asked.by, district=visit.district),
        psn_no=visit.psn_no,
        credential=asked.credential,
        insutype=visit.insutype,
        insured_district=asked.insured_district or visit.insured_district,
        med_type=visit.med_type,
        begins=visit.begins_at,
        lines=tuple(_line(one) for one in lines),
        total=asked.total,
        uses_account=asked.uses_account,
        sale_number=number,
        codes=asked.codes,
        disease=visit.dise_codg,
        disease_name=visit.dise_name,
        invoice=asked.invoice,
        visit=visit.mdtrt_id,
        ends=ends,
    )


def _line(one: FeeLine) -> SaleLine:
    """Return a line as it was sent, so that the settlement looks it up anew."""
    sent = one.fields
    return SaleLine(
        serial=one.feedetl_sn,
        item=str(sent.get("med_list_codg") or one.item),
        own_code=one.own_item,
        amount=one.amount,
        count=one.count,
        price=one.price,
        at=one.charged_at,
        doctor=one.doctor,
        prescription=one.rxno,
        is_from_outside=sent.get("rx_circ_flag") == "1",
        days=Decimal(str(sent["prd_days"])) if "prd_days" in sent else None,
        sent=sent,
    )
