"""A centre that is killed at a chosen step of a message: before or after any statement, before or after the COMMIT.

A helper process imports everything once and forks a child for each message. The child counts its steps by SQLAlchemy's
events and, at the step it was told, sends itself SIGKILL: no clean-up, no flush. One that is not to die opens the store
by itself first, as a centre that was started again does. A child can also be told to die so many microseconds after
its COMMIT has begun, in whatever the database is doing then. `every_death` walks through all steps: the first message
dies at its first one, the next at its second, until one comes through. Tests look at the store after each death, send
the message again, and look once more.

    with crashes() as helper:
        for death in every_death(helper, url, lambda n: office.body("2102", sale(n))):
            ...

As a program it serves requests on standard input, one JSON object a line, and is not meant for people.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.store.database import Store

ROOT = Path(__file__).parents[3]
_MOST_STEPS = 2_000


@dataclass(frozen=True, slots=True)
class Death:
    """What came of one message."""

    body: bytes
    steps: tuple[str, ...]
    """What the child came to; the last one is where it was killed, if it was."""
    answer: bytes | None
    """None if it was killed."""

    @property
    def has_committed(self) -> bool:
        """The COMMIT of a transaction that writes had come back."""
        return "after COMMIT" in self.steps

    @property
    def place(self) -> str:
        """Where it was killed, for people."""
        return f"{len(self.steps)}: {self.steps[-1]}" if self.answer is None else "not killed"


class Helper:
    """The process that forks a child for each message."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def send(
        self,
        url: str,
        body: bytes,
        *,
        die_at: int | None = None,
        into_commit_us: int | None = None,
        area: str = "base",
        now: datetime | None = None,
    ) -> Death:
        """Have a message answered by a centre that dies at its `die_at`-th step, or so long after its COMMIT began."""
        asked = {
            "url": url,
            "body": base64.b64encode(body).decode(),
            "die_at": die_at,
            "into_commit_us": into_commit_us,
            "area": area,
            "now": now.isoformat() if now else None,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        assert told["answer"] is not None or told["was_killed"], told
        answer = None if told["answer"] is None else base64.b64decode(told["answer"])
        return Death(body, tuple(told["steps"]), answer)


@contextmanager
def crashes(*, stderr: int | None = None) -> Iterator[Helper]:
    """Run the helper; its log goes where ours does, or where it is told."""
    command = [sys.executable, "-m", "tests.server.fsi.crash_at"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True
    )
    try:
        yield Helper(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


def every_death(
    helper: Helper,
    url: str,
    new_body: Callable[[int], bytes],
    *,
    area: str = "base",
    now: datetime | None = None,
) -> Iterator[Death]:
    """Yield what came of messages that died at their first, second, third … step; the last one came through.

    Args:
        helper: What forks.
        url: The store.
        new_body: From the number of the step to the message that is to die there: a new one each time.
        area: Whose form it has.
        now: The centre's clock.
    """
    for number in range(1, _MOST_STEPS):
        death = helper.send(url, new_body(number), die_at=number, area=area, now=now)
        yield death
        if death.answer is not None:
            return
    raise AssertionError("no end of steps")


# -- the helper ----------------------------------------------------------------------------------------------------


def serve() -> None:
    """Answer requests until the input ends. Everything is imported before the first fork."""
    from tests.deaths import ground  # noqa: F401, PLC0415 - the helper's side only
    from tests.server.fsi.office import books  # noqa: PLC0415 - the helper's side only

    books()
    opened: dict[str, Store] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["url"] not in opened:
            # Opening takes longer than dying. No connection goes through a fork: none is left open.
            opened[asked["url"]] = _opened(asked["url"])
            opened[asked["url"]]._engine.dispose()
        steps, answer, was_killed = _in_a_child(asked, opened[asked["url"]])
        print(json.dumps({"steps": steps, "answer": answer, "was_killed": was_killed}), flush=True)  # noqa: T201


def _opened(url: str) -> Store:
    from server.store.database import open_store  # noqa: PLC0415 - the helper's side only

    return open_store(url, new_epoch=lambda: "unused")


def _in_a_child(asked: dict[str, object], store: Store) -> tuple[list[str], str | None, bool]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _answer(asked, store, writing)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        lines = told.read().splitlines()
    _, status = os.waitpid(child, 0)
    was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    answers = [line.removeprefix("= ") for line in lines if line.startswith("= ")]
    return [line.removeprefix("- ") for line in lines if line.startswith("- ")], next(iter(answers), None), was_killed


def _answer(asked: dict[str, object], store: Store, told: int) -> None:
    """Answer one message and end; or be killed."""
    from server.fsi.post import Post  # noqa: PLC0415
    from tests.deaths.ground import WholeOffice  # noqa: PLC0415
    from tests.server.fsi.office import NOON, VOICE, Clock  # noqa: PLC0415
    from wire.fsi.areas import shipped_area  # noqa: PLC0415

    os.dup2(2, 1)
    die_at, into_commit_us, now = asked["die_at"], asked["into_commit_us"], asked["now"]
    clock = Clock(datetime.fromisoformat(now) if isinstance(now, str) else NOON)
    if die_at is None and into_commit_us is None:
        store = _opened(str(asked["url"]))
    office = WholeOffice(store, area=shipped_area(str(asked["area"])), clock=clock)
    count = 0

    def step(what: str) -> None:
        nonlocal count
        count += 1
        os.write(told, f"- {what}\n".encode())
        if count == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "before COMMIT" and isinstance(into_commit_us, int):
            # The database lets go of the interpreter while it writes.
            Thread(target=_die_in, args=(into_commit_us / 1e6,), daemon=True).start()

    _listen(store, step)
    reply = office.answering.answer(Post(base64.b64decode(str(asked["body"])), {}, VOICE, clock()))
    step("before the answer leaves")
    os.write(told, b"= " + base64.b64encode(reply.body) + b"\n")
    os._exit(0)


def _die_in(seconds: float) -> None:
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGKILL)


def _listen(store: Store, step: Callable[[str], None]) -> None:
    from sqlalchemy import event  # noqa: PLC0415 - the helper's side only

    engine = store._engine
    shown = 60

    def before(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        step(f"before {' '.join(statement.split())[:shown]}")

    def after(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        step(f"after {' '.join(statement.split())[:shown]}")

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    commit = engine.dialect.do_commit

    def committed(connection: object) -> None:
        step("before COMMIT")
        commit(connection)
        step("after COMMIT")

    engine.dialect.do_commit = committed


if __name__ == "__main__":
    serve()
