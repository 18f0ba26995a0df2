"""A look that hangs is left to itself: no second one, nobody waits, and what comes late is not believed."""

from __future__ import annotations

import asyncio
import threading
from itertools import count

import pytest
from structlog.testing import capture_logs

from edge.look import Look


def test_every_look_sees_what_is_there_now_outside_the_event_loop() -> None:
    seen = iter("ab")

    async def play() -> None:
        look = Look("letters", lambda: (next(seen), threading.get_ident()), good_s=10)
        for letter in "ab":
            answer = await look.seen()
            assert answer is not None
            assert (answer[0], answer[1] == threading.get_ident()) == (letter, False)

    asyncio.run(play())


def test_look_that_hangs_is_the_only_one_and_its_late_answer_is_dropped() -> None:
    released, begun, now_s = threading.Event(), list[int](), [0.0]

    def hang() -> int:
        begun.append(len(begun))
        assert len(begun) > 1 or released.wait(30)
        return begun[-1]

    async def play() -> None:
        look = Look("a driver that hangs", hang, good_s=10, late_s=0.02, monotonic_s=lambda: now_s[0])
        for _ in range(5):
            assert await look.seen() is None
        assert begun == [0]
        (late,) = [task for task in asyncio.all_tasks() if task.get_name() == "look at a driver that hangs"]
        now_s[0] = 11.0
        released.set()
        await late
        assert await look.seen() is None
        (anew,) = [task for task in asyncio.all_tasks() if task.get_name() == "look at a driver that hangs"]
        await anew
        assert await look.seen() == 1

    asyncio.run(play())


def test_looks_of_a_slow_machine_are_late_but_believed_and_told_once() -> None:
    seen, seconds = count(), count()

    def slow() -> int:
        released.wait(30)
        released.clear()
        return next(seen)

    released = threading.Event()

    async def play() -> list[int | None]:
        look = Look("a slow machine", slow, good_s=100, late_s=0.02, monotonic_s=lambda: next(seconds))
        answers = [await look.seen()]
        for _ in range(3):
            (under_way,) = [task for task in asyncio.all_tasks() if task.get_name() == "look at a slow machine"]
            released.set()
            await under_way
            answers.append(await look.seen())
        released.set()
        return answers

    with capture_logs() as logs:
        assert asyncio.run(play()) == [None, 0, 1, 2]
    assert [one["event"] for one in logs] == ["look.hangs"]


def test_look_that_fails_is_told_to_who_looks_and_the_next_one_begins_anew() -> None:
    seen = iter((OSError("gone"), None))

    def read() -> str:
        failure = next(seen)
        if failure is not None:
            raise failure
        return "there"

    async def play() -> None:
        look = Look("a file", read, good_s=10)
        with pytest.raises(OSError, match="gone"):
            await look.seen()
        assert await look.seen() == "there"

    asyncio.run(play())
