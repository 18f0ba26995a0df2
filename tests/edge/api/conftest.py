"""The interface of a terminal without its edges, asked in this thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import pytest
from sqlalchemy import Connection

from edge.api import ApiParts, create_api
from edge.health import SyncStatus, TerminalStatus
from edge.operators.accounts import add_account
from edge.operators.sign_in import SignIn
from edge.pos.kept_report import KeptReport
from edge.setup_desk import SetupDesk
from edge.till.parts import Devices
from edge.till.till import Till
from edge.visits.desk import VisitDesk
from tests.edge.scene import EPOCH, NOON, TERMINAL, FakeClock, Shop

_T = TypeVar("_T")
STATUS = TerminalStatus(
    terminal=TERMINAL,
    label="一号柜台",
    institution="P35020000001",
    area="350200",
    versions={"yima": "0.1.0"},
    epoch=EPOCH,
    fingerprint="0000-1111-2222-3333",
    public_key="00" * 32,
    is_approved=None,
    sync=SyncStatus(False, 1, 0, 0, 0, NOON, None),
    devices=(),
    clock_offset_ms=None,
    is_clock_off=False,
    catalogue=None,
    catalogue_problem=None,
    operator="wang",
    credentials_seen=0,
    started_at=NOON,
)

LINES = ("serial:/dev/left;name=left", "camera:0;name=eye")
"""The scanners of the terminal."""


@dataclass
class Client:
    """A browser at the terminal."""

    shop: Shop
    is_open: bool = True
    login: str = "li"
    raises: bool = True
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    headers: dict[str, str] = field(default_factory=dict)
    fault: Exception | None = None
    till: Till | None = None
    visits: VisitDesk | None = None
    report: KeptReport | None = None
    kiosk_operator: str = ""
    caller: str = "127.0.0.1"
    devices: Devices = Devices()  # noqa: RUF009 - frozen
    run: Callable[[Coroutine[Any, Any, httpx.Response]], httpx.Response] = asyncio.run
    """Devices stay with the loop in which they were opened."""
    setup: SetupDesk = field(init=False)

    def __post_init__(self) -> None:
        self.password = add_account(self.shop.connection, self.login, "李", NOON).password
        self.setup = SetupDesk(LINES, self.shop.connection, self._in_store, self.shop.bus, self.shop.clock)
        parts = ApiParts(
            counter=self.shop.counter,
            operators=self.shop.operators,
            sign_in=SignIn(self.shop.operators, self._in_store),
            outbox=self.shop.outbox,
            in_store=self._in_store,
            read=self._read,
            status=self._status,
            setup=self.setup,
            bus=self.shop.bus,
            clock=self.shop.clock,
            session_s=3600,
            is_open=self.is_open,
            allowed_hosts=("counter.example",),
            till=self.till,
            visits=self.visits,
            report=self.report,
            kiosk_operator=self.kiosk_operator,
            credentials=self.devices,
        )
        self.app = create_api(parts)

    async def _in_store(self, work: Callable[[], _T]) -> _T:
        return work()

    async def _read(self, work: Callable[[Connection], _T]) -> _T:
        if self.fault:
            raise self.fault
        with self.shop.connection.begin():
            return work(self.shop.connection)

    async def _status(self) -> TerminalStatus:
        return STATUS

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content: bytes | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        host: str = "127.0.0.1:8620",
    ) -> httpx.Response:
        async def request() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=self.raises, client=(self.caller, 40_000))
            async with httpx.AsyncClient(
                transport=transport, base_url=f"http://{host}", cookies=self.cookies, headers=self.headers
            ) as client:
                answer = await client.request(method, path, json=body, content=content, headers=headers, params=params)
                self.cookies = client.cookies
                return answer

        return self.run(request())

    def post(self, path: str, body: object = None, *, key: str | None = None) -> Any:
        answer = self.ask("POST", f"/api/v1{path}", {} if body is None else body, headers=_key(key))
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def get(self, path: str, **params: str) -> Any:
        answer = self.ask("GET", f"/api/v1{path}", params=params or None)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def sign_in(self) -> None:
        self.post("/session", {"operator": self.login, "password": self.password})


def _key(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key} if key else {}


@pytest.fixture
def stocked(connection: Connection, clock: FakeClock) -> Shop:
    shop = Shop(connection, clock)
    shop.stock()
    return shop


@pytest.fixture
def client(stocked: Shop) -> Client:
    """Return a browser at which nobody is signed in."""
    return Client(stocked)


@pytest.fixture
def at_work(client: Client) -> Client:
    """Return a browser at which Li is signed in."""
    client.sign_in()
    return client
