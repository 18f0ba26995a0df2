"""What stands between: a gate stops at the message that was chosen, and nowhere else; a process dies in its COMMIT."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from sim.preload import ShimError
from tests.kills import commits
from tests.kills.commits import Commits, Where
from tests.kills.gate import At, Gate, Snare
from tests.kills.messages import HttpCutter, Message, MqttCutter
from wire.envelope import seal
from wire.keys import SigningKey

TOPIC = "yima/1/350200/07/T-001/"
WRITER = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute("PRAGMA journal_mode = WAL"), store.execute("PRAGMA synchronous = FULL")
store.execute("CREATE TABLE t (n INTEGER, filling BLOB)")
print("ready", flush=True)
sys.stdin.readline()
for n in range(1, 5):
    store.execute("INSERT INTO t VALUES (?, zeroblob(20000))", (n,))
"""


class Echo(BaseHTTPRequestHandler):
    """Answers each request with its number, and remembers it."""

    protocol_version = "HTTP/1.1"
    came: list[str]

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.came.append(said["msgid"])
        body = b'{"infcode": 0}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def came() -> list[str]:
    return []


@pytest.fixture
def gate(came: list[str]) -> Iterator[Gate]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OwnEcho", (Echo,), {"came": came}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    gate = Gate(server.server_address[1], HttpCutter)
    yield gate
    gate.close()
    server.shutdown()
    server.server_close()


def ask(gate: Gate, infno: str, msgid: str) -> int | None:
    """Return what was answered; None if the line broke off."""
    with (
        suppress(OSError, http.client.HTTPException),
        closing(http.client.HTTPConnection("127.0.0.1", gate.port, timeout=5)) as line,
    ):
        line.request("POST", "/", json.dumps({"infno": infno, "msgid": msgid}))
        return line.getresponse().status
    return None


@pytest.mark.parametrize(
    ("at", "first", "came_first"),
    [(At.LEAVING, None, ["1", "2"]), (At.LOST, None, ["1", "2", "3"]), (At.TOLD, 200, ["1", "2", "3"])],
)
def test_a_gate_stops_on_the_side_that_was_chosen_of_the_message_that_was_chosen(
    gate: Gate, came: list[str], at: At, first: int | None, came_first: list[str]
) -> None:
    snare = Snare("2102", 2, at, gate.shut)
    gate.listen(snare)
    assert [ask(gate, "2101", "1"), ask(gate, "2102", "2")] == [200, 200]
    answer = ask(gate, "2102", "3")
    assert snare.sprung.wait(5)
    assert at is At.TOLD or answer is first
    assert came == came_first
    assert ask(gate, "2102", "3") is None, "it is shut"
    gate.reopen()
    assert ask(gate, "2102", "3") == 200
    assert gate.heard == [Message("2101", "1"), Message("2102", "2"), Message("2102", "3")]


def test_a_message_that_is_sent_again_is_not_the_next_one(gate: Gate) -> None:
    snare = Snare("2102", 2, At.LEAVING, gate.shut)
    gate.listen(snare)
    assert [ask(gate, "2102", "1") for _ in range(3)] == [200] * 3
    assert not snare.is_met


def test_sealed_messages_are_read_in_whatever_pieces_they_come() -> None:
    asked: dict[bytes, Message] = {}
    body = json.dumps({"infno": "2102", "msgid": "M-1", "filling": "药" * 300}).encode()
    up = b"\xc0\x00" + _publish(
        f"{TOPIC}fsi", seal(body, TOPIC, SigningKey(Ed25519PrivateKey.generate())), b"12345678", qos=1
    )
    cutter = MqttCutter(asked)
    pieces = [piece for byte in up for piece in cutter.feed(bytes([byte]), is_back=False)]
    assert b"".join(piece for piece, _ in pieces) == up
    assert [message for _, message in pieces] == [None, Message("2102", "M-1")]
    down = _publish(f"{TOPIC}answer", b"YM...", b"12345678") + _publish(f"{TOPIC}answer", b"YM...", b"another.")
    told = [message for _, message in MqttCutter(asked).feed(down, is_back=True)]
    assert told == [Message("2102", "M-1", is_answer=True), None]


def _publish(topic: str, payload: bytes, correlation: bytes, qos: int = 0) -> bytes:
    said = Properties(PacketTypes.PUBLISH)
    said.CorrelationData = correlation
    named = topic.encode()
    rest = len(named).to_bytes(2) + named + (b"\0\1" if qos else b"") + said.pack() + payload
    size, left = b"", len(rest)
    while True:
        left, low = left >> 7, left & 0x7F
        size += bytes([low | (0x80 if left else 0)])
        if not left:
            return bytes([0x30 | qos << 1]) + size + rest


@pytest.mark.parametrize(("where", "kept"), [(Where.TORN, [1, 2]), (Where.WRITTEN, [1, 2, 3])])
def test_who_dies_within_a_commit_has_done_nothing_or_all_of_it(tmp_path: Path, where: Where, kept: list[int]) -> None:
    try:
        library = commits.build(tmp_path)
    except ShimError as why:
        pytest.skip(str(why))
    store, switch = tmp_path / "terminal.db", Commits(tmp_path / "control")
    command = [sys.executable, "-c", WRITER, str(store)]
    with subprocess.Popen(
        command, env=switch.environment(library), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == b"ready\n"
        before = switch.done
        switch.die_in(3, where)
        one.communicate(b"\n", timeout=10)
    assert one.returncode == -signal.SIGKILL
    assert switch.done - before == 2
    with closing(sqlite3.connect(store)) as again:
        assert [n for (n,) in again.execute("SELECT n FROM t ORDER BY n")] == kept


def test_a_gate_to_nobody_resets(gate: Gate) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        lonely = Gate(probe.getsockname()[1], HttpCutter)
    assert ask(lonely, "2102", "1") is None
    lonely.close()
