"""The register of those who may practise: importing lists, deciding standings, and saying who speaks for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from codes.words import Words
from server.people.drafting import sorted_out
from server.people.list_file import Counts, Fault, refuse_faults
from server.people.practice import find_institution, span_at
from server.people.practice_lists import PracticeDraft, institutions_of, practitioners_of
from server.people.roles import Person
from server.store import audit, institutions, people, practitioners
from server.store.database import Connection, Store
from server.store.institutions import Caller, CallerKind, Institution
from server.store.practitioners import Post, Practitioner
from server.store.standings import Standing, StandingSpan
from server.store.terminals import load_trusted
from server.store.times import micros
from web.errors import InvalidRequestError, NotFoundError

_PAGE = 500


@dataclass(frozen=True, slots=True)
class ListedInstitution:
    """An institution, where it stands, and who speaks for it."""

    institution: Institution
    span: StandingSpan | None
    """That counts at the moment; None: no agreement."""
    callers: Sequence[Caller]


@dataclass(frozen=True, slots=True)
class ListedPractitioner:
    """A doctor or a pharmacist, where they stand, and where they practise."""

    practitioner: Practitioner
    span: StandingSpan | None
    posts: Sequence[Post]


class Practice:
    """The register; it says what it changes in the audit trail."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def import_institutions(
        self, content: bytes, *, by: Person, now: datetime, is_trial: bool = False
    ) -> Mapping[str, Counts]:
        """Take a list of institutions, all of it or nothing, and return what was new.

        Raises:
            ListFileError: The file, or a line of it, cannot be used.
        """
        draft = institutions_of(content, by.name, now)
        with self._store.reading() if is_trial else self._store.writing() as connection:
            refuse_faults(draft.faults)
            known = institutions.load_institutions(connection, list(draft.institutions.values))
            before = {code: replace(one, changed_at=now) for code, one in known.items()}
            counts, changed = sorted_out(before, draft.institutions.values)
            spans = _standings_before(institutions.load_standings_of_all(connection, list(known)), draft, by, now)
            counts_of_spans, new_spans = sorted_out(spans, draft.standings.values)
            found = {"institutions": counts, "standings": counts_of_spans}
            if not is_trial:
                institutions.put_institutions(connection, changed)
                institutions.put_standings(connection, new_spans)
                _record(connection, by, now, "institution.import", found)
        return found

    def import_practitioners(
        self, content: bytes, *, by: Person, now: datetime, is_trial: bool = False
    ) -> Mapping[str, Counts]:
        """Take a list of doctors and pharmacists, all of it or nothing, and return what was new.

        Raises:
            ListFileError: The file, or a line of it, cannot be used: among them posts at institutions that are not
                on record.
        """
        draft = practitioners_of(content, by.name, now)
        with self._store.reading() if is_trial else self._store.writing() as connection:
            refuse_faults([*draft.faults, *_unknown_institutions(connection, draft)])
            known = practitioners.load_practitioners(connection, list(draft.practitioners.values))
            before = {code: replace(one, changed_at=now) for code, one in known.items()}
            counts, changed = sorted_out(before, draft.practitioners.values)
            posts_before = {
                (post.practitioner, post.institution, post.from_day): post
                for post in practitioners.load_posts_of_all(connection, list(known))
            }
            counts_of_posts, posts = sorted_out(posts_before, draft.posts.values)
            spans = _standings_before(practitioners.load_standings_of_all(connection, list(known)), draft, by, now)
            counts_of_spans, new_spans = sorted_out(spans, draft.standings.values)
            found = {"practitioners": counts, "posts": counts_of_posts, "standings": counts_of_spans}
            if not is_trial:
                practitioners.put_practitioners(connection, changed)
                practitioners.put_posts(connection, posts)
                practitioners.put_standings(connection, new_spans)
                _record(connection, by, now, "practitioner.import", found)
        return found

    def decide_institution(self, span: StandingSpan) -> None:
        """Say where an institution stands for a time.

        Raises:
            NotFoundError: There is no such institution.
            InvalidRequestError: The time ends before it begins.
        """
        _check_span(span)
        with self._store.writing() as connection:
            _existing(institutions.load_institution(connection, span.subject), span.subject)
            institutions.put_standings(connection, [span])
            _record_standing(connection, "institution.standing", span)

    def decide_practitioner(self, span: StandingSpan) -> None:
        """Say where a doctor or a pharmacist stands for a time.

        Raises:
            NotFoundError: There is nobody with that code.
            InvalidRequestError: The time ends before it begins.
        """
        _check_span(span)
        with self._store.writing() as connection:
            if practitioners.load_practitioner(connection, span.subject) is None:
                raise NotFoundError(
                    Words(f"没有医师或药师 {span.subject}", f"There is no doctor or pharmacist {span.subject}")
                )
            practitioners.put_standings(connection, [span])
            _record_standing(connection, "practitioner.standing", span)

    def bind(self, caller: Caller, *, by: Person, now: datetime) -> None:
        """Let a token or a terminal speak for an institution.

        Raises:
            NotFoundError: There is no such institution, token or terminal.
        """
        with self._store.writing() as connection:
            _existing(institutions.load_institution(connection, caller.institution), caller.institution)
            if not _is_there(connection, caller):
                raise NotFoundError(
                    Words(f"没有 {caller.kind} {caller.caller}", f"There is no {caller.kind} {caller.caller}")
                )
            institutions.bind_caller(connection, caller)
            _record_caller(connection, by, now, "institution.bind", caller)

    def unbind(self, caller: Caller, *, by: Person, now: datetime) -> None:
        """Let it no longer speak for it.

        Raises:
            NotFoundError: It did not.
        """
        with self._store.writing() as connection:
            if not institutions.unbind_caller(connection, caller.kind, caller.caller, caller.institution):
                raise NotFoundError(
                    Words(
                        f"{caller.caller} 未绑定机构 {caller.institution}",
                        f"{caller.caller} is not bound to {caller.institution}",
                    )
                )
            _record_caller(connection, by, now, "institution.unbind", caller)

    def institutions(self, at: datetime) -> Sequence[ListedInstitution]:
        """Return every institution in the order of the codes."""
        found: list[ListedInstitution] = []
        with self._store.reading() as connection:
            callers = institutions.load_callers(connection)
            last = ""
            while page := institutions.load_institution_page(connection, after=last, limit=_PAGE):
                last = page[-1].code
                spans = institutions.load_standings_of_all(connection, [one.code for one in page])
                found += [
                    ListedInstitution(
                        one,
                        span_at([span for span in spans if span.subject == one.code], at),
                        [caller for caller in callers if caller.institution == one.code],
                    )
                    for one in page
                ]
        return found

    def practitioners(self, at: datetime, institution: str | None = None) -> Sequence[ListedPractitioner]:
        """Return every doctor and pharmacist, or those of one institution, in the order of the codes.

        Raises:
            UnknownInstitutionError: There is no such institution.
        """
        found: list[ListedPractitioner] = []
        with self._store.reading() as connection:
            if institution is not None:
                find_institution(connection, institution)
            last = ""
            while page := practitioners.load_practitioner_page(
                connection, after=last, limit=_PAGE, institution=institution
            ):
                last = page[-1].code
                found += [
                    ListedPractitioner(
                        one,
                        span_at(practitioners.load_standings(connection, one.code), at),
                        practitioners.load_posts(connection, one.code),
                    )
                    for one in page
                ]
        return found


def _standings_before(
    spans: Sequence[StandingSpan], draft: PracticeDraft, by: Person, now: datetime
) -> Mapping[tuple[str, datetime, Standing], StandingSpan]:
    """Return the spans that are stored, as if they had been decided now: only what they say is compared."""
    stored = {(span.subject, span.from_at, span.standing): span for span in spans}
    return {
        key: replace(span, decided_by=by.name, decided_at=now)
        for key, span in stored.items()
        if key in draft.standings.values
    }


def _unknown_institutions(connection: Connection, draft: PracticeDraft) -> list[Fault]:
    named = {post.institution for post in draft.posts.values.values()}
    known = institutions.load_institutions(connection, named)
    return [
        draft.posts.lines[key].fault(
            "institution",
            "people.institution_unknown",
            Words(f"没有机构 {post.institution}", f"there is no institution {post.institution}"),
        )
        for key, post in draft.posts.values.items()
        if post.institution not in known
    ]


def _is_there(connection: Connection, caller: Caller) -> bool:
    if caller.kind is CallerKind.TERMINAL:
        return caller.caller in load_trusted(connection, (caller.caller,))
    return any(token.id == caller.caller and token.revoked_us is None for token in people.load_tokens(connection))


def _check_span(span: StandingSpan) -> None:
    if span.to_at is not None and span.to_at <= span.from_at:
        raise InvalidRequestError(Words("截止早于起始", "It would end before it begins"))


def _existing(found: Institution | None, code: str) -> None:
    if found is None:
        raise NotFoundError(Words(f"没有定点机构 {code}", f"There is no institution {code}"))


def _record(connection: Connection, by: Person, now: datetime, action: str, counts: Mapping[str, Counts]) -> None:
    if any(one.added or one.changed for one in counts.values()):
        detail = {name: [one.added, one.changed] for name, one in counts.items()}
        audit.record(connection, at_us=micros(now), who=by.name, action=action, subject="list", detail=detail)


def _record_standing(connection: Connection, action: str, span: StandingSpan) -> None:
    detail = {
        "standing": span.standing.value,
        "from": span.from_at.isoformat(),
        "to": span.to_at.isoformat() if span.to_at else None,
        "reason": span.reason,
    }
    decided = micros(span.decided_at)
    audit.record(connection, at_us=decided, who=span.decided_by, action=action, subject=span.subject, detail=detail)


def _record_caller(connection: Connection, by: Person, now: datetime, action: str, caller: Caller) -> None:
    detail = {"kind": caller.kind.value, "caller": caller.caller}
    audit.record(connection, at_us=micros(now), who=by.name, action=action, subject=caller.institution, detail=detail)
