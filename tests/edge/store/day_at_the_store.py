"""A day of a terminal that is watched by the disk shim: scans, sales, receipts, checkpoints, restarts, a purge.

Run as a program in its own process. Whatever it has promised stands in the file `promises`, one JSON line each,
written the moment the store had answered. The file is inside the watched folder, so that the log of the disk says what
had been promised at which moment. With a second argument the store is told not to synchronise at each commit, which
whoever checks the promises has to find out.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from edge.counter.counter import Request
from edge.store.database import opened_store
from edge.store.outbox import KEEP_DELIVERED
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, NOON, TERMINAL, FakeClock, Shop
from wire.keys import load_or_create_key
from wire.receipts import Receipt

STORE = "store"
KEY_FILE = "terminal.key"
PROMISES = "promises"
CHECKPOINTS = ("RESTART", "TRUNCATE", None)
"""How the log is folded back at the end of each life; the last one leaves it to the closing."""
LIVES = len(CHECKPOINTS)
SCANS_PER_LIFE = 16
PACKS_PER_SALE = 5
SCANS_PER_RECEIPT = 7
PAGES_PER_CHECKPOINT = 60
LONG_AGO = NOON - 3 * KEEP_DELIVERED


def main(disk: Path, *, is_careless: bool) -> None:
    promises = os.open(disk / PROMISES, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def promise(**what: object) -> None:
        os.write(promises, json.dumps(what).encode() + b"\n")

    for life in range(1 if is_careless else LIVES):
        with opened_store(disk / STORE) as connection:
            promise(key=load_or_create_key(disk / STORE / KEY_FILE).public.fingerprint)
            ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
            quietly(connection, f"PRAGMA wal_autocheckpoint = {PAGES_PER_CHECKPOINT}")
            if is_careless:
                quietly(connection, "PRAGMA synchronous = NORMAL")
            work(connection, life, promise)
            if CHECKPOINTS[life] is not None:
                quietly(connection, f"PRAGMA wal_checkpoint({CHECKPOINTS[life]})")


def work(connection: Connection, life: int, promise: Callable[..., None]) -> None:
    """Work from one start to the next; the first life is long ago, and the last one puts it away."""
    shop = Shop(connection, FakeClock(), seed=life)
    shop.stock()
    shop.sign_in(token=f"token-{life}")
    heard_at = LONG_AGO if life == 0 else NOON
    for number in range(life * SCANS_PER_LIFE, (life + 1) * SCANS_PER_LIFE):
        shown = shop.scan(f"8600011{number:013}")
        promise(seq=shown.seq, code=shown.code)
        if number % PACKS_PER_SALE == 0:
            promise(sale=shop.counter.close_sale(Request(None, "")).sale)
        if number % SCANS_PER_RECEIPT == 0:
            assert shown.seq is not None
            shop.outbox.apply_receipts([receipt(shown.seq, heard_at)], NOON)
            promise(delivered=shown.seq, is_old=life == 0)
    if life == LIVES - 1:
        # What is put away may be gone at any later moment, so it is said before.
        promise(puts_away=True)
        assert shop.outbox.purge_delivered(NOON - KEEP_DELIVERED) > SCANS_PER_RECEIPT


def receipt(last: int, at: datetime) -> Receipt:
    return Receipt(v=1, terminal=TERMINAL, epoch=EPOCH, centre="centre-1", at=at, nonce="n" * 16, accepted=[(1, last)])


def quietly(connection: Connection, statement: str) -> None:
    """Run a statement outside any transaction."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(statement).fetchall()


if __name__ == "__main__":
    main(Path(sys.argv[1]), is_careless=len(sys.argv) > 2)
