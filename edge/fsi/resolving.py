"""Finding out what became of messages that were not answered: after a start, when the line is back, and on.

Where the other side keeps its answers the same message is sent again. Where it does not, or where that says nothing,
2601 takes the message back, as far as it takes back such a message; once a 2601 has left, the message itself is not
sent again before the 2601 is answered, which might otherwise undo what has just been agreed to. What can neither be
repeated nor taken back stays open and is counted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import structlog
from sqlalchemy import Connection

from codes.errors import YimaError
from codes.words import Words
from edge.clock import Clock
from edge.fsi.journal import Journal, Purpose, Told
from edge.fsi.judging import Again, judge_again
from edge.fsi.outcome import Agreed, NotSent, Outcome, Refused, Reversed, Unknown
from edge.store.fsi_messages import MessageState, OpenMessage, open_messages
from wire.fsi.asking import Asked, Asker, Sender
from wire.fsi.json_text import decode_json
from wire.fsi.lasting import REVERSAL, REVERSIBLE, may_be_asked_anew

LOOK_S = 10.0
"""So often whatever is due is taken up."""
FIRST_PAUSE_S = 5.0
MOST_PAUSE_S = 30.0
"""Together with one try this is less than the minute in which an outcome is known once the other side is back."""
STUCK_PAUSE_S = 600.0
"""A person has to do something; whatever that is, `wake` is told of a sign-in and of the line."""
TRY_S = 10.0
_MOST_DOUBLINGS = 8
_PERSON = "psn_no"

SignNo = Callable[[str], str]
"""Returns the sign-in that an operator has now; empty if none."""

_DIED = Words("程序中断，尚未得到应答", "The program was cut off before the answer")
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Round:
    """What is open at one moment."""

    messages: Sequence[OpenMessage]
    reversals: Mapping[str, OpenMessage]
    """Open reversals by the message that they take back."""


class Resolver:
    """Takes up what is open. All methods but `wake` and `stop` belong to one thread of its own."""

    def __init__(
        self, journal: Journal, asker: Asker, clock: Clock, *, sign_no: SignNo = lambda _: "", try_s: float = TRY_S
    ) -> None:
        self._journal, self._asker, self._clock = journal, asker, clock
        self._sign_no, self._try_s = sign_no, try_s
        self._due_s: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._news = threading.Condition()
        self._is_woken = self._is_stopped = False
        self.stuck: frozenset[str] = frozenset()
        """Numbers of messages of which nothing can be found out here: a person has to ask the centre."""

    def take_up(self) -> int:
        """Tell whoever waits that a message which was cut off is unknown; return how many are open."""
        messages = self._journal.commits(self._open)
        for one in messages:
            if one.state is MessageState.COMPOSED:
                self._guarded(one, self._cut_off)
        return len(messages)

    def look(self) -> int:
        """Take up whatever is due; return how many stay open."""
        messages = self._journal.commits(self._open)
        now = _Round(messages, {one.reverses: one for one in messages if one.reverses is not None})
        numbers = {one.msgid for one in messages}
        self.stuck &= numbers
        self._due_s = {msgid: due for msgid, due in self._due_s.items() if msgid in numbers}
        self._failures = {msgid: count for msgid, count in self._failures.items() if msgid in numbers}
        for one in messages:
            # A reversal is taken up with what it reverses.
            if one.reverses in numbers or self._due_s.get(one.msgid, 0.0) > self._clock.monotonic_s():
                continue
            if not self._guarded(one, lambda message: self._resolve(message, now)):
                self._put_off(one.msgid)
        return len(self._journal.commits(self._open))

    def run(self) -> None:
        """Take up what is open until `stop`."""
        while True:
            with self._news:
                if self._is_stopped:
                    return
                is_line_back, self._is_woken = self._is_woken, False
            if is_line_back:
                self._due_s.clear()
            try:
                # Quick, and before the first of them is asked for: whoever waits is told at once.
                self.take_up()
                self.look()
            except YimaError as exc:
                # A store that refuses now may take it at the next look.
                _logger.warning("fsi.not_looked", code=exc.code, reason=exc.words.en)
            with self._news:
                self._news.wait_for(lambda: self._is_woken or self._is_stopped, LOOK_S)

    def wake(self) -> None:
        """Say that the line is back, or that somebody signed in: everything is due. From any thread."""
        with self._news:
            self._is_woken = True
            self._news.notify_all()

    def stop(self) -> None:
        """End `run`. From any thread."""
        with self._news:
            self._is_stopped = True
            self._news.notify_all()

    # -- one message -----------------------------------------------------------------------------------------------

    def _open(self, tx: Connection) -> list[OpenMessage]:
        """Return what is open and nobody waits for.

        Asked inside the transaction: whoever waits for an answer is under way until after it is written down, so that
        no row is taken for left alone that is just being closed.
        """
        return [one for one in open_messages(tx) if not self._journal.is_under_way(one.msgid)]

    def _guarded(self, message: OpenMessage, work: Callable[[OpenMessage], bool]) -> bool:
        if message.reverses is None and not self._journal.hears(message.kind):
            # Nobody could be told, so nothing is done.
            self.stuck |= {message.msgid}
            return False
        try:
            return work(message)
        except YimaError as exc:
            _logger.warning("fsi.not_resolved", msgid=message.msgid, code=exc.code, reason=exc.words.en)
        except Exception as exc:
            # The rim: what is wrong with one message must not keep the others open.
            _logger.error("fsi.not_resolved", msgid=message.msgid, exc_info=exc)
        return False

    def _cut_off(self, message: OpenMessage) -> bool:
        self._note(message, Unknown(_DIED))
        return True

    def _put_off(self, msgid: str) -> None:
        failures = self._failures[msgid] = self._failures.get(msgid, 0) + 1
        pause_s = min(MOST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))
        if msgid in self.stuck:
            pause_s = STUCK_PAUSE_S
        self._due_s[msgid] = self._clock.monotonic_s() + pause_s

    def _resolve(self, message: OpenMessage, now: _Round) -> bool:
        """Find out what became of a message; False if it stays open."""
        if message.state is MessageState.COMPOSED:
            self._cut_off(message)
        try:
            asked = self._signed_in(self._journal.opened(message))
        except YimaError:
            self.stuck |= {message.msgid}
            raise
        reversal = now.reversals.get(message.msgid)
        if reversal is not None:
            return self._reverse_again(message, reversal)
        if message.infno == REVERSAL or may_be_asked_anew(message.infno) or self._journal.line.keeps_answers:
            outcome = self._journal.outcome_of(asked, self._try_s)
            if isinstance(outcome, NotSent) and not outcome.is_lasting:
                return False
            known = _known_after(outcome)
            if known is not None:
                self._note(message, known)
                return not isinstance(known, Unknown)
        return self._reverse(message, asked)

    # -- taking back -----------------------------------------------------------------------------------------------

    def _reverse(self, message: OpenMessage, asked: Asked) -> bool:
        person = person_in(asked.input_text)
        if message.infno not in REVERSIBLE or not person or message.is_doubtful:
            # Of a row of a store that was damaged or copied nobody knows whether it was answered elsewhere: then 2601
            # would take back what somebody has paid for.
            self.stuck |= {message.msgid}
            return False
        fields = asked.fields
        nodes = {"data": {"psn_no": person, "omsgid": message.msgid, "oinfno": message.infno}}
        draft = self._asker.compose(
            sender_of(asked), REVERSAL, "", nodes, at=self._clock.now(),
            insured_district=fields.get("insuplc_admdvs", ""), sign_no=fields.get("sign_no", ""),
        )  # fmt: skip
        told = self._journal.send(draft, _purpose(message), reverses=_told(message, Reversed()), within_s=self._try_s)
        if isinstance(told.outcome, Refused):
            self.stuck |= {message.msgid}
        return isinstance(told.outcome, Agreed)

    def _reverse_again(self, message: OpenMessage, reversal: OpenMessage) -> bool:
        outcome = self._journal.outcome_of(self._signed_in(self._journal.opened(reversal)), self._try_s)
        if isinstance(outcome, Agreed):
            # It closes what took it back as well.
            self._note(message, Reversed())
            return True
        if not isinstance(outcome, NotSent):
            self._note(reversal, outcome)
        return False

    def _note(self, message: OpenMessage, outcome: Outcome) -> None:
        told = _told(message, outcome)
        self._journal.commits(lambda tx: self._journal.note(tx, told, is_told=message.reverses is None))

    def _signed_in(self, asked: Asked) -> Asked:
        """Return the message with the sign-in that its operator has now; that does not make it another message."""
        sign_no = self._sign_no(asked.fields.get("opter", "")) if "sign_no" in asked.fields else ""
        return msgspec.structs.replace(asked, fields={**asked.fields, "sign_no": sign_no}) if sign_no else asked


def _known_after(outcome: Outcome) -> Outcome | None:
    """Return what is known of a message that was sent again; None if that says nothing, and 2601 has to."""
    match outcome:
        case NotSent():
            return None
        case Refused(answer):
            match judge_again(answer):
                case Again.NOT_DONE:
                    return outcome
                case Again.REVERSED:
                    return Reversed()
                case Again.KEPT_OUT:
                    return Unknown(Words(answer.message, answer.message))
                case Again.OPEN:
                    return None
        case _:
            return outcome


def _purpose(message: OpenMessage) -> Purpose:
    return Purpose(message.kind, message.purpose)


def _told(message: OpenMessage, outcome: Outcome) -> Told:
    return Told(message.msgid, message.infno, _purpose(message), outcome)


def sender_of(asked: Asked) -> Sender:
    """Return who sent a message."""
    fields = asked.fields
    return Sender(
        institution=asked.institution,
        institution_name=fields.get("fixmedins_name", ""),
        district=fields.get("mdtrtarea_admvs", ""),
        operator=fields.get("opter", ""),
        operator_name=fields.get("opter_name", ""),
        operator_kind=fields.get("opter_type", "1"),
        receiver=fields.get("recer_sys_code", ""),
        device=fields.get("dev_no", ""),
    )


def person_in(input_text: bytes) -> str:
    """Return the person that an input names, at whatever depth; empty if it names none.

    >>> person_in(b'{"data": [{"a": 1}, {"psn_no": "99"}]}')
    '99'
    """
    left: list[object] = [decode_json(input_text)]
    while left:
        one = left.pop(0)
        if isinstance(one, dict):
            found = one.get(_PERSON)
            if isinstance(found, str) and found:
                return found
            left += one.values()
        elif isinstance(one, list):
            left += one
    return ""
