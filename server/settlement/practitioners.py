"""Whether those who prescribed and reviewed may do so: a doctor when the fee arose, a pharmacist when it is settled.

A pharmacy fills prescriptions of doctors who practise elsewhere, and so does a hospital for one from outside
(`rx_circ_flag`); such a doctor must be in good standing where he practises. Whoever is on no register is refused, and
the lines are named: a stay has thousands. A hospital is told already when it uploads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from codes.words import Words
from server.people.practice import (
    Practice,
    PracticeError,
    UnknownPractitionerError,
    check_licence,
    check_practitioner,
    load_practice,
)
from server.settlement.sale import Sale, SaleLine
from server.store import practitioners
from server.store.database import Connection
from server.store.institutions import Institution, InstitutionKind
from server.store.practitioners import PractitionerKind

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Lines of a doctor who could not have ordered them."""

    serials: Sequence[str]
    error: PracticeError

    @property
    def words(self) -> Words:
        """Say which lines, and why."""
        shown, more = self.serials[:_SHOWN], len(self.serials) - _SHOWN
        zh, en = "、".join(shown), ", ".join(shown)
        why = self.error.words
        return Words(
            f"明细 {zh}{f' 等 {len(self.serials)} 条' if more > 0 else ''}：{why.zh}",
            f"Line {en}{f' and {more} more' if more > 0 else ''}: {why.en}",
        )


def check_practitioners(connection: Connection, sale: Sale, institution: Institution, now: datetime) -> None:
    """Refuse a sale that somebody prescribed or reviewed who may not.

    Raises:
        PracticeError: Somebody is unknown, suspended, has ended, or practises elsewhere; the error says who and since
            when, and in which lines.
    """
    found = next(iter(doubtful_doctors(connection, sale.lines, institution)), None)
    if found is not None:
        raise type(found.error)(found.words)
    if sale.pharmacist:
        _check_pharmacist(connection, sale.pharmacist, institution.code, now)


def doubtful_doctors(connection: Connection, lines: Iterable[SaleLine], institution: Institution) -> Sequence[Doubtful]:
    """Return the lines of doctors who may not order them, together by what is wrong."""
    found: dict[str, tuple[list[str], PracticeError]] = {}
    for line, error in _errors(connection, lines, institution):
        found.setdefault(error.words.zh, ([], error))[0].append(line.serial)
    return [Doubtful(serials, error) for serials, error in found.values()]


def _errors(
    connection: Connection, lines: Iterable[SaleLine], institution: Institution
) -> Iterator[tuple[SaleLine, PracticeError]]:
    known: dict[str, Practice | PracticeError] = {}
    for line in lines:
        if not line.doctor:
            continue
        if line.doctor not in known:
            known[line.doctor] = _practice_of(connection, line.doctor)
        practice = known[line.doctor]
        if isinstance(practice, PracticeError):
            yield line, practice
            continue
        try:
            practice.check(_place_of(practice, line, institution), line.at, PractitionerKind.DOCTOR)
        except PracticeError as exc:
            yield line, exc


def _practice_of(connection: Connection, doctor: str) -> Practice | PracticeError:
    try:
        return load_practice(connection, doctor)
    except UnknownPractitionerError as exc:
        return exc


def _place_of(practice: Practice, line: SaleLine, institution: Institution) -> str:
    """Return where a doctor must practise: here, or for a prescription from outside wherever he does."""
    if institution.kind is InstitutionKind.HOSPITAL and not line.is_from_outside:
        return institution.code
    posts = practice.posts_on(line.day)
    return posts[0].institution if posts else institution.code


def _check_pharmacist(connection: Connection, named: str, institution: str, now: datetime) -> None:
    """Check a pharmacist who is named by code or by licence."""
    if practitioners.load_practitioner(connection, named) is None and practitioners.find_by_licence(connection, named):
        check_licence(connection, named, institution, now)
    else:
        check_practitioner(connection, named, institution, now, PractitionerKind.PHARMACIST)
