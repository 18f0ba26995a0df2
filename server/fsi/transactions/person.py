"""1101: who shows this credential, how he is insured, and what else counts for him this month.

Names and certificate numbers stand in the answer, since the desk needs them; they are kept nowhere in clear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from codes.words import Words
from server.fsi.desk import Deeds, Desk, Output, reading
from server.fsi.refusals import InvalidInputError, PersonUnknownError
from server.people.insured import (
    Identity,
    Shown,
    UnknownPersonError,
    find_by_certificate,
    find_by_credential,
    held_identities,
)
from server.settlement.persons import AGE_OF_UNKNOWN
from server.store import insured, medical_accounts
from server.store.insured import Fact, Insurance
from wire.fsi.envelope import Request
from wire.fsi.faults import fault
from wire.fsi.record import Message, Record
from wire.fsi.values import BEIJING

_EMPLOYEE = "310"
_PAUSED = "2"
_RESIDENT = "01"
"""`psn_cert_type` where none is said."""
_NAME_MISSING = fault(
    "data.psn_name",
    Words("人员姓名", "person name"),
    "fsi.condition",
    Words(
        "必填：凭证查无此人，按证件查询须同时给出姓名",
        "is required: nobody has the credential, so a name goes with the certificate",
    ),
)
_LAST_MOMENT = time(23, 59, 59)


def find(desk: Desk, _request: Request, message: Message) -> Output:
    """Return the person, the insurances of today (or since `begntime`), and the identities of this month.

    Raises:
        UnknownPersonError: Nobody has the credential.
        CredentialRefusedError: It is not valid now.
        InvalidInputError: Nobody has the credential, and the certificate came without a name.
        PersonUnknownError: Credential, certificate and name, as far as they are said, are not one person's.
    """
    said = message.one("data")
    today = desk.now.astimezone(BEIJING).date()
    person = _person(desk, said)
    since = said.moment_or("begntime", None)
    insurances = _insurances(desk, person.psn_no, today, None if since is None else since.date())
    if not insurances:
        desk.warn(Words("当前没有参保记录", "There is no insurance on record for today"))
    return {
        "baseinfo": _base(person, _age(desk, person, today)),
        "insuinfo": _insured(desk, person.psn_no, insurances),
        "idetinfo": [_identity(one) for one in held_identities(desk.connection, person.psn_no, today)],
    }


def _person(desk: Desk, said: Record) -> Identity:
    credential = Shown(said.text("mdtrt_cert_type"), said.text("mdtrt_cert_no"), said.text_or("card_sn", ""))
    try:
        shown = find_by_credential(desk.connection, desk.parts.sealer, credential, desk.now)
    except UnknownPersonError:
        # Some places look people up by certificate and send whatever there is as the credential.
        if "certno" not in said:
            raise
        return _by_certificate(desk, said)
    if not _is_meant(desk, said, shown):
        raise _nobody()
    return shown


def _is_meant(desk: Desk, said: Record, shown: Identity) -> bool:
    """Return whether certificate and name, as far as they are said, are those of who shows the credential."""
    digest = desk.parts.sealer.digest
    is_certificate = "certno" not in said or (
        digest(said.text_or("psn_cert_type", _RESIDENT), said.text("certno")) == digest(shown.cert_type, shown.certno)
    )
    return is_certificate and said.text_or("psn_name", shown.name) == shown.name


def _by_certificate(desk: Desk, said: Record) -> Identity:
    """Return who has a certificate and its name: a number alone is easily made up, and must not give a name away."""
    if "psn_name" not in said:
        raise InvalidInputError((_NAME_MISSING,))
    kind, certno, name = said.text_or("psn_cert_type", _RESIDENT), said.text("certno"), said.text("psn_name")
    found = find_by_certificate(desk.connection, desk.parts.sealer, kind, certno, name)
    if len(found) != 1:
        raise _nobody()
    return found[0]


def _nobody() -> PersonUnknownError:
    """The same words whichever part was wrong: who tries numbers must not learn which of them are somebody's."""
    return PersonUnknownError(
        Words("凭证、证件号码与姓名不属于同一参保人", "Credential, certificate and name are not one insured person's")
    )


def _insurances(desk: Desk, psn_no: str, today: date, since: date | None) -> Sequence[Insurance]:
    if since is None or since > today:
        return insured.load_insurances(desk.connection, psn_no, today)
    ever = insured.load_insurances(desk.connection, psn_no)
    return [one for one in ever if one.from_day <= today and (one.to_day is None or one.to_day >= since)]


def _age(desk: Desk, person: Identity, today: date) -> int:
    """Return the years lived; the answer has to have them, so where nobody knows it tells what the rules take."""
    age = person.age_on(today)
    if age is not None:
        return age
    desk.warn(
        Words(
            f"没有出生日期记录：age（年龄）{AGE_OF_UNKNOWN} 是待遇计算所取的值，不是实际年龄，用药请另行核实",
            f"No birth day is on record: age {AGE_OF_UNKNOWN} is what the rules take and not how old the person is",
        )
    )
    return AGE_OF_UNKNOWN


def _base(person: Identity, age: int) -> Mapping[str, object]:
    return {
        "psn_no": person.psn_no,
        "psn_cert_type": person.cert_type,
        "certno": person.certno,
        "psn_name": person.name,
        "gend": person.sex,
        "naty": person.ethnic,
        "brdy": person.birth_day,
        "age": Decimal(age),
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


TRANSACTIONS: Deeds = {"1101": reading(find, is_open_suspended=True, is_look_up=True)}
