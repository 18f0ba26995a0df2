"""A look that hangs is left to itself: no second one, nobody waits, and what comes late is not believed."""

from __future__ import annotations

import asyncio
import threading

import pytest

from edge.look import Look


def test_every_look_sees_what_is_there_now_outside_the_event_loop() -> None:
    seen = iter("ab")

    async def play() -> None:
        look = Look("letters", lambda: (next(seen), threading.get_ident()))
        for letter in "ab":
            answer = await look.seen()
            assert answer is not None
            assert (answer[0], answer[1] == threading.get_ident()) == (letter, False)

    asyncio.run(play())


def test_look_that_hangs_is_the_only_one_and_its_late_answer_is_dropped() -> None:
    released, begun = threading.Event(), list[int]()

    def hang() -> int:
        begun.append(len(begun))
        assert len(begun) > 1 or released.wait(10)
        return begun[-1]

    async def play() -> None:
        look = Look("a driver that hangs", hang, late_s=0.02)
        for _ in range(5):
            assert await look.seen() is None
        assert begun == [0]
        (late,) = [task for task in asyncio.all_tasks() if task.get_name() == "look at a driver that hangs"]
        released.set()
        await late
        assert await look.seen() == 1

    asyncio.run(play())


def test_look_that_fails_is_told_to_who_looks_and_the_next_one_begins_anew() -> None:
    seen = iter((OSError("gone"), None))

    def read() -> str:
        failure = next(seen)
        if failure is not None:
            raise failure
        return "there"

    async def play() -> None:
        look = Look("a file", read)
        with pytest.raises(OSError, match="gone"):
            await look.seen()
        assert await look.seen() == "there"

    asyncio.run(play())
