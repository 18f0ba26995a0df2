"""What a soak came to: was anything lost or doubled, did anything grow, and what is left in the stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from edge.store import sql
from edge.store.database import FILE_NAME, opened_store
from edge.store.outbox import KEEP_DELIVERED, Outbox
from sim.centre import PAGE, CentreApi
from tests.soak.samples import Growth, Sample, growth
from tests.soak.soak import Counter

AGE = "UPDATE outbox SET delivered_at = delivered_at - ? WHERE (epoch, seq) <> (?, ?)"
NEWEST = "SELECT epoch, seq FROM outbox WHERE state = 'delivered' ORDER BY delivered_at DESC, seq DESC LIMIT 1"
PAGES_OF = "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name GLOB ?"

Row = Mapping[str, Any]


@dataclass(slots=True)
class Verdict:
    """Whether the centre has exactly what was sold."""

    sold: int = 0
    at_centre: int = 0
    events: int = 0
    lost: int = 0
    """Packs that were shown and sold and that the ledger does not have as sold by that sale, and numbers of events
    that are missing."""
    doubled: int = 0
    """Packs with more than one sale, and events that the centre has twice."""
    strange: int = 0
    """Codes in the ledger that nobody scanned."""


@dataclass(frozen=True, slots=True)
class StoreSize:
    """A terminal's store after the drain, and when a month has passed for it."""

    scans: int
    file_mb: float
    outbox_mb: float
    aged_outbox_mb: float
    """What the outbox still uses when every delivered row is 31 days old and was put away."""
    free_mb: float
    """Room inside the file that the next rows take before the file grows."""


async def judge(centre: CentreApi, counters: Sequence[Counter]) -> Verdict:
    """Ask the centre for every pack and every event, page by page."""
    verdict = Verdict()
    sold = {code: sale for counter in counters for code, sale in counter.sold.items()}
    judge_packs([row async for row in pages(centre, "/api/v1/ledger")], sold, verdict)
    judge_events([row async for row in pages(centre, "/api/v1/events")], verdict)
    return verdict


def judge_packs(rows: Sequence[Row], sold: Mapping[str, str], verdict: Verdict) -> None:
    """Compare the ledger with what was sold: each code with its sale."""
    verdict.sold = len(sold)
    verdict.lost += len(sold.keys() - {row["code"] for row in rows})
    for row in rows:
        sales = [fact["document"] for fact in row["facts"] if fact["act"] == "dispensed"]
        if row["code"] not in sold:
            verdict.strange += 1
        elif len(sales) > 1:
            verdict.doubled += 1
        elif sales == [sold[row["code"]]] and row["state"] == "sold":
            verdict.at_centre += 1
        else:
            verdict.lost += 1


def judge_events(rows: Sequence[Row], verdict: Verdict) -> None:
    """See that every number up to the last is there, once."""
    verdict.events = len(rows)
    numbers: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        numbers.setdefault((row["terminal"], row["epoch"]), []).append(row["seq"])
    for seqs in numbers.values():
        verdict.lost += max(seqs) - len(set(seqs))
        verdict.doubled += len(seqs) - len(set(seqs))


async def pages(centre: CentreApi, path: str) -> AsyncIterator[Row]:
    """Yield every row behind `path`."""
    query: dict[str, str | int] = {"limit": PAGE}
    while True:
        page = await centre.get(path, **query)
        for row in page["items"]:
            yield row
        if page["next"] is None:
            return
        query["after"] = page["next"]


def growths(samples: Sequence[Sample]) -> dict[str, dict[str, Growth]]:
    """Return the growth of each process's memory and files over the second half."""
    times = [sample.at_s for sample in samples]
    return {
        name: {
            "rss_mb": growth(times, [sample.held[name].rss_mb for sample in samples]),
            "files": growth(times, [sample.held[name].files for sample in samples]),
        }
        for name in samples[0].held
    }


def store_size(folder: Path, scans: int) -> StoreSize:
    """Measure the store of a stopped terminal now, and after the clock of its rows was put on by a month."""
    with opened_store(folder) as connection:
        outbox = Outbox(connection, random=bytes)
        with connection.begin():
            before = _outbox_bytes(connection)
            epoch, seq = sql.one(connection, NEWEST)
            month_us = (KEEP_DELIVERED + timedelta(days=1)) // timedelta(microseconds=1)
            sql.change(connection, AGE, (month_us, epoch, seq))
        outbox.purge_delivered(datetime.now(UTC))
        with connection.begin():
            after = _outbox_bytes(connection)
            free = sql.one(connection, "PRAGMA freelist_count")[0] * sql.one(connection, "PRAGMA page_size")[0]
    size = (folder / FILE_NAME).stat().st_size
    return StoreSize(scans, size / 1e6, before / 1e6, after / 1e6, free / 1e6)


def _outbox_bytes(connection: Connection) -> int:
    return int(sql.one(connection, PAGES_OF, ("*outbox*",))[0])
