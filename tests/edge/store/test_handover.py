"""A dead box's unsent events reach the centre through the box that replaces it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from typer.testing import CliRunner

from cli.app import app
from edge.store import handover, sql
from edge.store.database import opened_store
from edge.store.handover import BadExportError, NothingBegunError, OtherTerminalsExportError
from edge.store.handover_adopt import Adopted, OpenListError, adopt_events
from edge.store.handover_export import export_events
from edge.store.outbox import Outbox
from edge.store.terminal import ensure_state, read_state
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, NOON, TERMINAL, FakeClock, Shop, seeded_bytes
from wire.archive import read_archive, write_archive
from wire.events import ShiftOpened, StoreRebuilt, thaw
from wire.receipts import Receipt, Rejected

pytestmark = pytest.mark.req("T-70")
NEW_EPOCH = "epoch-2"


class Box:
    """A store of a terminal."""

    def __init__(self, folder: Path, closing: ExitStack, *, terminal: str = TERMINAL, epoch: str = EPOCH) -> None:
        self.folder, self.closing = folder, closing
        self.connection: Connection = closing.enter_context(opened_store(folder))
        ensure_state(self.connection, terminal=terminal, new_epoch=epoch, mode=Mode.DISPENSE)
        self.outbox = Outbox(self.connection, random=seeded_bytes())

    def record(self, count: int, *, hours: int = 0) -> list[bytes]:
        frozen = []
        for number in range(count):
            with self.connection.begin():
                now = NOON + timedelta(hours=hours)
                frozen.append(
                    self.outbox.append(self.connection, ShiftOpened(f"s{number}"), operator="w", now=now).bytes
                )
        return frozen

    def exported(self, *, with_delivered: bool = False) -> bytes:
        out = io.BytesIO()
        with self.connection.begin():
            export_events(self.connection, out, now=NOON, with_delivered=with_delivered)
        return out.getvalue()

    def adopt(self, export: bytes) -> Adopted:
        return adopt_events(self.connection, io.BytesIO(export), name="x.yimaout", now=NOON, random=seeded_bytes())

    def waiting(self) -> dict[str, list[bytes]]:
        return {
            epoch: [
                row.bytes for row in self.outbox.pending(epoch=epoch, after_seq=0, up_to_seq=None, limit=999, now=NOON)
            ]
            for epoch in self.outbox.epochs_with_pending()
        }


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def dead(tmp_path: Path, closing: ExitStack) -> Box:
    return Box(tmp_path / "dead", closing)


@pytest.fixture
def heir(tmp_path: Path, closing: ExitStack) -> Box:
    return Box(tmp_path / "heir", closing, epoch=NEW_EPOCH)


def test_unsent_and_refused_events_move_and_delivered_ones_stay(dead: Box, heir: Box) -> None:
    frozen = dead.record(5)
    refused = [Rejected(3, thaw(frozen[2]).id, "event.invalid")]
    dead.outbox.apply_receipts([Receipt(1, TERMINAL, EPOCH, "c", NOON, "n" * 16, [(1, 2)], refused)], NOON)
    own = heir.record(1)
    assert heir.adopt(dead.exported()) == Adopted(3, 0, [EPOCH])
    assert heir.waiting() == {EPOCH: frozen[2:], NEW_EPOCH: own}


def test_taking_twice_changes_nothing(dead: Box, heir: Box) -> None:
    dead.record(3)
    export = dead.exported()
    heir.adopt(export)
    before = heir.waiting()
    assert heir.adopt(export) == Adopted(0, 3, [])
    assert heir.waiting() == before


def test_what_happens_afterwards_comes_after(dead: Box, heir: Box) -> None:
    frozen = dead.record(2, hours=5)
    heir.adopt(dead.exported())
    (later,) = heir.record(1)
    assert thaw(later).hlc > thaw(frozen[-1]).hlc


def test_delivered_events_can_be_taken_along(dead: Box, heir: Box) -> None:
    frozen = dead.record(2)
    dead.outbox.apply_receipts([Receipt(1, TERMINAL, EPOCH, "c", NOON, "n" * 16, [(1, 2)])], NOON)
    assert heir.adopt(dead.exported()) == Adopted(0, 0, [])
    assert heir.adopt(dead.exported(with_delivered=True)).taken == 2
    assert heir.waiting() == {EPOCH: frozen}


def test_another_terminals_events_are_refused(dead: Box, tmp_path: Path, closing: ExitStack) -> None:
    dead.record(1)
    stranger = Box(tmp_path / "stranger", closing, terminal="counter-9", epoch=NEW_EPOCH)
    with pytest.raises(OtherTerminalsExportError):
        stranger.adopt(dead.exported())
    assert stranger.waiting() == {}


def test_an_event_that_differs_from_the_one_here_is_refused_whole(
    dead: Box, tmp_path: Path, closing: ExitStack
) -> None:
    dead.record(2)
    twin = Box(tmp_path / "twin", closing)
    twin.record(1, hours=1)
    before = twin.waiting()
    with pytest.raises(BadExportError, match="differs"):
        twin.adopt(dead.exported())
    assert twin.waiting() == before


def test_events_that_do_not_follow_each_other_are_refused(dead: Box, heir: Box) -> None:
    dead.record(3)
    decoder = msgspec.msgpack.Decoder()
    mark = b"YIMAOUT1"
    head, rows = read_archive(io.BytesIO(dead.exported()), mark, decoder)
    forged = bytes(rows["rows"][1][6]).replace(b'"s1"', b'"s7"')
    rows["rows"][1][6] = forged
    out = io.BytesIO()
    write_archive(out, mark, [head, rows])
    with pytest.raises(BadExportError, match="number 3 does not follow"):
        heir.adopt(out.getvalue())


@pytest.mark.req("T-71")
def test_events_of_the_life_that_we_are_in_begin_a_new_one_first_and_no_number_is_shared(dead: Box, heir: Box) -> None:
    """The replacement was made from an image of the dead box, which went on for a while."""
    twin = Box(heir.folder.with_name("twin"), heir.closing)
    frozen = dead.record(3)
    assert twin.record(3) == frozen
    frozen += dead.record(2, hours=1)
    done = twin.adopt(dead.exported())
    assert (done.taken, done.known, done.epochs) == (2, 3, [EPOCH])
    assert done.began is not None
    own = twin.record(1)
    waiting = twin.waiting()
    assert waiting[EPOCH] == frozen
    assert waiting[done.began][1:] == own
    assert thaw(waiting[done.began][0]).fact == StoreRebuilt(EPOCH, "copied", 3, [])
    assert thaw(own[0]).hlc > thaw(frozen[-1]).hlc
    before = twin.waiting()
    assert twin.adopt(dead.exported()) == Adopted(0, 5, []), "once is enough"
    assert twin.waiting() == before


def test_adopting_that_is_killed_in_the_midst_goes_on_and_doubles_nothing(
    dead: Box, heir: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "ROWS_PER_CHUNK", 2)
    frozen = dead.record(7)
    export = dead.exported()
    told: list[tuple[str, int, int]] = []

    def hear(what: str, done: int, total: int) -> None:
        assert not heir.connection.in_transaction(), "whoever scans meanwhile does not wait for all of it"
        told.append((what, done, total))
        if told[-1] == ("taking", 4, 7):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adopt_events(heir.connection, io.BytesIO(export), name="x", now=NOON, random=seeded_bytes(), told=hear)
    assert [done for what, done, _ in told if what == "checking"] == [2, 4, 6, 7]
    assert heir.waiting() == {EPOCH: frozen[:4]}
    assert heir.adopt(export) == Adopted(3, 4, [EPOCH])
    assert heir.waiting() == {EPOCH: frozen}
    with heir.connection.begin():
        assert sql.rows(heir.connection, "SELECT epoch, events FROM adopted") == [(EPOCH, 7)]


@pytest.mark.parametrize("spoiled", [b'"s1"', b'{"v"'])
def test_damaged_event_is_left_out_of_the_export_and_the_others_move(dead: Box, heir: Box, spoiled: bytes) -> None:
    frozen = dead.record(4)
    with dead.connection.begin():
        bad = frozen[1].replace(spoiled, spoiled.swapcase())
        sql.change(dead.connection, "UPDATE outbox SET bytes = ? WHERE seq = 2", (bad,))
    out = io.BytesIO()
    with dead.connection.begin():
        assert export_events(dead.connection, out, now=NOON).left_out == [(EPOCH, 2)]
    assert heir.adopt(out.getvalue()) == Adopted(3, 0, [EPOCH])
    assert heir.waiting() == {EPOCH: [frozen[0], *frozen[2:]]}


def test_a_row_that_does_not_fit_its_event_is_refused(dead: Box, heir: Box) -> None:
    dead.record(1)
    mark = b"YIMAOUT1"
    head, rows = read_archive(io.BytesIO(dead.exported()), mark, msgspec.msgpack.Decoder())
    rows["rows"][0][4] += 1
    out = io.BytesIO()
    write_archive(out, mark, [head, rows])
    with pytest.raises(BadExportError):
        heir.adopt(out.getvalue())


def test_a_store_that_no_terminal_used_neither_gives_nor_takes(dead: Box, tmp_path: Path) -> None:
    with opened_store(tmp_path / "empty") as connection:
        with connection.begin(), pytest.raises(NothingBegunError):
            export_events(connection, io.BytesIO(), now=NOON)
        with pytest.raises(NothingBegunError):
            adopt_events(connection, io.BytesIO(dead.exported()), name="x", now=NOON, random=seeded_bytes())


@settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
@given(where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255), cuts=st.booleans())
def test_every_damage_is_found(dead: Box, heir: Box, where: float, flip: int, *, cuts: bool) -> None:
    dead.record(1)
    bad = bytearray(dead.exported())
    place = int(where * len(bad))
    if cuts:
        del bad[place:]
    else:
        bad[place] ^= flip
    with pytest.raises(BadExportError):
        heir.adopt(bytes(bad))
    with heir.connection.begin():
        assert sql.rows(heir.connection, "SELECT 1 FROM outbox") == []
        assert read_state(heir.connection).hlc == 0


def test_the_commands_move_events_from_disk_to_disk(tmp_path: Path) -> None:
    with ExitStack() as stack:
        dead = Box(tmp_path / "dead", stack)
        frozen = dead.record(4)
        (dead.folder / "terminal.key").write_bytes(b"SECRET-KEY-BYTES")
        refused = [Rejected(1, thaw(frozen[0]).id, "event.invalid")]
        dead.outbox.apply_receipts([Receipt(1, TERMINAL, EPOCH, "c", NOON, "n" * 16, [], refused)], NOON)
    with ExitStack() as stack:
        Box(tmp_path / "heir", stack, epoch=NEW_EPOCH)
    file = tmp_path / "moved.yimaout"

    def run(*arguments: str, folder: str = "dead") -> dict[str, object]:
        done = CliRunner().invoke(app, ["outbox", *arguments, "--folder", str(tmp_path / folder), "--json"])
        assert done.exit_code == 0, done.output
        answer: dict[str, object] = json.loads(done.stdout)
        return answer

    listed = run("list")
    assert (listed["pending"], listed["dead"]) == (3, 1)
    assert run("export", str(file))["events"] == 4
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"SECRET-KEY" not in file.read_bytes()
    assert run("adopt", str(file), folder="heir")["taken"] == 4
    assert run("list", folder="heir")["pending"] == 4

    invoke = CliRunner().invoke
    letter = thaw(frozen[0]).id
    place = ["--folder", str(tmp_path / "dead")]
    assert invoke(app, ["outbox", "set-aside", letter, "--reason", "测试", *place]).exit_code == 0
    assert run("list")["dead"] == 0
    assert invoke(app, ["outbox", "send", letter, *place]).exit_code == 0
    assert run("list")["pending"] == 4
    for wrong in (
        ["export", str(file), *place],
        ["send", *place],
        ["list"],
        ["list", "--folder", str(tmp_path / "none")],
    ):
        assert invoke(app, ["outbox", *wrong]).exit_code != 0
    assert not (tmp_path / "none").exists()


def spoil_prev(box: Box, frozen: bytes, *, digits: int) -> None:
    """Write other digits into the hash that an event names."""
    event = thaw(frozen)
    other = "".join("0" if digit == "f" else "f" for digit in event.prev[:digits]) + event.prev[digits:]
    with box.connection.begin():
        cells = (frozen.replace(event.prev.encode(), other.encode()), event.seq)
        sql.change(box.connection, "UPDATE outbox SET bytes = ? WHERE seq = ?", cells)


@pytest.mark.parametrize("digits", [1, 16])
@pytest.mark.parametrize("spoiled", [3, 5])
@pytest.mark.parametrize("state", ["dead", "delivered", "pending"])
def test_whole_record_beside_a_damaged_one_is_exported(
    dead: Box, heir: Box, state: str, spoiled: int, digits: int
) -> None:
    frozen = dead.record(5)
    spoil_prev(dead, frozen[spoiled - 1], digits=digits)
    with dead.connection.begin():
        sql.change(
            dead.connection,
            "UPDATE outbox SET state = ?1, dead_code = iif(?1 = 'dead', 'x', NULL) WHERE seq = ?2",
            (state, spoiled),
        )
    heir.adopt(dead.exported())
    assert heir.waiting() == {EPOCH: [one for number, one in enumerate(frozen, 1) if number != spoiled]}


def test_open_list_is_set_aside_only_if_somebody_says_so(dead: Box, tmp_path: Path, closing: ExitStack) -> None:
    dead.record(3)
    export = dead.exported()
    twin = Box(tmp_path / "twin", closing)
    shop = Shop(twin.connection, FakeClock())
    shop.stock()
    with twin.connection.begin():
        sql.change(
            twin.connection,
            "INSERT INTO sale (id, day, number, mode, state, operator, opened_at) VALUES ('s', 'd', 1, 'dispense', "
            "'open', 'w', 0)",
        )
    with pytest.raises(OpenListError):
        twin.adopt(export)
    assert twin.waiting() == {}
    done = adopt_events(
        twin.connection, io.BytesIO(export), name="x", now=NOON, random=seeded_bytes(), may_set_aside=True
    )
    assert (done.taken, done.began is not None) == (3, True)


def test_nothing_begins_where_nothing_is_taken(dead: Box) -> None:
    dead.record(3)
    assert dead.adopt(dead.exported()) == Adopted(0, 3, [])


@pytest.mark.parametrize("part", ["terminal", "epoch", "seq", "kind", "hlc", "none"])
def test_row_of_a_newer_program_is_held_against_its_header(dead: Box, heir: Box, part: str) -> None:
    (frozen,) = dead.record(1)
    event = thaw(frozen)
    newer = json.loads(frozen) | {"v": 99, "more": 1}
    if part == "terminal":
        newer["terminal"] = "counter-9"
    frozen = b"{}" if part == "none" else json.dumps(newer, separators=(",", ":")).encode()
    epoch = "epoch-9" if part == "epoch" else EPOCH
    kind, hlc = "Kind 9" if part == "kind" else "newer_kind", -1 if part == "hlc" else event.hlc
    row = handover.ExportedRow(epoch, 2 if part == "seq" else 1, event.id, kind, hlc, event.hlc, frozen)
    out = io.BytesIO()
    handover.write_export(out, TERMINAL, EPOCH, NOON, [row])
    with pytest.raises(OtherTerminalsExportError if part == "terminal" else BadExportError):
        heir.adopt(out.getvalue())
    assert heir.waiting() == {}
