"""How fast codes are read, beside the floors of the same run."""

from __future__ import annotations

import io
import json
import random
import time
from collections.abc import Callable
from pathlib import Path

from biip.gs1_messages import GS1Message

from cli.read import answer_lines
from codes.classify import read
from codes.reading import Scan
from tests.bench.figure import at_least, figure, of_floor_at_least

LEAST_READINGS_PER_S = 5_000
LEAST_SHARE_OF_BIIP = 0.5

_TABLE = Path(__file__).parents[1] / "fixtures" / "codes" / "published.json"
_ROUNDS = 5
_SECONDS_OF_A_ROUND = 0.3


def run() -> list[dict]:
    """Measure the mixed table, the same through NDJSON, and GS1 alone against bare biip."""
    rows = json.loads(_TABLE.read_text("utf-8"))
    random.Random(1).shuffle(rows)
    scans = [Scan(row["scan"].encode(), row.get("symbology")) for row in rows]
    lines = b"".join(
        json.dumps({"raw_hex": scan.raw.hex(), "symbology": scan.symbology, "source": "bench"}).encode() + b"\n"
        for scan in scans
    )
    messages = _element_strings(200)
    marked = [Scan(message.encode(), "]d2") for message in messages]

    mixed = _per_second(lambda: [read(scan) for scan in scans], len(scans))
    ndjson = _per_second(lambda: answer_lines(io.BytesIO(lines), io.BytesIO()), len(scans))
    ours, biip = _side_by_side(
        (lambda: [read(scan) for scan in marked], lambda: [GS1Message.parse(message) for message in messages]),
        len(messages),
    )
    return [
        figure("codes.mixed", "readings of the mixed table", mixed, "1/s", target=at_least(LEAST_READINGS_PER_S)),
        figure("codes.ndjson", "as NDJSON lines in and out", ndjson, "1/s", target=at_least(LEAST_READINGS_PER_S)),
        figure(
            "codes.gs1",
            "GS1 readings",
            ours,
            "1/s",
            floor=biip,
            target=of_floor_at_least(LEAST_SHARE_OF_BIIP),
            note="floor: bare biip",
        ),
    ]


def _element_strings(count: int) -> list[str]:
    generator = random.Random(2)
    made = []
    for _ in range(count):
        payload = "0" + "".join(generator.choices("0123456789", k=12))
        check = -sum((3 if place % 2 == 0 else 1) * int(digit) for place, digit in enumerate(payload[::-1])) % 10
        lot, serial = generator.randrange(10**6), generator.randrange(10**12)
        month = generator.choice((1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))
        made.append(f"01{payload}{check}1728{month:02}3010L{lot:06}\x1d21S{serial:012}")
    return made


def _per_second(work: Callable[[], object], items: int) -> float:
    return _side_by_side((work,), items)[0]


def _side_by_side(works: tuple[Callable[[], object], ...], items: int) -> list[float]:
    """Return the best rate of each work over rounds taken in turn, in processor time."""
    best = [0.0] * len(works)
    for _ in range(_ROUNDS):
        for place, work in enumerate(works):
            best[place] = max(best[place], _rate(work, items))
    return best


def _rate(work: Callable[[], object], items: int) -> float:
    started, done = time.process_time(), 0
    while (spent := time.process_time() - started) < _SECONDS_OF_A_ROUND:
        work()
        done += items
    return done / spent if spent else 0.0
