"""The messages of a sale: what 1101, 2101 and 2102 are asked, and what their answers say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation

from edge.store.settlements import Paid
from edge.till.asked import AskedLine, AskedSettlement, Insurance, Person
from edge.till.views import Amounts, LineCut
from wire.fsi.areas import Area, Channel
from wire.fsi.asking import Answer, Nodes
from wire.fsi.json_text import NotJsonError, decode_json
from wire.fsi.values import BEIJING

PERSON, TRIAL, SETTLE = "1101", "2101", "2102"
Told = Mapping[str, object]
"""A record of an answer, by base names."""
_LONGEST_NUMBER = 40
"""Of `stoout_no`."""
_MOMENT = "%Y-%m-%d %H:%M:%S"
_IN_FORCE = "1"
_FEN = Decimal("0.01")
_PAID = ("fund_pay_sumamt", "acct_pay", "acct_mulaid_pay", "psn_cash_pay")
_CUTS = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
_ORDER = ("310", "390", "340")
"""Employees before residents before retired cadres, where somebody has several."""


def settlement_nodes(asked: AskedSettlement, area: Area, *, number: str = "") -> Nodes:
    """Return the input of a 2101 or, with the sale's number, of a 2102."""
    at = _moment(asked.begun)
    extension = {"stoout_no": short_number(number), "phar_code": asked.pharmacist, "card_sn": asked.person.card_serial}
    info = {
        "psn_no": asked.person.number,
        "mdtrt_cert_type": asked.person.credential,
        "mdtrt_cert_no": asked.person.credential_no,
        "begntime": at,
        "medfee_sumamt": str(asked.fee),
        "insutype": asked.insurance.kind,
        "dise_codg": asked.disease,
        "dise_name": asked.disease_name,
        "acct_used_flag": "1" if asked.uses_account else "0",
        "med_type": asked.category,
        "expContent": _extension(extension),
    }
    nodes: dict[str, object] = {
        "druginfo": _said(info),
        "drugdetail": [_said(_detail(line, at)) for line in asked.lines],
    }
    if Channel.SETTLEMENT in area.trace_channels:
        nodes["drug_trac_info"] = [one for line in asked.lines for one in _codes(line)]
    return nodes


def short_number(number: str) -> str:
    """Return a sale's number as the interface has room for it, different for different sales."""
    return number if len(number) <= _LONGEST_NUMBER else hashlib.sha256(number.encode()).hexdigest()[:_LONGEST_NUMBER]


def person_of(answer: Answer, shown: Person) -> Person:
    """Return who was found by what was shown, with every insurance that is in force.

    Raises:
        KeyError: The answer names nobody.
    """
    base = _first(told_in(answer, "baseinfo"))
    number = _text(base, "psn_no")
    if not number:
        raise KeyError(PERSON)
    insurances = [
        Insurance(_text(one, "insutype"), _text(one, "insuplc_admdvs"), _money(one, "balc"))
        for one in told_in(answer, "insuinfo")
        if _text(one, "psn_insu_stas") in {"", _IN_FORCE}
    ]
    return Person(
        number=number,
        name=_text(base, "psn_name") or shown.name,
        credential=shown.credential,
        credential_no=shown.credential_no,
        insurances=tuple(sorted(insurances, key=_rank)),
        card_serial=shown.card_serial,
        certificate_kind=_text(base, "psn_cert_type"),
        certificate_no=_text(base, "certno"),
    )


def person_nodes(shown: Person) -> Nodes:
    """Return the input of a 1101 about what was shown."""
    data = {
        "mdtrt_cert_type": shown.credential,
        "mdtrt_cert_no": shown.credential_no,
        "card_sn": shown.card_serial,
        "psn_cert_type": shown.certificate_kind,
        "certno": shown.certificate_no,
        "psn_name": shown.name,
    }
    return {"data": _said(data)}


def amounts_of(answer: Answer, fee: Decimal, area: Area) -> Amounts:
    """Return what a trial comes to."""
    told = _first(told_in(answer, "setlinfo"))
    return Amounts(fee, *_parts(told, area), _money(told, "balc"))


def paid_of(answer: Answer, now: datetime, area: Area) -> Paid:
    """Return what a settlement came to. It is settled, whatever the answer leaves out: that is nought or empty."""
    told = _first(told_in(answer, "setlinfo"))
    text = {name: _text(told, name) for name in ("setl_id", "mdtrt_id", "clr_type", "clr_optins")}
    amounts = _parts(told, area)
    return Paid(
        text["setl_id"], text["mdtrt_id"], text["clr_type"], text["clr_optins"], _settled_at(told, now), *amounts
    )


def without_account(funds: Decimal, account: Decimal, area: Area) -> Decimal:
    """Return what funds pay beside the account: where the area counts that among them it would be read twice."""
    return funds - account if area.fund_pay_includes_account else funds


def cuts_of(answer: Answer) -> Iterator[LineCut]:
    """Return how the insurance sees each line."""
    for one in told_in(answer, "detlcutinfo"):
        serial = _text(one, "feedetl_sn")
        if serial.isdecimal():
            outside, above, first, within = (_money(one, name) for name in _CUTS)
            amount, memo = _money(one, "det_item_fee_sumamt"), _text(one, "memo")
            yield LineCut(int(serial), amount, outside, above, first, within, memo)


def told_in(answer: Answer, node: str) -> tuple[Told, ...]:
    """Return the records of a node by base names; as they came, where something of the answer does not fit its table.

    Platforms leave out what their own tables require. What is done is done: it is read as far as it goes.
    """
    if answer.output is not None:
        return tuple(one.as_json() for one in answer.output.many(node))
    try:
        whole = decode_json(answer.clear)
    except NotJsonError:
        return ()
    output = whole.get("output") if isinstance(whole, dict) else None
    found = output.get(node) if isinstance(output, dict) else None
    return tuple(one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict))


def _detail(line: AskedLine, at: str) -> Mapping[str, object]:
    written = line.prescription
    return {
        "feedetl_sn": line.serial,
        "rxno": "" if written is None else written.number,
        "rx_circ_flag": "1" if written is not None and written.is_external else "0",
        "fee_ocur_time": at,
        "med_list_codg": line.national,
        "medins_list_codg": line.product,
        "det_item_fee_sumamt": str(line.amount),
        "cnt": str(line.count),
        "pric": str(line.price),
        "sin_dos_dscr": line.dose,
        "used_frqu_dscr": line.frequency,
        "prd_days": "" if line.days is None else str(line.days),
        "bilg_dr_codg": "" if written is None else written.doctor_code,
        "bilg_dr_name": "" if written is None else written.doctor,
    }


def _codes(line: AskedLine) -> Iterator[Mapping[str, object]]:
    for code in line.codes:
        yield {
            "feedetl_sn": line.serial,
            "drug_trac_codg": code,
            "trdn_flag": "1" if line.is_split else "0",
            "min_prcunt_type": "1",
        }


def _extension(members: Mapping[str, str]) -> str:
    said = _said(members)
    return json.dumps(said, ensure_ascii=False) if said else ""


def _said(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value != ""}


def _first(records: tuple[Told, ...]) -> Told:
    return records[0] if records else {}


def _text(told: Told, name: str) -> str:
    return str(told.get(name) or "").strip()


def _money(told: Told, name: str) -> Decimal:
    try:
        return in_fen(Decimal(str(told.get(name) or "0")))
    except InvalidOperation:
        return Decimal("0.00")


def in_fen(yuan: Decimal) -> Decimal:
    """Return an amount with two decimals, as it is shown; one that has more stays as it was told."""
    shown = yuan.quantize(_FEN)
    return shown if shown == yuan else yuan


def _parts(told: Told, area: Area) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    funds, account, mutual_aid, cash = (_money(told, name) for name in _PAID)
    return without_account(funds, account, area), account, mutual_aid, cash


def _settled_at(told: Told, now: datetime) -> datetime:
    try:
        return datetime.strptime(str(told.get("setl_time") or ""), _MOMENT).replace(tzinfo=BEIJING)
    except ValueError:
        return now


def _moment(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime(_MOMENT)


def _rank(one: Insurance) -> tuple[int, str]:
    return (_ORDER.index(one.kind) if one.kind in _ORDER else len(_ORDER), one.kind)
