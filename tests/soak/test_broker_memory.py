"""The embedded broker holds a bounded part of what went through it: a pharmacy's box runs for years."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from server.broker import LOG_PIECE_BYTES, LOG_PIECES
from sim.stage import Stage, free_port
from tests.bench.processes import rss_mb

MESSAGES = 100
BYTES = 1_000_000
PATIENCE_S = 60.0
TOPIC = "yima/test"


@pytest.mark.slow
@pytest.mark.contract
@pytest.mark.req("T-67")
def test_the_embedded_broker_forgets_what_is_delivered(tmp_path: Path) -> None:
    stage, port = Stage(tmp_path), free_port()
    broker = stage.add("broker", ["broker", "run", "--port", str(port)], port)
    client = Client(CallbackAPIVersion.VERSION2, client_id="soak", protocol=MQTTProtocolVersion.MQTTv5)
    came = threading.Semaphore(0)
    ready = threading.Event()
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = lambda *_: came.release()
    client.on_connect = lambda *_: client.subscribe(TOPIC, qos=1)
    try:
        client.connect("127.0.0.1", port)
        client.loop_start()
        assert ready.wait(PATIENCE_S)
        before = rss_mb(broker.pid)
        for _ in range(MESSAGES):
            client.publish(TOPIC, bytes(BYTES), qos=1)
            assert came.acquire(timeout=PATIENCE_S), "a message was not delivered"
        grown = rss_mb(broker.pid) - before
    finally:
        client.disconnect()
        client.loop_stop()
        stage.stop()
    kept = LOG_PIECES * (LOG_PIECE_BYTES + BYTES) / 1e6
    assert grown < 2 * kept < MESSAGES * BYTES / 1e6, f"{grown:.0f} MB more for {kept:.0f} MB that may be kept"
