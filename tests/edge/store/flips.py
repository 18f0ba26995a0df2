"""Stores in the midst of their life, damaged on purpose, and what a start makes of them.

`python -m tests.edge.store.flips 1000` damages a thousand, then replaces as many cells (`cells.py`; every one, if there
are no more), and prints a table; `… 300 1 bursts` spoils many bytes at once. `test_flips.py` does it with fewer.
"""

from __future__ import annotations

import random
import shutil
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from sqlalchemy import Connection

from edge.counter.counter import Request
from edge.store import sql
from edge.store.chain import check_chain
from edge.store.database import FILE_NAME, opened_store
from edge.store.life import former_stores
from edge.store.pages import INDEX_LEAF
from edge.store.salvage import Mended, mend
from edge.store.salvage_build import Owner
from edge.store.terminal import ensure_state, read_state
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, NOON, TERMINAL, FakeClock, Shop, seeded_bytes
from tests.edge.store.cells import fuzz as fuzz_cells
from tests.edge.store.log_index import indexes_of
from tests.edge.store.spared import Table, rows_of, spared, tables_of
from wire.events import EventsLost, StoreRebuilt, thaw
from wire.receipts import Receipt

PAGE = 4_096
FRAME = PAGE + 24
SECTOR = 512
KEY_FILE = "terminal.key"
LONGEST_S = 10.0
MOST_IN_A_COMMIT = 10
"""Events of a sale that is closed: one for each line."""
OLDER_INDEX = "flip in the log, index older"
"""As a power cut leaves it: of the index, the disk holds what it was some commits ago."""
FILES = (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm")

Spoil = Callable[[bytearray, random.Random], None]


@dataclass(frozen=True)
class Living:
    """The files of a store at one moment, and every event that was acknowledged by then."""

    files: dict[str, bytes]
    events: dict[int, bytes]
    delivered_to: int
    tables: dict[str, Table]


@dataclass
class Tally:
    """What became of many stores."""

    damaged: int = 0
    as_it_was: int = 0
    salvaged: int = 0
    parked: int = 0
    cut_off: int = 0
    kept: int = 0
    lost_and_said: int = 0
    lost_silently: list[str] = field(default_factory=list)
    tables_spared: int = 0
    """Tables that the damage did not hit."""
    rows_gone: list[str] = field(default_factory=list)
    """Of these, the ones that are not as they were."""
    slowest_s: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        """Return the table."""
        rows = {
            "stores damaged": self.damaged,
            "opened as they were": self.as_it_was,
            "salvaged": self.salvaged,
            "waiting rows parked": self.parked,
            "last commit cut off, said": self.cut_off,
            "events kept": self.kept,
            "events lost and said": self.lost_and_said,
            "events lost silently": len(self.lost_silently),
            "tables spared": self.tables_spared,
            "of these not as they were": len(self.rows_gone),
            "slowest start, s": round(self.slowest_s, 2),
        }
        return [f"{name:<28}{value:>10}" for name, value in rows.items()]


def flip(content: bytearray, rng: random.Random) -> None:
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def burst(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(content))
    size = min(rng.randint(2, 600), len(content) - at)
    content[at : at + size] = rng.randbytes(size)


def header(content: bytearray, rng: random.Random) -> None:
    content[rng.randrange(min(100, len(content)))] ^= rng.randint(1, 255)


def truncate(content: bytearray, rng: random.Random) -> None:
    del content[rng.choice([0, rng.randrange(len(content)), rng.randrange(len(content)) // PAGE * PAGE]) :]


def zero_page(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(max(1, len(content) // PAGE)) * PAGE
    content[at : at + PAGE] = bytes(len(content[at : at + PAGE]))


def swap_pages(content: bytearray, rng: random.Random) -> None:
    pages = max(2, len(content) // PAGE)
    one, other = (PAGE * number for number in rng.sample(range(pages), 2))
    if max(one, other) + PAGE <= len(content):
        content[one : one + PAGE], content[other : other + PAGE] = (
            content[other : other + PAGE],
            content[one : one + PAGE],
        )


def frame_mark(content: bytearray, rng: random.Random) -> None:
    """Damage the head of a frame of the log."""
    frames = max(1, (len(content) - 32) // FRAME)
    at = 32 + rng.randrange(frames) * FRAME + rng.randrange(24)
    if at < len(content):
        content[at] ^= rng.randint(1, 255)


def payload_size(content: bytearray, rng: random.Random) -> None:
    """Make a record of the outbox say that it is larger than any memory: its cell begins with its size."""
    pages = [
        at for at in range(0, len(content), PAGE) if content[at] == INDEX_LEAF and b'{"v":' in content[at : at + PAGE]
    ]
    page = rng.choice(pages or range(0, len(content), PAGE))
    (cells,) = struct.unpack_from(">H", content, page + 3)
    (cell,) = struct.unpack_from(">H", content, page + 8 + 2 * rng.randrange(max(1, min(cells, 100))))
    at = page + min(cell, PAGE - 16)
    # Just under 4 GiB: SQLite gives up on the memory before it looks whether the file is as large.
    size = rng.choice([b"", b"\x80"]) + b"\x8f\xff\xff\xff\x7f"
    content[at : at + len(size)] = size


def stretch(content: bytearray, rng: random.Random) -> tuple[int, int]:
    """Return where a stretch of many bytes begins and how long it is: from a sector to sixteen pages."""
    size = min(rng.choice([1, 2, 8, 16, 64, 128]) * SECTOR, len(content))
    return rng.randint(0, (len(content) - size) // SECTOR) * SECTOR, size


def zero_stretch(content: bytearray, rng: random.Random) -> None:
    at, size = stretch(content, rng)
    content[at : at + size] = bytes(size)


def foreign_stretch(content: bytearray, rng: random.Random) -> None:
    """Write over it what belongs to another file: text, noise, or another place of this one."""
    at, size = stretch(content, rng)
    other = rng.randint(0, len(content) - size)
    bodies = [b"2026-11-22 04:00:00 kernel: ata1: failed command\n" * (size // 40 + 1), rng.randbytes(size)]
    content[at : at + size] = rng.choice([*bodies, bytes(content[other : other + size])])[:size]


def several_pages(content: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randint(2, 8)):
        zero_page(content, rng)


def double(content: bytearray, rng: random.Random) -> None:
    content += rng.choice([bytes(len(content)), bytes(content), rng.randbytes(len(content))])


def zero_header_page(content: bytearray, rng: random.Random) -> None:
    size = min(rng.choice([SECTOR, PAGE]), len(content))
    content[:size] = bytes(size)


def log_header(content: bytearray, rng: random.Random) -> None:
    size = min(rng.randint(4, 56), len(content))
    content[:size] = rng.choice([bytes(size), rng.randbytes(size)])


def garbage(content: bytearray, rng: random.Random) -> None:
    content[:] = rng.randbytes(rng.choice([len(content), rng.randint(1, 2 * len(content))]))


SPOILS: dict[str, tuple[str, Spoil]] = {
    "flip in the database": (FILE_NAME, flip),
    "flip in the log": (f"{FILE_NAME}-wal", flip),
    "burst in the database": (FILE_NAME, burst),
    "burst in the log": (f"{FILE_NAME}-wal", burst),
    "header of the database": (FILE_NAME, header),
    "header of the log": (f"{FILE_NAME}-wal", header),
    "database cut short": (FILE_NAME, truncate),
    "log cut short": (f"{FILE_NAME}-wal", truncate),
    "zeroed page": (FILE_NAME, zero_page),
    "swapped pages": (FILE_NAME, swap_pages),
    "mark of a frame": (f"{FILE_NAME}-wal", frame_mark),
    OLDER_INDEX: (f"{FILE_NAME}-wal", flip),
    "payload size": (FILE_NAME, payload_size),
}
BURSTS: dict[str, tuple[str, Spoil]] = {
    "zeroed stretch of the database": (FILE_NAME, zero_stretch),
    "zeroed stretch of the log": (f"{FILE_NAME}-wal", zero_stretch),
    "foreign stretch in the database": (FILE_NAME, foreign_stretch),
    "foreign stretch in the log": (f"{FILE_NAME}-wal", foreign_stretch),
    "several pages": (FILE_NAME, several_pages),
    "database twice as long": (FILE_NAME, double),
    "log twice as long": (f"{FILE_NAME}-wal", double),
    "first page zeroed": (FILE_NAME, zero_header_page),
    "start of the log": (f"{FILE_NAME}-wal", log_header),
    "index of the log": (f"{FILE_NAME}-shm", garbage),
}
"""Many bytes at once: a bad sector, a file system that mixed up its blocks, a copy that went wrong."""


def live(folder: Path) -> list[Living]:
    """Live a morning, and keep the files at four moments: young, with a full log, checkpointed, and closed."""
    lives = []
    with opened_store(folder) as connection:
        (folder / KEY_FILE).write_bytes(b"not looked into")
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock())
        shop.stock()
        shop.sign_in()
        _statement(connection, "PRAGMA wal_autocheckpoint = 0")
        for part in range(3):
            for number in range(part * 25, (part + 1) * 25):
                shop.scan(f"8600011{number:013}")
                if number % 10 == 9:
                    shop.counter.close_sale(Request(None, ""))
            _deliver(shop, part * 10 + 10)
            lives.append(_keep(folder, connection))
            if part == 0:
                _statement(connection, "PRAGMA wal_checkpoint(PASSIVE)")
            elif part == 1:
                _statement(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
        last = _keep(folder, connection)
    closed = {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}
    return [*lives, replace(last, files=closed)]


def _deliver(shop: Shop, last: int) -> None:
    receipt = Receipt(
        v=1, terminal=TERMINAL, epoch=EPOCH, centre="centre-1", at=NOON, nonce="n" * 16, accepted=[(1, last)]
    )
    shop.outbox.apply_receipts([receipt], NOON)


def _keep(folder: Path, connection: Connection) -> Living:
    with connection.begin():
        rows = sql.rows(connection, "SELECT seq, bytes, state FROM outbox")
    files = {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}
    delivered_to = max(s for s, _, state in rows if state != "pending")
    return Living(files, {seq: frozen for seq, frozen, _ in rows}, delivered_to, tables_of(connection))


def _statement(connection: Connection, statement: str) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(statement).fetchall()


def fuzz(count: int, seed: int, spoils: dict[str, tuple[str, Spoil]] = SPOILS) -> Tally:
    """Damage `count` stores, open each, and look for every event."""
    tally = Tally()
    with TemporaryDirectory() as where:
        moments = live(Path(where) / "living")
        older = [indexes_of(moment.files.get(f"{FILE_NAME}-wal", b"")) for moment in moments]
        for number in range(count):
            rng = random.Random(f"{seed}-{number}")
            moment = rng.choice(moments)
            indexes = older[moments.index(moment)]
            kind = list(spoils)[number % len(spoils)]
            name, spoil = spoils[kind]
            if not moment.files.get(name):
                name = FILE_NAME
            folder = Path(where) / str(number)
            folder.mkdir()
            (folder / KEY_FILE).write_bytes(b"not looked into")
            for file, content in moment.files.items():
                spoiled = bytearray(content)
                if file == name:
                    spoil(spoiled, rng)
                elif kind == OLDER_INDEX and file == f"{FILE_NAME}-shm" and indexes:
                    spoiled[:] = rng.choice(indexes)
                (folder / file).write_bytes(spoiled)
            _judge(folder, moment, tally, f"{seed}-{number} {kind}, {name}")
            shutil.rmtree(folder)
    return tally


def _judge(folder: Path, moment: Living, tally: Tally, where: str) -> None:
    mended = Mended()
    is_log_whole = all((folder / name).read_bytes() == moment.files[name] for name in FILES[1:] if name in moment.files)
    whole = moment.files[FILE_NAME]
    unhit = spared(moment.tables, whole, (folder / FILE_NAME).read_bytes()) if is_log_whole else []
    owner = Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes(7))

    def mend_first(database: Path) -> None:
        nonlocal mended
        mended = mend(database, owner)

    started_s = time.perf_counter()
    with opened_store(folder, mend_first) as connection:
        tally.slowest_s = max(tally.slowest_s, time.perf_counter() - started_s)
        with connection.begin():
            gone = [name for name in unhit if rows_of(connection, name) != moment.tables[name].rows]
        ensure_state(connection, terminal=TERMINAL, new_epoch="new", mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock(), seed=9)
        shop.sign_in(login="li", token="after")
        shop.scan("86000110000000099999")
        said = _said_lost(shop)
        with connection.begin():
            rows = sql.rows(connection, "SELECT epoch, seq, state, bytes FROM outbox")
            epoch = read_state(connection).epoch
        broken_at = check_chain(connection, epoch).broken_at
        # A byte of what the centre has already is of no use to anybody any more.
        assert broken_at is None or mended.parked or broken_at <= moment.delivered_to + 1, where
    here = {seq: frozen for life, seq, state, frozen in rows if life == EPOCH and state != "dead"}
    missing = [seq for seq, frozen in moment.events.items() if here.get(seq) != frozen]
    silent = [seq for seq in missing if seq not in said and seq > moment.delivered_to]
    # The end of the log without a witness: nobody can know the numbers, so the cut itself is told. It is one commit.
    is_one_commit = 0 < len(silent) <= MOST_IN_A_COMMIT
    if is_one_commit and mended.is_cut_off and min(silent) > max(set(moment.events) - set(silent), default=0):
        silent = []
    tally.damaged += 1
    tally.tables_spared += len(unhit)
    tally.rows_gone += [f"{where}: {gone}"] if gone else []
    tally.salvaged += mended.is_salvaged
    tally.as_it_was += not mended.is_salvaged
    tally.parked += mended.parked
    tally.cut_off += mended.is_cut_off
    tally.kept += len(moment.events) - len(missing)
    tally.lost_and_said += len(missing) - len(silent)
    tally.lost_silently += [f"{where}: {silent}"] if silent else []


def _said_lost(shop: Shop) -> set[int]:
    """Return the numbers of the first life that the store itself says are lost."""
    spans = [span for fact in shop_facts(shop) for span in fact]
    with shop.connection.begin():
        spans += [span for one in former_stores(shop.connection) for span in one.lost]
        nameless = any(not one.epoch for one in former_stores(shop.connection))
    said = {seq for first, last in spans for seq in range(first, last + 1)}
    # A life of which not even the name was left is lost as a whole, and said to be.
    return said | set(range(1, 10_000)) if nameless else said


def shop_facts(shop: Shop) -> list[list[tuple[int, int]]]:
    with shop.connection.begin():
        rows = sql.rows(shop.connection, "SELECT bytes FROM outbox WHERE kind IN ('events_lost', 'store_rebuilt')")
    facts = [thaw(frozen).fact for (frozen,) in rows]
    spans = [fact.spans for fact in facts if isinstance(fact, EventsLost) and fact.epoch == EPOCH]
    return spans + [fact.lost for fact in facts if isinstance(fact, StoreRebuilt) and fact.former == EPOCH]


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    is_bursts = sys.argv[3:] == ["bursts"]
    tally = fuzz(count, seed, BURSTS if is_bursts else SPOILS)
    cells = [] if is_bursts else fuzz_cells(count, seed)
    lines = [
        *tally.lines(),
        *tally.lost_silently,
        *tally.rows_gone,
        f"{'wrong after a cell':<28}{len(cells):>10}",
        *cells,
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(bool(tally.lost_silently or tally.rows_gone or cells) or tally.slowest_s > LONGEST_S)


if __name__ == "__main__":
    main()
