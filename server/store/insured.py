"""Who is insured: people, what they are known by, how they are insured, and what else holds of them for a time.

Certificate numbers and names are sealed before they come here, and are found by a keyed hash (`server.people.sealing`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, bindparam, delete, or_, select

from server.store import bulk
from server.store.direct import Asked
from server.store.records import Records
from server.store.register_tables import family_binding, insured, insured_credential, insured_fact, insured_insurance
from server.store.times import micros


class FactKind(StrEnum):
    """What can hold of a person for a time."""

    ASSISTANCE = "assistance"
    """An identity that medical assistance looks at; the code says which."""
    CHRONIC = "chronic"
    """A chronic or special disease that is registered; the code is the disease's."""
    TWO_DISEASE = "two_disease"
    """Outpatient drugs for hypertension or diabetes; the code is the disease's."""
    REFERRAL = "referral"
    """A referral; the code is the district or the institution that it leads to."""
    OUT_OF_AREA = "out_of_area"
    """A record of living or being treated elsewhere; the code is the district."""
    ENTERPRISE = "enterprise"
    """The employer has a supplement; the code names the scheme."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is insured."""

    psn_no: str
    cert_type: str
    """`psn_cert_type`."""
    cert_digest: bytes
    """Keyed hash of the certificate number."""
    certno_sealed: bytes
    name_sealed: bytes
    sex: str
    """`gend`."""
    ethnic: str
    """`naty`; empty if not known."""
    birth_day: date | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Credential:
    """What somebody shows at the desk."""

    kind: str
    """`mdtrt_cert_type`."""
    digest: bytes
    """Keyed hash of its number."""
    psn_no: str
    card_digest: bytes | None
    """Keyed hash of `card_sn`."""
    password_digest: str | None
    from_at: datetime
    to_at: datetime | None
    """The first moment at which it is no longer valid."""


@dataclass(frozen=True, slots=True)
class Insurance:
    """How somebody is insured for a time."""

    psn_no: str
    insutype: str
    from_day: date
    to_day: date | None
    """The last day; None until further notice."""
    psn_type: str
    district: str
    """`insuplc_admdvs`."""
    is_civil_servant: bool
    state: str
    """`psn_insu_stas`: 1 insured, 2 paused, 4 ended."""
    employer: str


@dataclass(frozen=True, slots=True)
class Fact:
    """What holds of somebody for a time."""

    psn_no: str
    kind: FactKind
    code: str
    from_day: date
    to_day: date | None
    """The last day; None until further notice."""
    detail: Mapping[str, str]

    def holds_on(self, day: date) -> bool:
        """Tell whether it holds on a day."""
        return self.from_day <= day and (self.to_day is None or day <= self.to_day)


@dataclass(frozen=True, slots=True)
class Binding:
    """Whose personal account may pay for whom."""

    receiver: str
    giver: str
    from_day: date
    to_day: date | None
    """The last day; None until further notice."""
    rank: int
    """The lowest is used first."""
    limit: Decimal | None
    """Of a calendar year; None for none."""


_PEOPLE = Records(insured, Person)
_CREDENTIALS = Records(insured_credential, Credential)
_INSURANCES = Records(insured_insurance, Insurance)
_FACTS = Records(insured_fact, Fact)
_BINDINGS = Records(family_binding, Binding)


def _holds(table: Table) -> ColumnElement[bool]:
    """Tell in SQL whether a span of days holds some day from `first` to `last`."""
    return and_(
        table.c.from_day <= bindparam("last"), or_(table.c.to_day.is_(None), table.c.to_day >= bindparam("first"))
    )


def _of(table: Table) -> Select[tuple[object, ...]]:
    return select(table).where(table.c.psn_no == bindparam("psn_no")).order_by(*table.primary_key)


# One IN over a union, not an OR: only so is the key's index used on PostgreSQL.
_LOCK = Asked(
    select(insured.c.psn_no)
    .where(
        insured.c.psn_no.in_(
            select(family_binding.c.giver)
            .where(family_binding.c.receiver == bindparam("psn_no"))
            .union_all(select(bindparam("psn_no", type_=insured.c.psn_no.type)))
        )
    )
    .order_by(insured.c.psn_no)
    .with_for_update()
)
_BY_CERTIFICATE = Asked(select(insured).where(insured.c.cert_digest == bindparam("digest")).order_by(insured.c.psn_no))
_BY_CREDENTIAL = Asked(
    select(insured_credential).where(
        insured_credential.c.kind == bindparam("kind"), insured_credential.c.digest == bindparam("digest")
    )
)
_INSURANCES_OF = Asked(_of(insured_insurance))
_INSURANCES_ON = Asked(_of(insured_insurance).where(_holds(insured_insurance)))
_FACTS_OF = _of(insured_fact)
_FACTS_ON = _FACTS_OF.where(_holds(insured_fact))
_OF_KINDS = insured_fact.c.kind.in_(bindparam("kinds", expanding=True))
_FACTS_BETWEEN = Asked(_FACTS_ON)
_GIVERS = Asked(
    select(family_binding)
    .where(family_binding.c.receiver == bindparam("receiver"), _holds(family_binding))
    .order_by(family_binding.c.rank, family_binding.c.giver, family_binding.c.from_day)
)


def lock_person(connection: Connection, psn_no: str) -> bool:
    """Keep other writers off a person, and off those whose accounts may pay for them, until the transaction ends.

    All are locked in one order, so that two who may pay for each other cannot wait for each other. SQLite has one
    writer anyway.

    Returns:
        Whether there is such a person.
    """
    return (psn_no,) in _LOCK.rows(connection, {"psn_no": psn_no})


def lock_people(connection: Connection, psn_nos: Collection[str]) -> None:
    """Keep other writers off people, in the order in which everybody locks them."""
    bulk.fetch_locked(connection, (insured.c.psn_no,), insured.c.psn_no, psn_nos)


def load_person(connection: Connection, psn_no: str) -> Person | None:
    """Return one person."""
    return load_people(connection, (psn_no,)).get(psn_no)


def load_people(connection: Connection, psn_nos: Collection[str]) -> dict[str, Person]:
    """Return those of `psn_nos` that exist."""
    rows = bulk.fetch(connection, _PEOPLE.columns, insured.c.psn_no, psn_nos)
    return {one.psn_no: one for one in _PEOPLE.records(rows)}


def load_person_page(connection: Connection, *, after: str = "", limit: int) -> Sequence[Person]:
    """Return people in the order of their numbers."""
    asked = select(insured).where(insured.c.psn_no > after).order_by(insured.c.psn_no).limit(limit)
    return _PEOPLE.records(connection.execute(asked))


def find_by_certificate(connection: Connection, digest: bytes) -> Sequence[Person]:
    """Return whose certificate number has this keyed hash."""
    return _PEOPLE.records(_BY_CERTIFICATE.rows(connection, {"digest": digest}))


def load_credential(connection: Connection, kind: str, digest: bytes) -> Credential | None:
    """Return what is known of something that was shown."""
    row = _BY_CREDENTIAL.row(connection, {"kind": kind, "digest": digest})
    return None if row is None else _CREDENTIALS.record(row)


def load_credentials(connection: Connection, psn_no: str, at: datetime) -> Sequence[Credential]:
    """Return what somebody may show at a moment."""
    found = insured_credential.c
    is_valid = and_(found.from_us <= micros(at), or_(found.to_us.is_(None), found.to_us > micros(at)))
    asked = select(insured_credential).where(found.psn_no == psn_no, is_valid).order_by(found.kind, found.from_us)
    return _CREDENTIALS.records(connection.execute(asked))


def load_insurances(connection: Connection, psn_no: str, day: date | None = None) -> Sequence[Insurance]:
    """Return how somebody is insured on a day, or ever was."""
    asked = _INSURANCES_OF if day is None else _INSURANCES_ON
    return _INSURANCES.records(asked.rows(connection, {"psn_no": psn_no} | _on(day)))


def load_facts(
    connection: Connection, psn_no: str, day: date | None = None, kinds: Collection[FactKind] = ()
) -> Sequence[Fact]:
    """Return what holds of somebody on a day, or ever did; of some kinds only if any are named."""
    asked, said = _FACTS_OF if day is None else _FACTS_ON, {"psn_no": psn_no} | _on(day)
    if kinds:
        asked, said = asked.where(_OF_KINDS), said | {"kinds": [kind.value for kind in kinds]}
    return _FACTS.records(connection.execute(asked, said))


def load_facts_between(
    connection: Connection, psn_no: str, first: date, last: date, kinds: Collection[FactKind]
) -> Sequence[Fact]:
    """Return what holds of somebody on some day from `first` to `last`."""
    said = {"psn_no": psn_no, "first": first.isoformat(), "last": last.isoformat()}
    # Of all that is on record of somebody few are left out: a list of kinds would cost more to hand over.
    return [one for one in _FACTS.records(_FACTS_BETWEEN.rows(connection, said)) if one.kind in kinds]


def load_givers(connection: Connection, receiver: str, day: date) -> Sequence[Binding]:
    """Return whose accounts may pay for somebody on a day, those first that are used first."""
    return _BINDINGS.records(_GIVERS.rows(connection, {"receiver": receiver} | _on(day)))


def load_bindings(connection: Connection, psn_no: str) -> Sequence[Binding]:
    """Return every binding in which somebody gives or receives."""
    found = family_binding.c
    asked = select(family_binding).where(or_(found.receiver == psn_no, found.giver == psn_no))
    return _BINDINGS.records(connection.execute(asked.order_by(*family_binding.primary_key)))


def find_people_by_certificates(connection: Connection, digests: Collection[bytes]) -> Sequence[Person]:
    """Return whose certificate numbers have these keyed hashes."""
    return _PEOPLE.records(bulk.fetch(connection, _PEOPLE.columns, insured.c.cert_digest, digests))


def load_credentials_by_digests(connection: Connection, digests: Collection[bytes]) -> Sequence[Credential]:
    """Return what is known of credentials."""
    found = bulk.fetch(connection, _CREDENTIALS.columns, insured_credential.c.digest, digests)
    return _CREDENTIALS.records(found)


def load_insurances_of_all(connection: Connection, psn_nos: Collection[str]) -> Sequence[Insurance]:
    """Return how people were, are and will be insured."""
    return _INSURANCES.records(bulk.fetch(connection, _INSURANCES.columns, insured_insurance.c.psn_no, psn_nos))


def load_facts_of_all(connection: Connection, psn_nos: Collection[str]) -> Sequence[Fact]:
    """Return what held, holds and will hold of people."""
    return _FACTS.records(bulk.fetch(connection, _FACTS.columns, insured_fact.c.psn_no, psn_nos))


def load_bindings_of_all(connection: Connection, receivers: Collection[str]) -> Sequence[Binding]:
    """Return whose accounts may pay for people, whenever."""
    return _BINDINGS.records(bulk.fetch(connection, _BINDINGS.columns, family_binding.c.receiver, receivers))


def put_people(connection: Connection, people: Sequence[Person]) -> None:
    """Add people, or change those that are there."""
    bulk.insert_or_replace(connection, insured, _PEOPLE.rows(people))


def put_credentials(connection: Connection, credentials: Sequence[Credential]) -> None:
    """Add credentials, or change those that are there; one that was somebody else's is now this person's."""
    bulk.insert_or_replace(connection, insured_credential, _CREDENTIALS.rows(credentials))


def remove_credentials(connection: Connection, kind: str, digests: Collection[bytes]) -> None:
    """Forget credentials of one kind that turned out to be nobody's."""
    found = insured_credential.c
    for digest in digests:
        connection.execute(delete(insured_credential).where(found.kind == kind, found.digest == digest))


def put_insurances(connection: Connection, insurances: Sequence[Insurance]) -> None:
    """Add insurances, or change those of the same person, kind and beginning."""
    bulk.insert_or_replace(connection, insured_insurance, _INSURANCES.rows(insurances))


def put_facts(connection: Connection, facts: Sequence[Fact]) -> None:
    """Add facts, or change those of the same person, kind, code and beginning."""
    bulk.insert_or_replace(connection, insured_fact, _FACTS.rows(facts))


def put_bindings(connection: Connection, bindings: Sequence[Binding]) -> None:
    """Add bindings, or change those of the same two people and beginning."""
    bulk.insert_or_replace(connection, family_binding, _BINDINGS.rows(bindings))


def _on(day: date | None) -> dict[str, object]:
    """Return what `_holds` is asked with for one day."""
    return {} if day is None else {"first": day.isoformat(), "last": day.isoformat()}
