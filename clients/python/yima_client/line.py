"""Requests to one terminal: whom to believe, and repeating what got no answer.

Nothing is sent before the other side has proved to be the terminal. A request that may have been taken is repeated only
if repeating changes nothing: it reads, it sets, or it has an `Idempotency-Key`.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import json
import select
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from yima_client.errors import RefusedError, StrangerError, UnansweredError, UnreachableError, UnsafeAddressError
from yima_client.values import Words

TRIES = 5
_FIRST_WAIT_S = 0.2
_UNAVAILABLE = 503
_FIRST_REFUSAL = 400
_REPEATABLE = frozenset({"GET", "PUT"})
_LOST = (http.client.HTTPException, OSError)


@dataclass(frozen=True)
class Address:
    """Where the terminal is, and whom to believe."""

    url: str
    certificate_file: str | Path | None = None
    fingerprint: str | None = None
    timeout_s: float = 10.0

    def connection(self, timeout_s: float | None = None) -> http.client.HTTPConnection:
        """Return a connection that is not open yet.

        Raises:
            UnsafeAddressError: It is another machine, and no TLS.
        """
        parts = urlsplit(self.url)
        host, patience = parts.hostname or "", timeout_s or self.timeout_s
        if parts.scheme == "https":
            if self.fingerprint is not None:
                return _Pinned(host, parts.port, patience, self.fingerprint)
            context = ssl.create_default_context(cafile=self.certificate_file)
            return http.client.HTTPSConnection(host, parts.port, timeout=patience, context=context)
        if parts.scheme != "http" or not _is_here(host):
            raise UnsafeAddressError(f"{self.url}: another machine is reached by https only")
        return http.client.HTTPConnection(host, parts.port, timeout=patience)


class Line:
    """One connection that is kept, opened again whenever it is lost."""

    def __init__(self, address: Address, token: str | None) -> None:
        self.address = address
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._connection = address.connection()
        self._turn = threading.Lock()

    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> Any:
        """Send a request and return what was answered, parsed.

        Raises:
            RefusedError: The terminal says no.
            UnreachableError: Nobody took the request.
            UnansweredError: It may have been taken; no answer came.
            StrangerError: Somebody else answers.
        """
        headers = {**self.headers, "Accept": "application/json"}
        content = None
        if body is not None:
            content, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        with self._turn:
            return self._asked(method, path, content, headers, key)

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    def _asked(self, method: str, path: str, content: bytes | None, headers: Mapping[str, str], key: str | None) -> Any:
        may_repeat, was_sent, lost = method in _REPEATABLE or key is not None, False, ""
        if not may_repeat or self._is_stale():
            # The terminal lets a silent connection go; what is sent into one may or may not have been taken.
            self._connection.close()
        for attempt in range(TRIES):
            if attempt:
                time.sleep(_FIRST_WAIT_S * 2 ** (attempt - 1))
            try:
                self._open()
            except _LOST as exc:
                lost = str(exc)
                continue
            try:
                was_sent = True
                self._connection.request(method, path, content, dict(headers))
                answer = self._connection.getresponse()
                told = answer.read()
            except _LOST as exc:
                self._connection.close()
                lost = str(exc) or type(exc).__name__
                if not may_repeat:
                    break
                continue
            if answer.status == _UNAVAILABLE and may_repeat and attempt < TRIES - 1:
                continue
            if answer.status >= _FIRST_REFUSAL:
                raise_refusal(answer, told)
            return json.loads(told) if told else None
        if was_sent:
            raise UnansweredError(f"{self.address.url}{path}: {lost}", key)
        raise UnreachableError(f"{self.address.url}: {lost}")

    def _is_stale(self) -> bool:
        sock = self._connection.sock
        return sock is not None and bool(select.select([sock], [], [], 0)[0])

    def _open(self) -> None:
        if self._connection.sock is None:
            open_trusted(self._connection)


def open_trusted(connection: http.client.HTTPConnection) -> None:
    """Open a connection.

    Raises:
        StrangerError: Whoever answers is not to be believed.
        OSError: Nobody answers.
    """
    try:
        connection.connect()
    except ssl.SSLCertVerificationError as exc:
        connection.close()
        raise StrangerError(str(exc)) from exc
    except StrangerError:
        connection.close()
        raise


def raise_refusal(answer: http.client.HTTPResponse, told: bytes) -> NoReturn:
    """Raise what the terminal refused with."""
    after = answer.getheader("Retry-After", "")
    retry_after_s = float(after) if after.isdecimal() else None
    try:
        said = json.loads(told)
        code, words, step = said["code"], Words(said["zh"], said["en"]), Words(**said["next"])
    except (ValueError, KeyError, TypeError):
        text = f"HTTP {answer.status}"
        code, words, step = "http", Words(text, text), Words("请核对地址。", "Check the address.")
    raise RefusedError(answer.status, code, words, step, retry_after_s=retry_after_s)


class _Pinned(http.client.HTTPSConnection):
    """Believes one certificate, whoever signed it and whatever it is called."""

    def __init__(self, host: str, port: int | None, timeout_s: float, fingerprint: str) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        super().__init__(host, port, timeout=timeout_s, context=context)
        self._expected = fingerprint.replace(":", "").strip().lower()

    def connect(self) -> None:
        super().connect()
        shown = self.sock.getpeercert(True) if isinstance(self.sock, ssl.SSLSocket) else None
        if not hmac.compare_digest(hashlib.sha256(shown or b"").hexdigest(), self._expected):
            raise StrangerError("the certificate has another fingerprint")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
