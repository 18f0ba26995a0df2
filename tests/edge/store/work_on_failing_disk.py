"""Work on a disk that fails at each operation in turn, or at one in so many; run as a program whose disk is the shim's.

What the store promised and what it refused is written to standard output, one JSON line each. The program ends with a
trace if the store does not go on, in the same process, the moment the disk is mended.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

from edge.errors import EdgeError
from edge.store.database import database_path, opened_store
from edge.store.errors import store_errors
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from sim.disk.shim import DiskFaults, Fault
from tests.edge.scene import EPOCH, TERMINAL, FakeClock, Shop
from tests.edge.store.day_at_the_store import quietly

FAULTS = (Fault.FULL, Fault.IO_ERROR, Fault.READ_ONLY)
FAR = 36
"""Operations until the fault, at most: several scans and a checkpoint."""
STRIDE = 5
"""A new store takes many operations of one kind to make; each fault begins at another one."""
SCANS = 20
PAGES_PER_CHECKPOINT = 25


def main(disk: Path, faults: DiskFaults, one_in: int) -> None:
    for fault in FAULTS:
        work(disk / "running", faults, fault, one_in)
        start(faults, fault, ((after, disk / "running") for after in count(fault % one_in, one_in)))
        start(faults, fault, new_folders(disk / "new", fault, one_in))


def work(folder: Path, faults: DiskFaults, fault: Fault, one_in: int) -> None:
    """Let the disk fail under a store that is open, which stays open meanwhile."""
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        quietly(connection, f"PRAGMA wal_autocheckpoint = {PAGES_PER_CHECKPOINT}")
        shop = Shop(connection, FakeClock(), seed=fault)
        shop.stock()
        shop.sign_in(token=fault.name)
        codes = (f"8600011{number:013}" for number in count(fault * 1_000_000))
        code, shown = next(codes), 0
        for after in range(fault % one_in, FAR, one_in):
            faults.set(fault, after=after)
            for _ in range(SCANS):
                try:
                    with store_errors(database_path(folder)):
                        promise(shop.scan(code).code)
                except EdgeError as exc:
                    refuse("work", fault, exc)
                    break
                code, shown = next(codes), shown + 1
            faults.clear()
            # What was refused is scanned again, and taken.
            promise(shop.scan(code).code)
            code, shown = next(codes), shown + 1
        if len(shop.heard("scan")) != shown:
            raise SystemExit(f"{shown} scans were kept, the screens heard of others")
        faults.set(fault)
    faults.clear()


def new_folders(above: Path, fault: Fault, one_in: int) -> Iterator[tuple[int, Path]]:
    return ((after, above / fault.name / str(after)) for after in count(fault, STRIDE * one_in))


def start(faults: DiskFaults, fault: Fault, tries: Iterable[tuple[int, Path]]) -> None:
    """Let the disk fail while a store is opened, then open it once the disk is mended."""
    for after, folder in tries:
        faults.set(fault, after=after)
        has_opened = False
        try:
            with opened_store(folder):
                has_opened = True
        except EdgeError as exc:
            refuse("start", fault, exc)
        faults.clear()
        with opened_store(folder) as connection:
            ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        if has_opened:
            return


def promise(code: str) -> None:
    sys.stdout.write(json.dumps({"code": code}) + "\n")


def refuse(where: str, fault: Fault, error: EdgeError) -> None:
    sys.stdout.write(json.dumps({"refused": error.code, "where": where, "fault": fault.name}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), DiskFaults(Path(sys.argv[2])), int(sys.argv[3]))
