"""The journal of what is said to the interface.

A message that changes something is written down, with whatever else its sender changes, before its first byte leaves;
its outcome is written down with whatever follows from it. So a terminal that dies at any moment knows afterwards what
it has to ask for, and nothing follows from an outcome twice: what follows is told by `Then`, once for each change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec
import structlog
from sqlalchemy import Connection

from edge.clock import Clock
from edge.fsi.line import FsiLine, UnsendableError
from edge.fsi.numbering import Numbering
from edge.fsi.outcome import Agreed, NotSent, Outcome, Refused, Reversed, Unknown
from edge.sealing import Sealer
from edge.store import fsi_messages as kept
from edge.store.fsi_messages import Closing, MessageState, NewMessage
from wire.fsi.asking import Answer, Asked, Asker, Nodes, Sender
from wire.fsi.lasting import may_be_asked_anew
from wire.rpc import NotSentError, OutcomeUnknownError

WITHIN_S = 30.0
_SIGN_IN_NEEDED = "fsi.sign_in_needed"
_OF_SIGNING_IN = "签到"
"""Where the interface gives no stable codes, this word tells that a sign-in is missing or has ended."""
_T = TypeVar("_T")
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a message is for."""

    kind: str
    """Whose: it names who is told of the outcome."""
    key: str
    """Which, such as the number of a sale. No personal data."""


@dataclass(frozen=True, slots=True)
class Told:
    """The outcome of one message."""

    msgid: str
    infno: str
    purpose: Purpose
    outcome: Outcome


Then = Callable[[Connection, Told], None]
"""Changes what follows from an outcome, inside the transaction that writes it down; after `Unknown` another one comes.

It may be called after a restart, by whoever resolves. If it raises, the outcome is not written down and comes again.
"""
Renew = Callable[[Asked], str]
"""Returns another sign-in than the one that a message names; empty if there is none. Never raises."""
Also = Callable[[Connection, str], None]
"""Changes what belongs to a message, named by its msgid, inside the transaction that writes it down."""


class Commits(Protocol):
    """Runs work in one transaction of the store's own thread, and returns when it is on the disk."""

    def __call__(self, work: Callable[[Connection], _T], /) -> _T:
        """Return what `work` returns."""
        ...


class WrongDoorError(RuntimeError):
    """A message that changes something was sent without the journal, or nobody was named to hear its outcome: a bug."""


def nothing(tx: Connection, what: object) -> None:
    """Change nothing."""
    del tx, what


class Journal:
    """Sends messages, once each. Any number of threads may ask at once, but not the one that owns the store."""

    def __init__(
        self, asker: Asker, line: FsiLine, commits: Commits, *, sealer: Sealer, numbering: Numbering, clock: Clock
    ) -> None:
        self._asker, self.line, self.commits, self._sealer = asker, line, commits, sealer
        self._numbering, self._clock = numbering, clock
        self._hears: dict[str, Then] = {}
        self._renew: Renew = lambda _: ""
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    def register(self, kind: str, then: Then) -> None:
        """Name who is told of the outcomes of a kind of purpose. Done before anything is asked or resolved."""
        self._hears[kind] = then

    def renew_by(self, renew: Renew) -> None:
        """Say who signs an operator in anew when the interface says that the sign-in of a message does not hold."""
        self._renew = renew

    def hears(self, kind: str) -> bool:
        """Say whether somebody is told of this kind."""
        return kind in self._hears

    def is_under_way(self, msgid: str) -> bool:
        """Say whether somebody here waits for its answer at this moment."""
        with self._lock:
            return msgid in self._under_way

    def read(
        self, sender: Sender, infno: str, nodes: Nodes, *, insured_district: str = "", sign_no: str = "",
        password: str | None = None, within_s: float = WITHIN_S,
    ) -> Answer:  # fmt: skip
        """Ask something that may be asked anew as often as need be; nothing but its number is written down.

        Raises:
            NotSentError, OutcomeUnknownError: No answer; ask again.
            UnaskableError: The input does not fit its table.
        """
        if not may_be_asked_anew(infno):
            raise WrongDoorError(infno)
        draft = self._draft(sender, infno, nodes, insured_district, sign_no)
        asked = self.commits(lambda tx: self._numbered(tx, draft))
        return self._answered(asked, within_s, password)

    def ask(
        self, sender: Sender, infno: str, nodes: Nodes, purpose: Purpose, *, insured_district: str = "",
        sign_no: str = "", password: str | None = None, within_s: float = WITHIN_S, also: Also = nothing,
    ) -> Told:  # fmt: skip
        """Send a message that changes something, and return what became of it.

        Args:
            sender: Institution and operator.
            infno: Which transaction.
            nodes: Its input by base names.
            purpose: What it is for; its kind is registered.
            insured_district: Where the person is insured.
            sign_no: What 9001 gave.
            password: The person's, where the area asks for it; it is not kept.
            within_s: How long the answer is waited for.
            also: What the sender changes together with writing it down.

        Raises:
            UnaskableError: The input does not fit its table; nothing was written down.
            EdgeError: The store refused. Before the message left, nothing was done; after it, the outcome comes later.
        """
        if not self.hears(purpose.kind):
            raise WrongDoorError(purpose.kind)
        draft = self._draft(sender, infno, nodes, insured_district, sign_no)
        return self.send(draft, purpose, password=password, within_s=within_s, also=also)

    def send(
        self, draft: Asked, purpose: Purpose, *, reverses: Told | None = None, password: str | None = None,
        within_s: float = WITHIN_S, also: Also = nothing,
    ) -> Told:  # fmt: skip
        """Write a message down under a number of its own, send it, and write down what became of it.

        Args:
            draft: The message, without a number.
            purpose: What it is for.
            reverses: The message that this one takes back, as it is told where this one is agreed to.
            password: The person's.
            within_s: How long the answer is waited for.
            also: What is changed together with writing it down.
        """
        named: list[str] = []

        def write_down(tx: Connection) -> Asked:
            asked = self._numbered(tx, draft)
            named.append(asked.msgid)
            # From here on it is ours; whoever resolves would see the row as soon as it is committed.
            self._set_under_way(asked.msgid)
            sealed = self._sealer.seal(msgspec.json.encode(asked), _asked_place(asked.msgid))
            taken_back = None if reverses is None else reverses.msgid
            now = self._clock.now()
            kept.put_message(
                tx,
                NewMessage(asked.msgid, asked.infno, purpose.kind, purpose.key, sealed, now, taken_back),
            )
            also(tx, asked.msgid)
            return asked

        try:
            asked = self.commits(write_down)
            outcome = self.outcome_of(asked, within_s, password=password)
            if reverses is not None and isinstance(outcome, NotSent):
                # What takes something back is sent until it is answered, rather than written anew each time.
                outcome = Unknown(outcome.why)
            told = Told(asked.msgid, asked.infno, purpose, outcome)
            self.commits(lambda tx: self._close(tx, told, reverses))
            return told
        finally:
            with self._lock:
                self._under_way.difference_update(named)

    def outcome_of(self, asked: Asked, within_s: float, *, password: str | None = None) -> Outcome:
        """Send a message that is written down, for the first time or again."""
        try:
            answer = self._answered(asked, within_s, password)
        except OutcomeUnknownError as exc:
            return Unknown(exc.words)
        except NotSentError as exc:
            return NotSent(exc.words, is_lasting=isinstance(exc, UnsendableError))
        return Agreed(answer) if answer.is_success else Refused(answer)

    def note(self, tx: Connection, told: Told, *, is_told: bool = True) -> None:
        """Write down what became of a message, and let what follows from it follow, once."""
        now = self._clock.now()
        if isinstance(told.outcome, Unknown):
            has_changed = kept.became_unknown(tx, told.msgid)
            kept.note_try(tx, told.msgid, now)
        else:
            has_changed = kept.close_message(tx, told.msgid, self._closing(told.msgid, told.outcome))
            kept.close_reversals(tx, told.msgid, now)
        if has_changed:
            _logger.info("fsi.told", infno=told.infno, msgid=told.msgid, outcome=type(told.outcome).__name__)
            if is_told:
                self._hears[told.purpose.kind](tx, told)

    def opened(self, message: kept.OpenMessage) -> Asked:
        """Return what an open message asks.

        Raises:
            SealBrokenError: It does not open with this terminal's key, or is gone.
        """
        plain = self._sealer.open(message.asked or b"", _asked_place(message.msgid))
        return msgspec.json.decode(plain, type=Asked)

    def answer_to(self, tx: Connection, msgid: str) -> Answer | None:
        """Return the answer that a message had, yes or no; None if it has none.

        Raises:
            SealBrokenError: It does not open with this terminal's key.
        """
        found = kept.find_message(tx, msgid)
        if found is None or found.answer is None:
            return None
        return self._asker.read_clear(found.infno, self._sealer.open(found.answer, _answer_place(msgid)))

    def _answered(self, asked: Asked, within_s: float, password: str | None) -> Answer:
        """Return the answer; what was refused for want of a sign-in is sent once more, the same, with another one.

        Such a refusal is given before anything is done, so nothing is done twice.
        """
        answer = self.line.ask(asked, within_s, password=password)
        if not _wants_sign_in(answer):
            return answer
        sign_no = self._renew(asked)
        if not sign_no:
            return answer
        again = msgspec.structs.replace(asked, fields={**asked.fields, "sign_no": sign_no})
        return self.line.ask(again, within_s, password=password)

    def _close(self, tx: Connection, told: Told, reverses: Told | None) -> None:
        self.note(tx, told, is_told=reverses is None)
        if reverses is not None and isinstance(told.outcome, Agreed):
            self.note(tx, reverses)

    def _draft(self, sender: Sender, infno: str, nodes: Nodes, insured_district: str, sign_no: str) -> Asked:
        # Read and checked here, not in the store's thread: only the number is put in there.
        return self._asker.compose(
            sender, infno, "", nodes, at=self._clock.now(), insured_district=insured_district, sign_no=sign_no
        )

    def _numbered(self, tx: Connection, draft: Asked) -> Asked:
        msgid = self._numbering.next_msgid(tx, draft.institution, self._clock.now())
        return msgspec.structs.replace(draft, msgid=msgid, fields={**draft.fields, "msgid": msgid})

    def _set_under_way(self, msgid: str) -> None:
        with self._lock:
            self._under_way.add(msgid)

    def _closing(self, msgid: str, outcome: Agreed | Refused | NotSent | Reversed) -> Closing:
        now = self._clock.now()
        match outcome:
            case Agreed(answer) | Refused(answer):
                state = MessageState.ANSWERED if answer.is_success else MessageState.REFUSED
                sealed = self._sealer.seal(answer.clear, _answer_place(msgid))
                code = None if answer.is_success else answer.code
                return Closing(state, now, has_left=True, refusal_code=code, refmsgid=answer.refmsgid, answer=sealed)
            case NotSent():
                return Closing(MessageState.NOT_SENT, now, has_left=False)
            case Reversed():
                return Closing(MessageState.REVERSED, now, has_left=False)


def _wants_sign_in(answer: Answer) -> bool:
    if answer.is_success:
        return False
    return answer.code == _SIGN_IN_NEEDED if answer.code else _OF_SIGNING_IN in answer.message


def _asked_place(msgid: str) -> str:
    return f"fsi_message.asked/{msgid}"


def _answer_place(msgid: str) -> str:
    return f"fsi_message.answer/{msgid}"
