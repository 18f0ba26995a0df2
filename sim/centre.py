"""The centre as anybody with a token sees it: its public HTTP interface, read page by page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from sim.checker import Answer, CentreClaims, Claim, EventClaim, Sale

PAGE = 500
ASKED_AT_ONCE = 8


class ImpostorError(Exception):
    """A terminal's fingerprint at the centre is not the one on its box."""


@dataclass(slots=True)
class CentreApi:
    """A client of the centre."""

    url: str
    token: str
    _http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        self._http = httpx.AsyncClient(base_url=self.url, timeout=10.0, headers=headers, trust_env=False)

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def get(self, path: str, **query: str | int) -> Any:
        """Return the JSON at `path`; waits for a centre that is down."""
        deadline = time.monotonic() + 60
        while True:
            try:
                answer = await self._http.get(path, params=query)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)
                continue
            answer.raise_for_status()
            return answer.json()

    async def approve(self, terminal: str, fingerprint: str) -> None:
        """Approve a terminal, as an administrator does after comparing fingerprints.

        Raises:
            ImpostorError: The centre heard of another key.
        """
        deadline = time.monotonic() + 30
        while True:
            heard = await self._http.get(f"/api/v1/terminals/{terminal}")
            if heard.status_code != httpx.codes.NOT_FOUND or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.1)
        heard.raise_for_status()
        if heard.json()["fingerprint"] != fingerprint:
            raise ImpostorError(f"{terminal} announced {heard.json()['fingerprint']}, its box shows {fingerprint}")
        answer = await self._http.post(f"/api/v1/terminals/{terminal}/approve")
        answer.raise_for_status()

    async def claims(
        self, codes: Iterable[str], never_scanned: Iterable[str], *, asks_ledger: bool = True
    ) -> CentreClaims:
        """Return everything the centre says: the ledger, each code asked singly, and the events.

        Args:
            codes: Asked one by one.
            never_scanned: Asked as well; the centre must not know them.
            asks_ledger: Whether every other code of the ledger is asked too.
        """
        ledger = {row["code"]: _claim(row) async for row in self.pages("/api/v1/ledger")}
        events = [
            EventClaim(row["id"], row["terminal"], row["epoch"], row["seq"])
            async for row in self.pages("/api/v1/events")
        ]
        answers = await self._ask(set(codes) | (set(ledger) if asks_ledger else set()))
        unknown = await self._ask(set(never_scanned))
        return CentreClaims(
            ledger=ledger,
            answers={code: _answer(answer) for code, answer in answers.items()},
            unknown_answers={code: answer["state"] for code, answer in unknown.items()},
            events=tuple(events),
        )

    async def _ask(self, codes: set[str]) -> dict[str, Any]:
        gate = asyncio.Semaphore(ASKED_AT_ONCE)

        async def ask(code: str) -> tuple[str, Any]:
            async with gate:
                return code, await self.get(f"/api/v1/codes/{code}")

        return dict(await asyncio.gather(*(ask(code) for code in sorted(codes))))

    async def pages(self, path: str) -> AsyncIterator[Mapping[str, Any]]:
        """Yield every row of a list that is read page by page."""
        query: dict[str, str | int] = {"limit": PAGE}
        while True:
            page = await self.get(path, **query)
            for row in page["items"]:
                yield row
            if page["next"] is None:
                return
            query["after"] = page["next"]


def _answer(row: Mapping[str, Any]) -> Answer:
    return Answer(_claim(row), row["product"]["id"] if row["product"] else None)


def _claim(row: Mapping[str, Any]) -> Claim:
    facts = row["facts"]
    return Claim(
        state=row["state"],
        sales=tuple(Sale(fact["institution"], fact["document"]) for fact in facts if fact["act"] == "dispensed"),
        products=frozenset(fact["product"] for fact in facts if fact["product"]),
    )
