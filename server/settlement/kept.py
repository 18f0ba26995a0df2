"""A reckoned sale as the store keeps it: one record with its lines, codes and increments; and its negative."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from typing import Final

import msgspec

from rules.benefits.figures import Value
from rules.benefits.outcome import SplitLine, Step
from server.settlement.categories import kind_of
from server.settlement.funds import fund_rows, rows_of, rows_text
from server.settlement.reckoning import Reckoned
from server.settlement.remarks import process_text
from server.settlement.sale import Caller, key_of
from server.store.settlements import AMOUNTS, OF_VISIT, Increment, SettledCode, SettledLine, SettlementState
from server.store.settlements import Settlement as Record
from server.store.visits import FeeLine, Visit, VisitKind, VisitState
from wire.fsi.values import BEIJING

_ID_DIGITS: Final = 22
"""After the day: so many settlements of one day never meet by chance."""
_CLEARED_AS: Final = {VisitKind.OUTPATIENT: "11", VisitKind.INPATIENT: "21", VisitKind.PHARMACY: "41"}
"""`clr_type`."""
_BY_ITEM: Final = "1"
"""`clr_way`: paid item by item."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything of one settlement that goes into the store."""

    record: Record
    lines: tuple[SettledLine, ...]
    codes: tuple[SettledCode, ...]
    increments: tuple[Increment, ...]


def id_of(kind: str, by: Caller) -> str:
    """Return the id that a message gives rise to: its day and digits of a digest, the same on every try."""
    digest = sha256(json.dumps([kind, by.institution, by.msgid]).encode()).digest()
    number = int.from_bytes(digest) % 10**_ID_DIGITS
    return f"{by.at.astimezone(BEIJING):%Y%m%d}{number:0{_ID_DIGITS}d}"


def kept_of(reckoned: Reckoned, setl_id: str, mdtrt_id: str) -> Kept:
    """Return what is kept of a reckoned sale; the balance is what remains if it is settled."""
    sale, outcome = reckoned.sale, reckoned.outcome
    return Kept(
        _record(reckoned, setl_id, mdtrt_id),
        tuple(_line(setl_id, reckoned, one) for one in outcome.lines),
        tuple(
            SettledCode(one.code, setl_id, one.line, is_split=one.is_split, smallest_unit=one.smallest_unit)
            for one in sale.codes
        ),
        tuple(
            Increment(setl_id, key, sale.psn_no, outcome.year, amount)
            for key, amount in sorted(_grown(reckoned).items())
        ),
    )


def negative_of(kept: Kept, setl_id: str, by: Caller, balance: Decimal) -> Kept:
    """Return the negative of a settlement: of the same year, every amount and increment the other way round."""
    amounts = {name: -getattr(kept.record, name) for name in AMOUNTS}
    undone = replace(
        kept.record,
        **{
            **amounts,
            "setl_id": setl_id,
            "state": SettlementState.CANCELLING,
            "cancels": kept.record.setl_id,
            "msgid": by.msgid,
            "operator": by.operator,
            "operator_name": by.operator_name,
            "settled_at": by.at,
            "day": by.at.astimezone(BEIJING).date(),
            "balc": balance,
            "funds": rows_text([row.negative(kept.record.setl_id) for row in rows_of(kept.record.funds)]),
        },
    )
    increments = tuple(replace(one, setl_id=setl_id, amount=-one.amount) for one in kept.increments)
    return Kept(undone, (), (), increments)


def visit_of(reckoned: Reckoned, mdtrt_id: str) -> Visit:
    """Return the visit that a pharmacy's sale is."""
    sale, by = reckoned.sale, reckoned.sale.by
    return Visit(
        mdtrt_id=mdtrt_id,
        institution=by.institution,
        psn_no=sale.psn_no,
        kind=VisitKind.PHARMACY,
        state=VisitState.SETTLED,
        insutype=sale.insutype,
        med_type=sale.med_type,
        number=sale.sale_number,
        begins_at=sale.begins,
        ends_at=sale.begins,
        district=by.district,
        insured_district=reckoned.insured.insurance.district,
        doctor=next((line.doctor for line in sale.lines if line.doctor), ""),
        dise_codg=sale.disease,
        dise_name=sale.disease_name,
        fields={},
        made_by=by.msgid,
        made_at=by.at,
    )


def fee_lines_of(reckoned: Reckoned, mdtrt_id: str, setl_id: str) -> tuple[FeeLine, ...]:
    """Return a pharmacy's sale as the fee lines of its visit."""
    split = {one.line.serial: one for one in reckoned.outcome.lines}
    return tuple(
        FeeLine(
            mdtrt_id=mdtrt_id,
            feedetl_sn=priced.line.serial,
            psn_no=reckoned.sale.psn_no,
            batch=reckoned.sale.sale_number,
            item=priced.reckoned.item,
            own_item=priced.line.own_code,
            charged_at=priced.line.at,
            count=priced.line.count,
            price=priced.line.price,
            amount=priced.line.amount,
            charge_class=priced.reckoned.charge_class,
            charge_kind=priced.reckoned.kind,
            price_limit=priced.reckoned.price_limit,
            pays_first=priced.reckoned.pays_first,
            over_limit=split[priced.line.serial].over_limit,
            outside=split[priced.line.serial].outside,
            first=split[priced.line.serial].pays_first,
            in_scope=split[priced.line.serial].in_scope,
            doctor=priced.line.doctor,
            rxno=priced.line.prescription,
            setl_id=setl_id,
            fields=priced.line.sent,
        )
        for priced in reckoned.priced
    )


def _grown(reckoned: Reckoned) -> Mapping[str, Decimal]:
    """Return what the settlement adds: to its year, and, of a stay, to what the next part has to know."""
    grown = dict(reckoned.outcome.increments)
    if reckoned.sale.stay_number is not None:
        grown |= {f"{key}{OF_VISIT}": amount for key, amount in reckoned.outcome.carries.items()}
    return grown


def _record(reckoned: Reckoned, setl_id: str, mdtrt_id: str) -> Record:
    sale, by, outcome = reckoned.sale, reckoned.sale.by, reckoned.outcome
    insurance = reckoned.insured.insurance
    told = process_text(outcome, _remarks(reckoned))
    return Record(
        setl_id=setl_id,
        state=SettlementState.ACTIVE,
        cancels=None,
        sale_key=key_of(sale),
        sale_number=sale.sale_number,
        msgid=by.msgid,
        mdtrt_id=mdtrt_id,
        institution=by.institution,
        psn_no=sale.psn_no,
        insutype=sale.insutype,
        psn_type=insurance.psn_type,
        is_civil_servant=insurance.is_civil_servant,
        med_type=sale.med_type,
        credential_kind=sale.credential.kind if sale.credential else "",
        district=by.district,
        insured_district=insurance.district,
        clr_type=_CLEARED_AS[kind_of(sale)],
        clr_way=_BY_ITEM,
        clr_optins=insurance.district,
        uses_account=sale.uses_account,
        invono=sale.invoice,
        operator=by.operator,
        operator_name=by.operator_name,
        begins_at=sale.begins,
        ends_at=sale.ends or sale.begins,
        settled_at=by.at,
        day=by.at.astimezone(BEIJING).date(),
        year=outcome.year,
        balc=reckoned.insured.own_balance - outcome.acct_pay,
        pool_prop_selfpay=outcome.pool_prop_selfpay,
        process_info=told,
        steps=_steps_text(outcome.steps),
        rules=json.dumps([[one.id, one.version] for one in outcome.rules], ensure_ascii=False),
        funds=rows_text(fund_rows(outcome, sale.insutype, told)),
        **{name: getattr(outcome, name) for name in AMOUNTS if name != "balc"},
    )


def _remarks(reckoned: Reckoned) -> tuple[str, ...]:
    of_lines = (f"明细 {one.line.serial}：{one.memo.zh}" for one in reckoned.priced if one.remarks)
    return (*(one.zh for one in reckoned.remarks), *of_lines)


def _line(setl_id: str, reckoned: Reckoned, split: SplitLine) -> SettledLine:
    line = split.line
    own = next(one.line.own_code for one in reckoned.priced if one.line.serial == line.serial)
    return SettledLine(
        setl_id=setl_id,
        feedetl_sn=line.serial,
        item=line.item,
        own_item=own,
        count=line.quantity,
        price=line.price,
        amount=line.amount,
        charge_class=line.charge_class,
        charge_kind=line.kind,
        price_limit=line.price_limit,
        pays_first=line.pays_first,
        is_negotiated=line.is_negotiated,
        over_limit=split.over_limit,
        outside=split.outside,
        first=split.pays_first,
        in_scope=split.in_scope,
    )


def _steps_text(steps: tuple[Step, ...]) -> str:
    return msgspec.json.encode([_step(one) for one in steps]).decode()


def _step(step: Step) -> dict[str, object]:
    return {
        "kind": step.kind.value,
        "rule": step.rule,
        "version": step.version,
        "zh": step.words.zh,
        "en": step.words.en,
        "title": [step.title.zh, step.title.en],
        "given": {name: _told(value) for name, value in step.given},
        "result": {name: _told(value) for name, value in step.result},
    }


def _told(value: Value) -> str | int:
    return value if isinstance(value, str | int) else str(value)
