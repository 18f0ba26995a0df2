"""The FSI proxy: existing software calls the terminal instead of the interface, and notices nothing but the codes.

Whatever comes is passed on, whatever comes back is given back, byte for byte; only messages that carry trace codes in
this area are changed, by nothing but the codes. What was sent and not answered stays an open question: the POS is told
so, and its repeat of the same message asks again with the same bytes. As long as it is open, no other settlement of the
same sale goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from codes.errors import YimaError
from codes.words import Words
from edge.pos.answers import refusal
from edge.pos.deciding import SETTLEMENTS, Plan
from edge.pos.errors import PathRefusedError, SettledUnheardError, TakenBackError, UnresolvedError
from edge.pos.passing import JSON, Passage, digest
from edge.pos.ports import Hears, Question, SaleRef, Stage
from edge.pos.reading import Said, attempt_of, is_agreed, output_text
from edge.pos.resolving import Resolver
from edge.pos.upstream import Post, Reply, climbs, passed_on
from rules.scan_binding import ScannedPack
from wire.fsi.areas import Area

_CLIMBS = Words("请求路径含“.”或“..”，未转发", "The path of the request holds `.` or `..`; it did not go on")
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


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


class Proxy:
    """Passes messages on.

    Args:
        area: How this place speaks the interface.
        passage: The way on.
        resolver: Finds out what became of messages that were not answered.
        desks: Who stands where.
        listens: Set in listen-only mode: it watches, and nothing is changed or stopped.
        sees_scans: Whether the scanners of the desks are ours, so that nothing scanned means that nothing was.
    """

    def __init__(
        self, area: Area, passage: Passage, resolver: Resolver, *, desks: Desks | None = None,
        listens: Hears | None = None, sees_scans: bool = True,
    ) -> None:  # fmt: skip
        self._area = area
        self._passage = passage
        self._around = passage.around
        self._reader = passage.decider.reader
        self._resolver = resolver
        self._desks = desks or Desks()
        self._listens = listens
        self._sees_scans = sees_scans
        self._one_at_a_time: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def application(self) -> Starlette:
        """Return the application that takes any request on any path."""
        return Starlette(routes=[Route("/{path:path}", self._take, methods=_METHODS)])

    async def _take(self, request: Request) -> Response:
        query = request.scope["query_string"]
        path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
        target = path + (b"?" + query if query else b"")
        post = Post(request.method, target, tuple(request.headers.raw), await request.body())
        said = self._reader.request(post.body)
        address = request.client.host if request.client else ""
        desk = self._desks.desk_of(address, request.headers, said.operator)
        key = (said.institution, said.msgid)
        lock = self._one_at_a_time.setdefault(key, asyncio.Lock()) if said.msgid else asyncio.Lock()
        async with lock:
            if climbs(target):
                reply = await self._refused(Plan(post, said), PathRefusedError(_CLIMBS), post)
            elif self._listens is None:
                reply = await self._exchange(post, said, desk)
            else:
                reply = await self._watched(self._listens, post, said, desk)
        response = Response(reply.body, reply.status)
        length = (b"content-length", str(len(reply.body)).encode())
        response.raw_headers = [*passed_on(reply.headers), length]
        return response

    async def _exchange(self, post: Post, said: Said, desk: str) -> Reply:
        reply = await self._from_what_is_known(post, said)
        if reply is not None:
            return reply
        try:
            plan = await self._passage.decider.decide(post, desk, self._passage.now())
        except YimaError as exc:
            # Our own store does not answer: the sale goes on without codes rather than not at all.
            plan = Plan(post, said, (exc.words,))
        if plan.remarks:
            await self._passage.booked(self._around.shown.warn(desk, plan.remarks), "screen")
        if plan.short is not None:
            return await self._refused(plan, plan.short, post)
        if not said.msgid:
            return await self._passage.send(plan, post)
        # Nobody takes back what is under way, or asks for it a second time.
        async with self._resolver.alone(said.institution, said.msgid):
            return await self._passage.send(plan, post)

    async def _from_what_is_known(self, post: Post, said: Said) -> Reply | None:
        """Answer a message that was sent before, or that would be a second one; None if it is to go on."""
        if not said.msgid:
            return None
        key = said.institution, said.msgid
        known = await self._around.open.known(*key)
        if known is not None and (known.reply is None or known.request_digest == digest(post.body)):
            await self._passage.booked(self._around.open.told(*key), "told")
            return known.reply or self._passage.said_no(_taken_back(said))
        question = await self._around.open.find(*key)
        if question is None or question.request_digest != digest(post.body):
            return await self._unless_open(question, post, said)
        async with self._resolver.alone(*key):
            if await self._around.open.find(*key) is not None:
                return await self._passage.tell(question, await self._passage.again(question, post))
        return await self._from_what_is_known(post, said)

    async def _unless_open(self, question: Question | None, post: Post, said: Said) -> Reply | None:
        """Refuse what might be a second settlement of a sale, as long as nobody knows what became of the first."""
        sale = attempt_of(said) if said.infno in SETTLEMENTS else ""
        if question is None and sale:
            question = await self._around.open.of_sale(said.institution, sale)
        if question is not None and not await self._resolver.resolve(question):
            return await self._refused(Plan(post, said), _unresolved(question), post)
        done = await self._around.open.done_of_sale(said.institution, sale) if sale else None
        if done is None or done == said.msgid:
            return None
        return await self._refused(Plan(post, said), _settled_unheard(done), post)

    async def _refused(self, plan: Plan, error: YimaError, post: Post) -> Reply:
        note = self._passage.note_of(plan, post.body, Stage.REFUSED_HERE)
        await self._passage.booked(self._around.journal.note(note), "exchange")
        return Reply(200, JSON, refusal(error, self._area, more=plan.remarks[1:]))

    async def _watched(self, listens: Hears, post: Post, said: Said, desk: str) -> Reply:
        scans: list[ScannedPack] | None = None
        if self._sees_scans:
            try:
                scans = list(await self._around.scans.at_desk(desk))
            except YimaError:
                scans = None
        passed = await self._passage.watched(Plan(post, said), post)
        answer = None if passed.is_ours else passed.reply
        await self._passage.booked(listens.hear(self._passage.now(), post.body, answer, scans), "listening")
        if scans and answer is not None and said.infno in SETTLEMENTS:
            found = self._reader.answer(answer, said.institution, self._passage.now())
            if is_agreed(found):
                sale = SaleRef(said.institution, output_text(found, "setlinfo", "setl_id"), said.msgid)
                await self._passage.booked(self._around.scans.take([one.code for one in scans], sale), "codes")
        return passed.reply


def _unresolved(question: Question) -> UnresolvedError:
    return UnresolvedError(
        Words(
            f"报文 {question.msgid}（{question.infno}）结果未知，尚未查清；本次未转发",
            f"What became of {question.msgid} ({question.infno}) is not known yet; this one did not go on",
        )
    )


def _settled_unheard(msgid: str) -> SettledUnheardError:
    return SettledUnheardError(
        Words(
            f"该单已由报文 {msgid} 结算，收银软件尚未取得其应答；本次未转发",
            f"Message {msgid} settled this sale, and the software has not fetched its answer; this one did not go on",
        )
    )


def _taken_back(said: Said) -> TakenBackError:
    return TakenBackError(
        Words(
            f"报文 {said.msgid}（{said.infno}）当时未得到应答，已冲正",
            f"Message {said.msgid} ({said.infno}) was not answered and has been taken back",
        )
    )
