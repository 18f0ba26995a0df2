"""The floor of P-06: the barest loop that is still safe.

Rows in SQLite (FULL) → 100 per MQTT message → INSERT OR IGNORE and COMMIT (FULL) in another process → one answer per
message → DELETE. No signature, no schema, no chain, no ledger: what our own drain is measured against.
"""

from __future__ import annotations

import json
import multiprocessing
import queue
import sqlite3
import time
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from wire.link import _without_delay

ROWS_PER_MESSAGE = 100
WINDOW = 10


def connect(name: str, port: int, topic: str, arrived: queue.Queue[bytes]) -> Client:
    """Return a client that is subscribed to `topic` and puts what arrives into `arrived`."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5)
    client.on_socket_open = _without_delay
    ready: queue.Queue[None] = queue.Queue()

    def on_message(_client: Client, _userdata: object, message: MQTTMessage) -> None:
        arrived.put(bytes(message.payload))

    def on_subscribe(*_args: Any) -> None:
        ready.put(None)

    client.on_message = on_message
    client.on_subscribe = on_subscribe
    client.connect("127.0.0.1", port)
    client.subscribe(topic, 1)
    client.loop_start()
    ready.get(timeout=10)
    return client


def open_database(path: Path, table: str) -> sqlite3.Connection:
    """Return a connection with WAL and FULL."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute(table)
    return database


def serve(port: int, path: Path, ready: Any) -> None:
    """Be the centre, until killed."""
    arrived: queue.Queue[bytes] = queue.Queue()
    database = open_database(path, "CREATE TABLE event (id TEXT PRIMARY KEY, seq INTEGER, body BLOB)")
    client = connect("floor-centre", port, "up", arrived)
    ready.set()
    while True:
        rows = json.loads(arrived.get())
        database.execute("BEGIN")
        database.executemany("INSERT OR IGNORE INTO event VALUES (?, ?, ?)", rows)
        database.execute("COMMIT")
        client.publish("down", json.dumps([rows[0][1], rows[-1][1]]), qos=1)


def drain(port: int, folder: Path, rows: int, body: str) -> float:
    """Drain `rows` rows; return rows per second."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    centre = context.Process(target=serve, args=(port, folder / "floor-centre.db", ready), daemon=True)
    centre.start()
    if not ready.wait(20):
        raise RuntimeError("the floor's centre did not start")
    arrived: queue.Queue[bytes] = queue.Queue()
    database = open_database(
        folder / "floor-edge.db", "CREATE TABLE outbox (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, body TEXT)"
    )
    database.execute("BEGIN")
    database.executemany(
        "INSERT INTO outbox VALUES (?, ?, ?)", ((seq, f"{seq:032x}", body) for seq in range(1, rows + 1))
    )
    database.execute("COMMIT")
    client = connect("floor-edge", port, "down", arrived)
    started = time.perf_counter()
    sent = on_the_way = done = 0
    while done < rows:
        while sent < rows and on_the_way < WINDOW:
            batch = database.execute(
                "SELECT id, seq, body FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?", (sent, ROWS_PER_MESSAGE)
            ).fetchall()
            client.publish("up", json.dumps(batch), qos=1)
            sent = batch[-1][1]
            on_the_way += 1
        first, last = json.loads(arrived.get(timeout=20))
        database.execute("DELETE FROM outbox WHERE seq BETWEEN ? AND ?", (first, last))
        done += last - first + 1
        on_the_way -= 1
    elapsed = time.perf_counter() - started
    client.disconnect()
    client.loop_stop()
    centre.kill()
    centre.join(5)
    database.close()
    return rows / elapsed
