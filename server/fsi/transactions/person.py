"""1101: who shows this credential, how he is insured, and what else counts for him this month.

Names and certificate numbers stand in the answer, since the desk needs them; they are kept nowhere in clear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from codes.words import Words
from server.fsi.desk import Deeds, Desk, Output, reading
from server.fsi.refusals import PersonUnknownError
from server.people.insured import (
    Identity,
    Shown,
    UnknownPersonError,
    find_by_certificate,
    find_by_credential,
    held_identities,
)
from server.store import insured, medical_accounts
from server.store.insured import Fact, Insurance
from wire.fsi.envelope import Request
from wire.fsi.record import Message, Record
from wire.fsi.values import BEIJING

_EMPLOYEE = "310"
_PAUSED = "2"
_LAST_MOMENT = time(23, 59, 59)


def find(desk: Desk, _request: Request, message: Message) -> Output:
    """Return the person, the insurances of today (or since `begntime`), and the identities of this month.

    Raises:
        UnknownPersonError: Nobody has the credential.
        CredentialRefusedError: It is not valid now.
        PersonUnknownError: Credential and certificate are two people's, or the certificate is not one person's.
    """
    said = message.one("data")
    today = desk.now.astimezone(BEIJING).date()
    person = _person(desk, said)
    since = said.moment_or("begntime", None)
    insurances = _insurances(desk, person.psn_no, today, None if since is None else since.date())
    if not insurances:
        desk.warn(Words("当前没有参保记录", "There is no insurance on record for today"))
    return {
        "baseinfo": _base(person, today),
        "insuinfo": _insured(desk, person.psn_no, insurances),
        "idetinfo": [_identity(one) for one in held_identities(desk.connection, person.psn_no, today)],
    }


def _person(desk: Desk, said: Record) -> Identity:
    sealer = desk.parts.sealer
    by_certificate = _by_certificate(desk, said) if "certno" in said else None
    credential = Shown(said.text("mdtrt_cert_type"), said.text("mdtrt_cert_no"), said.text_or("card_sn", ""))
    try:
        shown = find_by_credential(desk.connection, sealer, credential, desk.now)
    except UnknownPersonError:
        # Some places look people up by certificate and send whatever there is as the credential.
        if by_certificate is None:
            raise
        return by_certificate
    if by_certificate is not None and by_certificate.psn_no != shown.psn_no:
        raise PersonUnknownError(
            Words("就诊凭证与证件不是同一人", "The credential and the certificate are not one person's")
        )
    return shown


def _by_certificate(desk: Desk, said: Record) -> Identity:
    kind, name = said.text_or("psn_cert_type", "01"), said.text_or("psn_name", "")
    found = find_by_certificate(desk.connection, desk.parts.sealer, kind, said.text("certno"), name)
    if len(found) != 1:
        raise PersonUnknownError(
            Words("证件号码与姓名未对应到唯一的参保人", "Certificate and name are not those of one insured person")
        )
    return found[0]


def _insurances(desk: Desk, psn_no: str, today: date, since: date | None) -> Sequence[Insurance]:
    if since is None or since > today:
        return insured.load_insurances(desk.connection, psn_no, today)
    ever = insured.load_insurances(desk.connection, psn_no)
    return [one for one in ever if one.from_day <= today and (one.to_day is None or one.to_day >= since)]


def _base(person: Identity, today: date) -> Mapping[str, object]:
    return {
        "psn_no": person.psn_no,
        "psn_cert_type": person.cert_type,
        "certno": person.certno,
        "psn_name": person.name,
        "gend": person.sex,
        "naty": person.ethnic,
        "brdy": person.birth_day,
        "age": Decimal(person.age_on(today) or 0),
    }


def _insured(desk: Desk, psn_no: str, insurances: Sequence[Insurance]) -> list[Mapping[str, object]]:
    """Return the insurances; the one account that a person has stands with one of them, and nothing with the others."""
    balance = medical_accounts.load_balance(desk.connection, psn_no)
    holder = next((one for one in insurances if one.insutype == _EMPLOYEE), next(iter(insurances), None))
    return [
        {
            "balc": balance if one is holder else Decimal("0.00"),
            "insutype": one.insutype,
            "psn_type": one.psn_type,
            "psn_insu_stas": one.state,
            "psn_insu_date": one.from_day,
            "paus_insu_date": one.from_day if one.state == _PAUSED else None,
            "cvlserv_flag": "1" if one.is_civil_servant else "0",
            "insuplc_admdvs": one.district,
            "emp_name": one.employer,
        }
        for one in insurances
    ]


def _identity(fact: Fact) -> Mapping[str, object]:
    return {
        "psn_idet_type": fact.code,
        "psn_type_lv": fact.detail.get("psn_type_lv", ""),
        "memo": fact.detail.get("memo", ""),
        "begntime": datetime.combine(fact.from_day, time(), BEIJING),
        "endtime": None if fact.to_day is None else datetime.combine(fact.to_day, _LAST_MOMENT, BEIJING),
    }


TRANSACTIONS: Deeds = {"1101": reading(find, is_always_open=True)}
