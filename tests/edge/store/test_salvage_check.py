"""A look at a store: it says what is damaged and never falls over it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge.store import salvage_check
from edge.store.database import FILE_NAME, opened_store
from edge.store.salvage import DAMAGED, Mended, mend
from edge.store.salvage_build import Owner
from edge.store.salvage_check import DamageError, Look, look_over
from edge.store_troubles import store_troubles
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, NOON, TERMINAL, seeded_bytes
from tests.edge.store.cells import live
from wire.events import sm3_hex

pytestmark = pytest.mark.req("T-10")


def test_check_that_stumbles_over_content_has_found_damage_and_says_over_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(tmp_path)

    def stumble(_: bytes) -> None:
        raise OverflowError("further than any clock")

    monkeypatch.setattr(salvage_check, "event_in", stumble)
    with capture_logs() as logs:
        assert look_over(tmp_path / FILE_NAME).damage == "OverflowError: further than any clock"
    (told,) = logs
    assert (told["event"], told["exc_info"]) == ("store.check_stumbled", True)


def test_waiting_event_of_a_newer_program_is_right_if_the_next_one_names_it(tmp_path: Path) -> None:
    live(tmp_path)
    path = tmp_path / FILE_NAME
    with closing(sqlite3.connect(path)) as store, store:
        before = after = b"-"
        for seq, frozen in store.execute("SELECT seq, bytes FROM outbox WHERE seq > 11 ORDER BY seq").fetchall():
            newer = frozen.replace(b'{"v":1,', b'{"v":99,') if seq == 12 else frozen.replace(before, after)
            before, after = sm3_hex(frozen).encode(), sm3_hex(newer).encode()
            store.execute("UPDATE outbox SET bytes = ? WHERE seq = ?", (newer, seq))
        store.execute("UPDATE terminal_state SET last_hash = ?", (after.decode(),))
    assert look_over(path) == Look(wrong=[])
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("UPDATE outbox SET bytes = replace(bytes, 'serial', 'sorial') WHERE seq = 12")
        store.execute("UPDATE outbox SET bytes = CAST(bytes AS BLOB) WHERE seq = 12")
    assert look_over(path) == Look(wrong=[(EPOCH, 12)])


def test_finding_that_no_salvage_rids_a_store_of_is_salvaged_once_and_not_at_each_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(tmp_path)
    path = tmp_path / FILE_NAME
    owner = Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes(3))
    found = "KeyError: 'a slip of ours'"

    def stumble(_: object) -> None:
        raise KeyError("a slip of ours")

    with monkeypatch.context() as slip:
        slip.setattr(salvage_check, "_check_history", stumble)
        assert look_over(path).damage == found
        with capture_logs() as logs:
            mended = mend(path, owner)
        assert mended.is_salvaged
        assert [one.code for one in store_troubles(mended, [], NOON)] == ["store.still_wrong"]
        assert [(one["log_level"], one["reason"]) for one in logs if one["event"] == "store.still_wrong"] == [
            ("error", found)
        ]
        with opened_store(tmp_path):
            pass
        mended = mend(path, owner)
        assert not mended.is_salvaged
        assert [one.code for one in store_troubles(mended, [], NOON)] == ["store.still_wrong"], "as long as it is used"
    assert look_over(path) == Look(wrong=[])
    with path.open("r+b") as file:
        file.write(bytes(4_096))
    assert mend(path, owner).is_salvaged
    assert len(list((tmp_path / DAMAGED).iterdir())) == 2
    assert sorted(one.name for one in tmp_path.glob(f"{FILE_NAME}*")) == [FILE_NAME]


@pytest.mark.parametrize(("at", "looks"), [(0, 1), (5_000, 2)], ids=["SQLite's finding", "ours"])
def test_new_store_is_looked_over_where_the_finding_may_be_an_error_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, looks: int
) -> None:
    live(tmp_path)
    path = tmp_path / FILE_NAME
    if at:
        with closing(sqlite3.connect(path)) as store, store:
            store.execute("UPDATE terminal_state SET next_seq = next_seq + ?", (at,))
    else:
        with path.open("r+b") as file:
            file.write(bytes(16))
    looked = list[Path]()

    def look(database: Path) -> Look:
        looked.append(database)
        return look_over(database)

    monkeypatch.setattr("edge.store.salvage.look_over", look)
    assert mend(path, Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes(3))).is_salvaged
    assert [one.name for one in looked] == [FILE_NAME, f"{FILE_NAME}.new"][:looks]


def test_note_of_a_finding_that_nobody_can_read_or_remove_keeps_no_store_from_starting(tmp_path: Path) -> None:
    live(tmp_path)
    path = tmp_path / FILE_NAME
    owner = Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes(3))
    (tmp_path / DAMAGED / "somebody's copy" / "still_wrong.txt").mkdir(parents=True)
    with capture_logs() as logs:
        assert mend(path, owner) == Mended()
    assert [one["event"] for one in logs] == ["store.finding_stays"]
    with path.open("r+b") as file:
        file.write(bytes(4_096))
    assert mend(path, owner).is_salvaged


def test_finding_that_comes_back_after_a_clean_start_is_damage_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(tmp_path)
    path = tmp_path / FILE_NAME
    owner = Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes(3))

    def find(_: object) -> None:
        raise DamageError("always the same")

    def is_salvaged_with_finding() -> bool:
        with monkeypatch.context() as found:
            found.setattr(salvage_check, "_check_history", find)
            return mend(path, owner).is_salvaged

    assert is_salvaged_with_finding()
    assert not is_salvaged_with_finding()
    assert mend(path, owner) == Mended()
    assert is_salvaged_with_finding()


def test_finding_in_the_outbox_names_the_row(tmp_path: Path) -> None:
    live(tmp_path)
    path = tmp_path / FILE_NAME
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("UPDATE outbox SET created_at = 'noon' WHERE seq = 7")
    assert "number 7" in look_over(path).damage
