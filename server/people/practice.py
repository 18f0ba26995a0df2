"""Who may practise: institutions, doctors and pharmacists at a moment, and who speaks for an institution.

Standings are spans of time. Of those that cover a moment the one that began last counts, so that a suspension ends by
itself, may be lifted early by a new span, and an agreement that has ended can begin anew. Whoever no span covers has no
agreement. That somebody may not settle never closes refunds and reconciliation: callers of this decide what they check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words
from server.errors import ServerError
from server.store import institutions, practitioners
from server.store.database import Connection
from server.store.institutions import CallerKind, Institution
from server.store.practitioners import Post, Practitioner, PractitionerKind
from server.store.standings import Standing, StandingSpan
from server.store.terminals import load_trusted
from wire.fsi.values import BEIJING
from wire.receipts import Trust

_SEVERITY = {Standing.ACTIVE: 0, Standing.SUSPENDED: 1, Standing.ENDED: 2}
_KINDS = {
    PractitionerKind.DOCTOR: Words("医师", "doctor"),
    PractitionerKind.PHARMACIST: Words("药师", "pharmacist"),
}


class PracticeError(ServerError, RejectedError):
    """Somebody may not do this now."""

    code: ClassVar[str] = "practice.refused"
    next_step: ClassVar[Words] = Words("请联系医保经办机构。", "Ask the insurance office.")


class UnknownInstitutionError(PracticeError):
    """The institution is not on record, or has no agreement yet."""

    code: ClassVar[str] = "practice.institution_unknown"


class InstitutionSuspendedError(PracticeError):
    """The institution's agreement is suspended."""

    code: ClassVar[str] = "practice.institution_suspended"
    next_step: ClassVar[Words] = Words(
        "暂停期间不能办理新的就诊和结算；仍可退费、对账，暂停前已入院的仍可上传费用、办理出院和结算；有异议请联系医保经办机构。",
        "It cannot begin visits or settle meanwhile; it may still refund and reconcile, and for whoever was admitted "
        "before it may charge, discharge and settle. Ask the insurance office.",
    )


class InstitutionEndedError(PracticeError):
    """The institution's agreement has ended."""

    code: ClassVar[str] = "practice.institution_ended"
    next_step: ClassVar[Words] = Words(
        "协议终止后不能结算，仍可退费和对账。", "It can settle no more, but still refund and reconcile."
    )


class UnknownPractitionerError(PracticeError):
    """The doctor or pharmacist is not on record."""

    code: ClassVar[str] = "practice.practitioner_unknown"
    next_step: ClassVar[Words] = Words(
        "请核对编码；未备案的人员请先向医保经办机构备案。",
        "Check the code; whoever is not on record must be put there first.",
    )


class PractitionerSuspendedError(PracticeError):
    """The doctor or pharmacist is suspended."""

    code: ClassVar[str] = "practice.practitioner_suspended"


class PractitionerEndedError(PracticeError):
    """The doctor or pharmacist may practise no more."""

    code: ClassVar[str] = "practice.practitioner_ended"


class NotAtInstitutionError(PracticeError):
    """The doctor or pharmacist does not practise there now, or as something else."""

    code: ClassVar[str] = "practice.not_at_institution"
    next_step: ClassVar[Words] = Words(
        "请核对编码；多点执业须先备案到本机构。",
        "Check the code; a further place of practice must be put on record first.",
    )


@dataclass(frozen=True, slots=True)
class Practice:
    """A doctor or a pharmacist, where they stand and where they practise."""

    practitioner: Practitioner
    standings: Sequence[StandingSpan]
    posts: Sequence[Post]

    def posts_on(self, day: date) -> list[Post]:
        """Return where they practise on a day."""
        return [post for post in self.posts if post.from_day <= day and (post.to_day is None or day <= post.to_day)]

    def check(self, institution: str, at: datetime, kind: PractitionerKind | None = None) -> Practitioner:
        """Return who it is, if they may practise there at that moment.

        Raises:
            NotAtInstitutionError: They do not practise there on that day, or not as what was asked for.
            PractitionerSuspendedError: They are suspended.
            PractitionerEndedError: They may practise no more.
        """
        found = self.practitioner
        if kind is not None and found.kind is not kind:
            is_kind, is_not = _KINDS[found.kind], _KINDS[kind]
            raise NotAtInstitutionError(
                Words(
                    f"{found.code} 备案为{is_kind.zh}，不是{is_not.zh}",
                    f"{found.code} is a {is_kind.en}, not a {is_not.en}",
                )
            )
        who, day = _KINDS[found.kind], at.astimezone(BEIJING).date()
        span = span_at(self.standings, at)
        if span is not None and span.standing is Standing.SUSPENDED:
            raise PractitionerSuspendedError(_suspended(Words(who.zh, f"The {who.en}"), found.code, span))
        if span is not None and span.standing is Standing.ENDED:
            raise PractitionerEndedError(_ended(Words(who.zh, f"The {who.en}"), found.code, span))
        if not any(post.institution == institution for post in self.posts_on(day)):
            raise NotAtInstitutionError(
                Words(
                    f"{who.zh} {found.code} 在 {day} 未备案于机构 {institution}",
                    f"The {who.en} {found.code} does not practise at {institution} on {day}",
                )
            )
        return found


def span_at(spans: Sequence[StandingSpan], at: datetime) -> StandingSpan | None:
    """Return the span that counts at a moment; of two that began together the graver."""
    covering = [span for span in spans if span.from_at <= at and (span.to_at is None or at < span.to_at)]
    return max(covering, key=lambda span: (span.from_at, _SEVERITY[span.standing]), default=None)


def standing_at(spans: Sequence[StandingSpan], at: datetime) -> Standing | None:
    """Return where somebody stands at a moment; None where no span covers it."""
    span = span_at(spans, at)
    return None if span is None else span.standing


def check_institution(connection: Connection, code: str, at: datetime) -> Institution:
    """Return an institution that may settle at a moment.

    Raises:
        UnknownInstitutionError: It is not on record, or has no agreement then.
        InstitutionSuspendedError: Its agreement is suspended.
        InstitutionEndedError: Its agreement has ended.
    """
    known, spans = institutions.load_with_standings(connection, code)
    found, span = _known(known, code), span_at(spans, at)
    if span is None:
        when = _shown(at)
        raise UnknownInstitutionError(
            Words(f"定点机构 {code} 在 {when} 没有有效协议", f"The institution {code} has no agreement at {when}")
        )
    if span.standing is Standing.SUSPENDED:
        raise InstitutionSuspendedError(_suspended(Words("定点机构", "The institution"), code, span))
    if span.standing is Standing.ENDED:
        raise InstitutionEndedError(_ended(Words("定点机构", "The institution"), code, span))
    return found


def find_institution(connection: Connection, code: str) -> Institution:
    """Return an institution that is on record, wherever it stands: what refunds and reconciliation ask for.

    Raises:
        UnknownInstitutionError: It is not.
    """
    return _known(institutions.load_institution(connection, code), code)


def check_practitioner(
    connection: Connection, code: str, institution: str, at: datetime, kind: PractitionerKind | None = None
) -> Practitioner:
    """Return a doctor or a pharmacist who may practise at an institution at a moment.

    Raises:
        UnknownPractitionerError: Nobody has that code.
        NotAtInstitutionError: They do not practise there on that day, or not as what was asked for.
        PractitionerSuspendedError: They are suspended.
        PractitionerEndedError: They may practise no more.
    """
    return load_practice(connection, code).check(institution, at, kind)


def load_practice(connection: Connection, code: str) -> Practice:
    """Return what the register says of a doctor or a pharmacist, to be held against any number of moments.

    Raises:
        UnknownPractitionerError: Nobody has that code.
    """
    found = practitioners.load_practitioner(connection, code)
    if found is None:
        raise UnknownPractitionerError(
            Words(f"没有备案的医师或药师 {code}", f"No doctor or pharmacist {code} is on record")
        )
    return _practice(connection, found)


def check_licence(connection: Connection, licence: str, institution: str, at: datetime) -> Practitioner:
    """Return the pharmacist with this licence who may practise at an institution at a moment.

    Raises:
        PracticeError: As `check_practitioner`.
    """
    found = [
        one for one in practitioners.find_by_licence(connection, licence) if one.kind is PractitionerKind.PHARMACIST
    ]
    if not found:
        raise UnknownPractitionerError(
            Words(f"没有备案的药师执业证号 {licence}", f"No pharmacist with the licence {licence} is on record")
        )
    return _practice(connection, found[0]).check(institution, at, PractitionerKind.PHARMACIST)


def may_speak(connection: Connection, kind: CallerKind, caller: str, institution: str) -> bool:
    """Tell whether a caller speaks for an institution: it was bound to it, or is a terminal that was approved there.

    A terminal whose key is not approved, or no longer, speaks for nobody.
    """
    is_bound = institutions.speaks_for(connection, kind, caller, institution)
    if kind is not CallerKind.TERMINAL:
        return is_bound
    terminal = load_trusted(connection, (caller,)).get(caller)
    if terminal is None or terminal.trust != Trust.APPROVED:
        return False
    return is_bound or terminal.institution == institution


def _known(found: Institution | None, code: str) -> Institution:
    if found is None:
        raise UnknownInstitutionError(Words(f"没有定点机构 {code}", f"There is no institution {code}"))
    return found


def _practice(connection: Connection, found: Practitioner) -> Practice:
    return Practice(
        found,
        tuple(practitioners.load_standings(connection, found.code)),
        tuple(practitioners.load_posts(connection, found.code)),
    )


def _suspended(who: Words, code: str, span: StandingSpan) -> Words:
    begins, until = _shown(span.from_at), "" if span.to_at is None else _shown_end(span.to_at)
    why = f"：{span.reason}" if span.reason else ""
    because = f": {span.reason}" if span.reason else ""
    return Words(
        f"{who.zh} {code} 自 {begins} 起暂停" + (f"至 {until}" if until else "，恢复时间另行通知") + why,
        f"{who.en} {code} is suspended from {begins} " + (f"to {until}" if until else "until further notice") + because,
    )


def _ended(who: Words, code: str, span: StandingSpan) -> Words:
    why = f"：{span.reason}" if span.reason else ""
    because = f": {span.reason}" if span.reason else ""
    begins = _shown(span.from_at)
    return Words(f"{who.zh} {code} 自 {begins} 起终止{why}", f"{who.en} {code} has ended on {begins}{because}")


def _shown(at: datetime) -> str:
    local = at.astimezone(BEIJING)
    return f"{local:%Y-%m-%d}" if local.hour == local.minute == local.second == 0 else f"{local:%Y-%m-%d %H:%M}"


def _shown_end(at: datetime) -> str:
    """Return the last day of a span that ends at midnight, or else the moment at which it ends."""
    shown = _shown(at)
    return (
        f"{(at - timedelta(microseconds=1)).astimezone(BEIJING):%Y-%m-%d}" if len(shown) == len("2026-01-31") else shown
    )
