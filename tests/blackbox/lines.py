"""How a till reaches the centre: HTTP with the area's signature, or MQTT with the terminal's seal."""

from __future__ import annotations

import hashlib
import http.client
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from wire.fsi.signing import Secrets, Sending, protection_of

PATH = "/fsi/api/callFsiService/callService"
Json = dict[str, Any]


@dataclass(frozen=True)
class PlugIns:
    """The three names in the page's table of areas."""

    signer: str = "none"
    encryptor: str = "none"
    transport: str = "plain"


@dataclass
class HttpLine:
    """Posts. What an area wants beside the envelope is added here."""

    port: int
    token: str = ""
    dress: Callable[[str, Json, bytes], tuple[Mapping[str, str], bytes]] | None = None
    undress: Callable[[str, bytes], bytes] = field(default=lambda _, body: body)

    def __call__(self, institution: str, frame: str, business: bytes) -> Json:
        """Send a message and read its answer, numbers exactly."""
        headers: Mapping[str, str] = {}
        body = frame.removesuffix("}").encode() + b',"input":' + business + b"}"
        if self.dress is not None:
            headers, body = self.dress(institution, json.loads(frame), business)
        status, answer = self.post(body, headers)
        assert status == 200, (status, answer)
        read: Json = json.loads(self.undress(institution, answer), parse_float=Decimal)
        return read

    def post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Post a body and return what comes."""
        said = {"Content-Type": "application/json", **headers}
        if self.token:
            said |= {"Authorization": f"Bearer {self.token}"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", PATH, body, said)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


def gateway(account: str, secret: str) -> Callable[[str, Json, bytes], tuple[Mapping[str, str], bytes]]:
    """Return what adds the headers of the gateway."""

    def dress(institution: str, frame: Json, business: bytes) -> tuple[Mapping[str, str], bytes]:
        del institution
        stamp, nonce = str(int(time.time())), secrets.token_hex(16)
        headers = {
            "x-tif-paasid": account,
            "x-tif-timestamp": stamp,
            "x-tif-nonce": nonce,
            "x-tif-signature": hashlib.sha256(f"{stamp}{secret}{nonce}{stamp}".encode()).hexdigest(),
        }
        return headers, around(frame, business)

    return dress


def with_password(
    password: str, asked_for: frozenset[str]
) -> Callable[[str, Json, bytes], tuple[Mapping[str, str], bytes]]:
    """Return what puts the person's password, as typed, into `cainfo` where it is asked for."""

    def dress(institution: str, frame: Json, business: bytes) -> tuple[Mapping[str, str], bytes]:
        del institution
        said = {**frame, "cainfo": password} if frame["infno"] in asked_for else frame
        return {}, around(said, business)

    return dress


def around(frame: Json, business: bytes) -> bytes:
    """Put the input into the envelope, character by character."""
    return json.dumps(frame, ensure_ascii=False).removesuffix("}").encode() + b',"input":' + business + b"}"


@dataclass(frozen=True)
class Protected:
    """Signs and hides with the client's side of the plug-ins."""

    plug_ins: PlugIns
    keys: Secrets

    def dress(self, institution: str, frame: Json, business: bytes) -> tuple[Mapping[str, str], bytes]:
        protection = protection_of(self.plug_ins)
        sending = Sending(frame["infno"], institution, business, secrets.token_hex(16))
        out = protection.send(frame, sending, self.keys, datetime.now(UTC))
        return out.headers, out.body

    def undress(self, institution: str, body: bytes) -> bytes:
        return protection_of(self.plug_ins).read_answer(body, self.keys, institution, datetime.now(UTC))
