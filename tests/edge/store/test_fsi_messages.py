"""Messages to the national interface outlive damage, or their loss is told; a dead box's open ones are named."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.store.database import database_path, opened_store
from edge.store.fsi_messages import (
    Closing,
    MessageState,
    NewMessage,
    became_unknown,
    close_message,
    count_open,
    open_messages,
    put_message,
)
from edge.store.handover_look import opened_estate
from edge.store.life import former_stores
from edge.store.outbox import Outbox
from edge.store.salvage import mend
from edge.store.salvage_build import Owner
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, NOON, TERMINAL, FakeClock, Shop, seeded_bytes

OWNER = Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes(3))
DUMPS = Path(__file__).parents[2] / "fixtures" / "db"
OPEN, ENDED = "P35020300001202611211200000701", "P35020300001202611211200000700"
PAGE = 4_096


def new(msgid: str) -> NewMessage:
    return NewMessage(msgid, "2102", "sale", "S1", b"sealed", NOON)


@pytest.fixture
def used(folder: Path) -> Path:
    """Return the folder of a store with an open message and one that ended."""
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock())
        shop.sign_in()
        with connection.begin():
            put_message(connection, new(ENDED))
            close_message(connection, ENDED, Closing(MessageState.ANSWERED, NOON, has_left=True, answer=b"sealed"))
            put_message(connection, new(OPEN))
            became_unknown(connection, OPEN)
    return folder


def root_of(folder: Path, name: str) -> int:
    with closing(sqlite3.connect(database_path(folder))) as store:
        found = store.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
    return int(found[0])


def overwrite(folder: Path, page: int) -> None:
    descriptor = os.open(database_path(folder), os.O_WRONLY)
    os.pwrite(descriptor, b"\xa5" * PAGE, (page - 1) * PAGE)
    os.close(descriptor)


def test_outcome_is_taken_once(used: Path) -> None:
    with opened_store(used) as connection, connection.begin():
        ended = Closing(MessageState.REFUSED, NOON, has_left=True)
        assert close_message(connection, OPEN, ended)
        assert not close_message(connection, OPEN, Closing(MessageState.ANSWERED, NOON, has_left=True))
        assert not became_unknown(connection, OPEN)
        assert count_open(connection).count == 0


def test_salvage_of_another_table_keeps_open_messages_and_doubts_them(used: Path) -> None:
    overwrite(used, root_of(used, "shift"))
    assert mend(database_path(used), OWNER).is_salvaged
    with opened_store(used) as connection, connection.begin():
        (kept,) = open_messages(connection)
    assert (kept.msgid, kept.state, kept.asked, kept.is_doubtful) == (OPEN, MessageState.UNKNOWN, b"sealed", True)


def test_life_that_begins_in_a_copy_doubts_what_the_other_box_may_have_closed(used: Path) -> None:
    with opened_store(used) as connection, connection.begin():
        Outbox(connection, random=seeded_bytes(4)).begin_epoch(connection, "copied", NOON)
        assert [one.is_doubtful for one in open_messages(connection)] == [True]


def test_messages_that_cannot_be_read_are_said_to_be_lost(used: Path) -> None:
    overwrite(used, root_of(used, "fsi_message"))
    mended = mend(database_path(used), OWNER)
    report = (used / mended.folder / "salvage.txt").read_text(encoding="utf-8")
    assert "messages to the national interface" in report
    with opened_store(used) as connection, connection.begin():
        assert open_messages(connection) == []
        (former,) = former_stores(connection)
    assert "fsi_message" in former.incomplete


def test_dead_box_names_its_open_messages(used: Path) -> None:
    with opened_estate(used, NOON) as estate:
        (remark,) = [one for one in estate.remarks if one.code == "fsi.unanswered"]
    assert f"2102 {OPEN}" in remark.words.en
    assert ENDED not in remark.words.en


def test_store_from_before_the_interface_takes_messages(folder: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(database_path(folder))) as old:
        old.executescript((DUMPS / "edge-0007.sql").read_text(encoding="utf-8"))
    with opened_store(folder) as connection, connection.begin():
        put_message(connection, new(OPEN))
        assert [one.msgid for one in open_messages(connection)] == [OPEN]


def test_damaged_store_from_before_the_interface_lost_no_messages(folder: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(database_path(folder))) as old:
        old.executescript((DUMPS / "edge-0007.sql").read_text(encoding="utf-8"))
    overwrite(folder, root_of(folder, "shift"))
    mended = mend(database_path(folder), OWNER)
    assert "national interface" not in (folder / mended.folder / "salvage.txt").read_text(encoding="utf-8")
