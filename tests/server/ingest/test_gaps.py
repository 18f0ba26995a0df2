"""What the centre lacks is asked for; what will never come is closed, with an alarm."""

from __future__ import annotations

from datetime import timedelta

import pytest

from codes.words import Words
from server.errors import StoreUnavailableError
from server.ingest.asking import Asking
from server.ingest.branches import Branches, Finding
from server.store.alarms import Alarm, AlarmKey
from server.store.database import Store
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, scanned
from tests.server.ingest import looking
from tests.server.ingest.branching import question_after
from tests.server.ingest.conftest import Centre
from wire.envelope import open_sealed
from wire.events import EventsLost, StoreRebuilt, TamperSeen, sm3_hex
from wire.presence import Health, KeptEpoch
from wire.receipts import MAX_SPANS_PER_ASK, Wanted, decode_ask
from wire.topics import Channel, TerminalTopics

pytestmark = pytest.mark.req("T-07")


def frozen(terminal: FakeTerminal, number: int) -> list[bytes]:
    return [terminal.say(scanned(code_of(step))) for step in range(number)]


def asked(centre: Centre, terminal: FakeTerminal, *kept: KeptEpoch) -> list[Wanted]:
    """Return what the centre asks for after a report that names `kept`."""
    said = Health(1, terminal.name, "s1", NOW, 0, 0, None, [], list(kept))
    question = question_after(Asking(centre.store, centre.key), terminal.topics, said, NOW)
    if question is None:
        return []
    assert question.topic == terminal.topics.on(Channel.ASK)
    ask = decode_ask(open_sealed(question.frame, question.topic, lambda _: centre.key.public).body)
    assert (ask.terminal, ask.centre, ask.at) == (terminal.name, centre.store.epoch, NOW)
    assert ask.report_at == said.at
    return ask.wanted


def test_nothing_is_asked_while_nothing_is_missing(centre: Centre, terminal: FakeTerminal) -> None:
    assert asked(centre, terminal) == []
    centre.take(terminal.frame(*frozen(terminal, 5)))
    assert asked(centre, terminal, KeptEpoch("e1", 1, 5, terminal.prev)) == []


@pytest.mark.req("T-14")
def test_of_many_reports_only_those_are_doubtful_whose_end_is_not_here_and_single(
    centre: Centre, terminal: FakeTerminal, store: Store
) -> None:
    events = frozen(terminal, 5)
    hash_4, hash_5 = sm3_hex(events[3]), terminal.prev
    gappy = FakeTerminal(name="T-002").registered(store)
    gapped = frozen(gappy, 3)
    torn = FakeTerminal(name="T-003").registered(store)
    centre.take(
        terminal.frame(*events),
        gappy.frame(gapped[0], gapped[2]),
        torn.frame(*frozen(torn, 2), torn.say(EventsLost("e1", [(1, 1)]))),
    )
    broken = FakeTerminal(name="T-005").registered(store)
    broken_before = frozen(broken, 2)
    broken.prev = "0" * 64
    centre.take(broken.frame(*broken_before, *frozen(broken, 1)))
    assert looking.alarm_codes(store) == ["chain.broken"]

    def report(of: FakeTerminal, *kept: KeptEpoch) -> tuple[TerminalTopics, Health]:
        return of.topics, Health(1, of.name, "s1", NOW, 0, 0, None, [], list(kept))

    sound = [report(terminal), report(terminal, KeptEpoch("e1", 3, 5, hash_5))]
    doubtful = [
        report(terminal, KeptEpoch("e1", 1, 6, hash_5)),
        report(terminal, KeptEpoch("e1", 1, 5, hash_4)),
        report(terminal, KeptEpoch("e1", 1, 5)),
        report(terminal, KeptEpoch("e1", 1, 4, hash_4)),
        report(terminal, KeptEpoch("e1", 1, 5, hash_5), KeptEpoch("e0", 1, 2)),
        report(gappy, KeptEpoch("e1", 1, 3, gappy.prev)),
        report(torn, KeptEpoch("e1", 1, 3, torn.prev)),
        report(broken, KeptEpoch("e1", 1, 3, broken.prev)),
        report(FakeTerminal(name="T-004"), KeptEpoch("e1", 1, 5, hash_5)),
    ]
    asking = Asking(centre.store, centre.key)
    assert asking.doubtful([*sound, *doubtful]) == doubtful
    assert asking.doubtful([]) == []


def test_while_an_alarm_is_not_written_every_report_is_looked_at(
    centre: Centre, terminal: FakeTerminal, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = FakeTerminal(name="T-002").registered(store)
    centre.take(terminal.frame(*frozen(terminal, 3)), sound.frame(*frozen(sound, 1)))
    asking = Asking(store, centre.key)
    alarm = Alarm(AlarmKey(terminal.name, "chain.branch_missing", "e1"), Words("缺", "missing"))

    def find_something(*_: object, alarms: list[Alarm], **__: object) -> Finding:
        alarms.append(alarm)
        raise StoreUnavailableError(Words("不在", "away"))

    odd = Health(1, terminal.name, "s1", NOW, 0, 0, None, [], [KeptEpoch("e1", 1, 3)])
    with monkeypatch.context() as patched:
        patched.setattr(Branches, "follow", find_something)
        with pytest.raises(StoreUnavailableError):
            question_after(asking, terminal.topics, odd, NOW)
    assert looking.alarms_of(store) == []
    well = Health(1, sound.name, "s1", NOW, 0, 0, None, [], [KeptEpoch("e1", 1, 1, sound.prev)])
    assert question_after(asking, sound.topics, well, NOW) is None
    assert looking.alarm_codes(store) == ["chain.branch_missing"]
    assert asking.doubtful([(sound.topics, well)]) == []


def test_gaps_and_the_missing_end_are_asked_for(centre: Centre, terminal: FakeTerminal) -> None:
    events = frozen(terminal, 9)
    centre.take(terminal.frame(events[0], *events[3:5]))
    assert asked(centre, terminal, KeptEpoch("e1", 1, 9)) == [Wanted("e1", [(2, 3), (6, 9)])]


@pytest.mark.req("T-70")
def test_a_life_that_was_never_heard_of_is_asked_for_whole(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(*frozen(terminal, 2)))
    wanted = asked(centre, terminal, KeptEpoch("e0", 3, 7), KeptEpoch("e1", 1, 2, terminal.prev))
    assert wanted == [Wanted("e0", [(1, 7)])]


def test_a_question_is_bounded(centre: Centre, terminal: FakeTerminal) -> None:
    events = frozen(terminal, 2 * MAX_SPANS_PER_ASK + 9)
    centre.take(terminal.frame(*events[1::2]))
    (wanted,) = asked(centre, terminal, KeptEpoch("e1", 1, len(events)), KeptEpoch("e2", 1, 4))
    assert len(wanted.spans) == MAX_SPANS_PER_ASK


@pytest.mark.parametrize("is_told_first", [True, False])
def test_numbers_that_will_never_come_are_closed_and_alarmed(
    centre: Centre, terminal: FakeTerminal, *, is_told_first: bool
) -> None:
    events = frozen(terminal, 9)
    lost = terminal.say(EventsLost("e1", [(4, 6), (8, 8)]))
    later = [terminal.frame(*events[:3], events[6], events[8]), terminal.frame(lost)]
    centre.take(*(reversed(later) if is_told_first else later))
    assert looking.gaps(centre.store) == []
    assert looking.stream(centre.store).contiguous_to == 10
    assert looking.alarm_codes(centre.store) == ["chain.events_lost"]
    # The one below tells whether it is the same chain there; and who reports may have what another box lost.
    wanted = [Wanted("e1", [(4, 6), (7, 7), (8, 8)])]
    assert asked(centre, terminal, KeptEpoch("e1", 1, 10, terminal.prev)) == wanted
    # Nobody is asked for what it does not keep.
    assert asked(centre, terminal, KeptEpoch("e1", 9, 10, terminal.prev)) == []


def test_an_end_that_will_never_come_is_closed(centre: Centre, store: Store) -> None:
    terminal = FakeTerminal(epoch="e2").registered(store)
    before = FakeTerminal(key=terminal.key, epoch="e1")
    centre.take(before.frame(*frozen(before, 3)))
    centre.take(terminal.frame(terminal.say(StoreRebuilt("e1", "damaged", 3, [(4, 8)]))))
    wanted = asked(centre, terminal, KeptEpoch("e1", 1, 8), KeptEpoch("e2", 1, 1, terminal.prev))
    assert wanted == [Wanted("e1", [(3, 3), (4, 8)])]
    assert sorted(looking.alarm_codes(store)) == ["chain.events_lost", "store.damaged"]


def test_what_is_here_is_not_lost(centre: Centre, terminal: FakeTerminal) -> None:
    events = frozen(terminal, 6)
    centre.take(terminal.frame(*events))
    centre.take(terminal.frame(terminal.say(EventsLost("e1", [(1, 6)]))))
    assert looking.alarms_of(centre.store) == []
    assert asked(centre, terminal, KeptEpoch("e1", 1, 7, terminal.prev)) == []


def test_a_thousand_holes_are_closed_in_one_go(centre: Centre, terminal: FakeTerminal) -> None:
    events = [terminal.say(scanned(None)) for _ in range(2_000)]
    for start in range(0, 1_000, 500):
        centre.take(terminal.frame(*events[1::2][start : start + 500]))
    holes = [(seq, seq) for seq in range(1, 2_000, 2)]
    centre.take(terminal.frame(terminal.say(EventsLost("e1", holes))))
    assert looking.stream(centre.store).contiguous_to == 2_001


def test_a_terminal_that_reports_on_and_on_is_not_asked_each_time(centre: Centre, terminal: FakeTerminal) -> None:
    events = frozen(terminal, 5)
    centre.take(terminal.frame(*events[3:]))
    asking = Asking(centre.store, centre.key)
    said = Health(1, terminal.name, "s1", NOW, 0, 0, None, [], [KeptEpoch("e1", 1, 5)] * 9)
    answers = [asking.question(terminal.topics, said, NOW + timedelta(seconds=second)) for second in (0, 5, 19, 20)]
    assert [answer is not None for answer in answers] == [True, False, False, True]
    ask = decode_ask(open_sealed(answers[0].frame, answers[0].topic, lambda _: centre.key.public).body)
    assert ask.wanted == [Wanted("e1", [(1, 3)])]


def test_what_comes_after_all_is_taken(centre: Centre, terminal: FakeTerminal) -> None:
    events = frozen(terminal, 3)
    centre.take(terminal.frame(events[0], events[2], terminal.say(EventsLost("e1", [(2, 2)]))))
    (receipt,) = centre.take(terminal.frame(events[1]))
    assert receipt.accepted == [(2, 2)]
    assert looking.count(centre.store, "event") == 4


def test_tampering_is_an_alarm(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(terminal.say(TamperSeen("clock_set_back", "-3600 s"))))
    (alarm,) = looking.alarms_of(centre.store)
    assert (alarm.code, alarm.terminal) == ("terminal.clock_set_back", terminal.name)
    assert "-3600 s" in alarm.words.zh


@pytest.mark.parametrize("fact", [EventsLost, lambda epoch, spans: StoreRebuilt(epoch, "copied", 0, spans)])
def test_spans_that_run_backwards_are_refused(fact: type[EventsLost]) -> None:
    with pytest.raises(ValueError, match="4 to 2"):
        fact("e1", [(4, 2)])


@pytest.mark.req("T-71")
def test_a_fork_is_told_in_every_answer(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(*frozen(terminal, 2)))
    twin = FakeTerminal(key=terminal.key, seq=terminal.seq, prev=terminal.prev, hlc=terminal.hlc)
    centre.take(terminal.frame(terminal.say(scanned(code_of(8)))))
    other = twin.frame(twin.say(scanned(code_of(9))))
    for _ in range(2):
        (receipt,) = centre.take(other)
        assert (receipt.is_forked, receipt.accepted) == (True, [(3, 3)])
    (receipt,) = centre.take(terminal.frame(terminal.say(scanned(None))))
    assert not receipt.is_forked, "this number is the original's alone"
    assert looking.count(centre.store, "event") == 5, "both branches are kept"


@pytest.mark.req("T-70")
def test_what_one_box_said_is_lost_is_asked_twice_at_most_of_each_other_that_reports(
    centre: Centre, terminal: FakeTerminal
) -> None:
    """A restored centre; a replacement that adopted the newest rows spoke of the loss; the repaired box keeps all."""
    events = frozen(terminal, 20)
    replacement = FakeTerminal(key=terminal.key, epoch="e2")
    centre.take(
        terminal.frame(*events[:9], *events[14:]),
        replacement.frame(replacement.say(EventsLost("e1", [(10, 14)]))),
    )
    asking, kept = Asking(centre.store, centre.key), KeptEpoch("e1", 1, 20, terminal.prev)

    def wanted_of(session: str, minute: int) -> list[tuple[int, int]]:
        now = NOW + timedelta(minutes=minute)
        said = Health(1, terminal.name, session, now, 0, 0, None, [], [kept])
        question = question_after(asking, terminal.topics, said, now)
        if question is None:
            return []
        asking.note_asked(terminal.topics, now)
        ask = decode_ask(open_sealed(question.frame, question.topic, lambda _: centre.key.public).body)
        return [span for one in ask.wanted for span in one.spans]

    assert [(10, 14) in wanted_of("s1", minute) for minute in range(0, 12, 2)] == [True, False, True] + [False] * 3
    assert (10, 14) in wanted_of("s2", 12)
    # It has only one of them, and says so: nobody hears again of what was told.
    again = replacement.say(EventsLost("e1", [(10, 14)]))
    centre.take(terminal.frame(events[11]), replacement.frame(again))
    (alarm,) = looking.alarms_of(centre.store)
    assert (alarm.code, alarm.times) == ("chain.events_lost", 1)
    assert {(10, 11), (13, 14)} <= set(wanted_of("s3", 14))
    centre.take(terminal.frame(*events[9:14]))
    assert not {(10, 14), (10, 11), (13, 14)} & set(wanted_of("s4", 16))


def test_a_loss_that_is_told_before_the_last_number_below_it_came_stops_nothing(centre: Centre, store: Store) -> None:
    """What is live goes first: the next life tells of the loss while rows of the former one still wait."""
    terminal = FakeTerminal(epoch="e2").registered(store)
    before = FakeTerminal(key=terminal.key, epoch="e1")
    events = frozen(before, 12)
    centre.take(before.frame(*events[:5]))
    centre.take(terminal.frame(terminal.say(StoreRebuilt("e1", "damaged", 8, [(7, 10)]))))
    centre.take(before.frame(events[5]))
    centre.take(before.frame(*events[10:]))
    assert looking.stream(store).contiguous_to == 12


def test_a_life_that_is_stuck_below_a_loss_is_moved_on_and_followed(centre: Centre, terminal: FakeTerminal) -> None:
    events = frozen(terminal, 6)
    life = FakeTerminal(key=terminal.key, epoch="e2")
    centre.take(terminal.frame(*events[:5]))
    centre.take(life.frame(life.say(EventsLost("e1", [(7, 10)]))))
    centre.take(terminal.frame(events[5]))
    assert (6, 6) in [span for one in asked(centre, terminal, KeptEpoch("e1", 1, 10)) for span in one.spans]
    assert looking.stream(centre.store).contiguous_to == 10


def test_numbers_that_are_told_twice_in_one_breath_count_once(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(terminal.say(EventsLost("e0", [(1, 6), (4, 9), (2, 3), (20, 20)]))))
    (alarm,) = looking.alarms_of(centre.store)
    assert "10 events are lost (between numbers 1 and 20)" in alarm.words.en


def test_two_boxes_of_one_name_do_not_wait_for_each_other(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(*frozen(terminal, 5)[3:]))
    asking, answers = Asking(centre.store, centre.key), []
    for second, session in ((0, "s1"), (5, "s2"), (19, "s1"), (20, "s1"), (24, "s2"), (25, "s2")):
        said = Health(1, terminal.name, session, NOW, 0, 0, None, [], [KeptEpoch("e1", 1, 5)])
        answers.append(asking.question(terminal.topics, said, NOW + timedelta(seconds=second)))
    assert [answer is not None for answer in answers] == [True, True, False, True, False, True]


def test_of_what_was_told_to_be_lost_only_the_rest_is_told_again(centre: Centre, terminal: FakeTerminal) -> None:
    said = ([(1, 10)], [(5, 20)], [(1, 10), (5, 20)], [(1, 12)], [(1, 20)], [(19, 22)])
    found = []
    for spans in said:
        centre.take(terminal.frame(terminal.say(EventsLost("e0", spans))))
        (alarm,) = looking.alarms_of(centre.store)
        found.append((alarm.times, alarm.words.en.split(" will ")[0].removeprefix("The terminal says that ")))
    second = (2, "10 events are lost (between numbers 11 and 20) and")
    assert found[1:5] == [second] * 4
    assert found[5] == (3, "2 events are lost (between numbers 21 and 22) and")
