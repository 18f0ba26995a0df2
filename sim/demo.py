"""The shop morning as a whole: plan, play, let it drain, ask the centre, judge."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from random import Random
from typing import Any

from sim.cashier import Cashier, Notebook
from sim.checker import Recorded, check
from sim.city import City, Place
from sim.faults import inflict, plan_kills
from sim.insured import InsuredMorning
from sim.packs import Shelf, load_items
from sim.plan import Morning, Way, plan_morning
from sim.report import make_report, merge_truth
from sim.tally import Tally

DRAIN_S = 90.0
CONTROLS = 50
"""Boxes that stay on the shelf, about which the centre is asked as well."""
COUNTERFEITS = 2
"""Codes that two pharmacies sell: the ledger must call them a conflict."""
_NO_PAUSE = 0.0


@dataclass(slots=True)
class Run:
    """One morning of the whole city, while it is played."""

    city: City
    asked: int
    """Scans that were asked for."""
    mornings: Sequence[Morning]
    shelf: Shelf
    notebooks: list[Notebook] = field(default_factory=list)
    pulled: int = 0
    held: int = 0
    """Cashiers that keep their last task until the faults are over."""
    faults_over: asyncio.Event = field(default_factory=asyncio.Event)
    faults: list[str] = field(default_factory=list)
    status: list[dict[str, Any]] = field(default_factory=list)
    """What the terminals said of themselves when everything was done."""

    @property
    def progress(self) -> float:
        """Part of the planned pulls that were made, 0 to 1."""
        return min(1.0, self.pulled / max(1, sum(morning.triggers for morning in self.mornings)))

    def note_pull(self) -> None:
        """Count one pull."""
        self.pulled += 1

    async def wait_for_faults(self) -> None:
        """Keep a cashier from the last task until the faults are over."""
        self.held += 1
        await self.faults_over.wait()


def plan_run(city: City, seed: int, scans: int) -> Run:
    """Return a morning for every terminal, `scans` pulls in all at least."""
    shelf = Shelf(load_items(), Random(f"{seed}-shelf"))
    counterfeits = [shelf.drug() for _ in range(COUNTERFEITS)]
    share = -(-scans // len(city.places))
    mornings = [
        plan_morning(
            shelf,
            Random(f"{seed}-{place.shop.terminal}"),
            triggers=share,
            is_store=place.shop.is_store,
            first=way,
            planted=() if place.shop.is_store else counterfeits,
        )
        for place, way in zip(city.places, cycle(Way), strict=False)
    ]
    return Run(city, scans, mornings, shelf)


async def play_run(run: Run, *, seed: int, has_faults: bool, run_name: str, pause_s: float = _NO_PAUSE) -> None:
    """Play all mornings at once, with faults if asked; returns when all is done and has its receipts."""
    kills = plan_kills([place.shop.terminal for place in run.city.places], Random(f"{seed}-faults"))
    cashiers = {place.shop.terminal: _cashier(run, place, pause_s) for place in run.city.places}
    async with _watched(run.city):
        async with asyncio.TaskGroup() as group:
            for cashier, morning in zip(cashiers.values(), run.mornings, strict=True):
                group.create_task(cashier.play(morning, run_name))
            chance = Random(f"{seed}-till")
            group.create_task(
                InsuredMorning(run.city.till, chance, run_name, pause_s, progress=lambda: run.progress).play()
            )
            if has_faults:
                await inflict(
                    kills,
                    run.city.stage,
                    progress=lambda: run.progress,
                    is_held=lambda: run.held == len(cashiers),
                    log=run.faults,
                    witnesses=cashiers,
                )
            run.faults_over.set()
        run.status = await _drain(run.city)
    for cashier in cashiers.values():
        cashier.look()
        notebook, receipts = cashier.notebook, cashier.screen.receipts
        notebook.receipt_ms += [
            (receipts[seq] - handed_at) * 1e3 for seq, handed_at in notebook.handed_at.items() if seq in receipts
        ]


@asynccontextmanager
async def _watched(city: City) -> AsyncIterator[None]:
    """Keep every cashier's eyes on the screen meanwhile."""
    async with asyncio.TaskGroup() as group:
        watchers = [group.create_task(place.screen.watch()) for place in city.places]
        try:
            yield
        finally:
            for watcher in watchers:
                watcher.cancel()


def _cashier(run: Run, place: Place, pause_s: float) -> Cashier:
    notebook = Notebook(place.shop.institution, Tally(place.shop.terminal))
    run.notebooks.append(notebook)
    devices = place.devices
    return Cashier(
        place.screen,
        devices.by_way,
        devices.names,
        notebook,
        on_progress=run.note_pull,
        put_away=devices.camera.clear,
        before_last=run.wait_for_faults,
        pause_s=pause_s,
    )


async def _drain(city: City) -> list[dict[str, Any]]:
    """Wait until every terminal has its receipts; return their status; gives up in the end."""
    deadline = time.monotonic() + DRAIN_S
    while True:
        status = [await place.screen.press("GET", "/api/v1/status") for place in city.places]
        if all(one["sync"]["pending"] == 0 for one in status) or time.monotonic() > deadline:
            return status
        await asyncio.sleep(0.2)


async def judge_run(run: Run, seconds: float) -> dict[str, Any]:
    """Ask the centre, compare, and return the report."""
    truth = merge_truth(run.notebooks)
    claims = await run.city.centre.claims(truth, run.shelf.never_scanned(CONTROLS))
    findings = check(truth, _recorded(run), claims)
    for notebook in run.notebooks:
        findings.add(notebook.tally.findings())
    findings.add(run.city.till.findings)
    return make_report(
        asked=run.asked,
        notebooks=run.notebooks,
        claims=claims,
        findings=findings,
        status=run.status,
        faults=run.faults,
        settlements=run.city.till.summary(),
        seconds=seconds,
    )


def _recorded(run: Run) -> dict[str, Recorded]:
    return {
        place.shop.terminal: Recorded(
            frozenset(shown.seq for shown in place.screen.shown if shown.seq is not None),
            status["sync"]["delivered"],
        )
        for place, status in zip(run.city.places, run.status, strict=True)
    }
