"""`make kills`: terminal, centre and line die at every step of what is done at a counter, with real processes.

Prints a table and writes docs/figures/kills.json. Fails if one death left two settlements or none, money or packs that
the terminal and the centre know otherwise, or an outcome that was not known a minute after everything ran again.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from random import Random

import structlog
from rich.console import Console
from rich.table import Table

from tests.bench.place import folder_on_disk
from tests.blackbox.stand import seed
from tests.kills.deeds import DEEDS, Deed
from tests.kills.ground import opened_ground
from tests.kills.rounds import Order, Say, Shown, end_day, groups_of, look_at, orders_of, play_all, sum_up
from tests.kills.steps import Undisturbed

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "docs" / "figures" / "kills.json"
SEED = 1
"""Of the order: a run that ends early has met every deed."""


@dataclass(frozen=True)
class Came:
    """What came of all of it."""

    figures: list[Shown]
    besides: list[str]
    """Wrong, and of no death."""
    skipped: list[str]
    """What was not done here, and why."""


def kill_all(folder: Path, kinds: Sequence[type[Deed]], minutes: float, say: Say) -> Came:
    """Play every death, or as many as there is time for, of each deed alike."""
    (folder / "seeded").mkdir()
    with opened_ground(seed(folder / "seeded"), folder) as ground:
        say("open")
        calm = look_at(ground, kinds)
        shown = {kind.name: _shown(kind, calm[kind.name][0]) for kind in kinds}
        besides = [f"{name}, undisturbed: {one}" for name, (_, wrong) in calm.items() for one in wrong]
        orders = orders_of(kinds, {name: found for name, (found, _) in calm.items()})
        say(f"{len(orders)} deaths")
        groups = list(groups_of(orders))
        Random(SEED).shuffle(groups)
        deaths = list(play_all(ground, within(groups, minutes), say))
        sum_up(shown, deaths)
        left = len(orders) - len(deaths)
        skipped = [ground.without] * bool(ground.without) + [f"{left} deaths: no time left"] * bool(left)
        return Came(list(shown.values()), besides + end_day(ground), skipped)


def within(groups: Sequence[tuple[Order, ...]], minutes: float) -> Iterator[tuple[Order, ...]]:
    """Give groups until the time is over; 0 minutes are all."""
    ends_s = time.monotonic() + 60 * minutes
    yield from takewhile(lambda _: not minutes or time.monotonic() < ends_s, groups)


def _shown(kind: type[Deed], calm: Undisturbed) -> Shown:
    return Shown(kind.name, (kind.__doc__ or "").splitlines()[0], calm.messages, calm.commits)


def show(figures: Sequence[Shown], console: Console) -> None:
    """Print the figures as a table."""
    title = "Yima: kill -9 at a counter"
    table = Table("deed", "messages", "commits", "deaths", "slowest, s", "2601", "wrong", title=title)
    for one in figures:
        slowest = f"{one.slowest_s:.1f}"
        numbers = (str(one.commits), str(one.deaths), slowest, str(one.taken_back), str(len(one.wrong)))
        table.add_row(f"{one.deed}: {one.what}", " ".join(one.messages), *numbers)
    console.print(table)


def main(arguments: list[str]) -> int:
    """Kill as often as asked for."""
    asked = argparse.ArgumentParser(prog="python -m tests.kills")
    asked.add_argument("--only", action="append", choices=[kind.name for kind in DEEDS], metavar="DEED")
    asked.add_argument("--minutes", type=float, default=0, help="of deaths; all of them without it")
    options = asked.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    kinds = [kind for kind in DEEDS if not options.only or kind.name in options.only]
    console, began_s = Console(width=None if sys.stdout.isatty() else 160), time.monotonic()

    def say(text: str) -> None:
        console.print(f"{time.monotonic() - began_s:6.0f} s  {text}", highlight=False, markup=False, style="dim")

    with folder_on_disk() as folder:
        came = kill_all(folder, kinds, options.minutes, say)
    figures = came.figures
    show(figures, console)
    wrong = [*came.besides, *(one for each in figures for one in each.wrong)]
    for one in wrong:
        console.print(one, style="red", markup=False)
    for one in came.skipped:
        console.print(one, style="yellow")
    if not options.only:
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
        written = {
            "made": datetime.now(UTC).date().isoformat(),
            "machine": machine,
            "seconds": round(time.monotonic() - began_s),
            "deaths": sum(one.deaths for one in figures),
            "figures": [asdict(one) for one in figures],
            "skipped": came.skipped,
            "does_not_hold": wrong,
        }
        FIGURES.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        console.print(f"written to {FIGURES.relative_to(ROOT)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
