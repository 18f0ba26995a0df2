"""Rows of settlement as tests need them: whole, and ordinary but for what a test names."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from server.store import insured, settlements, visits
from server.store.database import Connection
from server.store.insured import Person
from server.store.settlements import AMOUNTS, Increment, SettledCode, SettledLine, Settlement, SettlementState
from server.store.visits import FeeLine, Visit, VisitKind, VisitState

NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
DAY = date(2026, 3, 10)
NOTHING = Decimal("0.00")


def person(psn_no: str = "P1", **values: Any) -> Person:
    known = {
        "psn_no": psn_no,
        "cert_type": "01",
        "cert_digest": f"digest of {psn_no}".encode(),
        "certno_sealed": b"c",
        "name_sealed": b"n",
        "sex": "1",
        "ethnic": "",
        "birth_day": date(1980, 2, 29),
        "changed_at": NOON,
    }
    return Person(**(known | values))


def visit(mdtrt_id: str = "M1", **values: Any) -> Visit:
    known = {
        "mdtrt_id": mdtrt_id,
        "institution": "I1",
        "psn_no": "P1",
        "kind": VisitKind.PHARMACY,
        "state": VisitState.OPEN,
        "insutype": "310",
        "med_type": "41",
        "number": "",
        "begins_at": NOON,
        "ends_at": None,
        "district": "350203",
        "insured_district": "350203",
        "doctor": "",
        "dise_codg": "",
        "dise_name": "",
        "fields": {"med_type": "41", "备注": "无"},
        "made_by": "msg",
        "made_at": NOON,
    }
    return Visit(**(known | values))


def fee_line(serial: str = "1", **values: Any) -> FeeLine:
    known = {
        "mdtrt_id": "M1",
        "feedetl_sn": serial,
        "psn_no": "P1",
        "batch": "",
        "item": "XA01",
        "own_item": "own",
        "charged_at": NOON,
        "count": Decimal("2.5000"),
        "price": Decimal("3.333333"),
        "amount": Decimal("8.33"),
        "charge_class": "02",
        "charge_kind": "09",
        "price_limit": None,
        "pays_first": Decimal("0.1000"),
        "over_limit": NOTHING,
        "outside": NOTHING,
        "first": Decimal("0.83"),
        "in_scope": Decimal("7.50"),
        "doctor": "",
        "rxno": "",
        "setl_id": None,
        "fields": {},
    }
    return FeeLine(**(known | values))


def settlement(setl_id: str = "S1", **values: Any) -> Settlement:
    known = {
        "setl_id": setl_id,
        "state": SettlementState.ACTIVE,
        "cancels": None,
        "sale_key": "sale 1",
        "sale_number": "",
        "msgid": f"msg of {setl_id}",
        "mdtrt_id": "M1",
        "institution": "I1",
        "psn_no": "P1",
        "insutype": "310",
        "psn_type": "11",
        "is_civil_servant": False,
        "med_type": "41",
        "credential_kind": "02",
        "district": "350203",
        "insured_district": "350203",
        "clr_type": "41",
        "clr_way": "1",
        "clr_optins": "350203",
        "uses_account": True,
        "invono": "",
        "operator": "li01",
        "operator_name": "李",
        "begins_at": NOON,
        "ends_at": NOON,
        "settled_at": NOON,
        "day": DAY,
        "year": 2026,
        "pool_prop_selfpay": Decimal("0.6000"),
        "process_info": "过程",
        "steps": "[]",
        "rules": "[]",
        "funds": "[]",
    }
    amounts = dict.fromkeys(AMOUNTS, NOTHING)
    return Settlement(**(amounts | known | values))


def negative(of: Settlement, setl_id: str, **values: Any) -> Settlement:
    amounts = {name: -getattr(of, name) for name in AMOUNTS}
    known = {"state": SettlementState.CANCELLING, "cancels": of.setl_id, "sale_key": of.sale_key}
    return settlement(setl_id, **(amounts | known | {"mdtrt_id": of.mdtrt_id} | values))


def settled_line(serial: str = "1", **values: Any) -> SettledLine:
    known = {
        "setl_id": "S1",
        "feedetl_sn": serial,
        "item": "XA01",
        "own_item": "own",
        "count": Decimal("2.5000"),
        "price": Decimal("3.333333"),
        "amount": Decimal("8.33"),
        "charge_class": "02",
        "charge_kind": "09",
        "price_limit": Decimal("3.000000"),
        "pays_first": Decimal("0.1000"),
        "is_negotiated": True,
        "over_limit": Decimal("0.83"),
        "outside": NOTHING,
        "first": Decimal("0.75"),
        "in_scope": Decimal("6.75"),
    }
    return SettledLine(**(known | values))


def furnish(connection: Connection, *psn_nos: str) -> None:
    """Put people and one visit into the store."""
    insured.put_people(connection, [person(psn_no) for psn_no in psn_nos or ("P1",)])
    visits.add_visit(connection, visit())


def settle(connection: Connection, one: Settlement, *amounts: tuple[str, str], codes: tuple[str, ...] = ()) -> bool:
    """Keep a settlement with increments of keys."""
    return settlements.add_settlement(
        connection,
        one,
        lines=[settled_line(setl_id=one.setl_id)],
        codes=[SettledCode(code, one.setl_id, "1", is_split=False, smallest_unit="1") for code in codes],
        increments=[Increment(one.setl_id, key, one.psn_no, one.year, Decimal(fen)) for key, fen in amounts],
    )


def later(**span: float) -> datetime:
    return NOON + timedelta(**span)
