"""Doctors and pharmacists, where they practise and where they stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Connection, bindparam, select

from server.store import bulk
from server.store.records import Records
from server.store.register_tables import practitioner, practitioner_post, practitioner_standing
from server.store.standings import StandingSpan, StandingSpans


class PractitionerKind(StrEnum):
    """What somebody is licensed as."""

    DOCTOR = "doctor"
    PHARMACIST = "pharmacist"


@dataclass(frozen=True, slots=True)
class Practitioner:
    """A doctor or a pharmacist."""

    code: str
    """`bilg_dr_codg`, `atddr_no` and the like."""
    name: str
    kind: PractitionerKind
    licence: str
    """`phar_prac_cert_no`; empty if not known."""
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Post:
    """Where somebody practises for a time."""

    practitioner: str
    institution: str
    from_day: date
    to_day: date | None
    """The last day; None until further notice."""


_PRACTITIONERS = Records(practitioner, Practitioner)
_POSTS = Records(practitioner_post, Post)
_STANDINGS = StandingSpans(practitioner_standing)
_BY_CODE = select(practitioner).where(practitioner.c.code == bindparam("code"))
_BY_LICENCE = select(practitioner).where(practitioner.c.licence == bindparam("licence")).order_by(practitioner.c.code)
_POSTS_OF = (
    select(practitioner_post)
    .where(practitioner_post.c.practitioner == bindparam("code"))
    .order_by(*practitioner_post.primary_key)
)


def load_practitioner(connection: Connection, code: str) -> Practitioner | None:
    """Return one practitioner."""
    row = connection.execute(_BY_CODE, {"code": code}).first()
    return None if row is None else _PRACTITIONERS.record(row)


def load_practitioners(connection: Connection, codes: Collection[str]) -> dict[str, Practitioner]:
    """Return those of `codes` that exist."""
    rows = bulk.fetch(connection, _PRACTITIONERS.columns, practitioner.c.code, codes)
    return {one.code: one for one in _PRACTITIONERS.records(rows)}


def find_by_licence(connection: Connection, licence: str) -> Sequence[Practitioner]:
    """Return who has this licence number; nobody has the empty one."""
    if not licence:
        return []
    return _PRACTITIONERS.records(connection.execute(_BY_LICENCE, {"licence": licence}))


def load_practitioner_page(
    connection: Connection, *, after: str = "", limit: int, institution: str | None = None
) -> Sequence[Practitioner]:
    """Return practitioners in the order of their codes; of one institution, past and future posts included."""
    asked = select(practitioner).where(practitioner.c.code > after).order_by(practitioner.c.code).limit(limit)
    if institution is not None:
        there = select(practitioner_post.c.practitioner).where(practitioner_post.c.institution == institution)
        asked = asked.where(practitioner.c.code.in_(there))
    return _PRACTITIONERS.records(connection.execute(asked))


def load_posts(connection: Connection, code: str) -> Sequence[Post]:
    """Return where somebody practises, whenever."""
    return _POSTS.records(connection.execute(_POSTS_OF, {"code": code}))


def load_standings(connection: Connection, code: str) -> Sequence[StandingSpan]:
    """Return where a practitioner stood, stands and will stand, in the order in which the spans begin."""
    return _STANDINGS.load(connection, code)


def load_standings_of_all(connection: Connection, codes: Collection[str]) -> Sequence[StandingSpan]:
    """Return the spans of many practitioners, in no particular order."""
    return _STANDINGS.load_all(connection, codes)


def load_posts_of_all(connection: Connection, codes: Collection[str]) -> Sequence[Post]:
    """Return where many people practise, whenever."""
    return _POSTS.records(bulk.fetch(connection, _POSTS.columns, practitioner_post.c.practitioner, codes))


def put_practitioners(connection: Connection, practitioners: Sequence[Practitioner]) -> None:
    """Add practitioners, or change those that are there."""
    bulk.insert_or_replace(connection, practitioner, _PRACTITIONERS.rows(practitioners))


def put_posts(connection: Connection, posts: Sequence[Post]) -> None:
    """Add posts, or change when those of the same beginning end."""
    bulk.insert_or_replace(connection, practitioner_post, _POSTS.rows(posts))


def put_standings(connection: Connection, spans: Sequence[StandingSpan]) -> None:
    """Add spans, or change those of the same beginning."""
    _STANDINGS.put(connection, spans)
