"""Who is insured, how, and what holds of him on the day: all that the rules ask of a person.

The place of insurance decides whose rules are used. A credential must be the person's own and be valid when the message
comes; the insurance must be in force on the day of the sale. A stay lasts: on which of its days referral, record and
insurance must hold is said by the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from codes.words import Words
from rules.benefits.case import Person as RuledPerson
from rules.benefits.case import Referral
from rules.benefits.meanings import insutype_words
from rules.benefits.rule_set import RuleSet
from rules.benefits.stay_facts import Covers, StayFacts, days_of
from server.people.insured import Shown, held_facts, holds_credential
from server.people.personal_accounts import Giver, family_of
from server.people.sealing import Sealer
from server.settlement.errors import CredentialError, PersonError
from server.settlement.insured_days import IN_FORCE, is_same_place
from server.settlement.pricing import covers
from server.settlement.sale import Credential, Sale
from server.store import insured, medical_accounts
from server.store.database import Connection
from server.store.insured import Fact, FactKind, Insurance, Person
from server.store.medical_accounts import NOTHING

_STATES: Final = {"2": Words("已暂停参保", "is suspended"), "4": Words("已终止参保", "has ended")}
_OF_THE_WAY: Final = (FactKind.REFERRAL, FactKind.OUT_OF_AREA)
"""How somebody came to be treated there."""
_AS_USUAL: Final = StayFacts()
AGE_OF_UNKNOWN: Final = 18
"""Of whoever has no birth day on record: children and old people are paid more in some places."""


@dataclass(frozen=True, slots=True)
class Insured:
    """A person, and the insurance that pays."""

    person: Person
    insurance: Insurance
    facts: Sequence[Fact]
    """What holds of the person on the day; identities of assistance for any day of its month."""
    own_balance: Decimal
    """Of the personal account, whether it is used or not."""
    givers: tuple[Giver, ...]
    """Those first whose accounts are used first; none if no account is used."""
    uses_account: bool


def load_insured(
    connection: Connection, sale: Sale, sealer: Sealer, now: datetime, of_stay: StayFacts = _AS_USUAL
) -> Insured:
    """Return who a sale is for; `of_stay` says on which day of a stay his facts must hold.

    Raises:
        PersonError: Nobody has that number, or is not insured by that kind of insurance, there, on that day.
        CredentialError: The credential is not the person's.
        UnknownPersonError: Nobody has that credential.
        CredentialRefusedError: It is not valid now.
    """
    person = insured.load_person(connection, sale.psn_no)
    if person is None:
        raise PersonError(Words(f"没有人员编号 {sale.psn_no}", f"There is no person {sale.psn_no}"))
    if sale.credential is not None:
        _check_credential(connection, person, sale.credential, sealer, now)
    insurance = _insurance(connection, sale, of_stay)
    return Insured(
        person,
        insurance,
        _facts(connection, sale, of_stay),
        medical_accounts.load_balance(connection, person.psn_no),
        family_of(connection, person.psn_no, sale.day) if sale.uses_account else (),
        uses_account=sale.uses_account,
    )


def as_ruled(found: Insured, rules: RuleSet, day: date) -> RuledPerson:
    """Return the person as the rules of a day take him."""
    facts = found.facts
    return RuledPerson(
        insutype=found.insurance.insutype,
        psn_type=found.insurance.psn_type,
        age=_age(found.person.birth_day, day),
        is_civil_servant=found.insurance.is_civil_servant,
        has_enterprise_supplement=any(fact.kind is FactKind.ENTERPRISE for fact in facts),
        assistance=rules.highest_identity([fact.code for fact in facts if fact.kind is FactKind.ASSISTANCE]),
        diseases=frozenset(fact.code for fact in facts if fact.kind in {FactKind.CHRONIC, FactKind.TWO_DISEASE}),
        insured_district=found.insurance.district,
        account_balance=found.own_balance if found.uses_account else NOTHING,
        mutual_aid=sum((giver.available for giver in found.givers), NOTHING),
    )


def referral_of(found: Insured, sale: Sale) -> Referral:
    """Return how the person came to be treated away from home; a referral counts more than a record."""
    for fact in found.facts:
        if fact.kind is FactKind.REFERRAL and (
            fact.code == sale.by.institution or (fact.code.isdigit() and covers(fact.code, sale.by.district))
        ):
            return Referral.REFERRAL
    for fact in found.facts:
        if fact.kind is FactKind.OUT_OF_AREA and covers(fact.code, sale.by.district):
            return Referral.RECORD
    return Referral.NONE


def _check_credential(connection: Connection, person: Person, shown: Credential, sealer: Sealer, now: datetime) -> None:
    if not holds_credential(connection, sealer, person, Shown(shown.kind, shown.number, shown.chip), now):
        raise CredentialError(
            Words(f"就诊凭证不属于人员 {person.psn_no}", f"The credential does not belong to person {person.psn_no}")
        )


def _facts(connection: Connection, sale: Sale, of_stay: StayFacts) -> list[Fact]:
    on_day = held_facts(connection, sale.psn_no, sale.day)
    if sale.admitted is None:
        return list(on_day)
    found = [one for one in on_day if one.kind not in _OF_THE_WAY]
    for kind, holds in zip(_OF_THE_WAY, (of_stay.referral, of_stay.record), strict=True):
        first, last = days_of(holds, sale.admitted, max(sale.admitted, sale.day))
        found += insured.load_facts_between(connection, sale.psn_no, first, last, (kind,))
    return found


def _insurance(connection: Connection, sale: Sale, of_stay: StayFacts) -> Insurance:
    day = sale.admitted if sale.admitted and of_stay.insurance is Covers.BEGIN else sale.day
    on_day = insured.load_insurances(connection, sale.psn_no, day)
    of_kind = [one for one in on_day if one.insutype == sale.insutype]
    if not of_kind:
        held = [insutype_words(kind) for kind in sorted({one.insutype for one in on_day})]
        zh = f"当日参保险种为 {'、'.join(one.zh for one in held)}" if held else "当日未参保"
        en = f"on that day: {', '.join(one.en for one in held)}" if held else "none on that day"
        asked = insutype_words(sale.insutype)
        raise PersonError(
            Words(
                f"人员 {sale.psn_no} 在 {day} 没有险种 {asked.zh}：{zh}",
                f"Person {sale.psn_no} has no insurance {asked.en} on {day}: {en}",
            )
        )
    there = [one for one in of_kind if is_same_place(one.district, sale.insured_district)]
    if not there:
        districts = "、".join(sorted({one.district for one in of_kind}))
        raise PersonError(
            Words(
                f"insuplc_admdvs（参保地医保区划）为 {sale.insured_district}，参保登记在 {districts}",
                f"insuplc_admdvs is {sale.insured_district}, the insurance is at {districts}",
            )
        )
    found = max(there, key=lambda one: (one.state == IN_FORCE, one.from_day))
    if found.state != IN_FORCE:
        words = _STATES.get(found.state, Words(f"参保状态为 {found.state}", f"has the state {found.state}"))
        raise PersonError(
            Words(
                f"人员 {sale.psn_no} 的险种 {insutype_words(sale.insutype).zh} 在 {day} {words.zh}",
                f"The insurance {insutype_words(sale.insutype).en} of person {sale.psn_no} {words.en} on {day}",
            )
        )
    return found


def _age(born: date | None, day: date) -> int:
    """Return the years lived; whose birth day is not on record counts as a young adult, whom no rule by age favours."""
    if born is None:
        return AGE_OF_UNKNOWN
    if born > day:
        return 0
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
