"""`make storm`: 10,000 terminals lose the line at once and come back; a table and docs/figures/storm.json.

Fails if a claim does. Absolute times belong to a machine on which broker, centre and all terminals share the cores; how
late the terminals are by themselves is measured meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sim.chaos.brokers import BrokerKind, find_mosquitto
from sim.storm.storm import NotBackError, Plan, Say
from tests.storm.stand import Cause, most_terminals, open_stand, run_storm

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "docs" / "figures" / "storm.json"
TERMINALS = 10_000
EMBEDDED_MOST = 1_000
"""Beyond, the embedded broker is not what anybody would run."""
WITHIN_S = 60.0
"""All are back in this time (T-14)."""
LIVE_P95_S = 10.0
"""What a counter may notice of it: who waits over 5 s sends the same frame again, and only after 15 s once more."""
LEAST_LIVE = 50
"""Fewer live scans say nothing of their 95th percentile."""
PATIENCE_S = 300.0
"""When the storm is given up; what holds is judged by the claims."""


async def storm(plan: Plan, kind: BrokerKind, cause: Cause, say: Say) -> dict[str, Any]:
    """Play one storm and return its figures."""
    with tempfile.TemporaryDirectory(prefix="yima-storm-") as folder:
        async with open_stand(plan, kind, Path(folder)) as stand:
            return {"broker": kind.value, **await run_storm(plan, stand, cause, say)}


def failures(figures: dict[str, Any]) -> list[str]:
    """Return what does not hold."""
    live = figures["live_in_storm"]
    claims = {
        "nothing lost": figures["lost"] == 0,
        "nothing doubled": figures["doubled"] == 0,
        "nothing strange": figures["strange"] == 0,
        "nothing refused": figures["refused"] == 0,
        f"all connected within {WITHIN_S:.0f} s": figures["all_connected"] <= WITHIN_S,
        f"at least {LEAST_LIVE} live scans": live["count"] >= LEAST_LIVE,
        f"live p95 at most {LIVE_P95_S:g} s": live["p95"] <= LIVE_P95_S,
    }
    return [f"{figures['cause']}: {claim}" for claim, holds in claims.items() if not holds]


def show(figures: dict[str, Any], console: Console) -> None:
    """Print the figures of one storm as a table."""
    title = f"Yima storm (T-14): {figures['terminals']:,} terminals, {figures['cause']} away {figures['outage']} s"
    table = Table("what", "value", "note", title=title, title_justify="left")
    attempts = ", ".join(f"{count:,} {outcome}" for outcome, count in figures["attempts"].items())
    table.add_row("attempts of a terminal", f"{figures['attempts_per_terminal']}", attempts)
    table.add_row(
        "attempts in the busiest second", f"{max(figures['attempts_per_second']):,}", "of the outage and the return"
    )
    table.add_row("… of the return", f"{figures['busiest_second_of_return']:,}", "")
    table.add_row("failed after the return", f"{figures['failed_after_return']:,}", "")
    for name in ("our_own_lag", "our_own_delay", "handshake", "connected", "live_before", "live_in_storm"):
        one = figures[name]
        times = f"p50 {one['p50']:.2f} s, p95 {one['p95']:.2f} s, most {one['most']:.2f} s"
        table.add_row(name.replace("_", " "), times, f"{one['count']:,} times")
    table.add_row("all connected after", f"{figures['all_connected']} s", "")
    table.add_row("all receipts after", f"{figures['all_receipts']} s", f"{figures['resent']:,} events sent again")
    verdict = f"{figures['lost']} / {figures['doubled']} / {figures['strange']}"
    table.add_row("lost / doubled / strange", verdict, f"of {figures['recorded']:,} events")
    dropped = f"{figures['centre_dropped']:.0f} frames found the queue full"
    table.add_row("memory of the centre", f"{figures['centre_rss_mb']} MB", dropped)
    table.add_row("memory of the broker", f"{figures['broker_rss_mb']} MB", figures["broker"])
    console.print(table)


def main(arguments: list[str]) -> int:
    """Play the storms asked for."""
    asked = argparse.ArgumentParser(prog="python -m tests.storm")
    asked.add_argument("--terminals", type=int, default=TERMINALS)
    asked.add_argument("--outage", type=float, default=10.0, help="seconds")
    asked.add_argument("--broker", type=BrokerKind, choices=list(BrokerKind), default=None)
    asked.add_argument("--cause", type=Cause, choices=list(Cause), default=None, help="both by default")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 120)

    def say(text: str) -> None:
        console.print(text, highlight=False, style="dim")

    kind = options.broker or (BrokerKind.MOSQUITTO if find_mosquitto() else BrokerKind.EMBEDDED)
    wanted = options.terminals
    if options.broker is None and kind is BrokerKind.EMBEDDED and wanted > EMBEDDED_MOST:
        say(f"mosquitto is not installed: {EMBEDDED_MOST:,} terminals at the embedded broker instead of {wanted:,}")
        wanted = EMBEDDED_MOST
    count = most_terminals(wanted)
    if count < wanted:
        say(f"this machine lets a process open {count:,} connections: {count:,} terminals instead of {wanted:,}")
    plan = Plan(count, outage_s=options.outage, patience_s=PATIENCE_S, seed=options.seed)
    causes = list(Cause) if options.cause is None else [options.cause]
    try:
        storms = [asyncio.run(storm(plan, kind, cause, say)) for cause in causes]
    except NotBackError as exc:
        console.print(f"does not hold: {exc}", style="red", highlight=False)
        return 1
    wrong = [claim for figures in storms for claim in failures(figures)]
    for figures in storms:
        show(figures, console)
    for claim in wrong:
        console.print(f"does not hold: {claim}", style="red")
    if not arguments:
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
        made = datetime.now(UTC).date().isoformat()
        written = {"made": made, "machine": machine, "storms": storms, "does_not_hold": wrong}
        FIGURES.parent.mkdir(parents=True, exist_ok=True)
        FIGURES.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        console.print(f"written to {FIGURES.relative_to(ROOT)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
