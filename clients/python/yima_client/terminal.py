"""The terminal as a POS sees it: one method a request."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote, urlencode

from yima_client.errors import UnreachableError
from yima_client.line import Address, Line, open_trusted, raise_refusal
from yima_client.values import (
    CancelledList,
    ClosedList,
    Event,
    OpenList,
    ReturnedPacks,
    Scan,
    Session,
    SoldPack,
    read_as,
)

_API = "/api/v1"
_OK = 200
_SILENT_S = 30.0
"""The stream says something every ten seconds."""
_AGAIN_S = 1.0


class Terminal:
    """One terminal.

    Args:
        url: Its address: `http://127.0.0.1:8620` on this machine, `https://…` on another one.
        token: Made with `yima edge token create NAME`.
        certificate_file: Certificate to believe, as copied from the terminal; else those of the system.
        fingerprint: SHA-256 of that certificate instead, as `yima edge certificate` shows it.
        timeout_s: How long an answer may take.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        certificate_file: str | Path | None = None,
        fingerprint: str | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        self._line = Line(Address(url.rstrip("/"), certificate_file, fingerprint, timeout_s), token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the connection go. Nothing ends at the terminal."""
        self._line.close()

    def ask(self, method: str, path: str, body: object = None, *, key: str | None = None) -> Any:
        """Send any request of `/openapi.json`, such as `ask("POST", "/tickets/…", {…}, key=new_key())`."""
        return self._line.ask(method, f"{_API}{path}", body, key)

    def who(self) -> Session:
        """Return who is at work; `shift.not_open` if nobody is."""
        return read_as(Session, self.ask("GET", "/session"))

    def scan(
        self,
        code: str | bytes,
        *,
        symbology: str | None = None,
        entry: Literal["typed", "wedge", "picked"] | None = None,
        key: str | None = None,
    ) -> Scan:
        """Record a code as if a scanner had read it. Bytes go as they are, group separators too."""
        body: dict[str, str] = {"raw": code} if isinstance(code, str) else {"raw_hex": code.hex()}
        given = {"symbology": symbology, "entry": entry}
        body |= {name: value for name, value in given.items() if value is not None}
        return read_as(Scan, self.ask("POST", "/scans", body, key=key or new_key()))

    def scans(self, after: int | None = None, limit: int = 200) -> tuple[Scan, ...]:
        """Return scans after one, or the latest; oldest first."""
        wanted = {"limit": limit, **({} if after is None else {"after": after})}
        return read_as(tuple[Scan, ...], self.ask("GET", f"/scans?{urlencode(wanted)}"))

    def sale(self) -> OpenList:
        """Return the open list."""
        return read_as(OpenList, self.ask("GET", "/sale"))

    def set_paying(self, sale: str, is_paying: bool = True) -> OpenList:
        """Declare that the open sale is being paid, again every minute while it lasts."""
        return read_as(OpenList, self.ask("PUT", "/sale/paying", {"sale": sale, "is_paying": is_paying}))

    def close_sale(self, sale: str | None = None, *, key: str | None = None) -> ClosedList:
        """Close the open sale, paid by the customer."""
        return read_as(ClosedList, self.ask("POST", "/sale/close", _named(sale), key=key or new_key()))

    def close_delivery(self, delivery: str | None = None, *, key: str | None = None) -> ClosedList:
        """Close the open delivery."""
        return read_as(ClosedList, self.ask("POST", "/delivery/close", _named(delivery), key=key or new_key()))

    def cancel(self, sale: str | None = None, *, key: str | None = None) -> CancelledList:
        """Give the open list up."""
        return read_as(CancelledList, self.ask("POST", "/sale/cancel", _named(sale), key=key or new_key()))

    def remove(self, code: str) -> OpenList:
        """Take a pack off the open list, by its key as the list shows it."""
        return read_as(OpenList, self.ask("DELETE", f"/sale/packs/{quote(code, safe='')}"))

    def put_back(self, code: str) -> OpenList:
        """Put a pack that was taken off back on its line."""
        return read_as(OpenList, self.ask("PUT", f"/sale/packs/{quote(code, safe='')}"))

    def set_mode(self, mode: Literal["dispense", "receive"]) -> OpenList:
        """Sell or receive; only between two lists."""
        return read_as(OpenList, self.ask("PUT", "/mode", {"mode": mode}))

    def find_sale(self, code: str) -> SoldPack:
        """Return the sale that sold a pack."""
        return read_as(SoldPack, self.ask("GET", f"/sales?{urlencode({'code': code})}"))

    def take_back(self, sale: str, codes: Sequence[str], reason: str, *, key: str | None = None) -> ReturnedPacks:
        """Take packs of a closed sale back."""
        body = {"codes": list(codes), "reason": reason}
        path = f"/sales/{quote(sale, safe='')}/return"
        return read_as(ReturnedPacks, self.ask("POST", path, body, key=key or new_key()))

    def status(self) -> Mapping[str, Any]:
        """Return how the terminal is; `/openapi.json` names the parts."""
        told: Mapping[str, Any] = self.ask("GET", "/status")
        return told

    def events(self, after: int | None = None) -> Iterator[Event]:
        """Follow what happens, for ever; a connection that is lost is opened again and nothing is missed.

        After an event `reset` load the list again: too much has happened to tell it one by one.

        Raises:
            RefusedError: The token was revoked, or may not look.
        """
        position = after
        while True:
            try:
                for event in self._stream(position):
                    position = event.id
                    yield event
            except (http.client.HTTPException, OSError, UnreachableError):
                pass
            time.sleep(_AGAIN_S)

    def _stream(self, position: int | None) -> Iterator[Event]:
        connection = self._line.address.connection(_SILENT_S)
        try:
            open_trusted(connection)
            came_from = {} if position is None else {"Last-Event-ID": str(position)}
            connection.request("GET", f"{_API}/live", headers={**self._line.headers, **came_from})
            answer = connection.getresponse()
            if answer.status != _OK:
                raise_refusal(answer, answer.read())
            yield from _events(answer)
        finally:
            connection.close()


def new_key() -> str:
    """Return a key for a new request."""
    return uuid.uuid4().hex


def _named(sale: str | None) -> dict[str, str]:
    return {} if sale is None else {"sale": sale}


def _events(answer: http.client.HTTPResponse) -> Iterator[Event]:
    told: dict[str, str] = {}
    for line in answer:
        name, _, value = line.decode().rstrip("\r\n").partition(": ")
        if name:
            told[name] = f"{told['data']}\n{value}" if name == "data" and "data" in told else value
        elif "event" in told:
            yield Event(int(told["id"]), told["event"], json.loads(told["data"]))
            told = {}
