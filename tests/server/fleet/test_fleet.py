from __future__ import annotations

import json
from datetime import datetime, timedelta

import msgspec
import pytest
import zstandard

from codes.words import Words
from server.errors import StoreRefusedError
from server.fleet import Fleet, Standing, roll
from server.fleet.terminal import SILENT_AFTER
from server.people.roles import COMMAND_LINE, Person, Role
from server.store import audit, terminals
from server.store.database import Connection, Store
from server.store.terminal_lists import Show
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, dispensed, new_key, scanned
from tests.server.ingest import looking
from tests.server.ingest.conftest import Centre
from web.errors import InvalidRequestError, NotFoundError
from wire import presence
from wire.errors import CorruptMessageError, ForgedMessageError, UnknownKeyError, WireError
from wire.presence import DeviceHealth, Health, PresenceState
from wire.receipts import Trust
from wire.topics import Channel

LI = Person("li", Role.OPERATOR, "li")
LATER = NOW + timedelta(seconds=30)


@pytest.fixture
def changed() -> list[str]:
    return []


@pytest.fixture
def fleet(store: Store, changed: list[str]) -> Fleet:
    return Fleet(store, changed.append)


@pytest.fixture
def terminal() -> FakeTerminal:
    return FakeTerminal()


def health(terminal: FakeTerminal, *, session: str = "s1", at: datetime = NOW, pending: int = 7) -> tuple[str, bytes]:
    said = Health(
        v=1,
        terminal=terminal.name,
        session=session,
        at=at,
        pending=pending,
        dead_letters=1,
        oldest_pending_at=NOW,
        devices=[DeviceHealth("serial:left", "ready", 12, 0), DeviceHealth("camera", "lost", 3, 2, "driver.lost")],
    )
    return terminal.sealed(presence.encode(said), Channel.HEALTH)


def standing(fleet: Fleet, now: datetime = NOW) -> Standing:
    return fleet.find("T-001", now)[0].standing


def test_a_birth_registers_a_terminal_as_pending(fleet: Fleet, terminal: FakeTerminal, changed: list[str]) -> None:
    fleet.note_presence(*terminal.presence(), NOW)

    (seen,) = fleet.list(NOW)
    assert (seen.id, seen.trust, seen.standing) == ("T-001", Trust.PENDING, Standing.ONLINE)
    assert (seen.area, seen.institution, seen.label) == ("350200", terminal.institution, "一号柜台")
    assert seen.fingerprint == terminal.key.public.fingerprint
    assert (seen.version, seen.epoch, seen.first_seen_at) == ("0.1.0", "e1", NOW)
    assert changed == ["T-001"]


def test_a_pending_terminal_is_held_until_it_is_approved(fleet: Fleet, store: Store, terminal: FakeTerminal) -> None:
    centre = Centre(store)
    fleet.note_presence(*terminal.presence(), NOW)
    frame = terminal.frame(terminal.say(dispensed(code_of(1))))
    assert [held.code for held in centre.take(frame)[0].held] == ["terminal.pending"]

    fleet.approve("T-001", by=LI, now=NOW, institution="P9", label="柜台")

    assert centre.take(frame)[0].accepted == [(1, 1)]
    assert looking.ledger(store)[code_of(1)][2] == "P9"
    seen, lives = fleet.find("T-001", NOW)
    assert (seen.trust, seen.decided_by, seen.decided_at, seen.label) == (Trust.APPROVED, "li", NOW, "柜台")
    assert [(life.epoch, life.newest, life.complete_to) for life in lives] == [("e1", 1, 1)]
    with store.reading() as connection:
        (record,) = audit.load_audit(connection, after=0, limit=10)
    assert (record.who, record.action, record.subject) == ("li", "terminal.approve", "T-001")
    assert record.detail["fingerprint"] == terminal.key.public.fingerprint


def test_a_revoked_terminal_is_held_from_then_on(fleet: Fleet, store: Store, terminal: FakeTerminal) -> None:
    centre = Centre(store)
    terminal.registered(store)
    fleet.revoke("T-001", by=LI, now=NOW)

    (receipt,) = centre.take(terminal.frame(terminal.say(scanned(None))))

    assert [held.code for held in receipt.held] == ["terminal.revoked"]


def test_what_is_missing_of_a_terminal_is_shown(fleet: Fleet, store: Store, terminal: FakeTerminal) -> None:
    terminal.registered(store)
    frozen = [terminal.say(scanned(None)) for _ in range(6)]
    Centre(store).take(terminal.frame(frozen[0], frozen[3], frozen[5]))

    (life,) = fleet.find("T-001", NOW)[1]

    assert (life.newest, life.complete_to, list(life.missing)) == (6, 1, [(2, 3), (5, 5)])


def test_the_registry_decides_once_somebody_has_decided(fleet: Fleet, terminal: FakeTerminal) -> None:
    fleet.note_presence(*terminal.presence(), NOW)
    terminal.institution = "P2"
    fleet.note_presence(*terminal.presence(), NOW)
    assert fleet.list(NOW)[0].institution == "P2"

    fleet.approve("T-001", by=LI, now=NOW)
    terminal.institution = "P3"
    fleet.note_presence(*terminal.presence(), NOW)

    assert fleet.list(NOW)[0].institution == "P2"


@pytest.mark.parametrize("name", ["", "x" * 65, "a\0", "a\n"])
def test_names_given_at_approval_are_checked(fleet: Fleet, terminal: FakeTerminal, name: str) -> None:
    fleet.note_presence(*terminal.presence(), NOW)
    with pytest.raises(InvalidRequestError):
        fleet.approve("T-001", by=LI, now=NOW, institution=name)


def test_a_terminal_that_is_not_there_is_named(fleet: Fleet) -> None:
    for job in (fleet.approve, fleet.revoke):
        with pytest.raises(NotFoundError):
            job("T-404", by=LI, now=NOW)
    with pytest.raises(NotFoundError):
        fleet.find("T-404", NOW)


class TestPresence:
    """Who is there."""

    @pytest.fixture(autouse=True)
    def born(self, fleet: Fleet, terminal: FakeTerminal) -> None:
        fleet.note_presence(*terminal.presence(), NOW)

    def test_a_clean_stop_is_told_from_a_broken_line(self, fleet: Fleet, terminal: FakeTerminal) -> None:
        fleet.note_presence(*terminal.presence(PresenceState.STOPPED), LATER)
        assert standing(fleet) is Standing.STOPPED
        fleet.note_presence(*terminal.presence(session="s2"), LATER)
        assert standing(fleet) is Standing.ONLINE
        fleet.note_presence(*terminal.presence(PresenceState.LOST, session="s2"), LATER)
        assert standing(fleet) is Standing.LOST

    @pytest.mark.req("T-61")
    def test_the_late_death_of_an_old_session_marks_nothing_dead(self, fleet: Fleet, terminal: FakeTerminal) -> None:
        old_will = terminal.presence(PresenceState.LOST)
        fleet.note_presence(*terminal.presence(session="s2", at=LATER), LATER)

        fleet.note_presence(*old_will, LATER)

        assert standing(fleet) is Standing.ONLINE

    @pytest.mark.req("T-61")
    def test_the_late_death_of_an_old_connection_of_this_session_marks_nothing_dead(
        self, fleet: Fleet, terminal: FakeTerminal
    ) -> None:
        """A half-open connection: the broker notices its end after the terminal has connected again."""
        old_will = terminal.presence(PresenceState.LOST, at=NOW)
        fleet.note_presence(*terminal.presence(at=LATER), LATER)

        fleet.note_presence(*old_will, LATER)

        assert standing(fleet, LATER) is Standing.ONLINE
        fleet.note_presence(*terminal.presence(PresenceState.LOST, at=LATER), LATER)
        assert standing(fleet, LATER) is Standing.LOST

    def test_a_new_birth_counts_even_with_a_clock_set_back(self, fleet: Fleet, terminal: FakeTerminal) -> None:
        fleet.note_presence(*terminal.presence(PresenceState.LOST), NOW)
        fleet.note_presence(*terminal.presence(session="s2", at=NOW - timedelta(days=400)), LATER)

        assert standing(fleet) is Standing.ONLINE

    def test_a_terminal_that_does_not_report_is_silent(self, fleet: Fleet, terminal: FakeTerminal) -> None:
        much_later = NOW + SILENT_AFTER + timedelta(seconds=1)
        # The broker repeats the retained birth to a centre that reconnects: that is no sign of life.
        fleet.note_presence(*terminal.presence(), much_later)
        assert standing(fleet, much_later) is Standing.SILENT

        fleet.note_health(*health(terminal, at=much_later), much_later)

        assert standing(fleet, much_later) is Standing.ONLINE

    def test_health_tells_backlog_and_devices(self, fleet: Fleet, terminal: FakeTerminal) -> None:
        fleet.note_health(*health(terminal), LATER)

        seen = fleet.find("T-001", LATER)[0]
        assert (seen.pending, seen.dead_letters, seen.oldest_pending_at) == (7, 1, NOW)
        assert [(one.device, one.state, one.problem) for one in seen.devices] == [
            ("serial:left", "ready", None),
            ("camera", "lost", "driver.lost"),
        ]
        assert seen.last_seen_at == LATER

    def test_a_report_that_waited_is_no_younger_than_its_arrival(self, fleet: Fleet, terminal: FakeTerminal) -> None:
        topic, frame = health(terminal)
        fleet.note_many([(topic, frame, LATER)])

        assert fleet.find("T-001", LATER + timedelta(hours=1))[0].last_seen_at == LATER

    def test_health_revives_what_was_thought_dead(self, fleet: Fleet, terminal: FakeTerminal) -> None:
        fleet.note_presence(*terminal.presence(PresenceState.LOST), NOW)
        fleet.note_health(*health(terminal, at=LATER), LATER)

        assert standing(fleet, LATER) is Standing.ONLINE

    def test_the_late_report_of_an_old_session_changes_nothing(self, fleet: Fleet, terminal: FakeTerminal) -> None:
        fleet.note_presence(*terminal.presence(session="s2", at=LATER), LATER)
        fleet.note_presence(*terminal.presence(PresenceState.STOPPED, session="s2", at=LATER), LATER)

        fleet.note_health(*health(terminal, session="s1", at=NOW), LATER)

        assert standing(fleet, LATER) is Standing.STOPPED
        assert fleet.find("T-001", LATER)[0].pending is None

    def test_a_report_of_a_newer_session_is_its_birth_as_well(self, fleet: Fleet, terminal: FakeTerminal) -> None:
        fleet.note_health(*health(terminal, session="s2", at=LATER), LATER)
        fleet.note_presence(*terminal.presence(PresenceState.LOST), LATER)

        assert standing(fleet, LATER) is Standing.ONLINE


class TestKeys:
    """A name belongs to the key that came first, until a person says otherwise."""

    def test_another_key_for_a_known_name_is_an_alarm_and_replaces_nothing(
        self, fleet: Fleet, store: Store, terminal: FakeTerminal
    ) -> None:
        fleet.note_presence(*terminal.presence(), NOW)
        impostor = FakeTerminal(key=new_key(), institution="evil")

        for _ in range(3):
            fleet.note_presence(*impostor.presence(), NOW)

        seen = fleet.find("T-001", NOW)[0]
        assert (seen.fingerprint, seen.institution) == (terminal.key.public.fingerprint, terminal.institution)
        (alarm,) = looking.alarms_of(store)
        assert (alarm.terminal, alarm.code, alarm.times) == ("T-001", "terminal.key_changed", 3)
        assert impostor.key.public.fingerprint in alarm.words.en

    def test_keys_that_somebody_makes_up_are_one_alarm_that_names_the_last(
        self, fleet: Fleet, store: Store, terminal: FakeTerminal
    ) -> None:
        fleet.note_presence(*terminal.presence(), NOW)
        impostors = [FakeTerminal(key=new_key()) for _ in range(5)]

        for one in impostors:
            fleet.note_presence(*one.presence(), NOW)

        (alarm,) = looking.alarms_of(store)
        assert (alarm.code, alarm.subject, alarm.times) == ("terminal.key_changed", "", 5)
        assert impostors[-1].key.public.fingerprint in alarm.words.en

    def test_after_a_revocation_a_rebuilt_terminal_may_apply_anew(
        self, fleet: Fleet, store: Store, terminal: FakeTerminal
    ) -> None:
        terminal.registered(store)
        fleet.revoke("T-001", by=LI, now=NOW)
        fleet.note_presence(*terminal.presence(), NOW)
        assert fleet.find("T-001", NOW)[0].trust is Trust.REVOKED
        rebuilt = FakeTerminal(key=new_key(), epoch="e2")

        fleet.note_presence(*rebuilt.presence(session="s9"), LATER)

        seen = fleet.find("T-001", LATER)[0]
        assert (seen.trust, seen.fingerprint) == (Trust.PENDING, rebuilt.key.public.fingerprint)
        assert (seen.decided_by, seen.first_seen_at) == (None, NOW)
        fleet.approve("T-001", by=LI, now=LATER)
        assert Centre(store).take(rebuilt.frame(rebuilt.say(scanned(None))))[0].accepted == [(1, 1)]

    @pytest.mark.req("T-14")
    def test_a_presence_that_the_broker_repeats_costs_no_second_look_and_changes_nothing(
        self, fleet: Fleet, store: Store, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        terminal.registered(store)
        birth = terminal.presence()
        fleet.note_many([(*birth, NOW)])
        fleet.note_health(*health(terminal, session="s2", at=LATER), LATER)
        before = fleet.find("T-001", LATER)[0]
        with monkeypatch.context() as patched:
            patched.setattr(roll, "open_presence", None)
            assert [one.refusal for one in fleet.note_many([(*birth, LATER)] * 2)] == [None, None]
        assert fleet.find("T-001", LATER)[0] == before

    def test_a_presence_is_taken_again_when_another_came_between_or_its_note_was_not_committed(
        self, fleet: Fleet, store: Store, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        terminal.registered(store)
        birth, death = terminal.presence(), terminal.presence(PresenceState.LOST)
        seen = []
        for one in (birth, death, birth, death, birth):
            fleet.note_many([(*one, NOW)])
            seen.append(standing(fleet))
        assert seen == [Standing.ONLINE, Standing.LOST, Standing.ONLINE, Standing.LOST, Standing.ONLINE]

        def fail(*_: object) -> None:
            raise StoreRefusedError(Words("不合适", "does not fit"))

        with monkeypatch.context() as patched:
            patched.setattr(terminals, "replace_terminals", fail)
            assert fleet.note_many([(*death, NOW)])[0].refusal is not None
        fleet.note_many([(*death, NOW)])
        assert standing(fleet) is Standing.LOST

    def test_a_presence_that_was_heard_does_not_speak_for_another_key_or_another_topic(
        self, fleet: Fleet, store: Store, terminal: FakeTerminal
    ) -> None:
        terminal.registered(store)
        topic, frame = terminal.presence()
        fleet.note_many([(topic, frame, NOW)])
        refused = fleet.note_many([(topic.replace("350200", "350201"), frame, NOW)])
        assert isinstance(refused[0].refusal, WireError)
        fleet.revoke("T-001", by=LI, now=NOW)
        rebuilt = FakeTerminal(key=new_key(), epoch="e2")
        fleet.note_many([(*rebuilt.presence(session="s9"), NOW)])
        fleet.note_many([(topic, frame, NOW)])
        assert fleet.find("T-001", NOW)[0].fingerprint == rebuilt.key.public.fingerprint
        assert [alarm.code for alarm in looking.alarms_of(store)] == ["terminal.key_changed"]

    def test_a_birth_must_be_signed_by_the_key_it_names(self, fleet: Fleet, terminal: FakeTerminal) -> None:
        topic, frame = terminal.presence()
        body = zstandard.ZstdDecompressor().decompress(frame[75:])
        named = json.loads(body) | {"public_key": new_key().public.raw.hex()}

        with pytest.raises(WireError):
            fleet.note_presence(*terminal.sealed(json.dumps(named).encode(), Channel.PRESENCE), NOW)
        with pytest.raises(ForgedMessageError):
            fleet.note_presence(topic, frame[:40] + bytes(8) + frame[48:], NOW)
        assert fleet.list(NOW) == []

    def test_health_must_be_signed_by_the_registered_key(self, fleet: Fleet, terminal: FakeTerminal) -> None:
        fleet.note_presence(*terminal.presence(), NOW)

        with pytest.raises(UnknownKeyError):
            fleet.note_health(*health(FakeTerminal(key=new_key())), NOW)
        with pytest.raises(UnknownKeyError):
            fleet.note_health(*health(FakeTerminal(name="T-404")), NOW)
        assert fleet.find("T-001", NOW)[0].pending is None

    def test_terminals_that_somebody_makes_up_are_bounded(
        self, fleet: Fleet, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(roll, "MOST_PENDING", 3)
        for number in range(5):
            fleet.note_presence(*FakeTerminal(name=f"T-{number}").presence(), NOW)

        assert len(fleet.list(NOW)) == 3
        assert looking.alarm_codes(store) == ["fleet.too_many_pending"]


@pytest.mark.parametrize("frame", [b"", b"YM", b"noise" * 50, b"YM\x01" + bytes(200)])
def test_noise_is_refused(fleet: Fleet, terminal: FakeTerminal, frame: bytes) -> None:
    fleet.note_presence(*terminal.presence(), NOW)
    with pytest.raises(WireError):
        fleet.note_presence(terminal.topics.on(Channel.PRESENCE), frame, NOW)
    with pytest.raises(WireError):
        fleet.note_health(terminal.topics.on(Channel.HEALTH), frame, NOW)


def test_a_presence_bomb_is_not_unpacked(fleet: Fleet, terminal: FakeTerminal) -> None:
    topic, frame = terminal.presence()
    for body in (b" " * 100_000, b" " * 50_000_000):
        declared = zstandard.ZstdCompressor().compress(body)
        hidden = zstandard.ZstdCompressor(write_content_size=False).compress(body)
        for packed in (declared, hidden):
            with pytest.raises(WireError):
                fleet.note_presence(topic, frame[:75] + packed, NOW)


def test_a_presence_that_speaks_for_another_or_on_the_wrong_topic_is_refused(
    fleet: Fleet, terminal: FakeTerminal
) -> None:
    other = FakeTerminal(name="T-002", key=terminal.key)
    frame = other.presence()[1]
    body = zstandard.ZstdDecompressor().decompress(frame[75:])
    for channel in (Channel.PRESENCE, Channel.HEALTH):
        with pytest.raises(WireError):
            fleet.note_presence(*terminal.sealed(body, channel), NOW)
    assert msgspec.json.decode(body)["terminal"] == "T-002"
    assert fleet.list(NOW) == []


def test_terminals_are_listed_page_by_page(fleet: Fleet) -> None:
    for number in range(5):
        fleet.note_presence(*FakeTerminal(name=f"T-{number}").presence(), NOW)

    first = fleet.list(NOW, limit=3)
    rest = fleet.list(NOW, after=first[-1].id, limit=3)

    assert [one.id for one in (*first, *rest)] == [f"T-{number}" for number in range(5)]


@pytest.mark.req("T-12")
@pytest.mark.req("T-66")
def test_whole_report_is_kept_and_only_an_alarm_in_it_wants_attention(fleet: Fleet, terminal: FakeTerminal) -> None:
    fleet.note_presence(*terminal.presence(), NOW)
    fleet.approve("T-001", by=COMMAND_LINE, now=NOW)
    offline = presence.TroubleReport("link.cannot_connect.name", "找不到", "nowhere", is_alarm=False)
    full = presence.TroubleReport("disk.low", '磁盘 "is_alarm":true', "disk", "清理", "make room")

    def report(*troubles: presence.TroubleReport, offset_ms: int | None = None) -> None:
        said = Health(1, "T-001", "s1", NOW, 0, 0, None, [], troubles=list(troubles), clock_offset_ms=offset_ms)
        fleet.note_health(*terminal.sealed(presence.encode(said), Channel.HEALTH), NOW)

    def wants_attention() -> int:
        return fleet.figures(NOW).by_show[Show.ATTENTION]

    report(offline, msgspec.structs.replace(full, is_alarm=False))
    assert wants_attention() == 0
    report(offline, full, offset_ms=-5_001)
    assert wants_attention() == 1
    (seen,) = fleet.list(NOW)
    assert seen.health is not None
    assert [one.code for one in seen.health.troubles] == ["link.cannot_connect.name", "disk.low"]
    assert (seen.is_clock_off, seen.reported_at) == (True, NOW)
    report(offset_ms=5_000)
    assert (fleet.list(NOW)[0].is_clock_off, wants_attention()) == (False, 0)


LARGEST_TALLY = 10**12


@pytest.mark.parametrize("field", ["pending", "dead_letters", "held", "oldest_pending_at"])
def test_report_beyond_what_a_store_can_keep_or_tell_is_refused_alone(
    fleet: Fleet, terminal: FakeTerminal, field: str
) -> None:
    other = FakeTerminal(name="T-002")
    said = msgspec.json.decode(presence.encode(Health(1, "T-002", "s1", NOW, 0, 0, NOW, [])))
    # One beyond 64 bits; or a time that has no name in UTC.
    said[field] = "0001-01-01T00:00:00+14:00" if field.endswith("_at") else 2**63
    frames = [terminal.presence(), other.presence(), other.sealed(msgspec.json.encode(said), Channel.HEALTH)]

    noted = fleet.note_many([(*one, NOW) for one in (*frames, health(terminal))])

    assert [type(one.refusal) for one in noted] == [type(None), type(None), CorruptMessageError, type(None)]
    assert [(seen.id, seen.pending) for seen in fleet.list(NOW)] == [("T-001", 7), ("T-002", None)]


def test_highest_figures_of_many_unapproved_terminals_add_up(fleet: Fleet) -> None:
    for number in range(9):
        terminal = FakeTerminal(name=f"T-{number}")
        said = Health(1, terminal.name, "s1", NOW, LARGEST_TALLY, LARGEST_TALLY, NOW, [])
        report = terminal.sealed(presence.encode(said), Channel.HEALTH)
        assert [one.refusal for one in fleet.note_many([(*terminal.presence(), NOW), (*report, NOW)])] == [None, None]

    figures = fleet.figures(NOW)

    assert (figures.pending, figures.dead_letters) == (9 * LARGEST_TALLY, 9 * LARGEST_TALLY)
    assert LARGEST_TALLY * roll.MOST_PENDING * 9_000 < 2**63


@pytest.mark.req("T-14")
def test_births_and_reports_that_come_together_are_noted_in_their_order(
    fleet: Fleet, terminal: FakeTerminal, changed: list[str]
) -> None:
    other = FakeTerminal(name="T-002")
    messages = [
        terminal.presence(),
        other.presence(),
        terminal.presence(PresenceState.LOST),
        terminal.presence(session="s2", at=LATER),
        health(terminal, session="s2", at=LATER, pending=3),
    ]
    noted = fleet.note_many([(*one, LATER) for one in messages])
    assert [one.refusal for one in noted] == [None] * 5
    assert noted[-1].said is None, "nobody has approved it yet"
    seen = fleet.find("T-001", LATER)[0]
    assert (seen.standing, seen.pending, fleet.find("T-002", LATER)[0].trust) == (Standing.ONLINE, 3, Trust.PENDING)
    assert changed == ["T-001", "T-002"]


def test_one_message_that_proves_nothing_is_refused_alone(
    fleet: Fleet, terminal: FakeTerminal, changed: list[str]
) -> None:
    topic, frame = terminal.presence()
    stranger = health(FakeTerminal(name="T-404"))
    noted = fleet.note_many([(*one, NOW) for one in ((topic, frame[:-1]), stranger, (topic, frame), health(terminal))])
    assert [type(one.refusal) for one in noted] == [CorruptMessageError, UnknownKeyError, type(None), type(None)]
    assert [seen.id for seen in fleet.list(NOW)] == ["T-001"]
    assert changed == ["T-001"]


def test_what_the_store_cannot_keep_does_not_take_the_others_with_it(
    fleet: Fleet, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = FakeTerminal(name="T-002")
    add = terminals.add_terminal

    def refuse_one(connection: Connection, row: terminals.TerminalRow) -> None:
        if row.id == other.name:
            raise StoreRefusedError(Words("不合适", "does not fit"))
        add(connection, row)

    monkeypatch.setattr(terminals, "add_terminal", refuse_one)
    noted = fleet.note_many([(*one, NOW) for one in (terminal.presence(), other.presence(), health(terminal))])
    assert [type(one.refusal) for one in noted] == [type(None), StoreRefusedError, type(None)]
    assert [seen.id for seen in fleet.list(NOW)] == ["T-001"]
