"""`make malformed`: ten thousand malformed messages at a centre of its own; a table and docs/figures/malformed.json.

Every field of every transaction is wrong in every way, also what stands in files, messages are cut off and noise comes,
over HTTP as tills speak it; then schemathesis asks for everything that the OpenAPI document offers. Never an answer of
500 or above, never a traceback, always the field named; the store is unharmed, and a pharmacy lives through its day
afterwards.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from server.fsi.dispatch import HANDLERS
from tests.blackbox.journeys import live_through
from tests.blackbox.stand import Running, Seeded, run, seed, yima
from tests.blackbox.till import BEIJING
from tests.malformed.claims import Tally
from tests.malformed.line import Line
from tests.malformed.messages import Frame, Json, Malformed, damaged, envelope_faults, field_faults
from tests.malformed.statements import statement_faults, statement_noise
from tests.malformed.surface import ask_everything
from wire.fsi.areas import Area, shipped_area

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "docs" / "figures" / "malformed.json"
MOST_CUTS, FLIPS, NOISE = 20, 2_000, 500
EXAMPLES = 30
_FAULTS = ("Traceback (most recent call last)", "fsi.fault", "fsi.failed", "http.fault")
_KEPT = ("settlement", "settlement_line", "account_movement", "visit", "fee_line", "settlement_increment")
"""Tables in which nothing that is malformed may leave a row."""


def fuzz(running: Running, chance: random.Random, tally: Tally) -> None:
    """Send everything and judge every answer."""
    frame, line = framing(running), Line(running.port, running.seeded.token)
    for message in messages(shipped_area(running.area), frame, chance):
        tally.take(message, *line.post(message.body))
    for message in statement_faults(frame, lambda body: line.post(body)[1], chance):
        tally.take(message, *line.post(message.body))
    for sent in statement_noise(frame, lambda body: line.post(body)[1], chance, NOISE):
        tally.take_noise("noise in a file", *line.post(sent))
    good = json.dumps({**frame("1201"), "input": {"medinsinfo": {"fixmedins_type": "2"}}}).encode()
    for sent in flipped(good, chance, FLIPS):
        tally.take_noise("bytes changed", *line.post(sent))
    for _ in range(NOISE):
        tally.take_noise("noise", *line.post(chance.randbytes(chance.randint(0, 300))))
    for expected, status, body in line.odd_requests(good):
        tally.take_noise("odd request", status, body, expected=expected)
    for first in line.garbage():
        tally.sent["no HTTP"] += 1
        if b" 5" in first[:12]:
            tally.fail(f"no HTTP: {first!r}")


def framing(running: Running) -> Frame:
    """Return what makes envelopes: ten thousand of them in a few seconds, which no till does."""
    till, numbers = running.till(), itertools.count(1)
    till.sign_in()

    def frame(infno: str) -> Json:
        now = datetime.now(BEIJING)
        msgid = f"{till.code}{now:%Y%m%d%H%M%S}{next(numbers) % 10_000:04d}"
        return {**till.frame(infno, "350203"), "msgid": msgid}

    return frame


def messages(area: Area, frame: Frame, chance: random.Random) -> Iterator[Malformed]:
    """Yield everything that has to be refused."""
    yield from envelope_faults(area, frame, chance)
    for infno in sorted(HANDLERS):
        yield from field_faults(infno, area, frame, chance)
        yield from damaged(infno, area, frame, chance, times=MOST_CUTS)


def flipped(good: bytes, chance: random.Random, times: int) -> Iterator[bytes]:
    """Yield a message with up to four bytes changed, as often as that."""
    for _ in range(times):
        changed = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        yield bytes(changed)


def rows_of(file: Path) -> dict[str, int]:
    """Return how many rows the tables have that nothing malformed may touch."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
        counted = ((name, f"SELECT count(*) FROM {name}") for name in _KEPT)  # noqa: S608 - names of our own
        return {name: store.execute(asked).fetchone()[0] for name, asked in counted}


def damage_of(file: Path) -> list[str]:
    """Return what is wrong with a store that is closed."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
        checked = [row[0] for row in store.execute("PRAGMA integrity_check")]
        strays = store.execute("PRAGMA foreign_key_check").fetchall()
    return [*(one for one in checked if one != "ok"), *(f"stray row {row}" for row in strays)]


def whole_run(folder: Path, seed_number: int, examples: int) -> dict[str, Any]:
    """Set a centre up, send it everything, and return the figures."""
    seeded = seed(folder)
    secret = json.loads(
        yima("server", "token", "create", "fuzz", "--user", "admin", "--role", "inspector", "--json", "--config",
             str(seeded.config))
    )["token"]  # fmt: skip
    running = run(Seeded(folder, seeded.token), "base")
    tally, began = Tally(), time.monotonic()
    try:
        before = rows_of(folder / "centre.db")
        fuzz(running, random.Random(seed_number), tally)
        took_s = time.monotonic() - began
        calls, failures = ask_everything(running.port, seeded.token, secret, examples)
        if rows_of(folder / "centre.db") != before:
            tally.fail("something malformed left a row among settlements, visits or accounts")
        day = str(live_through(running.till()))
    finally:
        running.stage.stop()
    log = (folder / "centre.log").read_text(encoding="utf-8", errors="replace")
    tally.failures += [f"the log has {word}" for word in _FAULTS if word in log]
    tally.failures += [f"schemathesis: {one}" for one in failures]
    tally.failures += damage_of(folder / "centre.db")
    return {
        "messages": tally.total,
        "seconds": round(took_s, 1),
        "per_s": round(tally.total / took_s, 1),
        "transactions": len({infno for infno, _ in tally.fields} - {"envelope"}),
        "fields": len(tally.fields),
        "by_kind": dict(sorted(tally.sent.items())),
        "by_code": dict(tally.codes.most_common()),
        "by_status": {str(status): count for status, count in sorted(tally.statuses.items())},
        "schemathesis": {"operations": len(calls), "calls": calls.total()},
        "day_afterwards": day,
        "failures": tally.failures,
    }


def show(figures: dict[str, Any], console: Console) -> None:
    """Print what was sent and what came of it."""
    of = f"{figures['fields']} fields of {figures['transactions']} transactions"
    title = f"{figures['messages']:,} malformed messages, {of}"
    table = Table("damage", "messages", title=title, title_justify="left")
    for kind, count in figures["by_kind"].items():
        table.add_row(kind, f"{count:,}")
    console.print(table)
    console.print(
        f"{figures['seconds']} s, {figures['per_s']} a second; by status {figures['by_status']}", highlight=False
    )
    asked = figures["schemathesis"]
    console.print(f"schemathesis: {asked['calls']:,} calls of {asked['operations']} operations", highlight=False)
    console.print(f"afterwards: {figures['day_afterwards']}", highlight=False)
    for failure in figures["failures"]:
        console.print(f"does not hold: {failure}", style="red", highlight=False, markup=False)


def main(arguments: list[str]) -> int:
    """Run it; the exit code is 1 if a claim does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.malformed", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="begin of the random numbers (default: 1)")
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="of each operation and kind, by schemathesis")
    asked = parser.parse_args(arguments)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="yima-malformed-") as folder:
        figures = whole_run(Path(folder), asked.seed, asked.examples)
    show(figures, console)
    if not arguments:
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
        written = {"made": datetime.now(UTC).date().isoformat(), "machine": machine, "seed": asked.seed, **figures}
        FIGURES.parent.mkdir(parents=True, exist_ok=True)
        FIGURES.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        console.print(f"written to {FIGURES.relative_to(ROOT)}")
    return 1 if figures["failures"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
