"""Whether those who prescribed and reviewed may do so: a doctor when the fee arose, a pharmacist when it is settled.

A pharmacy fills prescriptions of doctors who practise elsewhere, and so does a hospital for one from outside
(`rx_circ_flag`); such a doctor must be in good standing where he practises. Whoever is on no register is refused.
"""

from __future__ import annotations

from datetime import datetime

from server.people.practice import check_licence, check_practitioner
from server.settlement.sale import Sale, SaleLine
from server.store import practitioners
from server.store.database import Connection
from server.store.institutions import Institution, InstitutionKind
from server.store.practitioners import PractitionerKind


def check_practitioners(connection: Connection, sale: Sale, institution: Institution, now: datetime) -> None:
    """Refuse a sale that somebody prescribed or reviewed who may not.

    Raises:
        PracticeError: Somebody is unknown, suspended, has ended, or practises elsewhere; the error says who and since
            when.
    """
    seen: set[tuple[str, datetime]] = set()
    for line in sale.lines:
        if line.doctor and (line.doctor, line.at) not in seen:
            seen.add((line.doctor, line.at))
            place = _place_of(connection, line, institution)
            check_practitioner(connection, line.doctor, place, line.at, PractitionerKind.DOCTOR)
    if sale.pharmacist:
        _check_pharmacist(connection, sale.pharmacist, institution.code, now)


def _place_of(connection: Connection, line: SaleLine, institution: Institution) -> str:
    """Return where a doctor must practise: here, or for a prescription from outside wherever he does."""
    if institution.kind is InstitutionKind.HOSPITAL and not line.is_from_outside:
        return institution.code
    posts = [
        post
        for post in practitioners.load_posts(connection, line.doctor)
        if post.from_day <= line.day and (post.to_day is None or line.day <= post.to_day)
    ]
    return posts[0].institution if posts else institution.code


def _check_pharmacist(connection: Connection, named: str, institution: str, now: datetime) -> None:
    """Check a pharmacist who is named by code or by licence."""
    if practitioners.load_practitioner(connection, named) is None and practitioners.find_by_licence(connection, named):
        check_licence(connection, named, institution, now)
    else:
        check_practitioner(connection, named, institution, now, PractitionerKind.PHARMACIST)
