"""The centre's process dies without warning around its commit; the next one answers the resends."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from server.store.database import Store
from tests.server.fake_terminal import FakeTerminal, code_of, dispensed, scanned
from tests.server.ingest import looking
from tests.server.ingest.conftest import Centre

# Takes one call's frames from standard input and dies where it is told to, as after kill -9: no clean-up, no flush.
DYING = """
import base64, json, os, sys
from server.ingest import Ingest, take
from server.store import alarms
from server.store.database import open_store
from tests.server.fake_terminal import NOW, new_key

url, place = sys.argv[1:]
store = open_store(url, new_epoch=lambda: "unused")
die = lambda *_given: os._exit(9)
if place == "before commit":
    alarms.raise_alarms = die
frames = [(topic, base64.b64decode(frame)) for topic, frame in json.load(sys.stdin)]
Ingest(store, new_key(), announce=die if place == "after commit" else lambda _news: None).take_many(frames, NOW)
os._exit(0)
"""


def take_and_die(url: str, place: str, *frames: tuple[str, bytes]) -> int:
    told = json.dumps([(topic, base64.b64encode(frame).decode()) for topic, frame in frames])
    command = [sys.executable, "-c", DYING, url, place]
    root = Path(__file__).parents[3]
    return subprocess.run(command, input=told, text=True, cwd=root, timeout=60, check=False).returncode


@pytest.mark.req("T-02")
@pytest.mark.req("T-04")
def test_kills_around_the_commit_lose_nothing_and_double_nothing(store: Store, store_url: str) -> None:
    terminal = FakeTerminal().registered(store)
    frames = []
    for number in range(4):
        events = [scanned(code_of(number)), dispensed(code_of(number), sale=f"S{number}")]
        frames.append(terminal.frame(*(terminal.say(event) for event in events)))

    assert take_and_die(store_url, "before commit", *frames[:2]) == 9
    assert looking.count(store, "event") == 0
    assert take_and_die(store_url, "after commit", *frames[:2]) == 9
    assert looking.count(store, "event") == 4
    assert take_and_die(store_url, "before commit", *frames[1:]) == 9
    assert looking.count(store, "event") == 4

    # Nobody was answered, so the terminal sends everything again.
    receipts = Centre(store).take(*frames)

    assert [receipt.accepted for receipt in receipts] == [[(1, 2)], [(3, 4)], [(5, 6)], [(7, 8)]]
    assert looking.states(store) == dict.fromkeys(map(code_of, range(4)), "sold")
    assert looking.count(store, "event") == 8
    assert looking.count(store, "evidence") == 4
    assert looking.stream(store).contiguous_to == 8
    assert looking.alarms_of(store) == []
