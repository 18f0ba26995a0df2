"""Signing in to the national interface: 9001 for each operator at the first need, kept, renewed, ended by 9002.

A sign-in is good for one day in Beijing; where the interface says that one holds no more, another is made and the same
message is sent again. Where the area demands none, failing to sign in keeps nobody from asking.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import msgspec
import structlog

from codes.errors import RejectedError, YimaError
from codes.words import Words
from edge.clock import Clock
from edge.errors import EdgeError
from edge.fsi.journal import Journal
from edge.sealing import SealBrokenError, Sealer
from edge.store.fsi_sign_ins import SignInRow, forget_sign_in, keep_sign_in, kept_sign_ins
from wire.fsi.asking import Answer, Asked, Nodes, Sender
from wire.fsi.values import BEIJING
from wire.rpc import NotSentError, OutcomeUnknownError

SIGN_IN, SIGN_OUT = "9001", "9002"
SIGN_S = 10.0
"""How long a sign-in is waited for."""
AGAIN_AFTER_S = 60.0
"""Where nobody demands a sign-in, one that failed is not tried again sooner."""
FRESH_S = 10.0
"""A sign-in that is refused so soon after it was given is not replaced: the fault is another one."""
_LONGEST_OPERATOR = 20
"""`opter_no` of 9001 has twenty characters, `opter` of the envelope thirty; both name the same person."""
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SignInRefusedError(EdgeError, RejectedError):
    """The interface does not let an operator sign in, and the area demands that he is."""

    code: ClassVar[str] = "fsi.sign_in_refused"
    next_step: ClassVar[Words] = Words(
        "请按提示处理：操作员为医师、药师的须在本机构执业，机构协议须有效；本次没有发生任何业务。",
        "See to what it says: the agreement has to hold, a doctor or pharmacist to practise here. Nothing was done.",
    )


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who is signed in at this terminal."""

    login: str
    name: str

    @property
    def number(self) -> str:
        """As the interface knows the operator."""
        return self.login[:_LONGEST_OPERATOR]


@dataclass(frozen=True, slots=True)
class Place:
    """From where is asked."""

    institution: str
    name: str
    district: str
    """Of treatment."""
    mac: str
    ip: str
    device: str = ""
    """`dev_no`."""


class _SignIn(msgspec.Struct, frozen=True):
    sign_no: str
    name: str
    """The operator's, to sign out by."""

    def __repr__(self) -> str:
        return "_SignIn(…)"


@dataclass(frozen=True, slots=True)
class _Held:
    sign_in: _SignIn
    began_at: datetime
    made_s: float
    """On the clock that never jumps."""


class SignIns:
    """Who is signed in. From any thread that may wait; `current` from any."""

    def __init__(
        self, journal: Journal, place: Place, sealer: Sealer, clock: Clock, *, is_demanded: bool,
        on_signed_in: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """Take what a sign-in needs.

        Args:
            journal: Sends the messages.
            place: From where is asked.
            sealer: Seals what is kept.
            clock: The device's clock.
            is_demanded: Nothing goes without a sign-in.
            on_signed_in: Called after each, but for one that a message in need of it has made.
        """
        self._journal, self._place, self._sealer, self._clock = journal, place, sealer, clock
        self._is_demanded, self._on_signed_in = is_demanded, on_signed_in
        self._held: dict[str, _Held] = {}
        self._failed_at: dict[str, float] = {}
        self.refusals: dict[str, SignInRefusedError] = {}
        """By operator's number: why the last sign-in was refused, until one is given."""
        self._one = threading.Lock()
        """One is made at a time: two questions at once do not make two."""

    def load(self) -> None:
        """Take up what was kept by the run before.

        Raises:
            EdgeError: The store refused.
        """
        for row in self._journal.commits(kept_sign_ins):
            try:
                plain = self._sealer.open(row.sealed, _place(row.operator))
            except SealBrokenError:
                # Of another box, or of a key that is gone: it signs in anew.
                continue
            self._held[row.operator] = _Held(msgspec.json.decode(plain, type=_SignIn), row.began_at, -FRESH_S)

    def sender(self, operator: Operator) -> Sender:
        """Return who sends."""
        return sender_at(self._place, operator)

    def current(self, login: str) -> str:
        """Return the sign-in that an operator has today; empty if none."""
        held = self._held.get(Operator(login, "").number)
        return "" if held is None or _day(held.began_at) != _day(self._clock.now()) else held.sign_in.sign_no

    def operators(self) -> Sequence[str]:
        """Return the numbers of those of whom a sign-in is kept, of whatever day."""
        return tuple(self._held)

    def is_due(self, login: str) -> bool:
        """Say whether an operator has no sign-in and none was tried in the last minute."""
        failed_s = self._failed_at.get(Operator(login, "").number, -AGAIN_AFTER_S)
        return not self.current(login) and self._clock.monotonic_s() - failed_s >= AGAIN_AFTER_S

    def needed(self, operator: Operator) -> str:
        """Return the operator's sign-in, made now if there is none; empty where it cannot be had and may be missing.

        Raises:
            SignInRefusedError: It is demanded and refused.
        """
        found = self.current(operator.login)
        if found:
            return found
        if not self._is_demanded and not self.is_due(operator.login):
            return ""
        try:
            return self.sign_in(operator)
        except (NotSentError, OutcomeUnknownError):
            # The message itself will say so, or the line is back by then and says that a sign-in is missing.
            return ""
        except SignInRefusedError as exc:
            if self._is_demanded:
                raise
            _logger.warning("fsi.sign_in_refused", reason=exc.words.en)
            return ""

    def sign_in(self, operator: Operator) -> str:
        """Return the operator's sign-in, made now if there is none.

        Raises:
            NotSentError, OutcomeUnknownError: No answer.
            SignInRefusedError: It is refused.
            UnaskableError: The area wants something of a sign-in that is not known here.
            EdgeError: The store refused.
        """
        with self._one:
            found = self.current(operator.login)
            made = found or self._made(operator)
        if not found:
            self._on_signed_in()
        return made

    def renewed(self, asked: Asked) -> str:
        """Return another sign-in than the one that a message names, for its operator; empty if there is none to be had.

        Never raises: what the message was answered is then said.
        """
        fields = asked.fields
        if asked.infno in {SIGN_IN, SIGN_OUT} or not fields.get("opter") or not fields.get("opter_name"):
            return ""
        operator, refused = Operator(fields["opter"], fields["opter_name"]), fields.get("sign_no", "")
        try:
            with self._one:
                found = self.current(operator.login)
                if found and found != refused:
                    return found
                return "" if found and self._is_fresh(operator) else self._made(operator)
        except YimaError as exc:
            _logger.warning("fsi.not_signed_in", code=exc.code, reason=exc.words.en)
            return ""

    def sign_out(self, login: str) -> None:
        """End an operator's sign-in: forgotten here at once, and ended there if the line says so."""
        number = Operator(login, "").number
        with self._one:
            held = self._held.pop(number, None)
        if held is None:
            return
        try:
            self._journal.commits(lambda tx: forget_sign_in(tx, number))
            # One of yesterday has ended by itself.
            if _day(held.began_at) == _day(self._clock.now()):
                self._end(Operator(number, held.sign_in.name), held.sign_in.sign_no)
        except YimaError as exc:
            _logger.info("fsi.not_signed_out", code=exc.code, reason=exc.words.en)

    def _made(self, operator: Operator) -> str:
        try:
            nodes = sign_in_nodes(self._place, operator)
            answer = self._journal.read(self.sender(operator), SIGN_IN, nodes, within_s=SIGN_S)
            made = _SignIn(_number_in(answer), operator.name)
        except YimaError as exc:
            self._failed_at[operator.number] = self._clock.monotonic_s()
            if isinstance(exc, SignInRefusedError):
                self.refusals[operator.number] = exc
            raise
        held = _Held(made, self._clock.now(), self._clock.monotonic_s())
        sealed = self._sealer.seal(msgspec.json.encode(made), _place(operator.number))
        self._journal.commits(lambda tx: keep_sign_in(tx, SignInRow(operator.number, sealed, held.began_at)))
        self._held[operator.number] = held
        self._failed_at.pop(operator.number, None)
        self.refusals.pop(operator.number, None)
        _logger.info("fsi.signed_in", operator=operator.number)
        return made.sign_no

    def _is_fresh(self, operator: Operator) -> bool:
        return self._clock.monotonic_s() - self._held[operator.number].made_s < FRESH_S

    def _end(self, operator: Operator, sign_no: str) -> None:
        nodes = {"signOut": {"opter_no": operator.number, "sign_no": sign_no}}
        self._journal.read(self.sender(operator), SIGN_OUT, nodes, sign_no=sign_no, within_s=SIGN_S)


def sender_at(place: Place, operator: Operator) -> Sender:
    """Return who sends from a place."""
    return Sender(place.institution, place.name, place.district, operator.number, operator.name, device=place.device)


def sign_in_nodes(place: Place, operator: Operator) -> Nodes:
    """Return the input of a 9001."""
    return {"signIn": {"opter_no": operator.number, "mac": place.mac, "ip": place.ip}}


def _number_in(answer: Answer) -> str:
    found = None if answer.output is None else answer.output.one_or_none("signinoutb")
    number = "" if found is None else found.text_or("sign_no", "")
    if answer.is_success and number:
        return number
    why = answer.message or "sign_no"
    raise SignInRefusedError(Words(f"医保接口签到（9001）未成功：{why}", f"Signing in (9001) failed: {why}"))


def _day(at: datetime) -> object:
    return at.astimezone(BEIJING).date()


def _place(operator: str) -> str:
    return f"fsi_sign_in.sealed/{operator}"
