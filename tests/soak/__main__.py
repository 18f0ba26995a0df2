"""`make soak`: 200,000 scans and 500 reconnects, then a table and docs/figures/soak.json. Fails if a claim does."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from server.broker import MOST_MEMORY_MB
from tests.soak.soak import Plan, Say, opened_soak, run_soak
from tests.soak.verdict import growths, judge, store_size

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "docs" / "figures" / "soak.json"
MOST_GROWTH = 5.0
"""Percent over the second half."""


async def soak(plan: Plan, folder: Path, say: Say) -> dict[str, Any]:
    """Run it and return its figures."""
    async with opened_soak(plan, folder, say) as run:
        await run_soak(run, say)
        seconds = time.monotonic() - run.began
        say("asking the centre for every pack and event …")
        verdict = await judge(run.centre, run.counters)
        for counter in run.counters:
            await asyncio.to_thread(run.stage.actors[counter.terminal].stop)
        sizes = [store_size(counter.folder / "store", len(counter.sold)) for counter in run.counters]
        grown = growths(run.samples)
        return {
            "scans": run.done,
            "again": sum(counter.again for counter in run.counters),
            "reconnects": run.reconnects,
            "terminals": len(run.counters),
            "seconds": round(seconds),
            "scans_per_s": round(run.done / seconds, 1),
            **asdict(verdict),
            "stores": [asdict(size) for size in sizes],
            "growth": {name: {what: asdict(one) for what, one in of.items()} for name, of in grown.items()},
        }


def failures(figures: dict[str, Any], plan: Plan) -> list[str]:
    """Return what does not hold."""
    claims = {
        f"{plan.scans:,} scans": figures["scans"] >= plan.scans,
        f"{plan.reconnects} reconnects": figures["reconnects"] >= plan.reconnects,
        "nothing lost": figures["lost"] == 0 and figures["at_centre"] == figures["sold"],
        "nothing doubled": figures["doubled"] == 0,
        "nothing strange": figures["strange"] == 0,
        "the outbox is empty after a month": all(
            one["aged_outbox_mb"] < 1.0 and one["free_mb"] >= one["outbox_mb"] - 1.0 for one in figures["stores"]
        ),
    }
    grown = {(name, what): one for name, of in figures["growth"].items() for what, one in of.items()}
    # Its native code keeps a little of every message; it begins anew at a bound, which is tested by itself.
    broker = grown.pop(("broker", "rss_mb"))
    claims[f"broker: rss_mb stays below {MOST_MEMORY_MB} MB"] = broker["last"] < MOST_MEMORY_MB
    claims |= {
        f"{name}: {what} grows by at most {MOST_GROWTH:.0f} %": one["percent"] <= MOST_GROWTH
        for (name, what), one in grown.items()
    }
    return [claim for claim, holds in claims.items() if not holds]


def show(figures: dict[str, Any], console: Console) -> None:
    """Print the figures as a table."""
    table = Table("what", "value", "note", title="Yima soak (T-67)", title_justify="left")
    rate = f"{figures['scans_per_s']:.0f} scans/s at {figures['terminals']} terminals"
    table.add_row("scans shown and sold", f"{figures['scans']:,}", rate)
    table.add_row("scanned again", f"{figures['again']:,}", "boxes that the screen did not show in time")
    table.add_row("reconnects", f"{figures['reconnects']:,}", "line reset, refused, held or half-open")
    table.add_row("lost / doubled / strange", f"{figures['lost']} / {figures['doubled']} / {figures['strange']}", "")
    table.add_row("events at the centre", f"{figures['events']:,}", "every number once, no gap")
    for name, of in figures["growth"].items():
        for what, one in of.items():
            value = f"{one['percent']:+.1f} %"
            table.add_row(f"{name}: {what}", value, f"second half, {one['first']:.1f} to {one['last']:.1f}")
    for one in figures["stores"]:
        value = f"{one['file_mb']:.0f} MB"
        note = f"outbox {one['outbox_mb']:.0f} MB, a month later {one['aged_outbox_mb']:.1f}, free {one['free_mb']:.0f}"
        table.add_row(f"store after {one['scans']:,} scans", value, note)
    console.print(table)


def main(arguments: list[str]) -> int:
    """Run a soak as long as asked for."""
    asked = argparse.ArgumentParser(prog="python -m tests.soak")
    asked.add_argument("--scans", type=int, default=200_000)
    asked.add_argument("--reconnects", type=int, default=500)
    asked.add_argument("--terminals", type=int, default=2)
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args(arguments)
    plan = Plan(options.scans, options.reconnects, options.terminals, options.seed)
    console = Console(width=None if sys.stdout.isatty() else 120)
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(soak(plan, Path(folder), lambda text: console.print(text, highlight=False, style="dim")))
    show(figures, console)
    wrong = failures(figures, plan)
    for claim in wrong:
        console.print(f"does not hold: {claim}", style="red")
    if not arguments:
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
        made = datetime.now(UTC).date().isoformat()
        written = {"made": made, "machine": machine, "figures": figures, "does_not_hold": wrong}
        FIGURES.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        console.print(f"written to {FIGURES.relative_to(ROOT)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
