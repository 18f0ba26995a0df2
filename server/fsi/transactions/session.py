"""9001 and 9002: an operator signs in, and out.

Whoever signs in learns where the institution stands. One that is suspended may sign in, because refunds and
reconciliation stay open to it; one whose agreement has ended cannot, and needs no sign-in for what is still open to it.
Several sign-ins of one operator may hold at once: two desks, one person. An operator who is a doctor or pharmacist of
the register learns where he stands, too: one who may practise no more, or not here, does not sign in; one who is
suspended does, and may undo and reconcile.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from codes.words import Words
from server.fsi.desk import Deeds, Desk, Output, writing
from server.fsi.refusals import SignInNeededError
from server.people import practice
from server.people.practice import InstitutionSuspendedError, PractitionerSuspendedError
from server.store import fsi_sessions, practitioners
from server.store.fsi_sessions import SignIn
from wire.fsi.envelope import Request
from wire.fsi.record import Message

_NUMBER_BYTES = 15
"""As hexadecimal digits they fill the thirty characters of `sign_no`."""


def sign_in(desk: Desk, request: Request, message: Message) -> Output:
    """Give an operator a number that business of the day names.

    Raises:
        PracticeError: The institution's agreement has ended, or has not begun; or the operator is a doctor or a
            pharmacist who may practise no more, or does not practise here.
    """
    said = message.one("signIn")
    try:
        practice.check_institution(desk.connection, request.institution, desk.now)
    except InstitutionSuspendedError as exc:
        desk.warn(Words(f"{exc.words.zh}。{exc.next_step.zh}", f"{exc.words.en}. {exc.next_step.en}"))
    operator = said.text("opter_no")
    for named in dict.fromkeys((operator, request.operator)):
        _check_practitioner(desk, named)
    if operator != request.operator:
        desk.warn(
            Words(
                f"签到人为 {operator}，后续报文的 opter（经办人）应与其一致",
                f"{operator} has signed in: opter of the messages to come has to be the same",
            )
        )
    made = SignIn(
        sign_no=secrets.token_hex(_NUMBER_BYTES),
        institution=request.institution,
        operator=operator,
        caller=desk.caller,
        mac=said.text_or("mac", ""),
        ip=said.text_or("ip", ""),
        began_at=desk.now,
        until_at=desk.parts.sign_in.end_of(desk.now),
        ended_at=None,
    )
    fsi_sessions.add_sign_in(desk.connection, made)
    return {"signinoutb": {"sign_time": desk.now, "sign_no": made.sign_no}}


def _check_practitioner(desk: Desk, operator: str) -> None:
    """Check an operator who is a doctor or a pharmacist by code or by licence; most are neither."""
    found = practitioners.load_practitioner(desk.connection, operator)
    code = operator if found is not None else _code_of_licence(desk, operator)
    if not code:
        return
    try:
        practice.check_practitioner(desk.connection, code, desk.institution.code, desk.now)
    except PractitionerSuspendedError as exc:
        desk.warn(
            Words(
                f"{exc.words.zh}。其间由其开具、审核的费用不予结算",
                f"{exc.words.en}. Meanwhile nothing that he orders or reviews is settled",
            )
        )


def _code_of_licence(desk: Desk, licence: str) -> str:
    found = practitioners.find_by_licence(desk.connection, licence)
    return found[0].code if found else ""


def sign_out(desk: Desk, request: Request, message: Message) -> Output:
    """End a sign-in; without its number, all that the operator has open.

    Raises:
        SignInNeededError: There is none, or it belongs to somebody whom the message does not name.
    """
    said = message.one("signOut")
    operator = said.text_or("opter_no", request.operator)
    number = said.text_or("sign_no", "") or request.sign_no
    if number:
        found = fsi_sessions.load_sign_in(desk.connection, number)
        is_ours = found is not None and found.institution == request.institution
        open_ones = [found] if found is not None and is_ours else []
    else:
        open_ones = fsi_sessions.load_sign_ins(desk.connection, request.institution, operator, desk.now)
    if not open_ones:
        raise SignInNeededError(Words("没有可签退的签到（sign_no）", "There is no sign-in to end (sign_no)"))
    _check_whose(desk, request, operator, open_ones)
    ended = [fsi_sessions.end_sign_in(desk.connection, one.sign_no, desk.now) for one in open_ones]
    if not any(ended):
        desk.warn(Words("此前已签退", "It was signed out before"))
    return {"signoutoutb": {"sign_time": desk.now}}


def _check_whose(desk: Desk, request: Request, operator: str, open_ones: Sequence[SignIn]) -> None:
    """Say whose sign-ins are ended; of a colleague whom the message does not name, a slip of a digit ends none."""
    for one in open_ones:
        if one.operator not in {operator, request.operator}:
            raise SignInNeededError(
                Words(
                    f"签到 {one.sign_no} 属于操作员 {one.operator}，不是 {operator}，未签退",
                    f"The sign-in {one.sign_no} belongs to {one.operator}, not to {operator}; it was not ended",
                ),
                next_step=Words(
                    "请核对 sign_no；确要替其签退的，把 opter_no 填为该操作员。",
                    "Check sign_no; to end it for that operator, name him in opter_no.",
                ),
            )
    if any(one.operator != request.operator for one in open_ones):
        desk.warn(
            Words(
                f"签退的是操作员 {operator} 的签到，报文经办人为 {request.operator}（opter）",
                f"This ended sign-ins of {operator}; the message is by {request.operator} (opter)",
            )
        )


TRANSACTIONS: Deeds = {
    "9001": writing(sign_in, is_always_open=True, needs_sign_in=False),
    "9002": writing(sign_out, is_always_open=True, needs_sign_in=False),
}
