"""A connection to the centre that stays open, as a till's does, and what goes over it that is hardly HTTP."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing

from tests.blackbox.lines import PATH

_PATIENCE_S = 30.0
_TOO_MUCH = 24 * 1024 * 1024 + 1


class Line:
    """Posts bodies, one after the other."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)

    def post(self, body: bytes, headers: Mapping[str, str] | None = None, path: str = PATH) -> tuple[int, bytes]:
        """Post a body and return what comes."""
        said = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}", **(headers or {})}
        try:
            self._connection.request("POST", path, body, said)
            response = self._connection.getresponse()
        except (http.client.HTTPException, OSError):
            # The centre may close a line on which it was sent too much.
            self._connection.close()
            self._connection.request("POST", path, body, said)
            response = self._connection.getresponse()
        return response.status, response.read()

    def odd_requests(self, body: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Yield the status that each odd request should have, and what came."""
        for status, headers, sent in (
            (200, {"Content-Type": "text/plain"}, body),
            (200, {"Content-Type": ""}, body),
            (415, {"Content-Type": "application/x-www-form-urlencoded"}, body),
            (415, {"Content-Type": "application/json; charset=gbk"}, body),
            (415, {"Content-Encoding": "gzip"}, body),
            (401, {"Authorization": "Bearer " + "x" * 4000}, body),
            (401, {"Authorization": "Basic Og=="}, body),
            (401, {"Authorization": ""}, body),
            (200, {}, b""),
            (413, {}, b"{" + b" " * _TOO_MUCH),
        ):
            yield status, *self.post(sent, headers)

    def garbage(self) -> Iterator[bytes]:
        """Yield the first bytes that come back on what is no HTTP at all; nothing, if the line was closed."""
        for raw in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"GET\r\n\r\n",
            b"POST / HTTP/9.9\r\nHost: x\r\n\r\n",
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n".encode(),
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n".encode(),
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {'y' * 100_000}\r\n\r\n".encode(),
            b"\x00" * 4096,
        ):
            with closing(socket.create_connection(("127.0.0.1", self._port), timeout=_PATIENCE_S)) as line:
                line.sendall(raw)
                line.shutdown(socket.SHUT_WR)
                try:
                    yield line.recv(64)
                except ConnectionError:
                    yield b""
