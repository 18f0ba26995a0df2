"""Sends one message on and books what came of it: journal, open question, codes.

A message that changes something is a question in the store before its first byte leaves, and stays one until it is
known what came of it. Whatever fails here after an answer came, the answer goes to whoever asked: the question then
stays open, and is found out by asking once more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from codes.errors import YimaError
from edge.pos.answers import refusal
from edge.pos.deciding import RETURN, SALES, SETTLEMENTS, Decider, Plan
from edge.pos.errors import TillSettlesError
from edge.pos.heard_first import wait_until_heard
from edge.pos.legible import legible, why_unread
from edge.pos.outcomes import Came, came_of
from edge.pos.ports import Books, Exchange, Journal, Later, LineScans, Open, Question, SaleRef, Scans, Shown, Stage
from edge.pos.reading import Said, attempt_of, field_of, output_text
from edge.pos.settled import cancelled_of, number_of, person_of, settled_of
from edge.pos.upstream import Post, Reply, Upstream, unpacked
from edge.supervisor import failure_of
from wire.fsi.areas import Area, Channel
from wire.fsi.lasting import REVERSAL, REVERSIBLE, may_be_asked_anew
from wire.rpc import NotSentError, OutcomeUnknownError

JSON = ((b"content-type", b"application/json;charset=UTF-8"),)
_OF_THE_BODY = frozenset({b"content-type", b"content-encoding"})
_LOOK_UPS = frozenset({"2303", "3507"})
_CANCELS = frozenset({"2103", "2208", "2305"})
_REFUSED_ROW = "0"
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Around:
    """The rest of the terminal, as the proxy needs it."""

    journal: Journal
    open: Open
    later: Later
    scans: Scans
    shown: Shown
    books: Books


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of one sending."""

    reply: Reply
    came: Came
    is_ours: bool = False
    """The reply was made here: none came from the interface."""
    setl_id: str = ""
    """Of the settlement that stands now."""
    is_unread: bool = False
    """Whoever asked may read the reply and hold the message for done; nobody here can."""


class Passage:
    """The way on."""

    def __init__(
        self, area: Area, upstream: Upstream, decider: Decider, around: Around, now: Callable[[], datetime]
    ) -> None:
        self._area = area
        self._upstream = upstream
        self.decider = decider
        self.around = around
        self.now = now

    async def send(self, plan: Plan, asked: Post) -> Reply:
        """Send a message on for the first time, and return its answer.

        Args:
            plan: What goes on.
            asked: What the POS sent.
        """
        note = self.note_of(plan, asked.body, Stage.SENDING)
        if not is_deed(plan.said):
            return (await self._sent(plan, note, None)).reply
        question = _question(plan, asked, note)
        try:
            await self.around.open.note(question)
        except YimaError as exc:
            # A store that is full or damaged: what cannot be found out afterwards is not begun.
            return self.said_no(exc)
        held_back = await self._held_back(plan)
        if held_back is not None:
            await self.booked(self.around.open.close(question.institution, question.msgid), "close")
            await self.booked(self.around.journal.note(replace(note, stage=Stage.REFUSED_HERE)), "exchange")
            return self.said_no(held_back)
        if plan.said.infno != RETURN:
            await wait_until_heard(self.around.scans, plan.put_in or plan.carried)
        return await self.tell(question, await self._sent(plan, note, question))

    async def _held_back(self, plan: Plan) -> TillSettlesError | None:
        """Keep the codes of a settlement for it before it leaves; return what stands against that, if the till does."""
        said, codes = plan.said, [code for one in plan.bound for code in one.codes]
        if said.infno not in SETTLEMENTS or not (codes or plan.lacks):
            return None
        sale = SaleRef(said.institution, msgid=said.msgid, person=person_of(said))
        try:
            await self.around.scans.hold(codes, sale, desk=plan.desk, lacks=plan.lacks)
        except TillSettlesError as exc:
            return exc
        except YimaError as exc:
            # As ever: where our own store does not answer, the sale goes on.
            _logger.warning("pos.not_held", code=exc.code)
        return None

    async def watched(self, plan: Plan, asked: Post) -> Passed:
        """Send a message on in listen-only mode: nothing is kept open, and nothing here can stop it."""
        return await self._sent(plan, self.note_of(plan, asked.body, Stage.SENDING), None)

    async def again(self, question: Question, fresh: Post | None = None) -> Passed:
        """Ask an open question once more, with what was sent before.

        Args:
            question: What is open.
            fresh: The repeat of the POS, whose headers may bear a newer signature of its own.
        """
        headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in question.headers)
        post = Post(question.method, question.target.encode("latin-1"), unpacked(headers), question.body)
        if question.is_signed_here and question.reply is None:
            try:
                post = self.decider.signed_again(post, self.now())
            except YimaError as exc:
                return Passed(self.said_no(exc), Came.OPEN, is_ours=True)
        elif fresh is not None:
            post = replace(fresh, body=question.body)
        said = self.decider.reader.request(question.body)
        plan = Plan(
            post, replace(said, infno=question.infno, msgid=question.msgid, institution=question.institution),
            bound=question.bound, owed=question.owed, setl_id=question.setl_id,
            is_hidden_here=question.is_hidden_here,
        )  # fmt: skip
        if question.reply is not None:
            answer = self.decider.reader.answer(question.reply, question.institution, self.now())
            came = await self._settled(plan, answer, came_of(answer, is_repeat=False))
            return Passed(self._in_clear(plan, question.reply), came, setl_id=_settlement_of(said.infno, answer, came))
        note = replace(self.note_of(plan, b"", Stage.SENDING), request_digest=question.request_digest)
        return await self._sent(plan, note, question, is_repeat=True)

    def said_no(self, error: YimaError) -> Reply:
        """Return an answer of our own in the interface's form."""
        return Reply(200, JSON, refusal(error, self._area))

    def note_of(self, plan: Plan, asked: bytes, stage: Stage) -> Exchange:
        """Return what the journal is told."""
        said = plan.said
        return Exchange(
            infno=said.infno[:6],
            msgid=said.msgid[:30],
            institution=said.institution[:30],
            stage=stage,
            at=self.now(),
            request_bytes=len(asked),
            request_digest=digest(asked),
            sent_digest=digest(plan.post.body),
            added=len(plan.put_in),
            remarks=plan.remarks,
        )

    async def booked(self, work: Awaitable[object], what: str) -> bool:
        """Do what must not keep a message or its answer from going on; False if it failed."""
        failure = await failure_of(work)
        if failure is not None:
            code = failure.code if isinstance(failure, YimaError) else type(failure).__name__
            _logger.error("pos.not_booked", what=what, code=code)
        return failure is None

    async def tell(self, question: Question, passed: Passed) -> Reply:
        """Close a question whose answer goes to the POS now, and return that answer."""
        key = question.institution, question.msgid
        if not passed.came.is_known:
            if passed.is_unread:
                await self.booked(self.around.open.unread(*key), "answer")
            return passed.reply
        if passed.is_ours or question.infno not in REVERSIBLE:
            await self.booked(self.around.open.close(*key), "close")
        else:
            # Kept for a POS that was gone before the answer came, at a gateway that would do it all again.
            await self.booked(self.found_out(question, passed), "close")
            await self.booked(self.around.open.told(*key), "close")
        return passed.reply

    async def found_out(self, question: Question, passed: Passed) -> None:
        """Keep for the software what came of a question, which is known now."""
        key = question.institution, question.msgid
        if passed.came is Came.REVERSED:
            await self.around.open.taken_back(*key)
        else:
            await self.around.open.found_out(*key, passed.reply, passed.setl_id)

    async def _sent(self, plan: Plan, note: Exchange, question: Question | None, *, is_repeat: bool = False) -> Passed:
        begun = self.now()
        await self.booked(self.around.journal.note(note), "exchange")
        said = plan.said
        try:
            reply = await self._upstream.send(plan.post)
        except NotSentError as exc:
            if not is_repeat:
                await self.booked(self.around.scans.release(said.institution, said.msgid), "codes")
            # A repeat that does not leave tells nothing about the first sending.
            return await self._failed(note, Stage.NOT_SENT, exc, begun, Came.OPEN if is_repeat else Came.NOT_DONE)
        except OutcomeUnknownError as exc:
            if question is not None and plan.bound:
                await self.booked(self._take_codes(plan, ""), "codes")
            return await self._failed(note, Stage.UNKNOWN, exc, begun, Came.OPEN)
        now = self.now()
        answer = self.decider.reader.answer(reply, said.institution, now)
        came = came_of(answer, is_repeat=is_repeat)
        if question is not None and came.is_known:
            # First of all: with an interface that keeps no answers this one is not to be had again.
            await self.booked(self.around.open.answered(said.institution, said.msgid, reply), "answer")
            came = await self._settled(plan, answer, came)
        why = None if question is None else why_unread(reply, answer)
        if why is not None and reply.is_success and plan.bound:
            await self.booked(self._take_codes(plan, ""), "codes")
        await self.booked(
            self.around.journal.note(
                replace(
                    note,
                    remarks=note.remarks if why is None else (*note.remarks, why),
                    stage=Stage.ANSWERED,
                    at=now,
                    took_s=(now - begun).total_seconds(),
                    status=reply.status,
                    infcode=str(answer.get("infcode", ""))[:8],
                    answer_bytes=len(reply.body),
                    answer_digest=digest(reply.body),
                )
            ),
            "exchange",
        )
        return Passed(
            self._in_clear(plan, reply),
            came,
            setl_id=_settlement_of(said.infno, answer, came),
            is_unread=why is not None and reply.is_success,
        )

    async def _settled(self, plan: Plan, answer: Mapping[str, object], came: Came) -> Came:
        """Book what came of a deed. Where that cannot be written down, the question stays, and it is done once more."""
        return came if await self.booked(self._settle(plan, answer, came), "outcome") else Came.OPEN

    async def _settle(self, plan: Plan, answer: Mapping[str, object], came: Came) -> None:
        """Book what came of a deed; its question is closed by whoever tells the answer, and last."""
        said, scans, books = plan.said, self.around.scans, self.around.books
        if came in {Came.NOT_DONE, Came.REVERSED}:
            await scans.release(said.institution, said.msgid)
        elif came is Came.DONE:
            if said.infno == REVERSAL or said.infno in _CANCELS:
                await books.undone(cancelled_of(said, answer, self._area, self.now()))
            if said.infno == REVERSAL:
                omsgid = field_of(said.input, "data", "omsgid")
                await scans.release(said.institution, omsgid)
                await scans.undone(SaleRef(said.institution, msgid=omsgid))
                await self.around.open.taken_back(said.institution, omsgid)
            elif said.infno in _CANCELS:
                setl_id = field_of(said.input, "data", "setl_id")
                await scans.undone(SaleRef(said.institution, setl_id))
                await self.around.open.cancelled(said.institution, setl_id)
            elif output_text(answer, "result", "retRslt") != _REFUSED_ROW:
                settled = settled_of(said, answer, self._area, self.now())
                number = "" if settled is None else await books.settled(settled)
                await self._codes_of_the_done(plan, answer, number)

    async def _codes_of_the_done(self, plan: Plan, answer: Mapping[str, object], number: str) -> None:
        """Let the codes belong to the sale, now that there is one, and those that could not go along follow."""
        infno, scans = plan.said.infno, self.around.scans
        owed = {code for one in plan.owed for code in one.codes}
        if infno == RETURN:
            await scans.free(plan.carried)
        elif infno in SETTLEMENTS | SALES and plan.bound:
            setl_id = output_text(answer, "setlinfo", "setl_id") if infno in SETTLEMENTS else plan.setl_id
            sale = await self._take_codes(plan, setl_id)
            if infno in SALES:
                number = await self.around.books.number_of(setl_id, number_of(plan.said, self._area))
            await scans.leave(plan.bound, number, is_insured=infno in SETTLEMENTS or bool(setl_id))
            if lines := self._owed_lines(plan):
                await self.around.later.note(sale, lines)
        if infno in SALES:
            told = [code for code in plan.carried if code not in owed]
            await self.around.later.done(told, plan.setl_id)
            receipt = number_of(plan.said, self._area)
            await scans.told(told, SaleRef(plan.said.institution, plan.setl_id, plan.said.msgid, receipt))

    def _owed_lines(self, plan: Plan) -> Sequence[LineScans]:
        """Return what a 3505 is to tell: the POS's own, or ours where that does not come or cannot be changed."""
        if plan.said.infno in SETTLEMENTS and Channel.SALE in self._area.trace_channels:
            return plan.bound
        return plan.owed

    async def _take_codes(self, plan: Plan, setl_id: str) -> SaleRef:
        sale = SaleRef(plan.said.institution, setl_id, plan.said.msgid)
        await self.around.scans.take([code for one in plan.bound for code in one.codes], sale)
        return sale

    async def _failed(self, note: Exchange, stage: Stage, error: YimaError, begun: datetime, came: Came) -> Passed:
        now = self.now()
        ended = replace(note, stage=stage, at=now, took_s=(now - begun).total_seconds())
        await self.booked(self.around.journal.note(ended), "exchange")
        return Passed(self.said_no(error), came, is_ours=True)

    def _in_clear(self, plan: Plan, reply: Reply) -> Reply:
        """Give the answer as the POS asked: in clear, if it was we who hid the question."""
        if not plan.is_hidden_here:
            return reply
        try:
            clear = self.decider.clear_answer(legible(reply).text, plan.said.institution, self.now())
        except YimaError:
            return reply
        # In clear it is neither packed nor in other letters any more.
        kept = tuple((name, value) for name, value in reply.headers if name.lower() not in _OF_THE_BODY)
        return replace(reply, headers=(*kept, *JSON), body=clear)


def is_deed(said: Said) -> bool:
    """Tell whether not knowing the outcome matters: what only tells may be asked anew, the unknown may be a deed."""
    infno = said.infno
    return bool(infno and said.msgid) and not may_be_asked_anew(infno) and infno not in _LOOK_UPS


def _settlement_of(infno: str, answer: Mapping[str, object], came: Came) -> str:
    return output_text(answer, "setlinfo", "setl_id") if came is Came.DONE and infno in SETTLEMENTS else ""


def digest(body: bytes) -> str:
    """Return SHA-256."""
    return hashlib.sha256(body).hexdigest()


def _question(plan: Plan, asked: Post, note: Exchange) -> Question:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in plan.post.headers)
    return Question(
        institution=plan.said.institution,
        msgid=plan.said.msgid,
        infno=plan.said.infno,
        at=note.at,
        request_digest=note.request_digest,
        headers=headers,
        body=plan.post.body,
        method=asked.method,
        target=asked.target.decode("latin-1"),
        sale_key=attempt_of(plan.said) if plan.said.infno in SETTLEMENTS else "",
        bound=plan.bound,
        owed=plan.owed,
        is_hidden_here=plan.is_hidden_here,
        is_signed_here=plan.is_signed_here,
        setl_id=plan.setl_id,
    )
