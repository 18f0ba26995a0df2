"""A call that never comes back holds nobody up, and what it did too late is undone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading

import pytest

from drivers.aside import aside, entered_aside


def test_an_answer_and_an_error_come_back_from_the_other_thread():
    def fail() -> None:
        raise OSError("no")

    async def play():
        assert await aside(threading.get_ident) != threading.get_ident()
        with pytest.raises(OSError, match="no"):
            await aside(fail)

    asyncio.run(play())


def test_what_comes_too_late_is_undone_and_others_go_on():
    released, undone = threading.Event(), threading.Event()
    given = []

    def slow() -> int:
        assert released.wait(30)
        return 7

    def undo(number: int) -> None:
        given.append(number)
        undone.set()

    async def play():
        waiting = asyncio.create_task(aside(slow, undo=undo))
        assert await aside(lambda: "at once") == "at once"
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        released.set()
        assert await asyncio.to_thread(undone.wait, 30)

    asyncio.run(play())
    assert given == [7]


def test_what_comes_after_the_end_of_the_loop_is_undone_too():
    released, undone = threading.Event(), threading.Event()

    async def play():
        waiting = asyncio.create_task(aside(lambda: released.wait(30), undo=lambda _: undone.set()))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(play())
    released.set()
    assert undone.wait(30)


def test_a_context_is_left_however_the_block_ends():
    left = []

    @contextlib.contextmanager
    def device():
        yield "open"
        left.append(True)

    async def play():
        async with entered_aside(device()) as opened:
            assert opened == "open"
        with pytest.raises(ValueError, match="inside"):
            async with entered_aside(device()):
                raise ValueError("inside")

    asyncio.run(play())
    assert left == [True, True]


def test_a_process_ends_although_a_call_never_comes_back(tmp_path):
    # Opening a pipe that nobody writes to blocks in the kernel for ever, as a stuck device does.
    os.mkfifo(tmp_path / "stuck")
    program = (
        "import asyncio, os, sys\n"
        "from drivers.aside import aside\n"
        "async def play():\n"
        "    stuck = asyncio.create_task(aside(lambda: os.open(sys.argv[1], os.O_RDONLY)))\n"
        "    await asyncio.wait({stuck}, timeout=0.1)\n"
        "    stuck.cancel()\n"
        "asyncio.run(play())\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "stuck")], timeout=20, check=False)
    assert done.returncode == 0
