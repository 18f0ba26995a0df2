"""A scripted centre that speaks the true bytes, over HTTP and over MQTT's seal, and can be made to fail."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from codes.words import Words
from tests.edge.scene import NOON
from wire.envelope import open_sealed, seal
from wire.exchange import Exchange
from wire.fsi.areas import shipped_area
from wire.fsi.asking import Asker, Sender
from wire.fsi.envelope import read_request, write_answer
from wire.fsi.lasting import READS, REVERSAL
from wire.fsi.signing import Secrets, protection_of
from wire.rpc import sealed_for

AREA = shipped_area("base")
SHOP = "P35020300001"
SENDER = Sender(SHOP, "虚构一心大药房", "350203", "li01", "李")
DISTRICT = "350203"
PERSON = "9900000001"
UNDO = {"data": {"setl_id": "S-1", "mdtrt_id": "M-1", "psn_no": PERSON}}
"""The input of a 2103: the shortest that changes something and can be taken back."""
SIGN_IN = {"signIn": {"opter_no": "li01", "mac": "00-11-22-33-44-55", "ip": "192.0.2.7"}}

ANSWER, LOSE_REQUEST, LOSE_ANSWER, GARBAGE, BUSY, NAMELESS = (
    "answer", "lose request", "lose answer", "garbage", "busy", "nameless",
)  # fmt: skip


def asker() -> Asker:
    return Asker(AREA, protection_of(AREA), Secrets())


@dataclass
class Centre:
    """Does each message once by its msgid, or, where it keeps nothing, each time that it comes."""

    keeps_answers: bool = True
    script: list[str] = field(default_factory=list)
    """What happens to the next messages; then they are answered."""
    refuses: str = ""
    """With this code it refuses what would change something; 2601 is done all the same."""
    heard: list[tuple[str, str]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    """Numbers of what was done, each time that it was."""
    reversed: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    demands_sign_in: bool = False
    refuses_sign_in: str = ""
    """With this code."""
    nameless: str = ""
    """What it says instead of any code."""
    sign_ins: list[str] = field(default_factory=list)
    """Those that hold; a test that takes them away lets them end."""

    def __post_init__(self) -> None:
        self._answers: dict[str, bytes] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    @property
    def standing(self) -> list[str]:
        """What was done and not taken back."""
        return [one for one in self.done if one not in self.reversed]

    def answer(self, body: bytes) -> bytes | None:
        """Return an answer; None if none arrives."""
        with self._lock:
            return self._answer(body)

    def _answer(self, body: bytes) -> bytes | None:
        request = read_request(body, AREA)
        self.heard.append((request.infno, request.msgid))
        self.bodies.append(body)
        fault = self.script.pop(0) if self.script else ANSWER
        if fault == LOSE_REQUEST:
            return None
        if fault == BUSY:
            return self._refusal("fsi.busy")
        if fault == NAMELESS:
            return self._refusal("")
        if self.demands_sign_in and request.infno != "9001" and request.sign_no not in self.sign_ins:
            return self._refusal("fsi.sign_in_needed")
        answer = self._done(request.infno, request.msgid, request.input)
        return {LOSE_ANSWER: None, GARBAGE: b"<html>502</html>"}.get(fault, answer)

    def _done(self, infno: str, msgid: str, said: Any) -> bytes:
        if infno == "9001":
            return self._refusal(self.refuses_sign_in) if self.refuses_sign_in else self._signed_in()
        if infno == "9002":
            self.sign_ins.remove(said["signOut"]["sign_no"])
        if infno in READS or infno == "9002":
            return self._yes({})
        if self.keeps_answers and msgid in self.reversed:
            return self._refusal("fsi.msgid_reversed")
        if self.keeps_answers and msgid in self._answers:
            return self._answers[msgid]
        if infno == REVERSAL:
            self.reversed.append(said["data"]["omsgid"])
        elif self.refuses:
            return self._refusal(self.refuses)
        else:
            self.done.append(msgid)
        return self._answers.setdefault(msgid, self._yes({}))

    def _signed_in(self) -> bytes:
        self.sign_ins.append(f"N{len(self.heard)}")
        return self._yes({"signinoutb": {"sign_time": "2026-11-21 12:00:00", "sign_no": self.sign_ins[-1]}})

    def _yes(self, output: dict[str, object]) -> bytes:
        return write_answer(AREA, refmsgid=f"R{next(self._numbers)}", received_at=NOON, answered_at=NOON, output=output)

    def _refusal(self, code: str) -> bytes:
        code = "" if self.nameless else code
        error = Words("不予办理", "refused")
        written = write_answer(AREA, refmsgid="R", received_at=NOON, answered_at=NOON, error=error, code=code or "x.y")
        if code:
            return written
        told = json.loads(written)
        return json.dumps(told | {"err_msg": self.nameless or "报文重复"}).encode()


class Door:
    """The centre's address over HTTP. What it does not answer, it closes the connection on."""

    def __init__(self, centre: Centre) -> None:
        self.status = 200

        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = centre.answer(body)
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(door.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/fsi"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class SealedLink:
    """What `FsiCaller` takes for the connection: questions reach the centre at once, sealed as they travel."""

    def __init__(self, centre: Centre, caller_key: Any, centre_key: Any) -> None:
        self._centre, self._caller, self._key = centre, caller_key, centre_key
        self.is_up = True

    def __call__(self, *_: object, on_exchange: Callable[[str, bytes, Exchange], None], **__: object) -> SealedLink:
        self._hear = on_exchange
        return self

    def start(self) -> None: ...

    def stop(self, *, timeout_s: float) -> None: ...

    def exchange(self, topic: str, frame: bytes, exchange: Exchange) -> bool:
        if not self.is_up:
            return False
        body = open_sealed(frame, sealed_for(topic, exchange.correlation), lambda _: self._caller).body
        answer = self._centre.answer(body)
        if answer is not None:
            place = sealed_for(exchange.answer_to, exchange.correlation)
            self._hear(exchange.answer_to, seal(answer, place, self._key), Exchange(exchange.correlation))
        return True
