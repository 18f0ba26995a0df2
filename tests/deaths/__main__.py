"""`make deaths`: a centre is killed at every step of whatever moves money, on either database.

Prints a table and writes docs/figures/deaths.json. Fails if one death left anything else than nothing or all of it, or
if a repeat did not make it whole.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from server.store.database import open_store
from sim.postgres import PostgresMissingError, private_cluster
from tests.bench.place import folder_on_disk
from tests.deaths.dying import Deaths, Place, kill
from tests.deaths.picture import picture_of
from tests.deaths.scenes import SCENES, Scene
from tests.server.fsi.crash_at import crashes

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "docs" / "figures" / "deaths.json"
STORES = ("sqlite", "postgresql")
INTO_COMMIT_US = tuple(range(0, 6000, 300))
"""A COMMIT takes some milliseconds: most of these fall into it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of one scene on one database."""

    store: str
    scene: str
    what: str
    deaths: Deaths
    seconds: float


@contextmanager
def address(store: str) -> Iterator[str]:
    """Give the address of an empty database."""
    if store == "sqlite":
        with folder_on_disk() as folder:
            yield f"sqlite:///{folder}/centre.db"
    else:
        with private_cluster() as url:
            yield f"{url}/postgres"


def show_all(url: str, store: str, scenes: tuple[Scene, ...], say: Callable[[str], None]) -> Iterator[Shown]:
    """Kill the centre in each scene."""
    made = open_store(url, new_epoch=lambda: "epoch-1")
    empty = picture_of(made)
    with crashes(stderr=subprocess.DEVNULL) as helper:
        for scene in scenes:
            began_s = time.monotonic()
            met = kill(Place(made, url, helper, empty), scene, into_commit_us=INTO_COMMIT_US)
            seconds = round(time.monotonic() - began_s, 1)
            say(f"{store}, {scene.name}: {met.steps} steps, {seconds:.0f} s, {len(met.wrong)} wrong")
            yield Shown(store, scene.name, scene.what, met, seconds)
    made.close()


def show(figures: list[Shown], console: Console) -> None:
    """Print the figures as a table."""
    title = "Yima: kill -9 at every step of a message"
    table = Table("store", "message", "killed at", "before COMMIT", "within", "after", "wrong", title=title)
    for one in figures:
        met = one.deaths
        within = f"{met.within_commit[0]} undone, {met.within_commit[1]} done"
        killed = str(met.before_commit + met.after_commit)
        table.add_row(
            one.store,
            f"{one.scene}, {one.what}",
            killed,
            str(met.before_commit),
            within,
            str(met.after_commit),
            str(len(met.wrong)),
        )
    console.print(table)


def main(arguments: list[str]) -> int:
    """Kill as often as asked for."""
    asked = argparse.ArgumentParser(prog="python -m tests.deaths")
    asked.add_argument("--store", action="append", choices=STORES)
    asked.add_argument("--only", action="append", choices=[scene.name for scene in SCENES], metavar="SCENE")
    options = asked.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    scenes = tuple(scene for scene in SCENES if not options.only or scene.name in options.only)
    console, shown = Console(width=None if sys.stdout.isatty() else 140), list[Shown]()
    skipped = []
    for store in options.store or STORES:
        try:
            with address(store) as url:
                shown += show_all(url, store, scenes, lambda text: console.print(text, highlight=False, style="dim"))
        except PostgresMissingError as exc:
            skipped.append(f"{store}: {exc}")
            console.print(skipped[-1], style="yellow")
    show(shown, console)
    wrong = [one for each in shown for one in each.deaths.wrong]
    for one in wrong:
        console.print(one, style="red", markup=False)
    if not arguments:
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
        made = datetime.now(UTC).date().isoformat()
        figures = [asdict(one) for one in shown]
        written = {"made": made, "machine": machine, "figures": figures, "skipped": skipped, "does_not_hold": wrong}
        FIGURES.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        console.print(f"written to {FIGURES.relative_to(ROOT)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
