"""The FSI proxy: existing software calls the terminal instead of the interface, and notices nothing but the codes.

Whatever comes is passed on, whatever comes back is given back, byte for byte; only messages that carry trace codes in
this area are changed, by nothing but the codes. What was sent and not answered stays an open question: the POS is told
so, and its repeat of the same message asks again with the same bytes.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from weakref import WeakValueDictionary

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from codes.errors import YimaError
from edge.pos.answers import refusal
from edge.pos.deciding import SETTLEMENTS, Decider, Plan
from edge.pos.listening import Listener
from edge.pos.ports import Exchange, Journal, Later, Open, Question, SaleRef, Scans, Shown, Stage
from edge.pos.reading import Said, is_agreed, output_text
from edge.pos.upstream import Post, Reply, Upstream, passed_on
from wire.fsi.areas import Area
from wire.rpc import NotSentError, OutcomeUnknownError

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_ASKING = frozenset({"2101", "2206", "2303", "3507"})
_JSON = ((b"content-type", b"application/json;charset=UTF-8"),)


@dataclass(frozen=True, slots=True)
class Desks:
    """Which desk a message comes from: its header says so, or its operator, or the address of its sender."""

    header: str = "x-yima-desk"
    by_operator: Mapping[str, str] = field(default_factory=dict)
    by_address: Mapping[str, str] = field(default_factory=dict)
    otherwise: str = "1"

    def desk_of(self, address: str, headers: Mapping[str, str], operator: str) -> str:
        """Return the desk."""
        named = headers.get(self.header, "").strip()
        return named or self.by_operator.get(operator) or self.by_address.get(address) or self.otherwise


@dataclass(frozen=True, slots=True)
class Around:
    """The rest of the terminal, as the proxy needs it."""

    journal: Journal
    open: Open
    later: Later
    scans: Scans
    shown: Shown


class Proxy:
    """Passes messages on.

    Args:
        area: How this place speaks the interface.
        upstream: Whom to pass them to.
        decider: What is done with each before.
        around: Where it is written down.
        now: The time.
        desks: Who stands where.
        listener: Set in listen-only mode: it watches, and nothing is changed or stopped.
        sees_scans: Whether the scanners of the desks are ours, so that nothing scanned means that nothing was.
    """

    def __init__(
        self,
        area: Area,
        upstream: Upstream,
        decider: Decider,
        around: Around,
        now: Callable[[], datetime],
        *,
        desks: Desks | None = None,
        listener: Listener | None = None,
        sees_scans: bool = True,
    ) -> None:
        self._area = area
        self._upstream = upstream
        self._decider = decider
        self._around = around
        self._now = now
        self._desks = desks or Desks()
        self._listener = listener
        self._sees_scans = sees_scans
        self._one_at_a_time: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def application(self) -> Starlette:
        """Return the application that takes any request on any path; it is for loopback."""
        return Starlette(routes=[Route("/{path:path}", self._take, methods=_METHODS)])

    async def _take(self, request: Request) -> Response:
        query = request.scope["query_string"]
        path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
        target = path + (b"?" + query if query else b"")
        post = Post(request.method, target, tuple(request.headers.raw), await request.body())
        said = self._decider.reader.request(post.body)
        address = request.client.host if request.client else ""
        desk = self._desks.desk_of(address, request.headers, said.operator)
        key = (said.institution, said.msgid)
        lock = self._one_at_a_time.setdefault(key, asyncio.Lock()) if said.msgid else asyncio.Lock()
        async with lock:
            reply = await self._exchange(post, desk)
        response = Response(reply.body, reply.status)
        length = (b"content-length", str(len(reply.body)).encode())
        response.raw_headers = [*passed_on(reply.headers), length]
        return response

    async def _exchange(self, post: Post, desk: str) -> Reply:
        if self._listener is not None:
            return await self._watched(self._listener, post, desk)
        said = self._decider.reader.request(post.body)
        question = await self._around.open.find(said.institution, said.msgid) if said.msgid else None
        if question is not None and question.request_digest == _digest(post.body):
            return await self._sent(_again(question, post, said), post, question)
        plan = await self._decider.decide(post, desk, self._now())
        if plan.remarks:
            await self._around.shown.warn(desk, plan.remarks)
        if plan.short is not None:
            await self._around.journal.note(self._of(plan, post, Stage.REFUSED_HERE))
            return Reply(200, _JSON, refusal(plan.short, self._area, more=plan.remarks[1:]))
        return await self._sent(plan, post, None)

    async def _sent(self, plan: Plan, post: Post, question: Question | None) -> Reply:
        begun = self._now()
        note = self._of(plan, post, Stage.SENDING)
        await self._around.journal.note(note)
        is_deed = self._listener is None and _is_deed(plan.said.infno) and bool(plan.said.msgid)
        if is_deed and question is None:
            await self._around.open.note(_question(plan, post, begun))
        said = plan.said
        try:
            reply = await self._upstream.send(plan.post)
        except NotSentError as exc:
            # A repeat that does not leave tells nothing about the first sending.
            if is_deed and question is None:
                await self._around.open.close(said.institution, said.msgid)
            return await self._failed(note, Stage.NOT_SENT, exc, begun)
        except OutcomeUnknownError as exc:
            if is_deed and plan.bound:
                await self._take_codes(plan, "")
            return await self._failed(note, Stage.UNKNOWN, exc, begun)
        answer = self._decider.reader.answer(reply.body, said.institution, self._now())
        if is_deed and answer.get("infcode") not in (None, ""):
            await self._settle_scans(plan, answer)
            await self._around.open.close(said.institution, said.msgid)
        await self._around.journal.note(
            replace(
                note,
                stage=Stage.ANSWERED,
                at=self._now(),
                took_s=(self._now() - begun).total_seconds(),
                status=reply.status,
                infcode=str(answer.get("infcode", ""))[:8],
                answer_bytes=len(reply.body),
                answer_digest=_digest(reply.body),
            )
        )
        return self._in_clear(plan, reply)

    async def _settle_scans(self, plan: Plan, answer: Mapping[str, object]) -> None:
        """Let the codes belong to the sale, now that there is one, and those that could not go along follow."""
        if not is_agreed(answer) or not plan.bound or plan.said.infno in _ASKING:
            return
        if output_text(answer, "result", "retRslt") == "0":
            return
        setl_id = plan.setl_id
        if plan.said.infno in SETTLEMENTS:
            setl_id = output_text(answer, "setlinfo", "setl_id")
        sale = await self._take_codes(plan, setl_id)
        if plan.owed:
            await self._around.later.note(sale, plan.owed)

    async def _take_codes(self, plan: Plan, setl_id: str) -> SaleRef:
        sale = SaleRef(plan.said.institution, setl_id, plan.said.msgid)
        await self._around.scans.take([code for one in plan.bound for code in one.codes], sale)
        return sale

    async def _failed(self, note: Exchange, stage: Stage, error: YimaError, begun: datetime) -> Reply:
        now = self._now()
        await self._around.journal.note(replace(note, stage=stage, at=now, took_s=(now - begun).total_seconds()))
        return Reply(200, _JSON, refusal(error, self._area))

    def _in_clear(self, plan: Plan, reply: Reply) -> Reply:
        """Give the answer as the POS asked: in clear, if it was we who hid the question."""
        if not plan.is_hidden_here:
            return reply
        try:
            return replace(reply, body=self._decider.clear_answer(reply.body, plan.said.institution, self._now()))
        except YimaError:
            return reply

    async def _watched(self, listener: Listener, post: Post, desk: str) -> Reply:
        said = self._decider.reader.request(post.body)
        scans = await self._around.scans.at_desk(desk) if self._sees_scans else None
        reply = await self._sent(Plan(post, said), post, None)
        answer = reply.body if reply.headers is not _JSON else None
        listener.hear(self._now(), post.body, answer, scans)
        if scans and answer is not None and said.infno in SETTLEMENTS:
            found = self._decider.reader.answer(answer, said.institution, self._now())
            if is_agreed(found):
                sale = SaleRef(said.institution, output_text(found, "setlinfo", "setl_id"), said.msgid)
                await self._around.scans.take([one.code for one in scans], sale)
        return reply

    def _of(self, plan: Plan, post: Post, stage: Stage) -> Exchange:
        said = plan.said
        return Exchange(
            infno=said.infno[:6],
            msgid=said.msgid[:30],
            institution=said.institution[:30],
            stage=stage,
            at=self._now(),
            request_bytes=len(post.body),
            request_digest=_digest(post.body),
            sent_digest=_digest(plan.post.body),
            added=len(plan.put_in),
            remarks=plan.remarks,
        )


def _question(plan: Plan, post: Post, at: datetime) -> Question:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in plan.post.headers)
    return Question(
        institution=plan.said.institution,
        msgid=plan.said.msgid,
        infno=plan.said.infno,
        at=at,
        request_digest=_digest(post.body),
        headers=headers,
        body=plan.post.body,
        bound=plan.bound,
        owed=plan.owed,
        is_hidden_here=plan.is_hidden_here,
    )


def _again(question: Question, post: Post, said: Said) -> Plan:
    """Return what asks the open question once more: the very bytes that were sent before."""
    headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in question.headers)
    return Plan(
        Post(post.method, post.target, headers, question.body),
        said,
        bound=question.bound,
        owed=question.owed,
        is_hidden_here=question.is_hidden_here,
    )


def _is_deed(infno: str) -> bool:
    """Tell whether not knowing the outcome matters: look-ups may be asked anew, and what is unknown may be a deed."""
    return bool(infno) and infno not in _ASKING and not infno.startswith(("1", "5"))


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
