"""A terminal that is killed at any moment has everything it ever announced, and a history without a gap."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from itertools import count
from pathlib import Path

import pytest

from edge.counter.counter import Request
from edge.store import sql
from edge.store.chain import check_chain
from edge.store.database import opened_store
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, TERMINAL, FakeClock, Shop
from wire.events import Dispensed, Scanned

KILLS = 20
PACKS_PER_SALE = 5


def code_of(number: int) -> str:
    return f"8600011{number:013}"


def sell_until_killed(folder: Path, first: int, announce: int) -> None:
    """Scan and sell, announcing each pack and each sale when the counter has answered."""
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock(), seed=first)
        shop.stock()
        shop.sign_in(token=f"token-{first}")
        for number in count(first):
            shown = shop.scan(code_of(number))
            os.write(announce, f"pack {shown.code}\n".encode())
            if number % PACKS_PER_SALE == 0:
                os.write(announce, f"sale {shop.counter.close_sale(Request(None, '')).sale}\n".encode())


def announced_until_killed(folder: Path, first: int, rng: random.Random) -> list[str]:
    """Run the seller, kill it after some announcements, and return every one it made."""
    reading, writing = os.pipe()
    seller = multiprocessing.get_context("fork").Process(target=sell_until_killed, args=(folder, first, writing))
    seller.start()
    os.close(writing)
    patience = rng.randint(100, 2_000)
    heard = b""
    with os.fdopen(reading, "rb", buffering=0) as announcements:
        while len(heard) < patience and (chunk := announcements.read(rng.randint(1, 300))):
            heard += chunk
        assert seller.pid is not None
        os.kill(seller.pid, signal.SIGKILL)
        while chunk := announcements.read(65_536):
            heard += chunk
    seller.join(10)
    assert seller.exitcode == -signal.SIGKILL
    # A line that was cut short was not announced.
    return heard.decode().split("\n")[:-1]


@pytest.mark.slow
@pytest.mark.req("T-02")
def test_every_announced_scan_is_there_after_any_kill(folder: Path) -> None:
    rng = random.Random(20_261_121)
    announced: list[str] = []
    for _ in range(KILLS):
        with_packs = [line for line in announced if line.startswith("pack")]
        announced += announced_until_killed(folder, len(with_packs) + 1_000 * len(announced), rng)
        with opened_store(folder) as connection:
            shop = Shop(connection, FakeClock())
            check = check_chain(connection, EPOCH)
            with connection.begin():
                seqs = [seq for (seq,) in sql.rows(connection, "SELECT seq FROM outbox ORDER BY seq")]
                scans = {code for (code,) in sql.rows(connection, "SELECT code FROM sale_pack")}
            facts = shop.facts()
        assert check.broken_at is None
        assert seqs == list(range(1, len(seqs) + 1))
        codes = [fact.code for fact in facts if isinstance(fact, Scanned) and fact.verdict == "added"]
        assert len(codes) == len(set(codes)), "one pack, two events"
        assert set(codes) == scans, "business row and event are one transaction"
        packs = {line.removeprefix("pack ") for line in announced if line.startswith("pack ")}
        assert packs <= set(codes)
        sold = {fact.sale for fact in facts if isinstance(fact, Dispensed)}
        assert {line.removeprefix("sale ") for line in announced if line.startswith("sale ")} <= sold
    assert len(announced) > KILLS
