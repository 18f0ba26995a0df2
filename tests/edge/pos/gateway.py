"""An interface in a thread: it settles what is new to it, counts, and can be told to die in the middle of an answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
SETTLES = {"2102", "2207"}


@dataclass
class Gateway:
    """What it knows."""

    keeps_answers: bool = True
    port: int = 0
    bodies: list[bytes] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    settled: dict[str, Json] = field(default_factory=dict)
    """Settlements that stand, by msgid."""
    answered: dict[str, bytes] = field(default_factory=dict)
    before_doing: Callable[[Json], None] = field(default=lambda _: None)
    """Called when a message has come, before anything is done."""
    after_doing: Callable[[Json], None] = field(default=lambda _: None)
    within_answer: Callable[[object], None] = field(default=lambda _: None)
    pid: int = 0
    """Of a terminal that is to be killed."""
    told: Json = field(default_factory=dict)
    """More of what its settlements say."""
    cuts: int = 0
    """So many answers break off in their middle."""
    answer: Callable[[bytes], bytes | None] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def infnos(self) -> list[str]:
        return [json.loads(body)["infno"] for body in self.bodies]

    def take(self, body: bytes) -> bytes:
        """Do what a message says, and return the answer."""
        with self.lock:
            self.bodies.append(body)
            if self.answer is not None and (told := self.answer(body)) is not None:
                return told
            said = json.loads(body)
            self.before_doing(said)
            msgid = said.get("msgid", "")
            if self.keeps_answers and msgid in self.answered:
                return self.answered[msgid]
            self.answered[msgid] = answer = json.dumps(self._done(said)).encode()
            self.after_doing(said)
            return answer

    def _done(self, said: Json) -> Json:
        if said["infno"] in SETTLES:
            info = {"setl_id": f"S{len(self.answered):06d}", "mdtrt_id": "V1", "fund_pay_sumamt": 1, **self.told}
            self.settled[said["msgid"]] = info
            return _ok({"setlinfo": info})
        if said["infno"] == "2601":
            self.settled.pop(said["input"]["data"]["omsgid"], None)
            return _ok({})
        return _ok({"result": {"retRslt": "1"}})


def _ok(output: Json) -> Json:
    return {"infcode": 0, "inf_refmsgid": "1", "err_msg": "", "output": output}


@contextmanager
def gateway(port: int = 0, **more: Any) -> Iterator[Gateway]:
    """Run one until the end of the block."""
    known = Gateway(**more)
    with opened(known, port):
        yield known


@contextmanager
def opened(known: Gateway, port: int = 0) -> Iterator[None]:
    """Answer on a port, with what is known already."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            known.heads.append(dict(self.headers))
            answer = known.take(body)
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            if known.cuts:
                known.cuts -= 1
                self.wfile.write(answer[: len(answer) // 2])
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()
                return
            self.wfile.write(answer[:10])
            self.wfile.flush()
            known.within_answer(None)
            with suppress(OSError):
                self.wfile.write(answer[10:])

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    known.port = server.server_address[1]
    thread = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
