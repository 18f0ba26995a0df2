"""What has to hold of the sender before a handler is asked: whose voice it is, where the institution stands, sign-in.

An institution that is suspended may undo, return, reconcile and ask, with the sign-in that those need, and charge and
settle who was in its beds already, for as long as the rules of its place say. One whose agreement has ended is left
what undoes and reconciles its own records; it cannot sign in any more, so nothing of that asks for a sign-in.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from codes.words import Words
from server.fsi.case import Case, Proved
from server.fsi.desk import Deed
from server.fsi.parts import Parts
from server.fsi.refusals import NotYourInstitutionError, SignInNeededError
from server.people import practice
from server.people.practice import InstitutionSuspendedError, span_at, standing_at
from server.store import fsi_sessions, institutions
from server.store.database import Connection
from server.store.institutions import Institution
from server.store.standings import Standing
from wire.fsi.envelope import Request
from wire.fsi.values import BEIJING


def check_voice(connection: Connection, proved: Proved) -> None:
    """Let pass who speaks for the institution that the message names.

    A signature needs no look: it was made with a key of that very institution.

    Raises:
        NotYourInstitutionError: The caller does not.
    """
    voice, code = proved.post.voice, proved.request.institution
    if voice is None or practice.may_speak(connection, voice.kind, voice.name, code):
        return
    raise NotYourInstitutionError(
        Words(
            f"调用方不代表机构 {code}（fixmedins_code 定点医药机构编号）",
            f"The caller does not speak for {code} (fixmedins_code)",
        )
    )


def admit(connection: Connection, case: Case, deed: Deed, parts: Parts, at: datetime) -> Institution:
    """Return the institution, if it may have this done now.

    Raises:
        PracticeError: It is unknown, suspended, or its agreement has ended.
        SignInNeededError: A sign-in is wanted, and the message names none that is good.
    """
    request = case.request
    if deed.is_always_open:
        found = practice.find_institution(connection, request.institution)
        has_ended = standing_at(institutions.load_standings(connection, found.code), at) is Standing.ENDED
    else:
        found, has_ended = _in_agreement(connection, case, deed, parts, at), False
    if parts.sign_in.is_demanded and deed.needs_sign_in and not has_ended:
        _check_sign_in(connection, request, at)
    return found


def _in_agreement(connection: Connection, case: Case, deed: Deed, parts: Parts, at: datetime) -> Institution:
    try:
        return practice.check_institution(connection, case.request.institution, at)
    except InstitutionSuspendedError:
        found = practice.find_institution(connection, case.request.institution)
        if deed.is_open_suspended or _goes_on(connection, case, deed, parts, at):
            return found
        raise


def _goes_on(connection: Connection, case: Case, deed: Deed, parts: Parts, at: datetime) -> bool:
    """Tell whether the message goes on with what began before the institution was suspended, and not too long after."""
    code = case.request.institution
    began = deed.began(connection, case.request, case.message) if deed.began is not None else None
    spans = institutions.load_standings(connection, code)
    span = span_at(spans, at)
    if began is None or span is None or standing_at(spans, began) is not Standing.ACTIVE:
        return False
    place = practice.find_institution(connection, code).district
    since = span.from_at.astimezone(BEIJING).date()
    days = parts.settlements.ground.books.for_district(place).days_late(since).suspended
    return began < span.from_at and at < span.from_at + timedelta(days=days)


def _check_sign_in(connection: Connection, request: Request, at: datetime) -> None:
    label = Words("sign_no（签到流水号）", "sign_no")
    if not request.sign_no:
        raise SignInNeededError(Words(f"{label.zh}必填", f"{label.en} is required"))
    found = fsi_sessions.load_sign_in(connection, request.sign_no)
    if found is None or found.institution != request.institution:
        raise SignInNeededError(Words(f"{label.zh}不存在", f"{label.en}: there is no such sign-in"))
    if found.operator != request.operator:
        raise SignInNeededError(
            Words(
                f"{label.zh}属于操作员 {found.operator}，报文经办人为 {request.operator}（opter）",
                f"{label.en} belongs to {found.operator}, and the message is by {request.operator} (opter)",
            )
        )
    if found.ended_at is not None and found.ended_at <= at:
        raise SignInNeededError(Words(f"{label.zh}已签退", f"{label.en}: it was signed out"))
    if found.until_at <= at:
        raise SignInNeededError(Words(f"{label.zh}已过期", f"{label.en}: it has run out"))
