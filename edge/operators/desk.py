"""Signing in and out: one shift at a time, opened and closed by a fact.

A guess is counted before it is checked, so that many guesses at once gain nothing. A colleague who signs in takes the
counter over, list and all: the shift before ends with its own fact, and its browsers are signed out. A shift whose last
session has expired, or was ended by a command, ends by itself; its open list waits for whoever signs in next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from codes.words import Words
from edge.alerts import Alert, alert_json
from edge.clock import Clock, SteadyClock, to_us
from edge.counter.closing import refuse_unfinished_list
from edge.operators.errors import OperatorDisabledError, SessionEndedError, SignInLockedError
from edge.operators.guesses import after_guess, wait_for
from edge.store import shifts
from edge.store.outbox import Outbox, RandomBytes
from edge.store.shifts import SessionRow, Shift
from rules.scan_judgement import Tone
from web.live import LiveBus
from web.passwords import token_digest
from wire.events import ShiftClosed, ShiftOpened
from wire.ids import uuid7

SESSION = "session"
"""The live event that says: somebody signed out; look again whether you still may."""

Also = Callable[[Connection], None]

_RANDOM_BYTES = 10
_STRANGERS = ""
"""Guesses at logins that do not exist are counted together, so that they cannot fill the store."""


def nothing(tx: Connection) -> None:
    """Change nothing."""
    del tx


@dataclass(frozen=True, slots=True)
class Admitted:
    """A browser that was let in."""

    token: str
    """Goes into its cookie; only the digest is kept here."""
    session: SessionRow


class OperatorDesk:
    """Shifts and sessions of one terminal. All methods run in the thread that owns the store."""

    def __init__(
        self,
        connection: Connection,
        outbox: Outbox,
        bus: LiveBus,
        *,
        clock: Clock,
        random: RandomBytes,
        session_length: timedelta,
        on_recorded: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._outbox = outbox
        self._bus = bus
        self._clock = clock
        self.steady: Clock = SteadyClock(clock)
        """By which sessions and waits end."""
        self._random = random
        self._session_length = session_length
        self._on_recorded = on_recorded

    def begin_guess(self, login: str) -> str | None:
        """Count a guess at `login`; return the hash it must fit, None if there is no such operator.

        Raises:
            SignInLockedError: Too many wrong guesses before.
        """
        now = self.steady.now()
        with self._connection.begin():
            operator = shifts.find_operator(self._connection, login)
            counted_as = login if operator else _STRANGERS
            guesses = shifts.find_guesses(self._connection, counted_as)
            wait = wait_for(guesses, now)
            if wait:
                raise SignInLockedError(wait)
            shifts.note_guesses(self._connection, counted_as, after_guess(guesses, now))
        return operator.password_hash if operator else None

    def admit(self, login: str, token: str, new_hash: str | None, also: Also = nothing) -> Admitted:
        """Let in an operator whose password was right, taking over from whoever is signed in.

        Args:
            login: The operator.
            token: The browser's new token.
            new_hash: The password hashed anew, if its hash was of an older kind.
            also: What is done in the same transaction, before the shift before ends.

        Raises:
            OperatorDisabledError: The operator may not sign in any more. Only who knows the password learns it.
        """
        expires_at = self.steady.now() + self._session_length
        with self._connection.begin():
            self._refuse_disabled(login)
            shifts.forget_guesses(self._connection, login)
            if new_hash is not None:
                shifts.set_password(self._connection, login, new_hash)
            also(self._connection)
            was_left = self._end_left()
            before = shifts.open_shift_now(self._connection)
            is_taken_over = before is not None and before.operator != login
            if before is not None and is_taken_over:
                self._end(before)
            shift = before.id if before is not None and not is_taken_over else self._begin(login)
            shifts.add_session(self._connection, token_digest(token), shift, expires_at)
            session = live_session(self._connection, token, self.steady)
        self._on_recorded()
        if was_left or is_taken_over:
            self._bus.recheck()
        if is_taken_over:
            self._bus.publish("alert", alert_json(_taken_over(session.name)))
        return Admitted(token, session)

    def accept_voucher(self, login: str) -> None:
        """Take it that an operator whose password was right vouches for something.

        Raises:
            OperatorDisabledError: The operator may not sign in any more, so neither vouch.
        """
        with self._connection.begin():
            self._refuse_disabled(login)
            shifts.forget_guesses(self._connection, login)

    def find_session(self, token: str) -> SessionRow:
        """Return the session of a browser.

        Raises:
            SessionEndedError: It is not signed in any more.
        """
        with self._connection.begin():
            return live_session(self._connection, token, self.steady)

    def sign_out(self, token: str) -> None:
        """End the shift that a browser belongs to.

        Raises:
            SessionEndedError: It is not signed in any more.
            ListNotEmptyError: The open list must be finished first, or a colleague takes over.
        """
        with self._connection.begin():
            session = live_session(self._connection, token, self.steady)
            refuse_unfinished_list(self._connection)
            self._end(shifts.read_shift(self._connection, session.shift))
        self._tell_ended()

    def end_left_shift(self) -> None:
        """End the open shift if nobody is signed in to it any more, so that no scan is put down to who has left."""
        with self._connection.begin():
            has_ended = self._end_left()
        if has_ended:
            self._tell_ended()

    def _refuse_disabled(self, login: str) -> None:
        operator = shifts.find_operator(self._connection, login)
        if operator is not None and operator.disabled_at is not None:
            raise OperatorDisabledError(login)

    def _tell_ended(self) -> None:
        self._on_recorded()
        self._bus.recheck()
        self._bus.publish(SESSION, "{}")

    def _end_left(self) -> bool:
        left = shifts.left_shift(self._connection, self.steady.now())
        if left is not None:
            self._end(left)
        return left is not None

    def _begin(self, login: str) -> str:
        now = self._clock.now()
        shift = str(uuid7(to_us(now) // 1_000, self._random(_RANDOM_BYTES)))
        shifts.open_shift(self._connection, shift, login, now)
        self._outbox.append(self._connection, ShiftOpened(shift), operator=login, now=now)
        return shift

    def _end(self, shift: Shift) -> None:
        now = self._clock.now()
        shifts.close_shift(self._connection, shift.id, now)
        fact = ShiftClosed(shift.id, shift.sales)
        self._outbox.append(self._connection, fact, operator=shift.operator, now=now)


def live_session(tx: Connection, token: str, steady: Clock) -> SessionRow:
    """Return the session of a browser, read on any connection, by `OperatorDesk.steady`.

    Raises:
        SessionEndedError: It is not signed in any more.
    """
    session = shifts.find_session(tx, token_digest(token))
    if session is None or session.expires_at <= steady.now():
        raise SessionEndedError
    return session


def _taken_over(name: str) -> Alert:
    return Alert(
        code="session.taken_over",
        tone=Tone.NOTICE,
        words=Words(f"{name} 已接班", f"{name} took over"),
        next_step=Words("前一位操作员需重新登录。", "The operator before has to sign in again."),
    )
