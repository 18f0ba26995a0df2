"""The rest of the terminal in memory, an interface that remembers what it was sent, and messages of a POS."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import httpx
from starlette.applications import Starlette

from codes.words import Words
from edge.pos.deciding import Decider, Keys, Policy
from edge.pos.errors import TillSettlesError
from edge.pos.listening import Listener
from edge.pos.overheard import Understanding
from edge.pos.passing import Around, Passage
from edge.pos.ports import Cancelled, Exchange, Known, LineScans, Question, SaleRef, Settled
from edge.pos.proxy import Desks, Proxy
from edge.pos.reading import Reader, needs_code_by_form
from edge.pos.resolving import Resolver
from edge.pos.reversing import Reversing
from edge.pos.upstream import Reply, Upstream
from rules.scan_binding import ScannedPack
from rules.unpaid import AboutCode
from wire.fsi.areas import shipped_area
from wire.fsi.signing import Secrets, protection_of

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SHOP = "P35020300001"
DRUG, OTHER, SERVICE = "XJ01CAB001A001020199101", "XJ01DCD003A001040199103", "001101000010000-110100001"
ONE, TWO, NINE = "86000110000000000001", "86000110000000000002", "86000310000000000009"
OK = {"infcode": 0, "inf_refmsgid": "1", "err_msg": "", "output": {"setlinfo": {"setl_id": "S1"}}}


class Goods:
    """Knows two drugs by the beginnings of their codes."""

    def needs_code(self, item: str) -> bool:
        return needs_code_by_form(item)

    def units_per_pack(self, item: str) -> int:
        return 24 if item == DRUG else 1

    def name(self, item: str) -> str:
        return {DRUG: "阿莫西林胶囊"}.get(item, "")

    def about(self, code: str) -> AboutCode:
        return AboutCode(frozenset({DRUG} if code.startswith("8600011") else {OTHER}))


@dataclass
class Memory:
    """Every port at once."""

    notes: list[Exchange] = field(default_factory=list)
    questions: dict[tuple[str, str], Question] = field(default_factory=dict)
    later: list[tuple[SaleRef, Sequence[LineScans]]] = field(default_factory=list)
    desks: dict[str, list[ScannedPack]] = field(default_factory=dict)
    taken: dict[SaleRef, list[ScannedPack]] = field(default_factory=dict)
    shown: list[tuple[str, Sequence[Words]]] = field(default_factory=list)
    left: list[tuple[str, bool]] = field(default_factory=list)
    settlements: list[Settled] = field(default_factory=list)
    cancellations: list[Cancelled] = field(default_factory=list)
    found_out: dict[tuple[str, str], Known] = field(default_factory=dict)
    untold: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """Message and settlement by institution and sale."""
    undone_sales: list[SaleRef] = field(default_factory=list)
    told_by_pos: list[str] = field(default_factory=list)
    till_settles: bool = False
    unheard: list[bool] = field(default_factory=list)
    looks: int = 0
    receipts: list[tuple[str, str, list[str]]] = field(default_factory=list)

    async def note(self, exchange: Exchange) -> None:
        self.notes.append(exchange)

    async def at_desk(self, desk: str, *, is_delivery: bool = False) -> Sequence[ScannedPack]:
        return [] if is_delivery else list(self.desks.get(desk, ()))

    async def of_sale(self, sale: SaleRef) -> Sequence[ScannedPack]:
        mine = [scans for ref, scans in self.taken.items() if ref.setl_id and ref.setl_id == sale.setl_id]
        return [scan for scans in mine for scan in scans]

    async def still_out(self, sale: SaleRef) -> Sequence[ScannedPack]:
        return ()

    async def told(self, codes: Iterable[str], sale: SaleRef) -> None:
        self.receipts.append((sale.setl_id, sale.number, list(codes)))

    async def take(self, codes: Iterable[str], sale: SaleRef) -> None:
        wanted = set(codes)
        for scans in (*self.desks.values(), *self.taken.values()):
            for scan in [one for one in scans if one.code in wanted]:
                scans.remove(scan)
                self.taken.setdefault(sale, []).append(scan) if scans is not self.taken.get(sale) else scans.append(
                    scan
                )
        self.taken = {ref: scans for ref, scans in self.taken.items() if scans}

    async def hold(self, codes: Iterable[str], sale: SaleRef, *, desk: str, lacks: frozenset[str]) -> None:
        if self.till_settles:
            raise TillSettlesError(Words("本机正在结算", f"the till settles at {desk}: {len(lacks)}"))
        await self.take(codes, sale)

    async def is_return_unheard(self, codes: Iterable[str]) -> bool:
        self.looks += 1
        return self.unheard.pop() if self.unheard else False

    async def leave(self, lines: Sequence[LineScans], number: str, *, is_insured: bool) -> None:
        self.left += [(code, is_insured) for line in lines for code in line.codes]

    async def release(self, institution: str, msgid: str) -> None:
        kept = [ref for ref in self.taken if (ref.institution, ref.msgid, ref.setl_id) == (institution, msgid, "")]
        for ref in kept:
            self.desks.setdefault("1", []).extend(self.taken.pop(ref))

    async def undone(self, sale: SaleRef) -> None:
        self.undone_sales.append(sale)

    async def free(self, codes: Iterable[str]) -> None:
        wanted = set(codes)
        self.taken = {ref: [one for one in scans if one.code not in wanted] for ref, scans in self.taken.items()}

    async def warn(self, desk: str, remarks: Sequence[Words]) -> None:
        self.shown.append((desk, remarks))

    def scan(self, *codes: str, desk: str = "1") -> None:
        goods = Goods()
        self.desks.setdefault(desk, []).extend(ScannedPack(code, goods.about(code).items) for code in codes)


@dataclass
class BooksMemory:
    """What was settled and cancelled."""

    memory: Memory

    async def settled(self, one: Settled) -> str:
        self.memory.settlements.append(one)
        return one.number or one.paid.setl_id

    async def number_of(self, setl_id: str, otherwise: str) -> str:
        return otherwise or setl_id

    async def undone(self, one: Cancelled) -> None:
        self.memory.cancellations.append(one)


@dataclass
class OpenMemory:
    """The open questions."""

    memory: Memory

    async def note(self, question: Question) -> None:
        self.memory.questions.setdefault((question.institution, question.msgid), question)

    async def find(self, institution: str, msgid: str) -> Question | None:
        return self.memory.questions.get((institution, msgid))

    async def all(self) -> Sequence[Question]:
        return tuple(self.memory.questions.values())

    async def of_sale(self, institution: str, sale_key: str) -> Question | None:
        return next((one for one in self.memory.questions.values() if one.sale_key == sale_key), None)

    async def known(self, institution: str, msgid: str) -> Known | None:
        return self.memory.found_out.get((institution, msgid))

    async def done_of_sale(self, institution: str, sale_key: str) -> str | None:
        return self.memory.untold.get((institution, sale_key), ("", ""))[0] or None

    async def found_out(self, institution: str, msgid: str, reply: Reply, setl_id: str) -> None:
        question = self.memory.questions.pop((institution, msgid), None)
        if question is not None:
            self.memory.found_out[institution, msgid] = Known(question.request_digest, reply)
            if setl_id:
                self.memory.untold[institution, question.sale_key] = msgid, setl_id

    async def taken_back(self, institution: str, msgid: str) -> None:
        question = self.memory.questions.pop((institution, msgid), None)
        known = self.memory.found_out.get((institution, msgid))
        if question is not None or known is not None:
            digest = question.request_digest if question is not None else known.request_digest
            self.memory.found_out[institution, msgid] = Known(digest, None)
        await self.told(institution, msgid)

    async def cancelled(self, institution: str, setl_id: str) -> None:
        self.memory.untold = {key: one for key, one in self.memory.untold.items() if one[1] != setl_id}

    async def answered(self, institution: str, msgid: str, reply: Reply) -> None:
        if (question := self.memory.questions.get((institution, msgid))) is not None:
            self.memory.questions[institution, msgid] = replace(question, reply=reply)

    async def told(self, institution: str, msgid: str) -> None:
        self.memory.untold = {key: one for key, one in self.memory.untold.items() if one[0] != msgid}

    async def unread(self, institution: str, msgid: str) -> None:
        key = institution, msgid
        self.memory.questions[key] = replace(self.memory.questions[key], is_unread=True)

    async def close(self, institution: str, msgid: str) -> None:
        self.memory.questions.pop((institution, msgid), None)


@dataclass
class LaterMemory:
    """What is to be uploaded."""

    memory: Memory

    async def note(self, sale: SaleRef, codes: Sequence[LineScans]) -> None:
        self.memory.later.append((sale, codes))

    async def done(self, codes: Iterable[str], setl_id: str) -> None:
        self.memory.told_by_pos += codes


@dataclass
class Ear:
    """Listens."""

    listener: Listener
    understanding: Understanding

    async def hear(
        self, at: datetime, request: bytes, answer: Reply | None, scans: Sequence[ScannedPack] | None = None
    ) -> None:
        self.listener.add(at, self.understanding.fact_of(at, request, answer, scans))


@dataclass
class Interface:
    """The other side: it answers as it is told, and keeps every request."""

    answer: Callable[[httpx.Request], httpx.Response] = field(default=lambda _: httpx.Response(200, json=OK))
    requests: list[httpx.Request] = field(default_factory=list)
    answer_slowly: Callable[[httpx.Request], Awaitable[httpx.Response]] | None = None

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        told = await self.answer_slowly(request) if self.answer_slowly else self.answer(request)
        if not told.is_stream_consumed:
            return told
        return httpx.Response(told.status_code, headers=told.headers, stream=httpx.ByteStream(told.content))

    @property
    def bodies(self) -> list[bytes]:
        return [one.content for one in self.requests]


@dataclass
class Stand:
    """A proxy between a POS and an interface."""

    area: str = "hubei"
    policy: Policy = Policy.WARN
    secrets: Secrets = field(default_factory=Secrets)
    is_listening: bool = False
    keeps_answers: bool = True
    seconds: float = 0.0
    goods: Goods = field(default_factory=Goods)
    desks: Desks = field(default_factory=Desks)
    address: str = "http://192.0.2.1:8080"
    memory: Memory = field(default_factory=Memory)
    interface: Interface = field(default_factory=Interface)

    def __post_init__(self) -> None:
        area = shipped_area(self.area)
        protection = protection_of(area)
        keys = Keys(protection, self.secrets, new_nonce=lambda: "n" * 32)
        decider = Decider(area, self.policy, keys, self.memory, self.goods)
        self.listener = Listener(area, self.goods)
        self.ear = Ear(self.listener, Understanding(area, Reader(protection, self.secrets), self.goods))
        memory = self.memory
        self.around = Around(memory, OpenMemory(memory), LaterMemory(memory), memory, memory, BooksMemory(memory))
        self.decider = decider
        self.now = NOW
        application = self.application(self.address, httpx.MockTransport(self.interface))
        self.pos = httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://pos")

    def application(self, address: str, transport: httpx.AsyncBaseTransport | None = None) -> Starlette:
        upstream = Upstream(address, 5, transport=transport)
        area = shipped_area(self.area)
        now = lambda: self.now  # noqa: E731 - a clock that the scene sets
        passage = Passage(area, upstream, self.decider, self.around, now)
        reversing = Reversing(area, upstream, self.decider, self.next_msgid, now)
        self.resolver = Resolver(passage, reversing, lambda: self.seconds, keeps_answers=self.keeps_answers)
        listens = self.ear if self.is_listening else None
        return Proxy(area, passage, self.resolver, desks=self.desks, listens=listens).application()

    async def next_msgid(self, institution: str) -> str:
        return f"{institution}202611231000009001"

    async def post(self, body: bytes, path: str = "/x", **more: object) -> httpx.Response:
        return await self.pos.post(path, content=body, **more)  # type: ignore[arg-type]


def message(infno: str, given: object, **more: object) -> bytes:
    fields = {
        "infno": infno, "msgid": f"{SHOP}202611231000000001", "mdtrtarea_admvs": "350203", "insuplc_admdvs": "350200",
        "recer_sys_code": "YBXT", "infver": "V1.0", "opter_type": "1", "opter": "li01", "opter_name": "李",
        "inf_time": "2026-11-23 10:00:00", "fixmedins_code": SHOP, "fixmedins_name": "虚构大药房", "input": given,
    }  # fmt: skip
    return json.dumps({**fields, **more}, ensure_ascii=False, indent=1).encode()


def purchase(*lines: tuple[str, str, float], **more: object) -> dict[str, object]:
    return {
        "druginfo": {
            "psn_no": "P1", "mdtrt_cert_type": "03", "mdtrt_cert_no": "X1", "begntime": "2026-11-23 10:00:00",
            "medfee_sumamt": 30.00, "insutype": "310", "acct_used_flag": "1", "med_type": "41", **more,
        },
        "drugdetail": [
            {
                "feedetl_sn": serial, "rx_circ_flag": "0", "fee_ocur_time": "2026-11-23 10:00:00",
                "med_list_codg": item, "medins_list_codg": "D1", "det_item_fee_sumamt": 15.00, "cnt": count,
                "pric": 15.00,
            }
            for serial, item, count in lines
        ],
    }  # fmt: skip


def sold(item: str, count: float, **more: object) -> dict[str, object]:
    return {
        "selinfo": {
            "med_list_codg": item, "fixmedins_hilist_id": "D1", "fixmedins_hilist_name": "阿莫西林胶囊",
            "fixmedins_bchno": "B1", "prsc_dr_name": "王", "phar_name": "李", "phar_prac_cert_no": "Y1",
            "mdtrt_sn": "M1", "manu_lotnum": "L1", "manu_date": "2026-01-01", "rx_flag": "0", "trdn_flag": "0",
            "rtal_docno": "R1", "sel_retn_cnt": count, "sel_retn_time": "2026-11-23 10:01:00",
            "sel_retn_opter_name": "李", "mdtrt_setl_type": "1", "setl_id": "S1", **more,
        }
    }  # fmt: skip
