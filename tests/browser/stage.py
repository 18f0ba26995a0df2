"""A stage for the counter page: the daemon's API in its true shapes, on a real live bus, with states set by a test.

It stands in for the daemon where a test needs a state that a real one reaches only by breaking (offline for hours, a
wrong clock, refused records). What the daemon really does is tested against the real one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import TypeAdapter
from starlette.responses import JSONResponse, StreamingResponse

from codes.words import Words
from edge.counter.explaining import SEPARATOR_LOST
from edge.counter.views import (
    ClosedList,
    Divisible,
    LineShown,
    ListChange,
    ListShown,
    ReturnedPacks,
    ScanShown,
    SoldPack,
    Totals,
    to_json,
)
from edge.health import Trouble
from edge.screens import mount_screens
from edge.store.splits import OpenedPack
from edge.troubles import in_order
from rules.scan_judgement import Mode, Tone
from tests.browser.calm import AT, PLACE, PRODUCTS, calm_status
from web.live import LiveBus, sse_response
from web.security import SecurityMiddleware

SAID: dict[str, tuple[Tone, Words, Words | None]] = {
    "added": (Tone.OK, Words("已匹配", "Matched"), None),
    "unmatched": (
        Tone.NOTICE,
        Words("未匹配到药品，已登记", "No product matched; recorded"),
        Words("请核对药品，稍后在匹配库中补录。", "Check the box; it can be matched later."),
    ),
    "already_in_sale": (
        Tone.ALARM,
        Words("这一盒已在清单中，只计一次", "This box is on the list already; it counts once"),
        Words("请换一盒扫描。", "Scan the next box."),
    ),
    "sold_here": (
        Tone.ALARM,
        Words("这一盒在本机已售出", "This box was sold at this terminal before"),
        Words("请核对实物；若为退货，请先办理退货。", "Check the box; if it came back, record the return first."),
    ),
    "wrong_code_type": (
        Tone.NOTICE,
        Words("扫错了码", "The wrong code was scanned"),
        Words("这是商品条码，请扫描盒上的药品追溯码。", "This is the retail barcode. Scan the trace code on the box."),
    ),
    "unreadable": (
        Tone.NOTICE,
        Words("无法识别的码", "Not a code we know"),
        Words(
            "首位为 8 但不是 20 位：可能漏读或多读了几位，请重新扫码。重扫仍不行，请运行扫码枪自检。",
            "It starts with 8 but has not 20 digits: some were lost or added; scan again. If it keeps failing, test the"
            " scanner.",
        ),
    ),
    "credential": (
        Tone.NOTICE,
        Words("这是患者凭证，未保存", "This is a patient's credential; it was not kept"),
        Words("请在付款时出示。", "Present it when paying."),
    ),
}
ON_LIST = frozenset({"added", "unmatched"})


class StrangerError(Exception):
    """Somebody looked who is not signed in."""


class FailingError(Exception):
    """The stage was told to fail."""


@dataclass
class Stage:
    """The state behind the page."""

    bus: LiveBus = field(default_factory=LiveBus)
    operator: str | None = "chen"
    mode: Mode = Mode.DISPENSE
    sale: str | None = None
    scans: list[ScanShown] = field(default_factory=list)
    listed: dict[str, int] = field(default_factory=dict)
    """Line of each pack on the list."""
    lines: dict[int, LineShown] = field(default_factory=dict)
    sold: dict[str, str] = field(default_factory=dict)
    """The sale that sold each pack."""
    alarms: int = 0
    status: dict[str, Any] = field(default_factory=calm_status)
    dead: list[dict[str, Any]] = field(default_factory=list)
    in_setup: list[str] = field(default_factory=list)
    """Scanners that are being set up."""
    is_open: bool = True
    """Looking needs no sign-in."""
    is_failing: bool = False
    """The API answers with an error."""
    entries: list[str | None] = field(default_factory=list)
    """How each code came that the page sent."""
    closed_keys: list[str] = field(default_factory=list)
    """Idempotency keys of the closes that were asked for."""

    def scan(self, number: int, verdict: str = "added", *, is_doubted: bool = False) -> ScanShown:
        """Play one scan of the pack `number`; a doubted one may have lost its separator."""
        product = PRODUCTS[number % len(PRODUCTS)] if verdict in {"added", "already_in_sale", "sold_here"} else None
        tone, words, hint = SAID[verdict]
        if is_doubted:
            tone, hint = Tone.NOTICE, SEPARATOR_LOST
        code = f"86000{number % len(PRODUCTS)}1{number:013d}"[: 19 if verdict == "unreadable" else 20]
        self.sale = self.sale or f"{PLACE.terminal}-20261121-{len(self.closed_keys) + 1}"
        line = self._put(code, product) if verdict in ON_LIST else self.listed.get(code)
        self.alarms += tone is Tone.ALARM
        shown = ScanShown(
            id=None if verdict == "credential" else len(self.scans) + 1,
            at=AT + timedelta(seconds=number),
            code="6200****1234" if verdict == "credential" else code,
            kind="trace",
            verdict=verdict,
            tone=tone,
            words=words,
            hint=hint,
            product=product[0] if product else None,
            name=product[1] if product else None,
            spec=product[2] if product else None,
            insurance_class=product[3] if product else None,
            price=Decimal(product[4]) if product and line else None,
            line=line,
            quantity=self.lines[line].quantity if line else None,
            device="serial:left",
            sale=self.sale,
            flags=("no_separator",) if is_doubted else (),
        )
        if shown.id is not None:
            self.scans.append(shown)
        self.bus.publish("scan", to_json(shown).decode())
        self.bus.publish("totals", to_json(self.totals).decode())
        return shown

    @property
    def divisible(self) -> list[Divisible]:
        """Packs on the list, as if each held 24 units."""
        return [
            Divisible(code, line.line, line.name, line.spec, 24, 24, None, is_opened=False, price=line.price / 24)
            for line in self.lines.values()
            if line.price is not None
            for code in line.codes
        ]

    def _put(self, code: str, product: tuple[str, str, str, str, str] | None) -> int:
        known = next((line for line in self.lines.values() if product and line.product == product[0]), None)
        number = known.line if known else len(self.lines) + 1
        price = Decimal(product[4]) if product else None
        before = self.lines.get(number)
        quantity = (before.quantity if before else 0) + 1
        self.lines[number] = LineShown(
            line=number,
            product=product[0] if product else None,
            name=product[1] if product else None,
            spec=product[2] if product else None,
            insurance_class=product[3] if product else None,
            price=price,
            quantity=quantity,
            codes=(*(before.codes if before else ()), code),
            amount=None if price is None else price * quantity,
            verdict="added" if product else "unmatched",
            event=None,
        )
        self.listed[code] = number
        return number

    @property
    def totals(self) -> Totals:
        lines = self.lines.values()
        boxes = sum(line.quantity for line in lines)
        matched = sum(line.quantity for line in lines if line.product)
        amount = sum((line.amount for line in lines if line.amount is not None), Decimal("0.00"))
        unpriced = sum(line.quantity for line in lines if line.amount is None)
        return Totals(boxes, matched, boxes - matched, self.alarms, amount, unpriced)

    @property
    def shown(self) -> ListShown:
        return ListShown(self.sale, self.mode, self.operator, tuple(self.lines.values()), self.totals)

    def remove(self, code: str) -> ListShown:
        """Take a pack off."""
        number = self.listed.pop(code)
        line = self.lines[number]
        left = line.quantity - 1
        if left:
            price = line.price
            codes = tuple(other for other in line.codes if other != code)
            amount = None if price is None else price * left
            self.lines[number] = replace(line, quantity=left, codes=codes, amount=amount)
        else:
            del self.lines[number]
        self.bus.publish("scan_update", to_json(ListChange(self.sale or "", "removed", number, code, left)).decode())
        return self.shown

    def put_back(self, code: str) -> ListShown:
        """Put a pack back that was taken off."""
        product = next(scan.product for scan in self.scans if scan.code == code)
        number = self._put(code, next((one for one in PRODUCTS if one[0] == product), None))
        quantity = self.lines[number].quantity
        change = ListChange(self.sale or "", "restored", number, code, quantity)
        self.bus.publish("scan_update", to_json(change).decode())
        return self.shown

    def close(self, key: str) -> ClosedList:
        """Close the sale."""
        self.sold |= dict.fromkeys(self.listed, self.sale or "")
        closed = ClosedList(self.sale or "", self.mode, AT, (), self.totals)
        self.closed_keys.append(key)
        self._end("closed")
        return closed

    def _end(self, change: str) -> None:
        ended, self.sale = self.sale, None
        self.lines.clear()
        self.listed.clear()
        self.alarms = 0
        self.bus.publish("scan_update", to_json(ListChange(ended or "", change)).decode())

    def change_status(self, **sync: object) -> None:
        """Change what is said of the connection, and tell the page."""
        self.status["sync"] |= sync
        self.bus.publish("sync", _json(self.status["sync"]))

    def change_health(self, *troubles: Trouble, **changes: Any) -> None:
        """Let the terminal have these troubles, and tell the page."""
        shown = TypeAdapter(tuple[Trouble, ...]).dump_python(in_order(troubles), mode="json")
        self.status |= {"troubles": shown, **changes}
        self.bus.publish("health", _json({"lamps": self.status["lamps"], "troubles": shown}))

    def change_setup(self, device: str, *, is_running: bool) -> None:
        """Begin or end the set-up of a scanner, and tell the page."""
        self.in_setup = [device] if is_running else []
        self.bus.publish("setup", _json({"device": device, "stage": "running" if is_running else "stopped"}))

    def settle(self, event: str, reason: str | None) -> None:
        """Send a refused record again, or set it aside with a reason."""
        self.dead = [one for one in self.dead if reason is not None or one["id"] != event]
        for one in (one for one in self.dead if one["id"] == event):
            one["set_aside"] = {"operator": self.operator, "reason": reason, "at": AT.isoformat()}
        self.status["sync"]["dead"] = sum(one["set_aside"] is None for one in self.dead)


def _json(content: object) -> str:
    return JSONResponse(content).body.decode()


def _view(view: Any) -> Response:
    return Response(to_json(view), media_type="application/json")


def _return_routes(stage: Stage) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/v1/sales")
    async def find_sale(code: str) -> Response:
        if code not in stage.sold:
            words = {"zh": f"本机没有售出过 {code}", "en": f"{code} was not sold here"}
            nexts = {"zh": "请核对实物。", "en": "Check the box."}
            body = {"status": 404, "code": "counter.pack_not_sold_here", **words, "next": nexts}
            return JSONResponse(body, status_code=404)
        return _view(SoldPack(code, stage.sold[code], AT, "chen", "D0002", "缬沙坦胶囊", "80mg×14粒", None))

    @routes.post("/api/v1/sales/{sale}/return")
    async def take_back(sale: str, request: Request) -> Response:
        codes = (await request.json())["codes"]
        assert {stage.sold.pop(code) for code in codes} == {sale}
        return _view(ReturnedPacks(sale, tuple(codes), "x", ()))

    return routes


def _split_routes(stage: Stage) -> APIRouter:
    routes = APIRouter(prefix="/api/v1")

    @routes.get("/sale/units")
    async def divisible() -> list[Divisible]:
        return stage.divisible

    @routes.get("/opened-packs")
    async def opened() -> list[OpenedPack]:
        return [OpenedPack("86000110000000000099", "D0001", 24, 10, AT, "阿莫西林胶囊", "0.25g×24粒", "盒")]

    return routes


def _letter_routes(stage: Stage) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/dead-letters")

    @routes.get("")
    async def dead() -> list[dict[str, Any]]:
        return stage.dead

    @routes.put("/{event}/send", status_code=204)
    async def send(event: str) -> None:
        stage.settle(event, None)

    @routes.put("/{event}/set-aside", status_code=204)
    async def set_aside(event: str, request: Request) -> None:
        stage.settle(event, (await request.json())["reason"])

    return routes


def staged_app(stage: Stage) -> FastAPI:  # noqa: C901 - one small answer after another
    """Return the app behind the page."""

    async def refuse_if_failing(request: Request) -> None:
        if stage.is_failing and request.method != "GET":
            raise FailingError

    async def may_look() -> None:
        if stage.operator is None and not stage.is_open:
            raise StrangerError

    looking = [Depends(may_look)]
    app = FastAPI(dependencies=[Depends(refuse_if_failing)])

    @app.exception_handler(StrangerError)
    async def stranger(_request: Request, _error: Exception) -> Response:
        words = {"zh": "尚未登录", "en": "Not signed in"}
        nexts = {"zh": "请先登录。", "en": "Sign in first."}
        return JSONResponse({"status": 401, "code": "session.required", **words, "next": nexts}, status_code=401)

    @app.exception_handler(FailingError)
    async def failed(_request: Request, _error: Exception) -> Response:
        words = {"zh": "磁盘已满，无法记录", "en": "The disk is full; nothing can be recorded"}
        nexts = {"zh": "请清理磁盘后重试。", "en": "Free some space and try again."}
        return JSONResponse({"status": 507, "code": "store.full", **words, "next": nexts}, status_code=507)

    @app.get("/api/v1/live", dependencies=looking)
    async def live(request: Request) -> StreamingResponse:
        return sse_response(stage.bus, request, may_follow=lambda: stage.is_open or stage.operator is not None)

    @app.get("/api/v1/sale", dependencies=looking)
    async def sale() -> Response:
        return _view(stage.shown)

    @app.get("/api/v1/scans", dependencies=looking)
    async def scans() -> Response:
        return Response(b"[" + b",".join(to_json(scan) for scan in stage.scans) + b"]", media_type="application/json")

    @app.post("/api/v1/scans")
    async def enter(request: Request) -> Response:
        form = await request.json()
        stage.entries.append(form.get("entry"))
        raw = form["raw"]
        return _view(stage.scan(int(raw[-13:]) if raw[-13:].isdigit() else 0))

    @app.get("/api/v1/status")
    async def status() -> dict[str, Any]:
        return stage.status

    @app.get("/api/v1/scanner-setup")
    async def scanner_setup() -> list[dict[str, Any]]:
        return [{"status": {"device": device}, "setup": {"stage": "running"}} for device in stage.in_setup]

    @app.post("/api/v1/session")
    async def sign_in(request: Request) -> Response:
        asked = await request.json()
        if asked["password"] != "right":
            words = {"zh": "操作员或密码不正确", "en": "Operator or password is wrong"}
            nexts = {"zh": "请重新输入。", "en": "Type them again."}
            return JSONResponse({"status": 401, "code": "shift.refused", **words, "next": nexts}, status_code=401)
        stage.operator = asked["operator"]
        return JSONResponse({"operator": stage.operator, "name": stage.operator})

    @app.get("/api/v1/session")
    async def who() -> Response:
        if stage.operator is None:
            raise StrangerError
        return JSONResponse({"operator": stage.operator, "name": stage.operator})

    @app.delete("/api/v1/session", status_code=204)
    async def sign_out() -> None:
        stage.operator = None
        stage.bus.recheck()
        stage.bus.publish("session", "{}")

    @app.put("/api/v1/mode")
    async def mode(request: Request) -> Response:
        stage.mode = Mode((await request.json())["mode"])
        return _view(stage.shown)

    @app.delete("/api/v1/sale/packs/{code:path}")
    async def remove(code: str) -> Response:
        return _view(stage.remove(code))

    @app.put("/api/v1/sale/packs/{code:path}")
    async def put_back(code: str) -> Response:
        return _view(stage.put_back(code))

    @app.post("/api/v1/sale/close")
    @app.post("/api/v1/delivery/close")
    async def close(request: Request) -> Response:
        return _view(stage.close(request.headers["idempotency-key"]))

    @app.post("/api/v1/sale/cancel")
    async def cancel() -> dict[str, object]:
        boxes = stage.totals.boxes
        ended = stage.sale
        stage._end("cancelled")
        return {"sale": ended, "boxes": boxes}

    for part in (_return_routes, _split_routes, _letter_routes):
        app.include_router(part(stage))
    mount_screens(app, bus=stage.bus, place=PLACE)
    app.add_middleware(SecurityMiddleware)
    return app
