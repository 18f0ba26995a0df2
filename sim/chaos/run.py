"""One run of chaos: work goes on, faults follow each other, everything drains, the checker decides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sim.chaos.checker import Held, Verdict, judge
from sim.chaos.faults import Scene, inflict
from sim.chaos.load import Journal, Work
from sim.chaos.plan import Kind, Planned, plan_faults
from sim.chaos.stand import Post, Stand
from sim.packs import Shelf, load_items

RECOVERY_MOST_S = 30.0
"""What is promised."""
GIVE_UP_S = 90.0
"""When a terminal that does not come back ends the run."""
DRAIN_S = 120.0
ASKED_SINGLY = 500
CONTROLS = 20
"""Boxes that stay on the shelf, about which the centre is asked as well."""
_LOOK_S = 0.05


class NoRecoveryError(Exception):
    """After a fault was mended nothing went on."""


class NothingToBreakError(Exception):
    """None of the kinds of faults that were asked for can be shown here."""


@dataclass(frozen=True, slots=True)
class Goal:
    """When it is enough."""

    events: int
    """Acknowledged records, at least."""
    kills: int
    """Processes killed, at least."""
    minutes: float | None
    """No fault begins after this, None for as long as it takes; with no other goal faults go on for this long. Setting
    up, and what has to drain afterwards, are not in it."""
    only: frozenset[Kind] = frozenset()
    """Kinds of faults that are wanted; all that can be shown if empty."""


@dataclass(frozen=True, slots=True)
class Suffered:
    """One fault, and how long it took to recover from it."""

    planned: Planned
    began_s: float
    """Since the run began."""
    recovered_s: float
    """From the mending until every terminal that was hit had acknowledged a new scan and had the receipt for it."""


@dataclass(slots=True)
class Run:
    """Everything about a run, while it is on and afterwards."""

    stand: Stand
    seed: int
    goal: Goal
    works: dict[str, Work]
    shelf: Shelf
    """Boxes that stay where they are."""
    ending: asyncio.Event
    suffered: list[Suffered] = field(default_factory=list)
    now: Planned | None = None
    """The fault that is on."""
    kills: int = 0
    status: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the terminals said of themselves in the end."""
    verdict: Verdict | None = None
    began_s: float = field(default_factory=time.monotonic)

    @property
    def kinds(self) -> set[Kind]:
        """Faults to suffer: those that were asked for and can be shown here."""
        return self.stand.kinds & (self.goal.only or frozenset(Kind))

    @property
    def journals(self) -> list[Journal]:
        """What the terminals said."""
        return [work.journal for work in self.works.values()]

    @property
    def acknowledged(self) -> int:
        """Records acknowledged so far, about: the checker counts each once."""
        return sum(
            len(journal.answered) + sum(len(closed.lines) for closed in journal.closed) for journal in self.journals
        )

    @property
    def is_enough(self) -> bool:
        """The goal is reached, or the time is over."""
        if self.goal.minutes is not None and self.elapsed_s >= self.goal.minutes * 60:
            return True
        has_numbers = self.goal.events > 0 or self.goal.kills > 0
        return has_numbers and self.acknowledged >= self.goal.events and self.kills >= self.goal.kills

    @property
    def elapsed_s(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.began_s


def prepare(stand: Stand, seed: int, goal: Goal) -> Run:
    """Return a run on this stand that has not begun."""
    ending = asyncio.Event()
    shelf = Shelf(load_items(), Random(f"{seed}-shelf"))
    works = {name: Work(post, shelf, Journal(name), ending, f"chaos-{seed}") for name, post in stand.posts.items()}
    return Run(stand, seed, goal, works, shelf, ending)


async def play(run: Run) -> None:
    """Work and suffer until it is enough, drain, and let the checker decide; the verdict is in `run`.

    Raises:
        NoRecoveryError: After a fault nothing went on.
        NothingToBreakError: There is no fault to suffer.
    """
    if not run.kinds:
        raise NothingToBreakError("要求的故障在本机都无法制造 / none of the faults asked for can be shown here")
    run.began_s = time.monotonic()
    posts = list(run.stand.posts.values())
    async with _watched(posts):
        for post in posts:
            await post.screen.sign_in()
        async with asyncio.TaskGroup() as group:
            for work in run.works.values():
                group.create_task(work.play())
                group.create_task(work.pull())
            await _suffer(run)
            run.ending.set()
        for work in run.works.values():
            await work.close_last()
        run.status = await _drain(posts)
    for work in run.works.values():
        work.look()
    run.verdict = await _judge(run)


@asynccontextmanager
async def _watched(posts: Iterable[Post]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        watchers = [group.create_task(post.screen.watch()) for post in posts]
        try:
            yield
        finally:
            for watcher in watchers:
                watcher.cancel()


async def _suffer(run: Run) -> None:
    scene = Scene(run.stand, run.works)
    faults = plan_faults(Random(f"{run.seed}-faults"), list(run.works), run.kinds)
    while not run.is_enough:
        planned = next(faults)
        began_s, run.now = run.elapsed_s, planned
        run.kills += planned.kills
        async with inflict(scene, planned):
            await asyncio.sleep(planned.lasts_s)
            mended = time.monotonic()
        run.suffered.append(Suffered(planned, began_s, await _recovery(run, planned, mended)))
        run.now = None


async def _recovery(run: Run, planned: Planned, mended: float) -> float:
    """Wait until everybody who was hit works again; return how long it took."""
    hit = [work for name, work in run.works.items() if name in planned.targets] or list(run.works.values())
    await asyncio.gather(*(_back(work, mended, planned.kind) for work in hit))
    return time.monotonic() - mended


async def _back(work: Work, since: float, kind: Kind) -> None:
    """Wait for a scan that is acknowledged after `since`, and for a receipt for it or a later one."""
    deadline = since + GIVE_UP_S
    journal, receipts = work.journal, work.post.screen.receipts
    known = len(journal.answered)
    numbers: Sequence[int] = ()
    while not any(seq in receipts for seq in numbers):
        if time.monotonic() > deadline:
            missing = "has no receipt" if numbers else "acknowledges nothing"
            raise NoRecoveryError(f"{work.post.name} {missing} {GIVE_UP_S:.0f} s after {kind}")
        await asyncio.sleep(_LOOK_S)
        work.look()
        numbers = [one.seq for one in journal.answered[known:] if one.at > since]


async def _drain(posts: Sequence[Post]) -> dict[str, Mapping[str, Any]]:
    """Wait until every terminal has its receipts; return their status; gives up in the end."""
    deadline = time.monotonic() + DRAIN_S
    while True:
        status = {post.name: await post.screen.press("GET", "/api/v1/status") for post in posts}
        if all(one["sync"]["pending"] == 0 for one in status.values()) or time.monotonic() > deadline:
            return status
        await asyncio.sleep(0.2)


async def _judge(run: Run) -> Verdict:
    centre = run.stand.centre
    # The ledger is read whole; one by one takes long, so a sample must do.
    known = sorted({one.code for journal in run.journals for one in journal.answered})
    asked = Random(run.seed).sample(known, min(ASKED_SINGLY, len(known)))
    claims = await centre.claims(asked, run.shelf.never_scanned(CONTROLS), asks_ledger=False)
    held = [_held(row) async for row in centre.pages("/api/v1/events")]
    return judge(run.journals, held, claims, asked)


def _held(row: Mapping[str, Any]) -> Held:
    fact = row["event"]["fact"]
    return Held(
        row["id"], row["terminal"], row["epoch"], row["seq"], row["kind"], fact.get("code"), tuple(_declared(fact))
    )


def _declared(fact: Mapping[str, Any]) -> Iterable[tuple[str, int, int]]:
    if fact["kind"] == "store_rebuilt":
        yield from ((fact["former"], first, last) for first, last in fact["lost"])
    elif fact["kind"] == "events_lost":
        yield from ((fact["epoch"], first, last) for first, last in fact["spans"])
