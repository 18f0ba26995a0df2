"""Bad input through the front door: each frame gets what it deserves, and none harms another."""

from __future__ import annotations

import json
from datetime import timedelta

import msgspec
import pytest
import zstandard
from sqlalchemy import select
from structlog.testing import capture_logs

from server.ingest import Ingest, opening
from server.store import bulk, tables, terminals
from server.store.database import Store
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, dispensed, new_key, scanned
from tests.server.ingest import looking
from tests.server.ingest.conftest import Centre
from wire import envelope
from wire.events import SCHEMA_VERSION, freeze
from wire.receipts import Trust
from wire.topics import Channel

CODE = code_of(1)


def good(terminal: FakeTerminal) -> tuple[str, bytes]:
    return terminal.frame(terminal.say(dispensed(CODE)))


def changed(frozen: bytes, **changes: object) -> bytes:
    """The event with some fields replaced, as a faulty or foreign program would write it."""
    fields = json.loads(frozen) | changes
    return json.dumps(fields).encode()


class TestFrames:
    """Nothing is answered, nothing is stored, and the neighbours in the same call are served."""

    def check(self, centre: Centre, terminal: FakeTerminal, bad: tuple[str, bytes]) -> list[str]:
        receipts = centre.take(bad, good(terminal), bad)
        assert [receipt.accepted for receipt in receipts] == [[(1, 1)]]
        assert looking.states(centre.store) == {CODE: "sold"}
        return looking.alarm_codes(centre.store)

    @pytest.mark.parametrize("frame", [b"", b"YM", b"hello", b"\x00" * 500, b"YM\x01" + b"\x00" * 200])
    def test_noise(self, centre: Centre, terminal: FakeTerminal, frame: bytes) -> None:
        alarms = self.check(centre, terminal, (terminal.topics.on(Channel.EVENTS), frame))

        counted = centre.ingest.tally
        assert counted.corrupt + counted.unknown_key == 2
        assert alarms == ["wire.unknown_key"] * bool(counted.unknown_key)

    def test_a_flipped_bit_anywhere_is_noticed(self, centre: Centre, terminal: FakeTerminal) -> None:
        topic, frame = terminal.frame(terminal.say(scanned(None)))
        step = max(1, len(frame) // 60)
        for place in range(0, len(frame), step):
            damaged = bytearray(frame)
            damaged[place] ^= 0x10
            assert centre.take((topic, bytes(damaged))) == []
        assert looking.count(centre.store, "event") == 0

    def test_a_frame_that_is_cut_short(self, centre: Centre, terminal: FakeTerminal) -> None:
        topic, frame = terminal.frame(terminal.say(scanned(None)))
        terminal.seq, terminal.prev = 0, "0" * 64

        assert self.check(centre, terminal, (topic, frame[:-3])) == ["wire.forged"]
        assert centre.ingest.tally.forged == 2

    def test_a_frame_signed_by_another_key(self, centre: Centre, terminal: FakeTerminal) -> None:
        impostor = FakeTerminal(key=new_key())

        alarms = self.check(centre, terminal, impostor.frame(impostor.say(dispensed(code_of(9)))))

        assert alarms == ["wire.unknown_key"]
        assert centre.ingest.tally.unknown_key == 2

    def test_a_revoked_terminal_that_was_rebuilt_may_speak_before_its_birth_is_heard(
        self, centre: Centre, terminal: FakeTerminal
    ) -> None:
        with centre.store.writing() as connection:
            terminals.change_terminal(connection, terminal.name, trust=Trust.REVOKED.value)
        rebuilt = FakeTerminal(key=new_key(), epoch="e2")
        assert centre.take(rebuilt.frame(rebuilt.say(scanned(None)))) == []
        assert (centre.ingest.tally.unknown_key, looking.alarms_of(centre.store)) == (1, [])

    def test_a_frame_with_the_right_key_id_and_a_forged_signature(self, centre: Centre, terminal: FakeTerminal) -> None:
        topic, frame = FakeTerminal(key=new_key()).frame(FakeTerminal().say(dispensed(code_of(9))))
        forged = frame[:3] + terminal.key.public.key_id + frame[11:]

        assert self.check(centre, terminal, (topic, forged)) == ["wire.forged"]
        (alarm,) = looking.alarms_of(centre.store)
        assert (alarm.terminal, alarm.times) == ("T-001", 2)
        assert alarm.words.zh

    def test_a_terminal_nobody_has_heard_of(self, centre: Centre, terminal: FakeTerminal) -> None:
        stranger = FakeTerminal(name="T-999")

        assert self.check(centre, terminal, stranger.frame(stranger.say(scanned(None)))) == []
        assert centre.ingest.tally.unknown_key == 2

    @pytest.mark.parametrize(
        "topic",
        [
            "",
            "/",
            "yima/1/350200/00/T-001/events",
            "yima/2/350200/{shard}/T-001/events",
            "yima/1/350200/{shard}/T-001/receipt",
            "yima/1/350200/{shard}/T-001/health",
            "yima/1/350200/{shard}/T-001/events/more",
            "some/other/topic",
            "x\0y/T-001/z",
        ],
    )
    def test_a_wrong_topic(self, centre: Centre, terminal: FakeTerminal, topic: str) -> None:
        topic = topic.format(shard=f"{terminal.topics.shard:02d}")
        body = terminal.body([FakeTerminal().say(scanned(None))])

        self.check(centre, terminal, (topic, envelope.seal(body, topic, terminal.key)))

        assert centre.ingest.tally.misaddressed == 2

    def test_a_frame_moved_to_another_terminals_topic(self, centre: Centre, terminal: FakeTerminal) -> None:
        other = FakeTerminal(name="T-002").registered(centre.store)
        _, frame = other.frame(other.say(dispensed(code_of(9))))

        assert self.check(centre, terminal, (terminal.topics.on(Channel.EVENTS), frame)) == ["wire.unknown_key"]

    def test_a_batch_that_names_another_terminal(self, centre: Centre, terminal: FakeTerminal) -> None:
        other = FakeTerminal(name="T-002").registered(centre.store)
        bad = terminal.sealed(other.body([other.say(dispensed(code_of(9)))]))

        assert self.check(centre, terminal, bad) == ["batch.misaddressed"]

    def test_a_newer_frame_version(self, centre: Centre, terminal: FakeTerminal) -> None:
        topic, frame = terminal.frame(FakeTerminal().say(scanned(None)))

        assert self.check(centre, terminal, (topic, frame[:2] + b"\x02" + frame[3:])) == ["wire.newer"]
        assert centre.ingest.tally.newer == 2

    def test_a_body_beyond_all_bounds(
        self, centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bad = terminal.sealed(b"x" * 20_000)
        monkeypatch.setattr(envelope, "MAX_BODY_BYTES", 10_000)

        assert self.check(centre, terminal, bad) == ["wire.oversized"]
        assert centre.ingest.tally.oversized == 2

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"v":1}'])
    def test_a_signed_body_that_is_no_batch(self, centre: Centre, terminal: FakeTerminal, body: bytes) -> None:
        assert self.check(centre, terminal, terminal.sealed(body)) == ["batch.invalid"]
        assert centre.ingest.tally.corrupt == 2

    def test_an_epoch_that_no_database_can_keep(self, centre: Centre, terminal: FakeTerminal) -> None:
        bad = terminal.frame(FakeTerminal().say(scanned(None)), epoch="e\0")

        assert self.check(centre, terminal, bad) == ["batch.invalid"]

    def test_a_signed_body_that_cannot_be_unpacked(self, centre: Centre, terminal: FakeTerminal) -> None:
        topic = terminal.topics.on(Channel.EVENTS)
        packed = zstandard.ZstdCompressor().compress(b"x" * 1_000)[:-5]
        key_id = terminal.key.public.key_id
        signature = terminal.key.sign(b"yima/1\0" + topic.encode() + b"\0" + key_id + packed)

        self.check(centre, terminal, (topic, b"YM\x01" + key_id + signature + packed))

        assert centre.ingest.tally.corrupt == 2


class TestEvents:
    """One bad event in a batch: the others are taken, its number is closed or kept open as the case demands."""

    def take(self, centre: Centre, terminal: FakeTerminal, bad: bytes) -> tuple[list[str], list[str]]:
        frozen = [terminal.say(scanned(CODE)), terminal.skip(bad), terminal.say(dispensed(CODE))]
        (receipt,) = centre.take(terminal.frame(*frozen))
        assert receipt.accepted == [(1, 1), (3, 3)]
        assert looking.states(centre.store) == {CODE: "sold"}
        assert all(held.seq == 2 for held in receipt.held)
        assert all(rejected.seq == 2 for rejected in receipt.rejected)
        return [rejected.code for rejected in receipt.rejected], [held.code for held in receipt.held]

    def written(self, terminal: FakeTerminal, /, **changes: object) -> bytes:
        """The second event of the terminal, changed."""
        return changed(freeze(msgspec.structs.replace(terminal.event(scanned(None)), seq=2)), **changes)

    @pytest.mark.parametrize(
        "changes",
        [
            {"colour": "red"},
            {"fact": {"kind": "teleported"}},
            {"fact": {"kind": "scanned"}},
            {"hlc": -1},
            {"hlc": 2**70},
            {"prev": "x"},
            {"occurred_at": "yesterday"},
            {"operator": "a\0b"},
            {"terminal": "T-002"},
            {"epoch": "e2"},
            {"fact": {"kind": "a\0"}},
        ],
        ids=str,
    )
    def test_an_invalid_event_is_rejected_and_its_bytes_are_kept(
        self, centre: Centre, terminal: FakeTerminal, changes: dict[str, object]
    ) -> None:
        bad = self.written(terminal, **changes)

        assert self.take(centre, terminal, bad) == (["event.invalid"], [])
        with centre.store.reading() as connection:
            (row,) = connection.execute(select(tables.rejected_event))
        assert bytes(row.frozen) == bad
        assert (row.seq, row.code) == (2, "event.invalid")
        assert row.zh
        assert row.en
        assert looking.alarm_codes(centre.store) == ["event.invalid"]
        # Its number is closed, so that nobody waits for it.
        assert looking.stream(centre.store).contiguous_to == 3
        assert looking.gaps(centre.store) == []

    def test_a_rejected_event_that_comes_again_is_kept_once(self, centre: Centre, terminal: FakeTerminal) -> None:
        frame = terminal.frame(terminal.skip(self.written(terminal, seq=1, colour="red")))

        receipts = centre.take(frame, frame)

        assert [receipt.rejected[0].code for receipt in receipts] == ["event.invalid"] * 2
        assert looking.count(centre.store, "rejected_event") == 1

    def test_an_older_version_than_any_we_read_is_rejected(self, centre: Centre, terminal: FakeTerminal) -> None:
        assert self.take(centre, terminal, self.written(terminal, v=0)) == (["event.version_unsupported"], [])

    @pytest.mark.parametrize("extra", [{}, {"colour": "red"}], ids=["same fields", "new fields"])
    def test_a_newer_version_is_held_and_its_number_stays_open(
        self, centre: Centre, terminal: FakeTerminal, extra: dict[str, object]
    ) -> None:
        assert self.take(centre, terminal, self.written(terminal, v=SCHEMA_VERSION + 1, **extra)) == (
            [],
            ["wire.newer"],
        )
        assert looking.count(centre.store, "rejected_event") == 0
        assert looking.stream(centre.store).contiguous_to == 1
        assert looking.gaps(centre.store) == [(2, 2)]
        assert [alarm.code for alarm in looking.alarms_of(centre.store)] == ["wire.newer"]

    def test_a_newer_batch_is_held_whole(self, centre: Centre, terminal: FakeTerminal) -> None:
        frame = terminal.frame(terminal.say(scanned(CODE)), terminal.say(dispensed(CODE)), v=2)

        (receipt,) = centre.take(frame)

        assert [(held.seq, held.code) for held in receipt.held] == [(1, "wire.newer"), (2, "wire.newer")]
        assert all(held.until == NOW + opening.HOLD_NEWER for held in receipt.held)
        assert looking.count(centre.store, "event") == 0
        centre.take(frame)
        (alarm,) = looking.alarms_of(centre.store)
        assert (alarm.code, alarm.times) == ("wire.newer", 2), "counted, not repeated"

    @pytest.mark.parametrize(
        "bad",
        [b"{}", b"7", b'"text"', b"[]", b'{"v":1,"id":"x","seq":0}', b'{"v":9,"id":"x","seq":' + b"9" * 30 + b"}"],
    )
    def test_bytes_that_name_no_number_are_kept_and_raise_an_alarm(
        self, centre: Centre, terminal: FakeTerminal, bad: bytes
    ) -> None:
        frozen = [terminal.say(scanned(CODE)), bad, terminal.say(dispensed(CODE))]

        (receipt,) = centre.take(terminal.frame(*frozen))

        assert (receipt.accepted, receipt.rejected, receipt.held) == ([(1, 2)], [], [])
        assert looking.count(centre.store, "rejected_event") == 1
        assert looking.alarm_codes(centre.store) == ["event.unreadable"]
        assert centre.ingest.tally.unreadable == 1

    def test_unreadable_bytes_of_a_pending_terminal_hold_nothing_up(self, store: Store) -> None:
        centre = Centre(store)
        terminal = FakeTerminal().registered(store, opening.Trust.PENDING)

        (receipt,) = centre.take(terminal.frame(b"{}", terminal.say(scanned(CODE))))

        assert [held.seq for held in receipt.held] == [1]
        assert looking.count(store, "rejected_event") == looking.count(store, "alarm") == 0


def test_one_frame_that_the_store_refuses_does_not_stop_the_others(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours that the checks above did not foresee."""
    other = FakeTerminal(name="T-002").registered(centre.store)
    monkeypatch.setattr(opening, "_ESCAPED_NUL", b"never")
    monkeypatch.setattr(bulk, "_KEYS_PER_STATEMENT", 10)
    poison = other.frame(other.say(scanned("8600011\0")), other.say(scanned(code_of(5))))

    receipts = centre.take(poison, good(terminal))

    assert ("T-001", [(1, 1)]) in [(receipt.terminal, receipt.accepted) for receipt in receipts]
    assert looking.states(centre.store)[CODE] == "sold"
    # SQLite can keep a NUL; PostgreSQL cannot, and then the frame fails alone.
    assert centre.ingest.tally.failed == 2 - len(receipts)


def test_the_first_of_each_fault_is_logged_and_the_rest_counted(centre: Centre, terminal: FakeTerminal) -> None:
    bad = (terminal.topics.on(Channel.EVENTS), b"noise")
    with capture_logs() as logged:
        for _ in range(5):
            centre.take(bad)

    assert [entry["event"] for entry in logged] == ["ingest.frame_refused"]
    assert centre.ingest.tally.corrupt == 5


def test_the_hold_of_a_pending_terminal_is_configured(store: Store) -> None:
    terminal = FakeTerminal().registered(store, opening.Trust.PENDING)
    centre = Centre(store)
    centre.ingest = Ingest(store, centre.key, hold=timedelta(seconds=7))

    (receipt,) = centre.take(terminal.frame(terminal.say(scanned(CODE))))

    assert receipt.held[0].until == NOW + timedelta(seconds=7)
