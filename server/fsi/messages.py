"""The log of messages: one row per `msgid` of an institution, claimed before the business and closed with the answer.

All of it happens in the caller's transaction. Of two workers with the same message the second waits until the first
has committed, and then finds the answer that was given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from codes.words import Words
from server.fsi.case import Case
from server.fsi.first_difference import first_difference
from server.fsi.post import Answer
from server.fsi.refusals import MsgidClosedError, MsgidReusedError
from server.people.sealing import Sealer
from server.store import fsi_messages
from server.store.database import Connection
from server.store.fsi_messages import Message, MessageState

_PERSON, _VISIT, _SETTLEMENT = "psn_no", "mdtrt_id", "setl_id"


class MessageLog:
    """Keeps messages and answers sealed: they name people."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def claim(self, connection: Connection, case: Case) -> bytes | None:
        """Take a message to be worked on; return the answer that it has had, if it has.

        Raises:
            MsgidReusedError: Another message has had this msgid.
            MsgidClosedError: The message was reversed, or its reversal came first.
        """
        blank = Answer(b"", "", case.proved.post.arrived_at)
        if fsi_messages.claim_message(connection, self._row(case, MessageState.OPEN, blank, body=b"")):
            return None
        return self._answer_of(self._locked(connection, case), case)

    def find_answer(self, connection: Connection, case: Case) -> bytes | None:
        """Return the answer that a message has had, if it has; nothing is taken.

        Raises:
            MsgidReusedError: Another message has had this msgid.
            MsgidClosedError: The msgid was closed by a reversal.
        """
        found = fsi_messages.load_message(connection, case.request.institution, case.request.msgid)
        return None if found is None else self._answer_of(found, case)

    def close(self, connection: Connection, case: Case, answer: Answer, output: Mapping[str, object]) -> None:
        """Keep the answer of a message that was claimed, and what it made."""
        row = self._row(case, MessageState.ANSWERED, answer, body=case.proved.post.body)
        made = replace(
            row,
            psn_no=row.psn_no or _named_in(output, _PERSON),
            mdtrt_id=_named_in(output, _VISIT),
            setl_id=_named_in(output, _SETTLEMENT),
        )
        fsi_messages.change_message(connection, made)

    def keep_refusal(self, connection: Connection, case: Case, answer: Answer) -> bytes | None:
        """Keep that a message was refused, and why; return the answer that its twin has got meanwhile, if it has.

        Raises:
            MsgidReusedError: Another message has got this msgid meanwhile.
            MsgidClosedError: It was reversed meanwhile.
        """
        row = self._row(case, MessageState.REFUSED, answer, body=case.proved.post.body)
        if fsi_messages.claim_message(connection, row):
            return None
        answered = self._answer_of(self._locked(connection, case), case)
        if answered is None:
            fsi_messages.change_message(connection, row)
        return answered

    def _locked(self, connection: Connection, case: Case) -> Message:
        found = fsi_messages.lock_message(connection, case.request.institution, case.request.msgid)
        assert found is not None  # noqa: S101 - its key is taken, and messages are never deleted
        return found

    def _answer_of(self, found: Message, case: Case) -> bytes | None:
        """Return the answer that a message got; None if it was refused and may be tried again."""
        if found.state is MessageState.REVERSED:
            raise MsgidClosedError(
                Words(f"msgid {found.msgid} 已被冲正", f"The message {found.msgid} was reversed"),
            )
        if found.digest != case.digest:
            raise self._reused(found, case)
        if found.state is MessageState.ANSWERED:
            return self._sealer.open(found.answer, _place("answer", found))
        return None

    def _reused(self, found: Message, case: Case) -> MsgidReusedError:
        """Return the refusal of another message; it names the first field that differs, where that can be read."""
        before = self._sealer.open(found.body, _place("body", found)) if found.body else b""
        path = first_difference(before, case.proved.post.body)
        which = Words(f"，{path} 不同", f": {path} differs") if path else Words("", "")
        return MsgidReusedError(
            Words(
                f"msgid（发送方报文ID）{found.msgid} 已用于另一报文（{found.infno}）{which.zh}",
                f"The msgid {found.msgid} was used for another message ({found.infno}){which.en}",
            )
        )

    def _row(self, case: Case, state: MessageState, answer: Answer, *, body: bytes) -> Message:
        request, verified = case.request, case.proved.verified
        row = Message(
            institution=request.institution,
            msgid=request.msgid,
            infno=request.infno,
            state=state,
            caller=case.proved.caller,
            digest=case.digest,
            body=body,
            answer=answer.body,
            signed_text=verified.signed_text or None,
            key_id=verified.key_id,
            refmsgid=answer.refmsgid,
            psn_no=person_in(case) or None,
            mdtrt_id=None,
            setl_id=None,
            reversed_by=None,
            received_at=case.proved.post.arrived_at,
            answered_at=answer.answered_at,
        )
        return row if state is MessageState.OPEN else self._sealed(row)

    def _sealed(self, row: Message) -> Message:
        text = row.signed_text
        return replace(
            row,
            body=self._sealer.seal(row.body, _place("body", row)),
            answer=self._sealer.seal(row.answer, _place("answer", row)),
            signed_text=None if text is None else self._sealer.seal(text, _place("signed_text", row)),
        )


def _place(column: str, row: Message) -> str:
    return f"fsi_message.{column}/{row.institution}/{row.msgid}"


def person_in(case: Case) -> str:
    """Return the first person number that a message has, or nothing."""
    for node in case.table.input:
        for record in case.message.many(node.name):
            if _PERSON in record:
                return record.text(_PERSON)
    return ""


def person_named_in(output: Mapping[str, object]) -> str:
    """Return the first person number that an answer has, or nothing."""
    return _named_in(output, _PERSON) or ""


def _named_in(output: Mapping[str, object], name: str) -> str | None:
    """Return the first value of that name in the nodes of an output."""
    return next((value for record in _records(output) if isinstance(value := record.get(name), str) and value), None)


def _records(output: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    yield output
    for node in output.values():
        rows = node if isinstance(node, Sequence) and not isinstance(node, str | bytes) else (node,)
        yield from (row for row in rows if isinstance(row, Mapping))
