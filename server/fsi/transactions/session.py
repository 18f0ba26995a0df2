"""9001 and 9002: an operator signs in, and out.

Whoever signs in learns where the institution stands. One that is suspended may sign in, because refunds and
reconciliation stay open to it; one whose agreement has ended cannot, and needs no sign-in for what is still open to it.
Several sign-ins of one operator may hold at once: two desks, one person.
"""

from __future__ import annotations

import secrets

from codes.words import Words
from server.fsi.desk import Deeds, Desk, Output, writing
from server.fsi.refusals import SignInNeededError
from server.people import practice
from server.people.practice import InstitutionSuspendedError
from server.store import fsi_sessions
from server.store.fsi_sessions import SignIn
from wire.fsi.envelope import Request
from wire.fsi.record import Message

_NUMBER_BYTES = 15
"""As hexadecimal digits they fill the thirty characters of `sign_no`."""


def sign_in(desk: Desk, request: Request, message: Message) -> Output:
    """Give an operator a number that business of the day names.

    Raises:
        PracticeError: The institution's agreement has ended, or has not begun.
    """
    said = message.one("signIn")
    try:
        practice.check_institution(desk.connection, request.institution, desk.now)
    except InstitutionSuspendedError as exc:
        desk.warn(Words(f"{exc.words.zh}。{exc.next_step.zh}", f"{exc.words.en}. {exc.next_step.en}"))
    operator = said.text("opter_no")
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


def sign_out(desk: Desk, request: Request, message: Message) -> Output:
    """End a sign-in; without its number, all that the operator has open.

    Raises:
        SignInNeededError: There is none.
    """
    said = message.one("signOut")
    number = said.text_or("sign_no", "") or request.sign_no
    if number:
        found = fsi_sessions.load_sign_in(desk.connection, number)
        is_ours = found is not None and found.institution == request.institution
        open_ones = [found] if found is not None and is_ours else []
    else:
        operator = said.text_or("opter_no", request.operator)
        open_ones = fsi_sessions.load_sign_ins(desk.connection, request.institution, operator, desk.now)
    if not open_ones:
        raise SignInNeededError(Words("没有可签退的签到（sign_no）", "There is no sign-in to end (sign_no)"))
    ended = [fsi_sessions.end_sign_in(desk.connection, one.sign_no, desk.now) for one in open_ones]
    if not any(ended):
        desk.warn(Words("此前已签退", "It was signed out before"))
    return {"signoutoutb": {"sign_time": desk.now}}


TRANSACTIONS: Deeds = {
    "9001": writing(sign_in, is_always_open=True, needs_sign_in=False),
    "9002": writing(sign_out, is_always_open=True, needs_sign_in=False),
}
