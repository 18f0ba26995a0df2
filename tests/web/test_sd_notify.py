"""The service manager hears that we are ready, that we stop, and of life only where every part proves it."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from codes.errors import TransientError
from codes.words import Words
from web.sd_notify import Proof, Service, answering, feed_watchdog, turning

WINDOW_S = 0.15
DEADLINE_S = 30.0


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        listening.settimeout(DEADLINE_S)
        yield listening


@pytest.fixture(params=["file", "abstract"])
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """What NOTIFY_SOCKET says, and the socket behind it."""
    name = str(tmp_path / "notify") if request.param == "file" else f"@yima-test-{os.getpid()}"
    with manager(name.replace("@", "\0", 1)) as listening:
        yield name, listening


def test_start_and_stop_are_told(heard: tuple[str, socket.socket]) -> None:
    name, listening = heard
    service = Service.of({"NOTIFY_SOCKET": name}, os.getpid())
    service.ready("http://127.0.0.1:8620/")
    service.alive()
    service.stopping()
    told = [listening.recv(4096).decode() for _ in range(3)]
    assert told == ["READY=1\nSTATUS=http://127.0.0.1:8620/", "WATCHDOG=1", "STOPPING=1"]


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:9"}])
def test_outside_of_systemd_nothing_is_told_and_nothing_watched(environ: dict[str, str]) -> None:
    service = Service.of({**environ, "WATCHDOG_USEC": "1000000"}, os.getpid())
    assert service == Service()
    service.ready("")
    asyncio.run(feed_watchdog(service, {"never asked": forever}))


@pytest.mark.parametrize(
    ("variables", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "12"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "13"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watch_is_for_the_process_that_it_names(variables: dict[str, str], watchdog_s: float | None) -> None:
    assert Service.of({"NOTIFY_SOCKET": "/x", **variables}, 12).watchdog_s == watchdog_s


def test_a_manager_that_is_gone_stops_no_work(tmp_path: Path) -> None:
    with capture_logs() as lines:
        Service(str(tmp_path / "gone")).alive()
    assert [(line["event"], line["said"]) for line in lines] == [("service.not_told", "WATCHDOG=1")]


async def forever() -> bool:
    return await asyncio.get_running_loop().create_future()


async def going_on() -> bool:
    return True


def fed(proofs: dict[str, Proof], rounds: int, between: Callable[[int], object], folder: Path) -> list[str]:
    """Return what the manager hears in so many rounds."""

    async def play() -> None:
        turn = 0

        async def next_round(_seconds: float) -> None:
            nonlocal turn
            turn += 1
            between(turn)
            if turn == rounds:
                task.cancel()
                await asyncio.sleep(0)

        task = asyncio.ensure_future(feed_watchdog(Service(address, WINDOW_S), proofs, sleep=next_round))
        await asyncio.wait([task], timeout=DEADLINE_S)
        assert task.cancelled()

    address = str(folder / "manager")
    with manager(address) as listening:
        asyncio.run(play())
        listening.setblocking(False)
        told: list[str] = []
        while True:
            try:
                told.append(listening.recv(4096).decode())
            except BlockingIOError:
                return told


def test_it_is_fed_while_all_parts_prove_that_they_go_on(tmp_path: Path) -> None:
    turns = iter(range(100))
    proofs = {"loop": turning(lambda: next(turns)), "store": answering(going_on)}
    assert fed(proofs, 3, lambda _: None, tmp_path) == ["WATCHDOG=1"] * 3


@pytest.mark.req("T-48")
def test_a_part_that_hangs_ends_the_feeding_until_it_moves_again(tmp_path: Path) -> None:
    """A thread that stands still, as a disk that does not answer leaves the one writer of the store."""
    lane = threading.Event()
    lane.set()

    def between(turn: int) -> None:
        if turn == 1:
            lane.clear()
        if turn == 3:
            lane.set()

    async def answered() -> bool:
        return await asyncio.to_thread(lane.wait, DEADLINE_S)

    with capture_logs() as lines:
        told = fed({"store": answered, "scanners": going_on}, 4, between, tmp_path)
    assert told == ["WATCHDOG=1", *["STATUS=no progress: store"] * 2, "WATCHDOG=1\nSTATUS=going on"]
    assert [line["event"] for line in lines] == ["watchdog.not_fed", "watchdog.fed_again"]
    assert lines[0]["still"] == ["store"]


def test_a_loop_that_stands_still_ends_the_feeding(tmp_path: Path) -> None:
    assert fed({"scanners": turning(lambda: 7)}, 2, lambda _: None, tmp_path)[1] == "STATUS=no progress: scanners"


def test_a_refusal_that_may_pass_is_an_answer(tmp_path: Path) -> None:
    """A database that is down is no reason to restart whoever asks it: that would not bring it back."""

    async def refuse() -> None:
        raise TransientError(Words("数据库未运行", "The database is down"))

    assert fed({"store": answering(refuse)}, 2, lambda _: None, tmp_path) == ["WATCHDOG=1"] * 2


def test_a_proof_that_breaks_proves_nothing_and_is_told(tmp_path: Path) -> None:
    async def broken() -> bool:
        raise RuntimeError("cannot schedule new futures after shutdown")

    with capture_logs() as lines:
        told = fed({"store": broken, "loop": going_on}, 2, lambda _: None, tmp_path)
    assert told == ["STATUS=no progress: store"] * 2
    assert [line["event"] for line in lines][:2] == ["watchdog.proof_failed", "watchdog.not_fed"]
