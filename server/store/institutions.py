"""Institutions that have an agreement, where they stand, and which caller speaks for which of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, bindparam, delete, select

from server.store import bulk
from server.store.direct import Asked
from server.store.records import Records
from server.store.register_tables import institution, institution_caller, institution_standing
from server.store.standings import StandingSpan, StandingSpans


class InstitutionKind(StrEnum):
    """What sort of institution it is."""

    PHARMACY = "pharmacy"
    HOSPITAL = "hospital"


class CallerKind(StrEnum):
    """Who calls."""

    TOKEN = "token"  # noqa: S105 - a kind of caller, no secret
    TERMINAL = "terminal"


@dataclass(frozen=True, slots=True)
class Institution:
    """A designated pharmacy or hospital."""

    code: str
    """`fixmedins_code`."""
    name: str
    kind: InstitutionKind
    level: str
    """1, 2 or 3; community; pharmacy."""
    district: str
    """Six digits."""
    uscc: str
    """Unified social credit code; empty if not known."""
    is_dual_channel: bool
    """It may sell approved negotiated drugs at the hospital's ratio."""
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who speaks for an institution."""

    kind: CallerKind
    caller: str
    """Id of the API token, or name of the terminal."""
    institution: str
    bound_by: str
    bound_at: datetime


_INSTITUTIONS = Records(institution, Institution)
_CALLERS = Records(institution_caller, Caller)
_STANDINGS = StandingSpans(institution_standing)
_BY_CODE = Asked(select(institution).where(institution.c.code == bindparam("code")))
_WITH_STANDINGS = Asked(
    select(institution, *_STANDINGS.columns)
    .outerjoin(institution_standing, institution_standing.c.subject == institution.c.code)
    .where(institution.c.code == bindparam("code"))
    .order_by(institution_standing.c.from_us, institution_standing.c.standing)
)
_SPEAKS_FOR = Asked(
    select(institution_caller.c.caller).where(
        institution_caller.c.kind == bindparam("kind"),
        institution_caller.c.caller == bindparam("caller"),
        institution_caller.c.institution == bindparam("institution"),
    )
)


def load_institution(connection: Connection, code: str) -> Institution | None:
    """Return one institution."""
    row = _BY_CODE.row(connection, {"code": code})
    return None if row is None else _INSTITUTIONS.record(row)


def load_with_standings(connection: Connection, code: str) -> tuple[Institution | None, Sequence[StandingSpan]]:
    """Return one institution, and where it stood, stands and will stand, in the order in which the spans begin."""
    rows = _WITH_STANDINGS.rows(connection, {"code": code})
    if not rows:
        return None, ()
    width = len(_INSTITUTIONS.columns)
    spans = [row[width:] for row in rows if row[width] is not None]
    return _INSTITUTIONS.record(rows[0][:width]), _STANDINGS.spans(spans)


def load_institutions(connection: Connection, codes: Collection[str]) -> dict[str, Institution]:
    """Return those of `codes` that exist."""
    rows = bulk.fetch(connection, _INSTITUTIONS.columns, institution.c.code, codes)
    return {one.code: one for one in _INSTITUTIONS.records(rows)}


def load_institution_page(
    connection: Connection, *, after: str = "", limit: int, kind: InstitutionKind | None = None, name: str = ""
) -> Sequence[Institution]:
    """Return institutions in the order of their codes, of one kind and of this name if so asked."""
    asked = select(institution).where(institution.c.code > after).order_by(institution.c.code).limit(limit)
    if kind is not None:
        asked = asked.where(institution.c.kind == kind.value)
    if name:
        asked = asked.where(institution.c.name == name)
    return _INSTITUTIONS.records(connection.execute(asked))


def put_institutions(connection: Connection, institutions: Sequence[Institution]) -> None:
    """Add institutions, or change those that are there."""
    bulk.insert_or_replace(connection, institution, _INSTITUTIONS.rows(institutions))


def bind_caller(connection: Connection, caller: Caller) -> None:
    """Let a caller speak for an institution; to say it twice changes nothing."""
    bulk.insert_missing(connection, institution_caller, [_CALLERS.row(caller)])


def unbind_caller(connection: Connection, kind: CallerKind, caller: str, code: str) -> bool:
    """Let a caller no longer speak for an institution; return whether it did."""
    found = institution_caller.c
    gone = delete(institution_caller).where(found.kind == kind.value, found.caller == caller, found.institution == code)
    return connection.execute(gone).rowcount > 0


def speaks_for(connection: Connection, kind: CallerKind, caller: str, code: str) -> bool:
    """Tell whether a caller was bound to an institution."""
    asked = {"kind": kind.value, "caller": caller, "institution": code}
    return _SPEAKS_FOR.row(connection, asked) is not None


def load_callers(connection: Connection, code: str | None = None) -> Sequence[Caller]:
    """Return who speaks for one institution, or for any."""
    asked = select(institution_caller).order_by(*institution_caller.primary_key)
    if code is not None:
        asked = asked.where(institution_caller.c.institution == code)
    return _CALLERS.records(connection.execute(asked))


def load_standings(connection: Connection, code: str) -> Sequence[StandingSpan]:
    """Return where an institution stood, stands and will stand, in the order in which the spans begin."""
    return _STANDINGS.load(connection, code)


def load_standings_of_all(connection: Connection, codes: Collection[str]) -> Sequence[StandingSpan]:
    """Return the spans of many institutions, in no particular order."""
    return _STANDINGS.load_all(connection, codes)


def put_standings(connection: Connection, spans: Sequence[StandingSpan]) -> None:
    """Add spans, or change those of the same beginning."""
    _STANDINGS.put(connection, spans)
