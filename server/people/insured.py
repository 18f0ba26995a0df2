"""Insured people as a desk knows them: found by what they show, opened for who asks, masked in lists.

Of several identities that medical assistance looks at, the highest that holds in the month counts. Which is highest is
said by the rules of the place of insurance (`rules.benefits`), not here.
"""

from __future__ import annotations

import calendar
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words
from server.errors import ServerError
from server.people.masking import masked_name, masked_number
from server.people.sealing import Sealer
from server.store import insured
from server.store.database import Connection
from server.store.insured import Credential, Fact, FactKind, Person

IDENTITY_CARD = "02"
"""`mdtrt_cert_type` of an identity card: it is known by the certificate itself."""
RESIDENT_CARD = "01"
"""`psn_cert_type` of the same card."""
_PAGE = 500


class UnknownPersonError(ServerError, RejectedError):
    """Nobody on record is meant."""

    code: ClassVar[str] = "people.unknown"
    next_step: ClassVar[Words] = Words(
        "请核对凭证与证件号码；未参保人员按自费处理。",
        "Check credential and certificate number; whoever is not insured pays alone.",
    )


class CredentialRefusedError(ServerError, RejectedError):
    """What was shown is known and is not good now."""

    code: ClassVar[str] = "people.credential"
    next_step: ClassVar[Words] = Words("请换用有效凭证。", "Use a credential that is valid.")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, in the clear: for the answer to who asked, and for nothing that is kept."""

    psn_no: str
    cert_type: str
    certno: str
    name: str
    sex: str
    """`gend`."""
    ethnic: str
    """`naty`; empty if not known."""
    birth_day: date | None

    def age_on(self, day: date) -> int | None:
        """Return the years lived on a day, none before the birth; None where the birth day is not known."""
        born = self.birth_day
        return None if born is None else max(0, day.year - born.year - ((day.month, day.day) < (born.month, born.day)))


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody shows at the desk."""

    kind: str
    """`mdtrt_cert_type`."""
    number: str
    """`mdtrt_cert_no`."""
    chip: str = ""
    """`card_sn`; not compared where none was read, or the card's is not on record."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody in a list: enough to tell who is meant, too little to be of use to others."""

    psn_no: str
    name: str
    certno: str
    insurances: Sequence[str]
    """Kind and district of those that hold on the day."""
    facts: Sequence[str]
    """Kind and code of those that hold on the day."""


def place_of(column: str, psn_no: str) -> str:
    """Return what a sealed text of a person is bound to."""
    return f"insured.{column}/{psn_no}"


def opened(person: Person, sealer: Sealer) -> Identity:
    """Return who somebody is.

    Raises:
        SealBrokenError: What is sealed does not open.
    """
    return Identity(
        person.psn_no,
        person.cert_type,
        sealer.open_text(person.certno_sealed, place_of("certno", person.psn_no)),
        sealer.open_text(person.name_sealed, place_of("name", person.psn_no)),
        person.sex,
        person.ethnic,
        person.birth_day,
    )


def sealed(who: Identity, sealer: Sealer, now: datetime) -> Person:
    """Return somebody as they are kept."""
    return Person(
        who.psn_no,
        who.cert_type,
        sealer.digest(who.cert_type, who.certno),
        sealer.seal_text(who.certno, place_of("certno", who.psn_no)),
        sealer.seal_text(who.name, place_of("name", who.psn_no)),
        who.sex,
        who.ethnic,
        who.birth_day,
        now,
    )


def find_by_credential(connection: Connection, sealer: Sealer, shown: Shown, at: datetime) -> Identity:
    """Return who shows a credential.

    Raises:
        UnknownPersonError: Nobody has it.
        CredentialRefusedError: It is not valid yet or no longer, or the chip is another card's.
    """
    known = insured.load_credential(connection, shown.kind, sealer.digest(shown.kind, shown.number))
    if known is not None:
        _check(known, sealer, at, shown.chip)
        person = insured.load_person(connection, known.psn_no)
    elif shown.kind == IDENTITY_CARD:
        digest = sealer.digest(RESIDENT_CARD, shown.number)
        person = next(iter(insured.find_by_certificate(connection, digest)), None)
    else:
        person = None
    if person is None:
        number = masked_number(shown.number)
        raise UnknownPersonError(Words(f"没有持有凭证 {number} 的参保人", f"Nobody on record holds {number}"))
    return opened(person, sealer)


def holds_credential(connection: Connection, sealer: Sealer, person: Person, shown: Shown, at: datetime) -> bool:
    """Tell whether a credential is a person's own; a certificate is known by the person, and nobody is opened for it.

    Raises:
        UnknownPersonError: Nobody has it.
        CredentialRefusedError: It is not valid yet or no longer, or the chip is another card's.
    """
    known = insured.load_credential(connection, shown.kind, sealer.digest(shown.kind, shown.number))
    if known is not None:
        _check(known, sealer, at, shown.chip)
        return known.psn_no == person.psn_no
    if shown.kind == IDENTITY_CARD and person.cert_digest == sealer.digest(RESIDENT_CARD, shown.number):
        return True
    return find_by_credential(connection, sealer, shown, at).psn_no == person.psn_no


def find_by_certificate(
    connection: Connection, sealer: Sealer, cert_type: str, certno: str, name: str = ""
) -> Sequence[Identity]:
    """Return who has a certificate, and that name if one is given."""
    found = insured.find_by_certificate(connection, sealer.digest(cert_type, certno))
    people = [opened(person, sealer) for person in found]
    return [one for one in people if not name or one.name == name]


def held_identities(connection: Connection, psn_no: str, day: date) -> Sequence[Fact]:
    """Return the identities of assistance that hold on any day of a day's month."""
    return _held_in_month(connection, psn_no, day, (FactKind.ASSISTANCE,))


def held_facts(connection: Connection, psn_no: str, day: date) -> Sequence[Fact]:
    """Return what holds on a day. An identity of assistance holds for the whole month in which it holds at all."""
    in_month = _held_in_month(connection, psn_no, day, tuple(FactKind))
    return [one for one in in_month if one.kind is FactKind.ASSISTANCE or one.holds_on(day)]


def _held_in_month(connection: Connection, psn_no: str, day: date, kinds: Collection[FactKind]) -> Sequence[Fact]:
    last = day.replace(day=calendar.monthrange(day.year, day.month)[1])
    return insured.load_facts_between(connection, psn_no, day.replace(day=1), last, kinds)


def highest_identity(held: Collection[Fact], order: Sequence[str]) -> str | None:
    """Return the identity that comes first in `order`; those that it does not name do not count."""
    codes = {fact.code for fact in held}
    return next((code for code in order if code in codes), None)


def listed(connection: Connection, sealer: Sealer, day: date) -> Iterator[Listed]:
    """Yield everybody, masked, in the order of their numbers."""
    last = ""
    while page := insured.load_person_page(connection, after=last, limit=_PAGE):
        for person in page:
            who = opened(person, sealer)
            yield Listed(
                who.psn_no,
                masked_name(who.name),
                masked_number(who.certno),
                [f"{one.insutype} {one.district}" for one in insured.load_insurances(connection, who.psn_no, day)],
                [f"{one.kind} {one.code}" for one in insured.load_facts(connection, who.psn_no, day)],
            )
        last = page[-1].psn_no


def _check(known: Credential, sealer: Sealer, at: datetime, chip: str) -> None:
    if at < known.from_at or (known.to_at is not None and known.to_at <= at):
        raise CredentialRefusedError(Words("就诊凭证不在有效期内", "The credential is not valid now"))
    if chip and known.card_digest is not None and sealer.digest("card_sn", chip) != known.card_digest:
        raise CredentialRefusedError(Words("卡识别码与登记的不符", "The chip is not that of the card on record"))
