"""P-08: how long a trial (2101) and a settlement (2102) take, over HTTP and over MQTT, with eight terminals.

The real centre and the embedded broker, each the `yima` command in a process of its own, on SQLite and on PostgreSQL;
the audit hook is empty. Three loads: *alone*, one terminal without a pause, which shows the bare time of one answer;
*at work*, eight terminals that sell at random moments, once a second each on average, which is far more than people do;
*without a pause*, all eight ask again as soon as they are answered, which is what the centre can do at most.

The network's own stalls are looked for with messages that are refused at once: what takes long there is not our work.
Floors, under the same load: a round trip that settles nothing (`floor_settle`), and to a settlement also one commit.
In the end every settlement is asked for by 5203 and counted in the database: each is there, once.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from sim.postgres import PostgresMissingError
from tests.bench.figure import Figure, Target, at_most, figure, not_run
from tests.bench.floor_settle import echo
from tests.bench.place import folder_on_disk
from tests.bench.processes import cpu_s
from tests.bench.settling_centre import HttpTerminal, MqttTerminal, Prepared, running_centre
from tests.bench.settling_store import COMMITS, SettlingStore, on_postgresql, on_sqlite

TERMINALS = 8
SALES = 6
"""Of each terminal, in each load."""
BETWEEN_S = 1.0
WARM_UP = 1
STALL_MS = 40.0
"""What Nagle's algorithm and a late acknowledgement cost at least."""

Times = dict[str, list[float]]
"""Milliseconds, by what was asked."""


@dataclass(slots=True)
class Settled:
    """What was settled, as it was answered."""

    psn_no: str
    setl_id: str
    mdtrt_id: str
    total: Decimal


@dataclass(slots=True)
class Bench:
    """Sells, and takes the times."""

    prepared: Prepared
    settled: list[Settled] = field(default_factory=list)

    def sell(self, terminal: HttpTerminal | MqttTerminal, times: Times) -> None:
        """Try a sale, settle it, and make the bare round trip."""
        psn_no, sale = self.prepared.sale()
        trial = self._timed("2101", sale, terminal, times)["setlinfo"]
        settled = self._timed("2102", sale, terminal, times)["setlinfo"]
        names = ("medfee_sumamt", "hifp_pay", "acct_pay", "psn_cash_pay")
        if [Decimal(str(trial[name])) for name in names] != [Decimal(str(settled[name])) for name in names]:
            raise AssertionError(f"the trial said {trial}, the settlement {settled}")
        total = Decimal(str(settled["medfee_sumamt"]))
        self.settled.append(Settled(psn_no, settled["setl_id"], settled["mdtrt_id"], total))

    def knock(self, terminal: HttpTerminal | MqttTerminal, times: Times) -> None:
        """Make two bare round trips, with the message of a sale where it can be."""
        body = self.prepared.office.body("2101", self.prepared.sale()[1])
        for _ in range(2):
            began = time.perf_counter()
            terminal.knock(body)
            times["floor"].append((time.perf_counter() - began) * 1_000)

    def refuse(self, terminal: HttpTerminal | MqttTerminal, times: Times) -> None:
        """Have a message refused that is none: the whole way there and back, and no work."""
        began = time.perf_counter()
        answer = terminal.ask(b"{}")
        times["refused"].append((time.perf_counter() - began) * 1_000)
        if json.loads(answer)["infcode"] == 0:
            raise AssertionError(answer)

    def check(self, terminal: HttpTerminal, store: SettlingStore) -> None:
        """Find every settlement once, in the answers and in the database."""
        terminal.open()
        for one in self.settled:
            data = {"psn_no": one.psn_no, "setl_id": one.setl_id, "mdtrt_id": one.mdtrt_id}
            found = _output(terminal.ask(self.prepared.office.body("5203", {"data": data})))["setlinfo"]
            if (found["setl_id"], Decimal(str(found["medfee_sumamt"]))) != (one.setl_id, one.total):
                raise AssertionError(f"5203 finds {found} for {one}")
        asked, kept = len({one.setl_id for one in self.settled}), store.count("settlement")
        if not asked == kept == len(self.settled):
            raise AssertionError(f"{len(self.settled)} settled, {asked} different ones, {kept} in the database")

    def _timed(self, infno: str, sale: object, terminal: HttpTerminal | MqttTerminal, times: Times) -> dict[str, Any]:
        body = self.prepared.office.body(infno, sale)
        began = time.perf_counter()
        answer = terminal.ask(body)
        times[infno].append((time.perf_counter() - began) * 1_000)
        return _output(answer)


def _output(answer: bytes) -> dict[str, Any]:
    read = json.loads(answer)
    if read["infcode"] != 0:
        raise AssertionError(read["err_msg"])
    output: dict[str, Any] = read["output"]
    return output


Deed = Callable[[HttpTerminal | MqttTerminal, Times], None]


def load(terminals: Sequence[HttpTerminal | MqttTerminal], deed: Deed, each: int, between_s: float) -> Times:
    """Let every terminal do it `each` times, with random pauses of `between_s` on average; return all times."""
    start = threading.Barrier(len(terminals))

    def work(number: int) -> Times:
        rng, times = random.Random(number), defaultdict[str, list[float]](list)
        terminals[number].open()
        start.wait()
        for _ in range(each):
            time.sleep(rng.uniform(0, 2 * between_s))
            deed(terminals[number], times)
        return times

    whole: Times = defaultdict(list)
    with ThreadPoolExecutor(len(terminals)) as pool:
        for times in pool.map(work, range(len(terminals))):
            for name, some in times.items():
                whole[name] += some
    return whole


@dataclass(frozen=True, slots=True)
class Loads:
    """The times of one kind of connection on one database."""

    way: str
    alone: Times
    at_work: Times
    without_pause: Times
    sales_per_s: float
    """Without a pause."""
    cpu_ms: float
    """Of the centre for a sale, trial and settlement, without a pause; a busy machine moves it less than the times."""


def measure(
    bench: Bench, way: str, terminals: Sequence[HttpTerminal | MqttTerminal], each: int, centre_pid: int
) -> Loads:
    """Put all three loads on, each with its floor."""
    one = terminals[:1]
    for _ in range(WARM_UP):
        load(terminals, bench.sell, 1, 0)
    alone = load(one, bench.sell, 2 * each, 0) | load(one, bench.knock, each, 0) | load(one, bench.refuse, 8 * each, 0)
    # The floor costs little, so that it is put on faster: that takes less long.
    floor = load(terminals, bench.knock, each, BETWEEN_S / 4)
    at_work = load(terminals, bench.sell, each, BETWEEN_S) | floor
    sales, began, worked_s = len(terminals) * each, time.perf_counter(), cpu_s(centre_pid)
    sold = load(terminals, bench.sell, each, 0)
    per_s, cpu_ms = sales / (time.perf_counter() - began), (cpu_s(centre_pid) - worked_s) / sales * 1_000
    return Loads(way, alone, at_work, sold | load(terminals, bench.knock, each, 0), per_s, cpu_ms)


def measure_all(folder: Path, store: SettlingStore, terminals: int, each: int) -> tuple[list[Loads], list[float]]:
    """Measure both ways at one centre, then prove what was settled; return the times of bare commits too."""
    with running_centre(folder, store.url, terminals) as running, echo(running.broker_port), ExitStack() as undo:
        bench = Bench(running.prepared)
        commits = store.commits_ms()
        by_http = [running.over_http(number) for number in range(terminals)]
        by_mqtt = [running.over_mqtt(number) for number in range(terminals)]
        for terminal in (*by_http, *by_mqtt):
            undo.callback(terminal.stop)
        ways = (("HTTP", by_http), ("MQTT", by_mqtt))
        found = [measure(bench, way, all_of_it, each, running.centre_pid) for way, all_of_it in ways]
        bench.check(by_http[0], store)
    return found, commits


def figures(store: SettlingStore, found: Loads, commits: Sequence[float], terminals: int) -> list[Figure]:
    """Return the rows of one kind of connection."""
    commit, count = median(commits), len(found.at_work["2102"])
    bare = "GET /healthz" if found.way == "HTTP" else "an echo"
    rows = []
    for infno, what, more, also in (("2101", "trial", 0.0, ""), ("2102", "settlement", commit, " + a commit")):
        name = f"{what} ({infno}) over {found.way}, {store.name}"
        note = f"floor: {bare}{also}"
        for when, times, p50, p99 in (
            (f"{terminals} at work", found.at_work, at_most(10), at_most(100)),
            (f"{terminals} without a pause", found.without_pause, None, at_most(100)),
        ):
            floor = times["floor"]
            rows.append(_row(f"{name}, {when}, p50", median(times[infno]), median(floor) + more, note, p50))
            rows.append(
                _row(f"{name}, {when}, p99", _p99(times[infno]), _p99(floor) + more, f"{note}; {count} times", p99)
            )
        rows.append(_row(f"{name}, alone, p50", median(found.alone[infno]), median(found.alone["floor"]) + more, note))
    refused = found.alone["refused"]
    stalled = sum(took >= STALL_MS for took in refused)
    note = f"{stalled} of {len(refused)} took {STALL_MS:g} ms or more"
    name = f"a refused message over {found.way}, {store.name}, alone, p90: no stall"
    rows.append(_row(name, _p90(refused), None, note, at_most(STALL_MS)))
    what = f"sales over {found.way}, {store.name}, {terminals} without a pause"
    rows.append(figure("P-08", what, found.sales_per_s, "sales/s"))
    what = f"CPU of the centre for one sale over {found.way}, {store.name}"
    rows.append(
        figure("P-08", what, found.cpu_ms, "ms", note="2101 and 2102; no waiting in it, yet more on a busy machine")
    )
    return rows


def _row(what: str, value: float, floor: float | None, note: str, target: Target | None = None) -> Figure:
    return figure("P-08", what, value, "ms", floor=floor, target=target, note=note)


def _p90(times: Sequence[float]) -> float:
    return quantiles(times, n=10, method="inclusive")[8]


def _p99(times: Sequence[float]) -> float:
    # Never beyond what was seen, as the other method may be with so few.
    return quantiles(times, n=100, method="inclusive")[98]


def run() -> list[Figure]:
    """Measure HTTP and MQTT at a centre on each of the databases."""
    with folder_on_disk() as folder:
        rows = run_on(folder, on_sqlite(folder))
    try:
        with folder_on_disk() as folder, on_postgresql() as store:
            return rows + run_on(folder, store)
    except PostgresMissingError as exc:
        return [*rows, not_run("P-08", "trial and settlement, PostgreSQL", str(exc))]


def run_on(folder: Path, store: SettlingStore) -> list[Figure]:
    """Measure one database."""
    found, commits = measure_all(folder, store, TERMINALS, SALES)
    note = f"{COMMITS} of one row, {store.commits}, p99 {_p99(commits):.2f} ms"
    return [
        *(row for one in found for row in figures(store, one, commits, TERMINALS)),
        figure("P-08", f"bare commit, {store.name}, p50", median(commits), "ms", note=note),
    ]
